//! Callers of the hospital and the bank that are shipped.

use crate::caller::{Caller, SECOND};
use jiff::civil::date;
use model::WallTime;
use model::time::Zone;
use site::{PromptFiles, load};
use std::sync::Arc;
use std::time::Duration;

const HOSPITAL: &str = include_str!("../../../../images/sites/hospital/site.toml");
const BANK: &str = include_str!("../../../../images/sites/bank/site.toml");

/// Calls at an hour of Monday 23 November 2026 in Shanghai.
fn calls(text: &str, hour: u64) -> Caller {
    calls_at(text, midnight(date(2026, 11, 23)) + Duration::from_secs(hour * 3600))
}

fn midnight(day: jiff::civil::Date) -> WallTime {
    Zone::named("Asia/Shanghai").unwrap().start_of(day)
}

fn calls_at(text: &str, wall: WallTime) -> Caller {
    let site = load(text, &PromptFiles::any()).unwrap().site;
    let node = site.ports[&"fxo-1".into()].entry.default.to_string();
    Caller::on(Arc::new(site), &node, wall)
}

#[test]
fn a_patient_who_listens_books_an_appointment() {
    let mut caller = calls(HOSPITAL, 3);
    assert_eq!(caller.hears(), ["zh-CN/greeting", "en/greeting"]);
    caller.hear_out();
    assert_eq!(caller.hears(), ["zh-CN/language", "en/language"]);
    caller.hear_out().press("1");
    assert_eq!(caller.hears(), ["zh-CN/emergency", "zh-CN/system.recorded"]);
    caller.hear_out();
    assert_eq!(caller.hears(), ["zh-CN/main"]);
    caller.hear_out().press("1").hear_out().press("3");
    assert_eq!(caller.hears(), ["zh-CN/hours"]);
    caller.hear_out().press("1");
    assert_eq!(caller.queue(), Some("appointments"));
}

#[test]
fn a_patient_who_knows_the_way_presses_without_listening() {
    let mut caller = calls(HOSPITAL, 3);
    caller.press("111");
    // 1 into the greeting is the language, 1 into the notice appointments, 1 a new one.
    assert_eq!(caller.queue(), Some("appointments"));
}

#[test]
fn every_choice_of_the_hospital_reaches_its_queue() {
    for (keys, queue) in [
        ("211", "appointments"),
        ("212", "appointments"),
        ("223456#", "results"),
        ("23", "pharmacy"),
        ("28", "complaints"),
        ("20", "general"),
        ("21*0", "general"),
    ] {
        let mut caller = calls(HOSPITAL, 12);
        caller.hear_out().press(&keys[..1]).hear_out().press(&keys[1..]);
        if caller.queue().is_none() {
            caller.hear_out();
        }
        assert_eq!(caller.queue(), Some(queue), "{keys}: {}", caller.path());
    }
}

#[test]
fn a_silent_patient_reaches_an_agent_after_30_s() {
    let mut caller = calls(HOSPITAL, 3);
    caller.hear_out().wait(30 * SECOND);
    assert_eq!(caller.hears(), ["zh-CN/ivr.to-agent"]);
    caller.hear_out();
    assert_eq!(caller.queue(), Some("general"));
}

#[test]
fn a_lost_card_is_taken_at_any_hour_and_nothing_else_is_at_night() {
    for (hour, keys) in [(12, "111"), (3, "11")] {
        let mut caller = calls(BANK, hour);
        caller.hear_out().press(&keys[..1]).hear_out().press(&keys[1..]);
        assert_eq!(caller.hears(), ["zh-CN/lost-card"]);
        caller.hear_out();
        assert_eq!(caller.queue(), Some("lost-card"));
    }
    let mut caller = calls(BANK, 3);
    caller.hear_out().press("1").hear_out();
    assert_eq!(caller.hears(), ["zh-CN/closed"]);
    caller.wait(30 * SECOND);
    assert_eq!(caller.hears(), ["zh-CN/ivr.goodbye"], "nobody would answer");
}

#[test]
fn the_last_digits_of_a_card_stand_in_no_fact() {
    let mut caller = calls(BANK, 12);
    caller.hear_out().press("1").hear_out().press("12").press("4321");
    assert_eq!(caller.queue(), Some("cards"));
    assert!(!caller.path().contains("4321") && caller.path().contains("=last-four:"));
}

#[test]
fn a_holiday_of_the_bank_is_told_and_cards_are_still_taken() {
    let mut caller = calls_at(BANK, midnight(date(2027, 2, 6)) + Duration::from_secs(36_000));
    caller.hear_out().press("2").hear_out();
    assert_eq!(caller.hears(), ["en/holiday", "en/closed"]);
    caller.press("1").hear_out();
    assert_eq!(caller.queue(), Some("lost-card"));
}
