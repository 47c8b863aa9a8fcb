//! What a country's exchanges sound like, and how its bells ring: shipped tables, which a site may
//! change tone by tone.

use crate::nearest::advice;
use crate::read::{Field, Reader, Section, cut};
use model::site::{Bell, Cadence, CallerTold, Tones};
use toml::de::DeTable;

/// The tones there are, and how one is written.
const NAMES: [&str; 6] = ["dial", "ringback", "busy", "congestion", "special", "waiting"];
/// How telephones are told who calls.
const TOLD: [(&str, CallerTold); 3] =
    [("bell-202", CallerTold::Bell202), ("v23", CallerTold::V23), ("none", CallerTold::Not)];
const TONE: &str = "frequencies and milliseconds, such as \"450/350,0/350\", or \"350+440\" for a tone without a pause";
const BELL: &str = "the milliseconds a bell rings and pauses by turns, such as [1000, 4000], the longest pause last";
/// Times of one period of a bell at most.
const BELL_MAX: usize = 8;

/// The tables that are shipped, by the country's name.
const COUNTRIES: [(&str, &str); 14] = [
    ("australia", include_str!("../tones/australia.toml")),
    ("brazil", include_str!("../tones/brazil.toml")),
    ("china", include_str!("../tones/china.toml")),
    ("france", include_str!("../tones/france.toml")),
    ("germany", include_str!("../tones/germany.toml")),
    ("hong-kong", include_str!("../tones/hong-kong.toml")),
    ("india", include_str!("../tones/india.toml")),
    ("italy", include_str!("../tones/italy.toml")),
    ("japan", include_str!("../tones/japan.toml")),
    ("russia", include_str!("../tones/russia.toml")),
    ("singapore", include_str!("../tones/singapore.toml")),
    ("spain", include_str!("../tones/spain.toml")),
    ("united-kingdom", include_str!("../tones/united-kingdom.toml")),
    ("united-states", include_str!("../tones/united-states.toml")),
];

/// Gives a shipped table by its country's name, e.g. `china`.
pub fn of(country: &str) -> Option<Tones> {
    let (_, text) = COUNTRIES.iter().find(|(known, _)| *known == country)?;
    let mut reader = Reader::new(text);
    let document = DeTable::parse(text).ok()?;
    let mut tones = Tones::default();
    read(&mut reader, Section::root(document.get_ref()), &mut tones);
    reader.faults.is_empty().then_some(tones)
}

/// The names of the countries whose tables are shipped.
pub fn countries() -> impl Iterator<Item = &'static str> + Clone {
    COUNTRIES.iter().map(|(name, _)| *name)
}

/// Reads what a site says of tones: another country's, and single ones.
pub(crate) fn read(reader: &mut Reader<'_>, mut section: Section<'_>, tones: &mut Tones) {
    if let Some(field) = section.field("country") {
        let name = field.text(reader).unwrap_or_default();
        match of(name) {
            Some(known) => *tones = known,
            None if field.value.is_str() => {
                let known = advice(name, countries());
                let name = cut(name);
                reader.fault(&field.spot, format!("of '{name}' the box knows no tones{known}"));
            }
            None => {}
        }
    }
    if let Some(field) = section.field("ring") {
        match bell(reader, &field) {
            Some(bell) => tones.bell = bell,
            None => _ = field.must_be::<()>(reader, BELL),
        }
    }
    if let Some(told) = section.field("caller-id").and_then(|field| field.one_of(reader, &TOLD)) {
        tones.told = told;
    }
    for (name, spot, field) in section.entries() {
        if matches!(name, "country" | "ring" | "caller-id") {
            continue;
        }
        let Some(tone) = tones.named_mut(name) else {
            let known = advice(name, NAMES.into_iter().chain(["country", "ring", "caller-id"]));
            let name = cut(name);
            reader.fault(&spot, format!("'{name}' is no tone{known}"));
            continue;
        };
        match field.value.as_str().and_then(Cadence::read) {
            Some(read) => *tone = read,
            None => _ = field.must_be::<()>(reader, TONE),
        }
    }
}

fn bell(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Bell> {
    let items = field.list(reader, BELL_MAX);
    let times: Vec<u16> = items.iter().filter_map(|item| item.whole(reader, 20..=20_000)).collect();
    Bell::of(&times).filter(|_| times.len() == items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_is_shipped_is_read_and_china_is_the_default() {
        for name in countries() {
            let tones = of(name).unwrap_or_else(|| panic!("{name} is not read"));
            assert!(!tones.busy.is_continuous() && !tones.ringback.is_continuous(), "{name}");
            assert!(tones.bell.pause_ms() >= 2000, "{name}");
        }
        assert_eq!(of("china"), Some(Tones::default()));
        assert_eq!(of("atlantis"), None);
    }
}
