//! The care for what a leg says, after it was recorded, measured and searched for keys.

use super::Leg;
use crate::care::Care;
use crate::coder::Coder;
use crate::resample::Weights;

impl Leg {
    /// Changes what is done for the leg's sound, and gives what was done with.
    pub fn take_care(&mut self, care: Option<Box<Care>>) -> Option<Box<Care>> {
        self.said.changed = false;
        std::mem::replace(&mut self.care, care)
    }

    /// Tells whether what the leg says is treated before others hear it.
    pub fn is_cared_for(&self) -> bool {
        self.care.as_ref().is_some_and(|care| care.is_on())
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
        let Some(care) = self.care.as_mut().filter(|care| care.is_on() && self.said.decoded) else {
            self.said.changed = false;
            return false;
        };
        let said = &mut self.said;
        said.changed = care.frame(weights, said.codec.rate(), &mut said.samples, said.key);
        !care.is_on()
    }

    /// Leaves the leg's sound alone from now on.
    pub fn leave_alone(&mut self) {
        if let Some(care) = &mut self.care {
            care.leave_alone();
        }
    }
}
