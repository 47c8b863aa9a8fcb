//! A world to test queues in: a hand-made site, agents and callers told to the core in virtual time.

mod invariants;
mod stories;

use crate::{Input, Output, Queues};
use model::fact::OfferWhy;
use model::site::*;
use model::time::Zone;
use model::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub fn queue(skills: &[&str], priority: u8) -> Queue {
    Queue {
        name: Words::default(),
        skills: skills.iter().map(|&skill| skill.into()).collect(),
        priority,
        ring: Duration::from_secs(20),
        wrap_up: Duration::from_secs(10),
        announce_every: Duration::from_secs(30),
        music: "music".into(),
        waiting_max: 10,
        overflow: None,
        service_level: Duration::from_secs(20),
        callbacks: false,
    }
}

pub fn site(queues: impl IntoIterator<Item = (&'static str, Queue)>) -> Arc<Site> {
    Arc::new(Site {
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
        agents: BTreeMap::new(),
        queues: queues.into_iter().map(|(id, queue)| (id.into(), queue)).collect(),
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
    })
}

pub fn visit(n: u64) -> VisitId {
    VisitId { call: CallId(n), no: 1 }
}

pub fn at(s: u64) -> Instant {
    Instant::from_millis(s * 1000)
}

/// Queues with short words for what tests say to them.
pub struct World {
    pub queues: Queues,
    pub now: Instant,
}

impl World {
    pub fn new(queues: impl IntoIterator<Item = (&'static str, Queue)>) -> Self {
        Self { queues: Queues::new(Instant::START, site(queues)), now: Instant::START }
    }
    pub fn tell(&mut self, input: Input) -> Vec<Output> {
        self.queues.handle(self.now, input);
        self.drain()
    }
    /// Jumps from deadline to deadline until `s`.
    pub fn until(&mut self, s: u64) -> Vec<Output> {
        let mut heard = Vec::new();
        while let Some((due, _)) = self.queues.deadline().filter(|(due, _)| *due <= at(s)) {
            self.now = due;
            self.queues.tick(due);
            heard.extend(self.drain());
        }
        self.now = at(s);
        heard
    }
    pub fn join(&mut self, n: u64, queue: &str) -> Vec<Output> {
        self.join_marked(n, queue, Marks::default())
    }
    pub fn join_marked(&mut self, n: u64, queue: &str, marks: Marks) -> Vec<Output> {
        self.tell(Input::Join { visit: visit(n), queue: queue.into(), marks, lang: Lang::Zh })
    }
    pub fn free(&mut self, agent: &str, skills: &[(&str, u8)]) -> Vec<Output> {
        let skills = skills.iter().map(|&(skill, level)| (skill.into(), level)).collect();
        self.tell(Input::AgentFree { agent: agent.into(), skills, idle_since: self.now })
    }
    pub fn accept(&mut self, n: u64, agent: &str) -> Vec<Output> {
        self.tell(Input::Accepted { visit: visit(n), agent: agent.into() })
    }
    pub fn order(&self, queue: &str) -> Vec<u64> {
        self.queues.waiting(&queue.into()).map(|caller| caller.visit.call.0).collect()
    }
    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.queues.poll()).collect()
    }
}

/// Who was offered to whom.
pub fn offers(outputs: &[Output]) -> Vec<(u64, &str)> {
    let offers = outputs.iter().filter_map(|output| match output {
        Output::Offer { visit, agent, .. } => Some((visit.call.0, agent.as_str())),
        _ => None,
    });
    offers.collect()
}

/// Why the first offer was made.
pub fn why(outputs: &[Output]) -> &OfferWhy {
    let mut whys = outputs.iter().filter_map(|output| match output {
        Output::Offer { why, .. } => Some(why),
        _ => None,
    });
    whys.next().expect("an offer")
}

pub fn facts(outputs: &[Output]) -> Vec<&Fact> {
    let facts = outputs.iter().filter_map(|output| match output {
        Output::Fact(fact) => Some(fact),
        _ => None,
    });
    facts.collect()
}

/// The prompts of the last play, its id, and whether it is looped.
pub fn heard(outputs: &[Output]) -> (Vec<&str>, PlayId, bool) {
    let mut plays = outputs.iter().filter_map(|output| match output {
        Output::Say { play, clips, looped, .. } => {
            Some((clips.iter().map(|clip| clip.prompt.as_str()).collect(), *play, *looped))
        }
        _ => None,
    });
    plays.next_back().expect("something said")
}
