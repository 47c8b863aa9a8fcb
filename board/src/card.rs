//! What the box asks of a line card, simulated or real.

use model::port::{PortEvent, PortOrder};
use model::{Instant, Law};

/// Bytes of a block: 20 ms at 8 kHz, what DAHDI is set to by SET_BLOCKSIZE.
pub const BLOCK: usize = 160;

/// A card with its ports, as Linux' DAHDI drives one: blocks of law bytes each 20 ms both ways,
/// events, hook and gain. Ports count from 0.
///
/// One media thread owns a card. `tick`, `read`, `write` and `event` are called each 20 ms and
/// neither block nor allocate.
pub trait Card: Send {
    /// How many ports it has.
    fn ports(&self) -> usize;
    /// The law its blocks are written in.
    fn law(&self) -> Law;
    /// A tick begins. Hardware has a clock of its own and does nothing; the simulator goes on 20 ms.
    fn tick(&mut self, now: Instant);
    /// The next event that waits, with its port.
    fn event(&mut self) -> Option<(usize, PortEvent)>;
    /// The next block of what the line says; false where there is none yet. A card has a clock of its
    /// own: now and then a tick has none, or two.
    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError>;
    /// What the box says to the line in this tick.
    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError>;
    /// Changes hook or gain, or dials.
    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError>;
}

/// Why a card did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    #[error("the card has no port {0}")]
    NoPort(usize),
    /// EBUSY: the port is doing something else; try again in a tick.
    #[error("port {0} is busy")]
    Busy(usize),
    /// The card or its driver is gone.
    #[error("the card does not answer")]
    Gone,
}
