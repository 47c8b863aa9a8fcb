//! `[role.NAME]`: what the people of a role may dial and see.

use crate::names;
use crate::nearest::advice;
use crate::read::{Field, Reader, Section, Spot, cut};
use model::site::{Numbering, Role};
use model::{RoleId, Supervising};
use std::collections::{BTreeMap, BTreeSet};

const ROLES_MAX: usize = 50;
const KINDS_MAX: usize = 50;
const ALSO_MAX: usize = 200;
/// Calls and minutes out a day where a role says nothing: an agent at work stays below, a stolen
/// password does not.
const CALLS_A_DAY: u32 = 200;
const MINUTES_A_DAY: u32 = 480;

/// A kind of number that a role names, with where it stands.
pub(crate) type Dialled = Vec<(String, Spot)>;

pub(crate) fn roles(
    reader: &mut Reader<'_>,
    root: &mut Section<'_>,
) -> (BTreeMap<RoleId, Role>, Dialled) {
    let (mut roles, mut dialled) = (BTreeMap::new(), Vec::new());
    let Some(section) = root.section(reader, "role") else { return (roles, dialled) };
    for (name, mut section) in section.tables(reader, ROLES_MAX) {
        names::name(reader, &section.spot, name);
        let mut dial = BTreeSet::new();
        if let Some(field) = section.field("dial") {
            for item in field.list(reader, KINDS_MAX) {
                if let Some(kind) = item.text(reader) {
                    dialled.push((kind.to_owned(), item.spot.clone()));
                    dial.insert(kind.to_owned());
                }
            }
        }
        let mut also = Vec::new();
        if let Some(field) = section.field("also") {
            for item in field.list(reader, ALSO_MAX) {
                also.extend(beginning(reader, &item));
            }
        }
        let calls_a_day = a_day(reader, section.field("calls-a-day"), Some(CALLS_A_DAY));
        let minutes_a_day = a_day(reader, section.field("minutes-a-day"), Some(MINUTES_A_DAY));
        let calls_at_once = at_once(reader, section.field("calls-at-once"));
        let sees_numbers = section.field("sees-numbers").and_then(|field| field.flag(reader));
        let anywhere = section.field("picks-up-anywhere").and_then(|field| field.flag(reader));
        let hears = section.field("hears-recordings").and_then(|field| field.flag(reader));
        let supervises = supervises(reader, section.field("supervises"));
        section.done(reader);
        let role = Role {
            dial,
            also,
            calls_a_day,
            minutes_a_day,
            calls_at_once,
            sees_numbers: sees_numbers.unwrap_or(false),
            picks_up_anywhere: anywhere.unwrap_or(false),
            supervises,
            hears_recordings: hears.unwrap_or(false),
        };
        roles.insert(RoleId::new(name), role);
    }
    (roles, dialled)
}

/// The beginning of numbers in the form of E.164.
fn beginning(reader: &mut Reader<'_>, item: &Field<'_>) -> Option<String> {
    let text = item.text(reader)?;
    let digits = text.strip_prefix('+').filter(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if digits.is_none() {
        let rule = "a plus and 1 to 15 digits, country first, such as \"+8621\"";
        reader.fault(&item.spot, format!("'{}' is no beginning of numbers: {rule}", cut(text)));
    }
    digits.map(|_| text.to_owned())
}

/// What the role may do in talks of agents.
fn supervises(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> BTreeSet<Supervising> {
    let Some(field) = field else { return BTreeSet::new() };
    let ways = Supervising::ALL.map(|way| (way.key(), way));
    let items = field.list(reader, ways.len());
    items.iter().filter_map(|item| item.one_of(reader, &ways)).collect()
}

/// Most calls at once, or `"none"`.
fn at_once(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> Option<u16> {
    let field = field?;
    match field.value.as_str() {
        Some("none") => None,
        Some(_) => field.must_be(reader, "a whole number from 1 to 1000, or \"none\""),
        None => field.whole(reader, 1..=1000),
    }
}

/// A ceiling of a day, or `"none"`.
pub(crate) fn a_day(
    reader: &mut Reader<'_>,
    field: Option<Field<'_>>,
    default: Option<u32>,
) -> Option<u32> {
    let Some(field) = field else { return default };
    if field.value.as_str() == Some("none") {
        return None;
    }
    match field.value.as_str() {
        Some(_) => field.must_be(reader, "a whole number from 0 to 100000, or \"none\""),
        None => field.whole(reader, 0..=100_000).or(default),
    }
}

/// Refuses kinds of numbers that the numbering does not know.
pub(crate) fn check(reader: &mut Reader<'_>, dialled: &Dialled, numbering: &Numbering) {
    for (kind, spot) in dialled {
        if !numbering.kinds.contains_key(kind) {
            let known = advice(kind, numbering.kinds.keys().map(String::as_str));
            reader.fault(spot, format!("'{}' is no kind of numbers{known}", cut(kind)));
        }
    }
}
