//! Messages and calls of layer 3.

mod messages;
