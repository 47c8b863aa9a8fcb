use crate::caller::{Caller, SECOND};

#[test]
fn hash_ends_the_digits() {
    let mut caller = Caller::at("card");
    caller.hear_out().press("1234#");
    assert_eq!(caller.queue(), Some("results"));
    assert_eq!(caller.path(), "+card =card-number:1234");
}

#[test]
fn the_longest_number_needs_no_hash() {
    let mut caller = Caller::at("card");
    caller.press("123456");
    assert_eq!(caller.path(), "+card =card-number:123456");
}

#[test]
fn a_pause_ends_digits_that_are_enough() {
    let mut caller = Caller::at("card");
    caller.hear_out().press("1234").wait(3 * SECOND);
    assert_eq!(caller.node(), "card");
    caller.wait(SECOND);
    assert_eq!(caller.path(), "+card =card-number:1234");
}

#[test]
fn the_pause_is_counted_from_the_last_digit() {
    let mut caller = Caller::at("card");
    caller.press("123").wait(3 * SECOND).press("4").wait(3 * SECOND).press("5").wait(4 * SECOND);
    assert_eq!(caller.path(), "+card =card-number:12345");
}

#[test]
fn too_few_digits_are_asked_for_again_and_then_given_up() {
    let mut caller = Caller::at("card");
    caller.press("12#");
    assert_eq!(caller.hears(), ["zh-CN/ivr.invalid", "zh-CN/card"]);
    caller.hear_out().press("12").wait(4 * SECOND);
    assert_eq!(caller.queue(), Some("general"));
    assert_eq!(caller.path(), "+card -card:Invalid");
}

#[test]
fn digits_of_a_failed_try_are_forgotten() {
    let mut caller = Caller::at("card");
    caller.press("12#").press("3456#");
    assert_eq!(caller.path(), "+card =card-number:3456");
}

#[test]
fn nothing_typed_is_told_apart_from_a_wrong_number() {
    let mut caller = Caller::at("card");
    caller.hear_out().wait(4 * SECOND);
    assert_eq!(caller.hears(), ["zh-CN/ivr.no-input", "zh-CN/card"]);
}

#[test]
fn a_star_among_digits_is_a_wrong_try() {
    let mut caller = Caller::at("card");
    caller.press("12*");
    assert_eq!(caller.hears(), ["zh-CN/ivr.invalid", "zh-CN/card"]);
}

#[test]
fn the_first_digit_cuts_the_question_short() {
    let mut caller = Caller::at("card");
    caller.press("1");
    assert_eq!(caller.stops(), 1);
    caller.press("2");
    assert_eq!(caller.stops(), 1);
}

#[test]
fn secret_digits_stand_in_no_fact() {
    let mut caller = Caller::at("pin");
    caller.press("987654");
    assert_eq!(caller.path(), "+pin =card-number:");
    let everything = format!("{:?} {:?} {:?}", caller.facts, caller.told, caller.ivr);
    assert!(!everything.contains("987654"));
}

#[test]
fn digits_being_typed_are_not_printed_either() {
    let mut caller = Caller::at("pin");
    caller.press("98765");
    assert!(!format!("{:?}", caller.ivr).contains("98765"));
}
