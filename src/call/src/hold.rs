//! Hold and resume from either side, with music to the other (RFC 3264 8.4).

use crate::shared::Shared;
use crate::state::{Call, State};
use model::{Clip, Fact, Instant, LegId, Order};

impl Call {
    /// A phone put its other side on hold or took it back.
    pub(crate) fn held(&mut self, now: Instant, leg: LegId, held: bool, shared: &mut Shared) {
        let by_caller = self.caller == Some(leg);
        let caller = self.caller;
        let talks = matches!(self.state, State::Talking(_));
        let talk = match &mut self.state {
            State::Talking(talk) | State::Transferring { talk, .. } => talk,
            State::Consulting(both) => &mut both.talk,
            _ => return,
        };
        let (mark, waits) = if by_caller {
            (&mut self.holds, Some(talk.leg))
        } else if talk.leg == leg {
            (&mut talk.held, caller)
        } else {
            return;
        };
        if std::mem::replace(mark, held) == held {
            return;
        }
        if self.tell_hold(shared) {
            self.since = now;
        }
        // While another is asked or rung the caller hears music already.
        if let Some(waits) = waits.filter(|_| talks) {
            if held {
                self.play_music(waits, shared);
            } else {
                shared.order(Order::StopPlay { leg: waits });
            }
        }
    }

    /// Tells the fact of a hold that began or ended, on whichever side. True if there is one.
    pub(crate) fn tell_hold(&mut self, shared: &mut Shared) -> bool {
        let held = match &self.state {
            State::Talking(talk) | State::Transferring { talk, .. } => talk.held || self.holds,
            State::Consulting(both) => both.talk.held || self.holds,
            _ => false,
        };
        let changed = std::mem::replace(&mut self.told_held, held) != held;
        if changed {
            let visit = self.visit();
            shared.fact(if held { Fact::Held { visit } } else { Fact::Resumed { visit } });
        }
        changed
    }

    /// Plays music to a leg that waits.
    pub(crate) fn play_music(&self, leg: LegId, shared: &mut Shared) {
        let prompt = self.music.clone().unwrap_or_else(|| shared.rules.music.clone());
        let play = shared.open_play();
        let clips = vec![Clip { lang: self.lang, prompt }];
        shared.order(Order::Play { leg, play, clips, looped: true });
    }
}
