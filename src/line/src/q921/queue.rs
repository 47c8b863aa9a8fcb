//! Messages of layer 3 on their way: those sent and not acknowledged, then those that wait.
//!
//! ```text
//!   V(A)               V(S)
//!    | sent, at most K  | wait, at most QUEUE_MAX in all
//! ```

use super::frame::MODULUS;
use std::collections::VecDeque;

/// Frames that may be out without an acknowledgement (Q.921 5.9.5, k of a 64 kbit/s link).
pub const K: usize = 7;
/// Most messages kept. A primary rate line of 30 channels never needs as many; beyond it one is not
/// taken, and the message's own timer says so.
pub const QUEUE_MAX: usize = 256;

/// The messages and the variables that number them (Q.921 3.5.2).
#[derive(Default)]
pub struct Queue {
    messages: VecDeque<Vec<u8>>,
    /// Of them, those that are out.
    out: usize,
    /// V(A): the number of the first that is not acknowledged.
    acknowledged: u8,
}

impl Queue {
    /// V(S): the number of the next to be sent.
    pub fn next(&self) -> u8 {
        // At most K.
        (self.acknowledged + self.out as u8) % MODULUS
    }

    /// Tells whether all that was sent is acknowledged.
    pub fn is_settled(&self) -> bool {
        self.out == 0
    }

    /// Takes a message; tells whether there was room.
    pub fn push(&mut self, message: Vec<u8>) -> bool {
        let room = self.messages.len() < QUEUE_MAX;
        if room {
            self.messages.push_back(message);
        }
        room
    }

    /// The next message that may go, with its number.
    pub fn send(&mut self) -> Option<(u8, &[u8])> {
        if self.out >= K {
            return None;
        }
        let number = self.next();
        let message = self.messages.get(self.out)?;
        self.out += 1;
        Some((number, message))
    }

    /// Tells whether a number acknowledges what was sent, or nothing new (V(A) <= N(R) <= V(S)).
    pub fn fits(&self, nr: u8) -> bool {
        usize::from(self.distance(nr)) <= self.out
    }

    /// Takes an acknowledgement that fits; tells whether it is of something new.
    pub fn acknowledge(&mut self, nr: u8) -> bool {
        let gone = usize::from(self.distance(nr)).min(self.out);
        self.messages.drain(..gone);
        self.out -= gone;
        self.acknowledged = nr;
        gone > 0
    }

    /// What is out is to be sent again.
    pub fn again(&mut self) {
        self.out = 0;
    }

    /// Forgets everything and counts from 0.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Counts from 0 and sends what is kept (again).
    pub fn restart(&mut self) {
        self.out = 0;
        self.acknowledged = 0;
    }

    fn distance(&self, nr: u8) -> u8 {
        (nr + MODULUS - self.acknowledged) % MODULUS
    }
}
