//! A room: legs that hear each other, each without itself (mix-minus).
//!
//! ```text
//!   said of every leg --> sum (32 bit) --less its own--> saturated to 16 bit --> heard by the leg
//! ```

use crate::command::Slot;
use heapless::Vec;
use model::{Frame, SAMPLES_PER_FRAME};

/// Rooms of one engine; `Mix` into a further one is refused and counted.
pub const ROOMS_MAX: usize = 64;
/// Legs of one room; a further one is refused and counted.
pub const LEGS_PER_ROOM_MAX: usize = 32;

/// One room.
#[derive(Clone, Debug)]
pub struct Room {
    legs: Vec<Slot, LEGS_PER_ROOM_MAX>,
    sum: [i32; SAMPLES_PER_FRAME],
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Room {
    /// Makes an empty room.
    pub const fn new() -> Self {
        Self { legs: Vec::new(), sum: [0; SAMPLES_PER_FRAME] }
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

    /// Starts a tick's sum.
    pub fn begin(&mut self) {
        self.sum = [0; SAMPLES_PER_FRAME];
    }

    /// Adds what a leg of the room says. 32 of the loudest samples need 21 bits.
    pub fn add(&mut self, said: &Frame) {
        for (sum, &sample) in self.sum.iter_mut().zip(said) {
            *sum += i32::from(sample);
        }
    }

    /// What a leg of the room hears: all others.
    pub fn without(&self, own: &Frame) -> Frame {
        let mut others = [0; SAMPLES_PER_FRAME];
        for ((other, &sum), &own) in others.iter_mut().zip(&self.sum).zip(own) {
            let rest = (sum - i32::from(own)).clamp(i16::MIN.into(), i16::MAX.into());
            *other = rest as i16;
        }
        others
    }
}
