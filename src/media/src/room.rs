//! A room: legs that hear each other, each without itself (mix-minus).
//!
//! ```text
//!   said of every leg, at the highest rate of any --> sum (32 bit) --less its own--> saturated to 16 bit --> heard by the leg
//! ```

use crate::command::Slot;
use crate::resample::Samples;
use heapless::Vec;
use model::{Rate, SAMPLES_PER_FRAME_MAX};

/// Rooms of one engine; `Mix` into a further one is refused and counted.
pub const ROOMS_MAX: usize = 64;
/// Legs of one room; a further one is refused and counted.
pub const LEGS_PER_ROOM_MAX: usize = 32;

/// One room.
#[derive(Clone, Debug)]
pub struct Room {
    legs: Vec<Slot, LEGS_PER_ROOM_MAX>,
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Room {
    /// Makes an empty room.
    pub const fn new() -> Self {
        Self { legs: Vec::new() }
    }

    /// Tells whether a leg is or could be in the room.
    pub fn has_place(&self, slot: Slot) -> bool {
        self.legs.contains(&slot) || !self.legs.is_full()
    }

    /// Takes a leg in, if there is a place.
    pub fn join(&mut self, slot: Slot) {
        if !self.legs.contains(&slot) {
            // The caller asked for a place before.
            let _ = self.legs.push(slot);
        }
    }

    /// Lets a leg go.
    pub fn leave(&mut self, slot: Slot) {
        self.legs.retain(|leg| *leg != slot);
    }

    /// Who is in the room.
    pub fn legs(&self) -> &[Slot] {
        &self.legs
    }
}

/// Where a room is summed; one room after the other.
pub struct Mixing {
    rate: Rate,
    /// What each leg of the room says.
    said: Box<[Samples; LEGS_PER_ROOM_MAX]>,
    sum: Box<[i32; SAMPLES_PER_FRAME_MAX]>,
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
        }
    }

    /// Starts the sum of a room.
    pub fn begin(&mut self, rate: Rate) {
        self.rate = rate;
        self.sum[..rate.samples_per_frame()].fill(0);
    }

    /// The rate of the sum.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Where what the leg at a place of the room says is put.
    pub fn place(&mut self, place: usize) -> &mut Samples {
        &mut self.said[place]
    }

    /// Adds what was put at a place. 32 of the loudest samples need 21 bits.
    pub fn add(&mut self, place: usize) {
        let sum = &mut self.sum[..self.rate.samples_per_frame()];
        for (sum, &sample) in sum.iter_mut().zip(&self.said[place]) {
            *sum += i32::from(sample);
        }
    }

    /// What the leg at a place hears: all others.
    pub fn without(&self, place: usize, others: &mut Samples) {
        let sum = &self.sum[..self.rate.samples_per_frame()];
        for ((other, &sum), &own) in others.iter_mut().zip(sum).zip(&self.said[place]) {
            let rest = (sum - i32::from(own)).clamp(i16::MIN.into(), i16::MAX.into());
            *other = rest as i16;
        }
    }
}
