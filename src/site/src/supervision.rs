//! `[supervision]`: what is told of supervisors in talks.

use crate::read::{Reader, Section};
use model::site::{Notice, Supervision};

const NOTICES: [(&str, Notice); 3] =
    [("none", Notice::None), ("beep", Notice::Beep), ("announcement", Notice::Announcement)];

pub(crate) fn supervision(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Supervision {
    let mut supervision = Supervision::default();
    let Some(mut section) = root.section(reader, "supervision") else { return supervision };
    let notice = section.field("notice").and_then(|field| field.one_of(reader, &NOTICES));
    supervision.notice = notice.unwrap_or_default();
    section.done(reader);
    supervision
}
