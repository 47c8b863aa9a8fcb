//! `[queue.NAME]`: how callers wait and who is offered them.

use crate::basics::{About, words};
use crate::names;
use crate::nearest::list;
use crate::read::{Field, Reader, Section, Spot};
use crate::refs::{self, Kind};
use model::site::{Agent, Overflow, Queue};
use model::{AgentId, PromptId, QueueId, SkillId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

const QUEUES_MAX: usize = 100;
const SKILLS_MAX: usize = 10;
/// The music of a queue that names none.
const MUSIC: &str = "music.hold";
/// Most callers one queue may hold.
const WAITING_MAX: u16 = 500;

/// Queues with where each stands in the file.
pub(crate) type Queues = BTreeMap<QueueId, (Queue, Spot)>;

pub(crate) fn queues(reader: &mut Reader<'_>, root: &mut Section<'_>, about: &About) -> Queues {
    let mut queues = BTreeMap::new();
    let Some(section) = root.section(reader, "queue") else { return queues };
    for (name, section) in section.tables(reader, QUEUES_MAX) {
        let spot = section.spot.clone();
        names::name(reader, &spot, name);
        queues.insert(QueueId::new(name), (queue(reader, section, about), spot));
    }
    queues
}

fn queue(reader: &mut Reader<'_>, mut section: Section<'_>, about: &About) -> Queue {
    let name = words(reader, &mut section, "name", &about.langs);
    let mut skills = BTreeSet::new();
    if let Some(field) = section.field("skills") {
        for item in field.list(reader, SKILLS_MAX) {
            if let Some(skill) = item.text(reader) {
                reader.refs.point(Kind::Skill, skill, item.spot.clone());
                skills.insert(SkillId::new(skill));
            }
        }
    }
    let priority = section.field("priority").and_then(|f| f.whole(reader, 0..=99)).unwrap_or(0);
    let ring = span(reader, &mut section, "ring", 5..=120, 15);
    let wrap_up = span(reader, &mut section, "wrap-up", 0..=1800, 15);
    let announce_every = never_or(reader, &mut section, "announce-every", 10..=600, 30);
    let field = section.field("music");
    let music = field.as_ref().and_then(|field| field.text(reader)).unwrap_or(MUSIC);
    let music = PromptId::new(music);
    let here = Spot { offset: section.spot.offset, key: format!("{}.music", section.spot.key) };
    let spot = field.map_or(here, |field| field.spot);
    reader.refs.speak(music.clone(), about.langs.clone(), spot);
    let waiting = section.field("waiting").and_then(|f| f.whole(reader, 1..=WAITING_MAX));
    let service_level = span(reader, &mut section, "service-level", 1..=600, 20);
    let callbacks = section.field("callbacks").and_then(|field| field.flag(reader));
    let overflow = section.section(reader, "overflow").map(|mut section| {
        let after = section.required(reader, "after", "\"60s\"");
        let after = after.and_then(|f| f.span(reader, seconds(5..=14_400)));
        let to = refs::node(reader, &mut section, "to");
        section.done(reader);
        Overflow { after: after.unwrap_or_default(), to }
    });
    section.done(reader);
    Queue {
        name,
        skills,
        priority,
        ring,
        wrap_up,
        announce_every,
        music,
        waiting_max: waiting.unwrap_or(50),
        overflow,
        service_level,
        callbacks: callbacks.unwrap_or(false),
    }
}

fn seconds(range: RangeInclusive<u64>) -> RangeInclusive<Duration> {
    Duration::from_secs(*range.start())..=Duration::from_secs(*range.end())
}

fn span(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Duration {
    let field = section.field(key);
    let span = field.and_then(|field| field.span(reader, seconds(range)));
    span.unwrap_or(Duration::from_secs(default))
}

/// A length of time, or `"0s"` for never.
pub(crate) fn never_or(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Duration {
    let is_never = |field: &Field<'_>| field.value.as_str() == Some("0s");
    if section.field(key).is_some_and(|field| is_never(&field)) {
        return Duration::ZERO;
    }
    span(reader, section, key, range, default)
}

/// Refuses a queue whose callers nobody can be offered.
pub(crate) fn check_served(
    reader: &mut Reader<'_>,
    queues: &Queues,
    agents: &BTreeMap<AgentId, Agent>,
) {
    let known: BTreeSet<&SkillId> = agents.values().flat_map(|agent| agent.skills.keys()).collect();
    for (queue, spot) in queues.values() {
        let served =
            agents.values().any(|agent| queue.skills.iter().all(|s| agent.skills.contains_key(s)));
        // A skill nobody has is a fault of its own, with its own line.
        if served || queue.skills.iter().any(|skill| !known.contains(skill)) {
            continue;
        }
        let problem = if agents.is_empty() {
            "no agent can serve this queue: there is no table [agent.NUMBER]".to_owned()
        } else {
            let skills = list(queue.skills.iter().map(SkillId::as_str));
            format!("no agent can serve this queue: nobody has all of its skills ({skills})")
        };
        reader.fault(spot, problem);
    }
}
