use crate::caller::{Caller, SECOND};
use ivr::Output;
use model::site::Lang;

#[test]
fn menus_lead_into_menus_and_star_goes_back() {
    let mut caller = Caller::at("main");
    caller.hear_out().press("1");
    assert_eq!(caller.hears(), ["zh-CN/sub"]);
    caller.hear_out().press("*");
    assert_eq!(caller.hears(), ["zh-CN/main"]);
    caller.press("11");
    assert_eq!(caller.queue(), Some("results"));
    assert_eq!(caller.path(), "+main -main:1 +sub -sub:* +main -main:1 +sub -sub:1");
}

#[test]
fn a_key_barges_in_on_the_clips() {
    let mut caller = Caller::at("main");
    caller.press("1");
    assert!(matches!(
        caller.told[..],
        [Output::Play { .. }, Output::StopPlay { .. }, Output::Play { .. }]
    ));
    assert_eq!(caller.hears(), ["zh-CN/sub"]);
}

#[test]
fn a_key_after_the_clips_stops_nothing() {
    let mut caller = Caller::at("main");
    caller.hear_out().press("1");
    assert_eq!(caller.stops(), 0);
}

#[test]
fn nine_says_the_menu_again() {
    let mut caller = Caller::at("main");
    caller.press("9");
    assert_eq!(caller.hears(), ["zh-CN/main"]);
    assert_eq!(caller.path(), "+main -main:9 +main");
}

#[test]
fn an_unanswered_menu_is_said_again_after_its_wait() {
    let mut caller = Caller::at("main");
    caller.hear_out().wait(5 * SECOND);
    assert_eq!(caller.hears(), ["zh-CN/ivr.no-input", "zh-CN/main"]);
    assert_eq!(caller.path(), "+main");
}

#[test]
fn the_third_wrong_key_leads_where_the_menu_says() {
    let mut caller = Caller::at("main");
    caller.press("7");
    assert_eq!(caller.hears(), ["zh-CN/ivr.invalid", "zh-CN/main"]);
    caller.press("#");
    assert_eq!(caller.hears(), ["zh-CN/ivr.invalid", "zh-CN/main"]);
    caller.press("A");
    assert_eq!(caller.queue(), Some("general"));
    assert_eq!(caller.path(), "+main -main:Invalid");
}

#[test]
fn a_menu_entered_anew_forgives_wrong_keys() {
    let mut caller = Caller::at("main");
    caller.press("77").press("9").press("77");
    assert_eq!(caller.node(), "main");
}

#[test]
fn both_languages_are_offered_and_the_choice_holds() {
    let mut caller = Caller::at("languages");
    assert_eq!(caller.hears(), ["zh-CN/language", "en/language"]);
    caller.press("2");
    assert_eq!(caller.hears(), ["en/main"]);
    caller.press("7");
    assert_eq!(caller.hears(), ["en/ivr.invalid", "en/main"]);
    caller.press("11");
    assert!(matches!(caller.told.last(), Some(Output::ToQueue { lang: Lang::En, .. })));
}

#[test]
fn a_complaint_is_marked_on_the_way_to_its_queue() {
    let mut caller = Caller::at("main");
    caller.press("8");
    assert!(matches!(caller.told.last(), Some(Output::ToQueue { complaint: true, .. })));
    assert_eq!(caller.queue(), Some("complaints"));
}
