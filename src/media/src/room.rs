//! A room: legs that hear each other, each without itself (mix-minus), and guests beside them.
//!
//! ```text
//!   said of every full leg, at the highest rate of any
//!       --> sum (32 bit) --less its own--> plus guests it hears, plus beeps --> 16 bit --> heard by the leg
//! ```
//!
//! A guest hears all full legs and is itself heard by nobody, by one leg or by all: the supervisor
//! who listens, whispers or barges in. Whoever begins or ceases to hear a guest does so over one
//! tick, so that nothing clicks. A guest never changes the rate of the others.

mod beep;

pub use beep::{BEEP_HZ, BEEP_LEVEL, BEEP_MS, BEEP_PERIOD_MS};

use crate::command::Slot;
use crate::resample::Samples;
use beep::Beep;
use heapless::Vec;
use model::{Rate, SAMPLES_PER_FRAME_MAX};

/// Rooms of one engine; `Mix` into a further one is refused and counted. A listener on each tenth
/// call of 5,000 has one.
pub const ROOMS_MAX: usize = 512;
/// Legs of one room; a further one is refused and counted.
pub const LEGS_PER_ROOM_MAX: usize = 32;

/// By whom a guest of a room is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Listens only.
    Nobody,
    /// Whispers to one leg of the room.
    One(Slot),
    Everybody,
}

impl Voice {
    fn reaches(self, slot: Slot) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(to) => to == slot,
            Self::Everybody => true,
        }
    }
}

/// How a guest is in a room: by whom it is heard now and was heard in the tick before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Guest {
    voice: Voice,
    before: Voice,
    /// The full legs are beeped at as long as it is there.
    beeps: bool,
}

/// A leg in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    slot: Slot,
    /// Nothing for a full leg.
    guest: Option<Guest>,
}

/// One room.
#[derive(Clone, Debug)]
pub struct Room {
    members: Vec<Member, LEGS_PER_ROOM_MAX>,
    beep: Beep,
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Room {
    /// Makes an empty room.
    pub const fn new() -> Self {
        Self { members: Vec::new(), beep: Beep::new() }
    }

    /// Tells whether a leg is or could be in the room.
    pub fn has_place(&self, slot: Slot) -> bool {
        self.contains(slot) || !self.members.is_full()
    }

    /// Tells whether a leg is in the room.
    pub fn contains(&self, slot: Slot) -> bool {
        self.legs().any(|leg| leg == slot)
    }

    /// Takes a leg in as a full one, if there is a place.
    pub fn join(&mut self, slot: Slot) {
        self.enter(slot, None);
    }

    /// Takes a leg in as a guest, or changes by whom one is heard.
    pub fn join_as_guest(&mut self, slot: Slot, voice: Voice, beeps: bool) {
        let member = self.members.iter().find(|member| member.slot == slot);
        let before = match member {
            Some(Member { guest: Some(guest), .. }) => guest.before,
            Some(Member { guest: None, .. }) => Voice::Everybody,
            None => Voice::Nobody,
        };
        self.enter(slot, Some(Guest { voice, before, beeps }));
    }

    fn enter(&mut self, slot: Slot, guest: Option<Guest>) {
        if !self.members.iter().any(|member| member.guest.is_some_and(|guest| guest.beeps)) {
            self.beep = Beep::new();
        }
        match self.members.iter_mut().find(|member| member.slot == slot) {
            Some(member) => member.guest = guest,
            // The caller asked for a place before.
            None => drop(self.members.push(Member { slot, guest })),
        }
    }

    /// Lets a leg go.
    pub fn leave(&mut self, slot: Slot) {
        self.members.retain(|member| member.slot != slot);
    }

    /// Who is in the room.
    pub fn legs(&self) -> impl ExactSizeIterator<Item = Slot> {
        self.members.iter().map(|member| member.slot)
    }

    /// Tells whether one leg of the room is meant to hear another.
    pub fn hears(&self, slot: Slot, other: Slot) -> bool {
        let other = self.members.iter().find(|member| member.slot == other);
        other.is_some_and(|other| other.guest.is_none_or(|guest| guest.voice.reaches(slot)))
    }

    /// Tells whether a leg is there as a full one.
    pub fn is_full_leg(&self, slot: Slot) -> bool {
        self.members.iter().any(|member| member.slot == slot && member.guest.is_none())
    }
}

/// Where a room is summed; one room after the other.
pub struct Mixing {
    rate: Rate,
    /// What each leg of the room says.
    said: Box<[Samples; LEGS_PER_ROOM_MAX]>,
    sum: Box<[i32; SAMPLES_PER_FRAME_MAX]>,
    /// What one leg hears, before it is cut to 16 bit.
    heard: Box<[i32; SAMPLES_PER_FRAME_MAX]>,
    /// What full legs are beeped at with in this tick.
    beep: Box<Samples>,
    beeps: bool,
}

impl Default for Mixing {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixing {
    /// Reserves the place.
    pub fn new() -> Self {
        Self {
            rate: Rate::Narrow,
            said: Box::new([[0; SAMPLES_PER_FRAME_MAX]; LEGS_PER_ROOM_MAX]),
            sum: Box::new([0; SAMPLES_PER_FRAME_MAX]),
            heard: Box::new([0; SAMPLES_PER_FRAME_MAX]),
            beep: Box::new([0; SAMPLES_PER_FRAME_MAX]),
            beeps: false,
        }
    }

    /// Starts the sum of a room whose legs have these rates: at the highest of the full ones'.
    pub fn begin(&mut self, room: &Room, rate_of: impl Fn(Slot) -> Option<Rate>) {
        let rates = |full: bool| {
            let legs = room.members.iter().filter(move |member| member.guest.is_none() == full);
            legs.filter_map(|member| rate_of(member.slot)).max()
        };
        self.rate = rates(true).or_else(|| rates(false)).unwrap_or_default();
        self.sum[..self.rate.samples_per_frame()].fill(0);
    }

    /// The rate of the sum.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Where what the leg at a place of the room says is put, unless nobody hears it.
    pub fn place(&mut self, room: &Room, place: usize) -> Option<&mut Samples> {
        let silent = |guest: Guest| guest.voice == Voice::Nobody && guest.before == Voice::Nobody;
        let member = room.members.get(place)?;
        self.said.get_mut(place).filter(|_| !member.guest.is_some_and(silent))
    }

    /// Adds what was put at a place, if all hear it. 32 of the loudest samples need 21 bits.
    pub fn add(&mut self, room: &Room, place: usize) {
        if room.members.get(place).is_none_or(|member| member.guest.is_some()) {
            return;
        }
        let sum = &mut self.sum[..self.rate.samples_per_frame()];
        for (sum, &sample) in sum.iter_mut().zip(&self.said[place]) {
            *sum += i32::from(sample);
        }
    }

    /// All is said: what comes is heard.
    pub fn said(&mut self, room: &mut Room) {
        let guests = room.members.iter().filter_map(|member| member.guest);
        let beeped = guests.into_iter().any(|guest| guest.beeps);
        let len = self.rate.samples_per_frame();
        self.beeps = beeped && room.beep.tick(self.rate, &mut self.beep[..len]);
    }

    /// What the leg at a place hears: all others it is to hear.
    pub fn hear(&mut self, room: &Room, place: usize, others: &mut Samples) {
        let Some(member) = room.members.get(place) else { return };
        let len = self.rate.samples_per_frame();
        let heard = &mut self.heard[..len];
        heard.copy_from_slice(&self.sum[..len]);
        if member.guest.is_none() {
            for (heard, &own) in heard.iter_mut().zip(&self.said[place]) {
                *heard -= i32::from(own);
            }
        }
        for (other, said) in room.members.iter().zip(self.said.iter()) {
            let Some(guest) = other.guest.filter(|_| other.slot != member.slot) else { continue };
            let (was, is) = (guest.before.reaches(member.slot), guest.voice.reaches(member.slot));
            add_faded(heard, &said[..len], was, is);
        }
        if self.beeps && member.guest.is_none() {
            add_faded(heard, &self.beep[..len], true, true);
        }
        for (other, &heard) in others.iter_mut().zip(heard.iter()) {
            *other = heard.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
    }

    /// The tick is over.
    pub fn end(room: &mut Room) {
        for guest in room.members.iter_mut().filter_map(|member| member.guest.as_mut()) {
            guest.before = guest.voice;
        }
    }
}

/// Adds a frame that was heard before or was not, and now is or is not.
fn add_faded(heard: &mut [i32], said: &[i16], was: bool, is: bool) {
    let len = heard.len().max(1) as i32;
    for (n, (heard, &said)) in heard.iter_mut().zip(said).enumerate() {
        let part = match (was, is) {
            (false, false) => return,
            (true, true) => len,
            (false, true) => n as i32,
            (true, false) => len - n as i32,
        };
        *heard += i32::from(said) * part / len;
    }
}
