//! `[flow]` and its nodes: `[menu.NAME]`, `[message.NAME]`, `[collect.NAME]`, `[hours.NAME]`,
//! `[language.NAME]`, `[to-queue.NAME]` and `[hang-up.NAME]`.

use crate::basics::{About, required_section, tags};
use crate::names;
use crate::nearest::list;
use crate::read::{Field, Reader, Section, Spot, cut};
use crate::refs::{self, Kind};
use model::site::{Flow, Lang, Node, Say};
use model::{Digit, MenuId, PromptId, QueueId};
use range::{PAUSE_S, SAY_MAX, SILENCE_S, TRIES, WAIT_S};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Ranges and defaults of what callers meet, in one place.
mod range {
    use std::ops::RangeInclusive;
    /// Clips a node may say: what one play can join, less the box's own words before them.
    pub(super) const SAY_MAX: usize = model::order::CLIPS_PER_PLAY_MAX - 2;
    pub(super) const SILENCE_S: RangeInclusive<u64> = 5..=300;
    pub(super) const WAIT_S: RangeInclusive<u64> = 1..=60;
    pub(super) const PAUSE_S: RangeInclusive<u64> = 1..=30;
    pub(super) const TRIES: RangeInclusive<u8> = 1..=9;
}

/// Nodes of each kind.
const NODES_MAX: usize = 300;
/// Most digits a caller may be asked for.
const DIGITS_MAX: u8 = 32;

/// A flow with where each node, each schedule and `to-agent` stand in the file.
pub(crate) struct Drawn {
    pub(crate) flow: Flow,
    pub(crate) spots: BTreeMap<MenuId, Spot>,
    pub(crate) schedules: BTreeMap<String, Spot>,
    pub(crate) to_agent: Spot,
}

const KINDS: [&str; 7] = ["menu", "message", "collect", "hours", "language", "to-queue", "hang-up"];

pub(crate) fn flow(reader: &mut Reader<'_>, root: &mut Section<'_>, about: &About) -> Drawn {
    let mut flow = Flow {
        nodes: BTreeMap::new(),
        silence: Duration::from_secs(30),
        to_agent: MenuId::new(""),
        schedules: BTreeMap::new(),
    };
    let mut to_agent = root.spot.clone();
    if let Some(mut section) = required_section(reader, root, "flow") {
        flow.silence = span(reader, &mut section, "silence", SILENCE_S, 30);
        to_agent = section.field("to-agent").map_or(section.spot.clone(), |field| field.spot);
        flow.to_agent = refs::node(reader, &mut section, "to-agent");
        section.done(reader);
    }
    let mut spots = BTreeMap::<MenuId, Spot>::new();
    for kind in KINDS {
        let Some(section) = root.section(reader, kind) else { continue };
        for (name, mut section) in section.tables(reader, NODES_MAX) {
            let spot = section.spot.clone();
            names::name(reader, &spot, name);
            let node = node(reader, &mut section, kind, name, about, &flow.to_agent);
            section.done(reader);
            let Some(node) = node else { continue };
            let id = MenuId::new(name);
            if let Some(other) = spots.get(&id) {
                let problem =
                    format!("'{name}' is {} already; nodes share one set of names", other.key);
                reader.fault(&spot, problem);
            }
            spots.insert(id.clone(), spot);
            flow.nodes.insert(id, node);
        }
    }
    Drawn { flow, spots, schedules: BTreeMap::new(), to_agent }
}

fn node(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    kind: &str,
    name: &str,
    about: &About,
    to_agent: &MenuId,
) -> Option<Node> {
    Some(match kind {
        "menu" => Node::Menu {
            say: say(reader, section, about),
            keys: keys(reader, section),
            wait: span(reader, section, "wait", WAIT_S, 5),
            tries_max: tries(reader, section),
            invalid_to: refs::node_or(reader, section, "invalid-to", to_agent),
        },
        "message" => Node::Message {
            say: say(reader, section, about),
            then: refs::node(reader, section, "then"),
        },
        "collect" => Node::Collect {
            say: say(reader, section, about),
            name: kept_as(reader, section, name),
            digits: digits(reader, section),
            end: end_key(reader, section)?,
            pause: span(reader, section, "pause", PAUSE_S, 5),
            tries_max: tries(reader, section),
            then: refs::node(reader, section, "then"),
            invalid_to: refs::node_or(reader, section, "invalid-to", to_agent),
            secret: section.field("secret").and_then(|f| f.flag(reader)).unwrap_or(false),
        },
        "hours" => {
            let schedule = section.required(reader, "schedule", "\"desk\"");
            let schedule = schedule.and_then(|field| {
                let name = field.text(reader)?;
                reader.refs.point(Kind::Schedule, name, field.spot.clone());
                Some(name.to_owned())
            });
            let closed = refs::node(reader, section, "closed");
            Node::Hours {
                schedule: schedule.unwrap_or_default(),
                open: refs::node(reader, section, "open"),
                holiday: refs::node_or(reader, section, "holiday", &closed),
                closed,
            }
        }
        "language" => {
            let tags = tags().into_iter().filter(|(_, lang)| about.langs.contains(lang));
            let tags: Vec<_> = tags.collect();
            let lang = section.required(reader, "language", "\"en\"");
            Node::Language {
                lang: lang.and_then(|f| f.one_of(reader, &tags)).unwrap_or(about.lang),
                then: refs::node(reader, section, "then"),
            }
        }
        "to-queue" => {
            let field = section.field("queue");
            let spot = field.as_ref().map_or(section.spot.clone(), |field| field.spot.clone());
            let queue = field.and_then(|field| field.text(reader)).unwrap_or(name);
            reader.refs.point(Kind::Queue, queue, spot);
            Node::Queue {
                queue: QueueId::new(queue),
                complaint: section.field("complaint").and_then(|f| f.flag(reader)).unwrap_or(false),
            }
        }
        // The last of KINDS.
        _ => Node::HangUp {
            say: match section.field("say") {
                Some(field) => say_of(reader, &field, about),
                None => vec![Say { prompt: PromptId::new("ivr.goodbye"), lang: None }],
            },
        },
    })
}

fn say(reader: &mut Reader<'_>, section: &mut Section<'_>, about: &About) -> Vec<Say> {
    let Some(field) = section.required(reader, "say", "[\"greeting\"]") else { return Vec::new() };
    let say = say_of(reader, &field, about);
    if field.value.as_array().is_some_and(|items| items.is_empty()) {
        reader.fault(&field.spot, "is empty; name at least one prompt");
    }
    say
}

/// Prompts in the caller's language, or `{ prompt = "greeting", language = "en" }` in a fixed one.
fn say_of(reader: &mut Reader<'_>, field: &Field<'_>, about: &About) -> Vec<Say> {
    let mut says = Vec::new();
    for item in field.list(reader, SAY_MAX) {
        let (mut prompt, mut lang, mut spot) = (None, None, item.spot.clone());
        if item.value.is_table() {
            let Some(mut section) = item.section(reader) else { continue };
            if let Some(field) = section.required(reader, "prompt", "\"greeting\"") {
                spot = field.spot.clone();
                prompt = field.text(reader);
            }
            let tags: Vec<_> =
                tags().into_iter().filter(|(_, lang)| about.langs.contains(lang)).collect();
            lang = section.field("language").and_then(|field| field.one_of(reader, &tags));
            section.done(reader);
        } else {
            prompt = item.text(reader);
        }
        if let Some(prompt) = prompt {
            let prompt = PromptId::new(prompt);
            let langs: Vec<Lang> = lang.map_or_else(|| about.langs.clone(), |lang| vec![lang]);
            reader.refs.speak(prompt.clone(), langs, spot);
            says.push(Say { prompt, lang });
        }
    }
    says
}

/// The keys of a menu: `0` to `9`, `*` (or `star`) and `#` (or `hash`).
fn keys(reader: &mut Reader<'_>, section: &mut Section<'_>) -> BTreeMap<Digit, MenuId> {
    let mut keys = BTreeMap::new();
    let Some(field) = section.required(reader, "keys", "{ 1 = \"sales\", 0 = \"desk\" }") else {
        return keys;
    };
    let Some(table) = field.section(reader) else { return keys };
    for (name, spot, field) in table.entries() {
        let Some(key) = key(name) else {
            let rule = "allowed: 0 to 9, star, hash";
            reader.fault(&spot, format!("'{}' is no key of a telephone; {rule}", cut(name)));
            continue;
        };
        if keys.insert(key, refs::node_of(reader, &field)).is_some() {
            reader.fault(&spot, format!("key {} has two meanings", key.as_char()));
        }
    }
    if keys.is_empty() {
        reader.fault(&field.spot, "names no key, so nobody could choose anything");
    }
    keys
}

fn key(name: &str) -> Option<Digit> {
    match name {
        "star" => Digit::new('*'),
        "hash" => Digit::new('#'),
        _ => {
            let key = name.chars().next().filter(|_| name.len() == 1).and_then(Digit::new);
            key.filter(|key| !key.as_char().is_ascii_alphabetic())
        }
    }
}

fn end_key(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Digit> {
    let mut end = key("hash");
    if let Some(field) = section.field("end")
        && let Some(text) = field.text(reader)
    {
        match key(text).filter(|key| !key.as_char().is_ascii_digit()) {
            Some(key) => end = Some(key),
            None => {
                let problem = format!("'{}' cannot end digits; allowed: #, *", cut(text));
                reader.fault(&field.spot, problem);
            }
        }
    }
    end
}

/// The name digits are kept under: the node's own unless it says another.
fn kept_as(reader: &mut Reader<'_>, section: &mut Section<'_>, node: &str) -> String {
    if let Some(field) = section.field("name")
        && let Some(name) = field.text(reader)
        && names::name(reader, &field.spot, name)
    {
        return name.to_owned();
    }
    node.to_owned()
}

/// How many digits: a number, or the fewest and the most.
fn digits(reader: &mut Reader<'_>, section: &mut Section<'_>) -> (u8, u8) {
    let Some(field) = section.required(reader, "digits", "[4, 12]") else { return (1, DIGITS_MAX) };
    let items = field.list(reader, 2);
    let numbers: Vec<u8> =
        items.iter().filter_map(|item| item.whole(reader, 1..=DIGITS_MAX)).collect();
    match (&numbers[..], items.len()) {
        (&[exact], 1) => (exact, exact),
        (&[least, most], 2) if least <= most => (least, most),
        (&[least, most], 2) => {
            let problem = format!("{least} to {most} is no range: the fewest come first");
            reader.fault(&field.spot, problem);
            (most, least)
        }
        (_, 1 | 2) => (1, DIGITS_MAX),
        _ => {
            reader.fault(&field.spot, "must be how many digits, or the fewest and the most");
            (1, DIGITS_MAX)
        }
    }
}

fn tries(reader: &mut Reader<'_>, section: &mut Section<'_>) -> u8 {
    section.field("tries").and_then(|field| field.whole(reader, TRIES)).unwrap_or(3)
}

fn span(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Duration {
    let range = Duration::from_secs(*range.start())..=Duration::from_secs(*range.end());
    let field = section.field(key).and_then(|field| field.span(reader, range));
    field.unwrap_or(Duration::from_secs(default))
}

/// Refuses a `to-agent` that does not lead to a queue by itself: `[to-queue.NAME]`, or
/// `[hours.NAME]` with a queue where it is open and no key to wait for where it is not.
pub(crate) fn check_to_agent(reader: &mut Reader<'_>, drawn: &Drawn) {
    let nodes = &drawn.flow.nodes;
    let mut at = &drawn.flow.to_agent;
    let (mut seen, mut aside) = (Vec::new(), Vec::new());
    while let Some(Node::Hours { open, closed, holiday, .. }) = nodes.get(at) {
        if seen.contains(&at) {
            return; // A round: a fault of its own.
        }
        seen.push(at);
        aside.extend([closed, holiday]);
        at = open;
    }
    if !matches!(nodes.get(at), None | Some(Node::Queue { .. })) {
        let is = |node: &&Node| matches!(node, Node::Queue { .. });
        let known = nodes.iter().filter(|(_, node)| is(node)).map(|(id, _)| id.as_str());
        let known = list(known);
        let problem = format!(
            "'{at}' is no [to-queue.NAME]; callers who press nothing need one; known: {known}"
        );
        reader.fault(&drawn.to_agent, problem);
    }
    while let Some(at) = aside.pop() {
        if seen.contains(&at) {
            continue;
        }
        seen.push(at);
        match nodes.get(at) {
            Some(Node::Message { then, .. } | Node::Language { then, .. }) => aside.push(then),
            Some(Node::Hours { open, closed, holiday, .. }) => {
                aside.extend([open, closed, holiday]);
            }
            Some(Node::Menu { .. } | Node::Collect { .. }) => {
                let problem =
                    format!("leads to '{at}', which waits for a key, from callers who press none");
                reader.fault(&drawn.to_agent, problem);
            }
            None | Some(Node::Queue { .. } | Node::HangUp { .. }) => {}
        }
    }
}
