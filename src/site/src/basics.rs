//! `[site]`, `[limits]` and `[vip]`: what a site is, what it allows and who comes first.

use crate::names::is_telephone_number;
use crate::nearest::nearest;
use crate::read::{Reader, Section, cut};
use model::Number;
use model::site::{Lang, Limits, Ringing, Words};
use model::time::Zone;
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest name shown to people.
pub(crate) const WORDS_MAX: usize = 64;
/// Most numbers on the list of those who come first.
const VIP_MAX: usize = 10_000;

/// What `[site]` says.
pub(crate) struct About {
    pub(crate) name: Words,
    pub(crate) zone: Zone,
    pub(crate) lang: Lang,
    /// The languages callers may choose from; every prompt is needed in each.
    pub(crate) langs: Vec<Lang>,
}

pub(crate) fn about(reader: &mut Reader<'_>, root: &mut Section<'_>) -> About {
    let mut about = About {
        name: Words::default(),
        zone: Zone::utc(),
        lang: Lang::Zh,
        langs: Lang::ALL.to_vec(),
    };
    let Some(mut site) = required_section(reader, root, "site") else { return about };
    if let Some(field) = site.field("languages") {
        let items = field.list(reader, Lang::ALL.len());
        let langs: Vec<Lang> =
            items.iter().filter_map(|item| item.one_of(reader, &tags())).collect();
        match langs.first() {
            Some(first) if langs.len() == items.len() => {
                (about.lang, about.langs) = (*first, langs)
            }
            None if items.is_empty() => reader.fault(&field.spot, "is empty; allowed: zh-CN, en"),
            _ => {}
        }
    }
    if let Some(field) = site.field("language")
        && let Some(lang) = field.one_of(reader, &tags())
    {
        about.lang = lang;
        if !about.langs.contains(&lang) {
            reader.fault(&field.spot, format!("'{lang}' is not among site.languages"));
        }
    }
    about.name = words(reader, &mut site, "name", &about.langs);
    if let Some(field) = site.required(reader, "zone", "\"Asia/Shanghai\"")
        && let Some(name) = field.text(reader)
    {
        match Zone::named(name) {
            Some(zone) => about.zone = zone,
            None => {
                let names: Vec<String> =
                    jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
                let guess = nearest(name, names.iter().map(String::as_str))
                    .map_or(";".to_owned(), |guess| format!("; did you mean '{guess}'?"));
                let name = cut(name);
                let rule = "allowed: names of the IANA list, such as Asia/Shanghai or UTC";
                reader.fault(&field.spot, format!("'{name}' is no time zone{guess} {rule}"));
            }
        }
    }
    site.done(reader);
    about
}

pub(crate) fn tags() -> [(&'static str, Lang); 2] {
    Lang::ALL.map(|lang| (lang.tag(), lang))
}

/// A text in every language of the site, or one text for all of them.
pub(crate) fn words(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    langs: &[Lang],
) -> Words {
    let mut words = Words::default();
    let Some(field) = section.required(reader, key, "\"Front desk\"") else { return words };
    if field.value.is_str() {
        if let Some(text) = field.words(reader, WORDS_MAX) {
            words.0 = langs.iter().map(|lang| (*lang, text.to_owned())).collect();
        }
        return words;
    }
    let Some(mut texts) = field.section(reader) else { return words };
    for (tag, lang) in tags() {
        let text = if langs.contains(&lang) {
            texts.required(reader, tag, "\"…\"")
        } else {
            texts.field(tag)
        };
        if let Some(text) = text.and_then(|text| text.words(reader, WORDS_MAX)) {
            words.0.insert(lang, text.to_owned());
        }
    }
    texts.done(reader);
    words
}

/// A table that must be there.
pub(crate) fn required_section<'a>(
    reader: &mut Reader<'_>,
    root: &mut Section<'a>,
    key: &'static str,
) -> Option<Section<'a>> {
    if root.field(key).is_none() {
        let spot = crate::read::Spot { offset: 0, key: key.to_owned() };
        reader.fault(&spot, format!("is missing; a site needs a table [{key}]"));
        return None;
    }
    root.section(reader, key)
}

pub(crate) fn limits(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(mut section) = root.section(reader, "limits") else { return limits };
    let minutes = |n: u64| Duration::from_secs(n * 60);
    if let Some(calls) = section.field("calls").and_then(|f| f.whole(reader, 1..=1000)) {
        limits.calls_max = calls;
    }
    let call = section.field("call").and_then(|f| f.span(reader, minutes(1)..=minutes(24 * 60)));
    limits.call = call.unwrap_or(limits.call);
    let part = section.field("recording").and_then(|f| f.span(reader, minutes(1)..=minutes(240)));
    limits.recording = part.unwrap_or(limits.recording);
    section.done(reader);
    limits
}

/// How long phones ring that are called directly.
pub(crate) fn ringing(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Ringing {
    let mut ringing = Ringing::default();
    let Some(mut section) = root.section(reader, "ringing") else { return ringing };
    let range = Duration::from_secs(5)..=Ringing::CYCLE * u32::from(Ringing::RINGS_MAX);
    let longest = section.field("longest").and_then(|field| field.span(reader, range.clone()));
    ringing.longest = longest.unwrap_or(ringing.longest);
    let before = section.field("forward-after").and_then(|field| field.span(reader, range));
    ringing.forward_after = before.unwrap_or(ringing.forward_after);
    section.done(reader);
    ringing
}

/// Numbers of callers who come first. A number is a person's: no message shows it.
pub(crate) fn vip(reader: &mut Reader<'_>, root: &mut Section<'_>) -> BTreeSet<Number> {
    let mut numbers = BTreeSet::new();
    let Some(mut section) = root.section(reader, "vip") else { return numbers };
    if let Some(field) = section.required(reader, "numbers", "[\"13800000000\"]") {
        for (index, item) in field.list(reader, VIP_MAX).iter().enumerate() {
            let number = item.value.as_str().filter(|text| is_telephone_number(text));
            let no = index + 1;
            match number {
                None => {
                    let rule = "digits in quotes, perhaps after a +";
                    reader.fault(&item.spot, format!("entry {no} is no telephone number: {rule}"));
                }
                Some(number) => {
                    if !numbers.insert(Number::new(number)) {
                        reader.note(&item.spot, format!("entry {no} is on the list twice"));
                    }
                }
            }
        }
    }
    section.done(reader);
    numbers
}
