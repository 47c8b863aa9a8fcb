//! Callers whose messages cross, come twice or get lost, by hand.

use std::time::Duration;
use tests::scene::{SOON, Scene, counter};
use tests::wire::HandCaller;

const DIALLED: &str = "400";

/// Whether the CANCEL or the answer comes first is the box's to decide; both end cleanly, and the
/// caller tries until the CANCEL won once.
#[test]
fn a_call_taken_back_as_it_goes_out_is_ended_as_cancelled() {
    let scene = Scene::hospital(|text| text).unwrap();
    let mut caller = HandCaller::new(scene.sip()).unwrap();
    let mut calls = 0;
    loop {
        calls += 1;
        assert!(calls < 50, "the answer is always first");
        caller.next_call();
        caller.send(&caller.invite(DIALLED)).unwrap();
        caller.send(&caller.cancel(DIALLED)).unwrap();
        caller.receive("SIP/2.0 200", "1 CANCEL", SOON).unwrap();
        let last = caller.receive("SIP/2.0 ", "1 INVITE", SOON).unwrap();
        let last = match last.starts_with("SIP/2.0 1") {
            true => caller.receive("SIP/2.0 ", "1 INVITE", SOON).unwrap(),
            false => last,
        };
        if last.starts_with("SIP/2.0 487") {
            caller.send(&caller.ack_refusal(DIALLED, &last).unwrap()).unwrap();
            break;
        }
        assert!(last.starts_with("SIP/2.0 200"), "{last}");
        caller.send(&caller.ack(DIALLED, &last).unwrap()).unwrap();
        caller.send(&caller.bye(DIALLED, &last).unwrap()).unwrap();
        caller.receive("SIP/2.0 200", "2 BYE", SOON).unwrap();
    }
    let ended = scene.facts_when("CallEnded", calls).unwrap();
    assert_eq!((ended.len(), scene.facts("CallArrived").unwrap().len()), (calls, calls));
    let end = &ended[calls - 1];
    assert_eq!((&end["by"], &end["cause"]), (&"Caller".into(), &"Cancelled".into()));
    assert_eq!(scene.facts("CallAnswered").unwrap().len(), calls - 1);
    scene.over().unwrap();
}

#[test]
fn an_invite_that_comes_twice_and_acks_that_get_lost_make_one_call() {
    let scene = Scene::hospital(|text| text).unwrap();
    let caller = HandCaller::new(scene.sip()).unwrap();
    caller.send(&caller.invite(DIALLED)).unwrap();
    caller.send(&caller.invite(DIALLED)).unwrap();
    let answer = caller.receive("SIP/2.0 200", "1 INVITE", SOON).unwrap();
    // Two ACKs are lost; the answer comes again after 0.5 s and 1 s more (RFC 3261 13.3.1.4).
    for _ in 0..2 {
        assert_eq!(caller.receive("SIP/2.0 200", "1 INVITE", SOON).unwrap(), answer);
    }
    caller.send(&caller.ack(DIALLED, &answer).unwrap()).unwrap();
    scene.calls_are("menu", 1).unwrap();
    // Once acknowledged, it comes no more.
    assert!(caller.receive("SIP/2.0 200", "1 INVITE", Duration::from_secs(5)).is_err());
    caller.send(&caller.bye(DIALLED, &answer).unwrap()).unwrap();
    let over = caller.receive("SIP/2.0 200", "2 BYE", SOON).unwrap();
    // The BYE again, for its answer might have been lost: the same answer again.
    caller.send(&caller.bye(DIALLED, &answer).unwrap()).unwrap();
    assert_eq!(caller.receive("SIP/2.0 200", "2 BYE", SOON).unwrap(), over);
    for kind in ["CallArrived", "CallAnswered", "RecordingStarted", "CallEnded"] {
        assert_eq!(scene.facts_when(kind, 1).unwrap().len(), 1, "{kind}");
    }
    assert!(counter(&scene.boxed.snapshot().unwrap(), "sip-retransmitted") >= 2);
    scene.forgotten().unwrap();
    scene.over().unwrap();
}
