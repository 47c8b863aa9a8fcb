//! Calls over analogue lines, from the ring to the hang-up, with the card's simulator.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::sim::Outcome;
use line::Input;
use model::Cause;
use model::port::Alarm;
use room::{Room, alarm, arrived, gone};

fn script(more: &str, steps: &str) -> String {
    format!(
        "[[caller]]\nport = 1\nnumber = \"13800138000\"\nname = \"LI NA\"\nat = \"1s\"\n\
         jitter = \"0s\"\n{more}\nsteps = [{steps}]\n"
    )
}

#[test]
fn a_call_goes_from_the_ring_to_the_busy_tone() {
    let mut room = Room::new(1, &script("", r#""wait 3s", "press 1", "say words", "wait 1s""#));
    assert_eq!(room.until(0, 20_000, arrived), 6000, "with the second ring");
    let end = room.until(0, 20_000, gone);
    room.run(3000);
    let words = ["arrived '13800138000' 'LI NA'", "hook Off", "answered", "hook On", "gone normal"];
    assert_eq!(room.words(0), words);
    let story = room.stories()[0];
    assert_eq!((story.outcome, story.port), (Outcome::Finished, 0));
    let busy_ms = end - story.ended_tick * 20;
    assert!((2000..4000).contains(&busy_ms), "found after {busy_ms} ms");
}

#[test]
fn every_kind_of_caller_id_tells_the_same_number() {
    for kind in ["fsk-bell202", "fsk-bell202-single", "fsk-v23", "dtmf", "dtmf-before-ring"] {
        let more = format!("caller-id = \"{kind}\"");
        let mut room = Room::new(1, &script(&more, "\"wait 1s\""));
        room.until(0, 20_000, arrived);
        let word = &room.words(0)[0];
        assert!(word.starts_with("arrived '13800138000'"), "{kind}: {word}");
    }
}

#[test]
fn a_line_without_caller_id_arrives_one_ring_later_and_unknown() {
    let mut room = Room::new(1, &script("caller-id = \"none\"", "\"wait 1s\""));
    assert_eq!(room.until(0, 20_000, arrived), 11_000, "with the third ring");
    assert_eq!(room.words(0)[0], "arrived '' ''");
}

#[test]
fn a_caller_who_gives_up_while_it_rings_is_gone_8_s_after_the_last_ring() {
    let mut room = Room::new(1, &script("patience = \"7s\"", ""));
    room.answers = false;
    room.until(0, 20_000, arrived);
    // The second ring ended at 7 s.
    assert_eq!(room.until(0, 20_000, gone), 15_000);
    assert_eq!(room.words(0)[1], "gone cancelled");
    assert_eq!(room.stories()[0].outcome, Outcome::GaveUp);
}

#[test]
fn a_line_that_rang_once_is_not_answered() {
    let mut room = Room::new(1, &script("patience = \"2s\"", ""));
    room.run(30_000);
    assert!(room.words(0).is_empty(), "{:?}", room.words(0));
}

#[test]
fn a_plug_that_is_drawn_ends_the_call_and_the_line_comes_back() {
    let more = "every = \"40s\"";
    let mut room = Room::new(1, &script(more, "\"wait 2s\", \"unplug 10s\""));
    let raised = room.until(0, 20_000, alarm(Alarm::NoBattery, true));
    let words =
        ["arrived '13800138000' 'LI NA'", "hook Off", "answered", "hook On", "gone unreachable"];
    assert_eq!(room.words(0)[..5], words);
    let cleared = room.until(0, 20_000, alarm(Alarm::NoBattery, false));
    assert_eq!(cleared - raised, 10_020);
    room.until(0, 40_000, arrived);
}

#[test]
fn a_call_that_is_refused_rings_on_unheard() {
    let mut room = Room::new(1, &script("patience = \"30s\"\nevery = \"60s\"", ""));
    room.answers = false;
    room.until(0, 20_000, arrived);
    room.order(0, Input::Refuse(Cause::Congestion));
    room.run(40_000);
    assert_eq!(room.words(0), ["arrived '13800138000' 'LI NA'", "gone congestion"]);
    room.until(0, 40_000, arrived);
}

#[test]
fn the_far_party_hangs_up_by_loop_current_or_reversal() {
    for how in ["on-hook", "polarity"] {
        let more = format!("hang-up = \"{how}\"\nreverse-on-answer = true");
        let mut room = Room::new(1, &script(&more, "\"wait 2s\""));
        let end = room.until(0, 20_000, gone);
        assert_eq!(room.words(0).last().map(String::as_str), Some("gone normal"), "{how}");
        assert_eq!(end, room.stories()[0].ended_tick * 20, "{how}");
        assert_eq!(room.stories()[0].outcome, Outcome::Finished, "{how}");
    }
}

#[test]
fn the_box_hangs_up_and_the_next_caller_waits_for_the_line() {
    let both = script("", "\"wait 60s\"") + &script("hang-up = \"on-hook\"", "\"wait 1s\"");
    let mut room = Room::new(1, &both);
    room.until(0, 20_000, arrived);
    room.run(5000);
    room.order(0, Input::HangUp(Cause::NoAnswer));
    assert_eq!(room.words(0)[3..], ["hook On", "gone no-answer"]);
    room.until(0, 20_000, gone);
    let outcomes: Vec<Outcome> = room.stories().iter().map(|story| story.outcome).collect();
    assert_eq!(outcomes, [Outcome::BoxHungUp, Outcome::Finished]);
}

#[test]
fn who_rings_soon_after_another_gave_up_is_not_taken_for_him() {
    // The first rings once and gives up; the second begins 5.5 s after that ring ended.
    let first = script("patience = \"4500ms\"", "");
    let second = script("", "\"wait 1s\"").replace("13800138000", "110").replace("LI NA", "");
    let mut room = Room::new(1, &(first + &second));
    room.until(0, 30_000, gone);
    assert_eq!(room.words(0)[0], "arrived '110' ''");
}

/// The box of the demo speaks for 4 s and is quiet for 3.
fn menus(now_ms: u64) -> [u8; 160] {
    [if now_ms % 7000 < 4000 { 0x20 } else { 0xD5 }; 160]
}

#[test]
fn the_callers_of_the_demo_come_through_and_each_of_their_calls_ends() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../board/callers/demo.toml");
    let mut room = Room::new(4, &std::fs::read_to_string(path).unwrap());
    room.says = menus;
    room.run(600_000);
    let stories = room.stories();
    for caller in 1..=7 {
        let of: Vec<_> = stories.iter().filter(|story| story.caller == caller).collect();
        assert!(of.len() > 1, "caller {caller} came {} times", of.len());
        assert!(of.iter().all(|story| story.outcome == Outcome::Finished), "{of:?}");
    }
    assert!(stories.iter().any(|story| story.outcome == Outcome::GaveUp));
    let mut numbers = std::collections::BTreeSet::new();
    for port in 0..4 {
        let words = room.words(port);
        let ends =
            words.iter().filter(|word| word.starts_with("arrived") || word.starts_with("gone"));
        for (word, n) in ends.zip(0..) {
            assert_eq!(word.starts_with("gone"), n % 2 == 1, "port {port}: {words:?}");
        }
        numbers.extend(words.into_iter().filter(|word| word.starts_with("arrived")));
    }
    let all = [
        "arrived '' ''",
        "arrived '02158880000' ''",
        "arrived '02160001234' 'J SMITH'",
        "arrived '13655556666' ''",
        "arrived '13800000001' ''",
        "arrived '13800138000' 'LI NA'",
        "arrived '13911112222' ''",
    ];
    assert_eq!(numbers.iter().map(String::as_str).collect::<Vec<_>>(), all);
}
