//! The hardware: what a line card is to the box, a simulator of one, sound devices, datagrams in
//! batches, a modem.

pub mod alsa;
mod card;
pub mod dahdi;
pub mod datagrams;
pub mod modem;
pub mod sim;

pub use card::{BLOCK, Card, CardError};
