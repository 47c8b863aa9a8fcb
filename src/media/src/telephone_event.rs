//! Keys as RTP events (RFC 4733): one key per event, whatever is lost, doubled or late.
//!
//! ```text
//!   out, a packet each 20 ms, all with the event's first time stamp:
//!   |M dur 160|dur 320|dur 480|dur 640|E dur 800|E dur 800|E dur 800|  then a pause of sound
//! ```

use model::Digit;

/// Bytes of an event's payload (RFC 4733 2.3).
pub const PAYLOAD: usize = 4;
/// A longer event goes on under a new time stamp, this much later (RFC 4733 2.5.1.3).
const SEGMENT: u32 = 0xFFFF;
/// A time stamp up to 10 s back is a late packet; further back the sender's clock has jumped.
const LATE: u32 = 80_000;
/// The volume sent: -10 dBm0 (RFC 4733 2.3.3).
const VOLUME: u8 = 10;
/// Ticks a key lasts when sent: 100 ms.
pub const KEY_TICKS: u8 = 5;
/// Times the end is sent (RFC 4733 2.5.1.4).
const ENDS: u8 = 3;
/// Ticks of sound between two keys: 80 ms.
pub const PAUSE_TICKS: u8 = 4;

/// The event that was told last.
#[derive(Clone, Copy, Debug)]
struct Told {
    timestamp: u32,
    code: u8,
    ended: bool,
}

/// The ear for events on one leg.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventIn {
    told: Option<Told>,
    /// The last packet was one more of the event that was told last.
    went_on: bool,
}

impl EventIn {
    /// Takes an event packet; gives the key with the first packet that comes of an event.
    pub fn take(&mut self, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        self.went_on = false;
        let &[code, flags, _, _] = payload.get(..PAYLOAD)? else { return None };
        let ended = flags & 0x80 != 0;
        if let Some(told) = &mut self.told {
            let later = timestamp.wrapping_sub(told.timestamp);
            if later == 0 {
                told.ended |= ended;
                self.went_on = true;
                return None;
            }
            if later.wrapping_neg() < LATE {
                return None;
            }
            if later == SEGMENT && code == told.code && !told.ended {
                *told = Told { timestamp, code, ended };
                self.went_on = true;
                return None;
            }
        }
        let digit = Digit::from_event_code(code)?;
        self.told = Some(Told { timestamp, code, ended });
        Some(digit)
    }

    /// The key that was told before, if the last packet said that it goes on.
    pub fn held(&self) -> Option<Digit> {
        self.told.filter(|_| self.went_on).and_then(|told| Digit::from_event_code(told.code))
    }

    /// Forgets the last event, as another sender's time stamps say nothing of it.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A key on its way out as an event.
#[derive(Clone, Copy, Debug)]
pub struct EventOut {
    digit: Digit,
    /// Time stamp of its start, the same in every packet.
    pub timestamp: u32,
    /// Units of the clock in a tick.
    tick: u16,
    sent: u8,
}

/// One packet of a key on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    pub marker: bool,
    pub payload: [u8; PAYLOAD],
}

impl EventOut {
    /// Starts a key at a time stamp, with durations by a clock.
    pub fn new(digit: Digit, timestamp: u32, clock_hz: u32) -> Self {
        Self { digit, timestamp, tick: (clock_hz / 50) as u16, sent: 0 }
    }

    /// The next packet, or nothing when the end was sent thrice.
    pub fn packet(&mut self) -> Option<EventPacket> {
        if self.sent >= KEY_TICKS + ENDS - 1 {
            return None;
        }
        let marker = self.sent == 0;
        self.sent += 1;
        let end = self.sent >= KEY_TICKS;
        let duration = u16::from(self.sent.min(KEY_TICKS)).saturating_mul(self.tick);
        let [high, low] = duration.to_be_bytes();
        let flags = if end { 0x80 | VOLUME } else { VOLUME };
        Some(EventPacket { marker, payload: [self.digit.event_code(), flags, high, low] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(sign: char) -> Digit {
        Digit::new(sign).unwrap()
    }

    fn packets(sign: char, timestamp: u32) -> Vec<(u32, [u8; PAYLOAD])> {
        let mut out = EventOut::new(key(sign), timestamp, 8000);
        std::iter::from_fn(|| out.packet().map(|packet| (timestamp, packet.payload))).collect()
    }

    #[test]
    fn a_key_is_five_packets_and_two_more_ends() {
        let mut out = EventOut::new(key('#'), 7, 8000);
        let sent: Vec<_> = std::iter::from_fn(|| out.packet()).collect();
        assert_eq!(sent.len(), 7);
        assert!(sent[0].marker && sent[1..].iter().all(|packet| !packet.marker));
        assert_eq!(sent[0].payload, [11, 10, 0, 160]);
        assert_eq!(sent[4].payload, [11, 0x8A, 3, 32]);
        assert!(sent[4..].iter().all(|packet| packet.payload == sent[4].payload));
        assert!(sent[..4].iter().all(|packet| packet.payload[1] & 0x80 == 0));
    }

    #[test]
    fn rfc4733_2_1_a_key_lasts_as_long_by_the_clock_of_opus() {
        let mut out = EventOut::new(key('1'), 7, 48_000);
        let sent: Vec<_> = std::iter::from_fn(|| out.packet()).collect();
        assert_eq!(sent[4].payload, [1, 0x8A, 18, 192], "4800 of 48 kHz are 100 ms");
    }

    #[test]
    fn a_key_held_for_half_a_minute_is_one_key() {
        let mut ear = EventIn::default();
        let mut told = 0;
        for ms in (0..30_000u32).step_by(20) {
            let at = ms * 8;
            let start = at / SEGMENT * SEGMENT;
            let [high, low] = ((at - start) as u16).to_be_bytes();
            told += usize::from(ear.take(500 + start, &[5, 10, high, low]).is_some());
        }
        assert_eq!(told, 1);
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_make_the_keys_deaf() {
        let mut ear = EventIn::default();
        assert_eq!(ear.take(900_000, &[1, 10, 0, 160]), Some(key('1')));
        assert_eq!(ear.take(899_000, &[2, 10, 0, 160]), None, "a late packet");
        assert_eq!(ear.take(160, &[3, 10, 0, 160]), Some(key('3')));
    }

    #[test]
    fn codes_that_are_no_key_and_cut_payloads_are_ignored() {
        let mut ear = EventIn::default();
        assert_eq!(ear.take(1, &[16, 10, 0, 160]), None, "hook flash");
        assert_eq!(ear.take(2, &[1, 10, 0]), None);
        assert_eq!(ear.take(3, &[1, 10, 0, 160]), Some(key('1')));
    }

    proptest! {
        /// Any loss but of a whole event, any doubling, any order within an event: one key each.
        #[test]
        fn each_event_is_told_once_whatever_becomes_of_its_packets(
            signs in proptest::collection::vec(proptest::sample::select(
                "0123456789*#ABCD".chars().collect::<Vec<_>>()), 1..20),
            seed in any::<u64>(),
            start in any::<u32>(),
        ) {
            let mut random = seed | 1;
            let mut next = move || {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random as usize
            };
            let mut ear = EventIn::default();
            let mut told = String::new();
            for (n, &sign) in signs.iter().enumerate() {
                let mut sent = packets(sign, start.wrapping_add(n as u32 * 1600));
                let spared = next() % sent.len();
                let spared = sent.remove(spared);
                sent.retain(|_| next() % 2 == 0);
                sent.push(spared);
                if next() % 2 == 0 {
                    let doubled = sent[next() % sent.len()];
                    sent.push(doubled);
                }
                let turn = next() % sent.len();
                sent.rotate_left(turn);
                for (timestamp, payload) in sent {
                    told.extend(ear.take(timestamp, &payload).map(Digit::as_char));
                }
            }
            prop_assert_eq!(told, signs.iter().collect::<String>());
        }
    }
}
