//! The engine: all legs of one media thread, moved on by one tick each 20 ms.
//!
//! ```text
//!   command, datagram, card_block --> legs
//!   tick:  every leg listens (jitter buffer, keys)  -->  rooms are summed
//!          -->  every leg speaks (play, peer, room)  -->  Sink
//!   poll_event <-- keys heard, plays ended, peers fallen silent
//! ```

mod carried;
mod keys;
mod known;
mod legs;
mod open;

pub use carried::Carried;

use crate::care::{Care, budget_us};
use crate::clip::Clip;
use crate::coder::Coder;
use crate::command::{Command, RoomNo, Slot};
use crate::hear::Filters;
use crate::leg::{Constants, Leg, Line, Others};
use crate::presses::Way;
use crate::resample::Weights;
use crate::room::{LEGS_PER_ROOM_MAX, Mixing, ROOMS_MAX, Room};
use crate::silence::Change;
use crate::sink::{Block, EngineCounters, Event, LegCounters, Sink};
use crate::srtp::Srtp;
use model::{Instant, SAMPLES_PER_FRAME_MAX};
use open::OpenSlots;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Events that may wait to be fetched; a further one is lost and counted.
pub const EVENTS_MAX: usize = 1024;

/// What may wait to be fetched, for each leg: the keys of both directions of two sessions, or of
/// one and two codecs.
const RETIRED_A_LEG: usize = 5;

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

/// What is done with, to be dropped away from the media thread.
#[derive(Debug)]
pub enum Retired {
    Keys(Box<Srtp>),
    Coder(Coder),
    Care(Box<Care>),
}

impl From<Box<Care>> for Retired {
    fn from(care: Box<Care>) -> Self {
        Self::Care(care)
    }
}

impl From<Box<Srtp>> for Retired {
    fn from(keys: Box<Srtp>) -> Self {
        Self::Keys(keys)
    }
}

impl From<Coder> for Retired {
    fn from(coder: Coder) -> Self {
        Self::Coder(coder)
    }
}

/// All legs of one media thread.
pub struct Engine {
    legs: Vec<Leg>,
    open: OpenSlots,
    rooms: Vec<Room>,
    clips: Arc<[Clip]>,
    mixing: Mixing,
    constants: Constants,
    events: VecDeque<Event>,
    retired: Vec<Retired>,
    seed: u64,
    silent: Duration,
    /// What of a tick the care for legs may take, in microseconds.
    care_us_max: u32,
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
            open: OpenSlots::new(legs_max),
            rooms: vec![Room::new(); ROOMS_MAX],
            clips: config.clips,
            mixing: Mixing::new(),
            constants: Constants { filters: Filters::new(), weights: Weights::new() },
            events: VecDeque::with_capacity(EVENTS_MAX),
            retired: Vec::with_capacity(retired_max),
            seed: config.seed,
            silent: Duration::from_millis(config.silent_ms),
            care_us_max: budget_us(legs_max),
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
        if self.leg(slot).is_some_and(|leg| leg.is_control(bytes)) {
            return self.rtcp(now, slot, from, bytes);
        }
        match self.leg(slot).map(|leg| leg.datagram(now, from, bytes)) {
            Some(Ok(Some(digit))) => self.pressed(now, slot, Way::Event, digit),
            Some(Ok(None)) => {}
            Some(Err(_)) | None => self.counters.input_refused += 1,
        }
    }

    /// Takes a datagram of reports that came to a leg's port for them.
    pub fn rtcp(&mut self, now: Instant, slot: Slot, from: SocketAddr, bytes: &[u8]) {
        if !matches!(self.leg(slot).map(|leg| leg.control(now, from, bytes)), Some(Ok(()))) {
            self.counters.input_refused += 1;
        }
    }

    /// Tells the peer of a leg that is about to be closed that nothing more will be sent.
    pub fn say_goodbye(&mut self, now: Instant, slot: Slot, sink: &mut impl Sink) {
        if let Some(leg) = self.leg(slot) {
            leg.say_goodbye(now, slot, sink);
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
        let mut next = 0;
        while let Some(n) = self.open.from(next) {
            next = n + 1;
            let samples = self.needs_samples(n);
            let recorded = self.is_recorded(n);
            if let Some(digit) = self.legs[n].listen(now, &self.constants, samples, recorded) {
                self.pressed(now, Slot(n as u16), Way::Sound, digit);
            }
            match self.legs[n].silence(now, self.silent) {
                Some(Change::Silent { ms }) => {
                    self.tell(Event::Silent { slot: Slot(n as u16), ms })
                }
                Some(Change::Quiet) => self.tell(Event::Quiet { slot: Slot(n as u16) }),
                Some(Change::Heard) => self.tell(Event::Heard { slot: Slot(n as u16) }),
                None => {}
            }
            if let Some(srtp) = self.legs[n].retire_keys(now) {
                self.retire(srtp);
            }
            self.legs[n].report(now, Slot(n as u16), sink);
            self.legs[n].look(self.counters.ticks + n as u64);
            self.legs[n].record(&self.constants.weights);
            self.care(n);
        }
        self.know(now);
        for n in 0..self.rooms.len() {
            if self.rooms[n].legs().len() > 0 {
                self.speak_in_room(now, n, sink);
            }
        }
        self.mixing.end_tick();
        let mut next = 0;
        while let Some(n) = self.open.from(next) {
            next = n + 1;
            if self.legs[n].room.is_none() {
                self.speak(now, n, sink);
            }
        }
    }

    /// Tells whether what a leg says must be decoded for others.
    fn needs_samples(&self, n: usize) -> bool {
        let leg = &self.legs[n];
        let peer = leg.peer.and_then(|peer| self.legs.get(usize::from(peer.0)));
        leg.is_cared_for()
            || leg.room.is_some()
            || peer.is_some_and(|p| p.is_cared_for() || !p.takes_bytes(Slot(n as u16), leg.codec()))
    }

    /// Tells whether what a leg says is in a recording, its own or another's.
    fn is_recorded(&self, n: usize) -> bool {
        let leg = &self.legs[n];
        let peer = leg.peer.and_then(|peer| self.legs.get(usize::from(peer.0)));
        leg.tap.is_some() || leg.room.is_some() || peer.is_some_and(|peer| peer.tap.is_some())
    }

    /// Treats what a leg said; a fax on one side of a talk is left alone on both.
    fn care(&mut self, n: usize) {
        let fax = self.legs[n].care(&self.constants.weights);
        let peer = self.legs[n].peer.map(|peer| usize::from(peer.0)).filter(|peer| *peer != n);
        let Some(Ok([leg, peer])) = peer.map(|peer| self.legs.get_disjoint_mut([n, peer])) else {
            return if fax {
                self.legs[n].leave_alone()
            };
        };
        // One that is cared for hears of itself.
        if fax || !peer.is_cared_for() && leg.hear_far(&peer.said) {
            leg.leave_alone();
            peer.leave_alone();
        }
    }

    /// Lets a leg hear what is played to it, or its peer.
    fn speak(&mut self, now: Instant, n: usize, sink: &mut impl Sink) {
        let (slot, weights, clips) = (Slot(n as u16), &self.constants.weights, &self.clips);
        let both = self.legs[n].peer.and_then(|peer| {
            let both = self.legs.get_disjoint_mut([n, usize::from(peer.0)]);
            both.ok().map(|[leg, other]| (leg, Others::Peer(peer, &other.said)))
        });
        let played = match both {
            Some((leg, peer)) => leg.speak(now, slot, peer, clips, weights, sink),
            None => self.legs[n].speak(now, slot, Others::Nobody, clips, weights, sink),
        };
        if let Some(play) = played {
            self.tell(Event::Played { slot, play });
        }
    }

    /// Lets the legs of a room hear each other, at the highest rate there is among them.
    fn speak_in_room(&mut self, now: Instant, room: usize, sink: &mut impl Sink) {
        let Self { rooms, legs, mixing, constants, clips, .. } = self;
        let no = RoomNo(room as u16);
        let Some(place) = rooms.get_mut(room) else { return };
        let rate_of = |slot: Slot| Some(legs.get(usize::from(slot.0))?.codec().rate());
        mixing.begin(place, rate_of);
        let rate = mixing.rate();
        // Legs in whose sound a key's tone is.
        let mut keys = heapless::Vec::<Slot, LEGS_PER_ROOM_MAX>::new();
        for (k, slot) in place.legs().enumerate() {
            let Some(leg) = legs.get_mut(usize::from(slot.0)) else { continue };
            if leg.said.key {
                // No more legs than fit.
                let _ = keys.push(slot);
            }
            if let Some(samples) = mixing.place(place, k) {
                leg.said_at(&constants.weights, rate, samples);
                mixing.add(place, k);
            }
        }
        mixing.said(place);
        let (mut others, mut aloud) = ([0; SAMPLES_PER_FRAME_MAX], [0; SAMPLES_PER_FRAME_MAX]);
        let mut played = heapless::Vec::<_, LEGS_PER_ROOM_MAX>::new();
        for (k, slot) in place.legs().enumerate() {
            mixing.hear((no, place), k, true, &mut others);
            let Some(leg) = legs.get_mut(usize::from(slot.0)) else { continue };
            let whispered = leg.tap.is_some() && mixing.is_whispered_to((no, place), k);
            if whispered {
                mixing.hear((no, place), k, false, &mut aloud);
            }
            let key = keys.iter().any(|other| *other != slot && place.records(slot, *other));
            let recorded = whispered.then_some(&aloud);
            let heard = Others::Room { rate, heard: &others, recorded, key };
            if let Some(play) = leg.speak(now, slot, heard, clips, &constants.weights, sink) {
                // No more legs than fit.
                let _ = played.push(Event::Played { slot, play });
            }
        }
        Mixing::end(place);
        played.into_iter().for_each(|event| self.tell(event));
    }

    /// Gives the oldest event that was not fetched yet.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Gives keys and codecs that are done with, to be dropped away from the media thread.
    pub fn poll_retired(&mut self) -> Option<Retired> {
        self.retired.pop()
    }

    /// The one address that sound in clear comes from and goes to until the leg's next description;
    /// nothing while another may still be learned. Who asks may have all others dropped.
    pub fn settled(&self, slot: Slot) -> Option<SocketAddr> {
        match &self.legs.get(usize::from(slot.0))?.line {
            Line::Rtp { receiver, sender, secured: None, .. } => {
                receiver.settled().filter(|at| *at == sender.remote)
            }
            _ => None,
        }
    }

    /// What happened on an open leg.
    pub fn counters(&self, slot: Slot) -> Option<LegCounters> {
        self.legs.get(usize::from(slot.0)).filter(|leg| leg.is_open()).map(Leg::counters)
    }

    /// What happened on all legs there are and were.
    pub fn totals(&self) -> LegCounters {
        let mut totals = self.closed;
        let mut next = 0;
        while let Some(n) = self.open.from(next) {
            next = n + 1;
            totals.add(&self.legs[n].counters());
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
