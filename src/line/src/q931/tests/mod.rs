//! Messages and calls of layer 3.

mod calls;
mod messages;
mod wire;
