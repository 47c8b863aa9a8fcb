//! Calls out over analogue lines: an agent's phone, the box, a port of the simulated card, and whoever
//! has the number behind it.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use model::Cause;
use std::net::SocketAddr;
use std::time::Duration;
use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, SOON, Scene, talk};
use tests::sound::tone;

/// The ringback tone of China.
const RINGBACK_HZ: f64 = 450.0;

/// A hospital that calls out over these lines first, and over the carrier behind them.
fn hospital(ports: &str, carrier: Option<&Phone>, script: &str) -> Scene {
    let trunks = format!("[trunk.lines]\nports = [{ports}]\n\n[trunk.carrier]\norder = 5");
    let target = carrier.map(|phone| format!("\"udp:{}\"", phone.address));
    Scene::with_callers(script, |text| {
        let text = text.replace("[trunk.carrier]", &trunks);
        target.iter().fold(text, |text, target| text.replace("\"udp:127.0.0.2:5060\"", target))
    })
    .unwrap()
}

/// Somebody behind the lines: waits for the agent's tone, and speaks the callers' on and on.
fn person(number: &str, more: &str) -> String {
    format!(
        "[[caller]]\ncalled = \"{number}\"\nrings = 1\n{more}\n\
         steps = [\"tone 1004 4s\", \"wait-tone 1500 20s\", \"tone 1004 4s\"]\n"
    )
}

fn trunks_of_calls(scene: &Scene, count: usize) -> Vec<String> {
    let facts = scene.facts_when("Dialled", count).unwrap();
    facts.iter().map(|fact| fact["trunk"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_agent_calls_out_over_a_line_hears_it_ring_and_talks_until_either_hangs_up() {
    let scene = hospital("\"fxo-2\", \"fxo-1\"", None, &person("13912345678", ""));
    let agent = scene.agent("8001").unwrap();
    for far_hangs_up in [true, false] {
        let (mark, ended) = (agent.mark(), agent.story().ended.len());
        agent.dial("913912345678");
        agent.hears(mark, RINGBACK_HZ, 400).unwrap();
        assert!(!agent.story().talking, "heard before the answer");
        agent.until("somebody picked up", SOON, |story| story.talking).unwrap();
        let mark = agent.mark();
        agent.hears(mark, CALLER_HZ, 1000).unwrap();
        if !far_hangs_up {
            agent.hang_up();
        }
        // The far side goes on only once it has heard the agent, and ends with the busy tone.
        let over = |story: &tests::phone::Story| story.ended.len() > ended;
        agent.until("the call is over", SOON + Duration::from_secs(10), over).unwrap();
        if far_hangs_up {
            agent.hears(mark, CALLER_HZ, 5000).unwrap();
        }
        scene.quiet().unwrap();
    }
    assert_eq!(trunks_of_calls(&scene, 2), ["lines", "lines"]);
    let facts = scene.facts("DialledEnded").unwrap();
    assert!(facts.iter().all(|fact| fact["talked_ms"].as_u64() >= Some(500)), "{facts:?}");
    scene.over().unwrap();
}

#[test]
fn a_busy_tone_on_the_line_is_busy_at_the_phone_and_help_is_called_over_a_line_too() {
    let script = person("13912345678", "meets = \"busy\"") + &person("120", "");
    let scene = hospital("\"fxo-1\"", None, &script);
    let agent = scene.agent("8001").unwrap();
    let ended = agent.story().ended.len();
    agent.dial("913912345678");
    let story = agent.until("it is busy", SOON, |story| story.ended.len() > ended).unwrap();
    assert_eq!(story.ended.last(), Some(&Cause::Busy));
    scene.quiet().unwrap();
    let nobody = Setup::agent(scene.sip(), "8002", tone(AGENT_HZ, -12.0, 1000));
    let phone = scene.registered(nobody).unwrap();
    phone.dial("120");
    phone.until("help answers", SOON, |story| story.talking).unwrap();
    let mark = phone.mark();
    phone.hears(mark, CALLER_HZ, 1000).unwrap();
    phone.hang_up();
    assert_eq!(trunks_of_calls(&scene, 2), ["lines", "lines"]);
    scene.over().unwrap();
}

/// The far end of the SIP trunk: it takes calls and speaks the callers' tone.
fn carrier() -> Phone {
    let server = SocketAddr::from(([127, 0, 0, 1], 5060));
    let far = Setup::trunk(server, "carrier", tone(CALLER_HZ, -12.0, 1000));
    Phone::start(Setup { answer_after: Some(Duration::from_millis(300)), ..far }).unwrap()
}

#[test]
fn a_line_that_a_caller_holds_leaves_the_call_to_the_next_line_and_then_to_the_carrier() {
    let carrier = carrier();
    let caller = "[[caller]]\nport = 2\nnumber = \"13800138000\"\nsteps = [\"wait 10m\"]\n";
    let script = person("13912345678", "") + caller;
    let scene = hospital("\"fxo-2\", \"fxo-1\"", Some(&carrier), &script);
    scene.boxed.wait("the caller is in", SOON, |now| now.calls.len() == 1).unwrap();
    let (first, second) = (scene.agent("8003").unwrap(), scene.agent("8004").unwrap());
    first.dial("913912345678");
    first.until("the first is through", SOON, |story| story.talking).unwrap();
    let mark = first.mark();
    first.hears(mark, CALLER_HZ, 500).unwrap();
    second.dial("913912345678");
    second.until("the second is through", SOON, |story| story.talking).unwrap();
    talk(&carrier, &second).unwrap();
    assert_eq!(trunks_of_calls(&scene, 2), ["lines", "carrier"]);
    first.hang_up();
    second.hang_up();
    scene.boxed.wait("only the caller is left", SOON, |now| now.calls.len() == 1).unwrap();
}

#[test]
fn a_line_without_battery_takes_its_trunk_down_and_calls_go_over_the_next() {
    let carrier = carrier();
    let script = "[[caller]]\nport = 1\nsteps = [\"unplug 10m\"]\n";
    let scene = hospital("\"fxo-1\"", Some(&carrier), script);
    let down = |now: &control::Snapshot| {
        ["no-battery", "trunk-down"].iter().all(|key| now.alarms.iter().any(|a| a.key == *key))
    };
    scene.boxed.wait("the line is dead and its trunk down", SOON, down).unwrap();
    let agent = scene.agent("8001").unwrap();
    agent.dial("913912345678");
    agent.until("the agent is through", SOON, |story| story.talking).unwrap();
    talk(&carrier, &agent).unwrap();
    agent.hang_up();
    assert_eq!(trunks_of_calls(&scene, 1), ["carrier"]);
    scene.over().unwrap();
}

/// A hospital with an ordinary telephone, number 8105, on its fourth port.
fn with_telephone(script: &str) -> Scene {
    Scene::with_callers(script, |text| {
        let port = "[port.fxo-4]\nkind = \"fxo\"\ndriver = \"sim\"\nchannel = 4\nentry = \"greeting\"";
        let desk = "[port.desk]\nkind = \"fxs\"\ndriver = \"sim\"\nchannel = 4\nextension = \"8105\"\n\n\
                    [phone.8105]\nname = \"Ward 4\"\nrole = \"nurse\"";
        text.replace(port, desk)
    })
    .unwrap()
}

/// What the telephone does, from the moment its box has started.
fn telephone(steps: &str) -> String {
    format!("[[phone]]\nport = 4\nsteps = [{steps}]\n")
}

#[test]
fn a_telephone_calls_an_agent_and_an_agent_calls_the_telephone_and_both_hear_each_other() {
    let steps = r#""wait 8s", "lift", "wait-tone 450 3s", "press 8001", "wait-tone 1500 20s",
                   "tone 1004 2s", "put-down", "answer 1", "wait-tone 1500 20s", "tone 1004 60s""#;
    let scene = with_telephone(&telephone(steps));
    let agent = scene.registered(Setup::agent(scene.sip(), "8001", tone(AGENT_HZ, -12.0, 1000)));
    let agent = agent.unwrap();
    agent.until("the telephone calls", SOON, |story| story.talking).unwrap();
    assert_eq!(agent.story().caller, "8105");
    agent.hears(0, CALLER_HZ, 1000).unwrap();
    agent.until("it was put down", SOON, |story| story.ended.len() == 1).unwrap();
    scene.quiet().unwrap();
    let mark = agent.mark();
    agent.dial("8105");
    agent.until("the telephone was lifted", SOON, |story| story.talking).unwrap();
    agent.hears(mark, CALLER_HZ, 1000).unwrap();
    agent.hang_up();
    scene.quiet().unwrap();
    // It hears congestion now, and is busy until it is put down.
    agent.dial("8105");
    let story = agent.until("it is busy", SOON, |story| story.ended.len() == 3).unwrap();
    assert_eq!(story.ended.last(), Some(&Cause::Busy));
    scene.over().unwrap();
}

#[test]
fn a_caller_is_transferred_from_a_telephone_by_its_hook() {
    let steps = r#""answer 1", "wait-tone 1500 20s", "flash", "wait-tone 450 3s", "press 8002",
                   "wait-tone 1700 20s", "put-down""#;
    let scene = with_telephone(&telephone(steps));
    let phone = |user: &str, hz: f64| {
        scene.registered(Setup::agent(scene.sip(), user, tone(hz, -12.0, 1000))).unwrap()
    };
    let (first, second) = (phone("8001", 1500.0), phone("8002", 1700.0));
    first.dial("8105");
    first.until("the telephone was lifted", SOON, |story| story.talking).unwrap();
    second.until("the other is asked", SOON, |story| story.talking).unwrap();
    let mark = first.mark();
    first.hears(mark, 1700.0, 1000).unwrap();
    let mark = second.mark();
    second.hears(mark, 1500.0, 1000).unwrap();
    first.hang_up();
    scene.over().unwrap();
}

#[test]
fn nobody_registers_as_a_telephone_on_a_port() {
    let scene = with_telephone(&telephone("\"wait 1s\""));
    let thief = Setup::agent(scene.sip(), "8105", tone(AGENT_HZ, -12.0, 1000));
    for password in ["", "8105"] {
        let thief = Setup { password: password.to_owned(), ..thief.clone() };
        let phone = Phone::start(thief).unwrap();
        let story = phone.until("it is refused", SOON, |story| story.registered.is_some()).unwrap();
        assert!(matches!(story.registered, Some(Err(_))), "{:?}", story.registered);
    }
}
