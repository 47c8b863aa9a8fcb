//! The world around the box: what happens when, and what becomes of each order.

use super::callers::{Caller, Ender, callers};
use super::desks::{Desk, desks, shift};
use super::dice::Dice;
use super::fairness::Fairness;
use super::ledger::Ledger;
use super::legs::Legs;
use super::site::site;
use super::tapes::Tapes;
use super::{DATE, Outcome};
use anyhow::{Context, Result, ensure};
use exchange::{Counters, Exchange, Input, Output};
use model::fact::AgentState;
use model::site::Site;
use model::time::Anchor;
use model::{Cause, Digit, Entry, Fact, Instant, LegEvent, LegId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The box is drained for a new version, and loses power later.
const DRAIN_AT: Duration = Duration::from_secs(13 * 3600 + 300);
const POWER_CUT_AT: Duration = Duration::from_secs(16 * 3600 + 1200);

/// More ticks at one moment than this are a core that spins.
const TICKS_MAX: u32 = 1000;

/// What an agent does with the other party.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asks {
    /// Sends the party on (REFER).
    Refer(&'static str),
    /// Joins the party with that of another leg (REFER with Replaces).
    Join(LegId),
    /// Asks a colleague first, by keys.
    Consult(&'static str),
    Keys(&'static str),
}

/// Something that happens in the world. Legs are named with the run of the box they belong to.
#[derive(Debug)]
pub(super) enum Happening {
    Arrives(usize),
    Leg {
        run: u32,
        leg: LegId,
        event: LegEvent,
    },
    /// The same event once more.
    Again {
        run: u32,
        leg: LegId,
        event: LegEvent,
    },
    Presses {
        run: u32,
        leg: LegId,
        key: Digit,
    },
    /// The caller loses patience, unless in a talk.
    Leaves {
        run: u32,
        leg: LegId,
    },
    TalkEnds {
        run: u32,
        caller: LegId,
        agent: LegId,
        ender: Ender,
    },
    Hold {
        run: u32,
        agent: LegId,
        on: bool,
    },
    Asks {
        run: u32,
        leg: LegId,
        asks: Asks,
    },
    /// A party of a conference leaves.
    Hangs {
        run: u32,
        leg: LegId,
    },
    Dials {
        desk: usize,
        code: &'static str,
    },
    Phone {
        desk: usize,
        up: bool,
    },
    Drain,
    PowerCut,
    Boots,
}

/// The world.
pub struct Town {
    pub(super) seed: u64,
    pub(super) site: Arc<Site>,
    pub(super) anchor: Anchor,
    pub(super) now: Instant,
    pub(super) dice: Dice,
    pub(super) agenda: BTreeMap<(Instant, u64), Happening>,
    pub(super) planned: u64,
    pub(super) exchange: Option<Exchange>,
    /// Counts the runs of the box.
    pub(super) run: u32,
    pub(super) drained: bool,
    pub(super) callers: Vec<Caller>,
    pub(super) desks: Vec<Desk>,
    pub(super) legs: Legs,
    pub(super) arrived: u64,
    /// What agents asked for during talks.
    pub(super) asked: u64,
    pub(super) ledger: Ledger,
    pub(super) fairness: Fairness,
    pub(super) tapes: Tapes,
    pub(super) facts: Vec<Entry>,
    pub(super) steps: u64,
    pub(super) calls_at_once: usize,
    pub(super) counters: Counters,
}

impl Town {
    pub fn new(seed: u64) -> Self {
        let site = Arc::new(site());
        let mut dice = Dice::new(seed);
        let anchor = Anchor { at: Instant::START, wall: site.zone.start_of(DATE) };
        let mut town = Self {
            seed,
            anchor,
            now: Instant::START,
            agenda: BTreeMap::new(),
            planned: 0,
            exchange: None,
            run: 0,
            drained: false,
            callers: callers(&mut dice),
            desks: desks(&site),
            legs: Legs::default(),
            arrived: 0,
            asked: 0,
            ledger: Ledger::default(),
            fairness: Fairness::new(Arc::clone(&site)),
            tapes: Tapes::default(),
            facts: Vec::new(),
            steps: 0,
            calls_at_once: 0,
            counters: Counters::default(),
            site,
            dice,
        };
        town.plan();
        town
    }

    /// Lives until nothing more can happen.
    pub fn live(mut self) -> Outcome {
        loop {
            let planned = self.agenda.keys().next().map(|(at, _)| *at);
            let due = self.exchange.as_ref().and_then(Exchange::deadline).map(|(at, _)| at);
            let Some(at) = planned.into_iter().chain(due).min() else { break };
            self.now = self.now.max(at);
            let lived = match planned == Some(at) {
                true => self.happens(),
                false => self.ticks(),
            };
            self.keep(lived);
        }
        let over = self.over();
        self.keep(over);
        Outcome {
            seed: self.seed,
            site: self.site,
            date: DATE,
            facts: self.facts,
            steps: self.steps,
            calls_at_once: self.calls_at_once,
            counters: self.counters,
            ledger: self.ledger,
        }
    }

    /// Stops the day when a promise is broken.
    pub(super) fn keep(&self, promise: Result<()>) {
        if let Err(broken) = promise {
            let time = self.site.zone.civil(self.anchor.wall(self.now));
            panic!("day {}, {time}, step {}: {broken:#}", self.seed, self.steps);
        }
    }

    pub(super) fn plan(&mut self) {
        self.at(Duration::ZERO, Happening::Boots);
        self.at(DRAIN_AT, Happening::Drain);
        self.at(POWER_CUT_AT, Happening::PowerCut);
        for n in 0..self.callers.len() {
            let at = self.callers[n].at.since(Instant::START);
            self.at(at, Happening::Arrives(n));
        }
        for desk in 0..self.desks.len() {
            let registers = self.dice.s(6 * 3600, 7 * 3600);
            self.at(registers, Happening::Phone { desk, up: true });
            for (at, code) in shift(&mut self.dice, desk) {
                self.at(at, Happening::Dials { desk, code });
            }
            if self.dice.chance(400) {
                let at = self.dice.s(9 * 3600, 18 * 3600);
                let back = at + self.dice.s(5, 300);
                self.at(at, Happening::Phone { desk, up: false });
                self.at(back, Happening::Phone { desk, up: true });
            }
        }
    }

    /// Plans something for a time of the day.
    pub(super) fn at(&mut self, time: Duration, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((Instant::START + time, self.planned), happening);
    }
    pub(super) fn after(&mut self, span: Duration, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((self.now + span, self.planned), happening);
    }
    pub(super) fn event_after(&mut self, span: Duration, leg: LegId, event: LegEvent) {
        self.after(span, Happening::Leg { run: self.run, leg, event });
    }

    pub(super) fn happens(&mut self) -> Result<()> {
        let Some((_, happening)) = self.agenda.pop_first() else { return Ok(()) };
        match happening {
            Happening::Arrives(n) => self.arrives(n),
            Happening::Leg { run, leg, event } if run == self.run => self.event(leg, event),
            Happening::Again { run, leg, event } if run == self.run => {
                self.tell(Input::Leg { leg, event })
            }
            Happening::Presses { run, leg, key } if run == self.run => {
                self.event(leg, LegEvent::Digit(key))
            }
            Happening::Leaves { run, leg } if run == self.run => {
                if self.legs.get(leg).is_some_and(|leg| leg.peer.is_none() && leg.room.is_none()) {
                    self.party_gone(leg, Cause::Normal);
                }
                Ok(())
            }
            Happening::TalkEnds { run, caller, agent, ender } if run == self.run => {
                self.talk_ends(caller, agent, ender);
                Ok(())
            }
            Happening::Hold { run, agent, on } if run == self.run => {
                let event = if on { LegEvent::Held } else { LegEvent::Resumed };
                self.event(agent, event)
            }
            Happening::Asks { run, leg, asks } if run == self.run => self.asks(leg, asks),
            Happening::Hangs { run, leg } if run == self.run => {
                self.hangs(leg);
                Ok(())
            }
            Happening::Dials { desk, code } => self.dials(desk, code),
            Happening::Phone { desk, up } => {
                self.desks[desk].up = up;
                let phone = self.desks[desk].phone.clone();
                self.tell(Input::Phone { phone, up })
            }
            Happening::Drain => self.tell(Input::Drain),
            Happening::PowerCut => self.power_cut(),
            Happening::Boots => self.boots(),
            // Of a leg of an earlier run of the box.
            _ => Ok(()),
        }
    }

    pub(super) fn tell(&mut self, input: Input) -> Result<()> {
        let Some(exchange) = &mut self.exchange else { return Ok(()) };
        exchange.handle(self.now, input);
        self.settles()
    }

    pub(super) fn ticks(&mut self) -> Result<()> {
        for _ in 0..TICKS_MAX {
            let Some(exchange) = &mut self.exchange else { return Ok(()) };
            if exchange.deadline().is_none_or(|(at, _)| at > self.now) {
                return Ok(());
            }
            exchange.tick(self.now);
            self.settles()?;
        }
        anyhow::bail!("the exchange is due again and again")
    }

    /// Carries out what the exchange says and checks every promise.
    pub(super) fn settles(&mut self) -> Result<()> {
        self.steps += 1;
        while let Some(output) = self.exchange.as_mut().and_then(Exchange::poll) {
            match output {
                Output::Order(order) => {
                    self.order(order.clone()).with_context(|| format!("{order:?}"))?;
                }
                Output::Fact(at, fact) => {
                    ensure!(at == self.anchor.wall(self.now), "a fact of another time");
                    self.fact(fact)?;
                }
                Output::Show { .. } | Output::Lamp { .. } | Output::Waiting { .. } => {}
                Output::Drained => {
                    ensure!(!self.drained, "drained twice");
                    self.drained = true;
                }
            }
        }
        let legs = &self.legs;
        self.tapes.settled(|leg, recorded| legs.heard_by(leg, recorded))?;
        let (desks, legs) = (&self.desks, &self.legs);
        let busy = |agent: &model::AgentId| {
            let desk = desks.iter().position(|desk| desk.agent == *agent);
            desk.is_some_and(|desk| legs.on_phone(desk))
        };
        self.fairness.settled(busy)?;
        if let Some(exchange) = &self.exchange {
            self.calls_at_once = self.calls_at_once.max(exchange.live_calls());
            let strays = exchange.counters().strays;
            ensure!(strays == 0, "{strays} words between stages fit nothing");
        }
        if self.drained {
            self.stops()?;
        }
        Ok(())
    }

    pub(super) fn fact(&mut self, fact: Fact) -> Result<()> {
        let at = self.anchor.wall(self.now);
        let told = self.ledger.fact(at, &fact).and_then(|()| self.fairness.fact(&fact));
        told.with_context(|| format!("{fact:?}"))?;
        match &fact {
            Fact::AgentChanged { agent, state: AgentState::NotReady { reason } }
                if ["no-answer", "restart"].contains(&reason.as_str()) =>
            {
                self.comes_back(agent.clone(), "*13", 60, 240);
            }
            Fact::AgentChanged { agent, state: AgentState::WrapUp { .. } }
                if self.dice.chance(300) =>
            {
                self.comes_back(agent.clone(), "*15", 2, 7);
            }
            _ => {}
        }
        let seq = self.facts.len() as u64 + 1;
        self.facts.push(Entry { seq, at, fact });
        Ok(())
    }

    /// Checks at the end of the day that nothing is left and all adds up.
    pub(super) fn over(&mut self) -> Result<()> {
        ensure!(self.legs.is_empty(), "legs are left: {:?}", self.legs);
        ensure!(self.tapes.is_empty(), "a recording runs on");
        self.leaves_the_exchange()?;
        self.ledger.close()
    }
}
