//! Features of phones: by code, by a phone's own key, and for who sits down there.

use crate::exchange::Exchange;
use crate::phones::FORWARD_CHARS_MAX;
use crate::pickup::NoPickUp;
use crate::plays::Player;
use crate::service::Seat;
use agent::Code;
use model::feature::{FeatureWish, ForwardWhen};
use model::{AgentId, Clip, Instant, LegId, PhoneId, Secret};

impl Exchange {
    /// A phone's own key asks for something.
    pub(crate) fn wished(&mut self, now: Instant, phone: &PhoneId, wish: FeatureWish) {
        let code = match wish {
            FeatureWish::Dnd(on) => return self.set_phone(now, phone, |set| set.dnd = on),
            FeatureWish::Forward { to: Some(to), .. } if to.len() > FORWARD_CHARS_MAX => {
                self.counters.wishes_refused += 1;
                return;
            }
            FeatureWish::Forward { when, to, rings } => {
                let to = to.filter(|to| !to.is_empty());
                return self.set_phone(now, phone, |set| {
                    if when == ForwardWhen::NoAnswer && to.is_some() {
                        set.rings = rings.or(set.rings);
                    }
                    match to {
                        Some(to) => drop(set.forwards.insert(when, to)),
                        None => drop(set.forwards.remove(&when)),
                    }
                });
            }
            FeatureWish::LogIn { agent: Some(agent), pin } => {
                let phone = phone.clone();
                return self.agents.handle(now, agent::Input::Sit { phone, agent, pin });
            }
            FeatureWish::LogIn { agent: None, .. } => Code::LogIn,
            FeatureWish::LogOut => Code::LogOut,
            FeatureWish::Ready => Code::Ready,
            FeatureWish::NotReady { reason } => Code::NotReady { reason },
            FeatureWish::WrapUp => Code::WrapUp,
        };
        self.agents.handle(now, agent::Input::Wish { phone: phone.clone(), code });
    }

    /// Carries out what was dialled on a service leg that is answered now.
    pub(crate) fn carry_out(&mut self, now: Instant, leg: LegId, phone: &PhoneId, dialled: &str) {
        let found = self.site.codes.find(dialled);
        let found = found.map(|(key, rest)| (key, rest.to_owned()));
        let forward = |when| (when, found.as_ref().map(|(_, rest)| rest.clone()));
        let said = match found.as_ref().map(|(key, _)| *key) {
            Some("dnd-on") => {
                self.set_phone(now, phone, |set| set.dnd = true);
                "phone.dnd-on"
            }
            Some("dnd-off") => {
                self.set_phone(now, phone, |set| set.dnd = false);
                "phone.dnd-off"
            }
            Some("call-waiting-on") => {
                self.set_phone(now, phone, |set| set.call_waiting = true);
                "phone.call-waiting-on"
            }
            Some("call-waiting-off") => {
                self.set_phone(now, phone, |set| set.call_waiting = false);
                "phone.call-waiting-off"
            }
            Some("forward-off") => {
                self.set_phone(now, phone, |set| {
                    set.forwards.clear();
                    set.rings = None;
                });
                "phone.forward-off"
            }
            Some(key @ ("forward-always" | "forward-busy" | "forward-no-answer")) => {
                let (when, to) = forward(match key {
                    "forward-always" => ForwardWhen::Always,
                    "forward-busy" => ForwardWhen::Busy,
                    _ => ForwardWhen::NoAnswer,
                });
                let (to, rings) = match (when, to.unwrap_or_default()) {
                    (ForwardWhen::NoAnswer, to) => split_rings(&to),
                    (_, to) => (to, None),
                };
                if to.is_empty() || to.len() > FORWARD_CHARS_MAX {
                    self.counters.codes_unknown += 1;
                    "agent.unknown-code"
                } else {
                    self.set_phone(now, phone, |set| {
                        if when == ForwardWhen::NoAnswer {
                            set.rings = rings;
                        }
                        set.forwards.insert(when, to);
                    });
                    "phone.forward-on"
                }
            }
            Some("missed") => {
                let clips = self.hear_owed(now, phone);
                return self.confirm(phone, clips);
            }
            Some("listen" | "whisper" | "barge" | "take-over") => {
                let Some((key, rest)) = found else { return };
                match self.asked_supervision(now, leg, phone, key, &rest) {
                    Ok(()) => return,
                    Err(why) => why.prompt(),
                }
            }
            Some("seat") => {
                let rest = found.map(|(_, rest)| rest).unwrap_or_default();
                return self.asked_seat(now, leg, phone, Seat::read(&rest));
            }
            Some("pick-up") => {
                let number = found.map(|(_, rest)| rest).unwrap_or_default();
                match self.ringing_for(phone, &number) {
                    Err(NoPickUp::OtherGroup) => "phone.other-group",
                    _ => "phone.nothing-rings",
                }
            }
            Some("park") => {
                // Parks what the phone holds on its other leg.
                let to = found.map(|(_, rest)| rest).unwrap_or_default();
                let other = self.phones.legs(phone).find(|one| self.talks(*one));
                match other.map(|other| self.park(now, other, &to)) {
                    Some(true) => return,
                    Some(false) => "park.full",
                    None => "agent.unknown-code",
                }
            }
            Some("transfer" | "consult" | "swap" | "complete" | "conference") => {
                self.counters.codes_unknown += 1;
                "agent.unknown-code"
            }
            None if self.site.parking.slots.iter().any(|slot| slot == dialled) => "park.empty",
            _ => {
                let code = agent::Input::Code { phone: phone.clone(), dialled };
                return self.agents.handle(now, code);
            }
        };
        let clips = vec![Clip::new(self.lang_of(phone), said)];
        self.confirm(phone, clips);
    }

    /// Has an agent sit down, or asks for what is not known yet.
    pub(crate) fn asked_seat(&mut self, now: Instant, leg: LegId, phone: &PhoneId, seat: Seat) {
        let lang = self.lang_of(phone);
        let prompt = match &seat {
            Seat { agent: None, .. } => "agent.enter-number",
            Seat { agent: Some(agent), pin: None } if self.wants_pin(agent, phone) => {
                "agent.enter-pin"
            }
            Seat { agent: Some(agent), pin } => {
                let (phone, agent) = (phone.clone(), AgentId::new(agent));
                let pin = pin.clone().map(Secret::new);
                self.services.ask_over(leg);
                return self.agents.handle(now, agent::Input::Sit { phone, agent, pin });
            }
        };
        if self.services.ask(leg, seat) {
            self.play(leg, Player::Question, vec![Clip::new(lang, prompt)], false);
        }
    }

    /// An agent nobody knows is asked for a PIN as well: who tries numbers learns nothing.
    fn wants_pin(&self, agent: &str, phone: &PhoneId) -> bool {
        let known = self.site.agents.get(&AgentId::new(agent));
        known.is_none_or(|agent| agent.rights.pin.is_some() && agent.phone != *phone)
    }
}

/// A number and how many rings come before it: `8003*4`.
fn split_rings(dialled: &str) -> (String, Option<u8>) {
    let dialled = dialled.trim_end_matches('#');
    let said = dialled.rsplit_once('*').filter(|(to, _)| !to.is_empty());
    match said.and_then(|(to, rings)| Some((to, rings.parse().ok()?))) {
        Some((to, rings)) => (to.to_owned(), Some(rings)),
        None => (dialled.to_owned(), None),
    }
}
