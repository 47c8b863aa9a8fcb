//! Callers walk through flows, in virtual time.

mod bounds;
mod caller;
mod clock;
mod collect;
mod menu;
mod message;
mod silence;
