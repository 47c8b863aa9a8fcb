//! Legs of which nothing comes: they are asked whether they are there, and ended if they are not.
//!
//! ```text
//!   phone:    silent 1.5 s --OPTIONS--> no answer in 1.25 s: vanished    (8 s once it answered before)
//!   carrier:  quiet 20 s   --OPTIONS--> no answer in 32 s: vanished      (timer F, RFC 3261 17.1.2.2)
//!   either:   an answer: asked again later      481, 408: the call is over (RFC 3261 12.2.1.2)
//! ```

use super::Switch;
use crate::service::{Severity, log};
use model::id::LegId;
use model::{Cause, Instant, LegEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long nothing comes of a phone that sent all the time before, until it is asked by SIP whether
/// it is there. Some phones send nothing while they are muted, and say so to nobody.
pub const ASKED_AFTER_MS: u64 = 1500;
/// How long it may take to answer: time for a second try of the OPTIONS (RFC 3261 17.1.2.1: T1 is
/// 500 ms). What never answers has vanished, and its caller is told within 3 s.
const ANSWERS_WITHIN: Duration = Duration::from_millis(1250);
/// One that answered is asked again so often.
const ASKED_EVERY: Duration = Duration::from_secs(4);
/// How long one that answered before may owe an answer: four tries.
const OWES_MAX: Duration = Duration::from_secs(8);
/// A carrier's leg that answered is asked again so often.
const CARRIER_EVERY: Duration = Duration::from_secs(20);
/// Nothing came of a question to a carrier's leg: its call was not up yet, or there was no room for
/// it. Longer than timer F.
const CARRIER_LOST: Duration = Duration::from_secs(40);
/// Connections that close under a carrier's question, one after the other, until it has vanished.
const CUT_MAX: u8 = 2;

/// What the media says of a peer's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// None come of one that sends all the time.
    Unmeant,
    /// None for long, which may be meant.
    Long,
    Over,
}

/// Whose leg it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    #[default]
    Phone,
    Carrier,
}

/// Legs of which nothing comes.
#[derive(Default)]
pub struct Silences {
    silent: BTreeMap<LegId, Silent>,
    /// Legs that were ended for that; the exchange is told so.
    vanished: BTreeSet<LegId>,
    /// Legs ended because their peer was silent, for the console.
    pub count: u64,
}

/// A leg of which nothing comes.
#[derive(Clone, Copy, Debug, Default)]
struct Silent {
    who: Who,
    /// The question that is not answered, and when one was answered last.
    asked: Option<Instant>,
    answered: Option<Instant>,
    /// Connections that closed under the last questions.
    cut: u8,
    /// Nobody answers.
    gone: bool,
}

/// What is to be done about a silent leg.
enum Next {
    Wait,
    Ask,
    End,
}

impl Silent {
    fn next(&self, now: Instant) -> Next {
        let phone = self.who == Who::Phone;
        let every = if phone { ASKED_EVERY } else { CARRIER_EVERY };
        match (self.asked, self.answered) {
            _ if self.gone => Next::End,
            (None, Some(answered)) if now.since(answered) < every => Next::Wait,
            (None, _) => Next::Ask,
            (Some(at), _) if !phone => {
                if now.since(at) >= CARRIER_LOST {
                    Next::Ask
                } else {
                    Next::Wait
                }
            }
            (Some(at), answered) => {
                let most = if answered.is_some() { OWES_MAX } else { ANSWERS_WITHIN };
                if now.since(at) >= most { Next::End } else { Next::Wait }
            }
        }
    }
}

impl Silences {
    /// Notes that nothing comes of a leg.
    pub fn note(&mut self, leg: LegId, who: Who) {
        self.silent.entry(leg).or_insert(Silent { who, ..Silent::default() });
    }

    /// Forgets a leg that is heard again, or over.
    pub fn forget(&mut self, leg: LegId) {
        self.silent.remove(&leg);
    }

    /// Notes that a leg's party answered: it is there, and silent by itself.
    pub fn there(&mut self, now: Instant, leg: LegId) {
        if let Some(silent) = self.silent.get_mut(&leg) {
            (silent.asked, silent.answered, silent.cut) = (None, Some(now), 0);
        }
    }

    /// Notes that a question to a carrier's leg came to its end unanswered. A phone's ends sooner.
    pub fn unanswered(&mut self, now: Instant, leg: LegId, code: u16) {
        let Some(silent) = self.silent.get_mut(&leg).filter(|s| s.who == Who::Carrier) else {
            return;
        };
        silent.cut = silent.cut.saturating_add(1);
        silent.gone = code == 408 || silent.cut >= CUT_MAX;
        (silent.asked, silent.answered) = (None, Some(now));
    }

    /// Takes the legs out whose peers have vanished, and gives those that are to be asked.
    pub fn take(&mut self, now: Instant) -> (Vec<LegId>, Vec<LegId>) {
        let (mut gone, mut asked) = (Vec::new(), Vec::new());
        for (&leg, silent) in &mut self.silent {
            match silent.next(now) {
                Next::Wait => {}
                Next::Ask => {
                    silent.asked = Some(now);
                    asked.push(leg);
                }
                Next::End => gone.push(leg),
            }
        }
        for leg in &gone {
            self.silent.remove(leg);
            self.vanished.insert(*leg);
            self.count += 1;
        }
        (gone, asked)
    }

    /// When a phone's leg may have vanished next; carriers are no matter of a moment.
    pub fn deadline(&self) -> Option<Instant> {
        let phones = self.silent.values().filter(|silent| silent.who == Who::Phone);
        let ends = phones.filter(|silent| silent.answered.is_none());
        ends.map(|silent| silent.asked.map_or(Instant::START, |at| at + ANSWERS_WITHIN)).min()
    }

    /// What is told of a leg: where a silence ended it, why.
    pub fn told(&mut self, leg: LegId, event: LegEvent) -> LegEvent {
        match event {
            LegEvent::Gone(_) if self.vanished.remove(&leg) => LegEvent::Gone(Cause::Vanished),
            other => other,
        }
    }
}

impl Switch {
    /// Notes what comes of a leg's peer. A carrier's may pause as it likes, but not for long without
    /// an answer: a call that nobody ends holds one of the trunk's places.
    pub(super) fn silence(&mut self, now: Instant, leg: LegId, silence: Silence) {
        let silences = &mut self.sound.silences;
        match (silence, self.trunk_legs.contains(&leg)) {
            (Silence::Unmeant, false) => silences.note(leg, Who::Phone),
            (Silence::Long, true) => silences.note(leg, Who::Carrier),
            (Silence::Over, _) => silences.forget(leg),
            (Silence::Unmeant, true) | (Silence::Long, false) => return,
        }
        self.end_vanished(now);
    }

    /// Asks the legs that fell silent whether they are there, and ends those that are not.
    pub(super) fn end_vanished(&mut self, now: Instant) {
        let (gone, asked) = self.sound.silences.take(now);
        for leg in asked {
            let ask = sip::Command::Ask { leg };
            self.parts.endpoint.handle(now, sip::Input::Command(ask));
        }
        for leg in gone {
            log(Severity::Warning, &format!("leg {leg}: it sends no sound and answers nothing"));
            let hang_up = sip::Command::HangUp { leg, cause: Cause::Vanished };
            self.parts.endpoint.handle(now, sip::Input::Command(hang_up));
            self.settle(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg() -> LegId {
        LegId::inbound(1)
    }

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn a_phone_that_falls_silent_and_answers_nothing_has_vanished_within_three_seconds() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Phone);
        assert_eq!(silences.take(at(1500)), (vec![], vec![leg()]), "it is asked");
        assert_eq!(silences.take(at(2740)), (vec![], vec![]));
        assert_eq!(silences.deadline(), Some(at(2750)));
        assert_eq!(silences.take(at(2750)), (vec![leg()], vec![]));
        assert_eq!(silences.take(at(60_000)), (vec![], vec![]), "once");
        assert_eq!(silences.told(leg(), LegEvent::Held), LegEvent::Held);
        assert_eq!(
            silences.told(leg(), LegEvent::Gone(Cause::Normal)),
            LegEvent::Gone(Cause::Vanished)
        );
        assert_eq!(
            silences.told(leg(), LegEvent::Gone(Cause::Normal)),
            LegEvent::Gone(Cause::Normal)
        );
    }

    #[test]
    fn a_muted_phone_that_sends_nothing_is_asked_now_and_then_and_kept_for_an_hour() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Phone);
        let mut questions = 0;
        for ms in (1500..3_600_000).step_by(200) {
            let (gone, asked) = silences.take(at(ms));
            assert_eq!(gone, [], "{ms} ms");
            if !asked.is_empty() {
                questions += 1;
                silences.there(at(ms + 30), leg());
            }
        }
        assert!((800..=900).contains(&questions), "{questions}");
        // Its power is pulled while it is muted.
        let end =
            (3_600_000..3_700_000).step_by(200).find(|&ms| !silences.take(at(ms)).0.is_empty());
        assert!(end.is_some_and(|ms| ms <= 3_613_000), "{end:?}");
    }

    #[test]
    fn a_phone_heard_again_or_hung_up_in_time_has_not_vanished() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Phone);
        silences.take(at(1500));
        silences.forget(leg());
        assert_eq!(silences.take(at(60_000)), (vec![], vec![]));
        silences.note(leg(), Who::Phone);
        silences.take(at(70_000));
        silences.forget(leg());
        assert_eq!(silences.take(at(90_000)), (vec![], vec![]));
        assert_eq!(silences.count, 0);
    }

    /// A carrier's leg is asked when it fell quiet, and so often after an answer.
    fn asked_at(silences: &mut Silences, until_s: u64, answers: bool) -> Vec<u64> {
        let mut asked_s = Vec::new();
        for s in 0..until_s {
            let (gone, asked) = silences.take(at(s * 1000));
            assert_eq!(gone, [], "{s} s");
            if !asked.is_empty() {
                asked_s.push(s);
                if answers {
                    silences.there(at(s * 1000), leg());
                }
            }
        }
        asked_s
    }

    #[test]
    fn a_carriers_quiet_leg_that_answers_is_asked_every_20_s_and_kept() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Carrier);
        assert_eq!(asked_at(&mut silences, 70, true), [0, 20, 40, 60]);
    }

    #[test]
    fn a_carriers_leg_ends_by_the_end_of_the_question_alone() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Carrier);
        // Nobody could be asked, since the call is not up yet: it is not over for that.
        assert_eq!(asked_at(&mut silences, 60, false), [0, 40]);
        assert_eq!(silences.deadline(), None);
        silences.unanswered(at(60_000), leg(), 408);
        assert_eq!(silences.take(at(60_000)), (vec![leg()], vec![]));
        assert_eq!(silences.count, 1);
    }

    #[test]
    fn a_carriers_leg_whose_connection_closed_under_the_question_is_asked_once_more() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Carrier);
        silences.take(at(0));
        silences.unanswered(at(100), leg(), 503);
        assert_eq!(silences.take(at(20_000)), (vec![], vec![]));
        assert_eq!(silences.take(at(20_100)), (vec![], vec![leg()]));
        silences.unanswered(at(20_200), leg(), 503);
        assert_eq!(silences.take(at(20_200)), (vec![leg()], vec![]));
    }

    #[test]
    fn a_question_that_nobody_answered_ends_no_leg_that_is_heard_again() {
        let mut silences = Silences::default();
        silences.note(leg(), Who::Carrier);
        silences.take(at(0));
        silences.forget(leg());
        silences.unanswered(at(32_000), leg(), 408);
        assert_eq!(silences.take(at(32_000)), (vec![], vec![]));
    }
}
