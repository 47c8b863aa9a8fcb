//! What is known of legs' sound: gathered to a fact a minute and leg, and shown while it goes on.
//!
//! ```text
//!   Quality (each 10 s) --> Kept --6 of them, or the leg's last--> Fact::LegQuality
//!   Muted               --> alarm, while it stands
//! ```
//!
//! A thousand calls give some 33 such facts a second, of less than 200 bytes (a test of `journal`
//! measures it). A fact each ten seconds would be six times as many turns of the journal. What a
//! power cut may cost is a minute of them.

use super::Switch;
use model::quality::{Figures, Muted, QUALITY_PER_FACT};
use model::{CallId, Fact, Instant, LegId, Via};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the last figures of a leg that is over are waited for. They come with the next tick,
/// unless the queue of the media thread's news had no room or the leg never had sound.
const LAST_WITHIN: Duration = Duration::from_secs(10);

/// Whose leg it is, as facts name it.
type Whose = exchange::LegView;

/// What is known of the legs there are.
#[derive(Default)]
pub struct Known {
    legs: BTreeMap<LegId, Kept>,
    /// Figures of legs that nobody knows a call of.
    pub stray: u64,
}

/// A leg's figures that are not written yet, and the last of them.
#[derive(Default)]
struct Kept {
    whose: Option<Whose>,
    figures: Vec<Figures>,
    last: Figures,
    /// When the leg was over.
    over: Option<Instant>,
}

impl Known {
    /// Notes that a leg is over: its last figures are on their way.
    pub fn close(&mut self, now: Instant, leg: LegId) {
        if let Some(kept) = self.legs.get_mut(&leg) {
            kept.over = Some(now);
        }
    }

    /// Gives the facts of legs that are over and whose last figures never came.
    fn take_overdue(&mut self, now: Instant) -> Vec<Fact> {
        let overdue = |kept: &Kept| kept.over.is_some_and(|at| now.since(at) >= LAST_WITHIN);
        let gone: Vec<LegId> =
            self.legs.iter().filter(|(_, kept)| overdue(kept)).map(|(leg, _)| *leg).collect();
        gone.into_iter().filter_map(|leg| self.legs.remove(&leg)?.fact(leg)).collect()
    }

    /// Keeps figures; gives the fact when it is whole.
    fn keep(
        &mut self,
        leg: LegId,
        whose: Option<Whose>,
        figures: Figures,
        last: bool,
    ) -> Option<Fact> {
        let kept = self.legs.entry(leg).or_default();
        // A leg that leaves its call is the call's to its end.
        kept.whose = whose.or(kept.whose.take());
        if figures.ms >= 1000 {
            kept.figures.push(figures);
            kept.last = figures;
        }
        let whole = last || kept.figures.len() >= QUALITY_PER_FACT;
        let fact = whole.then(|| kept.fact(leg)).flatten();
        let stray = whole && fact.is_none() && !kept.figures.is_empty();
        self.stray += u64::from(stray);
        if whole {
            kept.figures.clear();
        }
        if last {
            self.legs.remove(&leg);
        }
        fact
    }

    /// The worst opinion of a call's legs over their last ten seconds, in hundredths, and why one
    /// of them is told of.
    pub fn of_call(&self, call: CallId) -> (Option<u16>, Option<Muted>) {
        let legs = self.legs.values();
        let legs = legs.filter(|kept| kept.whose.as_ref().is_some_and(|whose| whose.call == call));
        legs.fold((None, None), |(mos, muted), kept| {
            let mos = [mos, kept.last.mos].into_iter().flatten().min();
            (mos, muted.or(kept.last.muted))
        })
    }

    /// Notes that a leg is told of, or no longer; whose it is.
    fn mute(&mut self, leg: LegId, muted: Option<Muted>, whose: Option<Whose>) -> Option<&Whose> {
        let kept = self.legs.entry(leg).or_default();
        kept.whose = whose.or(kept.whose.take());
        kept.last.muted = muted;
        kept.whose.as_ref()
    }
}

impl Kept {
    fn fact(&self, leg: LegId) -> Option<Fact> {
        let whose = self.whose.clone()?;
        let figures = self.figures.clone();
        let (call, via, agent) = (whose.call, whose.via, whose.agent);
        (!figures.is_empty()).then_some(Fact::LegQuality { call, leg, via, agent, figures })
    }
}

impl Switch {
    /// Takes a leg's figures of the last ten seconds.
    pub(super) fn quality(&mut self, now: Instant, leg: LegId, figures: Figures, last: bool) {
        let whose = self.parts.exchange.whose(leg);
        if let Some(fact) = self.known.keep(leg, whose, figures, last) {
            self.note(fact);
        }
        if self.parts.wires.get(leg).is_none() {
            self.known.close(now, leg);
        }
    }

    /// Takes that nothing is to be heard of a leg, or that it is heard again.
    pub(super) fn muted(&mut self, now: Instant, leg: LegId, muted: Option<Muted>) {
        let whose = self.parts.exchange.whose(leg);
        let Some(whose) = self.known.mute(leg, muted, whose) else { return };
        let about = about(whose);
        for key in [Muted::Unheard, Muted::Unanswered] {
            // Dead air is shown in its call's row; it is no fault of the line's.
            if muted == Some(key) {
                self.alarms.raise(now, key.key(), &about, control::Level::Warning);
            } else {
                self.alarms.clear(key.key(), &about);
            }
        }
    }
}

impl Switch {
    /// Writes what is known of legs whose last figures were lost.
    pub(super) fn end_figures(&mut self, now: Instant) {
        for fact in self.known.take_overdue(now) {
            self.note(fact);
        }
    }
}

/// Whom an alarm about a leg names: the agent, or the line.
fn about(whose: &Whose) -> String {
    match (&whose.agent, &whose.via) {
        (Some(agent), _) => agent.to_string(),
        (None, Via::Port(port)) => port.to_string(),
        (None, Via::Trunk(trunk)) => trunk.to_string(),
        (None, Via::Phone(phone)) => phone.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(call: u64) -> Option<Whose> {
        let via = Via::Port("fxo-1".into());
        Some(Whose { call: CallId(call), via, agent: None })
    }

    fn figures(mos: u16) -> Figures {
        Figures { ms: 10_000, mos: Some(mos), ..Figures::default() }
    }

    const LEG: LegId = LegId(8);

    #[test]
    fn a_minute_of_a_leg_is_one_fact_and_its_end_another() {
        let mut known = Known::default();
        let facts: Vec<_> =
            (0..8).filter_map(|n| known.keep(LEG, whose(5), figures(400 + n), n == 7)).collect();
        let lengths: Vec<usize> = facts
            .iter()
            .map(|fact| match fact {
                Fact::LegQuality { figures, call: CallId(5), .. } => figures.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(lengths, [6, 2]);
        assert!(known.legs.is_empty());
    }

    #[test]
    fn a_leg_whose_last_figures_were_lost_is_written_and_forgotten_all_the_same() {
        let mut known = Known::default();
        let at = Instant::from_millis;
        known.keep(LEG, whose(5), figures(430), false);
        known.mute(LegId(9), Some(Muted::Unheard), whose(5));
        known.close(at(1000), LEG);
        known.close(at(1000), LegId(9));
        assert_eq!(known.take_overdue(at(10_999)), []);
        let facts = known.take_overdue(at(11_000));
        assert!(matches!(&facts[..], [Fact::LegQuality { leg: LEG, .. }]), "{facts:?}");
        assert!(known.legs.is_empty(), "the muted one too");
    }

    #[test]
    fn a_leg_that_left_its_call_is_the_calls_to_its_end_and_one_without_is_counted() {
        let mut known = Known::default();
        known.keep(LEG, whose(5), figures(430), false);
        let fact = known.keep(LEG, None, Figures { ms: 20, ..figures(100) }, true);
        assert!(matches!(fact, Some(Fact::LegQuality { figures, .. }) if figures.len() == 1));
        assert_eq!(known.keep(LEG, None, figures(430), true), None);
        assert_eq!(known.stray, 1);
    }

    #[test]
    fn a_call_sounds_as_its_worst_leg() {
        let mut known = Known::default();
        for (leg, call, mos) in [(1, 5, 430), (2, 5, 310), (3, 6, 200)] {
            known.keep(LegId(leg), whose(call), figures(mos), false);
        }
        assert_eq!(known.of_call(CallId(5)), (Some(310), None));
        known.mute(LegId(1), Some(Muted::Unheard), None);
        assert_eq!(known.of_call(CallId(5)), (Some(310), Some(Muted::Unheard)));
        assert_eq!(known.of_call(CallId(7)), (None, None));
    }
}
