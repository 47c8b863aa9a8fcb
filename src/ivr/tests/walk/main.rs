//! Callers walk through flows, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bounds;
mod caller;
mod clock;
mod collect;
mod menu;
mod message;
mod shipped;
mod silence;
