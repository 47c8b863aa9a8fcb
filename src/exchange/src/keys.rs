//! Keys pressed during a talk, and what a phone with two calls asks for by them.
//!
//! A code begins with its first sign and ends with `#`, with a pause of [`PAUSE`], or as soon as it
//! is whole and nothing may follow it. The other party hears the tones, as it would anywhere.

use crate::exchange::Exchange;
use call::{State, Wish};
use model::site::Takes;
use model::{Digit, Instant, LegId, PhoneId};
use std::time::Duration;

/// Longest pause between two keys of a code.
pub const PAUSE: Duration = Duration::from_secs(3);
/// Most keys of a code with its number; what is pressed beyond ends it.
pub const KEYS_MAX: usize = 40;

/// A code that is being pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    text: String,
    pub(crate) until: Instant,
}

impl Exchange {
    /// A key during a talk.
    pub(crate) fn key(&mut self, now: Instant, leg: LegId, digit: Digit) {
        let key = digit.as_char();
        let begins = |key: char| self.site.codes.rows().iter().any(|row| row.code.starts_with(key));
        let Some(keys) = self.keys.get_mut(&leg) else {
            if begins(key) {
                let until = now + PAUSE;
                self.keys.insert(leg, Keys { text: key.to_string(), until });
            }
            return;
        };
        keys.until = now + PAUSE;
        let ends = key == '#' || keys.text.len() >= KEYS_MAX;
        if !ends {
            keys.text.push(key);
        }
        let whole = self
            .site
            .codes
            .rows()
            .iter()
            .any(|row| row.in_talk && row.takes == Takes::Nothing && row.code == keys.text);
        if ends || whole {
            self.keys_over(now, leg);
        }
    }

    /// When the next code is over by its pause.
    pub(crate) fn keys_deadline(&self) -> Option<Instant> {
        self.keys.values().map(|keys| keys.until).min()
    }

    /// Ends the codes whose pause is over.
    pub(crate) fn keys_tick(&mut self, now: Instant) {
        while let Some(leg) =
            self.keys.iter().find(|(_, keys)| keys.until <= now).map(|(leg, _)| *leg)
        {
            self.keys_over(now, leg);
            self.settle(now);
        }
    }

    fn keys_over(&mut self, now: Instant, leg: LegId) {
        let Some(keys) = self.keys.remove(&leg) else { return };
        let codes = &self.site.codes;
        let Some((key, rest)) = codes.find(&keys.text) else {
            self.counters.codes_unknown += 1;
            return;
        };
        let (to, other) = (rest.to_owned(), self.other_leg(leg));
        let asks = self.calls.call_of(leg).and_then(|call| self.calls.get(call)).is_some_and(
            |call| matches!(call.state(), State::Consulting(both) if both.other.is_some() || both.to.is_some()),
        );
        let wish = match (key, asks, other) {
            ("transfer", ..) => Wish::Transfer { to },
            ("consult", ..) => Wish::Consult { to },
            ("swap", ..) => Wish::Swap,
            ("complete", true, _) | ("complete", _, None) => Wish::Complete,
            ("conference", true, _) | ("conference", _, None) => Wish::Conference,
            ("complete" | "conference", false, Some(other)) => {
                let conference = key == "conference";
                return self.calls.handle(now, call::Input::Join { leg, other, conference });
            }
            ("park", ..) => {
                self.park(now, leg, &to);
                return;
            }
            _ => {
                self.counters.codes_unknown += 1;
                return;
            }
        };
        self.calls.handle(now, call::Input::Wish { leg, wish });
    }

    /// Another leg of the same phone, in another call.
    pub(crate) fn other_leg(&self, leg: LegId) -> Option<LegId> {
        let phone = self.phones.of(leg)?;
        let call = self.calls.call_of(leg);
        self.phones.legs(phone).find(|other| {
            let there = self.calls.call_of(*other);
            there.is_some() && there != call
        })
    }

    /// Parks the other side of a leg, in a slot or in the first that is free. False if none is.
    pub(crate) fn park(&mut self, now: Instant, leg: LegId, slot: &str) -> bool {
        let free = |slot: &&String| self.parked_in(slot).is_none();
        let slots = &self.site.parking.slots;
        let chosen = match slot {
            "" => slots.iter().find(free),
            named => slots.iter().find(|slot| *slot == named).filter(free),
        };
        let Some(slot) = chosen.cloned() else {
            self.counters.slots_full += 1;
            return false;
        };
        let phone = self.phones.of(leg).cloned();
        self.parks_in = Some((leg, slot.clone()));
        self.calls.handle(now, call::Input::Park { leg, slot, kept: phone.is_some() });
        true
    }

    /// A leg that parked its other side is told the slot, and hung up.
    pub(crate) fn let_go(&mut self, now: Instant, leg: LegId) {
        let slot = self.parks_in.take().filter(|(parks, _)| *parks == leg).map(|(_, slot)| slot);
        let phone: Option<PhoneId> = self.phones.of(leg).cloned();
        let (Some(slot), Some(phone)) = (slot, phone) else {
            return self.order(model::Order::HangUp { leg, cause: model::Cause::Normal });
        };
        let lang = self.lang_of(&phone);
        self.services.adopt(now, leg, phone);
        let mut clips = vec![model::Clip::new(lang, "park.slot")];
        clips.extend(model::say::digits(lang, &slot));
        self.play(leg, crate::plays::Player::Service, clips, false);
    }
}
