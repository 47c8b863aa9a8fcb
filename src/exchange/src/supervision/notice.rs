//! What is told of supervisors, where the site wants a sentence said.
//!
//! Everybody who hears an agent's supervised leg hears it once to its end, whenever it comes to the
//! talk, and again when one more supervisor comes. What cuts it off (hold, a conference that begins)
//! has it said anew when the leg is heard again.

use crate::exchange::Exchange;
use crate::plays::Player;
use call::Call;
use model::site::Notice;
use model::{Clip, LegId};
use std::collections::BTreeSet;

impl Exchange {
    /// Tells everybody who is overheard and was not told yet.
    pub(super) fn give_notice(&mut self) {
        if self.site.supervision.notice != Notice::Announcement {
            return;
        }
        let mut untold = BTreeSet::new();
        for of in self.supervision.supervised() {
            let Some(watch) = self.supervision.watched.get(&of) else { continue };
            let company = self.company(of);
            let own = (!company.is_empty()).then_some(of);
            untold.extend(own.into_iter().chain(company).filter(|leg| !watch.told.contains(leg)));
        }
        for leg in untold.into_iter().filter(|leg| !self.plays.notifies(*leg)).collect::<Vec<_>>() {
            let call = self.calls.call_of(leg).and_then(|call| self.calls.get(call));
            let lang = call.map_or(self.site.lang, Call::lang);
            let lang = self.phones.of(leg).map_or(lang, |phone| self.lang_of(phone));
            self.play(leg, Player::Notice, vec![Clip::new(lang, "supervise.notice")], false);
        }
    }

    /// A leg heard the sentence to its end.
    pub(crate) fn notice_heard(&mut self, leg: LegId) {
        let company: BTreeSet<LegId> = self.company(leg).into_iter().collect();
        for (of, watch) in &mut self.supervision.watched {
            if *of == leg || company.contains(of) {
                watch.told.insert(leg);
            }
        }
    }
}
