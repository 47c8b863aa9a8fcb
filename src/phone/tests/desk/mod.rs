//! A site with a phone of each vendor, made by hand.

use model::site::*;
use model::srtp::SrtpPolicy;
use model::time::Zone;
use model::{AgentId, Codec, Codecs, MenuId, PhoneId, Secret, WallTime};
use phone::{Keys, Place, Setup};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// 22 November 2026.
pub const NOW: WallTime = WallTime(1_795_300_000_000);

pub const DESKS: [(&str, Vendor, [u8; 6]); 4] = [
    ("8001", Vendor::Yealink, [0x00, 0x15, 0x65, 0x00, 0x80, 0x01]),
    ("8002", Vendor::Fanvil, [0x0c, 0x38, 0x3e, 0x00, 0x80, 0x02]),
    ("8003", Vendor::Grandstream, [0xc0, 0x74, 0xad, 0x00, 0x80, 0x03]),
    ("8004", Vendor::Poly, [0x64, 0x16, 0x7f, 0x00, 0x80, 0x04]),
];

pub fn keys() -> Keys {
    Keys::new([42; 32])
}

pub fn place() -> Place {
    Place {
        host: [192, 0, 2, 1].into(),
        provision_port: 8443,
        trust_pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".into(),
    }
}

pub fn setup(site: &Site, phone: &str) -> Option<Setup> {
    Setup::new(site, &PhoneId::new(phone), &place(), &keys(), 0, NOW)
}

/// An outpatients' desk in Shanghai: TLS, encryption required, two park slots.
pub fn site() -> Site {
    let mut phones = BTreeMap::new();
    let mut agents = BTreeMap::new();
    for (number, vendor, mac) in DESKS {
        let others = DESKS.iter().filter(|(other, ..)| *other != number);
        let mut watched: Vec<String> = others.map(|(other, ..)| (*other).to_owned()).collect();
        watched.push("701".into());
        let password = Secret::new(format!("secret of {number} <&\"'>"));
        phones.insert(
            PhoneId::new(number),
            Phone {
                vendor,
                mac: Some(mac),
                name: format!("Desk {number}"),
                auto_answer: number == "8001" || number == "8004",
                keys: watched,
                hot_desk: number == "8002",
                ..Phone::with_password(password.clone())
            },
        );
        agents.insert(
            AgentId::new(number),
            Agent {
                name: format!("Agent {number}"),
                phone: PhoneId::new(number),
                password,
                lang: if number == "8004" { Lang::En } else { Lang::Zh },
                skills: BTreeMap::new(),
                rights: Rights::default(),
            },
        );
    }
    let tls =
        Tls { bind: SocketAddr::from(([0, 0, 0, 0], 5061)), certificate: None, clients: None };
    Site {
        name: Words::from([(Lang::En, "Hospital")]),
        supervision: Default::default(),
        sms: None,
        digest: String::new(),
        zone: Zone::named("Asia/Shanghai").unwrap(),
        lang: Lang::Zh,
        sip: SipSite {
            tls: Some(tls),
            srtp: SrtpPolicy::Require,
            // As a site that says nothing has them.
            codecs: Codecs::new([Codec::G722, Codec::Pcma, Codec::Pcmu, Codec::Opus]).unwrap(),
            ..SipSite::default()
        },
        trunks: BTreeMap::new(),
        ports: BTreeMap::new(),
        agents,
        queues: BTreeMap::new(),
        flow: Flow {
            nodes: BTreeMap::new(),
            silence: Duration::from_secs(30),
            to_agent: MenuId::new("queue"),
            schedules: BTreeMap::new(),
        },
        vip: BTreeSet::new(),
        codes: Codes::default(),
        phones,
        roles: BTreeMap::new(),
        numbering: Numbering::default(),
        ringing: Default::default(),
        parking: Parking { slots: vec!["701".into()], ..Parking::default() },
        limits: Limits::default(),
    }
}
