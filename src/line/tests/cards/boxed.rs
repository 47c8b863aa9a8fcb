//! The whole box in the guest: spans, ports and a headset of the kernel's own drivers.

use super::bench::{Bench, bearer};
use super::primary_rate::Libpri;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Longest wait, on a machine that is emulated by a busy one: the box reads its prompts first, for a minute
/// and more where the one that emulates has no time.
const SOON: Duration = Duration::from_secs(150);

/// The daemon, killed when it is dropped.
pub struct Boxed {
    child: Child,
    /// Its state folder, and its log.
    place: String,
}

impl Drop for Boxed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Boxed {
    /// Starts it on a state folder of its own.
    pub fn start(name: &str) -> Self {
        let place = format!("/tmp/{name}");
        let child = Command::new("/bin/ringfence")
            .args(["run", "--state", &place, "--site", "/site"])
            .env("RINGFENCE_SHARE", "/share")
            .stderr(File::create(format!("{place}.log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, place }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(format!("{}.log", self.place)).unwrap_or_default()
    }

    /// Tells whether the log has a line with these words.
    pub fn says(&self, words: &str) -> bool {
        self.log().contains(words)
    }

    /// Waits for words in the log, with something to do meanwhile.
    pub fn until(&self, words: &str, mut meanwhile: impl FnMut()) -> Duration {
        let began = Instant::now();
        while !self.says(words) {
            assert!(began.elapsed() < SOON, "no '{words}'\n{}", self.log());
            meanwhile();
            std::thread::sleep(Duration::from_millis(5));
        }
        began.elapsed()
    }

    /// Runs the command line of the box.
    pub fn obeys(&self, words: &[&str]) {
        let done =
            Command::new("/bin/ringfence").args(["--state", &self.place]).args(words).status();
        assert!(done.unwrap().success(), "{words:?}\n{}", self.log());
    }

    /// What the console is shown, as it is sent.
    pub fn snapshot(&self) -> Option<String> {
        let mut stream = UnixStream::connect(format!("{}/control.sock", self.place)).ok()?;
        let asked = "{\"ask\":\"hello\",\"protocol\":1}\n{\"ask\":\"snapshot\"}\n";
        stream.write_all(asked.as_bytes()).ok()?;
        BufReader::new(stream).lines().map_while(Result::ok).nth(1)
    }

    /// Ends it, as a service manager does.
    pub fn over(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("/bin/kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        assert!(!self.says("panicked"), "{}", self.log());
    }
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn the_box_answers_a_call_on_a_span_and_its_greeting_is_heard_on_the_calls_channel() {
    // First, so that its call comes as soon as the box has the link.
    let mut far = Libpri::new(47, &["network", "dial", "1", "1", "6000"]);
    let boxed = Boxed::start("called");
    // libpri takes the first channel.
    let mut bench = Bench::new(&[bearer(32)]);
    let mut said: Vec<String> = Vec::new();
    let (mut answered, mut before) = (false, 0);
    while !said.contains(&"done".to_owned()) {
        assert!(bench.now().as_millis() < 60_000, "{said:?} {:?}\n{}", bench.heard, boxed.log());
        far.turn();
        bench.tick();
        said.extend(far.said.try_iter());
        if said.iter().any(|one| one.starts_with("answer")) && !answered {
            (answered, before) = (true, bench.heard[0].loud);
            bench.forget();
        }
    }
    println!("{said:?}; {} of {} blocks loud", bench.heard[0].loud, bench.heard[0].blocks);
    // One has the step in it from a channel that nobody has open to one that is.
    assert!(before <= 2, "{before} blocks are loud before the answer");
    assert!(said.contains(&"answer 1".to_owned()), "{said:?}\n{}", boxed.log());
    assert!(bench.heard[0].loud > 100, "{:?}\n{}", bench.heard, boxed.log());
    assert!(boxed.says("trunk e1: the data link is up"), "{}", boxed.log());
    boxed.over();
}
