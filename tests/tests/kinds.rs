//! One story over every kind of line that the box can be given without hardware: a SIP trunk, an analogue
//! port and a primary rate line (E1, Q.931) of the simulated card. What the people do and what is asked of
//! the box is the same code; only who plays the far side differs.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::net::SocketAddr;
use std::time::Duration;
use tests::phone::{Phone, Setup, Story};
use tests::scene::{AGENT_HZ, CALLER_HZ, LANGUAGE_MENU, SOON, Scene, samples};
use tests::sound::{tone, tone_ms};

/// Longest way from the ring through greeting and menus.
const WALK: Duration = Duration::from_secs(60);

/// How the far side is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sip,
    Analogue,
    Primary,
}

/// Who hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Caller,
    Agent,
}

impl Ends {
    /// What a simulated far side does once the agent talks: it has heard and was heard before it ends.
    fn steps(self) -> &'static str {
        match self {
            Self::Caller => "\"tone 1004 3s\", \"wait-tone 1500 20s\", \"tone 1004 3s\"",
            Self::Agent => "\"tone 1004 3s\", \"wait-tone 1500 20s\", \"tone 1004 60s\"",
        }
    }
}

/// A simulated caller who speaks while being held and sent on, and hangs up once the colleague is heard;
/// one who hears nobody does so a minute later than anybody waits for it.
const SENT_ON: &str = "\"tone 1004 30s\", \"wait-tone 700 120s\"";

/// A box and a far side behind a line of a kind.
struct Town {
    kind: Kind,
    scene: Scene,
    /// The far side, where it is a phone; behind a card's lines the simulator plays it.
    far: Option<Phone>,
}

/// What the colleague speaks.
const COLLEAGUE_HZ: f64 = 700.0;
const NUMBER: &str = "13912345678";

impl Town {
    /// A caller will walk the menus by key 1 to the appointments, or an agent calls `NUMBER`. A simulated
    /// far side then does these steps.
    fn new(kind: Kind, calls_in: bool, talks: &str) -> Self {
        let setup = |server| Setup::trunk(server, NUMBER, tone(CALLER_HZ, -12.0, 1000));
        match kind {
            Kind::Sip if calls_in => {
                let scene = Scene::hospital(|text| text).unwrap();
                let far = Phone::start(setup(scene.sip())).unwrap();
                Self { kind, scene, far: Some(far) }
            }
            Kind::Sip => {
                let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
                let answers = Some(Duration::from_millis(300));
                let far = Phone::start(Setup { answer_after: answers, ..setup(nobody) }).unwrap();
                let target = format!("\"udp:{}\"", far.address);
                let edit = |text: String| text.replace("\"udp:127.0.0.2:5060\"", &target);
                Self { kind, scene: Scene::hospital(edit).unwrap(), far: Some(far) }
            }
            Kind::Analogue | Kind::Primary => {
                let by = if kind == Kind::Primary { "span = 1\n" } else { "" };
                let who = match calls_in {
                    true => format!("{by}number = \"{NUMBER}\"\nat = \"8s\""),
                    false => format!("called = \"{NUMBER}\"\nrings = 1"),
                };
                let walk = match calls_in {
                    true => {
                        "\"wait-prompt 30s\", \"press 1\", \"wait 4s\", \"press 1\", \
                             \"wait-prompt 30s\", \"press 1\", \"wait-tone 1500 60s\", "
                    }
                    false => "",
                };
                let script = format!("[[caller]]\n{who}\nsteps = [{walk}{talks}]\n");
                let line = match kind {
                    Kind::Primary => {
                        "[trunk.e1]\ndriver = \"sim\"\nfirst-channel = 5\nentry = \"greeting\"\n"
                    }
                    _ => "[trunk.lines]\nports = [\"fxo-2\", \"fxo-1\"]\n",
                };
                let lines = format!("{line}\n[trunk.carrier]\norder = 5");
                let edit = |text: String| text.replace("[trunk.carrier]", &lines);
                Self { kind, scene: Scene::with_callers(&script, edit).unwrap(), far: None }
            }
        }
    }

    /// The caller calls and walks to the appointments by keys. A simulated one does so by the script.
    fn walks(&self) {
        let Some(far) = &self.far else { return };
        far.dial(LANGUAGE_MENU);
        far.until("the box answers", SOON, |story| story.talking).unwrap();
        for pause_ms in [1500, 4000, 4000] {
            std::thread::sleep(Duration::from_millis(pause_ms));
            far.press('1');
        }
    }

    /// Agent and far side hear each other. A simulated one that hears nothing hangs up by itself.
    fn talk(&self, agent: &Phone) {
        let mark = agent.mark();
        agent.hears(mark, CALLER_HZ, 1000).unwrap();
        if let Some(far) = &self.far {
            let mark = far.mark();
            far.hears(mark, AGENT_HZ, 500).unwrap();
        }
    }

    /// One side hangs up, and the other is told.
    fn ends(&self, agent: &Phone, ends: Ends, ended: usize) {
        match (ends, &self.far) {
            (Ends::Agent, _) => agent.hang_up(),
            (Ends::Caller, Some(far)) => far.hang_up(),
            // By its script, once it has heard who talks.
            (Ends::Caller, None) => {}
        }
        let gone = |story: &Story| story.ended.len() > ended;
        agent.until("the agent's call is over", WALK, gone).unwrap();
        if let Some(far) = &self.far {
            far.until("the far call is over", SOON, |story| !story.ended.is_empty()).unwrap();
        }
    }

    /// Nothing is left of the call, and who called and who was called are in its recording.
    fn over(self, speak: [f64; 2]) {
        self.scene.quiet().unwrap_or_else(|error| panic!("{:?}: {error:#}", self.kind));
        let started = self.scene.facts("RecordingStarted").unwrap();
        let call = started[0]["recording"]["call"].as_u64().unwrap();
        let (left, right) = self.scene.recording(call).unwrap();
        for (side, hz) in [left, right].iter().zip(speak) {
            let ms = tone_ms(&samples(side), hz);
            assert!(ms >= 500, "{:?}: {ms} ms of {hz} Hz are recorded", self.kind);
        }
        self.scene.over().unwrap_or_else(|error| panic!("{:?}: {error:#}", self.kind));
    }
}

fn a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up(kind: Kind) {
    for ends in [Ends::Caller, Ends::Agent] {
        let town = Town::new(kind, true, ends.steps());
        let agent = town.scene.agent("8001").unwrap();
        let ended = agent.story().ended.len();
        town.walks();
        agent.until("the agent talks", WALK, |story| story.talking).unwrap();
        assert_eq!(agent.story().caller, NUMBER);
        town.talk(&agent);
        let queued = town.scene.facts_when("Queued", 1).unwrap();
        assert_eq!(queued[0]["queue"].as_str(), Some("appointments"));
        town.ends(&agent, ends, ended);
        town.over([CALLER_HZ, AGENT_HZ]);
    }
}

fn a_caller_is_held_taken_back_and_sent_on_to_a_colleague(kind: Kind) {
    let town = Town::new(kind, true, SENT_ON);
    let (scene, agent) = (&town.scene, town.scene.agent("8001").unwrap());
    let setup = Setup::agent(scene.sip(), "8002", tone(COLLEAGUE_HZ, -12.0, 1000));
    let answers = Some(Duration::from_millis(500));
    let colleague = scene.registered(Setup { answer_after: answers, ..setup }).unwrap();
    town.walks();
    agent.until("the agent talks", WALK, |story| story.talking).unwrap();
    town.talk(&agent);

    agent.hold(true);
    scene.calls_are("held", 1).unwrap();
    scene.facts_when("Held", 1).unwrap();
    let mark = agent.mark();
    std::thread::sleep(Duration::from_secs(1));
    let heard = tone_ms(&samples(&agent.story().heard[mark..]), CALLER_HZ);
    assert!(heard < 200, "{heard} ms of a caller on hold were heard");
    agent.hold(false);
    scene.calls_are("talking", 1).unwrap();
    town.talk(&agent);

    agent.refer("8002");
    agent.until("the agent is out", SOON, |story| !story.talking).unwrap();
    let mark = colleague.mark();
    colleague.hears(mark, CALLER_HZ, 500).unwrap();
    if let Some(far) = &town.far {
        let mark = far.mark();
        far.hears(mark, COLLEAGUE_HZ, 500).unwrap();
    }
    assert_eq!(scene.facts_when("Transferred", 1).unwrap().len(), 1);
    town.ends(&colleague, Ends::Caller, 0);
    town.over([CALLER_HZ, AGENT_HZ]);
}

fn an_agent_calls_out_and_either_may_hang_up(kind: Kind, trunk: &str) {
    for ends in [Ends::Caller, Ends::Agent] {
        let town = Town::new(kind, false, ends.steps());
        let agent = town.scene.agent("8001").unwrap();
        let ended = agent.story().ended.len();
        agent.dial(&format!("9{NUMBER}"));
        agent.until("the far side answers", WALK, |story| story.talking).unwrap();
        town.talk(&agent);
        let dialled = town.scene.facts_when("Dialled", 1).unwrap();
        assert_eq!(dialled[0]["trunk"].as_str(), Some(trunk));
        assert_eq!(dialled[0]["number"].as_str(), Some("+8613912345678"));
        town.ends(&agent, ends, ended);
        town.over([AGENT_HZ, CALLER_HZ]);
    }
}

#[test]
fn by_sip_a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up() {
    a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up(Kind::Sip);
}

#[test]
fn over_a_port_a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up() {
    a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up(Kind::Analogue);
}

#[test]
fn over_a_primary_rate_line_a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up() {
    a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up(Kind::Primary);
}

#[test]
fn by_sip_an_agent_calls_out_and_either_may_hang_up() {
    an_agent_calls_out_and_either_may_hang_up(Kind::Sip, "carrier");
}

#[test]
fn over_a_port_an_agent_calls_out_and_either_may_hang_up() {
    an_agent_calls_out_and_either_may_hang_up(Kind::Analogue, "lines");
}

#[test]
fn over_a_primary_rate_line_an_agent_calls_out_and_either_may_hang_up() {
    an_agent_calls_out_and_either_may_hang_up(Kind::Primary, "e1");
}

#[test]
fn by_sip_a_caller_is_held_taken_back_and_sent_on_to_a_colleague() {
    a_caller_is_held_taken_back_and_sent_on_to_a_colleague(Kind::Sip);
}

#[test]
fn over_a_port_a_caller_is_held_taken_back_and_sent_on_to_a_colleague() {
    a_caller_is_held_taken_back_and_sent_on_to_a_colleague(Kind::Analogue);
}

#[test]
fn over_a_primary_rate_line_a_caller_is_held_taken_back_and_sent_on_to_a_colleague() {
    a_caller_is_held_taken_back_and_sent_on_to_a_colleague(Kind::Primary);
}
