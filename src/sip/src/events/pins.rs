//! PINs that are proved at a phone's hoteling key: MD5 over `nonce:PIN`, as the phones have it.
//!
//! An agent whom the site does not have is asked like one with a PIN, and no proof is right. A phone
//! that was wrong too often is not asked again for a while.

use super::directory::Directory;
use super::wish::Proof;
use md5::{Digest, Md5};
use model::{AgentId, Instant, PhoneId, Secret};
use std::collections::BTreeMap;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Wrong PINs of a phone in a row before it has to wait.
const WRONG_MAX: u8 = 5;
/// How long it waits.
const WAIT: Duration = Duration::from_secs(60);

/// Whether an agent may sit down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With the PIN that was proved, where the agent has one.
    Passed(Option<Secret>),
    /// A proof is to be asked for.
    Ask,
    Wrong,
}

/// Who was wrong how often; at most as many as there are phones.
#[derive(Debug, Default)]
pub struct Pins {
    wrong: BTreeMap<PhoneId, (u8, Instant)>,
}

impl Pins {
    /// Tells whether a phone was wrong too often of late.
    pub fn waits(&self, now: Instant, phone: &PhoneId) -> bool {
        self.wrong.get(phone).is_some_and(|(times, last)| *times >= WRONG_MAX && now < *last + WAIT)
    }

    /// Judges who wants to sit down at a phone; `nonce` is what the proof was asked with.
    pub fn judge(
        &mut self,
        now: Instant,
        phone: &PhoneId,
        directory: &Directory,
        agent: &AgentId,
        proof: Option<&Proof>,
        nonce: Option<&str>,
    ) -> Verdict {
        let desk = directory.agents.get(agent);
        if let Some(desk) = desk.filter(|desk| desk.pin.is_none()) {
            return Verdict::Passed(desk.pin.clone());
        }
        let (Some(proof), Some(nonce)) = (proof, nonce) else { return Verdict::Ask };
        let nobody = Secret::default();
        let pin = desk.and_then(|desk| desk.pin.as_ref());
        let text = format!("{nonce}:{}", pin.unwrap_or(&nobody).reveal());
        let expected = hex::encode(Md5::digest(text));
        let right = bool::from(expected.as_bytes().ct_eq(proof.response.as_bytes()));
        if right && proof.nonce == nonce && pin.is_some() {
            self.wrong.remove(phone);
            return Verdict::Passed(pin.cloned());
        }
        let (times, last) = self.wrong.entry(phone.clone()).or_default();
        *times = if now < *last + WAIT { times.saturating_add(1) } else { 1 };
        *last = now;
        Verdict::Wrong
    }

    /// Forgets phones that are not on the site any more.
    pub fn keep(&mut self, has: impl Fn(&PhoneId) -> bool) {
        self.wrong.retain(|phone, _| has(phone));
    }
}

#[cfg(test)]
mod tests {
    use super::super::directory::Desk;
    use super::*;

    fn directory() -> Directory {
        let desk = |pin: Option<&str>| Desk { pin: pin.map(Secret::new), ..Desk::default() };
        let agents = [("8001", desk(Some("2468"))), ("8002", desk(None))];
        Directory {
            agents: agents.map(|(id, desk)| (AgentId::new(id), desk)).into(),
            ..Directory::default()
        }
    }

    fn proof(nonce: &str, pin: &str) -> Proof {
        let response = hex::encode(Md5::digest(format!("{nonce}:{pin}")));
        Proof { nonce: nonce.into(), response }
    }

    fn judge(pins: &mut Pins, at_s: u64, agent: &str, proof: Option<Proof>) -> Verdict {
        let (phone, agent) = (PhoneId::new("8003"), AgentId::new(agent));
        let now = Instant::from_millis(at_s * 1000);
        pins.judge(now, &phone, &directory(), &agent, proof.as_ref(), Some("n"))
    }

    #[test]
    fn a_pin_is_proved_and_never_sent() {
        let mut pins = Pins::default();
        assert_eq!(judge(&mut pins, 1, "8001", None), Verdict::Ask);
        let passed = Verdict::Passed(Some(Secret::new("2468")));
        assert_eq!(judge(&mut pins, 1, "8001", Some(proof("n", "2468"))), passed);
        assert_eq!(judge(&mut pins, 1, "8001", Some(proof("n", "1111"))), Verdict::Wrong);
        assert_eq!(judge(&mut pins, 1, "8001", Some(proof("old", "2468"))), Verdict::Wrong);
        assert_eq!(judge(&mut pins, 1, "8002", None), Verdict::Passed(None));
    }

    #[test]
    fn an_agent_whom_nobody_knows_is_asked_like_anybody() {
        let mut pins = Pins::default();
        assert_eq!(judge(&mut pins, 1, "9999", None), Verdict::Ask);
        assert_eq!(judge(&mut pins, 1, "9999", Some(proof("n", ""))), Verdict::Wrong);
    }

    #[test]
    fn a_phone_that_was_wrong_five_times_waits_a_minute() {
        let (mut pins, phone) = (Pins::default(), PhoneId::new("8003"));
        for _ in 0..5 {
            assert!(!pins.waits(Instant::from_millis(1000), &phone));
            judge(&mut pins, 1, "8001", Some(proof("n", "0000")));
        }
        assert!(pins.waits(Instant::from_millis(60_999), &phone));
        assert!(!pins.waits(Instant::from_millis(61_000), &phone));
    }
}
