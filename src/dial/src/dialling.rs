//! The core: who may call what, and what becomes of a call out.

use crate::ceiling::{Payer, Spent};
use crate::plan::{Plan, Reading};
use crate::trunks::Trunks;
use crate::{Config, Input, Output, Who};
use model::fact::Barred;
use model::site::{CallerId, Ceiling, Role, Site, Trunk, TrunkOut};
use model::time::Anchor;
use model::{CallId, Cause, Fact, Instant, MenuId, Number, TrunkId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Most calls out at once; the next is refused and counted.
pub const ASKS_MAX: usize = 1000;
/// Most emergency calls beyond them.
pub const EMERGENCIES_MAX: usize = 100;
/// Once so much time went by without an answer or a ring, no further trunk is tried. Emergencies
/// try every trunk. One that says no more than that it tries does not cost the next one, and
/// neither does one of several targets of which the others are silent.
pub const ROUTE_TIME_MAX: Duration =
    TrunkOut::SILENCE_MAX.saturating_add(TrunkOut::TRYING_MAX).saturating_add(SLACK);
/// What the answers of several trunks take to go to and fro.
const SLACK: Duration = Duration::from_secs(1);

/// A call out.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) call: Option<CallId>,
    pub(crate) who: Who,
    pub(crate) reading: Reading,
    since: Instant,
    trunk: TrunkId,
    tried: BTreeSet<TrunkId>,
    pub(crate) answered: Option<Instant>,
    /// Who pays was told that the minutes end.
    pub(crate) warned: bool,
    /// It is to be ended, for that.
    pub(crate) cut: bool,
}

impl Call {
    pub(crate) fn payer(&self) -> Payer {
        Payer::of(self.who.agent.as_ref(), self.who.phone.as_ref())
    }
    fn talked_ms(&self, now: Instant) -> u64 {
        let talked = self.answered.map_or(Duration::ZERO, |at| now.since(at));
        u64::try_from(talked.as_millis()).unwrap_or(u64::MAX)
    }
}

/// What a console counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls out that were not allowed.
    pub barred: u64,
    /// Calls out that were given to another trunk after one failed.
    pub failovers: u64,
    /// Emergency calls.
    pub emergencies: u64,
    /// Inputs that fit no call out; each is ignored.
    pub stray: u64,
}

/// All calls out of the box.
#[derive(Debug)]
pub struct Dialling {
    pub(crate) site: Arc<Site>,
    plan: Plan,
    /// Who comes first, in the form dialled at home.
    vip: BTreeSet<Number>,
    /// Where calls begin by the number dialled, in that form too.
    entries: BTreeMap<TrunkId, BTreeMap<Number, MenuId>>,
    anchor: Anchor,
    pub(crate) spent: Spent,
    trunks: Trunks,
    pub(crate) calls: BTreeMap<u64, Call>,
    /// The next moment a running call is to be warned or cut.
    pub(crate) next: Option<Instant>,
    draining: bool,
    pub(crate) out: VecDeque<Output>,
    counters: Counters,
}

impl Dialling {
    /// Begins with what was used today.
    pub fn new(_now: Instant, config: Config) -> Self {
        let plan = Plan::new(&config.site.numbering);
        Self {
            vip: vip(&plan, &config.site),
            entries: entries(&plan, &config.site),
            plan,
            site: config.site,
            anchor: config.anchor,
            spent: config.spent,
            trunks: Trunks::default(),
            calls: BTreeMap::new(),
            next: None,
            draining: false,
            out: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Takes an input in.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Asked { ask, call, who, dialled } => self.asked(now, ask, call, who, &dialled),
            Input::Failed { ask, cause } => self.failed(now, ask, cause),
            Input::Answered { ask } => match self.calls.get_mut(&ask) {
                Some(call) => call.answered = call.answered.or(Some(now)),
                None => self.counters.stray += 1,
            },
            Input::Ended { ask } => match self.calls.remove(&ask) {
                Some(call) => self.over(now, &call),
                None => self.counters.stray += 1,
            },
            Input::Incoming { trunk, calls } => self.trunks.incoming(trunk, calls),
            Input::TrunkHealth { trunk, up, why } => {
                if self.site.trunks.contains_key(&trunk) && self.trunks.health(&trunk, up) {
                    self.fact(Fact::TrunkChanged { trunk, up, why });
                }
            }
            Input::Drain => self.draining = true,
            Input::Site(site) => {
                self.plan = Plan::new(&site.numbering);
                self.vip = vip(&self.plan, &site);
                self.entries = entries(&self.plan, &site);
                self.trunks.keep(&site);
                self.site = site;
            }
        }
        self.look(now);
    }

    /// Warns and ends calls that use up the minutes of a day, where the site has them cut.
    pub fn tick(&mut self, now: Instant) {
        if self.next.is_some_and(|at| at <= now) {
            self.look(now);
        }
    }

    /// Gives the next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Tells when `tick` is needed next, and what for.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.next.map(|at| (at, "dial: minutes of the day used up"))
    }

    /// The numbering plan: whether something dialled asks for a line out or for help.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A number that a trunk gave, as it is dialled at home: of a caller, or of who was called.
    pub fn home(&self, trunk: Option<&TrunkId>, number: &Number) -> Number {
        let trunk = trunk.and_then(|id| self.site.trunks.get(id));
        self.plan.home(number, trunk.map(|trunk| trunk.out.form).unwrap_or_default())
    }

    /// Tells whether a caller comes first, whichever way the site or the line writes the number.
    pub fn is_vip(&self, trunk: Option<&TrunkId>, caller: &Number) -> bool {
        let caller = self.home(trunk, caller);
        !caller.is_empty() && self.vip.contains(&caller)
    }

    /// Where a call that came over a trunk begins, whichever way the number dialled is written.
    pub fn entry(&self, trunk: &TrunkId, dialled: &str) -> Option<MenuId> {
        let config = self.site.trunks.get(trunk)?;
        let called = self.home(Some(trunk), &Number::new(dialled));
        let listed = self.entries.get(trunk).and_then(|numbers| numbers.get(&called));
        Some(listed.unwrap_or_else(|| config.entry.of(dialled)).clone())
    }

    /// Tells whether a trunk is taken to be reachable, and how many calls it has.
    pub fn trunk(&self, trunk: &TrunkId) -> (bool, u16) {
        (self.trunks.is_up(trunk), self.trunks.calls(trunk))
    }

    /// What was used today.
    pub fn spent(&self) -> &Spent {
        &self.spent
    }

    /// How many calls out there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Tells whether there is no call out.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn asked(&mut self, now: Instant, ask: u64, call: Option<CallId>, who: Who, dialled: &str) {
        if self.calls.contains_key(&ask) {
            self.counters.stray += 1;
            return;
        }
        let read = self.plan.read(dialled);
        let may = read.and_then(|reading| self.may(now, &who, &reading).map(|()| reading));
        let routed = may.and_then(|reading| {
            let emergency = reading.is_emergency();
            let free = |tried: &BTreeSet<TrunkId>| self.trunks.next(&self.site, tried, emergency);
            let crowded = self.crowded(&who, emergency);
            match free(&crowded) {
                Some(trunk) => Ok((trunk, reading)),
                None if free(&BTreeSet::new()).is_some() => Err(Barred::CallsAtOnce),
                None => Err(Barred::NoTrunk),
            }
        });
        match routed {
            Ok((trunk, reading)) => {
                self.counters.emergencies += u64::from(reading.is_emergency());
                let tried = BTreeSet::new();
                let out = Call {
                    call,
                    who,
                    reading,
                    since: now,
                    trunk,
                    tried,
                    answered: None,
                    warned: false,
                    cut: false,
                };
                if !out.reading.is_emergency() {
                    self.spent.turn(&self.site.zone, self.anchor.wall(now));
                    self.spent.call(&out.payer());
                }
                self.route(ask, out);
            }
            Err(why) => {
                self.counters.barred += 1;
                let number = self.plan.read(dialled).map(|reading| reading.whole().clone());
                let number = number.unwrap_or_else(|_| Number::new(cut(dialled)));
                let Who { agent, phone, .. } = who;
                self.fact(Fact::DialBarred { call, agent, phone, number, why });
                self.out.push_back(Output::Refused { ask, why });
            }
        }
    }

    /// Whether somebody may call a number now. An emergency always may.
    fn may(&mut self, now: Instant, who: &Who, reading: &Reading) -> Result<(), Barred> {
        if reading.is_emergency() {
            let full = self.calls.len() >= ASKS_MAX + EMERGENCIES_MAX;
            return if full { Err(Barred::TooMany) } else { Ok(()) };
        }
        if self.draining {
            return Err(Barred::Draining);
        }
        if self.calls.len() >= ASKS_MAX {
            return Err(Barred::TooMany);
        }
        let site = Arc::clone(&self.site);
        let role = who.role.as_ref().and_then(|role| site.roles.get(role)).ok_or(Barred::NoRole)?;
        if !allows(role, reading) {
            return Err(Barred::NotAllowed);
        }
        self.spent.turn(&site.zone, self.anchor.wall(now));
        let own = Ceiling { calls: role.calls_a_day, minutes: role.minutes_a_day };
        let payer = Payer::of(who.agent.as_ref(), who.phone.as_ref());
        for (payer, ceiling) in [(payer, own), (Payer::Site, site.numbering.ceiling)] {
            self.under(now, who, &payer, ceiling)?;
        }
        Ok(())
    }

    /// Refuses what would go over a ceiling, and raises the alarm the first time of the day.
    fn under(
        &mut self,
        now: Instant,
        who: &Who,
        payer: &Payer,
        ceiling: Ceiling,
    ) -> Result<(), Barred> {
        let theirs = |call: &&Call| *payer == Payer::Site || call.payer() == *payer;
        let running = self.calls.values().filter(|call| !call.reading.is_emergency());
        let more_ms = running.filter(theirs).map(|call| call.talked_ms(now)).sum();
        let Some(reached) = self.spent.of(payer).reaches(ceiling, more_ms) else { return Ok(()) };
        let why = reached.why(payer);
        if self.spent.tell(payer, why) {
            let of = |site: bool| if site { Who::default() } else { who.clone() };
            let Who { agent, phone, .. } = of(*payer == Payer::Site);
            self.fact(Fact::CeilingReached { agent, phone, why });
        }
        Err(why)
    }

    /// The trunks over which a role has as many calls at once as it may; none for an emergency.
    fn crowded(&self, who: &Who, emergency: bool) -> BTreeSet<TrunkId> {
        let role = who.role.as_ref().and_then(|role| self.site.roles.get(role));
        let Some(most) = role.and_then(|role| role.calls_at_once).filter(|_| !emergency) else {
            return BTreeSet::new();
        };
        let mut calls = BTreeMap::<&TrunkId, u16>::new();
        for call in self.calls.values() {
            if call.who.role == who.role && !call.reading.is_emergency() {
                *calls.entry(&call.trunk).or_default() += 1;
            }
        }
        let full = calls.into_iter().filter(|(_, calls)| *calls >= most);
        full.map(|(trunk, _)| trunk.clone()).collect()
    }

    /// Sends a call over its trunk.
    fn route(&mut self, ask: u64, mut out: Call) {
        out.tried.insert(out.trunk.clone());
        self.trunks.take(&out.trunk);
        let emergency = out.reading.is_emergency();
        let trunk = out.trunk.clone();
        let Some(config) = self.site.trunks.get(&trunk) else { return };
        let number = out.reading.written(config.out.form);
        let caller = self.caller(config, &out.who, emergency);
        self.fact(Fact::Dialled {
            call: out.call,
            agent: out.who.agent.clone(),
            phone: out.who.phone.clone(),
            trunk: trunk.clone(),
            number: out.reading.whole().clone(),
            kind: out.reading.kind.clone(),
            attempt: u16::try_from(out.tried.len()).unwrap_or(u16::MAX),
        });
        self.out.push_back(Output::Route { ask, trunk, number, caller, emergency });
        self.calls.insert(ask, out);
    }

    /// Whose number a call shows, in the form of the trunk. An emergency shows the site's.
    fn caller(&self, trunk: &Trunk, who: &Who, emergency: bool) -> Number {
        let agent = || {
            let agent = who.agent.as_ref().and_then(|agent| self.site.agents.get(agent));
            agent.and_then(|agent| agent.rights.shown.clone())
        };
        let site = || self.site.numbering.number.clone();
        let first =
            || trunk.entry.by_number.keys().next().map(|number| Number::new(number.as_str()));
        let shown = match (&trunk.out.caller_id, emergency) {
            (CallerId::Fixed(number), true) => site().or_else(|| Some(number.clone())),
            (_, true) => site().or_else(first).or_else(agent),
            (CallerId::Agent, false) => agent().or_else(first).or_else(site),
            (CallerId::Fixed(number), false) => Some(number.clone()),
            (CallerId::Withheld, false) => None,
        };
        shown.map_or_else(Number::default, |number| self.plan.own(&number, trunk.out.form))
    }

    /// Tries the next trunk where the failure was the trunk's and not the far side's.
    fn failed(&mut self, now: Instant, ask: u64, cause: Cause) {
        let Some(mut out) = self.calls.remove(&ask) else {
            self.counters.stray += 1;
            return;
        };
        let emergency = out.reading.is_emergency();
        let trunks_fault = matches!(cause, Cause::Unreachable | Cause::Congestion | Cause::Failure);
        let given_up = matches!(cause, Cause::Normal | Cause::Cancelled);
        let in_time = now.since(out.since) < ROUTE_TIME_MAX;
        let again = out.answered.is_none() && (emergency && !given_up || trunks_fault && in_time);
        let mut shut = self.crowded(&out.who, emergency);
        shut.extend(out.tried.iter().cloned());
        let next = again.then(|| self.trunks.next(&self.site, &shut, emergency)).flatten();
        match next {
            Some(trunk) => {
                self.counters.failovers += 1;
                self.trunks.give_back(&out.trunk);
                out.trunk = trunk;
                self.route(ask, out);
            }
            None => {
                self.over(now, &out);
                self.out.push_back(Output::Failed { ask, cause });
            }
        }
    }

    /// Gives back what a call held and counts what it used.
    fn over(&mut self, now: Instant, out: &Call) {
        self.trunks.give_back(&out.trunk);
        let (talked_ms, emergency) = (out.talked_ms(now), out.reading.is_emergency());
        if !emergency {
            self.spent.turn(&self.site.zone, self.anchor.wall(now));
            self.spent.talked(&out.payer(), talked_ms);
        }
        let Who { agent, phone, .. } = out.who.clone();
        self.fact(Fact::DialledEnded { call: out.call, agent, phone, talked_ms, emergency });
    }

    /// Begins another day where one has come.
    pub(crate) fn turn(&mut self, now: Instant) {
        self.spent.turn(&self.site.zone, self.anchor.wall(now));
    }

    fn fact(&mut self, fact: Fact) {
        self.out.push_back(Output::Fact(fact));
    }
}

/// The numbers of those who come first, as they are dialled at home.
fn vip(plan: &Plan, site: &Site) -> BTreeSet<Number> {
    site.vip.iter().map(|number| plan.home(number, Default::default())).collect()
}

/// The numbers of each trunk that have a place of their own, as they are dialled at home.
fn entries(plan: &Plan, site: &Site) -> BTreeMap<TrunkId, BTreeMap<Number, MenuId>> {
    let of = |trunk: &Trunk| {
        let home = |number: &String| plan.home(&Number::new(number.as_str()), trunk.out.form);
        trunk.entry.by_number.iter().map(|(number, menu)| (home(number), menu.clone())).collect()
    };
    site.trunks.iter().map(|(id, trunk)| (id.clone(), of(trunk))).collect()
}

/// Tells whether a role may dial a number: by its kind, or by its beginning.
fn allows(role: &Role, reading: &Reading) -> bool {
    let e164 = reading.e164.as_ref().map_or("", Number::reveal);
    role.dial.contains(&reading.kind) || role.also.iter().any(|begin| e164.starts_with(begin))
}

/// What was dialled and is no number, short enough for a fact.
fn cut(dialled: &str) -> String {
    const KEPT_MAX: usize = 32;
    dialled.chars().filter(|sign| !sign.is_control()).take(KEPT_MAX).collect()
}
