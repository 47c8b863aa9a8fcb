//! The engine: all legs of one media thread, moved on by one tick each 20 ms.
//!
//! ```text
//!   command, datagram, card_block --> legs
//!   tick:  every leg listens (jitter buffer, keys)  -->  rooms are summed
//!          -->  every leg speaks (play, peer, room)  -->  Sink
//!   poll_event <-- keys heard, plays ended, peers fallen silent
//! ```

mod legs;

use crate::clip::Clip;
use crate::command::{Command, Slot};
use crate::hear::Filters;
use crate::leg::{Leg, Others};
use crate::room::{ROOMS_MAX, Room};
use crate::silence::Change;
use crate::sink::{Block, EngineCounters, Event, LegCounters, Sink};
use crate::srtp::Srtp;
use model::Instant;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Events that may wait to be fetched; a further one is lost and counted.
pub const EVENTS_MAX: usize = 1024;

/// Keys that may wait to be fetched, for each leg: those of both directions of two sessions.
const RETIRED_A_LEG: usize = 4;

/// What an engine is made of.
#[derive(Clone)]
pub struct Config {
    /// Legs memory is reserved for; a command for a slot beyond them is refused and counted.
    pub legs_max: usize,
    pub clips: Arc<[Clip]>,
    /// Where sequence numbers and time stamps start.
    pub seed: u64,
    /// How long nothing comes of a peer until `Event::Silent` tells so; see `silence::SILENT_MS`.
    pub silent_ms: u64,
}

/// All legs of one media thread.
pub struct Engine {
    legs: Vec<Leg>,
    rooms: Vec<Room>,
    clips: Arc<[Clip]>,
    filters: Filters,
    events: VecDeque<Event>,
    /// Keys that are done with, to be freed away from the media thread.
    retired: Vec<Box<Srtp>>,
    seed: u64,
    silent: Duration,
    ticked: Instant,
    /// What happened on legs that are closed.
    closed: LegCounters,
    counters: EngineCounters,
}

impl Engine {
    /// Reserves the memory for all legs; nothing below allocates.
    pub fn new(config: Config) -> Self {
        let legs_max = config.legs_max.min(usize::from(u16::MAX));
        let retired_max = legs_max.saturating_mul(RETIRED_A_LEG);
        Self {
            legs: (0..legs_max).map(|_| Leg::closed()).collect(),
            rooms: vec![Room::new(); ROOMS_MAX],
            clips: config.clips,
            filters: Filters::new(),
            events: VecDeque::with_capacity(EVENTS_MAX),
            retired: Vec::with_capacity(retired_max),
            seed: config.seed,
            silent: Duration::from_millis(config.silent_ms),
            ticked: Instant::START,
            closed: LegCounters::default(),
            counters: EngineCounters::default(),
        }
    }

    /// Puts other clips in place and hands the old ones back, to be dropped off the media thread.
    /// Plays that go on take their clips from the new ones by the same numbers.
    pub fn replace_clips(&mut self, clips: Arc<[Clip]>) -> Arc<[Clip]> {
        std::mem::replace(&mut self.clips, clips)
    }

    /// Carries a command out.
    pub fn command(&mut self, now: Instant, command: Command) {
        if self.carry_out(now, command).is_none() {
            self.counters.commands_refused += 1;
        }
    }

    /// Takes a datagram that came to a leg's RTP port.
    pub fn datagram(&mut self, now: Instant, slot: Slot, from: SocketAddr, bytes: &[u8]) {
        match self.leg(slot).map(|leg| leg.datagram(now, from, bytes)) {
            Some(Ok(Some(digit))) => self.tell(Event::Digit { slot, digit }),
            Some(Ok(None)) => {}
            Some(Err(_)) | None => self.counters.input_refused += 1,
        }
    }

    /// Takes what a card port says for 20 ms; before the tick that shall play it.
    pub fn card_block(&mut self, slot: Slot, block: &Block) {
        if !matches!(self.leg(slot).map(|leg| leg.block(block)), Some(Ok(()))) {
            self.counters.input_refused += 1;
        }
    }

    /// Moves every leg on by 20 ms.
    pub fn tick(&mut self, now: Instant, sink: &mut impl Sink) {
        self.counters.ticks += 1;
        self.ticked = now;
        for n in 0..self.legs.len() {
            if let Some(digit) = self.legs[n].listen(now, &self.filters) {
                self.tell(Event::Digit { slot: Slot(n as u16), digit });
            }
            match self.legs[n].silence(now, self.silent) {
                Some(Change::Silent { ms }) => {
                    self.tell(Event::Silent { slot: Slot(n as u16), ms })
                }
                Some(Change::Heard) => self.tell(Event::Heard { slot: Slot(n as u16) }),
                None => {}
            }
            if let Some(srtp) = self.legs[n].retire_keys(now) {
                self.retire(srtp);
            }
        }
        for room in self.rooms.iter_mut().filter(|room| !room.legs().is_empty()) {
            room.begin();
            for n in 0..room.legs().len() {
                let Some(leg) = self.legs.get(usize::from(room.legs()[n].0)) else { continue };
                room.add(&leg.said.samples);
            }
        }
        for n in 0..self.legs.len() {
            if !self.legs[n].is_open() {
                continue;
            }
            let leg = &self.legs[n];
            let room = leg.room.and_then(|room| self.rooms.get(usize::from(room.0)));
            let peer = leg.peer.and_then(|peer| self.legs.get(usize::from(peer.0)));
            let said = peer.map(|peer| (peer.law, peer.said));
            let others = match (&said, room) {
                (Some((law, said)), _) => Others::Peer(*law, said),
                (None, Some(room)) => Others::Room(room.without(&leg.said.samples)),
                (None, None) => Others::Nobody,
            };
            let slot = Slot(n as u16);
            if let Some(play) = self.legs[n].speak(slot, others, &self.clips, sink) {
                self.tell(Event::Played { slot, play });
            }
        }
    }

    /// Gives the oldest event that was not fetched yet.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Gives keys that are done with, to be dropped away from the media thread.
    pub fn poll_retired(&mut self) -> Option<Box<Srtp>> {
        self.retired.pop()
    }

    /// What happened on an open leg.
    pub fn counters(&self, slot: Slot) -> Option<LegCounters> {
        self.legs.get(usize::from(slot.0)).filter(|leg| leg.is_open()).map(Leg::counters)
    }

    /// What happened on all legs there are and were.
    pub fn totals(&self) -> LegCounters {
        let mut totals = self.closed;
        for leg in self.legs.iter().filter(|leg| leg.is_open()) {
            totals.add(&leg.counters());
        }
        totals
    }

    /// What happened in all.
    pub fn engine_counters(&self) -> EngineCounters {
        self.counters
    }

    fn leg(&mut self, slot: Slot) -> Option<&mut Leg> {
        self.legs.get_mut(usize::from(slot.0)).filter(|leg| leg.is_open())
    }

    /// The next start of sequence numbers and time stamps (splitmix64).
    fn next_start(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() < EVENTS_MAX {
            self.events.push_back(event);
        } else {
            self.counters.events_lost += 1;
        }
    }
}
