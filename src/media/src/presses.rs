//! One press of a key, told once, by however many ways it comes.
//!
//! ```text
//!   event (RFC 4733) --.
//!   INFO -------------- +--> told? ----> exchange, and the other leg of a bridge
//!   sound (Q.24) ------'      |
//!                             `-- a press told within SAME_MS that this way has not told yet, or the
//!                                 echo of a tone that the leg was sent: nothing new
//! ```
//!
//! Gateways send a key by two ways and more at once, each with a delay of its own. Which one comes
//! first is told; each other way may tell the same press once without being heard.

use heapless::Deque;
use model::{Digit, Instant};
use std::time::Duration;

/// How a press became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Telephone-event (RFC 4733).
    Event,
    /// Signalling: an INFO of SIP.
    Signal,
    /// The two tones in the sound (ITU-T Q.23).
    Sound,
}

/// How much later another way may tell the same press: an INFO comes when the key is let go, and
/// may have to be sent again (RFC 3261 17.1.2.1).
const SAME_MS: u64 = 2000;
/// How much later a tone that was sent to the leg may come back as its echo: across two networks.
const ECHO_MS: u64 = 1000;
/// Presses looked back at: more than a person presses in `SAME_MS`. The oldest is forgotten.
const PRESSES_MAX: usize = 16;

/// A press that was told, when it was known of last, and the ways that have told it.
#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    at: Instant,
    ways: u8,
}

/// The last presses on one leg.
#[derive(Clone, Debug, Default)]
pub struct Presses {
    told: Deque<Press, PRESSES_MAX>,
    /// The key whose tone was sent to the leg last, and when.
    sounded: Option<(Digit, Instant)>,
}

impl Presses {
    /// Takes what came by one way; tells whether it is a press of its own.
    pub fn take(&mut self, now: Instant, way: Way, digit: Digit) -> bool {
        if way == Way::Sound && self.is_echo(now, digit) {
            return false;
        }
        while self.told.front().is_some_and(|press| now.since(press.at) >= same()) {
            self.told.pop_front();
        }
        let bit = 1 << way as u8;
        let other = self.told.iter_mut().find(|press| {
            press.digit == digit && press.ways & bit == 0 && now.since(press.at) < same()
        });
        if let Some(press) = other {
            press.ways |= bit;
            return false;
        }
        if self.told.is_full() {
            self.told.pop_front();
        }
        // There is room now.
        let _ = self.told.push_back(Press { digit, at: now, ways: bit });
        true
    }

    /// Notes that a key is still pressed, as one way tells: others may tell of it until it is let go
    /// and for `SAME_MS` after.
    pub fn goes_on(&mut self, now: Instant, way: Way, digit: Digit) {
        let bit = 1 << way as u8;
        let press =
            self.told.iter_mut().rev().find(|press| press.digit == digit && press.ways & bit != 0);
        if let Some(press) = press {
            press.at = now;
        }
    }

    /// Notes that the leg is sent the tone of a key, which its line may send back.
    pub fn sounded(&mut self, now: Instant, digit: Digit) {
        self.sounded = Some((digit, now));
    }

    fn is_echo(&self, now: Instant, digit: Digit) -> bool {
        let late = Duration::from_millis(ECHO_MS);
        self.sounded.is_some_and(|(sounded, at)| sounded == digit && now.since(at) < late)
    }
}

fn same() -> Duration {
    Duration::from_millis(SAME_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sign: char) -> Digit {
        Digit::new(sign).unwrap()
    }

    fn told(presses: &mut Presses, what: &[(u64, Way, char)]) -> String {
        let told = what
            .iter()
            .filter(|(ms, way, sign)| presses.take(Instant::from_millis(*ms), *way, key(*sign)));
        told.map(|(_, _, sign)| sign).collect()
    }

    #[test]
    fn a_press_that_comes_by_three_ways_is_told_once_whichever_is_first() {
        use Way::{Event, Signal, Sound};
        let ways = [Event, Signal, Sound];
        for first in 0..3 {
            let (a, b, c) = (ways[first], ways[(first + 1) % 3], ways[(first + 2) % 3]);
            let mut presses = Presses::default();
            let what = [(0, a, '4'), (60, b, '4'), (400, c, '4'), (700, c, '2'), (760, a, '2')];
            assert_eq!(told(&mut presses, &what), "42", "{a:?} first");
        }
    }

    #[test]
    fn the_same_key_pressed_again_and_again_is_told_each_time_by_one_way_or_two() {
        use Way::{Event, Signal};
        let mut presses = Presses::default();
        let fast = [(0, Event, '1'), (150, Event, '1'), (300, Event, '1')];
        assert_eq!(told(&mut presses, &fast), "111");
        let late = [(350, Signal, '1'), (500, Signal, '1'), (650, Signal, '1'), (900, Event, '1')];
        assert_eq!(told(&mut presses, &late), "1");
    }

    #[test]
    fn a_key_held_for_long_is_one_press_though_an_info_comes_when_it_is_let_go() {
        for way in [Way::Event, Way::Sound] {
            let mut presses = Presses::default();
            assert_eq!(told(&mut presses, &[(0, way, '5'), (300, way, '6')]), "56");
            for ms in (0..6000).step_by(20) {
                presses.goes_on(Instant::from_millis(ms), way, key('5'));
            }
            let after = [(6400, Way::Signal, '5'), (6500, Way::Signal, '6'), (6600, way, '5')];
            assert_eq!(told(&mut presses, &after), "65", "{way:?}");
        }
    }

    #[test]
    fn another_way_much_later_is_another_press() {
        let mut presses = Presses::default();
        let what = [(0, Way::Event, '7'), (SAME_MS, Way::Signal, '7')];
        assert_eq!(told(&mut presses, &what), "77");
    }

    #[test]
    fn the_echo_of_a_tone_that_was_sent_is_no_press_and_a_press_after_it_is() {
        let mut presses = Presses::default();
        presses.sounded(Instant::from_millis(0), key('5'));
        let what = [(90, Way::Sound, '5'), (200, Way::Sound, '6'), (ECHO_MS, Way::Sound, '5')];
        assert_eq!(told(&mut presses, &what), "65");
    }

    #[test]
    fn more_presses_than_are_looked_back_at_are_all_told() {
        let mut presses = Presses::default();
        let what: Vec<_> = (0..100).map(|n| (n * 10, Way::Event, '3')).collect();
        assert_eq!(told(&mut presses, &what).len(), 100);
    }
}
