//! Calls that were missed and are to be called back.

use crate::id::{AgentId, PhoneId, QueueId};
use crate::person::Number;
use crate::time::WallTime;
use serde::{Deserialize, Serialize};

/// Most calls an owner is shown; past it the oldest is forgotten.
pub const OWED_MAX: usize = 20;

/// Who is to call back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Owner {
    /// The person, at whichever phone.
    Agent(AgentId),
    /// Whoever sits at the phone: nobody did when it rang.
    Phone(PhoneId),
    /// Everybody who serves the queue.
    Queue(QueueId),
}

/// A call that was missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub at: WallTime,
    /// Empty where it was withheld.
    pub from: Number,
}

/// What an owner has waiting, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    pub new: Vec<Missed>,
    /// Looked at, and not called back.
    pub seen: Vec<Missed>,
}

impl Owed {
    /// Tells whether nobody is to be called back.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.seen.is_empty()
    }

    /// Adds a call; one of the same caller before it is forgotten.
    pub fn add(&mut self, missed: Missed) {
        if !missed.from.is_empty() {
            self.forget(&missed.from);
        }
        self.new.push(missed);
        while self.new.len() + self.seen.len() > OWED_MAX {
            let from = if self.seen.is_empty() { &mut self.new } else { &mut self.seen };
            from.remove(0);
        }
    }

    /// Forgets a caller who was talked with; true where there was one.
    pub fn forget(&mut self, caller: &Number) -> bool {
        let before = self.new.len() + self.seen.len();
        self.new.retain(|missed| missed.from != *caller);
        self.seen.retain(|missed| missed.from != *caller);
        before != self.new.len() + self.seen.len()
    }

    /// Notes that all was looked at; true where something was new.
    pub fn look(&mut self) -> bool {
        let any = !self.new.is_empty();
        self.seen.append(&mut self.new);
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(no: usize) -> Missed {
        Missed { at: WallTime(0), from: Number::new(format!("139{no:08}")) }
    }

    #[test]
    fn a_caller_stands_once_and_is_new_again_when_missed_again() {
        let mut owed = Owed::default();
        owed.add(missed(1));
        owed.add(missed(2));
        assert!(owed.look() && !owed.look());
        owed.add(missed(1));
        assert_eq!((owed.new.len(), owed.seen.len()), (1, 1));
        assert!(owed.forget(&missed(2).from) && !owed.forget(&missed(2).from));
    }

    #[test]
    fn the_oldest_that_was_seen_makes_room_first() {
        let mut owed = Owed::default();
        (0..5).for_each(|no| owed.add(missed(no)));
        owed.look();
        (5..OWED_MAX + 2).for_each(|no| owed.add(missed(no)));
        assert_eq!((owed.new.len(), owed.seen.len()), (OWED_MAX - 3, 3));
        assert_eq!(owed.seen[0], missed(2));
    }
}
