//! What was used of a day's ceilings: calls and minutes of an agent, of a phone, of the site.

use jiff::civil::Date;
use model::fact::Barred;
use model::site::Ceiling;
use model::time::Zone;
use model::{AgentId, Fact, PhoneId, WallTime};
use std::collections::{BTreeMap, BTreeSet};

/// Who pays for a call: the agent, or the phone where nobody sits at it; else the site alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payer {
    Site,
    Agent(AgentId),
    Phone(PhoneId),
}

impl Payer {
    /// Who pays of those a fact or a question names.
    pub(crate) fn of(agent: Option<&AgentId>, phone: Option<&PhoneId>) -> Self {
        match (agent, phone) {
            (Some(agent), _) => Self::Agent(agent.clone()),
            (None, Some(phone)) => Self::Phone(phone.clone()),
            (None, None) => Self::Site,
        }
    }
}

/// Calls and time of one payer today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub calls: u32,
    pub talked_ms: u64,
}

impl Used {
    /// Which ceiling is reached, with `more_ms` of calls that still run.
    pub(crate) fn reaches(self, ceiling: Ceiling, more_ms: u64) -> Option<Reached> {
        let ms = self.talked_ms.saturating_add(more_ms);
        if ceiling.calls.is_some_and(|most| self.calls >= most) {
            return Some(Reached::Calls);
        }
        let most_ms = |minutes: u32| u64::from(minutes) * 60_000;
        ceiling.minutes.is_some_and(|most| ms >= most_ms(most)).then_some(Reached::Minutes)
    }
}

/// Which of the two ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Calls,
    Minutes,
}

impl Reached {
    pub(crate) fn why(self, payer: &Payer) -> Barred {
        match (self, payer) {
            (Self::Calls, Payer::Site) => Barred::SiteCallsADay,
            (Self::Minutes, Payer::Site) => Barred::SiteMinutesADay,
            (Self::Calls, _) => Barred::CallsADay,
            (Self::Minutes, _) => Barred::MinutesADay,
        }
    }
}

/// What was used today. Bounded by the agents and phones of the site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    day: Option<Date>,
    by: BTreeMap<Payer, Used>,
    /// Alarms that were raised today.
    told: BTreeSet<(Payer, Barred)>,
}

impl Spent {
    /// Counts what a fact of the journal says; facts of another day than the last one's are
    /// forgotten. A box that starts folds the facts of the last 24 hours.
    pub fn fold(&mut self, zone: &Zone, at: WallTime, fact: &Fact) {
        match fact {
            Fact::Dialled { kind, attempt: 1, agent, phone, .. } if kind != crate::EMERGENCY => {
                self.turn(zone, at);
                self.call(&Payer::of(agent.as_ref(), phone.as_ref()));
            }
            Fact::DialledEnded { agent, phone, talked_ms, emergency: false, .. } => {
                self.turn(zone, at);
                self.talked(&Payer::of(agent.as_ref(), phone.as_ref()), *talked_ms);
            }
            Fact::CeilingReached { agent, phone, why } => {
                self.turn(zone, at);
                let site = matches!(why, Barred::SiteCallsADay | Barred::SiteMinutesADay);
                let payer = Payer::of(agent.as_ref(), phone.as_ref());
                self.told.insert((if site { Payer::Site } else { payer }, *why));
            }
            _ => {}
        }
    }

    /// Forgets what was used if another day has come.
    pub(crate) fn turn(&mut self, zone: &Zone, at: WallTime) {
        let today = zone.civil(at).date;
        if self.day != Some(today) {
            *self = Self { day: Some(today), ..Self::default() };
        }
    }

    pub(crate) fn call(&mut self, payer: &Payer) {
        self.each(payer, |used| used.calls = used.calls.saturating_add(1));
    }

    pub(crate) fn talked(&mut self, payer: &Payer, ms: u64) {
        self.each(payer, |used| used.talked_ms = used.talked_ms.saturating_add(ms));
    }

    /// Counts for the payer and for the site.
    fn each(&mut self, payer: &Payer, count: impl Fn(&mut Used)) {
        count(self.by.entry(payer.clone()).or_default());
        if *payer != Payer::Site {
            count(self.by.entry(Payer::Site).or_default());
        }
    }

    /// What a payer used today.
    pub(crate) fn of(&self, payer: &Payer) -> Used {
        self.by.get(payer).copied().unwrap_or_default()
    }

    /// Notes an alarm; true the first time today.
    pub(crate) fn tell(&mut self, payer: &Payer, why: Barred) -> bool {
        self.told.insert((payer.clone(), why))
    }

    /// What the whole site used today.
    pub fn site(&self) -> Used {
        self.of(&Payer::Site)
    }
    /// What an agent used today.
    pub fn agent(&self, agent: &AgentId) -> Used {
        self.of(&Payer::Agent(agent.clone()))
    }
}
