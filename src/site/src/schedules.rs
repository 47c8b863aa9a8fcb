//! `[schedule.NAME]`: opening hours, holidays, and days worked in their place.

use crate::names;
use crate::read::{Field, Reader, Section, Spot, cut};
use jiff::civil::Date;
use model::site::Schedule;
use std::collections::BTreeMap;
use toml::de::DeValue;

const SCHEDULES_MAX: usize = 50;
/// Open spans of one day.
const SPANS_MAX: usize = 8;
/// Holidays of one schedule: some fifteen years.
const DAYS_MAX: usize = 400;
const DAY_S: u32 = 86_400;

/// Keys for days, those for many days before those for one, so that the nearer word wins.
const DAYS: [(&str, &[u8]); 10] = [
    ("daily", &[1, 2, 3, 4, 5, 6, 7]),
    ("weekdays", &[1, 2, 3, 4, 5]),
    ("weekend", &[6, 7]),
    ("monday", &[1]),
    ("tuesday", &[2]),
    ("wednesday", &[3]),
    ("thursday", &[4]),
    ("friday", &[5]),
    ("saturday", &[6]),
    ("sunday", &[7]),
];

/// Schedules with where each stands in the file.
pub(crate) type Schedules = BTreeMap<String, (Schedule, Spot)>;

pub(crate) fn schedules(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Schedules {
    let mut schedules = BTreeMap::new();
    let Some(section) = root.section(reader, "schedule") else { return schedules };
    for (name, mut section) in section.tables(reader, SCHEDULES_MAX) {
        names::name(reader, &section.spot, name);
        let mut schedule = Schedule::default();
        for (key, days) in DAYS {
            if let Some(field) = section.field(key) {
                let spans = spans(reader, &field);
                schedule.week.extend(days.iter().map(|day| (*day, spans.clone())));
            }
        }
        if let Some(field) = section.field("holidays") {
            for item in field.list(reader, DAYS_MAX) {
                schedule.holidays.extend(date(reader, &item));
            }
        }
        if let Some(workdays) = section.section(reader, "workdays") {
            for (text, spot, field) in workdays.entries().into_iter().take(DAYS_MAX) {
                let spans = spans(reader, &field);
                match day(text) {
                    Some(day) if schedule.holidays.contains(&day) => {
                        reader.fault(&spot, "is a holiday of this schedule too");
                    }
                    Some(day) => _ = schedule.workdays.insert(day, spans),
                    None => reader.fault(&spot, not_a_date(text)),
                }
            }
        }
        if schedule.week.is_empty() && schedule.workdays.is_empty() {
            let keys = DAYS.map(|(key, _)| key).join(", ");
            let problem = format!("is never open; give hours under one of: {keys}");
            reader.fault(&section.spot, problem);
        }
        let spot = section.spot.clone();
        section.done(reader);
        schedules.insert(name.to_owned(), (schedule, spot));
    }
    schedules
}

/// Open spans such as `08:30-12:00`, in order and apart.
fn spans(reader: &mut Reader<'_>, field: &Field<'_>) -> Vec<(u32, u32)> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for item in field.list(reader, SPANS_MAX) {
        let Some((from, to)) = item.value.as_str().and_then(span) else {
            let wanted =
                "hours such as \"08:30-12:00\", from the earlier to the later, at most 24:00";
            let _: Option<()> = item.must_be(reader, wanted);
            continue;
        };
        if spans.last().is_some_and(|(_, before)| from < *before) {
            let text = item.value.as_str().unwrap_or_default();
            let problem = format!("'{text}' begins before the span in front of it ends");
            reader.fault(&item.spot, problem);
        }
        spans.push((from, to));
    }
    spans
}

fn span(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (clock(from.trim())?, clock(to.trim())?);
    (from < to).then_some((from, to))
}

/// The second of the day of `HH:MM`; 24:00 is the day's end.
fn clock(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| {
        let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        if fits { text.parse::<u32>().ok() } else { None }
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let second = hours * 3600 + minutes * 60;
    (minutes < 60 && second <= DAY_S).then_some(second)
}

/// A date, in quotes or bare.
fn date(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Date> {
    let text = match field.value {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        _ => return field.must_be(reader, "a date such as 2026-10-01"),
    };
    let date = day(&text);
    if date.is_none() {
        reader.fault(&field.spot, not_a_date(&text));
    }
    date
}

/// A date and nothing behind it, such as a time.
fn day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_| text.len() == "2026-10-01".len())
}

fn not_a_date(text: &str) -> String {
    format!("'{}' is no date; write year-month-day, such as 2026-10-01", cut(text))
}
