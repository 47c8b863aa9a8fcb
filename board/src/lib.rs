//! The hardware: what a line card is to the box, and a simulator of one.

mod card;
pub mod sim;

pub use card::{BLOCK, Card, CardError};
