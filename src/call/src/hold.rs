//! Hold and resume from either side, with music to the other (RFC 3264 8.4).

use crate::shared::Shared;
use crate::state::{Call, State};
use model::{Clip, Fact, Instant, LegId, Order};

impl Call {
    /// A phone put its other side on hold or took it back.
    pub(crate) fn held(&mut self, now: Instant, leg: LegId, held: bool, shared: &mut Shared) {
        let visit = self.visit();
        let by_caller = self.caller == Some(leg);
        let (waits, before) = match &mut self.state {
            State::Talking(talk) => {
                let Some(caller) = self.caller else { return };
                let before = talk.held || self.holds;
                if by_caller {
                    if std::mem::replace(&mut self.holds, held) == held {
                        return;
                    }
                    (talk.leg, before)
                } else if talk.leg == leg {
                    if std::mem::replace(&mut talk.held, held) == held {
                        return;
                    }
                    (caller, before)
                } else {
                    return;
                }
            }
            // Noted for when the talk goes on; the caller hears music already.
            State::Transferring { talk, .. } if talk.leg == leg => {
                talk.held = held;
                return;
            }
            State::Consulting(both) if both.talk.leg == leg => {
                both.talk.held = held;
                return;
            }
            _ => return,
        };
        let after = matches!(&self.state, State::Talking(talk) if talk.held || self.holds);
        if before != after {
            self.since = now;
            shared.fact(if after { Fact::Held { visit } } else { Fact::Resumed { visit } });
        }
        if held {
            self.play_music(waits, shared);
        } else {
            shared.order(Order::StopPlay { leg: waits });
        }
    }

    /// Plays music to a leg that waits.
    pub(crate) fn play_music(&self, leg: LegId, shared: &mut Shared) {
        let prompt = self.music.clone().unwrap_or_else(|| shared.rules.music.clone());
        let play = shared.open_play();
        let clips = vec![Clip { lang: self.lang, prompt }];
        shared.order(Order::Play { leg, play, clips, looped: true });
    }
}
