//! The figures of a day, as they are written in JSON.

use crate::agents::{AgentOffers, AgentTimes};
use crate::day::Day;
use crate::sound::SoundRow;
use crate::visit::{End, Visit};
use model::site::{Site, Words};
use model::{AgentId, QueueId, WallTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The report of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayReport {
    /// `2026-11-22`
    pub date: String,
    /// The IANA name of the site's zone.
    pub zone: String,
    /// The day's first moment and the first of the next.
    pub from: WallTime,
    pub to: WallTime,
    /// The figures stand as of this moment; `to` once the day is over.
    pub until: WallTime,
    pub calls: CallFigures,
    /// Every queue of the site, and any other that had callers; by key.
    pub queues: Vec<QueueRow>,
    /// All queues together.
    pub total: QueueRow,
    /// Every agent of the site, and any other who was there; by number.
    pub agents: Vec<AgentRow>,
    /// How it sounded: all together, each agent, each line; none where nothing was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sound: Vec<SoundRow>,
}

/// The calls that arrived on the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFigures {
    pub arrived: u64,
    /// Refused before an answer.
    pub refused: u64,
    /// Answered by the box.
    pub answered: u64,
    /// Came to a queue at least once.
    pub queued: u64,
}

/// A queue's day. `offered` is the sum of the seven counts after it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The queue's key; empty in the total.
    pub queue: String,
    /// Empty for a queue the site no longer has.
    pub name: Words,
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub overflowed: u64,
    pub turned_away: u64,
    /// The box died while they waited.
    pub lost: u64,
    pub waiting: u64,
    /// Of the answered: talks that have not ended. Their talk time is not in `talk` yet.
    pub talking: u64,
    pub wait_answered: Spread,
    pub wait_abandoned: Spread,
    pub talk: Spread,
    pub wrap_up: Spread,
    pub service: Service,
}

/// A set of spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    pub count: u64,
    pub total_ms: u64,
    /// Rounded to the nearest millisecond; nothing of nothing.
    pub average_ms: Option<u64>,
    pub longest_ms: u64,
}

/// The service level: `within` / `offered`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The queue's time, as the site has it now; none in the total and for a queue that is gone.
    pub level_ms: Option<u64>,
    /// Answered within that time.
    pub within: u64,
    /// Offered to queues that have a service level.
    pub offered: u64,
    /// The level in thousandths, rounded to the nearest; nothing of nothing.
    pub permille: Option<u64>,
}

/// An agent's day: times by the clock, offers of the day's calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    pub agent: AgentId,
    /// Empty for an agent the site no longer has.
    pub name: String,
    #[serde(flatten)]
    pub offers: AgentOffers,
    #[serde(flatten)]
    pub times: AgentTimes,
}

impl DayReport {
    /// Puts the figures of a folded day together.
    pub(crate) fn of(day: &Day, site: &Site, until: WallTime) -> Self {
        let queues = queue_rows(day, site);
        let total = queues.iter().fold(QueueRow::default(), |total, row| total.plus(row));
        let calls: BTreeSet<_> = day.visits.keys().map(|visit| visit.call).collect();
        Self {
            date: day.date.to_string(),
            zone: day.zone.clone(),
            from: day.start,
            to: day.end,
            until,
            calls: CallFigures { queued: count(calls.len()), ..day.calls },
            queues,
            total,
            agents: agent_rows(day, site),
            sound: day.sounds.rows(),
        }
    }

    /// The report as JSON, indented, ended by a new line.
    pub fn to_json(&self) -> Result<String, crate::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

fn queue_rows(day: &Day, site: &Site) -> Vec<QueueRow> {
    let mut rows: BTreeMap<&QueueId, QueueRow> = BTreeMap::new();
    let empty = |id: &QueueId| {
        let rules = site.queues.get(id);
        let level = rules.map(|rules| rules.service_level.as_millis());
        QueueRow {
            queue: id.to_string(),
            name: rules.map(|rules| rules.name.clone()).unwrap_or_default(),
            service: Service {
                level_ms: level.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
                ..Service::default()
            },
            ..QueueRow::default()
        }
    };
    for id in site.queues.keys() {
        rows.insert(id, empty(id));
    }
    for visit in day.visits.values() {
        rows.entry(&visit.queue).or_insert_with(|| empty(&visit.queue)).add(visit);
    }
    rows.into_values().map(QueueRow::settled).collect()
}

fn agent_rows(day: &Day, site: &Site) -> Vec<AgentRow> {
    let mut offers = AgentOffers::of(day.visits.values());
    let mut times = day.agents.clone();
    let known = site.agents.keys().chain(offers.keys()).chain(times.keys());
    let agents: BTreeSet<AgentId> = known.cloned().collect();
    let row = |agent: AgentId| AgentRow {
        name: site.agents.get(&agent).map(|entry| entry.name.clone()).unwrap_or_default(),
        offers: offers.remove(&agent).unwrap_or_default(),
        times: times.remove(&agent).unwrap_or_default(),
        agent,
    };
    agents.into_iter().map(row).collect()
}

impl QueueRow {
    fn add(&mut self, visit: &Visit) {
        self.offered += 1;
        match &visit.end {
            End::Waiting => self.waiting += 1,
            End::Abandoned { waited_ms } => {
                self.abandoned += 1;
                self.wait_abandoned.add(*waited_ms);
            }
            End::Overflowed => self.overflowed += 1,
            End::TurnedAway => self.turned_away += 1,
            End::Lost => self.lost += 1,
            End::Answered { waited_ms, talked_ms, .. } => {
                self.answered += 1;
                self.wait_answered.add(*waited_ms);
                match talked_ms {
                    Some(ms) => self.talk.add(*ms),
                    None => self.talking += 1,
                }
                if self.service.level_ms.is_some_and(|level| *waited_ms <= level) {
                    self.service.within += 1;
                }
            }
        }
        if visit.wrap_up_ms > 0 {
            self.wrap_up.add(visit.wrap_up_ms);
        }
    }

    /// Works out the service level once all visits are in.
    fn settled(mut self) -> Self {
        if self.service.level_ms.is_some() {
            self.service.offered = self.offered;
        }
        self.service.permille = rounded(self.service.within * 1000, self.service.offered);
        self
    }

    fn plus(mut self, other: &Self) -> Self {
        self.offered += other.offered;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.overflowed += other.overflowed;
        self.turned_away += other.turned_away;
        self.lost += other.lost;
        self.waiting += other.waiting;
        self.talking += other.talking;
        self.wait_answered = self.wait_answered.plus(other.wait_answered);
        self.wait_abandoned = self.wait_abandoned.plus(other.wait_abandoned);
        self.talk = self.talk.plus(other.talk);
        self.wrap_up = self.wrap_up.plus(other.wrap_up);
        self.service.within += other.service.within;
        self.service.offered += other.service.offered;
        self.service.permille = rounded(self.service.within * 1000, self.service.offered);
        self
    }
}

impl Spread {
    fn add(&mut self, ms: u64) {
        let one = Self { count: 1, total_ms: ms, average_ms: None, longest_ms: ms };
        *self = self.plus(one);
    }
    fn plus(self, other: Self) -> Self {
        let (count, total_ms) = (self.count + other.count, self.total_ms + other.total_ms);
        let longest_ms = self.longest_ms.max(other.longest_ms);
        Self { count, total_ms, average_ms: rounded(total_ms, count), longest_ms }
    }
}

/// A quotient rounded to the nearest, halves up; nothing of nothing.
fn rounded(total: u64, count: u64) -> Option<u64> {
    (count > 0).then(|| (total + count / 2) / count)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
