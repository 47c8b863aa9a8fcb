//! Fabricated states of a box, for tests and for the example `fake_box`.
#![allow(dead_code)] // Each test target uses its own part of it.

use control::{
    AgentRow, AlarmRow, CallRow, Counter, Lang, Level, LineRow, PhoneHelp, QueueRow, Snapshot,
    Words,
};

/// A hospital on an ordinary morning, `second` seconds into it.
pub fn hospital(second: u64) -> Snapshot {
    let ms = second * 1000;
    let words = |zh, en| Words::from([(Lang::Zh, zh), (Lang::En, en)]);
    Snapshot {
        site: words("市第一人民医院", "First People's Hospital"),
        version: "0.1.0".into(),
        now: format!("2026-11-23 09:{:02}:{:02}", 30 + second / 60 % 30, second % 60),
        uptime_ms: 10_931_000 + ms,
        durable_seq: 4711 + second,
        draining: false,
        queues: vec![
            queue("appointments", words("预约挂号", "Appointments"), 3, 41_000 + ms, 1, 1),
            queue("results", words("检查结果", "Test results"), 1, 12_000 + ms, 0, 0),
            queue("pharmacy", words("用药咨询", "Pharmacy"), 0, 0, 1, 0),
            queue("complaints", words("投诉与建议", "Complaints"), 1, 25_000 + ms, 0, 0),
            queue("general", words("人工服务", "General"), 0, 0, 1, 0),
        ],
        agents: vec![
            agent("8001", "王芳", "talking", "", 83_000 + ms, true, Some("00000042")),
            agent("8002", "李明", "ringing", "", 3_000 + ms, true, Some("00000045")),
            agent("8003", "张伟", "ready", "", 241_000 + ms, true, None),
            agent("8004", "Grace Chen", "not-ready", "lunch", 1_201_000 + ms, true, None),
            agent("8005", "欧阳静怡", "wrap-up", "", 9_000 + ms, true, Some("00000041")),
            agent("8006", "Li Na", "not-ready", "no-answer", 62_000 + ms, false, None),
            agent("8007", "赵磊", "logged-out", "", 50_400_000 + ms, false, None),
        ],
        calls: vec![
            call("00000042", "port fxo-1", "********001", "talking", "8001", 83_000 + ms)
                .marks(true, false, true),
            call(
                "00000043",
                "trunk carrier",
                "********618",
                "waiting",
                "appointments",
                41_000 + ms,
            )
            .marks(false, false, true),
            call("00000044", "port fxo-2", "", "waiting", "complaints", 25_000 + ms)
                .marks(false, true, true),
            call("00000045", "trunk carrier", "********777", "offered", "8002", 3_000 + ms)
                .marks(false, false, true),
            call("00000046", "trunk carrier", "*********309", "menu", "results-card", 8_000 + ms)
                .marks(false, false, false),
            call("00000047", "trunk carrier", "********250", "talking", "8003", 31_000 + ms)
                .marks(false, false, true)
                .sounds(312, "unheard"),
        ],
        lines: vec![
            line("fxo-1", "fxo", "busy", 1, &[]),
            line("fxo-2", "fxo", "busy", 1, &[]),
            line("fxo-3", "fxo", "alarm", 0, &["no-battery"]),
            line("fxo-4", "fxo", "idle", 0, &[]),
            line("carrier", "trunk", "busy", 3, &[]),
        ],
        alarms: vec![
            alarm("no-battery", "fxo-3", Level::Critical, 125_000 + ms),
            alarm("disk-slow", "recordings", Level::Warning, 7_000 + ms),
        ],
        counters: COUNTERS
            .iter()
            .enumerate()
            .map(|(at, name)| Counter { name: (*name).into(), value: at as u64 % 4 * second })
            .collect(),
        phone_help: PhoneHelp {
            server: "127.0.0.1:5060".into(),
            transport: "UDP".into(),
            realm: "ringfence".into(),
            accounts: (8001..=8007).map(|number| number.to_string()).collect(),
            demo_password: Some("ringfence-demo".into()),
            codes: [
                ("*11", "log-in"),
                ("*12", "log-out"),
                ("*13", "ready"),
                ("*14", "not-ready"),
                ("*15", "wrap-up-end"),
            ]
            .map(|(code, key)| (code.to_owned(), key.to_owned()))
            .into(),
        },
    }
}

/// A crowded box: 500 calls, 200 agents, 40 lines, 30 queues.
pub fn crowd() -> Snapshot {
    let mut shown = hospital(0);
    let states = [
        "ringing",
        "menu",
        "waiting",
        "offered",
        "calling",
        "talking",
        "held",
        "transferring",
        "consulting",
        "parked",
        "conference",
        "ending",
    ];
    shown.calls = (0..500_u64)
        .map(|at| {
            let state = states.get(at as usize % states.len()).copied().unwrap_or("menu");
            call(
                &format!("{:08}", at + 1),
                "trunk carrier",
                "********123",
                state,
                "general",
                at * 997,
            )
        })
        .collect();
    shown.agents = (0..200_u64)
        .map(|at| agent(&format!("{}", 8000 + at), "林", "ready", "", at * 1013, true, None))
        .collect();
    shown.lines = (1..=40).map(|at| line(&format!("fxo-{at}"), "fxo", "idle", 0, &[])).collect();
    shown.queues = (1..=30)
        .map(|at| {
            let name = Words::from([(Lang::Zh, "人工"), (Lang::En, "General")]);
            queue(&format!("q{at}"), name, at, 1000, 0, 0)
        })
        .collect();
    shown
}

pub const COUNTERS: [&str; 32] = [
    "calls-refused",
    "calls-too-long",
    "visits-exhausted",
    "legs-lost",
    "reconnected",
    "services-refused",
    "events-ignored",
    "legs",
    "ticks",
    "ticks-late",
    "ticks-skipped",
    "late-us-max",
    "rtp-in",
    "rtp-out",
    "rtp-send-failed",
    "taps-lost",
    "news-lost",
    "card-errors",
    "recordings-open",
    "recordings-failed",
    "recorded-ticks-missed",
    "recordings-sync-ms",
    "sip-in",
    "sip-out",
    "sip-malformed",
    "sip-retransmitted",
    "sip-limited",
    "sip-shed",
    "sip-send-failed",
    "sip-wrong-passwords",
    "prompts-missing",
    "released-early",
];

pub fn queue(
    key: &str,
    name: Words,
    waiting: u32,
    longest_wait_ms: u64,
    agents_free: u32,
    offered: u32,
) -> QueueRow {
    let service_level_ms = 30_000;
    QueueRow {
        queue: key.into(),
        name,
        waiting,
        longest_wait_ms,
        agents_free,
        offered,
        service_level_ms,
    }
}

pub fn agent(
    agent: &str,
    name: &str,
    state: &str,
    reason: &str,
    state_ms: u64,
    phone_up: bool,
    call: Option<&str>,
) -> AgentRow {
    AgentRow {
        agent: agent.into(),
        name: name.into(),
        state: state.into(),
        reason: reason.into(),
        state_ms,
        phone_up,
        phone: agent.into(),
        dnd: reason == "dnd",
        forwarded: false,
        call: call.map(str::to_owned),
    }
}

pub fn call(call: &str, via: &str, caller: &str, state: &str, at: &str, state_ms: u64) -> CallRow {
    CallRow {
        call: call.into(),
        via: via.into(),
        caller: caller.into(),
        lang: Lang::Zh,
        state: state.into(),
        at: at.into(),
        state_ms,
        total_ms: state_ms + 30_000,
        vip: false,
        complaint: false,
        recording: false,
        mos: None,
        muted: String::new(),
    }
}

trait Marks {
    fn marks(self, vip: bool, complaint: bool, recording: bool) -> Self;
}

trait Sounds {
    fn sounds(self, mos: u16, muted: &str) -> Self;
}

impl Sounds for CallRow {
    fn sounds(self, mos: u16, muted: &str) -> Self {
        Self { mos: Some(mos), muted: muted.into(), ..self }
    }
}

impl Marks for CallRow {
    fn marks(self, vip: bool, complaint: bool, recording: bool) -> Self {
        Self { vip, complaint, recording, ..self }
    }
}

pub fn line(line: &str, kind: &str, state: &str, calls: u32, alarms: &[&str]) -> LineRow {
    LineRow {
        line: line.into(),
        kind: kind.into(),
        state: state.into(),
        calls,
        alarms: alarms.iter().map(|key| (*key).to_owned()).collect(),
    }
}

pub fn alarm(key: &str, about: &str, level: Level, since_ms: u64) -> AlarmRow {
    AlarmRow { key: key.into(), about: about.into(), level, since_ms }
}
