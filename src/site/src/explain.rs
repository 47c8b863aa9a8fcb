//! Says in plain words what a site does with a call.

use model::site::{Lang, Site};

/// Walks through a site in plain words: lines, flow, queues, agents.
pub fn explain(site: &Site, lang: Lang) -> String {
    site.name.in_lang(lang).to_owned()
}
