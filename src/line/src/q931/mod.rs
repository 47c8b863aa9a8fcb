//! Layer 3 of a primary rate line: calls, as EuroISDN has them (ITU-T Q.931, ETS 300 102-1).

mod call;
mod channel;
mod channels;
mod clear;
mod element;
mod facility;
mod message;
mod number;
mod received;
mod restart;
mod setup;
mod span;
#[cfg(test)]
mod tests;

pub use call::CallNo;
pub use channel::{CHANNELS, ChannelId, D_CHANNEL, Which};
pub use channels::{From, NoChannel};
pub use element::{Bearer, Element, IN_BAND, Location};
pub use message::{CallRef, Kind, Message, MessageError};
pub use number::{PartyNumber, Plan, Presentation, TypeOfNumber};
pub use setup::Dialled;
pub use span::{CALLS_MAX, Config, Counters, Output, Span, T309};
