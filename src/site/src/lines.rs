//! `[port.NAME]`: the analogue lines and telephones, and which lines are a trunk.

use crate::names;
use crate::nearest::advice;
use crate::read::{Field, Reader, Section, cut};
use crate::refs;
use model::port::PortKind;
use model::site::{Driver, Entry, Port};
use model::{Law, MenuId, Number, PhoneId, PortId};
use std::collections::BTreeMap;

const PORTS_MAX: usize = 240;
/// How late an echo may be, as the driver's cancellers are made (8 taps a millisecond).
const ECHOES_MS: [u8; 7] = [0, 4, 8, 16, 32, 64, 128];
const ECHO_MS: u8 = 32;
/// Which card drives a line.
pub(crate) const DRIVERS: [(&str, Driver); 2] = [("sim", Driver::Sim), ("dahdi", Driver::Dahdi)];
/// Largest gain either way; more is a wiring fault, not a setting.
const GAIN_DB_MAX: i16 = 12;

pub(crate) fn ports(reader: &mut Reader<'_>, root: &mut Section<'_>) -> BTreeMap<PortId, Port> {
    let mut ports = BTreeMap::new();
    let mut owners = BTreeMap::<(&'static str, u16), &str>::new();
    let mut hung = BTreeMap::<PhoneId, &str>::new();
    let Some(section) = root.section(reader, "port") else { return ports };
    for (name, mut section) in section.tables(reader, PORTS_MAX) {
        names::name(reader, &section.spot, name);
        let kinds = [("fxo", PortKind::Fxo), ("fxs", PortKind::Fxs)];
        let kind = section.required(reader, "kind", "\"fxo\"");
        let kind = kind.and_then(|f| f.one_of(reader, &kinds)).unwrap_or(PortKind::Fxo);
        let driver = section.required(reader, "driver", "\"dahdi\"");
        let driver = driver.and_then(|f| f.one_of(reader, &DRIVERS)).unwrap_or(Driver::Sim);
        let mut channel = 0;
        if let Some(field) = section.required(reader, "channel", "1") {
            channel = field.whole(reader, 1..=1024).unwrap_or(0);
            let driver = if driver == Driver::Sim { "sim" } else { "dahdi" };
            if channel > 0
                && let Some(owner) = owners.insert((driver, channel), name)
            {
                let problem = format!("{channel} of driver {driver} is taken by port.{owner}");
                reader.fault(&field.spot, problem);
            }
        }
        let laws = [("a", Law::A), ("mu", Law::Mu)];
        let law = section.field("law").and_then(|f| f.one_of(reader, &laws)).unwrap_or(Law::A);
        let mut gain = |section: &mut Section<'_>, key| {
            section.field(key).and_then(|f| f.decibels(reader, GAIN_DB_MAX)).unwrap_or(0)
        };
        let receive_gain_tenths_db = gain(&mut section, "receive-gain-db");
        let transmit_gain_tenths_db = gain(&mut section, "transmit-gain-db");
        let echo_ms = echo(reader, &mut section);
        let telephone = match kind {
            PortKind::Fxs => Some(telephone(reader, &mut section, name, &mut hung)),
            PortKind::Fxo => None,
        };
        let (mut answer_after_rings, mut pulse, mut default) = (2, false, MenuId::new(""));
        let mut test_number = None;
        if kind == PortKind::Fxo {
            let rings = section.field("answer-after-rings");
            answer_after_rings = rings.and_then(|f| f.whole(reader, 1..=10)).unwrap_or(2);
            let ways = [("tone", false), ("pulse", true)];
            let dial = section.field("dial").and_then(|f| f.one_of(reader, &ways));
            pulse = dial.unwrap_or(false);
            default = refs::node(reader, &mut section, "entry");
            test_number = section.field("test-number").and_then(|f| dialled(reader, &f));
        }
        section.done(reader);
        let port = Port {
            kind,
            driver,
            channel,
            law,
            answer_after_rings,
            receive_gain_tenths_db,
            transmit_gain_tenths_db,
            echo_ms,
            pulse,
            test_number,
            telephone,
            entry: Entry { default, by_number: BTreeMap::new() },
        };
        ports.insert(PortId::new(name), port);
    }
    ports
}

/// `test-number = "9W10000"`: what a trial of the line dials.
fn dialled(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Number> {
    match field.value.as_str().filter(|text| names::is_dialled(text)) {
        Some(text) => Some(Number::new(text)),
        None => field.must_be(
            reader,
            "1 to 32 of the keys 0 to 9, * and # in quotes, and W for a pause of half a second",
        ),
    }
}

/// `extension = "8105"`: the account that the telephone of a port is.
fn telephone<'a>(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    name: &'a str,
    hung: &mut BTreeMap<PhoneId, &'a str>,
) -> PhoneId {
    let field = section.required(reader, "extension", "\"8105\"");
    let Some(field) = field else { return PhoneId::new("") };
    let number = field.text(reader).unwrap_or_default();
    if names::extension(reader, &field.spot, number)
        && let Some(owner) = hung.insert(PhoneId::new(number), name)
    {
        reader.fault(&field.spot, format!("'{number}' hangs on port.{owner} already"));
    }
    PhoneId::new(number)
}

/// `ports = ["fxo-1", "fxo-2"]`: the lines that a trunk's calls out take; nothing where it is none of
/// lines. Each line is in one trunk, for whoever dials must know which calls hold it.
pub(crate) fn of_trunk<'a>(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    name: &'a str,
    ports: &BTreeMap<PortId, Port>,
    owners: &mut BTreeMap<PortId, &'a str>,
) -> Option<Vec<PortId>> {
    let field = section.field("ports")?;
    let mut group = Vec::new();
    let items = field.list(reader, PORTS_MAX);
    if items.is_empty() {
        reader
            .fault(&field.spot, "names no port; write for example ports = [\"fxo-1\", \"fxo-2\"]");
    }
    for item in items {
        let Some(text) = item.text(reader) else { continue };
        let id = PortId::new(text);
        let (shown, spot) = (cut(text), &item.spot);
        let fxo = ports.iter().filter(|(_, port)| port.kind == PortKind::Fxo);
        match ports.get(&id) {
            None => {
                let known = advice(text, fxo.map(|(id, _)| id.as_str()));
                reader.fault(spot, format!("'{shown}' is no port{known}"));
            }
            Some(port) if port.kind == PortKind::Fxs => {
                let what = "faces a telephone (fxs): calls out take ports that face the exchange";
                reader.fault(spot, format!("'{shown}' {what}"));
            }
            Some(_) => match owners.insert(id.clone(), name) {
                Some(owner) => {
                    reader.fault(spot, format!("'{shown}' is of trunk.{owner} already"));
                }
                None => group.push(id),
            },
        }
    }
    Some(group)
}

fn echo(reader: &mut Reader<'_>, section: &mut Section<'_>) -> u8 {
    let field = section.field("echo-ms");
    field.and_then(|field| echo_ms(reader, &field)).unwrap_or(ECHO_MS)
}

/// How late an echo is that is cancelled.
pub(crate) fn echo_ms(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<u8> {
    let ms = field.whole(reader, 0..=128)?;
    if !ECHOES_MS.contains(&ms) {
        reader.fault(&field.spot, format!("{ms} is none of 0, 4, 8, 16, 32, 64 and 128"));
    }
    Some(ms)
}
