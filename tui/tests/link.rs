//! The link against made-up boxes on a Unix socket.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod sample;

use control::{Lines, Reply, Request, decode, encode};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tui::{Link, News, Trouble};

/// Longer than any wait here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One console's conversation, from the box's side.
struct Peer {
    stream: UnixStream,
    lines: Lines,
}

impl Peer {
    fn accept(listener: &UnixListener) -> Self {
        Self { stream: listener.accept().unwrap().0, lines: Lines::default() }
    }
    /// The next request; none when the console closed.
    fn hear(&mut self) -> Option<Request> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(line) = self.lines.next_line().unwrap() {
                return Some(decode(&line).unwrap());
            }
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.lines.push(&bytes[..length]),
            }
        }
    }
    fn say(&mut self, reply: &Reply) {
        self.stream.write_all(&encode(reply).unwrap()).unwrap();
    }
    fn greet(&mut self) {
        assert_eq!(self.hear(), Some(Request::Hello { protocol: control::PROTOCOL }));
        self.say(&Reply::Hello { protocol: control::PROTOCOL, version: "0.1.0".into() });
    }
    fn show(&mut self, second: u64) {
        self.say(&Reply::Snapshot(Box::new(sample::hospital(second))));
    }
}

fn socket() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("control.sock");
    (folder, path)
}

/// A box that does as told with its first console, in a thread.
fn fake_box(path: &PathBuf, act: impl FnOnce(Peer) + Send + 'static) -> JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || act(Peer::accept(&listener)))
}

fn next(link: &Link) -> News {
    link.next(PATIENCE).expect("there is news")
}

fn second(link: &Link) -> String {
    match next(link) {
        News::Snapshot(shown) => shown.now,
        News::Down(trouble) => panic!("down: {trouble}"),
    }
}

fn trouble(link: &Link) -> Trouble {
    match next(link) {
        News::Down(trouble) => trouble,
        News::Snapshot(_) => panic!("a snapshot came"),
    }
}

#[test]
fn it_greets_then_watches_each_500_ms_and_hands_on_what_it_sees() {
    let (_folder, path) = socket();
    let box_thread = fake_box(&path, |mut peer| {
        peer.greet();
        assert_eq!(peer.hear(), Some(Request::Watch { every_ms: 500 }));
        peer.show(1);
        peer.show(2);
        assert_eq!(peer.hear(), None, "the console closes");
    });
    let link = Link::start(path).unwrap();
    assert_eq!(second(&link), "2026-11-23 09:30:01");
    assert_eq!(second(&link), "2026-11-23 09:30:02");
    link.end();
    box_thread.join().unwrap();
}

#[test]
fn a_box_that_restarts_is_found_again_by_itself() {
    let (_folder, path) = socket();
    let first = fake_box(&path, |mut peer| {
        peer.greet();
        peer.hear();
        peer.show(1);
    });
    let link = Link::start(path.clone()).unwrap();
    assert_eq!(second(&link), "2026-11-23 09:30:01");
    first.join().unwrap();
    assert_eq!(trouble(&link), Trouble::Closed);
    // The socket file of the box that ended is still there; then it is gone; then a new box comes.
    assert_eq!(trouble(&link), Trouble::Refused);
    std::fs::remove_file(&path).unwrap();
    while trouble(&link) != Trouble::Absent {}
    let again = fake_box(&path, |mut peer| {
        peer.greet();
        peer.hear();
        peer.show(60);
        peer.hear();
    });
    let back = loop {
        match next(&link) {
            News::Snapshot(shown) => break shown.now,
            News::Down(trouble) => assert_eq!(trouble, Trouble::Absent),
        }
    };
    assert_eq!(back, "2026-11-23 09:31:00");
    link.end();
    again.join().unwrap();
}

#[test]
fn it_tries_again_after_250_ms_then_less_often() {
    let (_folder, path) = socket();
    let link = Link::start(path).unwrap();
    let times: Vec<Instant> = (0..4)
        .map(|_| {
            assert_eq!(trouble(&link), Trouble::Absent);
            Instant::now()
        })
        .collect();
    let pauses: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A busy machine makes them longer, and the first may have waited for us: a little slack.
    for (pause, least) in pauses.iter().zip([200, 450, 950]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
}

#[test]
fn a_box_of_another_protocol_is_named_and_asked_again_later() {
    let (_folder, path) = socket();
    let listener = UnixListener::bind(&path).unwrap();
    let box_thread = std::thread::spawn(move || {
        let mut peer = Peer::accept(&listener);
        peer.hear();
        peer.say(&Reply::Hello { protocol: 7, version: "0.9.0".into() });
        drop(peer);
        let mut peer = Peer::accept(&listener);
        peer.hear();
        peer.say(&Reply::Error { message: "this box speaks protocol 7 and you speak 1".into() });
        drop(peer);
        let mut peer = Peer::accept(&listener);
        peer.greet();
        peer.hear();
        peer.show(5);
        peer.hear();
    });
    let link = Link::start(path).unwrap();
    assert_eq!(trouble(&link), Trouble::Mismatch { protocol: 7, version: "0.9.0".into() });
    let said = "this box speaks protocol 7 and you speak 1".to_owned();
    assert_eq!(trouble(&link), Trouble::Said(said));
    assert_eq!(second(&link), "2026-11-23 09:30:05");
    link.end();
    box_thread.join().unwrap();
}

#[test]
fn a_peer_that_speaks_nonsense_or_without_end_is_left() {
    for nonsense in [b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), vec![b'x'; control::LINE_BYTES_MAX + 9]] {
        let (_folder, path) = socket();
        let box_thread = fake_box(&path, move |mut peer| {
            // It may be left before all is said.
            let _ = peer.stream.write_all(&nonsense);
            peer.hear();
        });
        let link = Link::start(path).unwrap();
        assert_eq!(trouble(&link), Trouble::NotUnderstood);
        link.end();
        box_thread.join().unwrap();
    }
}

#[test]
fn a_box_that_hangs_is_left_after_3_s() {
    let (_folder, path) = socket();
    let box_thread = fake_box(&path, |mut peer| {
        peer.greet();
        while peer.hear().is_some() {}
    });
    let link = Link::start(path).unwrap();
    let since = Instant::now();
    assert_eq!(trouble(&link), Trouble::Silent);
    assert!(since.elapsed() >= Duration::from_millis(2_900));
    link.end();
    box_thread.join().unwrap();
}

#[test]
fn a_dropped_link_lets_the_box_go_even_with_news_unread() {
    let (_folder, path) = socket();
    let box_thread = fake_box(&path, |mut peer| {
        peer.greet();
        peer.hear();
        let line = encode(&Reply::Snapshot(Box::new(sample::hospital(1)))).unwrap();
        // Until the console closes the connection.
        while peer.stream.write_all(&line).is_ok() {}
    });
    let link = Link::start(path).unwrap();
    second(&link);
    drop(link);
    box_thread.join().unwrap();
}

fn console(path: &PathBuf, words: &[&str], columns: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence-console"));
    command.arg("--socket").arg(path).args(words).env_remove("COLUMNS");
    if let Some(columns) = columns {
        command.env("COLUMNS", columns);
    }
    command.output().unwrap()
}

#[test]
fn once_prints_one_plain_frame_as_wide_as_asked() {
    for (columns, lang, name) in [(None, "en", "Appointments"), (Some("120"), "zh-CN", "预约挂号")]
    {
        let (_folder, path) = socket();
        let box_thread = fake_box(&path, |mut peer| {
            peer.greet();
            assert_eq!(peer.hear(), Some(Request::Snapshot));
            peer.show(0);
        });
        let output = console(&path, &["--once", "--lang", lang], columns);
        box_thread.join().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        assert_eq!(text.lines().count(), 24);
        assert!(text.contains(name) && !text.contains('\x1b'), "{text}");
        let widest = text.lines().map(tui::text::width).max().unwrap();
        assert_eq!(widest > 80, columns.is_some(), "{text}");
        assert!(widest <= 120);
    }
}

#[test]
fn once_fails_with_a_sentence_when_the_box_is_not_reachable() {
    let (_folder, path) = socket();
    let output = console(&path, &["--once"], None);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("the box is not reachable at"), "{said}");
    assert!(said.contains("there is no control socket"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn without_a_terminal_it_says_so_and_names_once() {
    let (_folder, path) = socket();
    let output = console(&path, &[], None);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("no terminal") && said.contains("--once"), "{said}");
}
