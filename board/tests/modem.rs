//! A modem on a real serial line: a pty, with a simulated modem at its far end.
//!
//! The line is the kernel's and the time is made here, so that minutes pass in a moment.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::modem::{Config, Messenger as _, Moved, News, SmsModem, Submit, Trouble};
use board::sim::{ModemHabits, SimModem};
use model::{Instant, Number, Secret};
use rustix::fd::OwnedFd;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const STEP: Duration = Duration::from_millis(100);
/// Within this the kernel has passed bytes on, however busy the machine is.
const PASSES: Duration = Duration::from_secs(20);

/// A folder with a link to the modem's line, which is where a line is while it is plugged in.
struct Bench {
    folder: tempfile::TempDir,
    line: Option<OwnedFd>,
    /// What the far end took and gave since the line was opened.
    far: Moved,
    modem: SimModem,
    messenger: SmsModem,
    now: Instant,
    news: Vec<News>,
}

impl Bench {
    fn new(habits: ModemHabits, config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::START;
        let messenger = SmsModem::new(now, folder.path().join("modem"), config);
        let modem = SimModem::new(now, habits);
        Self { folder, line: None, far: Moved::default(), modem, messenger, now, news: Vec::new() }
    }

    fn plugged(habits: ModemHabits) -> Self {
        let mut bench = Self::new(habits, Config::default());
        bench.plug();
        bench
    }

    fn device(&self) -> PathBuf {
        self.folder.path().join("modem")
    }

    fn plug(&mut self) {
        let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&line).unwrap();
        unlockpt(&line).unwrap();
        fcntl_setfl(&line, OFlags::NONBLOCK).unwrap();
        let name = ptsname(&line, Vec::new()).unwrap();
        let name = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())).to_owned();
        std::os::unix::fs::symlink(name, self.device()).unwrap();
        self.line = Some(line);
    }

    fn unplug(&mut self) {
        std::fs::remove_file(self.device()).unwrap();
        self.line = None;
    }

    /// A tenth of a second. The kernel passes bytes on in its own time, which a busy machine makes
    /// long: the next step waits until each end has what the other gave.
    fn step(&mut self) {
        self.now = self.now + STEP;
        let begun = std::time::Instant::now();
        while !self.pass_on() {
            assert!(begun.elapsed() < PASSES, "bytes stay within the kernel");
            self.messenger.wait(Duration::from_millis(1));
        }
    }

    /// Passes on what is there; true where nothing is under way.
    fn pass_on(&mut self) -> bool {
        let was_shut = self.messenger.moved().is_none();
        while let Some(news) = self.messenger.turn(self.now) {
            self.news.push(news);
        }
        let (Some(line), Some(moved)) = (&self.line, self.messenger.moved()) else {
            // Nobody listens to what a modem says now.
            self.modem.say(self.now);
            return true;
        };
        if was_shut {
            self.far = Moved::default();
        }
        let mut bytes = [0; 1024];
        if let Ok(length) = rustix::io::read(line, &mut bytes) {
            self.far.taken += length as u64;
            self.modem.take(self.now, &bytes[..length]);
        }
        let said = self.modem.say(self.now);
        if !said.is_empty() {
            assert_eq!(rustix::io::write(line, &said), Ok(said.len()));
            self.far.given += said.len() as u64;
        }
        (moved.taken, moved.given) == (self.far.given, self.far.taken)
    }

    fn until(&mut self, longest_s: u64, done: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(longest_s);
        while !done(self) && self.now < end {
            self.step();
        }
        assert!(done(self), "{:?}, {:?}", self.news, self.messenger.fault());
    }

    fn send(&mut self, words: &str) -> News {
        self.until(200, |bench| bench.messenger.is_free());
        self.news.clear();
        let text = Submit::new(&Number::new("+8613800138000"), words, 9, DAY).unwrap();
        self.messenger.submit(self.now, text);
        let over = |news: &&News| matches!(news, News::Sent | News::Failed { .. });
        self.until(400, |bench| bench.news.iter().any(|news| over(&news)));
        *self.news.iter().find(over).unwrap()
    }
}

/// The text of what a modem took, as another's decoder reads it, and whom it is for.
fn read(taken: &[String]) -> (String, String) {
    let mut whole = (String::new(), String::new());
    for hex in taken {
        let (to, words) = decoded(hex);
        whole = (to, whole.1 + &words);
    }
    whole
}

fn decoded(hex: &str) -> (String, String) {
    let sms = sms_pdu_decoder::read_outgoing_sms(hex).unwrap();
    // Of septets behind a header that decoder shows the header's end as two characters.
    let header = hex.starts_with("0051") && !hex.contains("0008A7");
    (sms.recipient, sms.content.chars().skip(if header { 2 } else { 0 }).collect())
}

#[test]
fn texts_in_both_alphabets_arrive_as_they_were_written() {
    let mut bench = Bench::plugged(ModemHabits { chatters: true, ..ModemHabits::default() });
    let long = "门诊一号线无馈电，请检查线路。".repeat(12);
    let mixed = "Line {fxo-1}: no battery [~] €5".repeat(9);
    for words in ["断线", "no battery", long.as_str(), mixed.as_str(), "表情 😀 也行"] {
        bench.modem.taken.clear();
        assert_eq!(bench.send(words), News::Sent);
        assert_eq!(read(&bench.modem.taken), ("+8613800138000".to_owned(), words.to_owned()));
    }
}

#[test]
fn a_locked_sim_is_opened_once_and_texts_go() {
    let habits = ModemHabits { pin: Some("4711".into()), ..ModemHabits::default() };
    let config = Config { pin: Some(Secret::new("4711")), pin_refused: false };
    let mut bench = Bench::new(habits, config);
    bench.plug();
    assert_eq!(bench.send("a"), News::Sent);
    assert_eq!(bench.modem.pins, ["4711"]);
}

#[test]
fn a_modem_that_is_drawn_is_told_and_works_again_when_it_is_back_under_its_name() {
    let mut bench = Bench::plugged(ModemHabits::default());
    assert_eq!(bench.send("a"), News::Sent);
    bench.unplug();
    bench.until(60, |bench| bench.news.contains(&News::Down(Trouble::Gone)));
    assert!(bench.messenger.fault().unwrap().contains("is not there"));
    bench.modem = SimModem::new(bench.now, ModemHabits::default());
    bench.plug();
    assert_eq!(bench.send("b"), News::Sent);
    assert_eq!(bench.modem.taken.len(), 1);
}

#[test]
fn a_modem_that_is_drawn_in_the_middle_of_a_text_sends_it_when_it_is_back() {
    let mut bench = Bench::plugged(ModemHabits::default());
    bench.until(60, |bench| bench.messenger.is_free());
    let text = Submit::new(&Number::new("10086"), &"线".repeat(300), 9, DAY).unwrap();
    bench.messenger.submit(bench.now, text);
    bench.until(60, |bench| bench.modem.taken.len() == 2);
    bench.unplug();
    (0..30).for_each(|_| bench.step());
    bench.modem.boot(bench.now);
    bench.plug();
    bench.until(100, |bench| bench.news.contains(&News::Sent));
    assert!((5..=6).contains(&bench.modem.taken.len()), "{}", bench.modem.taken.len());
}

#[test]
fn a_full_memory_a_reboot_and_a_busy_network_cost_no_text() {
    let habits = ModemHabits {
        memory: (10, 0, 10),
        reboots_at_byte: Some(150),
        registers_after: Some(Duration::from_secs(12)),
        slow: Duration::from_millis(700),
        ..ModemHabits::default()
    };
    let mut bench = Bench::plugged(habits);
    assert_eq!(bench.send("断线"), News::Sent);
    assert_eq!(bench.modem.starts, 1);
}

#[test]
fn what_is_no_serial_line_is_told() {
    let mut bench = Bench::new(ModemHabits::default(), Config::default());
    std::fs::write(bench.device(), "nothing").unwrap();
    bench.until(60, |bench| bench.news.contains(&News::Down(Trouble::Gone)));
    assert!(bench.messenger.fault().unwrap().contains("is no serial line"));
}
