//! The site of the day: a bank with six queues and twenty agents.

use super::AGENTS;
use model::Law;
use model::port::PortKind;
use model::site::*;
use model::time::Zone;
use model::{Digit, MenuId, Number, Secret};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Analogue lines; who finds them busy comes by the trunk.
pub const PORTS: u16 = 8;

/// Numbers on the list of callers who come first.
pub const VIPS: u64 = 25;

/// Colleagues an agent may call or send somebody to.
pub const COLLEAGUES: [(u64, &str); 6] =
    [(1, "8001"), (1, "8004"), (1, "8007"), (1, "8011"), (1, "8013"), (1, "8019")];

/// The number of a caller, VIP or not.
pub fn number(n: u64) -> Number {
    Number::new(format!("139{n:08}"))
}

pub fn site() -> Site {
    Site {
        name: Words::from([(Lang::Zh, "模拟银行"), (Lang::En, "Simulated bank")]),
        digest: "simulated-day".into(),
        zone: Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc),
        lang: Lang::Zh,
        sip: SipSite {
            bind: ([127, 0, 0, 1], 5060).into(),
            realm: "box".into(),
            rtp_ports: (40_000, 40_999),
            register_s: (60, 3600),
            ..SipSite::default()
        },
        trunks: BTreeMap::from([("carrier".into(), Trunk::from_peers(Vec::new(), 200, entry()))]),
        ports: (1..=PORTS).map(|n| (format!("fxo-{n}").as_str().into(), port(n))).collect(),
        agents: (0..AGENTS).map(agent).collect(),
        queues: queues(),
        flow: flow(),
        vip: (0..VIPS).map(number).collect(),
        codes: Codes::default(),
        phones: Default::default(),
        roles: Default::default(),
        numbering: Default::default(),
        ringing: Default::default(),
        parking: Parking {
            slots: (701..706).map(|slot: u32| slot.to_string()).collect(),
            longest: Duration::from_secs(60),
        },
        supervision: Default::default(),
        sms: None,
        limits: Limits {
            calls_max: 70,
            call: Duration::from_secs(1800),
            recording: Duration::from_secs(300),
        },
    }
}

fn entry() -> Entry {
    Entry { default: "hours".into(), by_number: BTreeMap::new() }
}

fn port(channel: u16) -> Port {
    Port {
        kind: PortKind::Fxo,
        driver: Driver::Sim,
        channel,
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

/// Everybody talks; two in three know cards, one in three loans, some English, two security.
fn agent(n: usize) -> (model::AgentId, Agent) {
    let id = format!("{}", 8001 + n);
    let level = |skill: usize| u8::try_from((n * 7 + skill * 3) % 9 + 1).unwrap_or(1);
    let every = |nth: usize| n.is_multiple_of(nth);
    let skills = [("talk", true), ("cards", !every(3)), ("loans", every(3))]
        .into_iter()
        .chain([("english", every(5)), ("security", n % 10 == 3)])
        .enumerate()
        .filter(|(_, (_, has))| *has)
        .map(|(at, (skill, _))| (skill.into(), level(at)))
        .collect();
    let agent = Agent {
        name: format!("Agent {id}"),
        phone: id.as_str().into(),
        password: Secret::new("secret"),
        lang: if every(5) { Lang::En } else { Lang::Zh },
        skills,
        rights: Default::default(),
    };
    (id.as_str().into(), agent)
}

fn queues() -> BTreeMap<model::QueueId, Queue> {
    let s = Duration::from_secs;
    let queue = |skills: &[&str], priority| Queue {
        name: Words::default(),
        skills: skills.iter().map(|&skill| skill.into()).collect(),
        priority,
        ring: s(20),
        wrap_up: s(20),
        announce_every: s(45),
        music: "tone.music".into(),
        waiting_max: 40,
        overflow: None,
        service_level: s(20),
        callbacks: true,
    };
    let overflow = |after, to: &str| Some(Overflow { after: s(after), to: to.into() });
    BTreeMap::from([
        ("general".into(), queue(&["talk"], 10)),
        (
            "cards".into(),
            Queue { overflow: overflow(120, "general"), ..queue(&["talk", "cards"], 20) },
        ),
        (
            "loans".into(),
            Queue { waiting_max: 3, overflow: overflow(300, "sorry"), ..queue(&["loans"], 10) },
        ),
        ("english".into(), Queue { wrap_up: s(0), ..queue(&["english"], 10) }),
        ("security".into(), Queue { waiting_max: 2, ..queue(&["security"], 50) }),
        ("night".into(), Queue { announce_every: s(0), ..queue(&["talk"], 5) }),
    ])
}

fn flow() -> Flow {
    let say = |prompt: &str| vec![Say { prompt: prompt.into(), lang: None }];
    let menu = |prompt: &str, keys: &[(char, &str)]| Node::Menu {
        say: say(prompt),
        keys: keys.iter().filter_map(|(k, to)| Some((Digit::new(*k)?, (*to).into()))).collect(),
        wait: Duration::from_secs(5),
        tries_max: 3,
        invalid_to: "sorry".into(),
    };
    let to = |queue: &str, complaint| Node::Queue { queue: queue.into(), complaint };
    let digit = |key| Digit::new(key).unwrap_or_else(|| panic!("{key} is no key"));
    let card = Node::Collect {
        say: say("card"),
        name: "card".into(),
        digits: (6, 6),
        end: digit('#'),
        pause: Duration::from_secs(4),
        tries_max: 2,
        then: "cards".into(),
        invalid_to: "general".into(),
        secret: true,
    };
    let main = [('1', "card"), ('2', "loans"), ('3', "security"), ('9', "complaint")];
    let hours = Node::Hours {
        schedule: "office".into(),
        open: "language".into(),
        closed: "closed".into(),
        holiday: "closed".into(),
    };
    let nodes: [(&str, Node); 16] = [
        ("hours", hours),
        ("language", menu("language", &[('1', "zh"), ('2', "en")])),
        ("zh", Node::Language { lang: Lang::Zh, then: "hello".into() }),
        ("en", Node::Language { lang: Lang::En, then: "hello-english".into() }),
        ("hello", Node::Message { say: say("greeting"), then: "main".into() }),
        ("hello-english", Node::Message { say: say("greeting"), then: "english-main".into() }),
        ("main", menu("main", &[&main[..], &[('0', "general"), ('#', "sorry")]].concat())),
        ("english-main", menu("main", &[('1', "english"), ('9', "complaint"), ('0', "english")])),
        ("card", card),
        ("general", to("general", false)),
        ("cards", to("cards", false)),
        ("loans", to("loans", false)),
        ("security", to("security", false)),
        ("english", to("english", false)),
        ("complaint", to("general", true)),
        ("sorry", Node::HangUp { say: say("queue.sorry") }),
    ];
    let mut nodes: BTreeMap<MenuId, Node> =
        nodes.into_iter().map(|(id, node)| (id.into(), node)).collect();
    nodes.insert("closed".into(), menu("closed", &[('1', "night")]));
    nodes.insert("night".into(), to("night", false));
    let office = Schedule {
        week: (1..=7).map(|day| (day, vec![(8 * 3600, 18 * 3600)])).collect(),
        holidays: BTreeSet::new(),
        workdays: BTreeMap::new(),
    };
    Flow {
        nodes,
        silence: Duration::from_secs(30),
        to_agent: "general".into(),
        schedules: BTreeMap::from([("office".to_owned(), office)]),
    }
}
