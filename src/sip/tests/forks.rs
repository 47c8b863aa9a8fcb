//! A phone registered at several addresses, and answers that come from more than one (RFC 3261
//! 13.2.2.4, 16.7).

mod network;

use model::{Cause, LegId};
use network::*;
use sip::Command;

/// Both phones registered as 8001 and ringing; the legs at them.
fn both_ring(net: &mut Network) -> (LegId, LegId) {
    net.register(PHONE, "8001");
    net.register(OTHER, "8001");
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    (net.arrived(PHONE)[0], net.arrived(OTHER)[0])
}

#[test]
fn both_phones_of_an_account_ring_and_the_one_not_picked_up_is_cancelled() {
    let mut net = Network::new(1);
    let (one, other) = both_ring(&mut net);
    assert_eq!(net.story(BOX, ringing()), "Ringing", "told once");
    net.tell(OTHER, Command::Answer { leg: other, rtp: rtp(9) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(net.story(PHONE, one), "Arrived Gone(Cancelled)");
    let cancel = net.sent.iter().find(|s| s.3.starts_with("CANCEL")).unwrap();
    assert_eq!(cancel.2, at(PHONE));
    let reason = header(&cancel.3, "Reason").unwrap();
    assert!(reason.contains("cause=200"), "no missed call is shown: {reason}");
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(100);
    assert_eq!(net.story(OTHER, other), "Arrived Answered Gone(Normal)");
    assert_eq!(net.endpoint(BOX).counters().forks_hung_up, 0);
    net.tear_down();
}

#[test]
fn phones_that_are_picked_up_at_once_are_one_call_and_one_hung_up() {
    let mut net = Network::new(1);
    let (one, other) = both_ring(&mut net);
    net.tell(PHONE, Command::Answer { leg: one, rtp: rtp(8) });
    net.tell(OTHER, Command::Answer { leg: other, rtp: rtp(9) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(net.story(PHONE, one), "Arrived Answered");
    assert_eq!(net.story(OTHER, other), "Arrived Answered Gone(Normal)");
    assert_eq!(net.lines(BOX, OTHER)[2..], ["INVITE", "CANCEL", "ACK", "BYE"]);
    assert_eq!(net.endpoint(BOX).counters().forks_hung_up, 1);
    assert_eq!(net.endpoint(BOX).dialogs(), 1);
    net.tell(PHONE, hang_up(one));
    net.tear_down();
}

#[test]
fn an_invite_forked_by_a_proxy_and_answered_twice_is_one_call_and_one_hung_up() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(8) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    // The same INVITE is answered by another device behind the same address.
    let answer = net.sent.iter().find(|s| line(&s.3) == "200 INVITE").unwrap().3.clone();
    let tag = header(&answer, "To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    let second = answer.replace(&tag, "another").replace("192.0.2.11:5060>", "192.0.2.99:5060>");
    for _ in 0..2 {
        net.inject(PHONE, BOX, second.as_bytes());
    }
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    // Each copy is acknowledged, one BYE goes out; both to where the answer says it is.
    let answers: Vec<_> = net.sent.iter().filter(|s| s.3.contains("tag=another")).collect();
    let lines: Vec<_> = answers.iter().map(|s| line(&s.3)).collect();
    assert_eq!(lines, ["ACK", "BYE", "ACK"]);
    assert!(answers.iter().all(|s| s.3.lines().next().unwrap().contains("192.0.2.99")));
    // So too once the call itself is over.
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(100);
    let third = answer.replace(&tag, "third");
    net.inject(PHONE, BOX, third.as_bytes());
    let lines: Vec<_> =
        net.sent.iter().filter(|s| s.3.contains("tag=third")).map(|s| line(&s.3)).collect();
    assert_eq!(lines, ["ACK", "BYE"]);
    assert_eq!(net.endpoint(BOX).counters().forks_hung_up, 2);
    net.tear_down();
}

#[test]
fn a_phone_that_is_busy_leaves_the_other_ringing() {
    let mut net = Network::new(1);
    let (one, other) = both_ring(&mut net);
    net.tell(PHONE, Command::Refuse { leg: one, cause: Cause::Busy });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    net.tell(OTHER, Command::Refuse { leg: other, cause: Cause::Unreachable });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(Busy)", "what says most is told");
    net.tear_down();
}

#[test]
fn a_decline_speaks_for_the_person_and_ends_the_ringing_everywhere() {
    let mut net = Network::new(1);
    let (one, other) = both_ring(&mut net);
    net.tell(PHONE, Command::Refuse { leg: one, cause: Cause::Declined });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(Declined)");
    assert_eq!(net.story(OTHER, other), "Arrived Gone(Cancelled)");
    net.tear_down();
}

#[test]
fn a_dead_address_of_a_phone_does_not_keep_the_live_one_from_answering() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.register(OTHER, "8001");
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    let other = net.arrived(OTHER)[0];
    net.tell(OTHER, Command::Answer { leg: other, rtp: rtp(9) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    net.tell(BOX, hang_up(ringing()));
    net.tear_down();
}
