//! Which prompts there are: the names of the sound files, without the sound.

use model::PromptId;
use model::site::Lang;
use std::collections::{BTreeMap, BTreeSet};

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
