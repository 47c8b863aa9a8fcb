//! One caller in a flow.
//!
//! ```text
//!            Begin                 node without a word to say: straight on, at most NODES_PER_VISIT_MAX
//!              |                      +----+
//!              v                      v    |
//!   +------- enter ------------------------+------------------------> ToQueue, or HangUp after the
//!   |          |                                                      last clip of a hang-up node
//!   |          v            Played, or PLAY_GUARD is over
//!   |       Saying ----------------------------------------> Waiting      (menu, collect)
//!   |        |  |  ^                                          |  |
//!   |        |  |  +---- `wait` or `pause` is over: again ----+  |
//!   |        |  |  +---- a wrong key: again, `tries_max` times --+
//!   |        |  |                                                |
//!   +--------+--|---- the right key, enough digits, enough ------+
//!               |     wrong tries; a message: its end, any key   |
//!               v                                                |
//!        silence is up: Saying `ivr.to-agent` <------------------+   then ToQueue of `to_agent`
//! ```

use crate::silence::Silence;
use crate::turn::Turn;
use crate::{NODES_PER_VISIT_MAX, Output, PLAY_GUARD, WAIT_MIN};
use model::fact::Chosen;
use model::order::CLIPS_PER_PLAY_MAX;
use model::site::{Lang, Node, Say, Site};
use model::{Clip, Digit, Fact, Instant, MenuId, Number, PlayId, PromptId, QueueId, VisitId};
use std::sync::Arc;

/// Whether a visit is still in the flow after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Stays,
    /// It left for a queue or was told to hang up.
    Leaves,
}

/// What the node a caller is at does with keys and with the end of its clips.
#[derive(Debug)]
enum Stage {
    Menu {
        tries: u8,
    },
    Collect {
        tries: u8,
        typed: Vec<Digit>,
    },
    Message,
    /// `ivr.to-agent` is said before the visit goes to a queue.
    Transfer {
        queue: QueueId,
        complaint: bool,
    },
    /// The last clips before the box hangs up.
    Goodbye,
}

/// What is awaited: every session has exactly one of these, and with it a deadline.
#[derive(Debug)]
enum Phase {
    Saying { play: PlayId, guard: Instant },
    Waiting { until: Instant },
}

/// One caller in a flow, on the site the visit began with.
#[derive(Debug)]
pub(crate) struct Session {
    visit: VisitId,
    site: Arc<Site>,
    lang: Lang,
    node: MenuId,
    stage: Stage,
    phase: Phase,
    silence: Silence,
    /// Nodes entered so far.
    steps: u16,
}

impl Session {
    /// Enters the flow. Gives nothing if the way leads straight out of it again.
    pub(crate) fn begin(
        turn: &mut Turn<'_>,
        site: Arc<Site>,
        visit: VisitId,
        node: MenuId,
        lang: Lang,
    ) -> Option<Self> {
        let silence = Silence::new(site.flow.silence);
        let phase = Phase::Waiting { until: turn.now };
        let stage = Stage::Message;
        let mut session =
            Self { visit, site, lang, node: node.clone(), stage, phase, silence, steps: 0 };
        (session.enter(turn, node, None) == Life::Stays).then_some(session)
    }

    /// The node the caller is at.
    pub(crate) fn node(&self) -> &MenuId {
        &self.node
    }

    /// When something happens by itself, and what.
    pub(crate) fn deadline(&self) -> (Instant, &'static str) {
        let own = match self.phase {
            Phase::Saying { guard, .. } => (guard, "end of a play lost"),
            Phase::Waiting { until } => (until, "wait for a key over"),
        };
        match self.silence.up_at() {
            Some(up) if up <= own.0 => (up, "caller presses nothing"),
            _ => own,
        }
    }

    /// Fires the earliest timer if it is due.
    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>) -> Life {
        if self.silence.up_at().is_some_and(|up| up <= turn.now) {
            return self.transfer(turn);
        }
        match self.phase {
            Phase::Saying { guard, .. } if guard <= turn.now => {
                turn.counters.plays_lost += 1;
                self.said(turn)
            }
            Phase::Waiting { until } if until <= turn.now => self.waited(turn),
            _ => Life::Stays,
        }
    }

    /// Clips came to their end; of a play that is no longer ours this says nothing.
    pub(crate) fn played(&mut self, turn: &mut Turn<'_>, ended: PlayId) -> Life {
        match self.phase {
            Phase::Saying { play, .. } if play == ended => self.said(turn),
            _ => Life::Stays,
        }
    }

    /// The caller pressed a key: it cuts short whatever is said.
    pub(crate) fn digit(&mut self, turn: &mut Turn<'_>, key: Digit) -> Life {
        self.silence.start_over(turn.now);
        self.stop(turn);
        let site = Arc::clone(&self.site);
        match (site.flow.nodes.get(&self.node), &mut self.stage) {
            (_, Stage::Transfer { queue, complaint }) => {
                let (queue, complaint) = (queue.clone(), *complaint);
                self.send_to_queue(turn, queue, complaint)
            }
            (_, Stage::Goodbye) => self.hang_up(turn),
            (Some(Node::Message { then, .. }), _) => self.enter(turn, then.clone(), Some(key)),
            (Some(Node::Menu { keys, .. }), _) => match keys.get(&key) {
                Some(to) => self.leave_for(turn, Chosen::Key(key), to.clone()),
                None => self.wrong_try(turn, "ivr.invalid"),
            },
            (Some(Node::Collect { digits, end, pause, .. }), Stage::Collect { typed, .. }) => {
                if key == *end {
                    return self.typed_all(turn);
                }
                if !key.as_char().is_ascii_digit() {
                    return self.wrong_try(turn, "ivr.invalid");
                }
                typed.push(key);
                if typed.len() >= usize::from(digits.1) {
                    return self.typed_all(turn);
                }
                self.phase = Phase::Waiting { until: turn.now + (*pause).max(WAIT_MIN) };
                Life::Stays
            }
            _ => self.lost(turn),
        }
    }

    /// Walks on from node to node until one of them waits for something.
    ///
    /// `key` was pressed into a message: it ends the message, and is taken by a menu that follows
    /// at once if that menu has it, so that a regular caller need not press twice.
    fn enter(&mut self, turn: &mut Turn<'_>, mut to: MenuId, mut key: Option<Digit>) -> Life {
        let site = Arc::clone(&self.site);
        loop {
            self.steps += 1;
            let Some(node) = site.flow.nodes.get(&to).filter(|_| self.steps <= NODES_PER_VISIT_MAX)
            else {
                return self.lost(turn);
            };
            self.node = to;
            match node {
                Node::Menu { say, keys, .. } => {
                    turn.fact(Fact::MenuEntered { visit: self.visit, menu: self.node.clone() });
                    self.silence.count(turn.now);
                    if let Some((key, next)) = key.take().and_then(|key| keys.get_key_value(&key)) {
                        turn.fact(self.left(Chosen::Key(*key)));
                        to = next.clone();
                        continue;
                    }
                    self.stage = Stage::Menu { tries: 0 };
                    return self.say(turn, None, say);
                }
                Node::Collect { say, .. } => {
                    turn.fact(Fact::MenuEntered { visit: self.visit, menu: self.node.clone() });
                    self.silence.count(turn.now);
                    self.stage = Stage::Collect { tries: 0, typed: Vec::new() };
                    return self.say(turn, None, say);
                }
                Node::Message { say, then } if say.is_empty() => to = then.clone(),
                Node::Message { say, .. } => {
                    self.silence.stand_still(turn.now);
                    self.stage = Stage::Message;
                    return self.say(turn, None, say);
                }
                Node::Hours { .. } => to = turn.door(&site, node).clone(),
                Node::Language { lang, then } => {
                    self.lang = *lang;
                    to = then.clone();
                }
                Node::Queue { queue, complaint } => {
                    return self.send_to_queue(turn, queue.clone(), *complaint);
                }
                Node::HangUp { say } => {
                    self.silence.stand_still(turn.now);
                    self.stage = Stage::Goodbye;
                    return if say.is_empty() {
                        self.hang_up(turn)
                    } else {
                        self.say(turn, None, say)
                    };
                }
            }
        }
    }

    /// The clips were said, or their end was lost.
    fn said(&mut self, turn: &mut Turn<'_>) -> Life {
        self.phase = Phase::Waiting { until: turn.now + WAIT_MIN };
        let site = Arc::clone(&self.site);
        match (&self.stage, site.flow.nodes.get(&self.node)) {
            (Stage::Transfer { queue, complaint }, _) => {
                self.send_to_queue(turn, queue.clone(), *complaint)
            }
            (Stage::Goodbye, _) => self.hang_up(turn),
            (Stage::Message, Some(Node::Message { then, .. })) => {
                self.enter(turn, then.clone(), None)
            }
            (_, Some(Node::Menu { wait: pause, .. } | Node::Collect { pause, .. })) => {
                self.phase = Phase::Waiting { until: turn.now + (*pause).max(WAIT_MIN) };
                Life::Stays
            }
            _ => self.lost(turn),
        }
    }

    /// Nothing was pressed for a menu's `wait` or a collect node's `pause`.
    fn waited(&mut self, turn: &mut Turn<'_>) -> Life {
        let site = Arc::clone(&self.site);
        match (&self.stage, site.flow.nodes.get(&self.node)) {
            (Stage::Menu { .. }, Some(Node::Menu { say, .. })) => {
                self.say(turn, Some("ivr.no-input"), say)
            }
            (Stage::Collect { typed, .. }, _) if typed.is_empty() => {
                self.wrong_try(turn, "ivr.no-input")
            }
            (Stage::Collect { .. }, _) => self.typed_all(turn),
            _ => self.lost(turn),
        }
    }

    /// Takes the digits if they are enough, or counts a wrong try.
    fn typed_all(&mut self, turn: &mut Turn<'_>) -> Life {
        let site = Arc::clone(&self.site);
        match (&self.stage, site.flow.nodes.get(&self.node)) {
            (
                Stage::Collect { typed, .. },
                Some(Node::Collect { digits, name, secret, then, .. }),
            ) if typed.len() >= usize::from(digits.0) => {
                let typed: String = typed.iter().map(|key| key.as_char()).collect();
                let kept = if *secret { Number::default() } else { Number::new(typed) };
                turn.fact(Fact::Collected { visit: self.visit, name: name.clone(), digits: kept });
                self.enter(turn, then.clone(), None)
            }
            _ => self.wrong_try(turn, "ivr.invalid"),
        }
    }

    /// Says why, and the clips again; after `tries_max` of these leaves for `invalid_to`.
    fn wrong_try(&mut self, turn: &mut Turn<'_>, why: &str) -> Life {
        let site = Arc::clone(&self.site);
        let Some(
            Node::Menu { say, tries_max, invalid_to, .. }
            | Node::Collect { say, tries_max, invalid_to, .. },
        ) = site.flow.nodes.get(&self.node)
        else {
            return self.lost(turn);
        };
        let tries = match &mut self.stage {
            Stage::Menu { tries } => tries,
            Stage::Collect { tries, typed } => {
                typed.clear();
                tries
            }
            _ => return self.lost(turn),
        };
        *tries = tries.saturating_add(1);
        if *tries >= *tries_max {
            return self.leave_for(turn, Chosen::Invalid, invalid_to.clone());
        }
        self.say(turn, Some(why), say)
    }

    /// Silence is up: the rule of the trade. Out of hours the flow may have a goodbye for that.
    fn transfer(&mut self, turn: &mut Turn<'_>) -> Life {
        turn.fact(self.left(Chosen::Silence));
        self.silence.stand_still(turn.now);
        let site = Arc::clone(&self.site);
        let to = turn.agent_node(&site);
        match site.flow.nodes.get(to) {
            Some(Node::Queue { queue, complaint }) => {
                self.stage = Stage::Transfer { queue: queue.clone(), complaint: *complaint };
                self.say(turn, Some("ivr.to-agent"), &[])
            }
            _ => self.enter(turn, to.clone(), None),
        }
    }

    fn leave_for(&mut self, turn: &mut Turn<'_>, chosen: Chosen, to: MenuId) -> Life {
        turn.fact(self.left(chosen));
        self.enter(turn, to, None)
    }

    fn left(&self, chosen: Chosen) -> Fact {
        Fact::MenuLeft { visit: self.visit, menu: self.node.clone(), chosen }
    }

    /// Plays a word of the box's own and a node's clips, in place of what plays now.
    fn say(&mut self, turn: &mut Turn<'_>, own: Option<&str>, say: &[Say]) -> Life {
        let own = own.map(|prompt| Clip { lang: self.lang, prompt: PromptId::new(prompt) });
        let node = say
            .iter()
            .map(|say| Clip { lang: say.lang.unwrap_or(self.lang), prompt: say.prompt.clone() });
        let clips: Vec<Clip> = own.into_iter().chain(node).take(CLIPS_PER_PLAY_MAX).collect();
        if clips.is_empty() {
            self.stop(turn);
            return self.said(turn);
        }
        let play = turn.next_play();
        self.phase = Phase::Saying { play, guard: turn.now + PLAY_GUARD };
        turn.out(Output::Play { visit: self.visit, play, clips });
        Life::Stays
    }

    /// Stops what plays, if anything.
    fn stop(&mut self, turn: &mut Turn<'_>) {
        if matches!(self.phase, Phase::Saying { .. }) {
            turn.out(Output::StopPlay { visit: self.visit });
            self.phase = Phase::Waiting { until: turn.now + WAIT_MIN };
        }
    }

    /// The flow cannot go on (too many nodes, or a node that is not there): to a person.
    fn lost(&mut self, turn: &mut Turn<'_>) -> Life {
        turn.counters.visits_cut += 1;
        self.send_to_agent(turn)
    }

    fn send_to_agent(&mut self, turn: &mut Turn<'_>) -> Life {
        let site = Arc::clone(&self.site);
        match site.flow.nodes.get(turn.agent_node(&site)) {
            Some(Node::Queue { queue, complaint }) => {
                self.send_to_queue(turn, queue.clone(), *complaint)
            }
            _ => self.hang_up(turn),
        }
    }

    fn send_to_queue(&mut self, turn: &mut Turn<'_>, queue: QueueId, complaint: bool) -> Life {
        self.stop(turn);
        turn.out(Output::ToQueue { visit: self.visit, queue, complaint, lang: self.lang });
        Life::Leaves
    }

    fn hang_up(&mut self, turn: &mut Turn<'_>) -> Life {
        self.stop(turn);
        turn.out(Output::HangUp { visit: self.visit });
        Life::Leaves
    }
}
