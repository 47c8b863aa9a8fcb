//! What comes of messages and timers: to a state machine, and to the user of the layer.

use super::TransactionId;
use crate::message::Message;
use crate::peer::Peer;

/// What a state machine wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send the response just handed in.
    Send,
    /// Send the last request or response again.
    SendAgain,
    /// Acknowledge the refusal.
    Acknowledge,
    /// Hand the message to the user.
    Pass,
    /// The message came before; nobody needs it.
    Absorbed,
    /// Nobody answered our request.
    TimedOut,
    /// Nobody acknowledged our refusal.
    Unacknowledged,
    /// The transaction is over.
    End,
}

/// What a request that came is to the layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival<O> {
    /// It came before, or ends a refusal: done with.
    Absorbed,
    /// It cancels this INVITE.
    Cancel { invite: TransactionId, owner: O },
    /// An ACK for a dialog to look at.
    Ack,
    /// The same request came by another way (482).
    Merged,
    /// A new request.
    New,
}

/// The most transactions are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} transactions are open, the most allowed")]
pub struct Full(pub(super) usize);

/// A request of ours that nobody answered.
#[derive(Debug)]
pub struct TimedOut<O> {
    pub id: TransactionId,
    pub owner: O,
    pub to: Peer,
    pub request: Option<Message>,
    /// What a response would have said: 408, or 503 where the connection closed (RFC 3261 8.1.3.1).
    pub code: u16,
}

/// What the layer counted since its start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub retransmitted: u64,
    pub absorbed: u64,
    pub timed_out: u64,
    pub unacknowledged: u64,
}
