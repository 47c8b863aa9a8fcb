//! Names that point somewhere: each is kept with its line until everything they may mean is known.

use crate::nearest::{advice, nearest};
use crate::prompts::PromptFiles;
use crate::read::{Field, Reader, Section, Spot, cut};
use model::site::{Lang, Site};
use model::{MenuId, PromptId};
use std::collections::BTreeSet;

/// What a name points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Node,
    Queue,
    Skill,
    Schedule,
    Role,
}

impl Kind {
    fn nothing(self) -> &'static str {
        match self {
            Self::Node => "no node of the flow",
            Self::Queue => "no queue",
            Self::Skill => "no skill of any agent",
            Self::Schedule => "no schedule",
            Self::Role => "no role",
        }
    }
}

#[derive(Debug)]
struct Pointer {
    kind: Kind,
    name: String,
    spot: Spot,
}

#[derive(Debug)]
struct Spoken {
    prompt: PromptId,
    langs: Vec<Lang>,
    spot: Spot,
}

/// Every name that points somewhere.
#[derive(Debug, Default)]
pub(crate) struct Refs {
    pointers: Vec<Pointer>,
    spoken: Vec<Spoken>,
}

impl Refs {
    pub(crate) fn point(&mut self, kind: Kind, name: &str, spot: Spot) {
        self.pointers.push(Pointer { kind, name: name.to_owned(), spot });
    }
    pub(crate) fn speak(&mut self, prompt: PromptId, langs: Vec<Lang>, spot: Spot) {
        self.spoken.push(Spoken { prompt, langs, spot });
    }
    /// Tells whether a queue's skills all exist, so that "nobody has them" is said but once.
    fn lost(&self, kind: Kind, known: &BTreeSet<&str>) -> Vec<&Pointer> {
        let of_kind = self.pointers.iter().filter(|pointer| pointer.kind == kind);
        of_kind.filter(|pointer| !known.contains(pointer.name.as_str())).collect()
    }
}

/// A node that a key must name.
pub(crate) fn node(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
) -> MenuId {
    let field = section.required(reader, key, "\"main\"");
    field.map_or_else(|| MenuId::new(""), |field| node_of(reader, &field))
}

/// A node that a key may name.
pub(crate) fn node_or(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    default: &MenuId,
) -> MenuId {
    section.field(key).map_or_else(|| default.clone(), |field| node_of(reader, &field))
}

/// The node a value names.
pub(crate) fn node_of(reader: &mut Reader<'_>, field: &Field<'_>) -> MenuId {
    let Some(name) = field.text(reader) else { return MenuId::new("") };
    reader.refs.point(Kind::Node, name, field.spot.clone());
    MenuId::new(name)
}

/// Checks that every name points at something. Prompts are checked with `check_spoken`.
pub(crate) fn check(reader: &mut Reader<'_>, site: &Site) {
    let refs = std::mem::take(&mut reader.refs);
    let skills = || site.agents.values().flat_map(|agent| agent.skills.keys());
    for (kind, known) in [
        (Kind::Node, site.flow.nodes.keys().map(MenuId::as_str).collect::<BTreeSet<_>>()),
        (Kind::Queue, site.queues.keys().map(|id| id.as_str()).collect()),
        (Kind::Skill, skills().map(|id| id.as_str()).collect()),
        (Kind::Schedule, site.flow.schedules.keys().map(String::as_str).collect()),
        (Kind::Role, site.roles.keys().map(|id| id.as_str()).collect()),
    ] {
        for pointer in refs.lost(kind, &known) {
            let (name, nothing) = (pointer.spot.shown(&pointer.name), kind.nothing());
            let known = advice(&pointer.name, known.iter().copied());
            reader.fault(&pointer.spot, format!("{name} is {nothing}{known}"));
        }
    }
    reader.refs = refs;
}

/// Checks that every prompt that is named can be played in each language it is needed in.
pub(crate) fn check_spoken(reader: &mut Reader<'_>, prompts: &PromptFiles) {
    let refs = std::mem::take(&mut reader.refs);
    for Spoken { prompt, langs, spot } in &refs.spoken {
        let missing: Vec<Lang> =
            langs.iter().copied().filter(|lang| !prompts.has(*lang, prompt)).collect();
        let Some(first) = missing.first() else { continue };
        let ids = prompts.ids(*first).map(PromptId::as_str);
        let guess = match nearest(prompt.as_str(), ids) {
            Some(guess) => format!("did you mean '{guess}'? or "),
            None => String::new(),
        };
        let tags: Vec<&str> = missing.iter().map(|lang| lang.tag()).collect();
        let music = prompt.as_str().starts_with("music.");
        let folder = if music { "music" } else { first.tag() };
        let problem = format!(
            "prompt '{}' has no recording in {}; {guess}add one to prompts/{folder}/",
            cut(prompt.as_str()),
            tags.join(", "),
        );
        reader.fault(spot, problem);
    }
    reader.refs = refs;
}
