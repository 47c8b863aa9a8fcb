//! The headset of the box, carried by the kernel's snd-aloop: what is played at one end of it is heard
//! at the other.
//!
//! ```text
//!   the box <--> Loopback, device 0 <==> Loopback, device 1 <--> whoever wears it (`Ear`)
//! ```

use super::bench::{BLOCK, Bench, Tone, bearer};
use super::boxed::Boxed;
use super::primary_rate::Libpri;
use board::alsa::{Device, Ways};
use model::{Law, Rate};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What who wears it says, and what the far side of a call does.
const OURS_HZ: u32 = 700;
const THEIRS_HZ: u32 = 1000;

/// Who wears the headset: a thread that says a tone and counts the blocks in which it hears another.
struct Ear {
    stop: Arc<AtomicBool>,
    heard: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    fn new() -> Self {
        let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (ended, counted) = (stop.clone(), heard.clone());
        let thread = std::thread::spawn(move || {
            let both = Ways { hears: true, says: true };
            let far = "plughw:CARD=Loopback,DEV=1";
            let mut device = Device::open(far, both, Some(Rate::Narrow)).unwrap();
            let (says, listens) = (Tone::new(OURS_HZ), Tone::new(THEIRS_HZ));
            let (mut at, mut sound) = (0, [0; BLOCK]);
            while !ended.load(Ordering::Relaxed) {
                Law::A.decode(&says.block(at), &mut sound);
                at += BLOCK;
                if device.write(&sound).and_then(|()| device.read(&mut sound)).is_err() {
                    break;
                }
                let mut block = [0; BLOCK];
                Law::A.encode(&sound, &mut block);
                counted.fetch_add(u32::from(listens.is_in(&block)), Ordering::Relaxed);
            }
        });
        Self { stop, heard, thread: Some(thread) }
    }

    fn heard(&self) -> u32 {
        self.heard.load(Ordering::Relaxed)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn the_headset_calls_out_over_the_span_both_hear_each_other_and_it_is_drawn_and_put_back() {
    let mut far = Libpri::new(47, &["network", "answer"]);
    let boxed = Boxed::start("headset");
    boxed.until("the sound device is open", || far.turn());
    boxed.until("trunk e1: the data link is up", || far.turn());
    let ear = Ear::new();
    boxed.obeys(&["headset", "dial", "913912345678"]);
    let mut said: Vec<String> = Vec::new();
    let mut bench: Option<Bench> = None;
    let began = std::time::Instant::now();
    let enough = |bench: &Bench| bench.heard[0].tone >= 100 && ear.heard() >= 100;
    while !bench.as_ref().is_some_and(enough) {
        let heard = bench.as_ref().map(|bench| bench.heard[0]);
        assert!(
            began.elapsed() < Duration::from_secs(40),
            "{said:?} {heard:?} {}\n{}",
            ear.heard(),
            boxed.log()
        );
        far.turn();
        said.extend(far.said.try_iter());
        let ring = said.iter().find_map(|line| line.strip_prefix("ring ")?.split(' ').next());
        match (&mut bench, ring) {
            (Some(bench), _) => bench.tick(),
            (none, Some(slot)) => {
                let slot: u16 = slot.parse().unwrap();
                let far_end = none.insert(Bench::new(&[bearer(31 + slot)]));
                (far_end.says[0], far_end.listens[0]) = (THEIRS_HZ, OURS_HZ);
            }
            (None, None) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    let heard = bench.as_ref().map(|bench| bench.heard[0]);
    println!("{said:?}; far {heard:?}, headset {} blocks", ear.heard());
    assert!(said.iter().any(|line| line.ends_with("to 13912345678")), "{said:?}");
    boxed.obeys(&["headset", "hang-up"]);
    let began = std::time::Instant::now();
    while !said.iter().any(|line| line.starts_with("cleared 16")) {
        assert!(began.elapsed() < Duration::from_secs(20), "{said:?}\n{}", boxed.log());
        far.turn();
        said.extend(far.said.try_iter());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The kernel takes the card away when nobody has it open any more.
    drop(ear);
    plug("unbind");
    let took = boxed.until("alarm: sound-device-gone (8090)", || far.turn());
    println!("gone after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    std::thread::sleep(Duration::from_millis(500));
    plug("bind");
    let took = boxed.until("alarm cleared: sound-device-gone (8090)", || far.turn());
    println!("back after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(far);
    boxed.over();
}

/// Draws the card out of its driver, or puts it back. The kernel waits for who has it open.
fn plug(what: &str) {
    let command = format!("echo snd_aloop.0 > /sys/bus/platform/drivers/snd_aloop/{what} &");
    assert!(Command::new("/bin/sh").args(["-c", &command]).status().unwrap().success());
}
