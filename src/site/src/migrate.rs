//! The version of the format, and the way from older versions to today's.
//!
//! `format = N` says which version a file is written in. A step turns the tables of version N into
//! those of N + 1; once released it is frozen, with the bad and good examples of its time, so that a
//! site of any age is read by every later box. There is one version today and so no step.

use crate::read::{Reader, Section};
use toml::de::DeTable;

/// The version this box writes and the newest it reads.
pub(crate) const FORMAT: u32 = 1;

/// Turns the tables of version N, at index N - 1, into those of the next one.
const STEPS: [fn(&mut DeTable<'_>); FORMAT as usize - 1] = [];

/// Reads the version and brings the tables up to today's; on a fault nothing else can be judged.
pub(crate) fn bring_up(reader: &mut Reader<'_>, table: &mut DeTable<'_>) -> bool {
    let format = {
        let mut root = Section::root(table);
        let Some(field) = root.required(reader, "format", "1, as the first line") else {
            return false;
        };
        let Some(format) = field.whole(reader, 1..=u32::MAX) else { return false };
        if format > FORMAT {
            let problem = format!(
                "{format} is newer than this box understands ({FORMAT}); update the box first"
            );
            reader.fault(&field.spot, problem);
            return false;
        }
        format
    };
    for step in STEPS.iter().skip(format as usize - 1) {
        step(table);
    }
    true
}
