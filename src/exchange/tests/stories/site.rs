//! A small site: one menu, two queues, three agents.

use model::Law;
use model::port::PortKind;
use model::site::*;
use model::time::Zone;
use model::{Digit, Number, Secret};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub const VIP: &str = "13800000001";

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn say(prompt: &str) -> Vec<Say> {
    vec![Say { prompt: prompt.into(), lang: None }]
}

fn key(key: char) -> Digit {
    Digit::new(key).unwrap()
}

pub fn queue() -> Queue {
    Queue {
        name: Words::from([(Lang::En, "Desk")]),
        skills: BTreeSet::from(["talk".into()]),
        priority: 10,
        ring: s(20),
        wrap_up: s(10),
        announce_every: s(30),
        music: "music.hold".into(),
        waiting_max: 10,
        overflow: None,
        service_level: s(20),
        callbacks: false,
    }
}

fn agent(phone: &str) -> Agent {
    Agent {
        name: format!("Agent {phone}"),
        phone: phone.into(),
        password: Secret::new("secret"),
        lang: Lang::En,
        skills: BTreeMap::from([("talk".into(), 5)]),
        rights: Default::default(),
    }
}

fn entry() -> Entry {
    Entry {
        default: "main".into(),
        by_number: BTreeMap::from([("5550".to_owned(), "to-desk".into())]),
    }
}

fn port() -> Port {
    Port {
        kind: PortKind::Fxo,
        driver: Driver::Sim,
        channel: 1,
        law: Law::A,
        answer_after_rings: 1,
        receive_gain_tenths_db: 0,
        transmit_gain_tenths_db: 0,
        echo_ms: 0,
        pulse: false,
        test_number: None,
        telephone: None,
        entry: entry(),
    }
}

fn flow() -> Flow {
    let keys = [('1', "to-desk"), ('2', "to-complaints"), ('3', "bye"), ('4', "to-small")];
    let main = Node::Menu {
        say: say("main"),
        keys: keys.into_iter().map(|(digit, to)| (key(digit), to.into())).collect(),
        wait: s(5),
        tries_max: 3,
        invalid_to: "bye".into(),
    };
    let to = |queue: &str, complaint| Node::Queue { queue: queue.into(), complaint };
    Flow {
        nodes: BTreeMap::from([
            ("main".into(), main),
            ("to-desk".into(), to("desk", false)),
            ("to-complaints".into(), to("desk", true)),
            ("to-small".into(), to("small", false)),
            ("bye".into(), Node::HangUp { say: say("ivr.goodbye") }),
        ]),
        silence: s(30),
        to_agent: "to-desk".into(),
        schedules: BTreeMap::new(),
    }
}

pub fn site() -> Site {
    Site {
        name: Words::from([(Lang::En, "Test")]),
        digest: "00".into(),
        zone: Zone::utc(),
        lang: Lang::Zh,
        sip: SipSite {
            bind: "127.0.0.1:5060".parse().unwrap(),
            realm: "box".into(),
            rtp_ports: (40000, 40100),
            register_s: (60, 3600),
            ..SipSite::default()
        },
        trunks: BTreeMap::from([("carrier".into(), Trunk::from_peers(Vec::new(), 30, entry()))]),
        ports: BTreeMap::from([("fxo-1".into(), port())]),
        agents: ["8001", "8002", "8003"].map(|id| (id.into(), agent(id))).into(),
        queues: BTreeMap::from([
            ("desk".into(), queue()),
            (
                "small".into(),
                Queue {
                    waiting_max: 1,
                    overflow: Some(Overflow { after: s(60), to: "to-desk".into() }),
                    skills: BTreeSet::from(["rare".into()]),
                    ..queue()
                },
            ),
        ]),
        flow: flow(),
        vip: BTreeSet::from([Number::new(VIP)]),
        codes: Codes::default(),
        phones: Default::default(),
        roles: Default::default(),
        numbering: Default::default(),
        parking: Default::default(),
        ringing: Default::default(),
        supervision: Default::default(),
        sms: None,
        limits: Limits::default(),
    }
}

pub fn with(change: impl FnOnce(&mut Site)) -> Arc<Site> {
    let mut site = site();
    change(&mut site);
    Arc::new(site)
}
