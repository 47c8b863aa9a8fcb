//! The engine: all legs of one media thread, moved on by one tick each 20 ms.

use crate::clip::Clip;
use crate::command::{Command, Slot};
use crate::sink::{Block, EngineCounters, Event, LegCounters, Sink};
use model::Instant;
use std::net::SocketAddr;
use std::sync::Arc;

/// What an engine is made of.
#[derive(Clone)]
pub struct Config {
    /// Legs memory is reserved for; a command for a slot beyond them is refused and counted.
    pub legs_max: usize,
    pub clips: Arc<[Clip]>,
    /// Start of sequence numbers and time stamps.
    pub seed: u64,
}

/// All legs of one media thread.
pub struct Engine {
    clips: Arc<[Clip]>,
    counters: EngineCounters,
}

impl Engine {
    /// Reserves the memory for all legs; nothing below allocates.
    pub fn new(config: Config) -> Self {
        Self { clips: config.clips, counters: EngineCounters::default() }
    }
    /// Puts other clips in place and hands the old ones back, to be dropped off the media thread.
    pub fn replace_clips(&mut self, clips: Arc<[Clip]>) -> Arc<[Clip]> {
        std::mem::replace(&mut self.clips, clips)
    }
    /// Carries a command out.
    pub fn command(&mut self, _now: Instant, _command: Command) {}
    /// Takes a datagram that came to a leg's RTP port.
    pub fn datagram(&mut self, _now: Instant, _slot: Slot, _from: SocketAddr, _bytes: &[u8]) {}
    /// Takes what a card port says for 20 ms.
    pub fn card_block(&mut self, _slot: Slot, _block: &Block) {}
    /// Moves every leg on by 20 ms.
    pub fn tick(&mut self, _now: Instant, _sink: &mut impl Sink) {
        self.counters.ticks += 1;
    }
    /// Gives the oldest event that was not fetched yet.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }
    /// What happened on an open leg.
    pub fn counters(&self, _slot: Slot) -> Option<LegCounters> {
        None
    }
    /// What happened in all.
    pub fn engine_counters(&self) -> EngineCounters {
        self.counters
    }
}
