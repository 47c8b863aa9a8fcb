//! The world around the box: what happens when, and what becomes of each order.

use super::callers::{Caller, Ender, callers};
use super::desks::{Desk, NIGHT, Reaction, desks, reaction, shift};
use super::dice::Dice;
use super::fairness::Fairness;
use super::ledger::Ledger;
use super::legs::{Legs, Side};
use super::site::{PORTS, site};
use super::tapes::Tapes;
use super::{DATE, Outcome};
use anyhow::{Context, Result, ensure};
use exchange::{Config, Counters, Exchange, Input, Output};
use model::fact::AgentState;
use model::order::CLIPS_PER_PLAY_MAX;
use model::site::Site;
use model::time::Anchor;
use model::{
    Cause, Digit, Entry, Fact, Instant, LegEvent, LegId, Number, Order, PersonName, PlayId, Via,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The box is drained for a new version, and loses power later.
const DRAIN_AT: Duration = Duration::from_secs(13 * 3600 + 300);
const POWER_CUT_AT: Duration = Duration::from_secs(16 * 3600 + 1200);

/// One clip's length.
const CLIP: Duration = Duration::from_millis(1200);

/// More ticks at one moment than this are a core that spins.
const TICKS_MAX: u32 = 1000;

/// Something that happens in the world. Legs are named with the run of the box they belong to.
#[derive(Debug)]
enum Happening {
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
    seed: u64,
    site: Arc<Site>,
    anchor: Anchor,
    now: Instant,
    dice: Dice,
    agenda: BTreeMap<(Instant, u64), Happening>,
    planned: u64,
    exchange: Option<Exchange>,
    /// Counts the runs of the box.
    run: u32,
    drained: bool,
    callers: Vec<Caller>,
    desks: Vec<Desk>,
    legs: Legs,
    arrived: u64,
    ledger: Ledger,
    fairness: Fairness,
    tapes: Tapes,
    facts: Vec<Entry>,
    steps: u64,
    calls_at_once: usize,
    counters: Counters,
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
    fn keep(&self, promise: Result<()>) {
        if let Err(broken) = promise {
            let time = self.site.zone.civil(self.anchor.wall(self.now));
            panic!("day {}, {time}, step {}: {broken:#}", self.seed, self.steps);
        }
    }

    fn plan(&mut self) {
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
    fn at(&mut self, time: Duration, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((Instant::START + time, self.planned), happening);
    }
    fn after(&mut self, span: Duration, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((self.now + span, self.planned), happening);
    }
    fn event_after(&mut self, span: Duration, leg: LegId, event: LegEvent) {
        self.after(span, Happening::Leg { run: self.run, leg, event });
    }

    fn happens(&mut self) -> Result<()> {
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
                if self.legs.get(leg).is_some_and(|leg| leg.peer.is_none()) {
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

    fn arrives(&mut self, n: usize) -> Result<()> {
        if self.exchange.is_none() {
            return Ok(());
        }
        self.arrived += 1;
        let leg = LegId::inbound(self.arrived);
        let caller = &self.callers[n];
        let port = self.dice.between(1, u64::from(PORTS) + 1);
        let via = match caller.by_port {
            true => Via::Port(format!("fxo-{port}").as_str().into()),
            false => Via::Trunk("carrier".into()),
        };
        let event = LegEvent::Arrived {
            via,
            caller: caller.number.clone(),
            name: PersonName::default(),
            dialled: String::new(),
        };
        self.legs.open(leg, Side::Caller(n))?;
        if caller.misdials {
            let soon = self.dice.ms(0, 60);
            self.event_after(soon, leg, LegEvent::Gone(Cause::Cancelled));
        }
        self.tell(Input::Leg { leg, event: event.clone() })?;
        // A leg that was refused is forgotten, and would be another call.
        if self.legs.get(leg).is_some_and(|leg| !leg.hung_up) && self.dice.chance(10) {
            self.tell(Input::Leg { leg, event })?;
        }
        Ok(())
    }

    fn dials(&mut self, desk: usize, code: &'static str) -> Result<()> {
        let night = self.now.since(Instant::START) >= NIGHT;
        if night && !self.ledger.logged_in(&self.desks[desk].agent) {
            return Ok(());
        }
        let on_a_call = self.legs.of_desk(desk).any(|leg| matches!(leg.side, Side::Desk(_)));
        let serviced = self.legs.on_service(desk);
        let down = self.exchange.is_none() || !self.desks[desk].up;
        if down || serviced || (on_a_call && self.dice.chance(700)) {
            let later = self.dice.s(10, 30);
            self.after(later, Happening::Dials { desk, code });
            return Ok(());
        }
        self.arrived += 1;
        let leg = LegId::inbound(self.arrived);
        self.legs.open(leg, Side::Service { desk, dialled: code })?;
        if self.dice.chance(80) {
            // Puts the phone down without listening.
            let soon = self.dice.ms(0, 900);
            self.event_after(soon, leg, LegEvent::Gone(Cause::Normal));
        }
        let phone = self.desks[desk].phone.clone();
        let event = LegEvent::Arrived {
            caller: Number::new(phone.as_str()),
            via: Via::Phone(phone),
            name: PersonName::default(),
            dialled: code.to_owned(),
        };
        self.tell(Input::Leg { leg, event })
    }

    /// An event of a leg reaches the box, if the leg is still there to say it.
    fn event(&mut self, id: LegId, event: LegEvent) -> Result<()> {
        let Some(leg) = self.legs.get_mut(id) else { return Ok(()) };
        match &event {
            LegEvent::Answered if leg.over || leg.answered => return Ok(()),
            LegEvent::Answered => {
                leg.answered = true;
                let (side, hung_up) = (leg.side.clone(), leg.hung_up);
                if let Side::Caller(n) = side
                    && !hung_up
                {
                    self.tapes.answered(id);
                    self.caller_listens(id, n);
                }
            }
            LegEvent::Played(play) if leg.play == Some(*play) => leg.play = None,
            LegEvent::Gone(_) => {
                self.legs.ended(id);
                self.tapes.gone(id);
            }
            _ if leg.over => return Ok(()),
            _ => {}
        }
        if self.dice.chance(10) && !matches!(event, LegEvent::Digit(_)) {
            let soon = self.dice.ms(0, 200);
            let again = Happening::Again { run: self.run, leg: id, event: event.clone() };
            self.after(soon, again);
        }
        self.tell(Input::Leg { leg: id, event })
    }

    /// Plans what a caller does with what is heard.
    fn caller_listens(&mut self, leg: LegId, n: usize) {
        let (keys, patience) = (self.callers[n].keys.clone(), self.callers[n].patience);
        for (at, key) in keys {
            self.after(at, Happening::Presses { run: self.run, leg, key });
        }
        self.after(patience, Happening::Leaves { run: self.run, leg });
    }

    /// A party hangs up or falls silent; the box hears of it a moment later.
    fn party_gone(&mut self, id: LegId, cause: Cause) {
        let soon = self.dice.ms(2, 50);
        if let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.stands()) {
            leg.over = true;
            self.event_after(soon, id, LegEvent::Gone(cause));
        }
    }

    fn talk_ends(&mut self, caller: LegId, agent: LegId, ender: Ender) {
        let Some(leg) = self.legs.get(caller).filter(|leg| leg.peer == Some(agent)) else { return };
        if !leg.stands() {
            return;
        }
        match ender {
            Ender::Caller => self.party_gone(caller, Cause::Normal),
            Ender::Agent => self.party_gone(agent, Cause::Normal),
            Ender::Phone => {
                let cause = self.dice.pick(&[(2, Cause::Vanished), (1, Cause::Failure)]);
                self.party_gone(agent, cause);
                if let Some(Side::Desk(desk)) = self.legs.get(agent).map(|leg| leg.side.clone()) {
                    let (gone, back) = (self.dice.s(1, 60), self.dice.s(61, 240));
                    self.after(gone, Happening::Phone { desk, up: false });
                    self.after(back, Happening::Phone { desk, up: true });
                }
            }
        }
    }

    fn tell(&mut self, input: Input) -> Result<()> {
        let Some(exchange) = &mut self.exchange else { return Ok(()) };
        exchange.handle(self.now, input);
        self.settles()
    }

    fn ticks(&mut self) -> Result<()> {
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
    fn settles(&mut self) -> Result<()> {
        self.steps += 1;
        while let Some(output) = self.exchange.as_mut().and_then(Exchange::poll) {
            match output {
                Output::Order(order) => {
                    let text = format!("{order:?}");
                    self.order(order).context(text)?;
                }
                Output::Fact(at, fact) => {
                    ensure!(at == self.anchor.wall(self.now), "a fact of another time");
                    self.fact(fact)?;
                }
                Output::Drained => {
                    ensure!(!self.drained, "drained twice");
                    self.drained = true;
                }
            }
        }
        self.tapes.settled()?;
        let (desks, legs) = (&self.desks, &self.legs);
        let busy = |agent: &model::AgentId| {
            let desk = desks.iter().position(|desk| desk.agent == *agent);
            desk.is_some_and(|desk| legs.on_service(desk))
        };
        self.fairness.settled(busy)?;
        if let Some(exchange) = &self.exchange {
            self.calls_at_once = self.calls_at_once.max(exchange.live_calls());
        }
        if self.drained {
            self.stops()?;
        }
        Ok(())
    }

    fn fact(&mut self, fact: Fact) -> Result<()> {
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

    fn comes_back(&mut self, agent: model::AgentId, code: &'static str, from: u64, to: u64) {
        let later = self.dice.s(from, to);
        if let Some(desk) = self.desks.iter().position(|desk| desk.agent == agent) {
            self.after(later, Happening::Dials { desk, code });
        }
    }

    fn order(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Answer { leg } => {
                let found = self.legs.ordered(leg)?;
                ensure!(!found.taken && !leg.is_outbound(), "answered twice");
                found.taken = true;
                let soon = self.dice.ms(5, 60);
                self.event_after(soon, leg, LegEvent::Answered);
            }
            Order::Refuse { leg, cause } => {
                let found = self.legs.ordered(leg)?;
                ensure!(!found.taken, "refused after an answer");
                (found.taken, found.hung_up) = (true, true);
                let side = found.side.clone();
                self.event_after(self.now.since(self.now), leg, LegEvent::Gone(cause));
                if let Side::Service { desk, dialled } = side {
                    let later = self.dice.s(20, 40);
                    self.after(later, Happening::Dials { desk, code: dialled });
                }
            }
            Order::Ring { leg, phone, .. } => self.rings(leg, &phone)?,
            Order::Play { leg, play, clips, looped } => {
                ensure!((1..=CLIPS_PER_PLAY_MAX).contains(&clips.len()), "{} clips", clips.len());
                self.plays(leg, play, clips.len() as u32, looped)?;
            }
            Order::StopPlay { leg } => self.legs.ordered(leg)?.play = None,
            Order::Bridge { a, b } => self.bridges(a, b)?,
            Order::Unbridge { leg } => {
                let side = self.legs.ordered(leg)?.side.clone();
                self.legs.part(leg);
                if let Side::Caller(n) = side {
                    let patience = self.callers[n].patience;
                    self.after(patience, Happening::Leaves { run: self.run, leg });
                }
            }
            Order::Record { leg, recording } => {
                ensure!(self.legs.ordered(leg)?.answered, "recorded before the answer");
                self.tapes.begins(leg, recording)?;
            }
            Order::StopRecord { recording } => self.tapes.ends(recording)?,
            Order::HangUp { leg, cause } => self.hangs_up(leg, cause)?,
        }
        Ok(())
    }

    fn rings(&mut self, leg: LegId, phone: &model::PhoneId) -> Result<()> {
        let desk = self.desks.iter().position(|desk| desk.phone == *phone);
        let desk = desk.context("a phone of nobody is rung")?;
        ensure!(leg.is_outbound(), "the leg of a ring is one that arrived");
        ensure!(self.legs.of_desk(desk).next().is_none(), "{phone} is rung while it is busy");
        self.legs.open(leg, Side::Desk(desk))?;
        if !self.desks[desk].up {
            let soon = self.dice.ms(50, 500);
            self.event_after(soon, leg, LegEvent::Gone(Cause::Unreachable));
            return Ok(());
        }
        let soon = self.dice.ms(10, 50);
        self.event_after(soon, leg, LegEvent::Ringing);
        match reaction(&mut self.dice, Duration::from_secs(20)) {
            Reaction::Answers(after) => self.event_after(after, leg, LegEvent::Answered),
            Reaction::Ignores => {}
            Reaction::Gone(after, cause) => self.event_after(after, leg, LegEvent::Gone(cause)),
        }
        Ok(())
    }

    fn plays(&mut self, leg: LegId, play: PlayId, clips: u32, looped: bool) -> Result<()> {
        let found = self.legs.ordered(leg)?;
        ensure!(found.answered, "played before the answer");
        found.play = Some(play);
        if !looped {
            // The end is on its way even if something else is played in the last moment.
            let late = self.dice.ms(0, 20);
            self.event_after(CLIP * clips + late, leg, LegEvent::Played(play));
        }
        Ok(())
    }

    fn bridges(&mut self, a: LegId, b: LegId) -> Result<()> {
        self.legs.bridge(a, b)?;
        let (caller, agent) = if a.is_outbound() { (b, a) } else { (a, b) };
        let side = self.legs.get(caller).map(|leg| leg.side.clone());
        let Some(Side::Caller(n)) = side else { anyhow::bail!("no caller in a bridge") };
        let (talk, ender, hold) =
            (self.callers[n].talk, self.callers[n].ender, self.callers[n].hold);
        // Whoever lost one phone does not lose the next.
        self.callers[n].ender = Ender::Caller;
        let run = self.run;
        self.after(talk, Happening::TalkEnds { run, caller, agent, ender });
        if let Some((after, lasts)) = hold {
            self.after(after, Happening::Hold { run, agent, on: true });
            self.after(after + lasts, Happening::Hold { run, agent, on: false });
        }
        Ok(())
    }

    fn hangs_up(&mut self, leg: LegId, cause: Cause) -> Result<()> {
        let found = self.legs.ordered(leg)?;
        found.hung_up = true;
        self.tapes.gone(leg);
        let found = self.legs.get(leg).context("no such leg")?;
        let (over, service) = (found.over, matches!(found.side, Side::Service { .. }));
        if !over && !service && self.dice.chance(2) {
            self.legs.ended(leg);
            self.legs.lost += 1;
        } else if !over {
            let soon = self.dice.ms(5, 80);
            self.event_after(soon, leg, LegEvent::Gone(cause));
        }
        Ok(())
    }

    /// The drained box stops, to start anew.
    fn stops(&mut self) -> Result<()> {
        ensure!(self.legs.is_empty(), "drained with {} legs", self.legs.len());
        ensure!(self.tapes.is_empty(), "drained while a recording runs");
        self.drained = false;
        self.fact(Fact::BoxStopped)?;
        self.leaves_the_exchange()?;
        self.after(Duration::from_secs(10), Happening::Boots);
        Ok(())
    }

    fn power_cut(&mut self) -> Result<()> {
        if let Some(exchange) = self.exchange.take() {
            self.add(exchange.counters());
        }
        self.legs.clear();
        self.tapes = Tapes::default();
        self.after(Duration::from_secs(40), Happening::Boots);
        Ok(())
    }

    fn boots(&mut self) -> Result<()> {
        self.run += 1;
        self.fact(Fact::BoxStarted {
            version: "day".into(),
            site_digest: self.site.digest.clone(),
        })?;
        let config = Config {
            site: Arc::clone(&self.site),
            anchor: self.anchor,
            next_call: self.ledger.arrived + 1,
            agents: self.ledger.agents(),
        };
        self.exchange = Some(Exchange::new(self.seed, self.now, config));
        for desk in 0..self.desks.len() {
            if self.desks[desk].up {
                let soon = self.dice.s(1, 30);
                self.after(soon, Happening::Phone { desk, up: true });
            }
        }
        self.settles()
    }

    /// Nothing may be left in any stage.
    fn leaves_the_exchange(&mut self) -> Result<()> {
        let Some(exchange) = self.exchange.take() else { return Ok(()) };
        ensure!(exchange.is_idle(), "a stage is not idle");
        ensure!(exchange.live_calls() == 0, "a call is left");
        let (given_up, lost) = (exchange.counters().legs_lost, self.legs.lost);
        ensure!(given_up == lost, "{given_up} legs given up, the ends of {lost} were lost");
        self.legs.clear();
        self.add(exchange.counters());
        Ok(())
    }

    /// Checks at the end of the day that nothing is left and all adds up.
    fn over(&mut self) -> Result<()> {
        ensure!(self.legs.is_empty(), "legs are left: {:?}", self.legs);
        ensure!(self.tapes.is_empty(), "a recording runs on");
        self.leaves_the_exchange()?;
        self.ledger.close()
    }

    fn add(&mut self, run: Counters) {
        let all = &mut self.counters;
        all.calls_refused += run.calls_refused;
        all.calls_too_long += run.calls_too_long;
        all.visits_exhausted += run.visits_exhausted;
        all.legs_lost += run.legs_lost;
        all.reconnected += run.reconnected;
        all.services_refused += run.services_refused;
        all.lines_unknown += run.lines_unknown;
        all.events_ignored += run.events_ignored;
    }
}
