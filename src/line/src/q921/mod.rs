//! Layer 2 of a primary rate line: the data link between the box and the exchange (ITU-T Q.921),
//! point to point, SAPI 0 and TEI 0.

mod frame;
mod link;
mod queue;
mod receive;
#[cfg(test)]
mod tests;

pub use frame::{Bad, FRAME_BYTES_MAX, Frame, Kind, MODULUS, N201, Side};
pub use link::{Counters, Input, Link, Output};
pub use queue::QUEUE_MAX;
