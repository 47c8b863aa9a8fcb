#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fetching;
mod hostile;
mod multicast;
mod revoking;
pub mod world;
