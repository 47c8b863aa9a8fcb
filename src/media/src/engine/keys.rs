//! Keys from leg to leg: what is pressed at one end of a bridge goes out at the other as that takes
//! it.
//!
//! ```text
//!   pressed by    the other takes events    by signalling       in the sound
//!   event         event                     SignalDigit         tone
//!   signalling    event                     SignalDigit         tone
//!   sound         event, the tone muted     SignalDigit, muted  passes as it is
//! ```
//!
//! The full legs of a room are sent what comes as event or by signalling, and hear each other's tones.

use super::Engine;
use crate::command::Slot;
use crate::leg::Taken;
use crate::presses::Way;
use crate::room::LEGS_PER_ROOM_MAX;
use crate::sink::Event;
use model::{Digit, Instant};

impl Engine {
    /// Takes a key that came of a leg by one way: tells of it once, and passes it on.
    pub(super) fn pressed(&mut self, now: Instant, slot: Slot, way: Way, digit: Digit) {
        let Some(leg) = self.leg(slot) else { return };
        if !leg.pressed(now, way, digit) {
            return;
        }
        let (peer, room) = (leg.peer, leg.room);
        self.tell(Event::Digit { slot, digit });
        if let Some(peer) = peer {
            self.pass_key(now, peer, way, digit);
        }
        if let Some(room) = room {
            for place in 0..LEGS_PER_ROOM_MAX {
                let Some(room) = self.rooms.get(usize::from(room.0)) else { return };
                let Some(other) = room.legs().nth(place) else { break };
                if other != slot && room.is_full_leg(slot) && room.is_full_leg(other) {
                    self.pass_key(now, other, way, digit);
                }
            }
        }
    }

    /// Sends a key that was pressed elsewhere to a leg, unless it hears it anyhow.
    fn pass_key(&mut self, now: Instant, slot: Slot, way: Way, digit: Digit) {
        let Some(leg) = self.leg(slot) else { return };
        let hears = way == Way::Sound && (leg.takes() == Taken::Sound || leg.room.is_some());
        if hears {
            leg.hears_key(now, digit);
        } else {
            self.send_digit(slot, digit);
        }
    }

    /// Sends a key to a leg as it takes it.
    pub(super) fn send_digit(&mut self, slot: Slot, digit: Digit) {
        let Some(leg) = self.leg(slot) else { return };
        match leg.takes() {
            Taken::Signal => self.tell(Event::SignalDigit { slot, digit }),
            Taken::Event | Taken::Sound => leg.keys.sent.push(digit),
        }
    }
}
