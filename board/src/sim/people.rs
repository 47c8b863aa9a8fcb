//! People behind a primary rate line: who calls when, and what they do once a call stands. The line's
//! signalling is its owner's.
//!
//! ```text
//!   agenda --due--> calls() --Call--> SETUP ... answered: begin() --> talk(), 20 ms each
//!   called(number) --Call, Ends--> rings, is answered: begin() ------'   | hangs up, or the box does
//!                                                                       end()
//! ```

use super::agenda::Agenda;
use super::exchange::Exchange;
use super::script::{Caller, Callers, Ends};
use super::sound::{decode, encode};
use super::talk::{Heard, Next, Outcome, Talk};
use super::{Dice, STORIES_MAX, Story};
use crate::BLOCK;
use model::site::Tones;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use std::collections::VecDeque;
use std::sync::Arc;

/// Those of a script who come by one line, and everybody whom the box may call.
pub struct People {
    span: usize,
    callers: Vec<Caller>,
    exchange: Arc<Exchange>,
    agenda: Agenda,
    dice: Dice,
    tick: u64,
    stories: VecDeque<Story>,
}

/// Somebody's call, from the first ring to its end.
#[derive(Clone, Debug)]
pub struct Call {
    caller: usize,
    began_tick: u64,
    /// From the answer on.
    talk: Option<Talk>,
}

impl People {
    /// The people behind a line, which counts from 0.
    pub fn new(seed: u64, span: usize, callers: &Callers, tones: &Tones) -> Self {
        let mut dice = Dice(ChaCha12Rng::seed_from_u64(seed));
        Self {
            span,
            exchange: Exchange::of(tones),
            agenda: Agenda::new(&callers.callers, &mut dice),
            callers: callers.callers.clone(),
            dice,
            tick: 0,
            stories: VecDeque::with_capacity(STORIES_MAX),
        }
    }

    /// Goes on 20 ms.
    pub fn tick(&mut self) {
        self.tick += 1;
    }

    /// The next one whose call is due. A call that cannot be made is ended.
    pub fn calls(&mut self) -> Option<Call> {
        let comes = |caller: &Caller| caller.comes_by(self.span);
        let caller = self.agenda.next(self.tick, &self.callers, comes)?;
        Some(Call { caller, began_tick: self.tick, talk: None })
    }

    /// Whom the box calls by a number, and what becomes of it; nobody has other numbers.
    pub fn called(&self, number: &str) -> Option<(Call, Ends)> {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        self.callers.iter().enumerate().find_map(|(caller, script)| {
            let called = script.called.as_ref().filter(|called| called.number == digits)?;
            Some((Call { caller, began_tick: self.tick, talk: None }, called.ends))
        })
    }

    /// Who calls, by number and name; empty where it is withheld.
    pub fn identity(&self, call: &Call) -> (&str, &str) {
        self.callers.get(call.caller).map_or(("", ""), |script| (&script.number, &script.name))
    }

    /// What the caller dials.
    pub fn dials(&self, call: &Call) -> &str {
        self.callers.get(call.caller).map_or("", |script| &script.dials)
    }

    /// Tells whether the caller has had enough of waiting for an answer.
    pub fn gives_up(&self, call: &Call) -> bool {
        let patience = self.callers.get(call.caller).map_or(0, |script| script.patience_ticks);
        self.tick.saturating_sub(call.began_tick) >= patience
    }

    /// Tells whether the telephone of whom the box calls has rung so often.
    pub fn has_rung(&self, call: &Call, rings: u64) -> bool {
        self.tick.saturating_sub(call.began_tick) >= self.exchange.rings_last(rings)
    }

    /// The call stands: the first step begins.
    pub fn begin(&mut self, call: &mut Call) {
        if let Some(script) = self.callers.get(call.caller) {
            call.talk = Some(Talk::new(script, &mut self.dice));
        }
    }

    /// 20 ms of a call that stands: hears the box and says what is due.
    pub fn talk(&mut self, call: &mut Call, heard: &[u8; BLOCK], said: &mut [u8; BLOCK]) -> Next {
        let (mut ear, mut mouth) = ([0.0; BLOCK], [0.0; BLOCK]);
        decode(heard, &mut ear);
        let next = match (&mut call.talk, self.callers.get(call.caller)) {
            (Some(talk), Some(script)) => talk.tick(script, &ear, &mut mouth, &mut self.dice),
            _ => Next::Stay,
        };
        encode(&mouth, said);
        next
    }

    /// A call is over, on whichever channel it was; its caller may call again.
    pub fn end(&mut self, call: &Call, slot: u8, outcome: Outcome) {
        if let Some(script) = self.callers.get(call.caller) {
            self.agenda.ended(self.tick, call.caller, script, &mut self.dice);
        }
        if self.stories.len() == STORIES_MAX {
            self.stories.pop_front();
        }
        self.stories.push_back(Story {
            caller: call.caller + 1,
            port: slot.into(),
            began_tick: call.began_tick,
            ended_tick: self.tick,
            outcome,
            heard: call.talk.as_ref().map_or(Heard::default(), |talk| talk.heard),
        });
    }

    /// The calls that are over, oldest first.
    pub fn stories(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter()
    }
}
