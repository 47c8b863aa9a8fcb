//! `[media]`: how calls sound.

use crate::read::{Reader, Section};
use model::{Codec, Codecs};

/// The codecs by the names they have in `site.toml`; in this order where it says nothing: wide
/// band first, where the other side has it.
const CODECS: [(&str, Codec); 4] =
    [("g722", Codec::G722), ("pcma", Codec::Pcma), ("pcmu", Codec::Pcmu), ("opus", Codec::Opus)];

/// The codecs of calls, in the order they are asked for.
pub(crate) fn codecs(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Codecs {
    let all = Codecs::new(CODECS.map(|(_, codec)| codec)).unwrap_or_default();
    let Some(mut section) = root.section(reader, "media") else { return all };
    let mut codecs = all;
    if let Some(field) = section.field("codecs") {
        let items = field.list(reader, CODECS.len());
        let named: Vec<Codec> =
            items.iter().filter_map(|item| item.one_of(reader, &CODECS)).collect();
        // Every phone and every trunk has one of them.
        if named.len() == items.len() && !named.iter().any(|codec| codec.law().is_some()) {
            reader.fault(&field.spot, "needs 'pcma' or 'pcmu', which every phone has");
        }
        codecs = Codecs::new(named).unwrap_or_default();
    }
    section.done(reader);
    codecs
}
