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

use crate::command::{RoomNo, Slot};
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

    /// What of it is no whisper.
    fn aloud(self) -> Self {
        match self {
            Self::Nobody | Self::One(_) => Self::Nobody,
            Self::Everybody => Self::Everybody,
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

    /// Lets a leg go; tells by whom it was heard, if it was a guest.
    pub fn leave(&mut self, slot: Slot) -> Voice {
        let member = self.members.iter().find(|member| member.slot == slot);
        let voice = member.and_then(|member| member.guest).map_or(Voice::Nobody, |at| at.before);
        self.members.retain(|member| member.slot != slot);
        voice
    }

    /// Lets nobody whisper to a slot any more: it may be another's soon, who is not meant.
    pub fn forget(&mut self, slot: Slot) {
        for guest in self.members.iter_mut().filter_map(|member| member.guest.as_mut()) {
            for voice in [&mut guest.voice, &mut guest.before] {
                if *voice == Voice::One(slot) {
                    *voice = Voice::Nobody;
                }
            }
        }
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

    /// Tells whether the recording of one leg of the room is meant to hold another: what is
    /// whispered to an agent is in nobody's.
    pub fn records(&self, slot: Slot, other: Slot) -> bool {
        let other = self.members.iter().find(|member| member.slot == other);
        other.is_some_and(|other| other.guest.is_none_or(|guest| guest.voice.aloud().reaches(slot)))
    }

    /// Tells whether a leg is there as a full one.
    pub fn is_full_leg(&self, slot: Slot) -> bool {
        self.members.iter().any(|member| member.slot == slot && member.guest.is_none())
    }
}

/// Guests that fade out in one tick; a further one is cut off.
const LEAVING_MAX: usize = 8;

/// A guest that was heard until it left: what it said last, once more.
struct Leaving {
    room: RoomNo,
    rate: Rate,
    heard_by: Voice,
    said: Samples,
}

/// Where a room is summed; one room after the other.
pub struct Mixing {
    rate: Rate,
    /// What each leg of the room says.
    said: Box<[Samples; LEGS_PER_ROOM_MAX]>,
    sum: Box<[i32; SAMPLES_PER_FRAME_MAX]>,
    /// What one leg hears, before it is cut to 16 bit.
    heard: Box<[i32; SAMPLES_PER_FRAME_MAX]>,
    /// Guests that were heard until they left before this tick.
    leaving: Vec<Leaving, LEAVING_MAX>,
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
            leaving: Vec::new(),
            heard: Box::new([0; SAMPLES_PER_FRAME_MAX]),
            beep: Box::new([0; SAMPLES_PER_FRAME_MAX]),
            beeps: false,
        }
    }

    /// Starts the sum of a room whose legs have these rates: at the highest of the full ones'.
    pub fn begin(&mut self, room: &Room, rate_of: impl Fn(Slot) -> Option<Rate>) {
        self.rate = Self::rate_in(room, rate_of);
        self.sum[..self.rate.samples_per_frame()].fill(0);
    }

    /// The rate a room is summed at: the highest of the full legs', or of the guests' if there are
    /// none.
    pub fn rate_in(room: &Room, rate_of: impl Fn(Slot) -> Option<Rate>) -> Rate {
        let rates = |full: bool| {
            let legs = room.members.iter().filter(move |member| member.guest.is_none() == full);
            legs.filter_map(|member| rate_of(member.slot)).max()
        };
        rates(true).or_else(|| rates(false)).unwrap_or_default()
    }

    /// Where what a guest said last is put once more when it leaves, so that it fades out; nothing if
    /// nobody heard it.
    pub fn fade_out(&mut self, room: RoomNo, rate: Rate, heard_by: Voice) -> Option<&mut Samples> {
        if heard_by == Voice::Nobody {
            return None;
        }
        let said = [0; SAMPLES_PER_FRAME_MAX];
        self.leaving.push(Leaving { room, rate, heard_by, said }).ok()?;
        self.leaving.last_mut().map(|leaving| &mut leaving.said)
    }

    /// The tick is over: who left has faded out.
    pub fn end_tick(&mut self) {
        self.leaving.clear();
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

    /// Tells whether something is whispered to the leg at a place.
    pub fn is_whispered_to(&self, (no, room): (RoomNo, &Room), place: usize) -> bool {
        let Some(member) = room.members.get(place) else { return false };
        let whispers = |voice| voice == Voice::One(member.slot);
        let mut guests = room.members.iter().filter_map(|member| member.guest);
        guests.any(|guest| whispers(guest.before) || whispers(guest.voice))
            || self.leaving.iter().any(|left| left.room == no && whispers(left.heard_by))
    }

    /// What the leg at a place hears: all others it is to hear. Without whispers it is what its
    /// recording hears.
    pub fn hear(
        &mut self,
        (no, room): (RoomNo, &Room),
        place: usize,
        whispers: bool,
        others: &mut Samples,
    ) {
        let Some(member) = room.members.get(place) else { return };
        let meant = |voice: Voice| {
            let voice = if whispers { voice } else { voice.aloud() };
            voice.reaches(member.slot)
        };
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
            add_faded(heard, &said[..len], meant(guest.before), meant(guest.voice));
        }
        let left = self.leaving.iter().filter(|left| left.room == no && left.rate == self.rate);
        for left in left {
            add_faded(heard, &left.said[..len], meant(left.heard_by), false);
        }
        if self.beeps && member.guest.is_none() {
            add_faded(heard, &self.beep[..len], true, true);
        }
        for (other, &heard) in others.iter_mut().zip(heard.iter()) {
            *other = heard.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
    }

    /// The room's turn is over.
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
