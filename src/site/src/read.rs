//! Reads tables of `site.toml` key by key, and keeps every fault with its line.
//!
//! A `Section` is a table whose keys are asked for by name; `done` refuses those nobody asked for.
//! A `Field` is a value that says what it must be. Reading goes on after a fault, so that one look
//! at the file finds them all.

use crate::fault::{Fault, Note, Place};
use crate::nearest::advice;
use crate::refs::Refs;
use crate::span;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// Where in the text something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) offset: usize,
    pub(crate) key: String,
}

impl Spot {
    /// The value here in a message. Nothing of an agent but skills is shown, nor of a phone, of a
    /// trunk's account or a SIM's PIN: what stands there may be a password in the wrong place.
    pub(crate) fn shown(&self, text: &str) -> String {
        if self.is_private() { "this value".to_owned() } else { format!("'{}'", cut(text)) }
    }

    fn is_private(&self) -> bool {
        (self.key.starts_with("agent.") && !self.key.contains(".skills"))
            || (self.key.starts_with("phone.") && !self.key.contains(".keys"))
            || (self.key.starts_with("trunk.") && self.key.contains(".account"))
            || self.key == "sms.pin"
    }
}

/// Collects what is found while a text is read.
pub(crate) struct Reader<'a> {
    text: &'a str,
    pub(crate) faults: Vec<Fault>,
    pub(crate) notes: Vec<Note>,
    pub(crate) refs: Refs,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, faults: Vec::new(), notes: Vec::new(), refs: Refs::default() }
    }

    pub(crate) fn fault(&mut self, spot: &Spot, problem: impl Into<String>) {
        let place = self.place(spot);
        self.faults.push(Fault { place, problem: problem.into() });
    }

    pub(crate) fn note(&mut self, spot: &Spot, remark: impl Into<String>) {
        let place = self.place(spot);
        self.notes.push(Note { place, remark: remark.into() });
    }

    fn place(&self, spot: &Spot) -> Place {
        let before = self.text.get(..spot.offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Place {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            key: spot.key.clone(),
        }
    }
}

/// A table whose keys are asked for one by one.
pub(crate) struct Section<'a> {
    pub(crate) spot: Spot,
    table: &'a DeTable<'a>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(crate) fn root(table: &'a DeTable<'a>) -> Self {
        Self { spot: Spot { offset: 0, key: String::new() }, table, asked: BTreeSet::new() }
    }

    /// The value of a key, if it is there.
    pub(crate) fn field(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.asked.insert(key);
        let value = self.table.get(key)?;
        Some(Field {
            spot: Spot { offset: value.span().start, key: self.path(key) },
            value: value.get_ref(),
        })
    }

    /// The value of a key that must be there; `example` shows how to write it.
    pub(crate) fn required(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        example: &str,
    ) -> Option<Field<'a>> {
        let field = self.field(key);
        if field.is_none() {
            let spot = Spot { offset: self.spot.offset, key: self.path(key) };
            reader.fault(&spot, format!("is missing; write for example {key} = {example}"));
        }
        field
    }

    /// The table under a key, empty of surprises if it is not there.
    pub(crate) fn section(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Self> {
        self.asked.insert(key);
        let (name, value) = self.table.get_key_value(key)?;
        let spot = Spot { offset: name.span().start, key: self.path(key) };
        Field { spot, value: value.get_ref() }.section(reader)
    }

    /// Every key of a table whose keys are names, with where the name stands.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Spot, Field<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(name, value)| {
                let key = self.path(name.get_ref());
                let spot = Spot { offset: name.span().start, key: key.clone() };
                let field = Field {
                    spot: Spot { offset: value.span().start, key },
                    value: value.get_ref(),
                };
                (name.get_ref().as_ref(), spot, field)
            })
            .collect();
        entries.sort_by_key(|(_, spot, _)| spot.offset);
        entries
    }

    /// Tables under names, as in `[queue.NAME]`; what is no table, or one too many, is a fault.
    pub(crate) fn tables(&self, reader: &mut Reader<'_>, most: usize) -> Vec<(&'a str, Self)> {
        let entries = self.entries();
        if entries.len() > most {
            let problem = format!("has {} entries; at most {most} are allowed", entries.len());
            reader.fault(&self.spot, problem);
        }
        let tables = entries.into_iter().take(most).filter_map(|(name, spot, field)| {
            Some((name, Field { spot, value: field.value }.section(reader)?))
        });
        tables.collect()
    }

    /// Refuses every key that nobody asked for.
    pub(crate) fn done(self, reader: &mut Reader<'_>) {
        for (name, spot, _) in self.entries() {
            if !self.asked.contains(name) {
                let known = advice(name, self.asked.iter().copied());
                reader.fault(&spot, format!("unknown key{known}"));
            }
        }
    }

    fn path(&self, key: &str) -> String {
        if self.spot.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.spot.key) }
    }
}

/// A value that is asked what it is.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) spot: Spot,
    pub(crate) value: &'a DeValue<'a>,
}

impl<'a> Field<'a> {
    pub(crate) fn text(&self, reader: &mut Reader<'_>) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.must_be(reader, "a text in quotes"),
        }
    }

    /// A text of 1 to `max` characters without control characters.
    pub(crate) fn words(&self, reader: &mut Reader<'_>, max: usize) -> Option<&'a str> {
        let text = self.text(reader)?;
        if text.trim().is_empty() {
            reader.fault(&self.spot, "is empty");
        } else if text.chars().count() > max || text.chars().any(char::is_control) {
            let what = format!("must be at most {max} characters on one line");
            reader.fault(&self.spot, what);
        } else {
            return Some(text);
        }
        None
    }

    pub(crate) fn flag(&self, reader: &mut Reader<'_>) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.must_be(reader, "true or false"),
        }
    }

    /// A whole number within a range.
    pub(crate) fn whole<T>(&self, reader: &mut Reader<'_>, range: RangeInclusive<T>) -> Option<T>
    where
        T: Copy + TryFrom<i64> + PartialOrd + std::fmt::Display,
    {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(digits) = self.value else {
            return self.must_be(reader, &wanted);
        };
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
        let number = number.and_then(|number| T::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.must_be(reader, &wanted),
        }
    }

    /// A number of decibels with at most one decimal place, in tenths.
    pub(crate) fn decibels(&self, reader: &mut Reader<'_>, most: i16) -> Option<i16> {
        let number: Option<f64> = match self.value {
            DeValue::Integer(digits) => digits.as_str().parse().ok(),
            DeValue::Float(digits) => digits.as_str().parse().ok(),
            _ => None,
        };
        let tenths = number.map(|number| number * 10.0).filter(|tenths| {
            tenths.abs() <= f64::from(most) * 10.0 && (tenths - tenths.round()).abs() < 1e-6
        });
        match tenths {
            // Within ±10 * most, so the cast keeps the value.
            Some(tenths) => Some(tenths.round() as i16),
            None => {
                self.must_be(reader, &format!("decibels from -{most} to {most} in steps of 0.1"))
            }
        }
    }

    /// A length of time such as `30s` or `4h`, within a range.
    pub(crate) fn span(
        &self,
        reader: &mut Reader<'_>,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let (least, most) = (span::write(*range.start()), span::write(*range.end()));
        let wanted = format!("a length of time from \"{least}\" to \"{most}\"");
        let read = self.value.as_str().and_then(span::read);
        match read.filter(|span| range.contains(span)) {
            Some(span) => Some(span),
            None => self.must_be(reader, &wanted),
        }
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(
        &self,
        reader: &mut Reader<'_>,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(reader)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = advice(text, words.iter().map(|(word, _)| *word));
            reader.fault(&self.spot, format!("{} is not allowed{known}", self.spot.shown(text)));
        }
        found.map(|(_, value)| *value)
    }

    /// A list; a single value counts as a list of one.
    pub(crate) fn list(&self, reader: &mut Reader<'_>, most: usize) -> Vec<Self> {
        let DeValue::Array(items) = self.value else { return vec![self.clone()] };
        if items.len() > most {
            let problem = format!("has {} items; at most {most} are allowed", items.len());
            reader.fault(&self.spot, problem);
        }
        let items = items.iter().take(most).map(|item| Self {
            spot: Spot { offset: item.span().start, key: self.spot.key.clone() },
            value: item.get_ref(),
        });
        items.collect()
    }

    pub(crate) fn section(&self, reader: &mut Reader<'_>) -> Option<Section<'a>> {
        match self.value {
            DeValue::Table(table) => {
                Some(Section { spot: self.spot.clone(), table, asked: BTreeSet::new() })
            }
            _ => self.must_be(reader, "a table"),
        }
    }

    /// Adds the fault that the value is something else than what is wanted.
    pub(crate) fn must_be<T>(&self, reader: &mut Reader<'_>, wanted: &str) -> Option<T> {
        let got = match self.value {
            _ if self.spot.is_private() => None,
            DeValue::String(text) => Some(format!("'{}'", cut(text))),
            DeValue::Integer(digits) => Some(digits.to_string()),
            DeValue::Float(digits) => Some(digits.to_string()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            DeValue::Datetime(date) => Some(date.to_string()),
            DeValue::Array(_) | DeValue::Table(_) => None,
        };
        let got = got.unwrap_or_else(|| format!("this {}", kind(self.value)));
        reader.fault(&self.spot, format!("must be {wanted}, not {got}"));
        None
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "date",
        DeValue::Array(_) => "list",
        DeValue::Table(_) => "table",
    }
}

/// A value short enough for a message.
pub(crate) fn cut(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    match clean.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean,
    }
}
