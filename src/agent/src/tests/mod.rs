//! A world to test agents in: a hand-made site, phones and calls told to the core in virtual time.

mod invariants;
mod stories;

use crate::{Agents, Input, Output};
use model::fact::AgentState;
use model::site::*;
use model::time::Zone;
use model::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub fn agent(number: &str, lang: Lang) -> (AgentId, Agent) {
    let entry = Agent {
        name: number.into(),
        phone: number.into(),
        password: Secret::default(),
        lang,
        skills: [("talk".into(), 1)].into(),
        rights: Default::default(),
    };
    (number.into(), entry)
}

pub fn queue(wrap_up_s: u64) -> Queue {
    Queue {
        name: Words::default(),
        skills: ["talk".into()].into(),
        priority: 10,
        ring: Duration::from_secs(20),
        wrap_up: Duration::from_secs(wrap_up_s),
        announce_every: Duration::from_secs(30),
        music: "music".into(),
        waiting_max: 10,
        overflow: None,
        service_level: Duration::from_secs(20),
        callbacks: false,
    }
}

pub fn site(agents: impl IntoIterator<Item = (AgentId, Agent)>) -> Site {
    Site {
        name: Words::default(),
        digest: String::new(),
        zone: Zone::utc(),
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
        agents: agents.into_iter().collect(),
        queues: [("help".into(), queue(30)), ("fast".into(), queue(0))].into(),
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

pub fn two() -> Site {
    site([agent("8001", Lang::En), agent("8002", Lang::Zh)])
}

pub fn visit(n: u64) -> VisitId {
    VisitId { call: CallId(n), no: 1 }
}

pub fn at(s: u64) -> Instant {
    Instant::from_millis(s * 1000)
}

pub fn not_ready(reason: &str) -> AgentState {
    AgentState::NotReady { reason: reason.into() }
}

/// Agents with short words for what tests say to them.
pub struct World {
    pub agents: Agents,
    pub now: Instant,
}

impl World {
    pub fn new(site: Site) -> Self {
        Self::restored(site, WallTime(0), &[])
    }
    pub fn restored(
        site: Site,
        wall: WallTime,
        before: &[(AgentId, AgentState, WallTime)],
    ) -> Self {
        let agents = Agents::new(Instant::START, wall, Arc::new(site), before);
        Self { agents, now: Instant::START }
    }
    pub fn tell(&mut self, input: Input<'_>) -> Vec<Output> {
        self.agents.handle(self.now, input);
        self.drain()
    }
    pub fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.agents.poll()).collect()
    }
    /// Jumps from deadline to deadline until `s`.
    pub fn until(&mut self, s: u64) -> Vec<Output> {
        let mut heard = Vec::new();
        while let Some((due, _)) = self.agents.deadline().filter(|(due, _)| *due <= at(s)) {
            self.now = due;
            self.agents.tick(due);
            heard.extend(self.drain());
        }
        self.now = at(s);
        heard
    }
    pub fn up(&mut self, phone: &str) -> Vec<Output> {
        self.tell(Input::PhoneUp { phone: phone.into() })
    }
    pub fn down(&mut self, phone: &str) -> Vec<Output> {
        self.tell(Input::PhoneDown { phone: phone.into() })
    }
    /// Dials a code and gives the one prompt that is heard, with its language.
    pub fn dial(&mut self, phone: &str, dialled: &str) -> String {
        let outputs = self.tell(Input::Code { phone: phone.into(), dialled });
        let said: Vec<String> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Say { phone: to, clips } => {
                    assert_eq!(to.as_str(), phone);
                    Some(format!("{} {}", clips[0].lang, clips[0].prompt))
                }
                _ => None,
            })
            .collect();
        assert_eq!(said.len(), 1, "exactly one confirmation");
        said[0].clone()
    }
    pub fn state(&self, agent: &str) -> AgentState {
        self.agents.state(&agent.into()).expect("an agent").clone()
    }
    pub fn offer(&mut self, agent: &str, n: u64, queue: &str) -> Vec<Output> {
        self.tell(Input::Offered { agent: agent.into(), visit: visit(n), queue: queue.into() })
    }
    pub fn unanswered(&mut self, agent: &str, n: u64, cause: Cause) -> Vec<Output> {
        let cause = Some(cause);
        self.tell(Input::OfferEnded { agent: agent.into(), visit: visit(n), cause })
    }
    pub fn answer(&mut self, agent: &str, n: u64) -> Vec<Output> {
        self.tell(Input::Answered { agent: agent.into(), visit: visit(n) })
    }
    pub fn release(&mut self, agent: &str, n: u64) -> Vec<Output> {
        self.tell(Input::Released { agent: agent.into(), visit: visit(n) })
    }
    /// A world where 8001 is logged in and ready.
    pub fn ready() -> Self {
        let mut world = Self::new(two());
        world.up("8001");
        assert_eq!(world.dial("8001", "*11"), "en agent.logged-in");
        world
    }
    /// A world where 8001 talks with visit 1 of a queue.
    pub fn talking(queue: &str) -> Self {
        let mut world = Self::ready();
        world.offer("8001", 1, queue);
        world.answer("8001", 1);
        world
    }
}

/// The states that facts tell of, in order.
pub fn changes(outputs: &[Output]) -> Vec<(&str, &AgentState)> {
    let changes = outputs.iter().filter_map(|output| match output {
        Output::Fact(Fact::AgentChanged { agent, state }) => Some((agent.as_str(), state)),
        _ => None,
    });
    changes.collect()
}
