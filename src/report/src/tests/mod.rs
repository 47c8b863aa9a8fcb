//! Facts to test reports with: written as a story, by the clock on the wall.

mod forms;
mod hand_made;
mod invariants;
mod stories;

use crate::{Date, Day, DayReport};
use model::fact::{AgentState, Entry, OfferWhy, Party};
use model::site::*;
use model::time::Zone;
use model::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// A Sunday in Shanghai.
pub const DATE: Date = Date::constant(2026, 11, 22);
pub const HOUR: u64 = 3_600_000;
pub const MINUTE: u64 = 60_000;

pub fn shanghai() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}

pub fn queue(zh: &str, en: &str, service_level_s: u64) -> Queue {
    Queue {
        name: Words::from([(Lang::Zh, zh), (Lang::En, en)]),
        skills: Default::default(),
        priority: 10,
        ring: Duration::from_secs(20),
        wrap_up: Duration::from_secs(30),
        announce_every: Duration::from_secs(30),
        music: "music".into(),
        waiting_max: 10,
        overflow: None,
        service_level: Duration::from_secs(service_level_s),
        callbacks: false,
    }
}

pub fn site() -> Site {
    let agent = |number: &str, name: &str| {
        let entry = Agent {
            name: name.into(),
            phone: number.into(),
            password: Secret::default(),
            lang: Lang::Zh,
            skills: BTreeMap::new(),
            rights: Default::default(),
        };
        (number.into(), entry)
    };
    Site {
        name: Words::default(),
        digest: String::new(),
        zone: shanghai(),
        lang: Lang::Zh,
        sip: SipSite {
            bind: "127.0.0.1:5060".parse().unwrap(),
            realm: "box".into(),
            rtp_ports: (40000, 40100),
            register_s: (60, 3600),
            ..SipSite::default()
        },
        trunks: BTreeMap::new(),
        ports: BTreeMap::new(),
        agents: [agent("8001", "王芳"), agent("8002", "Li Lei")].into(),
        queues: [
            ("help".into(), queue("门诊咨询", "Help", 20)),
            ("book".into(), queue("预约挂号", "Booking", 10)),
        ]
        .into(),
        flow: Flow {
            nodes: BTreeMap::new(),
            silence: Duration::from_secs(30),
            to_agent: "agent".into(),
            schedules: BTreeMap::new(),
        },
        vip: Default::default(),
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

pub fn visit(call: u64) -> VisitId {
    VisitId { call: CallId(call), no: 1 }
}

pub fn not_ready(reason: &str) -> AgentState {
    AgentState::NotReady { reason: reason.into() }
}

/// Facts in the making, with a clock of their own.
pub struct Story {
    pub entries: Vec<Entry>,
    pub now: WallTime,
}

impl Story {
    /// Begins `ms` after the midnight of `date` in Shanghai.
    pub fn at(date: Date, ms: u64) -> Self {
        let now = shanghai().start_of(date) + Duration::from_millis(ms);
        Self { entries: Vec::new(), now }
    }
    /// Goes on at hour, minute and second of `DATE`; hours may pass 24 or stay below 0.
    pub fn clock(&mut self, hour: i64, minute: i64, second: i64) -> &mut Self {
        let ms = ((hour * 60 + minute) * 60 + second) * 1000;
        self.now = WallTime(shanghai().start_of(DATE).0 + ms);
        self
    }
    pub fn wait(&mut self, ms: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(ms);
        self
    }
    pub fn fact(&mut self, fact: Fact) -> &mut Self {
        let seq = self.entries.len() as u64 + 1;
        self.entries.push(Entry { seq, at: self.now, fact });
        self
    }
    pub fn agent(&mut self, agent: &str, state: AgentState) -> &mut Self {
        self.fact(Fact::AgentChanged { agent: agent.into(), state })
    }
    pub fn started(&mut self) -> &mut Self {
        self.fact(Fact::BoxStarted { version: "0.1.0".into(), site_digest: String::new() })
    }
    /// A call that arrives, is answered by the box and joins a queue, all at once.
    pub fn call(&mut self, call: u64, queue: &str) -> &mut Self {
        self.arrive(call);
        self.fact(Fact::CallAnswered { call: CallId(call) }).join(visit(call), queue)
    }
    pub fn arrive(&mut self, call: u64) -> &mut Self {
        self.fact(Fact::CallArrived {
            call: CallId(call),
            via: Via::Port("fxo-1".into()),
            caller: Number::default(),
            name: PersonName::default(),
            dialled: String::new(),
            vip: false,
        })
    }
    pub fn join(&mut self, visit: VisitId, queue: &str) -> &mut Self {
        let marks = Marks::default();
        self.fact(Fact::Queued { visit, queue: queue.into(), marks, lang: Lang::Zh })
    }
    pub fn offer(&mut self, visit: VisitId, agent: &str) -> &mut Self {
        let why = OfferWhy {
            priority: 10,
            marks: Marks::default(),
            waited_ms: 0,
            waiting: 1,
            skills: Vec::new(),
            fit: 1,
            idle_ms: 0,
            attempt: 1,
        };
        self.fact(Fact::Offered { visit, agent: agent.into(), why });
        self.agent(agent, AgentState::Ringing { visit })
    }
    pub fn fail(&mut self, visit: VisitId, agent: &str, cause: Cause) -> &mut Self {
        self.fact(Fact::OfferFailed { visit, agent: agent.into(), cause });
        self.agent(agent, AgentState::Ready)
    }
    pub fn connect(
        &mut self,
        visit: VisitId,
        queue: &str,
        agent: &str,
        waited_ms: u64,
    ) -> &mut Self {
        let (queue, agent_id) = (queue.into(), agent.into());
        self.fact(Fact::Connected { visit, queue, agent: agent_id, waited_ms });
        self.agent(agent, AgentState::Talking { visit })
    }
    pub fn release(&mut self, visit: VisitId, agent: &str, talked_ms: u64) -> &mut Self {
        self.fact(Fact::Released { visit, agent: agent.into(), talked_ms });
        self.end(visit.call.0).agent(agent, AgentState::WrapUp { visit })
    }
    pub fn abandon(&mut self, visit: VisitId, queue: &str, waited_ms: u64) -> &mut Self {
        self.fact(Fact::Abandoned { visit, queue: queue.into(), waited_ms });
        self.end(visit.call.0)
    }
    pub fn overflow(&mut self, visit: VisitId, queue: &str, waited_ms: u64) -> &mut Self {
        let (queue, to) = (queue.into(), "bye".into());
        self.fact(Fact::Overflowed { visit, queue, to, waited_ms })
    }
    pub fn end(&mut self, call: u64) -> &mut Self {
        self.fact(Fact::CallEnded { call: CallId(call), by: Party::Caller, cause: Cause::Normal })
    }
    /// The report of `DATE` in Shanghai, folded from the first fact, long after the day.
    pub fn report(&self) -> DayReport {
        self.report_of(DATE)
    }
    pub fn report_of(&self, date: Date) -> DayReport {
        let day = Day::fold(date, &shanghai(), Default::default(), &self.entries);
        day.report(&site(), WallTime(i64::MAX))
    }
}

pub fn queue_row<'a>(report: &'a DayReport, queue: &str) -> &'a crate::QueueRow {
    report.queues.iter().find(|row| row.queue == queue).expect("the queue's row")
}

pub fn agent_row<'a>(report: &'a DayReport, agent: &str) -> &'a crate::AgentRow {
    report.agents.iter().find(|row| row.agent.as_str() == agent).expect("the agent's row")
}

/// The figures of every report add up.
pub fn assert_adds_up(report: &DayReport) {
    for row in report.queues.iter().chain([&report.total]) {
        let ends = row.answered
            + row.abandoned
            + row.overflowed
            + row.turned_away
            + row.lost
            + row.waiting;
        assert_eq!(row.offered, ends, "{}", row.queue);
        assert_eq!(row.answered, row.wait_answered.count, "{}", row.queue);
        assert_eq!(row.answered, row.talk.count + row.talking, "{}", row.queue);
        assert_eq!(row.abandoned, row.wait_abandoned.count, "{}", row.queue);
        assert!(row.service.within <= row.answered && row.service.permille.unwrap_or(0) <= 1000);
    }
    for row in &report.agents {
        assert_eq!(row.times.logged_in_ms, row.times.states_total_ms(), "{}", row.agent);
        assert!(row.times.logged_in_ms <= report.to.ms_since(report.from));
        let ends = row.offers.answered + row.offers.missed + row.offers.withdrawn;
        assert!(ends <= row.offers.offered, "{}", row.agent);
    }
    let answered: u64 = report.agents.iter().map(|row| row.offers.answered).sum();
    assert_eq!(report.total.answered, answered);
    let offered: u64 = report.queues.iter().map(|row| row.offered).sum();
    assert_eq!(report.total.offered, offered);
}
