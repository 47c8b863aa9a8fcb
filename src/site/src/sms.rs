//! `[sms]`: the modem that tells people of alarms by texts.

use crate::nearest::advice;
use crate::passwords::sim_pin;
use crate::read::{Field, Reader, Section, cut};
use model::Number;
use model::site::{Lang, Sms, Told};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

const NUMBERS_MAX: usize = 8;
const DEVICE_MAX: usize = 128;
/// Alarms of which the modem's own are none: a modem that fails tells nobody of it by text.
const OWN: &str = "sms-";

pub(crate) fn sms(reader: &mut Reader<'_>, root: &mut Section<'_>, lang: Lang) -> Option<Sms> {
    let mut section = root.section(reader, "sms")?;
    let device = section.required(reader, "device", "\"/dev/serial/by-id/usb-modem-if00\"");
    let device = device.and_then(|field| device_of(reader, &field)).unwrap_or_default();
    let pin = section.field("pin").and_then(|field| sim_pin(reader, &field));
    let mut numbers = Vec::new();
    if let Some(field) = section.required(reader, "numbers", "[\"+8613800138000\"]") {
        for item in field.list(reader, NUMBERS_MAX) {
            numbers.extend(number(reader, &item));
        }
        if numbers.is_empty() {
            reader.fault(&field.spot, "names nobody to tell");
        }
    }
    let alarms = section.field("alarms").map(|field| told(reader, &field)).unwrap_or_default();
    let an_hour = section.field("an-hour").and_then(|field| field.whole(reader, 1..=60));
    let range = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);
    let quiet = section.field("quiet").and_then(|field| field.span(reader, range));
    let tags = Lang::ALL.map(|lang| (lang.tag(), lang));
    let own = section.field("language").and_then(|field| field.one_of(reader, &tags));
    section.done(reader);
    Some(Sms {
        device,
        pin,
        numbers,
        alarms,
        an_hour: an_hour.unwrap_or(10),
        quiet: quiet.unwrap_or(Duration::from_secs(3600)),
        lang: own.unwrap_or(lang),
    })
}

fn device_of(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<PathBuf> {
    let path = Path::new(field.words(reader, DEVICE_MAX)?);
    if !path.is_absolute() {
        return field.must_be(reader, "the path of a device, such as \"/dev/ttyUSB2\"");
    }
    Some(path.to_owned())
}

/// A number as a mobile network takes it (3GPP TS 23.040 9.1.2.5).
fn number(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Number> {
    let text = field.value.as_str().unwrap_or_default();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    match fits {
        true => Some(Number::new(text)),
        false => field.must_be(reader, "3 to 20 digits in quotes, perhaps after a +"),
    }
}

/// `"critical"`, `"all"`, or the keys of alarms.
fn told(reader: &mut Reader<'_>, field: &Field<'_>) -> Told {
    match field.value.as_str() {
        Some("critical") => return Told::Critical,
        Some("all") => return Told::All,
        _ => {}
    }
    let known = || model::alarm::ALARMS.iter().map(|row| row.0).filter(|key| !key.starts_with(OWN));
    let mut keys = BTreeSet::new();
    for item in field.list(reader, model::alarm::ALARMS.len()) {
        let Some(key) = item.text(reader) else { continue };
        if known().any(|one| one == key) {
            keys.insert(key.to_owned());
        } else {
            let words = ["critical", "all"].into_iter().chain(known());
            let problem = format!("'{}' is no alarm{}", cut(key), advice(key, words));
            reader.fault(&item.spot, problem);
        }
    }
    Told::Only(keys)
}
