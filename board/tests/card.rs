//! The simulated card as the box sees it: events and blocks, tick by tick.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use board::sim::{Callers, Outcome, SimCard};
use board::{BLOCK, Card, CardError};
use model::port::{Hook, PortEvent, PortKind, PortOrder};
use model::{Instant, Law};

const OFF: PortOrder = PortOrder::Hook(Hook::Off);
const ON: PortOrder = PortOrder::Hook(Hook::On);

fn card(ports: usize, script: &str) -> SimCard {
    let load = |_: &str| Ok(vec![8000; 4000]);
    SimCard::new(3, &vec![PortKind::Fxo; ports], Callers::parse(script, load).unwrap()).unwrap()
}

fn caller(more: &str, steps: &str) -> String {
    format!("[[caller]]\njitter = \"0s\"\nat = \"1s\"\n{more}\nsteps = [{steps}]\n")
}

/// Runs for a time; gives events with their port and time, and the level of port 0 each 20 ms.
fn run(card: &mut SimCard, from_ms: &mut u64, ms: u64) -> (Vec<(u64, usize, PortEvent)>, Vec<f32>) {
    let (mut events, mut levels) = (Vec::new(), Vec::new());
    let end = *from_ms + ms;
    while *from_ms < end {
        card.tick(Instant::from_millis(*from_ms));
        while let Some((port, event)) = card.event() {
            events.push((*from_ms, port, event));
        }
        let mut block = [0; BLOCK];
        card.read(0, &mut block).unwrap();
        // A segment of A-law is 6 dB: the loudest one tells the level well enough here.
        let loudest = block.iter().map(|byte| (byte ^ 0x55) & 0x7F).max().unwrap();
        levels.push(f32::from(loudest >> 4) * 6.0 - 42.0);
        *from_ms += 20;
    }
    (events, levels)
}

#[test]
fn a_line_rings_1_s_in_5_until_it_is_answered() {
    let mut card = card(1, &caller("", "\"wait 5s\""));
    let mut now = 0;
    let (events, _) = run(&mut card, &mut now, 8000);
    let (begin, end) = (PortEvent::RingBegin, PortEvent::RingOffHook);
    assert_eq!(events, [(1000, 0, begin), (2000, 0, end), (6000, 0, begin), (7000, 0, end)]);
    card.order(0, &OFF).unwrap();
    let (events, _) = run(&mut card, &mut now, 4000);
    assert_eq!(events, [(8000, 0, PortEvent::HookComplete)]);
}

#[test]
fn caller_id_is_heard_between_the_first_and_the_second_ring() {
    let mut card = card(1, &caller("number = \"110\"", ""));
    let (_, levels) = run(&mut card, &mut 0, 8000);
    let loud: Vec<usize> = (0..levels.len()).filter(|&n| levels[n] > -24.0).collect();
    let (first, last) = (loud[0] * 20, loud[loud.len() - 1] * 20);
    assert_eq!(first, 2600, "600 ms after the first ring");
    // 480 bits of preamble, 18 bytes of ten bits, ten bits of mark: 558 ms at 1200 baud.
    assert!((3120..3200).contains(&last), "until {last} ms");
    assert_eq!(loud.len() * 20, last - first + 20, "without a gap");
}

#[test]
fn a_caller_hears_a_prompt_to_its_end_and_then_presses_the_key() {
    let mut card = card(1, &caller("", "\"wait-prompt 20s\", \"press 1\", \"wait 9s\""));
    let mut now = 0;
    run(&mut card, &mut now, 6000);
    card.order(0, &OFF).unwrap();
    run(&mut card, &mut now, 500);
    // Two seconds of sound, then quiet.
    for _ in 0..100 {
        card.write(0, &[0xAA; BLOCK]).unwrap();
        run(&mut card, &mut now, 20);
    }
    let (_, levels) = run(&mut card, &mut now, 3000);
    let loud: Vec<usize> = (0..levels.len()).filter(|&n| levels[n] > -24.0).collect();
    let first = loud[0] * 20;
    assert!((1080..1160).contains(&first), "900 ms of quiet and 200 of reaction, not {first}");
    assert_eq!(loud.len(), 5, "a key of 100 ms");
}

#[test]
fn a_caller_who_does_not_hear_the_tone_in_time_hangs_up_at_once() {
    let mut card = card(1, &caller("", "\"wait-tone 1500 5s\", \"wait 50s\""));
    let mut now = 0;
    run(&mut card, &mut now, 6000);
    card.order(0, &OFF).unwrap();
    let (_, levels) = run(&mut card, &mut now, 7000);
    let busy = levels.iter().position(|&level| level > -24.0).unwrap() * 20;
    assert!((5000..5100).contains(&busy), "{busy} ms");
    assert_eq!(card.stories().next().unwrap().outcome, Outcome::ToneMissed);
}

#[test]
fn who_finds_no_line_free_waits_for_one() {
    let script = caller("", "\"wait 10s\"")
        + &caller("at = \"2s\"", "\"wait 1s\"").replacen("at = \"1s\"\n", "", 1);
    let mut card = card(1, &script);
    let mut now = 0;
    run(&mut card, &mut now, 3000);
    card.order(0, &OFF).unwrap();
    let (events, _) = run(&mut card, &mut now, 12_000);
    assert_eq!(events.len(), 1, "the line is busy: {events:?}");
    card.order(0, &ON).unwrap();
    let (events, _) = run(&mut card, &mut now, 4000);
    assert!(events.iter().any(|(_, _, event)| *event == PortEvent::RingBegin), "{events:?}");
}

#[test]
fn callers_come_again_as_often_as_the_script_says() {
    let more = "every = \"20s\"\ntimes = 3\npatience = \"6s\"";
    let mut card = card(2, &caller(more, ""));
    run(&mut card, &mut 0, 200_000);
    let began: Vec<u64> = card.stories().map(|story| story.began_tick * 20).collect();
    assert_eq!(began, [1000, 21_000, 41_000]);
}

#[test]
fn a_seed_gives_the_same_calls_again() {
    let script = caller("", "\"talk words 9s\"").replacen("jitter = \"0s\"", "jitter = \"5s\"", 1);
    let sounds = |seed: u64| {
        let callers = Callers::parse(&script, |_| Ok(vec![5000; 3000])).unwrap();
        let mut card = SimCard::new(seed, &[PortKind::Fxo], callers).unwrap();
        let mut now = 0;
        let (mut events, mut levels) = run(&mut card, &mut now, 9000);
        card.order(0, &OFF).unwrap();
        let more = run(&mut card, &mut now, 12_000);
        events.extend(more.0);
        levels.extend(more.1);
        (events, levels)
    };
    assert_eq!(sounds(1), sounds(1));
    assert_ne!(sounds(1), sounds(2));
}

#[test]
fn a_line_that_is_seized_gives_dial_tone_and_takes_no_calls() {
    let mut card = card(1, "");
    assert_eq!(card.order(0, &PortOrder::Dial("110".into())), Err(CardError::Busy(0)));
    card.order(0, &OFF).unwrap();
    let mut now = 0;
    let (_, levels) = run(&mut card, &mut now, 1000);
    assert!(levels[1..].iter().all(|&level| level > -24.0), "dial tone does not pause");
    card.order(0, &PortOrder::Dial("110".into())).unwrap();
    // A key takes 200 ms.
    let (events, _) = run(&mut card, &mut now, 640);
    assert_eq!(events, [(1620, 0, PortEvent::DialComplete)]);
    let (_, levels) = run(&mut card, &mut now, 1400);
    let loud = levels.iter().filter(|&&level| level > -24.0).count();
    assert!((34..=37).contains(&loud), "congestion sounds half of the time: {loud} of 70");
}

#[test]
fn a_port_that_is_not_there_is_refused() {
    let mut card = card(2, "");
    assert_eq!((card.ports(), card.law()), (2, Law::A));
    assert_eq!(card.read(2, &mut [0; BLOCK]), Err(CardError::NoPort(2)));
    assert_eq!(card.write(9, &[0; BLOCK]), Err(CardError::NoPort(9)));
    assert_eq!(card.order(2, &ON), Err(CardError::NoPort(2)));
}
