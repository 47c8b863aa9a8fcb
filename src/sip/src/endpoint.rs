//! The endpoint: one signalling socket's worth of SIP.

use crate::command::{Config, Input, Output};
use crate::counters::Counters;
use model::{Instant, PhoneId};

/// One signalling address with its transactions, dialogs, registrations and legs.
pub struct Endpoint {
    counters: Counters,
}

impl Endpoint {
    /// Starts with no leg and no registration.
    pub fn new(_now: Instant, _config: Config) -> Self {
        Self { counters: Counters::default() }
    }
    /// Takes a datagram or a command in.
    pub fn handle(&mut self, _now: Instant, _input: Input<'_>) {}
    /// Fires every timer that is due.
    pub fn tick(&mut self, _now: Instant) {}
    /// Gives the next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
    /// Says when `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        None
    }
    /// The phones that are registered now, with the number of their addresses.
    pub fn registrations(&self) -> impl Iterator<Item = (&PhoneId, usize)> {
        std::iter::empty()
    }
    /// What was counted since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
    /// Legs that are not wholly over.
    pub fn legs(&self) -> usize {
        0
    }
    /// Transactions that are not over, client and server.
    pub fn transactions(&self) -> usize {
        0
    }
    /// Dialogs that are not over.
    pub fn dialogs(&self) -> usize {
        0
    }
}
