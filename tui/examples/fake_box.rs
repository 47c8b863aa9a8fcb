//! A made-up box: serves a lively, fabricated snapshot on a Unix socket, so that the console can be
//! looked at without telephones. Nothing it shows has happened.
//!
//! `cargo run -p tui --example fake_box -- /tmp/fake.sock`, then
//! `ringfence-console --socket /tmp/fake.sock`. A second word `crowd` serves 500 calls.

#[path = "../tests/sample/mod.rs"]
mod sample;

use control::{Lines, PROTOCOL, Reply, Request, Snapshot, decode, encode};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let path = words.next().unwrap_or_else(|| "fake-box.sock".into());
    let crowd = words.next().is_some_and(|word| word == "crowd");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    eprintln!("fake_box: made-up state of a box on {path}; end it with Ctrl-C");
    let started = Instant::now();
    for peer in listener.incoming() {
        let peer = peer?;
        // A console that goes away concerns only its own thread.
        std::thread::spawn(move || serve(peer, started, crowd));
    }
    Ok(())
}

fn serve(mut peer: UnixStream, started: Instant, crowd: bool) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    let mut bytes = [0; 4096];
    loop {
        let length = peer.read(&mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        lines.push(bytes.get(..length).unwrap_or_default());
        while let Some(line) = lines.next_line()? {
            match decode(&line)? {
                Request::Hello { .. } => {
                    let version = "0.1.0".to_owned();
                    peer.write_all(&encode(&Reply::Hello { protocol: PROTOCOL, version })?)?;
                }
                Request::Snapshot => tell(&mut peer, started, crowd)?,
                Request::Watch { every_ms } => loop {
                    tell(&mut peer, started, crowd)?;
                    std::thread::sleep(Duration::from_millis(u64::from(every_ms)));
                },
                _ => {
                    let message = "this box is made up".to_owned();
                    peer.write_all(&encode(&Reply::Error { message })?)?;
                }
            }
        }
    }
}

fn tell(peer: &mut UnixStream, started: Instant, crowd: bool) -> anyhow::Result<()> {
    let second = started.elapsed().as_secs();
    let shown = if crowd { sample::crowd() } else { lively(second) };
    Ok(peer.write_all(&encode(&Reply::Snapshot(Box::new(shown)))?)?)
}

/// The hospital, with a little going on.
fn lively(second: u64) -> Snapshot {
    let mut shown = sample::hospital(second);
    if second / 10 % 2 == 1 {
        shown.calls.truncate(3);
    }
    if second / 15 % 2 == 1 {
        shown.alarms.clear();
        shown.lines = shown
            .lines
            .into_iter()
            .map(|mut line| {
                if !line.alarms.is_empty() {
                    line.alarms.clear();
                    line.state = "idle".into();
                }
                line
            })
            .collect();
    }
    shown.draining = second > 120;
    shown
}
