//! `[numbering]`: how numbers are dialled where the box stands, and the plans that are shipped.

use crate::names;
use crate::nearest::advice;
use crate::read::{Field, Reader, Section, cut};
use crate::roles::a_day;
use crate::tones;
use model::Number;
use model::site::{AtCeiling, Ceiling, NumberRule, Numbering, Reach};
use std::collections::BTreeMap;
use toml::de::DeTable;

const EMERGENCIES_MAX: usize = 20;
const KINDS_MAX: usize = 50;
const RULES_MAX: usize = 50;
const BEGINS_MAX: usize = 200;
/// Longest number a rule may speak of: 15 digits of E.164 behind the longest prefixes.
const DIGITS_MAX: u8 = 24;
/// The kind of emergency numbers, which are a list of their own.
const EMERGENCY: &str = "emergency";

/// The plans that are shipped, by name.
const PLANS: [(&str, &str); 6] = [
    ("china", include_str!("../numbering/china.toml")),
    ("germany", include_str!("../numbering/germany.toml")),
    ("hong-kong", include_str!("../numbering/hong-kong.toml")),
    ("singapore", include_str!("../numbering/singapore.toml")),
    ("united-kingdom", include_str!("../numbering/united-kingdom.toml")),
    ("united-states", include_str!("../numbering/united-states.toml")),
];

/// Gives a shipped plan by its name, e.g. `china`.
pub fn plan(name: &str) -> Option<Numbering> {
    let (_, text) = PLANS.iter().find(|(known, _)| *known == name)?;
    let mut reader = Reader::new(text);
    let document = DeTable::parse(text).ok()?;
    let mut section = Section::root(document.get_ref());
    let mut numbering = Numbering { tones: tones::of(name)?, ..Numbering::default() };
    rules(&mut reader, &mut section, &mut numbering);
    section.done(&mut reader);
    reader.faults.is_empty().then_some(numbering)
}

/// The names of the plans that are shipped.
pub fn plans() -> impl Iterator<Item = &'static str> + Clone {
    PLANS.iter().map(|(name, _)| *name)
}

pub(crate) fn numbering(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Numbering {
    let mut numbering = Numbering::default();
    let Some(mut section) = root.section(reader, "numbering") else { return numbering };
    match section.field("plan") {
        Some(field) => {
            let name = field.text(reader).unwrap_or_default();
            match plan(name) {
                Some(plan) => numbering = plan,
                None if field.value.is_str() => {
                    let known = advice(name, plans());
                    let name = cut(name);
                    reader.fault(&field.spot, format!("'{name}' is no plan of the box{known}"));
                }
                None => {}
            }
        }
        None => _ = section.required(reader, "country", "\"86\", or plan = \"china\""),
    }
    rules(reader, &mut section, &mut numbering);
    if let Some(area) = digits(reader, section.field("area"), 0..=6) {
        numbering.area = area;
    }
    if let Some(outside) = digits(reader, section.field("outside"), 0..=3) {
        numbering.outside = outside;
    }
    if let Some(field) = section.field("number")
        && let Some(number) = number(reader, &field)
    {
        numbering.number = Some(number);
    }
    let calls = a_day(reader, section.field("calls-a-day"), None);
    let minutes = a_day(reader, section.field("minutes-a-day"), None);
    numbering.ceiling = Ceiling { calls, minutes };
    let words = [("finish", AtCeiling::Finish), ("cut", AtCeiling::Cut)];
    let at_ceiling = section.field("at-ceiling").and_then(|field| field.one_of(reader, &words));
    numbering.at_ceiling = at_ceiling.unwrap_or_default();
    section.done(reader);
    numbering
}

/// What a plan and a site may both say; a site adds to its plan, and a kind replaces the plan's.
fn rules(reader: &mut Reader<'_>, section: &mut Section<'_>, numbering: &mut Numbering) {
    if let Some(country) = digits(reader, section.field("country"), 1..=3) {
        numbering.country = country;
    }
    if let Some(prefix) = digits(reader, section.field("international"), 0..=6) {
        numbering.international = prefix;
    }
    if let Some(prefix) = digits(reader, section.field("national"), 0..=3) {
        numbering.national = prefix;
    }
    if let Some(field) = section.field("emergency") {
        for item in field.list(reader, EMERGENCIES_MAX) {
            numbering.emergency.extend(digits(reader, Some(item), 2..=8));
        }
    }
    if let Some(section) = section.section(reader, "tones") {
        tones::read(reader, section, &mut numbering.tones);
    }
    if let Some(kinds) = section.section(reader, "kinds") {
        for (kind, spot, field) in kinds.entries().into_iter().take(KINDS_MAX) {
            if kind == EMERGENCY {
                let rule = "list them at numbering.emergency, where no role can forbid them";
                reader.fault(&spot, format!("'{EMERGENCY}' is no kind: {rule}"));
            }
            if names::name(reader, &spot, kind) {
                let rules = field.list(reader, RULES_MAX);
                let rules = rules.iter().flat_map(|item| rule(reader, item)).collect();
                numbering.kinds.insert(kind.to_owned(), rules);
            }
        }
    }
}

/// One entry of a kind: some beginnings, how many digits, and what they reach.
fn rule(reader: &mut Reader<'_>, item: &Field<'_>) -> Vec<NumberRule> {
    let mut rules = Vec::new();
    let Some(mut section) = item.section(reader) else { return rules };
    let reaches = [
        ("short", Reach::Short),
        ("local", Reach::Local),
        ("national", Reach::National),
        ("international", Reach::International),
    ];
    let reach = section.field("reach").and_then(|field| field.one_of(reader, &reaches));
    let mut length = (1, DIGITS_MAX);
    if let Some(field) = section.required(reader, "digits", "[7, 8]") {
        let items = field.list(reader, 2);
        let read: Vec<u8> =
            items.iter().filter_map(|item| item.whole(reader, 1..=DIGITS_MAX)).collect();
        match (&read[..], items.len()) {
            (&[exact], 1) => length = (exact, exact),
            (&[least, most], 2) if least <= most => length = (least, most),
            (_, 1) => {}
            _ => reader.fault(&field.spot, "must be how many digits, or the fewest and the most"),
        }
    }
    if let Some(field) = section.required(reader, "begins", "\"13\"") {
        for item in field.list(reader, BEGINS_MAX) {
            let Some(begins) = item.text(reader) else { continue };
            let fits = |b: u8| b.is_ascii_digit() || matches!(b, b'x' | b'n' | b'z');
            if begins.is_empty() || begins.len() > 15 || !begins.bytes().all(fits) {
                let rule = "1 to 15 digits; x stands for any, z for 1 to 9, n for 2 to 9";
                let begins = cut(begins);
                reader.fault(&item.spot, format!("'{begins}' is no beginning of numbers: {rule}"));
                continue;
            }
            let reach = reach.unwrap_or_default();
            rules.push(NumberRule { begins: begins.to_owned(), digits: length, reach });
        }
    }
    section.done(reader);
    rules
}

/// Digits in quotes, so many of them.
fn digits(
    reader: &mut Reader<'_>,
    field: Option<Field<'_>>,
    length: std::ops::RangeInclusive<usize>,
) -> Option<String> {
    let field = field?;
    let text = field.value.as_str();
    let fits =
        |text: &&str| length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.filter(fits) {
        Some(text) => Some(text.to_owned()),
        None => {
            let (least, most) = (length.start(), length.end());
            field.must_be(reader, &format!("{least} to {most} digits in quotes"))
        }
    }
}

/// A telephone number of the site or of an agent.
pub(crate) fn number(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Number> {
    let text = field.value.as_str().filter(|text| names::is_telephone_number(text));
    match text {
        Some(text) => Some(Number::new(text)),
        None => field.must_be(reader, "a telephone number in quotes: digits, perhaps after a +"),
    }
}

/// Kinds that name the same numbers: which of them counts would be by chance.
pub(crate) fn twice(numbering: &Numbering) -> Option<(String, String, String)> {
    let mut seen = BTreeMap::<&str, Vec<(&str, (u8, u8))>>::new();
    for (kind, rules) in &numbering.kinds {
        for rule in rules {
            let known = seen.entry(rule.begins.as_str()).or_default();
            let meets = |(other, digits): &&(&str, (u8, u8))| {
                *other != kind && digits.0 <= rule.digits.1 && rule.digits.0 <= digits.1
            };
            if let Some((other, _)) = known.iter().find(meets) {
                return Some((rule.begins.clone(), (*other).to_owned(), kind.clone()));
            }
            known.push((kind, rule.digits));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_that_is_shipped_is_read_and_no_number_has_two_kinds() {
        for name in plans() {
            let plan = plan(name).unwrap_or_else(|| panic!("{name} is not read"));
            assert!(!plan.country.is_empty() && !plan.emergency.is_empty(), "{name}");
            assert!(plan.kinds.contains_key("international"), "{name}");
            assert_eq!(twice(&plan), None, "{name}");
        }
    }
}
