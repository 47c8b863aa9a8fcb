//! The user agent: legs, what opens and ends them, and registrations of our own at other boxes.

pub mod acks;
pub mod call;
pub mod caller;
pub mod cause;
pub mod forks;
pub mod gate;
pub mod incoming;
pub mod info;
pub mod leg;
pub mod outgoing;
pub mod reception;
pub mod register;
pub mod session;
pub mod wire;
