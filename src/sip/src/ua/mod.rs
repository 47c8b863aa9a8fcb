//! The user agent: legs, what opens and ends them, and registrations of our own at other boxes.

pub mod acks;
pub mod arrival;
pub mod call;
pub mod caller;
pub mod cause;
pub mod certificate;
pub mod early;
pub mod forks;
pub mod gate;
pub mod incoming;
pub mod info;
pub mod invitation;
pub mod leg;
pub mod legs;
pub mod outgoing;
pub mod party;
mod proof;
pub mod reason;
pub mod reception;
pub mod refer;
pub mod refresh;
pub mod register;
pub mod reliable;
pub mod session;
pub mod spare;
pub mod transfer;
pub mod wire;
