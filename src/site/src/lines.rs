//! `[trunk.NAME]` and `[port.NAME]`: where calls come in.

use crate::names::{self, is_telephone_number};
use crate::read::{Reader, Section, cut};
use crate::refs;
use model::port::PortKind;
use model::site::{Driver, Entry, Limits, Port, SipSite, Trunk};
use model::{Law, PortId, TrunkId};
use std::collections::BTreeMap;
use std::net::IpAddr;

const TRUNKS_MAX: usize = 32;
const PORTS_MAX: usize = 240;
const PEERS_MAX: usize = 32;
const NUMBERS_MAX: usize = 1000;
/// Largest gain either way; more is a wiring fault, not a setting.
const GAIN_DB_MAX: i16 = 12;

pub(crate) fn trunks(
    reader: &mut Reader<'_>,
    root: &mut Section<'_>,
    limits: &Limits,
    sip: &SipSite,
) -> BTreeMap<TrunkId, Trunk> {
    let mut trunks = BTreeMap::new();
    let mut owners = BTreeMap::<IpAddr, &str>::new();
    let Some(section) = root.section(reader, "trunk") else { return trunks };
    for (name, mut section) in section.tables(reader, TRUNKS_MAX) {
        names::name(reader, &section.spot, name);
        let mut peers = Vec::new();
        if let Some(field) = section.required(reader, "peers", "[\"203.0.113.7\"]") {
            for item in field.list(reader, PEERS_MAX) {
                let address = item.value.as_str().and_then(|text| text.parse::<IpAddr>().ok());
                let Some(peer) = address.filter(|peer| !peer.is_unspecified()) else {
                    let _: Option<()> = item
                        .must_be(reader, "an IP address without a port, such as \"203.0.113.7\"");
                    continue;
                };
                if let Some(owner) = owners.insert(peer, name) {
                    reader
                        .fault(&item.spot, format!("'{peer}' is a peer of trunk.{owner} already"));
                }
                if peer.is_loopback() && peer == sip.bind.ip() {
                    let why = "any phone on this very machine may call without a password";
                    reader.note(&item.spot, format!("'{peer}' is a trunk's peer: {why}"));
                }
                peers.push(peer);
            }
            if peers.is_empty() {
                reader.fault(&field.spot, "names no address to take calls from");
            }
        }
        let calls_max = match section.field("calls") {
            Some(field) => field.whole(reader, 1..=limits.calls_max).unwrap_or(1),
            None => limits.calls_max.min(30),
        };
        let default = refs::node(reader, &mut section, "entry");
        let mut by_number = BTreeMap::new();
        if let Some(numbers) = section.section(reader, "numbers") {
            for (number, spot, field) in numbers.entries().into_iter().take(NUMBERS_MAX) {
                if !is_telephone_number(number) {
                    let number = cut(number);
                    let rule = "digits, perhaps after a +";
                    reader.fault(&spot, format!("'{number}' is no telephone number: {rule}"));
                }
                by_number.insert(number.to_owned(), refs::node_of(reader, &field));
            }
        }
        section.done(reader);
        let entry = Entry { default, by_number };
        trunks.insert(TrunkId::new(name), Trunk::from_peers(peers, calls_max, entry));
    }
    trunks
}

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
