//! `[codes]`: what agents dial to log in, become ready, and so on.

use crate::basics::About;
use crate::names;
use crate::read::{Reader, Section, Spot, cut};
use model::site::Codes;
use model::{Digit, PromptId};
use std::collections::BTreeMap;

pub(crate) fn codes(reader: &mut Reader<'_>, root: &mut Section<'_>, about: &About) -> Codes {
    let mut codes = Codes::default();
    let Some(mut section) = root.section(reader, "codes") else { return codes };
    let (mut spots, mut unsaid) = (BTreeMap::new(), BTreeMap::new());
    for (key, code) in codes.fields_mut() {
        let Some(field) = section.field(key) else {
            let spot = Spot { offset: section.spot.offset, key: format!("codes.{key}") };
            unsaid.insert(key, (code, spot));
            continue;
        };
        if let Some(text) = field.text(reader) {
            if is_code(text) {
                *code = text.to_owned();
            } else {
                let rule = "* or #, then 1 to 7 of 0-9, * and #";
                let problem = format!("'{}' is no code; a code is {rule}", cut(text));
                reader.fault(&field.spot, problem);
            }
        }
        spots.insert(key, (code.clone(), field.spot));
    }
    collide(reader, &spots);
    step_aside(reader, &spots, unsaid);
    if let Some(field) = section.field("reasons")
        && let Some(reasons) = field.section(reader)
    {
        codes.reasons = self::reasons(reader, &reasons, about);
    }
    section.done(reader);
    codes
}

fn is_code(text: &str) -> bool {
    (2..=8).contains(&text.len())
        && text.starts_with(['*', '#'])
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
}

/// No code may begin with another: a phone that sends keys one by one would stop at the shorter,
/// and a not-ready code with its reason's digit would be taken for the longer.
fn collide(reader: &mut Reader<'_>, codes: &BTreeMap<&str, (String, Spot)>) {
    for (key, (code, spot)) in codes {
        for (other_key, (other, _)) in codes {
            if key != other_key
                && code.starts_with(other.as_str())
                && (code != other || key > other_key)
            {
                let problem = format!("'{code}' begins with '{other}', which is codes.{other_key}");
                reader.fault(spot, problem);
            }
        }
    }
}

/// Gives codes that a site does not name another code where it uses theirs: what was written before
/// a code existed goes on meaning the same.
fn step_aside(
    reader: &mut Reader<'_>,
    said: &BTreeMap<&str, (String, Spot)>,
    unsaid: BTreeMap<&'static str, (&mut String, Spot)>,
) {
    let meets = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
    let mut taken: Vec<String> = said.values().map(|(code, _)| code.clone()).collect();
    let mut moved = Vec::new();
    for (code, spot) in unsaid.into_values() {
        match taken.iter().any(|other| meets(code, other)) {
            true => moved.push((code, spot)),
            false => taken.push(code.clone()),
        }
    }
    for (code, spot) in moved {
        let free = (900..1000).map(|n| format!("*{n}"));
        let free = free.chain((900..1000).map(|n| format!("#{n}")));
        let mut free = free.filter(|code| !taken.iter().any(|other| meets(code, other)));
        let Some(free) = free.next() else {
            reader.fault(&spot, format!("'{code}' is in use and no other is free; name one"));
            continue;
        };
        reader.note(&spot, format!("'{code}' is in use, so that it is {free}; better name one"));
        taken.push(free.clone());
        *code = free;
    }
}

fn reasons(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    about: &About,
) -> BTreeMap<Digit, String> {
    let mut reasons = BTreeMap::new();
    for (key, spot, field) in section.entries() {
        let digit = key.parse::<u8>().ok().filter(|_| key.len() == 1);
        let Some(digit) = digit.and_then(|_| key.chars().next()).and_then(Digit::new) else {
            reader.fault(&spot, format!("'{}' is no digit; allowed: 0 to 9", cut(key)));
            continue;
        };
        if let Some(reason) = field.text(reader)
            && names::name(reader, &field.spot, reason)
        {
            let said = PromptId::new(&format!("agent.not-ready.{reason}"));
            reader.refs.speak(said, about.langs.clone(), field.spot.clone());
            reasons.insert(digit, reason.to_owned());
        }
    }
    reasons
}
