//! The console in a real pseudo terminal, which `script` (Debian bsdutils, essential) makes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TAKE: &str = "\x1b[?1049h";
const GIVE_BACK: &str = "\x1b[?1049l";
const CURSOR_SHOWN: &str = "\x1b[?25h";

struct Terminal {
    folder: TempDir,
    script: Child,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts the console without a box.
    fn start() -> Self {
        let console = env!("CARGO_BIN_EXE_ringfence-console");
        Self::run(&format!("'{console}' --socket none.sock"))
    }

    fn run(command: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let run = format!("stty cols 80 rows 24; echo $$ > pid; exec {command}");
        let mut script = Command::new("script")
            .args(["-qefc", &run, "/dev/null"])
            .current_dir(folder.path())
            .env("TERM", "xterm-256color")
            .env("LANG", "zh_CN.UTF-8")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (mut stdout, into) = (script.stdout.take().unwrap(), seen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut bytes) {
                into.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        Self { folder, script, seen }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.text().contains(what) {
            assert!(Instant::now() < until, "no {what:?} was written");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ends(mut self) -> String {
        self.wait_for(GIVE_BACK);
        let status = self.script.wait().unwrap();
        assert!(status.success(), "{status}");
        self.text()
    }
}

impl Drop for Terminal {
    /// A test that fell leaves nothing running: without `script` the console is hung up on.
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

fn given_back(text: &str) {
    let after = text.rsplit(TAKE).next().unwrap();
    let (_, last) = after.split_once(GIVE_BACK).expect("the screen is given back");
    assert!(after.contains(CURSOR_SHOWN), "{after:?}");
    assert!(!last.contains("\x1b[?1049h"));
}

#[test]
fn q_gives_the_terminal_back_as_it_was() {
    let mut terminal = Terminal::start();
    terminal.wait_for("none.sock");
    terminal.script.stdin.as_mut().unwrap().write_all(b"l").unwrap();
    terminal.wait_for("Queues");
    terminal.script.stdin.as_mut().unwrap().write_all(b"q").unwrap();
    given_back(&terminal.ends());
}

#[test]
fn sigterm_gives_the_terminal_back_as_it_was() {
    let terminal = Terminal::start();
    terminal.wait_for("none.sock");
    let pid = std::fs::read_to_string(terminal.folder.path().join("pid")).unwrap();
    let kill = Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap();
    assert!(kill.success());
    given_back(&terminal.ends());
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_what_happened() {
    let me = std::env::current_exe().unwrap();
    let me = me.display();
    let mut terminal =
        Terminal::run(&format!("'{me}' --ignored --exact --nocapture taken_and_panicking"));
    terminal.wait_for("made to fall");
    assert!(!terminal.script.wait().unwrap().success());
    let text = terminal.text();
    given_back(&text);
    let fell = text.find("made to fall").unwrap();
    assert!(text.find(GIVE_BACK).unwrap() < fell, "it is said where a person can read it");
}

#[test]
#[ignore = "run by the test above, in a terminal of its own"]
fn taken_and_panicking() {
    let _: Result<(), _> = tui::terminal::taken(|terminal| {
        terminal.draw(|_| {})?;
        panic!("made to fall")
    });
}
