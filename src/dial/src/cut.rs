//! Calls that run when the minutes of a day are used up, where the site has them cut.
//!
//! ```text
//!   Answered ──── a minute is left ──▶ Warn ──── none is left ──▶ Cut ──▶ Ended
//! ```
//!
//! Who has several calls at once uses several minutes a minute. A call belongs to who pays and to
//! the site; the first of their minutes to end ends it. An emergency call uses none and is never
//! cut.

use crate::ceiling::Payer;
use crate::dialling::{Call, Dialling};
use crate::{Output, Who};
use model::site::{AtCeiling, Ceiling};
use model::{Fact, Instant};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So long before the end whoever pays is told.
pub const WARNED_BEFORE: Duration = Duration::from_secs(60);

impl Dialling {
    /// Warns and ends the calls that are due, and says when the next are.
    pub(crate) fn look(&mut self, now: Instant) {
        self.next = None;
        if self.site.numbering.at_ceiling != AtCeiling::Cut || self.calls.is_empty() {
            return;
        }
        self.turn(now);
        let ends = self.ends();
        let mut facts = Vec::new();
        for (ask, call) in &mut self.calls {
            let theirs = ends.get(&call.payer()).copied();
            let of_all = ends.get(&Payer::Site).copied();
            let Some((at, payer)) = theirs
                .map(|at| (at, call.payer()))
                .into_iter()
                .chain(of_all.map(|at| (at, Payer::Site)))
                .min_by_key(|(at, _)| *at)
                .filter(|_| runs(call) && !call.cut)
            else {
                continue;
            };
            let ahead = u64::try_from(WARNED_BEFORE.as_micros()).unwrap_or(u64::MAX);
            let warn_at = Instant::from_micros(at.as_micros().saturating_sub(ahead));
            // Another call of the payer may have ended: there is more time than was said.
            call.warned &= warn_at <= now;
            if at <= now {
                call.cut = true;
                let why = crate::ceiling::Reached::Minutes.why(&payer);
                let Who { agent, phone, .. } = call.who.clone();
                facts.push(Fact::DialCut { call: call.call, agent, phone, why });
                if self.spent.tell(&payer, why) {
                    let site = payer == Payer::Site;
                    let Who { agent, phone, .. } =
                        if site { Who::default() } else { call.who.clone() };
                    facts.push(Fact::CeilingReached { agent, phone, why });
                }
                self.out.push_back(Output::Cut { ask: *ask });
                continue;
            }
            if warn_at <= now && !call.warned {
                call.warned = true;
                self.out.push_back(Output::Warn { ask: *ask });
            }
            let next = if call.warned { at } else { warn_at };
            self.next = Some(self.next.map_or(next, |before| before.min(next)));
        }
        for fact in facts {
            self.out.push_back(Output::Fact(fact));
        }
    }

    /// When the minutes of each who pays for a running call are used up, if nothing changes.
    fn ends(&self) -> BTreeMap<Payer, Instant> {
        let mut running = BTreeMap::<Payer, (Ceiling, Vec<Instant>)>::new();
        let site = Arc::clone(&self.site);
        for call in self.calls.values().filter(|call| runs(call)) {
            let Some(answered) = call.answered else { continue };
            let role = call.who.role.as_ref().and_then(|role| site.roles.get(role));
            let own = Ceiling { calls: None, minutes: role.and_then(|role| role.minutes_a_day) };
            for (payer, ceiling) in [(call.payer(), own), (Payer::Site, site.numbering.ceiling)] {
                let entry = running.entry(payer).or_insert_with(|| (ceiling, Vec::new()));
                entry.1.push(answered);
            }
        }
        let end = |(payer, (ceiling, begun)): (Payer, (Ceiling, Vec<Instant>))| {
            let most_ms = u64::from(ceiling.minutes?) * 60_000;
            let left_us = most_ms.saturating_sub(self.spent.of(&payer).talked_ms) * 1000;
            let calls = u64::try_from(begun.len()).ok().filter(|calls| *calls > 0)?;
            let sum = begun.iter().fold(0u64, |sum, at| sum.saturating_add(at.as_micros()));
            Some((payer, Instant::from_micros(left_us.saturating_add(sum) / calls)))
        };
        running.into_iter().filter_map(end).collect()
    }
}

/// Tells whether a call uses minutes up.
fn runs(call: &Call) -> bool {
    call.answered.is_some() && !call.reading.is_emergency()
}
