//! The care for what a leg says, after it was recorded, measured and searched for keys.

use super::Leg;
use crate::care::Care;
use crate::coder::Coder;
use crate::resample::Weights;
use crate::said::Said;

impl Leg {
    /// Changes what is done for the leg's sound, and gives what was done with.
    pub fn take_care(&mut self, care: Option<Box<Care>>) -> Option<Box<Care>> {
        self.said.changed = false;
        let before = std::mem::replace(&mut self.care, care);
        if self.left_alone {
            self.leave_alone();
        }
        before
    }

    /// Tells whether what the leg says is treated before others hear it: where somebody does.
    pub fn is_cared_for(&self) -> bool {
        let heard = self.peer.is_some() || self.room.is_some();
        heard && self.care.as_ref().is_some_and(|care| care.is_on())
    }

    /// What the care for the leg takes of a tick, in microseconds, while somebody hears it.
    pub fn care_us(&self) -> u32 {
        self.care.as_ref().map_or(0, |care| care.cost_us())
    }

    /// Keeps what the leg said in this tick for its recording, where its bytes are not what is
    /// recorded: what comes after changes it.
    pub fn record(&mut self, weights: &Weights) {
        if let (Some(_), Coder::Opus(opus)) = (self.tap, &mut self.coder) {
            opus.record(weights, &self.said.samples);
        }
    }

    /// Treats what the leg said in this tick; true if a fax was heard for the first time.
    pub fn care(&mut self, weights: &Weights) -> bool {
        self.said.changed = false;
        let treated = self.is_cared_for() && self.said.decoded;
        let Some(care) = &mut self.care else { return false };
        if !treated {
            care.rest();
            return false;
        }
        let said = &mut self.said;
        said.changed = care.frame(weights, said.codec.rate(), &mut said.samples, said.key);
        !care.is_on()
    }

    /// Listens for a fax in what the other side of the talk said; true once one is heard.
    pub fn hear_far(&mut self, other: &Said) -> bool {
        let Some(care) = self.care.as_mut().filter(|care| care.is_on() && other.decoded) else {
            return false;
        };
        care.hear_far(other.codec.rate(), &other.samples)
    }

    /// Tells whether a fax was heard on the leg, or on one it was joined with.
    pub fn is_left_alone(&self) -> bool {
        self.left_alone
    }

    /// Leaves the leg's sound alone from now on.
    pub fn leave_alone(&mut self) {
        self.left_alone = true;
        if let Some(care) = &mut self.care {
            care.leave_alone();
        }
    }
}
