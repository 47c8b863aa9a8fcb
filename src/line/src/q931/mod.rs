//! Layer 3 of a primary rate line: calls, as EuroISDN has them (ITU-T Q.931, ETS 300 102-1).

mod channel;
mod element;
mod message;
mod number;
#[cfg(test)]
mod tests;

pub use channel::{CHANNELS, ChannelId, D_CHANNEL, Which};
pub use element::{Bearer, Element, IN_BAND, Location};
pub use message::{CallRef, Kind, Message, MessageError};
pub use number::{PartyNumber, Plan, Presentation, TypeOfNumber};
