//! Registrations that are being taken back though their trunk is gone or another: kept until the
//! carrier agreed, for it may challenge that too.
//!
//! ```text
//!   REGISTER, Expires: 0 --401--> with the proof --200--> over: who waits for it registers
//!        '---- refused, or 64*T1 without an answer ----> over
//! ```

use super::enrol::Enrolment;
use crate::transaction::timers::T1_X64;
use crate::ua::wire::Wire;
use model::Instant;

/// Most of them; beyond, one is told to the carrier and forgotten.
const LEAVING_MAX: usize = 32;

/// The registrations that are being taken back.
#[derive(Debug, Default)]
pub(super) struct Leaving(Vec<(Instant, Enrolment)>);

impl Leaving {
    /// Takes one back.
    pub fn add(&mut self, now: Instant, wire: &mut Wire, mut enrolment: Enrolment) {
        enrolment.leave(now, wire);
        if !enrolment.has_left() && self.0.len() < LEAVING_MAX {
            self.0.push((now + T1_X64, enrolment));
        }
    }

    /// The last one of the same user at one of the same hosts, which the carrier could take for the
    /// new one if it were taken back after that.
    pub fn same_line(&self, new: &Enrolment) -> Option<u32> {
        let old = self.0.iter().rev().find(|(_, old)| old.is_same_line(new))?;
        Some(old.1.no())
    }

    /// The one of a number.
    pub fn find(&mut self, no: u32) -> Option<&mut Enrolment> {
        self.0.iter_mut().map(|(_, old)| old).find(|old| old.no() == no)
    }

    /// Lets go of those that are over, and gives their numbers.
    pub fn over(&mut self, now: Instant) -> Vec<u32> {
        let mut over = Vec::new();
        self.0.retain(|(until, old)| {
            let stays = *until > now && !old.has_left();
            if !stays {
                over.push(old.no());
            }
            stays
        });
        over
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the next is given up.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|(until, _)| *until).min()
    }
}
