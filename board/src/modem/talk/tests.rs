use super::*;
use crate::sim::{ModemHabits, SimModem};
use model::Number;

const DAY: Duration = Duration::from_secs(24 * 3600);
const STEP: Duration = Duration::from_millis(10);

fn text(words: &str) -> Submit {
    Submit::new(&Number::new("+8613800138000"), words, 9, DAY).unwrap()
}

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// A talk, its modem and what was told, in virtual time.
struct Bench {
    talk: Talk,
    modem: SimModem,
    now: Instant,
    news: Vec<News>,
    opened: bool,
    /// The device is there.
    plugged: bool,
    /// What the modem is told.
    written: Vec<u8>,
}

impl Bench {
    fn new(habits: ModemHabits, config: Config) -> Self {
        let now = Instant::START;
        Self {
            talk: Talk::new(now, config),
            modem: SimModem::new(now, habits),
            now,
            news: Vec::new(),
            opened: false,
            plugged: true,
            written: Vec::new(),
        }
    }

    fn ready(habits: ModemHabits) -> Self {
        let mut bench = Self::new(habits, Config::default());
        bench.until(seconds(30), |bench| !bench.news.is_empty());
        assert_eq!(bench.news, [News::Ready]);
        bench
    }

    fn step(&mut self) {
        self.now = self.now + STEP;
        self.talk.tick(self.now);
        while let Some(output) = self.talk.poll() {
            match output {
                Output::Open if self.plugged => {
                    self.opened = true;
                    self.talk.handle(self.now, Input::Opened);
                }
                Output::Open => self.talk.handle(self.now, Input::Lost),
                Output::Close => self.opened = false,
                Output::Write(bytes) => {
                    self.written.extend(&bytes.0);
                    self.modem.take(self.now, &bytes.0);
                }
                Output::News(news) => self.news.push(news),
            }
        }
        let said = self.modem.say(self.now);
        if self.opened && self.plugged {
            self.talk.handle(self.now, Input::Bytes(&said));
        }
    }

    fn until(&mut self, longest: Duration, done: impl Fn(&Self) -> bool) {
        let end = self.now + longest;
        while !done(self) && self.now < end {
            self.step();
        }
    }

    fn pass(&mut self, span: Duration) {
        self.until(span, |_| false);
    }

    /// Sends a text; gives what became of it.
    fn send(&mut self, words: &str) -> News {
        self.until(seconds(300), |bench| bench.talk.is_free());
        assert!(self.talk.is_free(), "{:?}", self.news);
        self.news.clear();
        self.talk.handle(self.now, Input::Send(text(words)));
        let over = |news: &News| matches!(news, News::Sent | News::Failed { .. });
        self.until(seconds(600), |bench| bench.news.iter().any(over));
        *self.news.iter().find(|news| over(news)).unwrap()
    }
}

fn pin(pin: &str) -> Config {
    Config { pin: Some(Secret::new(pin)), pin_refused: false }
}

fn locked() -> ModemHabits {
    ModemHabits { pin: Some("4711".into()), ..ModemHabits::default() }
}

#[test]
fn a_text_goes_through_a_modem_that_echoes_and_chatters() {
    for chatters in [false, true] {
        let mut bench = Bench::ready(ModemHabits { chatters, ..ModemHabits::default() });
        assert_eq!(bench.send("断线"), News::Sent);
        let (_, hex) = text("断线").part(0).unwrap();
        assert_eq!(bench.modem.taken, [hex]);
    }
}

#[test]
fn ts_23_040_9_2_3_24_1_a_long_text_goes_part_by_part() {
    let mut bench = Bench::ready(ModemHabits::default());
    let words = "电话线路无馈电。".repeat(20);
    assert_eq!(bench.send(&words), News::Sent);
    let parts: Vec<String> = (0..3).map(|no| text(&words).part(no).unwrap().1).collect();
    assert_eq!(bench.modem.taken, parts);
}

#[test]
fn a_pin_opens_the_sim_and_is_in_no_debug_line() {
    let mut bench = Bench::new(locked(), pin("4711"));
    bench.until(seconds(30), |bench| bench.news.len() == 2);
    assert_eq!(bench.news, [News::PinTaken, News::Ready]);
    assert_eq!(bench.modem.pins, ["4711"]);
    let shown =
        format!("{:?} {:?}", Output::Write(Wire(b"AT+CPIN=\"4711\"".to_vec())), pin("4711"));
    assert!(!shown.contains("4711"), "{shown}");
}

#[test]
fn a_wrong_pin_is_given_once_whatever_happens_then() {
    for counts_tries in [true, false] {
        let mut bench = Bench::new(ModemHabits { counts_tries, ..locked() }, pin("1234"));
        bench.pass(seconds(300));
        bench.modem.boot(bench.now);
        bench.pass(seconds(600));
        assert_eq!(bench.modem.pins, ["1234"]);
        assert_eq!(bench.news, [News::PinRefused, News::Down(Trouble::PinRefused)]);
    }
    let refused = Config { pin_refused: true, ..pin("1234") };
    let mut bench = Bench::new(locked(), refused);
    bench.pass(seconds(300));
    assert_eq!(bench.modem.pins, [""; 0], "it was refused before this start");
    assert_eq!(bench.news, [News::Down(Trouble::PinRefused)]);
}

#[test]
fn ts_27_007_8_65_a_pin_whose_answer_was_lost_is_given_again_only_where_no_try_was_used_up() {
    let story = |counts_tries, reboots_at_byte| {
        let habits = ModemHabits { counts_tries, reboots_at_byte, ..locked() };
        let mut bench = Bench::new(habits, pin("4711"));
        bench.pass(seconds(120));
        bench
    };
    let told = story(true, None).written;
    let at = told.windows(8).position(|bytes| bytes == b"AT+CPIN=").unwrap() + 10;
    assert_eq!(story(true, Some(at)).news, [News::PinTaken, News::Ready]);
    assert_eq!(
        story(false, Some(at)).news,
        [News::PinTaken, News::Ready],
        "it says that it started"
    );
    // A modem that takes it and falls silent.
    let mut bench = Bench::new(ModemHabits { counts_tries: false, ..locked() }, pin("1234"));
    bench.until(seconds(60), |bench| bench.written.ends_with(b"AT+CPIN=\"1234\"\r"));
    bench.modem.habits.deaf = true;
    bench.pass(seconds(60));
    bench.modem.habits.deaf = false;
    bench.pass(seconds(300));
    assert_eq!(bench.modem.pins, ["1234"]);
    assert!(bench.news.contains(&News::Down(Trouble::PinRefused)), "{:?}", bench.news);
}

#[test]
fn what_is_wrong_with_sim_and_network_is_told_once_and_what_is_mended_too() {
    let told = |habits: ModemHabits| {
        let mut bench = Bench::new(habits, Config::default());
        bench.pass(seconds(200));
        bench.news
    };
    assert_eq!(told(locked()), [News::Down(Trouble::PinWanted)]);
    let none = ModemHabits { sim: false, ..ModemHabits::default() };
    assert_eq!(told(none), [News::Down(Trouble::NoSim)]);
    let nowhere = ModemHabits { registers_after: None, ..ModemHabits::default() };
    assert_eq!(told(nowhere), [News::Down(Trouble::NoNetwork)]);
    let late = ModemHabits { registers_after: Some(seconds(90)), ..ModemHabits::default() };
    assert_eq!(told(late), [News::Down(Trouble::NoNetwork), News::Ready]);
    let lte = ModemHabits { lte_alone: true, ..ModemHabits::default() };
    assert_eq!(told(lte), [News::Ready]);
    let mut bench = Bench::new(locked(), pin("1234"));
    bench.modem.habits.pin = Some("9999".into());
    bench.until(seconds(30), |bench| !bench.news.is_empty());
    bench.modem.habits.pin = None;
    bench.modem.boot(bench.now);
    bench.pass(seconds(60));
    assert_eq!(bench.news.last(), Some(&News::Ready), "another SIM");
}

#[test]
fn a_sim_that_wants_its_puk_is_left_alone() {
    let mut bench = Bench::new(locked(), Config::default());
    for _ in 0..3 {
        bench.modem.take(Instant::START, b"AT+CPIN=\"0000\"\r");
    }
    bench.modem.pins.clear();
    bench.talk = Talk::new(Instant::START, pin("4711"));
    bench.pass(seconds(200));
    assert_eq!(bench.news, [News::Down(Trouble::Puk)]);
    assert!(bench.modem.pins.is_empty());
}

#[test]
fn a_full_memory_is_cleared_of_what_was_read_and_the_text_goes() {
    for clears in [true, false] {
        let mut bench =
            Bench::ready(ModemHabits { memory: (8, 2, 10), clears, ..ModemHabits::default() });
        assert_eq!(bench.send("线路故障"), News::Sent);
        assert_eq!(bench.modem.habits.memory, (0, 2, 10));
    }
}

#[test]
fn a_memory_full_of_what_nobody_read_is_told_and_left_until_there_is_room() {
    let mut bench = Bench::ready(ModemHabits { memory: (0, 10, 10), ..ModemHabits::default() });
    assert_eq!(bench.send("a"), News::Failed { again: true, code: Some(322) });
    assert!(
        bench.news.contains(&News::Down(Trouble::Full)) || {
            bench.step();
            bench.news.contains(&News::Down(Trouble::Full))
        }
    );
    assert_eq!(bench.send("a"), News::Failed { again: true, code: Some(322) });
    assert!(!bench.news.contains(&News::Down(Trouble::Full)), "it is told once");
    assert_eq!(bench.modem.habits.memory, (0, 10, 10));
    bench.modem.habits.memory = (0, 3, 10);
    assert_eq!(bench.send("a"), News::Sent);
    assert!(bench.news.contains(&News::Ready));
}

#[test]
fn a_text_that_the_network_refuses_is_given_back_with_whether_another_try_may_help() {
    let says = ["+CMS ERROR: 331", "+CMS ERROR: 1", "ERROR", "+CME ERROR: 100"];
    let mut bench = Bench::ready(ModemHabits { refuses: says.into(), ..ModemHabits::default() });
    let failed = |again, code| News::Failed { again, code };
    assert_eq!(bench.send("a"), failed(true, Some(331)));
    assert_eq!(bench.send("a"), failed(false, Some(1)));
    assert_eq!(bench.send("a"), failed(true, None));
    assert_eq!(bench.send("a"), failed(true, Some(100)));
    assert_eq!(bench.send("a"), News::Sent);
}

#[test]
fn a_modem_that_starts_anew_at_any_byte_of_a_text_sends_it_in_the_end() {
    let mut whole = Bench::ready(ModemHabits::default());
    let begun = whole.written.len();
    whole.send("线路故障");
    for at in begun + 1..=whole.written.len() {
        let habits = ModemHabits { reboots_at_byte: Some(at), ..ModemHabits::default() };
        let mut bench = Bench::ready(habits);
        assert_eq!(bench.send("线路故障"), News::Sent, "at byte {at}");
        assert_eq!(bench.modem.starts, 1);
        assert!((1..=2).contains(&bench.modem.taken.len()));
    }
}

#[test]
fn a_modem_that_starts_anew_while_room_is_made_sends_the_text_in_the_end() {
    for clears in [true, false] {
        let full = ModemHabits { memory: (4, 2, 6), clears, ..ModemHabits::default() };
        let mut whole = Bench::ready(full.clone());
        let begun = whole.written.len();
        whole.send("线");
        for at in begun + 1..=whole.written.len() {
            let mut bench = Bench::ready(ModemHabits { reboots_at_byte: Some(at), ..full.clone() });
            assert_eq!(bench.send("线"), News::Sent, "at byte {at}, {clears}");
            assert_eq!(bench.modem.starts, 1);
            assert!((1..=2).contains(&bench.modem.taken.len()));
        }
    }
}

#[test]
fn a_modem_that_answers_late_is_waited_for() {
    for late in [1, 3, 4] {
        let habits = ModemHabits { slow: seconds(late), ..ModemHabits::default() };
        let mut bench = Bench::new(habits, Config::default());
        assert_eq!(bench.send("断线"), News::Sent, "{late} s late");
        assert_eq!((bench.modem.taken.len(), bench.modem.starts), (1, 0));
    }
}

#[test]
fn a_modem_that_hangs_is_started_anew_and_one_that_is_dead_is_told() {
    let mut bench =
        Bench::new(ModemHabits { hangs: true, ..ModemHabits::default() }, Config::default());
    bench.pass(seconds(100));
    assert_eq!(bench.news, [News::Down(Trouble::Silent), News::Ready]);
    assert_eq!(bench.modem.starts, 1);
    let mut dead =
        Bench::new(ModemHabits { deaf: true, ..ModemHabits::default() }, Config::default());
    dead.pass(seconds(600));
    assert_eq!(dead.news, [News::Down(Trouble::Silent)]);
}

#[test]
fn a_device_that_vanishes_for_some_seconds_costs_nothing_and_one_that_stays_away_is_told() {
    let mut bench = Bench::ready(ModemHabits::default());
    bench.talk.handle(bench.now, Input::Send(text("断线")));
    bench.talk.handle(bench.now, Input::Lost);
    bench.plugged = false;
    bench.pass(seconds(10));
    bench.plugged = true;
    bench.until(seconds(60), |bench| bench.news.contains(&News::Sent));
    assert_eq!(bench.news, [News::Ready, News::Sent]);
    bench.plugged = false;
    bench.talk.handle(bench.now, Input::Lost);
    bench.pass(seconds(60));
    assert_eq!(bench.news, [News::Ready, News::Sent, News::Down(Trouble::Gone)]);
    bench.plugged = true;
    assert_eq!(bench.send("断线"), News::Sent);
}

#[test]
fn a_text_for_a_modem_that_is_not_free_is_given_back() {
    let mut bench = Bench::new(ModemHabits::default(), Config::default());
    bench.talk.handle(bench.now, Input::Send(text("a")));
    bench.step();
    assert_eq!(bench.news, [News::Failed { again: true, code: None }]);
}

#[test]
fn noise_on_the_line_is_survived() {
    let mut seed: u64 = 88;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed.to_be_bytes()[0]
    };
    let mut bench = Bench::ready(ModemHabits::default());
    for _ in 0..3000 {
        let noise: Vec<u8> = (0..next() % 40).map(|_| next()).collect();
        bench.talk.handle(bench.now, Input::Bytes(&noise));
        bench.talk.handle(
            bench.now,
            Input::Bytes([&b"\r\n> "[..], b"\r\nOK\r\n"][usize::from(next() % 2)]),
        );
        bench.pass(Duration::from_millis(200));
    }
    let told = bench.written.len();
    assert!(told < 60_000, "{told} bytes were written in ten minutes");
    assert_eq!(bench.send("断线"), News::Sent);
}
