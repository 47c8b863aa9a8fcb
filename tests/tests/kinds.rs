//! One story over every kind of line that the box can be given without hardware: a SIP trunk and an
//! analogue port of the simulated card. What the people do and what is asked of the box is the same code;
//! only who plays the far side differs.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::net::SocketAddr;
use std::time::Duration;
use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, LANGUAGE_MENU, SOON, Scene};
use tests::sound::tone;

/// Longest way from the ring through greeting and menus.
const WALK: Duration = Duration::from_secs(60);

/// How the far side is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sip,
    Analogue,
}

/// Who hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Caller,
    Agent,
}

/// A box and a far side behind a line of a kind.
struct Town {
    kind: Kind,
    scene: Scene,
    /// The far side, where it is a phone; behind an analogue port the simulator plays it.
    far: Option<Phone>,
}

const NUMBER: &str = "13912345678";

impl Town {
    /// A caller will walk the menus by key 1 to the appointments, or an agent calls `NUMBER`.
    fn new(kind: Kind, calls_in: bool, ends: Ends) -> Self {
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
            Kind::Analogue => {
                let talks = match ends {
                    Ends::Caller => "\"tone 1004 3s\", \"wait-tone 1500 20s\", \"tone 1004 3s\"",
                    Ends::Agent => "\"tone 1004 3s\", \"wait-tone 1500 20s\", \"tone 1004 60s\"",
                };
                let who = match calls_in {
                    true => format!("number = \"{NUMBER}\"\nat = \"8s\""),
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
                let lines =
                    "[trunk.lines]\nports = [\"fxo-2\", \"fxo-1\"]\n\n[trunk.carrier]\norder = 5";
                let edit = |text: String| text.replace("[trunk.carrier]", lines);
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

    /// One side hangs up, the other is told, and nothing is left of the call.
    fn over(self, agent: &Phone, ends: Ends, ended: usize) {
        match (ends, &self.far) {
            (Ends::Agent, _) => agent.hang_up(),
            (Ends::Caller, Some(far)) => far.hang_up(),
            // By its script, once it has heard the agent: with the busy tone.
            (Ends::Caller, None) => {}
        }
        let gone = |story: &tests::phone::Story| story.ended.len() > ended;
        agent.until("the agent's call is over", SOON, gone).unwrap();
        if let Some(far) = &self.far {
            far.until("the far call is over", SOON, |story| !story.ended.is_empty()).unwrap();
        }
        self.scene.over().unwrap_or_else(|error| panic!("{:?}: {error:#}", self.kind));
    }
}

fn a_caller_walks_by_keys_to_an_agent_and_either_may_hang_up(kind: Kind) {
    for ends in [Ends::Caller, Ends::Agent] {
        let town = Town::new(kind, true, ends);
        let agent = town.scene.agent("8001").unwrap();
        let ended = agent.story().ended.len();
        town.walks();
        agent.until("the agent talks", WALK, |story| story.talking).unwrap();
        assert_eq!(agent.story().caller, NUMBER);
        town.talk(&agent);
        let queued = town.scene.facts_when("Queued", 1).unwrap();
        assert_eq!(queued[0]["queue"].as_str(), Some("appointments"));
        town.over(&agent, ends, ended);
    }
}

fn an_agent_calls_out_and_either_may_hang_up(kind: Kind, trunk: &str) {
    for ends in [Ends::Caller, Ends::Agent] {
        let town = Town::new(kind, false, ends);
        let agent = town.scene.agent("8001").unwrap();
        let ended = agent.story().ended.len();
        agent.dial(&format!("9{NUMBER}"));
        agent.until("the far side answers", WALK, |story| story.talking).unwrap();
        town.talk(&agent);
        let dialled = town.scene.facts_when("Dialled", 1).unwrap();
        assert_eq!(dialled[0]["trunk"].as_str(), Some(trunk));
        assert_eq!(dialled[0]["number"].as_str(), Some("+8613912345678"));
        town.over(&agent, ends, ended);
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
fn by_sip_an_agent_calls_out_and_either_may_hang_up() {
    an_agent_calls_out_and_either_may_hang_up(Kind::Sip, "carrier");
}

#[test]
fn over_a_port_an_agent_calls_out_and_either_may_hang_up() {
    an_agent_calls_out_and_either_may_hang_up(Kind::Analogue, "lines");
}
