//! Stories and invariants of calls out.

mod invariants;
mod plans;
mod stories;

use crate::{Config, Dialling, Input, Output, Spent, Who};
use model::fact::Barred;
use model::site::{
    CallerId, Ceiling, Codes, Entry, Flow, Limits, NumberForm, Numbering, Role, SipSite, Site,
    Target, Transport, Trunk, TrunkOut, Words,
};
use model::time::{Anchor, Zone};
use model::{Fact, Instant, Number, TrunkId, WallTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Noon of a working day in Shanghai.
pub const NOON: WallTime = WallTime(1_795_060_800_000);

/// A trunk that takes calls out.
pub fn trunk(order: u16, calls_max: u16, form: NumberForm) -> Trunk {
    let entry = Entry {
        default: "main".into(),
        by_number: BTreeMap::from([("02160000003".to_owned(), "desk".into())]),
    };
    let target = Target { addr: ([203, 0, 113, 7], 5060).into(), transport: Transport::Udp };
    let out = TrunkOut { order, form, targets: vec![target], ..TrunkOut::default() };
    Trunk { span: None, ports: Vec::new(), peers: Vec::new(), calls_max, entry, out }
}

/// A site in Shanghai: agent 8001 may dial home and mobiles, at most 3 calls and 10 minutes a day.
pub fn site() -> Site {
    let mut numbering = site::plan("china").unwrap();
    numbering.area = "21".to_owned();
    numbering.outside = "9".to_owned();
    numbering.number = Some(Number::new("02160000000"));
    let dial = ["local", "mobile", "national"].map(str::to_owned).into();
    let role = Role {
        dial,
        also: vec!["+4930".to_owned()],
        calls_a_day: Some(3),
        minutes_a_day: Some(10),
        sees_numbers: true,
        ..Role::default()
    };
    Site {
        name: Words::default(),
        supervision: Default::default(),
        sms: None,
        digest: String::new(),
        zone: Zone::named("Asia/Shanghai").unwrap(),
        lang: model::site::Lang::Zh,
        sip: SipSite::default(),
        trunks: BTreeMap::from([
            ("first".into(), trunk(1, 10, NumberForm::National)),
            ("second".into(), trunk(2, 10, NumberForm::E164)),
        ]),
        ports: BTreeMap::new(),
        agents: BTreeMap::new(),
        queues: BTreeMap::new(),
        flow: Flow {
            nodes: BTreeMap::new(),
            silence: Duration::from_secs(30),
            to_agent: "desk".into(),
            schedules: BTreeMap::new(),
        },
        vip: [Number::new("13800000001"), Number::new("+862160000120")].into(),
        codes: Codes::default(),
        phones: BTreeMap::new(),
        roles: BTreeMap::from([("desk".into(), role)]),
        numbering,
        parking: Default::default(),
        ringing: Default::default(),
        limits: Limits::default(),
    }
}

pub fn nurse() -> Who {
    Who { agent: Some("8001".into()), phone: Some("8001".into()), role: Some("desk".into()) }
}

/// Dialling with its clock and what it said.
pub struct Box {
    pub dialling: Dialling,
    pub now: Instant,
    pub facts: Vec<Fact>,
    next: u64,
}

impl Box {
    pub fn new(site: Site) -> Self {
        Self::with(site, Spent::default())
    }
    pub fn with(site: Site, spent: Spent) -> Self {
        let anchor = Anchor { at: Instant::START, wall: NOON };
        let config = Config { site: Arc::new(site), anchor, spent };
        let dialling = Dialling::new(Instant::START, config);
        Self { dialling, now: Instant::START, facts: Vec::new(), next: 1 }
    }
    pub fn wait(&mut self, span: Duration) {
        self.now = self.now + span;
        self.dialling.tick(self.now);
    }
    /// Hands an input in and gives what is said beside facts.
    pub fn tell(&mut self, input: Input) -> Vec<Output> {
        self.dialling.handle(self.now, input);
        let mut said = Vec::new();
        while let Some(output) = self.dialling.poll() {
            match output {
                Output::Fact(fact) => self.facts.push(fact),
                output => said.push(output),
            }
        }
        said
    }
    /// Asks for a line out and gives the number of the ask with what is said.
    pub fn dial(&mut self, who: Who, dialled: &str) -> (u64, Output) {
        let ask = self.next;
        self.next += 1;
        let mut said =
            self.tell(Input::Asked { ask, call: None, who, dialled: dialled.to_owned() });
        assert_eq!(said.len(), 1, "{said:?}");
        (ask, said.remove(0))
    }
    /// What an ask is refused with.
    pub fn barred(&mut self, who: Who, dialled: &str) -> Option<Barred> {
        match self.dial(who, dialled) {
            (_, Output::Refused { why, .. }) => Some(why),
            (ask, _) => {
                self.tell(Input::Ended { ask });
                None
            }
        }
    }
}

/// Trunk, number and caller of a route.
pub fn route(output: &Output) -> (&str, &str, &str) {
    match output {
        Output::Route { trunk, number, caller, .. } => {
            (trunk.as_str(), number.reveal(), caller.reveal())
        }
        output => panic!("no route: {output:?}"),
    }
}

pub fn on(trunk: &str) -> Option<TrunkId> {
    Some(trunk.into())
}

/// A site whose numbering is changed.
pub fn with(change: impl Fn(&mut Site)) -> Site {
    let mut site = site();
    change(&mut site);
    site
}

pub fn shanghai() -> Numbering {
    site().numbering
}

pub const CEILING: Ceiling = Ceiling { calls: Some(5), minutes: None };

pub fn fixed(number: &str) -> CallerId {
    CallerId::Fixed(Number::new(number))
}
