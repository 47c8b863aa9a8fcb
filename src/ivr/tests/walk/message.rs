use crate::caller::{Caller, flow, message, say, site};
use ivr::{Input, Output};
use model::WallTime;
use model::site::{Node, Schedule};

#[test]
fn a_message_goes_on_by_itself() {
    let mut caller = Caller::at("greeting");
    caller.hear_out();
    assert_eq!(caller.node(), "languages");
}

#[test]
fn a_key_into_a_message_is_taken_by_the_menu_behind_it() {
    let mut caller = Caller::at("greeting");
    caller.press("2");
    assert_eq!(caller.stops(), 1);
    assert_eq!(caller.hears(), ["en/main"]);
    assert_eq!(caller.path(), "+languages -languages:2 +main");
}

#[test]
fn a_key_that_the_menu_behind_does_not_have_just_ends_the_message() {
    let mut caller = Caller::at("greeting");
    caller.press("#");
    assert_eq!(caller.hears(), ["zh-CN/language", "en/language"]);
}

#[test]
fn a_key_ends_one_message_not_the_next() {
    let mut nodes = flow();
    nodes.push(("first", message("first", "second")));
    nodes.push(("second", message("second", "main")));
    let mut caller =
        Caller::on(site(nodes, Schedule::default(), "Asia/Shanghai"), "first", WallTime(0));
    caller.press("1");
    assert_eq!(caller.hears(), ["zh-CN/second"]);
    caller.hear_out();
    assert_eq!(caller.hears(), ["zh-CN/main"]);
}

#[test]
fn a_goodbye_is_said_before_the_box_hangs_up() {
    let mut caller = Caller::at("bye");
    assert_eq!(caller.hears(), ["zh-CN/bye"]);
    caller.hear_out();
    assert!(matches!(caller.told.last(), Some(Output::HangUp { .. })));
    assert!(caller.ivr.is_empty());
}

#[test]
fn a_caller_who_hangs_up_mid_prompt_leaves_nothing() {
    for node in ["greeting", "main", "card", "bye"] {
        let mut caller = Caller::at(node);
        let told = caller.told.len();
        caller.hand_in(Input::Gone { visit: caller.visit });
        assert_eq!(caller.told.len(), told, "nobody is there to be told anything");
        assert!(caller.ivr.is_empty());
        assert_eq!(caller.ivr.deadline(), None);
        caller.press("1");
        assert_eq!(caller.told.len(), told);
    }
}

#[test]
fn the_end_of_a_replaced_play_means_nothing() {
    let mut caller = Caller::at("greeting");
    let Some(Output::Play { play, .. }) = caller.told.last().cloned() else { panic!("no play") };
    caller.press("#");
    let told = caller.told.len();
    caller.hand_in(Input::Played { visit: caller.visit, play });
    assert_eq!(caller.told.len(), told);
    assert_eq!(caller.node(), "languages");
}

#[test]
fn a_silent_message_and_a_silent_goodbye_pass_at_once() {
    let nodes = vec![
        ("quiet", Node::Message { say: say(&[]), then: "end".into() }),
        ("end", Node::HangUp { say: say(&[]) }),
        ("general", crate::caller::queue("general")),
    ];
    let caller =
        Caller::on(site(nodes, Schedule::default(), "Asia/Shanghai"), "quiet", WallTime(0));
    assert!(matches!(caller.told[..], [Output::HangUp { .. }]));
}
