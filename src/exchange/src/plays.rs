//! Numbers every play of the box, so that stages which know nothing of each other cannot collide.
//!
//! A leg hears one thing at a time: what is started replaces what was heard before. So one entry a
//! leg is enough to know whose play came to its end, and an end that was overtaken is told nobody.

use model::{LegId, PlayId, VisitId};
use std::collections::BTreeMap;

/// Who had a play started, and the number it has there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Player {
    Call {
        play: PlayId,
    },
    Menu {
        visit: VisitId,
        play: PlayId,
    },
    Queue {
        visit: VisitId,
        play: PlayId,
    },
    Service,
    /// A question on a service leg: keys follow, not the end.
    Question,
    /// A word to one who talks, who hears the other again afterwards.
    Aside,
    /// A word to one who is overheard, who hears the other again afterwards.
    Notice,
}

/// What each leg hears.
#[derive(Debug, Default)]
pub(crate) struct Plays {
    started: u64,
    heard: BTreeMap<LegId, (PlayId, Player)>,
}

impl Plays {
    /// Numbers a play that begins on a leg and replaces what was heard there.
    pub(crate) fn start(&mut self, leg: LegId, player: Player) -> PlayId {
        self.started += 1;
        let play = PlayId(self.started);
        self.heard.insert(leg, (play, player));
        play
    }
    /// Forgets what a leg hears, because it was stopped or the leg hears something else or nothing.
    pub(crate) fn stop(&mut self, leg: LegId) {
        self.heard.remove(&leg);
    }
    /// Takes the play of a leg that came to its end, if it is the one that is heard.
    pub(crate) fn ended(&mut self, leg: LegId, play: PlayId) -> Option<Player> {
        if self.heard.get(&leg)?.0 != play {
            return None;
        }
        self.heard.remove(&leg).map(|(_, player)| player)
    }
    /// Tells whether a leg hears that it is overheard.
    pub(crate) fn notifies(&self, leg: LegId) -> bool {
        self.heard.get(&leg).is_some_and(|(_, player)| *player == Player::Notice)
    }
    /// Tells whether no leg hears anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.heard.is_empty()
    }
}
