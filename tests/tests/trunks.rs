//! Calls out of the box over a trunk: who may, which way, and what is heard.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::net::SocketAddr;
use std::time::Duration;
use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, SOON, Scene, talk};
use tests::sound::tone;

/// The far end of the trunk: it takes calls and speaks the callers' tone.
fn carrier() -> Phone {
    let server = SocketAddr::from(([127, 0, 0, 1], 5060));
    let far = Setup::trunk(server, "carrier", tone(CALLER_HZ, -12.0, 1000));
    Phone::start(Setup { answer_after: Some(Duration::from_millis(300)), ..far }).unwrap()
}

/// A hospital whose trunk reaches these places, one after the other.
fn hospital(targets: &[String]) -> Scene {
    let targets: Vec<String> = targets.iter().map(|to| format!("\"udp:{to}\"")).collect();
    let targets = targets.join(", ");
    Scene::hospital(|text| text.replace("\"udp:127.0.0.2:5060\"", &targets)).unwrap()
}

#[test]
fn an_agent_calls_out_though_the_trunks_first_host_is_silent() {
    let carrier = carrier();
    let scene = hospital(&["127.0.0.2:9".to_owned(), carrier.address.to_string()]);
    let agent = scene.agent("8001").unwrap();
    let dialled = std::time::Instant::now();
    agent.dial("913912345678");
    let story = carrier.until("the carrier is called", SOON, |story| story.rang == 1).unwrap();
    assert!(dialled.elapsed() < Duration::from_secs(6), "{:?}", dialled.elapsed());
    // The trunk's own number is shown, since the agent has none.
    assert_eq!(story.caller, "02160000003");
    agent.until("the agent is through", SOON, |story| story.talking).unwrap();
    talk(&carrier, &agent).unwrap();
    agent.hang_up();
    carrier.until("the carrier's call is over", SOON, |story| !story.ended.is_empty()).unwrap();
    let facts = scene.facts_when("Dialled", 1).unwrap();
    assert_eq!(
        (facts[0]["kind"].as_str(), facts[0]["trunk"].as_str()),
        (Some("mobile"), Some("carrier"))
    );
    assert_eq!(facts[0]["number"].as_str(), Some("+8613912345678"));
    let ended = scene.facts_when("DialledEnded", 1).unwrap();
    assert!(ended[0]["talked_ms"].as_u64().unwrap() >= 500, "{ended:?}");
    scene.over().unwrap();
}

#[test]
fn what_the_role_forbids_is_not_called_and_help_is_from_a_phone_where_nobody_sits() {
    let carrier = carrier();
    let scene = hospital(&[carrier.address.to_string()]);
    let agent = scene.agent("8001").unwrap();
    agent.dial("90012125551234");
    agent.until("it is refused", SOON, |story| story.ended.len() > 1).unwrap();
    let barred = scene.facts_when("DialBarred", 1).unwrap();
    assert_eq!(barred[0]["why"].as_str(), Some("NotAllowed"));
    assert_eq!(carrier.story().rang, 0);

    let nobody = Setup::agent(scene.sip(), "8002", tone(AGENT_HZ, -12.0, 1000));
    let phone = scene.registered(nobody).unwrap();
    phone.dial("120");
    let story = carrier.until("help is called", SOON, |story| story.talking).unwrap();
    assert_eq!(story.caller, "02160000000", "the hospital's own number");
    talk(&carrier, &phone).unwrap();
    carrier.hang_up();
    phone.until("help hung up", SOON, |story| !story.ended.is_empty()).unwrap();
    let facts = scene.facts_when("Dialled", 1).unwrap();
    assert_eq!(facts[0]["kind"].as_str(), Some("emergency"));
    scene.over().unwrap();
}
