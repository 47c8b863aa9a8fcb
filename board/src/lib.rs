//! The hardware: what a line card is to the box, a simulator of one, and datagrams in batches.

mod card;
pub mod datagrams;
pub mod sim;

pub use card::{BLOCK, Card, CardError};
