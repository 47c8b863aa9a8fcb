//! What is wrong right now: raised, shown on the console, cleared when it is over.

use crate::service::{Severity, log};
use crate::texts::Raised;
use control::{AlarmRow, Level};
use model::port::Alarm;
use model::{AgentId, Fact, Instant, PhoneId, PortId};
use std::collections::{BTreeMap, VecDeque};

/// Alarms that stand at once; past it only the count grows, for a console shows no more.
const ALARMS_MAX: usize = 256;
/// Alarms just raised that nobody has told of; what finds no room is shown and not told.
const RAISED_MAX: usize = 64;
/// Alarms that nothing clears by itself are shown this long after they were last raised.
const SHOWN_MS: u64 = 10 * 60 * 1000;

#[derive(Default)]
pub struct Alarms {
    standing: BTreeMap<(String, String), Standing>,
    /// Those raised since it was asked last.
    raised: VecDeque<Raised>,
}

struct Standing {
    level: Level,
    since: Instant,
    last: Instant,
    /// Stays until it is cleared; others fade.
    held: bool,
}

impl Alarms {
    /// Raises an alarm about an event; it fades when the event does not come again.
    pub fn raise(&mut self, now: Instant, key: &str, about: &str, level: Level) {
        self.put(now, key, about, level, false);
    }

    /// Raises or clears an alarm about a state.
    pub fn set(&mut self, now: Instant, key: &str, about: &str, raised: bool) {
        if raised {
            self.put(now, key, about, Level::Critical, true);
        } else {
            self.clear(key, about);
        }
    }

    /// Raises what a fact is an alarm by itself for.
    pub fn of_fact(&mut self, now: Instant, fact: &Fact) {
        let (key, agent, phone) = match fact {
            Fact::CeilingReached { agent, phone, .. } => {
                ("dial-ceiling", agent.as_ref(), phone.as_ref())
            }
            Fact::PinsLocked { agent, phone, .. } => ("pins-guessed", agent.as_ref(), Some(phone)),
            _ => return,
        };
        let who = agent.map(AgentId::as_str).or(phone.map(PhoneId::as_str)).unwrap_or("*");
        self.raise(now, key, who, Level::Critical);
    }

    /// Raises or clears what a port says of itself.
    pub fn line(&mut self, now: Instant, port: &PortId, alarm: Alarm, raised: bool) {
        self.set(now, alarm.key(), port.as_str(), raised);
    }

    /// Clears an alarm.
    pub fn clear(&mut self, key: &str, about: &str) {
        if self.standing.is_empty() {
            return;
        }
        if self.standing.remove(&(key.to_owned(), about.to_owned())).is_some() {
            log(Severity::Notice, &format!("alarm cleared: {key} ({about})"));
        }
    }

    /// Those raised since this was asked last.
    pub fn take_raised(&mut self) -> VecDeque<Raised> {
        std::mem::take(&mut self.raised)
    }

    /// The keys that stand about something.
    pub fn about(&self, about: &str) -> Vec<String> {
        let mine = self.standing.keys().filter(|(_, of)| of == about);
        mine.map(|(key, _)| key.clone()).collect()
    }

    /// Rows for the console, the worst and oldest first.
    pub fn rows(&mut self, now: Instant) -> Vec<AlarmRow> {
        self.standing
            .retain(|_, one| one.held || now.since(one.last).as_millis() < u128::from(SHOWN_MS));
        let mut rows: Vec<AlarmRow> = self
            .standing
            .iter()
            .map(|((key, about), one)| AlarmRow {
                key: key.clone(),
                about: about.clone(),
                level: one.level,
                since_ms: u64::try_from(now.since(one.since).as_millis()).unwrap_or(u64::MAX),
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.level, row.since_ms)));
        rows
    }

    fn put(&mut self, now: Instant, key: &str, about: &str, level: Level, held: bool) {
        let place = (key.to_owned(), about.to_owned());
        if let Some(standing) = self.standing.get_mut(&place) {
            standing.last = now;
            return;
        }
        log(Severity::Warning, &format!("alarm: {key} ({about})"));
        if self.raised.len() < RAISED_MAX {
            let (key, about) = place.clone();
            self.raised.push_back(Raised { key, about, critical: level == Level::Critical });
        }
        if self.standing.len() < ALARMS_MAX {
            self.standing.insert(place, Standing { level, since: now, last: now, held });
        }
    }
}
