//! sipp as desk phone and as the carrier's caller: a stack that shares no line with ours. What sipp
//! cannot time is in `wire.rs`.

use model::Codec;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tests::boxed::{free_port, root};
use tests::foreign::Sipp;
use tests::scene::{CALLER_HZ, GENERAL, SOON, Scene, counter, samples, write_a_law};
use tests::sound::{tone, tone_ms};

/// A desk phone at one address: sipp plays it scenario by scenario.
struct Desk<'a> {
    scene: &'a Scene,
    address: SocketAddr,
}

impl Desk<'_> {
    fn new<'a>(scene: &'a Scene, user: &str, password: &str) -> Desk<'a> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
        let proof = format!("[authentication username={user} password={password}]");
        let account = format!("SEQUENTIAL\n{user};{proof};{address}\n");
        std::fs::write(scene.dir.path().join("accounts.csv"), account).unwrap();
        Desk { scene, address }
    }

    fn play(&self, name: &str, more: &[&str]) -> Sipp {
        let more = [&["-inf", "accounts.csv"], more].concat();
        Sipp::start(self.scene.dir.path(), name, self.scene.sip(), self.address, &more).unwrap()
    }

    /// Registers: sipp gives up at SHA-256 beside MD5, and is asked by MD5 alone the next time.
    fn register(&self) {
        let mut first = self.play("register", &[]);
        assert!(!first.ended(SOON).unwrap(), "sipp knows SHA-256 by now: simplify this");
        assert!(first.why().contains("must use MD5"), "{}", first.why());
        assert!(!self.is_up(), "who proved nothing was registered");
        self.play("register", &[]).finish(SOON).unwrap();
        assert!(self.is_up());
    }

    fn log_in(&self) {
        self.register();
        // Left to itself, sipp proves its password for an address without the number dialled.
        let target = format!("*11@{}", self.scene.sip());
        let code = ["-key", "code", "*11", "-auth_uri", &target];
        self.play("code", &code).finish(SOON).unwrap();
        self.scene.agent_is("8001", "ready").unwrap();
        self.scene.quiet().unwrap();
    }

    fn is_up(&self) -> bool {
        self.scene.boxed.snapshot().unwrap().agents.iter().any(|agent| agent.phone_up)
    }
}

/// A caller behind the trunk who dials a number and speaks a tone for `ms`.
fn caller(scene: &Scene, dialled: &str, ms: u32) -> Sipp {
    caller_over("u1", scene, dialled, ms)
}

fn caller_over(transport: &str, scene: &Scene, dialled: &str, ms: u32) -> Sipp {
    speaking(scene, "caller", CALLER_HZ, |text| {
        text.replace("sip:400@", &format!("sip:{dialled}@"))
    });
    let more = ["-d", &ms.to_string(), "-t", transport];
    trunk(scene.dir.path(), "caller", scene.sip(), &more)
}

/// Gives a scenario a tone to speak; `edit` may change it further.
fn speaking(scene: &Scene, name: &str, hz: f64, edit: impl Fn(String) -> String) {
    let dir = scene.dir.path();
    let sound = dir.join(format!("{name}.alaw"));
    write_a_law(&sound, &tone(hz, -12.0, 5000)).unwrap();
    let shipped = root().join(format!("tests/sipp/{name}.xml"));
    let text = std::fs::read_to_string(shipped).unwrap();
    let named = text.replace("SOUND", sound.to_str().unwrap());
    std::fs::write(dir.join(format!("{name}.xml")), edit(named)).unwrap();
}

fn trunk(dir: &Path, name: &str, server: SocketAddr, more: &[&str]) -> Sipp {
    let from = SocketAddr::from(([127, 0, 0, 2], free_port().unwrap()));
    let media = (2 * (free_port().unwrap() / 2)).to_string();
    let more = [&["-mp", &media], more].concat();
    Sipp::start(dir, name, server, from, &more).unwrap()
}

#[test]
fn sipp_registers_logs_in_and_echoes_a_caller_so_that_both_directions_are_recorded() {
    let scene = Scene::hospital(|text| text).unwrap();
    let desk = Desk::new(&scene, "8001", "ringfence-demo");
    desk.log_in();
    let media = 2 * (free_port().unwrap() / 2);
    let agent = desk.play("agent", &["-rtp_echo", "-mp", &media.to_string()]);

    let caller = caller(&scene, GENERAL, 6000);
    scene.calls_are("talking", 1).unwrap();
    caller.finish(Duration::from_secs(30)).unwrap();
    agent.finish(SOON).unwrap();
    let ended = scene.facts_when("CallEnded", 1).unwrap();
    assert_eq!((&ended[0]["by"], &ended[0]["cause"]), (&"Caller".into(), &"Normal".into()));
    scene.quiet().unwrap();

    let (left, right) = scene.recording(1).unwrap();
    assert_eq!(left.len(), right.len());
    let said = tone_ms(&samples(&left), CALLER_HZ);
    let echoed = tone_ms(&samples(&right), CALLER_HZ);
    assert!(said > 3000, "{said} ms of the caller were recorded");
    assert!(echoed > 2000, "{echoed} ms of the echo came back: the agent did not hear the caller");
    assert_eq!(recorded_codec(&scene), Codec::Pcma);
    scene.over().unwrap();
}

fn recorded_codec(scene: &Scene) -> Codec {
    let sealed = std::fs::read(scene.boxed.state.join("recordings/00000001-1.rfr")).unwrap();
    let folders = ringfence::folders::Folders::find(Some(scene.boxed.state.clone())).unwrap();
    let key = ringfence::boxkey::read(&folders).unwrap();
    vault::RecordingReader::open(sealed.as_slice(), &key).unwrap().header().codec
}

#[test]
fn a_wrong_password_is_refused_and_registers_nothing() {
    let scene = Scene::hospital(|text| text).unwrap();
    let desk = Desk::new(&scene, "8001", "not-the-password");
    let mut asked = desk.play("register", &[]);
    assert!(!asked.ended(SOON).unwrap());
    let mut wrong = desk.play("register", &[]);
    assert!(!wrong.ended(SOON).unwrap(), "{}", wrong.wire());
    let refusals = wrong.wire().matches("SIP/2.0 401").count();
    assert!(refusals >= 2, "{}", wrong.wire());
    assert!(!desk.is_up());
    assert_eq!(counter(&scene.boxed.snapshot().unwrap(), "sip-wrong-passwords"), 1);
    assert!(scene.facts("PhoneRegistered").unwrap().is_empty());
    scene.over().unwrap();
}

#[test]
fn a_caller_who_hangs_up_while_the_phone_rings_cancels_it() {
    let scene = Scene::hospital(|text| text).unwrap();
    let desk = Desk::new(&scene, "8001", "ringfence-demo");
    desk.log_in();
    let phone = desk.play("ringing", &[]);
    let caller = caller(&scene, GENERAL, 1500);
    scene.calls_are("offered", 1).unwrap();
    caller.finish(SOON).unwrap();
    phone.finish(SOON).unwrap();
    assert_eq!(scene.facts_when("Abandoned", 1).unwrap()[0]["queue"], "general");
    assert!(scene.facts("Connected").unwrap().is_empty());
    // It was not the agent's fault: the next call may ring there at once.
    scene.agent_is("8001", "ready").unwrap();
    scene.over().unwrap();
}

#[test]
fn sipp_registers_and_calls_over_tcp_and_is_granted_reliable_ringing_and_refreshes() {
    let scene = Scene::hospital(|text| text).unwrap();
    let agent = scene.agent("8001").unwrap();
    let desk = Desk::new(&scene, "8002", "ringfence-demo");
    assert!(!desk.play("register", &["-t", "t1"]).ended(SOON).unwrap(), "SHA-256 was passed over");
    desk.play("register", &["-t", "t1"]).finish(SOON).unwrap();
    let registered = scene.facts_when("PhoneRegistered", 2).unwrap();
    assert_eq!(registered[1]["phone"], "8002");

    let mark = agent.mark();
    let calling = caller_over("t1", &scene, GENERAL, 3000);
    agent.hears(mark, CALLER_HZ, 1000).unwrap();
    calling.finish(SOON).unwrap();
    scene.quiet().unwrap();

    // PRACK, UPDATE and a refreshing INVITE: each 200 names sipp as who refreshes (RFC 4028 9).
    for transport in ["u1", "t1"] {
        let more = ["-t", transport];
        trunk(scene.dir.path(), "refreshing", scene.sip(), &more).finish(SOON).unwrap();
    }
    scene.over().unwrap();
}

#[test]
fn what_a_carrier_says_before_its_answer_is_heard_by_the_agent() {
    const FAR_HZ: f64 = 850.0;
    let far = SocketAddr::from(([127, 0, 0, 2], free_port().unwrap()));
    let target = format!("udp:{far}");
    let scene = Scene::hospital(|text| text.replace("udp:127.0.0.2:5060", &target)).unwrap();
    let agent = scene.agent("8001").unwrap();
    speaking(&scene, "carrier", FAR_HZ, |text| text);
    let dir = scene.dir.path();
    let media = (2 * (free_port().unwrap() / 2)).to_string();
    let more = ["-d", "3000", "-mp", &media];
    let carrier = Sipp::start(dir, "carrier", scene.sip(), far, &more).unwrap();
    let mark = agent.mark();
    agent.dial("913912345678");
    agent.hears(mark, FAR_HZ, 1000).unwrap();
    assert!(!agent.story().talking, "the carrier has not answered yet");
    agent.until("answered", SOON, |story| story.talking).unwrap();
    let mark = agent.mark();
    agent.hears(mark, FAR_HZ, 500).unwrap();
    agent.hang_up();
    carrier.finish(SOON).unwrap();
    scene.over().unwrap();
}
