use crate::caller::{Caller, SECOND, flow, message, site};
use model::site::Schedule;
use model::{Instant, WallTime};
use std::time::Duration;

#[test]
fn caller_who_presses_nothing_reaches_an_agent_after_30_s() {
    let mut caller = Caller::at("main");
    let begun = caller.now;
    caller.listen(29);
    assert_eq!(caller.node(), "main");
    caller.wait(SECOND);
    assert_eq!(caller.now, begun + 30 * SECOND);
    assert_eq!(caller.hears(), ["zh-CN/ivr.to-agent"]);
    caller.hear_out();
    assert_eq!(caller.queue(), Some("general"));
    assert_eq!(caller.path(), "+main -main:Silence");
    assert!(caller.ivr.is_empty());
}

#[test]
fn silence_cuts_a_menu_short_but_never_a_message() {
    let mut long_menu = Caller::at("main");
    long_menu.wait(30 * SECOND);
    assert_eq!(long_menu.hears(), ["zh-CN/ivr.to-agent"]);

    let mut long_message = Caller::at("greeting");
    long_message.wait(90 * SECOND);
    assert_eq!(long_message.hears(), ["zh-CN/greeting"]);
    long_message.hear_out();
    let entered = long_message.now;
    long_message.wait(30 * SECOND - Duration::from_millis(1));
    assert_eq!(long_message.node(), "languages", "the greeting does not count");
    long_message.wait(Duration::from_millis(1));
    assert_eq!(long_message.now, entered + 30 * SECOND);
    assert_eq!(long_message.hears(), ["zh-CN/ivr.to-agent"]);
}

#[test]
fn every_key_right_or_wrong_starts_the_count_over() {
    let mut caller = Caller::at("main");
    caller.listen(25).press("7");
    caller.listen(25).press("1");
    caller.listen(25);
    assert_eq!(caller.node(), "sub");
    assert_eq!(caller.path(), "+main -main:1 +sub");
    caller.listen(5);
    assert_eq!(caller.queue(), Some("general"));
}

#[test]
fn the_count_stands_still_during_a_message_and_goes_on_after_it() {
    // A caller who types nothing is sent round and round: each round is 2 * 4 s of silence.
    let mut nodes = flow();
    nodes.push(("sorry", message("sorry", "around")));
    let mut around = crate::caller::card(false);
    if let model::site::Node::Collect { invalid_to, .. } = &mut around {
        *invalid_to = "sorry".into();
    }
    nodes.push(("around", around));
    let site = site(nodes, Schedule::default(), "Asia/Shanghai");
    let mut caller = Caller::on(site, "around", WallTime(0));
    let mut sorry = 0;
    for _ in 0..200 {
        if caller.hears() == ["zh-CN/ivr.to-agent"] {
            break;
        }
        if caller.hears() == ["zh-CN/sorry"] {
            sorry += 1;
            caller.wait(100 * SECOND);
        }
        if !caller.hears().is_empty() {
            caller.hear_out();
        }
        caller.wait(SECOND);
    }
    assert_eq!(sorry, 3);
    assert_eq!(caller.now.since(Instant::from_millis(1000)), 30 * SECOND + 3 * 100 * SECOND);
}

#[test]
fn a_key_during_the_transfer_notice_hurries_it() {
    let mut caller = Caller::at("main");
    caller.wait(30 * SECOND).press("5");
    assert_eq!(caller.queue(), Some("general"));
}

#[test]
fn a_site_may_set_another_silence() {
    let mut site = site(flow(), Schedule::default(), "Asia/Shanghai");
    std::sync::Arc::get_mut(&mut site).unwrap().flow.silence = 12 * SECOND;
    let mut caller = Caller::on(site, "main", WallTime(0));
    caller.wait(12 * SECOND);
    assert_eq!(caller.hears(), ["zh-CN/ivr.to-agent"]);
}
