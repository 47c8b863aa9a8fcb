//! One caller before a flow, and the flow the tests share.

use ivr::{Input, Ivr, Output};
use model::fact::Chosen;
use model::site::{Codes, Flow, Lang, Limits, Node, Say, Schedule, SipSite, Site, Words};
use model::time::{Anchor, Zone};
use model::{CallId, Digit, Fact, Instant, MenuId, PlayId, VisitId, WallTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub const SECOND: Duration = Duration::from_secs(1);

pub fn key(sign: char) -> Digit {
    Digit::new(sign).unwrap()
}

pub fn say(prompts: &[&str]) -> Vec<Say> {
    prompts.iter().map(|id| Say { prompt: (*id).into(), lang: None }).collect()
}

/// A menu that waits 5 s and takes three wrong keys.
pub fn menu(prompt: &str, keys: &[(char, &str)]) -> Node {
    Node::Menu {
        say: say(&[prompt]),
        keys: keys.iter().map(|&(sign, to)| (key(sign), MenuId::new(to))).collect(),
        wait: 5 * SECOND,
        tries_max: 3,
        invalid_to: "general".into(),
    }
}

pub fn message(prompt: &str, then: &str) -> Node {
    Node::Message { say: say(&[prompt]), then: then.into() }
}

pub fn queue(name: &str) -> Node {
    Node::Queue { queue: name.into(), complaint: false }
}

/// Four to six digits, `#` ends them, 4 s between two of them, two tries.
pub fn card(secret: bool) -> Node {
    Node::Collect {
        say: say(&["card"]),
        name: "card-number".into(),
        digits: (4, 6),
        end: key('#'),
        pause: 4 * SECOND,
        tries_max: 2,
        then: "results".into(),
        invalid_to: "general".into(),
        secret,
    }
}

/// The flow of most tests.
pub fn flow() -> Vec<(&'static str, Node)> {
    let both = vec![
        Say { prompt: "language".into(), lang: Some(Lang::Zh) },
        Say { prompt: "language".into(), lang: Some(Lang::En) },
    ];
    let mut languages = menu("", &[('1', "chinese"), ('2', "english")]);
    if let Node::Menu { say, .. } = &mut languages {
        *say = both;
    }
    vec![
        ("greeting", message("greeting", "languages")),
        ("languages", languages),
        ("chinese", Node::Language { lang: Lang::Zh, then: "main".into() }),
        ("english", Node::Language { lang: Lang::En, then: "main".into() }),
        (
            "main",
            menu(
                "main",
                &[('1', "sub"), ('2', "card"), ('3', "pin"), ('8', "complaint"), ('9', "main")],
            ),
        ),
        ("sub", menu("sub", &[('1', "results"), ('3', "hours"), ('*', "main")])),
        ("hours", message("hours", "sub")),
        ("card", card(false)),
        ("pin", card(true)),
        ("results", queue("results")),
        ("general", queue("general")),
        ("complaint", Node::Queue { queue: "complaints".into(), complaint: true }),
        ("bye", Node::HangUp { say: say(&["bye"]) }),
    ]
}

pub fn site(nodes: Vec<(&str, Node)>, schedule: Schedule, zone: &str) -> Arc<Site> {
    Arc::new(Site {
        name: Words::default(),
        digest: String::new(),
        zone: Zone::named(zone).unwrap(),
        lang: Lang::Zh,
        sip: SipSite {
            bind: "127.0.0.1:5060".parse().unwrap(),
            realm: String::new(),
            rtp_ports: (0, 0),
            register_s: (0, 0),
            ..SipSite::default()
        },
        trunks: BTreeMap::new(),
        ports: BTreeMap::new(),
        agents: BTreeMap::new(),
        queues: BTreeMap::new(),
        flow: Flow {
            nodes: nodes.into_iter().map(|(name, node)| (name.into(), node)).collect(),
            silence: 30 * SECOND,
            to_agent: "general".into(),
            schedules: BTreeMap::from([("opening".to_owned(), schedule)]),
        },
        vip: BTreeSet::new(),
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

/// A core and one caller in it; time stands still until it is told to pass.
pub struct Caller {
    pub ivr: Ivr,
    pub now: Instant,
    pub visit: VisitId,
    /// Everything but facts, as it came.
    pub told: Vec<Output>,
    pub facts: Vec<Fact>,
    play: Option<PlayId>,
}

impl Caller {
    /// Begins at a node of the shared flow.
    pub fn at(node: &str) -> Self {
        Self::on(site(flow(), Schedule::default(), "Asia/Shanghai"), node, WallTime(0))
    }

    pub fn on(site: Arc<Site>, node: &str, wall: WallTime) -> Self {
        let now = Instant::from_millis(1000);
        let ivr = Ivr::new(now, Anchor { at: now, wall }, site);
        let visit = VisitId { call: CallId(7), no: 1 };
        let (told, facts) = (Vec::new(), Vec::new());
        let mut caller = Self { ivr, now, visit, told, facts, play: None };
        caller.hand_in(Input::Begin { visit, node: node.into(), lang: Lang::Zh });
        caller
    }

    pub fn press(&mut self, signs: &str) -> &mut Self {
        for sign in signs.chars() {
            self.hand_in(Input::Digit { visit: self.visit, digit: key(sign) });
        }
        self
    }

    /// The clips are heard to their end, which takes no time here.
    pub fn hear_out(&mut self) -> &mut Self {
        let play = self.play.expect("nothing is playing");
        self.hand_in(Input::Played { visit: self.visit, play });
        self
    }

    /// Lets time pass, firing each timer at its own moment.
    pub fn wait(&mut self, span: Duration) -> &mut Self {
        let until = self.now + span;
        while let Some((at, _)) = self.ivr.deadline().filter(|(at, _)| *at <= until) {
            self.now = at;
            self.ivr.tick(at);
            self.drain();
        }
        self.now = until;
        self
    }

    /// Lets time pass, with every clip taking a second.
    pub fn listen(&mut self, seconds: u32) -> &mut Self {
        for _ in 0..seconds {
            self.wait(SECOND);
            if self.play.is_some() {
                self.hear_out();
            }
        }
        self
    }

    pub fn hand_in(&mut self, input: Input) {
        self.ivr.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.ivr.poll() {
            match &output {
                Output::Fact(fact) => self.facts.push(fact.clone()),
                Output::Play { play, .. } => self.play = Some(*play),
                _ => self.play = None,
            }
            if !matches!(output, Output::Fact(_)) {
                self.told.push(output);
            }
        }
    }

    /// The clips that play now, e.g. `zh-CN/main`.
    pub fn hears(&self) -> Vec<String> {
        match self.told.last() {
            Some(Output::Play { clips, .. }) => {
                clips.iter().map(|clip| format!("{}/{}", clip.lang, clip.prompt)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The queue the visit left for, if it did.
    pub fn queue(&self) -> Option<&str> {
        match self.told.last() {
            Some(Output::ToQueue { queue, .. }) => Some(queue.as_str()),
            _ => None,
        }
    }

    pub fn node(&self) -> &str {
        self.ivr.at(self.visit).map_or("", MenuId::as_str)
    }

    pub fn stops(&self) -> usize {
        self.told.iter().filter(|output| matches!(output, Output::StopPlay { .. })).count()
    }

    /// The facts in short, e.g. `+main -main:1`.
    pub fn path(&self) -> String {
        let short = self.facts.iter().map(|fact| match fact {
            Fact::MenuEntered { menu, .. } => format!("+{menu}"),
            Fact::MenuLeft { menu, chosen: Chosen::Key(key), .. } => {
                format!("-{menu}:{}", key.as_char())
            }
            Fact::MenuLeft { menu, chosen, .. } => format!("-{menu}:{chosen:?}"),
            Fact::Collected { name, digits, .. } => format!("={name}:{}", digits.reveal()),
            other => panic!("not a fact of a flow: {other:?}"),
        });
        short.collect::<Vec<_>>().join(" ")
    }
}
