//! `[phone.NUMBER]` and `[parking]`: desk phones of their own, and slots to park calls in.

use crate::names;
use crate::passwords::password;
use crate::read::{Field, Reader, Section, Spot, cut};
use crate::refs::Kind;
use crate::sound;
use crate::transports;
use model::site::{Parking, Phone, Port, SipSite, Vendor};
use model::{PhoneId, PortId, RoleId, Secret};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const PHONES_MAX: usize = 20_000;
/// Line keys of the largest desk phones with their side panels.
const KEYS_MAX: usize = 100;
const NAME_MAX: usize = 32;
const SLOTS_MAX: usize = 100;

const VENDORS: [(&str, Vendor); 6] = [
    ("yealink", Vendor::Yealink),
    ("fanvil", Vendor::Fanvil),
    ("grandstream", Vendor::Grandstream),
    ("poly", Vendor::Poly),
    ("cisco", Vendor::Cisco),
    ("other", Vendor::Other),
];

/// Phones with where each stands, and what their keys name.
#[derive(Default)]
pub(crate) struct Desks {
    pub(crate) phones: BTreeMap<PhoneId, (Phone, Spot)>,
    pub(crate) keys: Vec<(String, Spot)>,
}

pub(crate) fn phones(
    reader: &mut Reader<'_>,
    root: &mut Section<'_>,
    sip: &SipSite,
    ports: &BTreeMap<PortId, Port>,
) -> Desks {
    let mut desks = Desks::default();
    // Those on ports have an account without a password, whether the site says more of them or not.
    for (port, phone) in ports.iter().filter_map(|(id, port)| Some((id, port.telephone.clone()?))) {
        let spot = Spot { offset: 0, key: format!("port.{port}.extension") };
        desks.phones.insert(phone, (Phone::with_password(Secret::default()), spot));
    }
    let mut devices = BTreeMap::<[u8; 6], &str>::new();
    let Some(section) = root.section(reader, "phone") else { return desks };
    for (number, mut section) in section.tables(reader, PHONES_MAX) {
        let spot = section.spot.clone();
        names::extension(reader, &spot, number);
        if let Some(hung) = desks.phones.get_mut(&PhoneId::new(number)) {
            *hung = (on_port(reader, section), spot);
            continue;
        }
        let device = sound::device(reader, &mut section);
        let mut phone = match device {
            Some(device) => sound::phone(reader, &mut section, device),
            None => {
                let field = section.required(reader, "password", "\"at least 8 characters\"");
                let secret = field.and_then(|field| password(reader, &field, number, "phone"));
                Phone::with_password(secret.unwrap_or_default())
            }
        };
        let vendor = section.field("vendor").and_then(|field| field.one_of(reader, &VENDORS));
        phone.vendor = vendor.unwrap_or(Vendor::Other);
        if let Some(field) = section.field("mac") {
            phone.mac = mac(reader, &field);
            if let Some(owner) = phone.mac.and_then(|mac| devices.insert(mac, number)) {
                reader.fault(&field.spot, format!("is the device of phone.{owner} already"));
            }
            if phone.vendor == Vendor::Other {
                let remark = "the box sets up no device of vendor 'other'; name its vendor";
                reader.note(&field.spot, remark);
            }
        }
        let name = section.field("name").and_then(|field| field.words(reader, NAME_MAX));
        phone.name = name.unwrap_or_default().to_owned();
        let auto_answer = section.field("auto-answer").and_then(|field| field.flag(reader));
        phone.auto_answer = auto_answer.unwrap_or(false);
        if let Some(field) = section.field("keys") {
            for item in field.list(reader, KEYS_MAX) {
                if let Some(key) = item.text(reader) {
                    desks.keys.push((key.to_owned(), item.spot.clone()));
                    phone.keys.push(key.to_owned());
                }
            }
        }
        let hot_desk = section.field("hot-desk").and_then(|field| field.flag(reader));
        phone.hot_desk = hot_desk.unwrap_or(phone.device.is_none());
        phone.role = role(reader, &mut section);
        phone.pick_up_group = pick_up_group(reader, &mut section);
        phone.certificate = transports::certificate(reader, &mut section, sip);
        section.done(reader);
        desks.phones.insert(PhoneId::new(number), (phone, spot));
    }
    desks
}

/// A telephone on a port: it has no password, no device the box sets up, and no keys with lamps.
fn on_port(reader: &mut Reader<'_>, mut section: Section<'_>) -> Phone {
    let mut phone = Phone::with_password(Secret::default());
    let name = section.field("name").and_then(|field| field.words(reader, NAME_MAX));
    phone.name = name.unwrap_or_default().to_owned();
    let hot_desk = section.field("hot-desk").and_then(|field| field.flag(reader));
    phone.hot_desk = hot_desk.unwrap_or(true);
    phone.role = role(reader, &mut section);
    phone.pick_up_group = pick_up_group(reader, &mut section);
    section.done(reader);
    phone
}

/// The role that a key may name.
pub(crate) fn role(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<RoleId> {
    let field = section.field("role")?;
    let name = field.text(reader)?;
    reader.refs.point(Kind::Role, name, field.spot.clone());
    Some(RoleId::new(name))
}

/// The group of phones that pick one another's calls up.
pub(crate) fn pick_up_group(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<String> {
    let field = section.field("pick-up-group")?;
    let name = field.text(reader)?;
    names::name(reader, &field.spot, name).then(|| name.to_owned())
}

/// A hardware address: twelve digits of base 16, with or without signs between them.
fn mac(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<[u8; 6]> {
    let text = field.text(reader)?;
    let digits: String = text.chars().filter(|sign| !matches!(sign, ':' | '-' | '.')).collect();
    let mut bytes = [0; 6];
    match hex::decode_to_slice(&digits, &mut bytes) {
        Ok(()) => Some(bytes),
        Err(_) => {
            let rule = "twelve digits of base 16, such as \"80:5e:c0:12:34:56\"";
            reader.fault(&field.spot, format!("is no hardware address: {rule}"));
            None
        }
    }
}

/// Slots with where they stand.
pub(crate) fn parking(reader: &mut Reader<'_>, root: &mut Section<'_>) -> (Parking, Spot) {
    let mut parking = Parking { slots: Vec::new(), longest: Duration::from_secs(120) };
    let nowhere = Spot { offset: 0, key: "parking".to_owned() };
    let Some(mut section) = root.section(reader, "parking") else { return (parking, nowhere) };
    let mut spot = section.spot.clone();
    if let Some(field) = section.required(reader, "slots", "\"701-709\"") {
        spot = field.spot.clone();
        let mut slots = BTreeSet::new();
        for item in field.list(reader, SLOTS_MAX) {
            slots.extend(self::slots(reader, &item));
        }
        if slots.len() > SLOTS_MAX {
            let many = slots.len();
            reader.fault(&spot, format!("names {many} slots; at most {SLOTS_MAX} are allowed"));
        }
        parking.slots = slots.into_iter().take(SLOTS_MAX).collect();
    }
    let range = Duration::from_secs(10)..=Duration::from_secs(3600);
    let longest = section.field("longest").and_then(|field| field.span(reader, range));
    parking.longest = longest.unwrap_or(parking.longest);
    section.done(reader);
    (parking, spot)
}

/// One slot, or the first and the last of some.
fn slots(reader: &mut Reader<'_>, item: &Field<'_>) -> Vec<String> {
    let Some(text) = item.text(reader) else { return Vec::new() };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |digits: &str| {
        let fits = (2..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| fits)
    };
    match (number(first), number(last)) {
        (Some(from), Some(to)) if from <= to && first.len() == last.len() => {
            let width = first.len();
            let many = usize::try_from(to - from).unwrap_or(usize::MAX).min(SLOTS_MAX);
            (from..=to).take(many + 1).map(|slot| format!("{slot:0width$}")).collect()
        }
        _ => {
            let rule = "2 to 8 digits, or the first and the last such as \"701-709\"";
            reader.fault(&item.spot, format!("'{}' names no slots: {rule}", cut(text)));
            Vec::new()
        }
    }
}
