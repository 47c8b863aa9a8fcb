//! Which prompts there are: the names of the sound files, without the sound.

use crate::nearest::list;
use crate::read::{Reader, Spot};
use model::site::Lang;
use model::{PromptId, say};
use std::collections::{BTreeMap, BTreeSet};

/// What the box says by itself on any site, besides numbers and places in a queue.
const OWN: [&str; 53] = [
    "ivr.invalid",
    "ivr.no-input",
    "ivr.to-agent",
    "ivr.goodbye",
    "queue.busy",
    "queue.connecting",
    "queue.full",
    "queue.sorry",
    "system.recorded",
    "system.draining",
    "system.error",
    "agent.logged-in",
    "agent.logged-out",
    "agent.already-logged-in",
    "agent.not-logged-in",
    "agent.ready",
    "agent.not-ready",
    "agent.wrap-up",
    "agent.wrap-up-ended",
    "agent.on-a-call",
    "agent.unknown-code",
    "agent.enter-number",
    "agent.enter-pin",
    "agent.wrong-pin",
    "agent.seat-forbidden",
    "call.busy",
    "call.no-answer",
    "call.unknown-number",
    "call.barred",
    "call.unreachable",
    "park.full",
    "park.empty",
    "park.slot",
    "phone.dnd-on",
    "phone.dnd-off",
    "phone.forward-on",
    "phone.forward-off",
    "phone.call-waiting-on",
    "phone.call-waiting-off",
    "phone.nothing-rings",
    "phone.other-group",
    "supervise.listen",
    "supervise.whisper",
    "supervise.barge",
    "supervise.forbidden",
    "supervise.nobody",
    "supervise.not-taken",
    "supervise.over",
    "supervise.notice",
    "missed.none",
    "missed.before",
    "missed.from",
    "call.minute-left",
];

/// The ids of the prompts that can be played, per language: the box's own and the site's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptFiles {
    ids: BTreeMap<Lang, BTreeSet<PromptId>>,
    any: bool,
}

impl PromptFiles {
    /// Takes every prompt to be there, for tests that play none.
    pub fn any() -> Self {
        Self { ids: BTreeMap::new(), any: true }
    }
    /// Adds a recording in one language, e.g. `en` and `queue.busy` for `en/queue.busy.flac`.
    pub fn add(&mut self, lang: Lang, id: PromptId) {
        self.ids.entry(lang).or_default().insert(id);
    }
    /// Adds music or a tone, which is the same in every language.
    pub fn add_music(&mut self, id: PromptId) {
        for lang in Lang::ALL {
            self.add(lang, id.clone());
        }
    }
    /// Tells whether a prompt can be played in a language.
    pub fn has(&self, lang: Lang, id: &PromptId) -> bool {
        self.any || self.ids.get(&lang).is_some_and(|ids| ids.contains(id))
    }
    /// The ids of a language, in order.
    pub fn ids(&self, lang: Lang) -> impl Iterator<Item = &PromptId> {
        self.ids.get(&lang).into_iter().flatten()
    }
}

/// Every prompt a box needs in a language, whatever its site says.
pub fn needed(lang: Lang) -> BTreeSet<PromptId> {
    // Every part below a hundred, and each hundred and thousand once.
    let numbers = (0..=120).chain((200..=9000).step_by(100));
    let counted = numbers.flat_map(|n| [say::number(lang, n), say::count(lang, n)].concat());
    let waits = (0..=say::MINUTES_MAX + 1).flat_map(|n| say::minutes(lang, n));
    let places = (1..=3).flat_map(|place| say::position(lang, place));
    let agents = say::agent_number(lang, "0123456789");
    let parts = counted.chain(waits).chain(places).chain(agents).map(|clip| clip.prompt);
    parts.chain(OWN.map(PromptId::new)).collect()
}

/// Checks that the box's own prompts are there, with one fault a language.
pub(crate) fn check_needed(reader: &mut Reader<'_>, langs: &[Lang], prompts: &PromptFiles) {
    for lang in langs {
        let needed = needed(*lang);
        let missing: Vec<&str> =
            needed.iter().filter(|id| !prompts.has(*lang, id)).map(PromptId::as_str).collect();
        if !missing.is_empty() {
            let spot = Spot { offset: 0, key: format!("prompts.{lang}") };
            let missing = list(missing.into_iter());
            reader.fault(&spot, format!("the box lacks recordings of its own: {missing}"));
        }
    }
}
