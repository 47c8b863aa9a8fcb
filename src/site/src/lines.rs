//! `[port.NAME]`: the analogue lines.

use crate::names;
use crate::read::{Reader, Section};
use crate::refs;
use model::port::PortKind;
use model::site::{Driver, Entry, Port};
use model::{Law, PortId};
use std::collections::BTreeMap;

const PORTS_MAX: usize = 240;
/// Largest gain either way; more is a wiring fault, not a setting.
const GAIN_DB_MAX: i16 = 12;

pub(crate) fn ports(reader: &mut Reader<'_>, root: &mut Section<'_>) -> BTreeMap<PortId, Port> {
    let mut ports = BTreeMap::new();
    let mut owners = BTreeMap::<(&'static str, u16), &str>::new();
    let Some(section) = root.section(reader, "port") else { return ports };
    for (name, mut section) in section.tables(reader, PORTS_MAX) {
        names::name(reader, &section.spot, name);
        let kinds = [("fxo", PortKind::Fxo), ("fxs", PortKind::Fxs)];
        let kind = section.required(reader, "kind", "\"fxo\"");
        let kind = kind.and_then(|f| f.one_of(reader, &kinds)).unwrap_or(PortKind::Fxo);
        let drivers = [("sim", Driver::Sim), ("dahdi", Driver::Dahdi)];
        let driver = section.required(reader, "driver", "\"dahdi\"");
        let driver = driver.and_then(|f| f.one_of(reader, &drivers)).unwrap_or(Driver::Sim);
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
        let rings = section.field("answer-after-rings");
        let answer_after_rings = rings.and_then(|f| f.whole(reader, 1..=10)).unwrap_or(2);
        let mut gain = |section: &mut Section<'_>, key| {
            section.field(key).and_then(|f| f.decibels(reader, GAIN_DB_MAX)).unwrap_or(0)
        };
        let receive_gain_tenths_db = gain(&mut section, "receive-gain-db");
        let transmit_gain_tenths_db = gain(&mut section, "transmit-gain-db");
        let default = refs::node(reader, &mut section, "entry");
        section.done(reader);
        let port = Port {
            kind,
            driver,
            channel,
            law,
            answer_after_rings,
            receive_gain_tenths_db,
            transmit_gain_tenths_db,
            entry: Entry { default, by_number: BTreeMap::new() },
        };
        ports.insert(PortId::new(name), port);
    }
    ports
}
