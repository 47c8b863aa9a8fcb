//! Primary rate lines against libpri as the far end, over a D channel that is a socket.
//!
//! libpri is a program of its own here (`tests/far/pri.c`), built when the tests run.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "what another program writes is read beside")]

use line::q921::Side;
use line::q931::{CallNo, Config, Dialled, Output, Span};
use model::{Cause, Instant, LegEvent, Number, PersonName, TrunkId, Via};
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Octets of the check sequence, which the driver of a card makes.
const CHECK: usize = 2;

/// A span of ours and libpri.
struct Line {
    span: Span,
    wire: UnixDatagram,
    far: Child,
    lines: Receiver<String>,
    began: std::time::Instant,
    /// What libpri said, and what we were told.
    said: Vec<String>,
    told: Vec<(CallNo, LegEvent)>,
    /// Answers what arrives.
    answers: bool,
    /// Calls that talk at once, now and at most.
    talking: usize,
    most: usize,
    _dir: tempfile::TempDir,
}

fn built(dir: &std::path::Path) -> std::path::PathBuf {
    let (source, program) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/far/pri.c"), dir.join("pri"));
    let built =
        Command::new("gcc").args(["-O1", "-o"]).arg(&program).args([source, "-lpri"]).status();
    assert!(built.unwrap().success(), "libpri-dev is needed: scripts/setup test");
    program
}

impl Line {
    /// Starts libpri on the other side, doing this.
    fn new(side: Side, far: &[&str]) -> Self {
        Self::late(side, far, Duration::ZERO)
    }

    /// Our D channel opens so much later than libpri's; what it says until then is lost, and what we do.
    fn late(side: Side, far: &[&str], late: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (wire, theirs) = UnixDatagram::pair().unwrap();
        wire.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let name = if side == Side::User { "network" } else { "user" };
        let mut far = Command::new(built(dir.path()))
            .arg(name)
            .args(far)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(far.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        let config = Config::new(Via::Trunk(TrunkId::new("e1")), side);
        let began = std::time::Instant::now();
        let mut span = Span::new(Instant::START, config);
        if !late.is_zero() {
            while began.elapsed() < late {
                let _ = wire.recv(&mut [0; 300]);
                span.tick(Instant::START + began.elapsed());
                while span.poll().is_some() {}
            }
            span.opened(Instant::START + began.elapsed());
        }
        Self {
            span,
            wire,
            far,
            lines,
            began,
            said: Vec::new(),
            told: Vec::new(),
            answers: true,
            talking: 0,
            most: 0,
            _dir: dir,
        }
    }

    fn now(&self) -> Instant {
        Instant::START + self.began.elapsed()
    }

    /// Goes on until something is so.
    fn until(&mut self, what: &str, within: Duration, so: impl Fn(&Self) -> bool) {
        let end = std::time::Instant::now() + within;
        while !so(self) {
            let (said, told) = (&self.said, &self.told);
            assert!(std::time::Instant::now() < end, "{what}: {said:?} {told:?}");
            self.turn();
        }
    }

    fn turn(&mut self) {
        let mut frame = [0; 300];
        if let Ok(len) = self.wire.recv(&mut frame) {
            let now = self.now();
            self.span.frame(now, &frame[..len.saturating_sub(CHECK)]);
        }
        let now = self.now();
        self.span.tick(now);
        while let Some(output) = self.span.poll() {
            match output {
                Output::Frame(mut frame) => {
                    frame.extend([0; CHECK]);
                    let _ = self.wire.send(&frame);
                }
                Output::Leg { call, event } => {
                    match event {
                        LegEvent::Arrived { .. } if self.answers => self.span.answer(now, call),
                        LegEvent::Answered => self.talking += 1,
                        LegEvent::Gone(_) => self.talking = self.talking.saturating_sub(1),
                        _ => {}
                    }
                    self.most = self.most.max(self.talking);
                    self.told.push((call, event));
                }
                Output::Sound { .. } | Output::Link { .. } | Output::Restarted { .. } => {}
            }
        }
        self.said.extend(self.lines.try_iter());
    }

    fn up(&mut self) {
        self.until("the link stands", SOON, |line| {
            line.span.is_up() && line.said.contains(&"up".to_owned())
        });
    }

    fn count(&self, event: &LegEvent) -> usize {
        self.told.iter().filter(|(_, told)| told == event).count()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.far.kill();
        let _ = self.far.wait();
    }
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn libpri_calls_us_with_number_and_name_and_clears_as_user_and_as_network() {
    for side in [Side::User, Side::Network] {
        let mut line = Line::new(side, &["dial", "1", "1", "300"]);
        line.up();
        line.until("the call is over", SOON, |line| line.said.contains(&"done".to_owned()));
        let (_, LegEvent::Arrived { caller, name, dialled, .. }) = &line.told[0] else { panic!() };
        assert_eq!((caller.reveal(), dialled.as_str()), ("02168889999", "95000"));
        // A network tells names, a user does not (3.1.14: display goes to the user alone).
        let known = if side == Side::User { "Li Na" } else { "" };
        assert_eq!(name.reveal(), known);
        assert_eq!(line.told[1].1, LegEvent::Answered);
        assert_eq!(line.told[2].1, LegEvent::Gone(Cause::Normal));
        assert!(line.said.iter().any(|said| said.starts_with("answer ")));
        line.until("nothing is left", SOON, |line| line.span.calls() == 0);
        assert_eq!(line.span.counters().odd, 0);
    }
}

#[test]
fn the_first_call_of_either_side_is_made_however_late_our_d_channel_opens() {
    let late = |ms| Duration::from_millis(ms);
    std::thread::scope(|threads| {
        for ms in [200, 900, 1700, 2500, 3300, 4100, 4900, 5700] {
            threads.spawn(move || {
                let mut line = Line::late(Side::User, &["dial", "1", "1", "0"], late(ms));
                line.until("libpri's call", SOON, |line| line.said.contains(&"done".to_owned()));
                assert!(line.said.iter().any(|said| said.starts_with("answer ")), "{ms} ms");
            });
            threads.spawn(move || {
                let mut line = Line::late(Side::User, &["answer"], late(ms));
                line.until("the link", SOON, |line| line.span.is_up());
                let number = Number::new("95000");
                let dialled = Dialled { number, complete: true, ..Dialled::default() };
                let now = line.now();
                line.span.dial(now, &dialled).unwrap();
                line.until("our call", SOON, |line| !line.told.is_empty() && line.talking == 1);
            });
        }
    });
}

#[test]
fn we_call_libpri_it_answers_and_we_clear_as_user_and_as_network() {
    for side in [Side::User, Side::Network] {
        let mut line = Line::new(side, &["answer"]);
        line.up();
        let caller = Number::new("02168889999");
        let dialled = Dialled {
            number: Number::new("+8613912345678"),
            caller,
            name: PersonName::new("Ward 3"),
            complete: true,
        };
        let now = line.now();
        let call = line.span.dial(now, &dialled).unwrap();
        line.until("it is answered", SOON, |line| line.count(&LegEvent::Answered) == 1);
        let rings = |said: &&String| said.starts_with("ring ");
        line.until("it rang", SOON, |line| line.said.iter().any(|said| rings(&said)));
        let rang = line.said.iter().find(rings).unwrap();
        assert!(rang.ends_with(" to 8613912345678") && rang.contains("02168889999"), "{rang}");
        let now = line.now();
        line.span.hang_up(now, call, Cause::Normal);
        line.until("it is cleared", SOON, |line| {
            line.said.contains(&"gone".to_owned())
                || line.said.iter().any(|said| said.starts_with("gone "))
        });
        line.until("nothing is left", SOON, |line| line.span.calls() == 0);
        assert_eq!(line.span.counters().odd, 0);
    }
}

#[test]
fn libpri_refuses_with_a_cause_and_we_know_it() {
    let mut line = Line::new(Side::User, &["busy"]);
    line.up();
    let dialled = Dialled { number: Number::new("110"), complete: true, ..Dialled::default() };
    let now = line.now();
    line.span.dial(now, &dialled).unwrap();
    line.until("busy", SOON, |line| line.count(&LegEvent::Gone(Cause::Busy)) == 1);
    line.until("nothing is left", SOON, |line| line.span.calls() == 0);
}

#[test]
fn thirty_calls_of_libpri_talk_at_once() {
    let mut line = Line::new(Side::User, &["dial", "30", "30", "3000"]);
    line.up();
    line.until("all are over", SOON * 3, |line| line.said.contains(&"done".to_owned()));
    line.until("nothing is left", SOON, |line| line.span.calls() == 0);
    assert_eq!(line.most, 30);
    assert_eq!(line.count(&LegEvent::Gone(Cause::Normal)), 30);
}

#[test]
fn a_thousand_calls_of_libpri_in_a_row_leave_nothing_behind() {
    let mut line = Line::new(Side::User, &["dial", "1000", "4", "0"]);
    line.up();
    line.until("all are over", SOON * 6, |line| line.said.contains(&"done".to_owned()));
    line.until("nothing is left", SOON, |line| line.span.calls() == 0);
    assert_eq!(line.count(&LegEvent::Answered), 1000);
    assert_eq!(line.count(&LegEvent::Gone(Cause::Normal)), 1000);
    assert_eq!(line.span.counters().odd, 0);
}
