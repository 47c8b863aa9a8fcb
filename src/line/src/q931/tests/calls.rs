//! Calls from end to end.

use super::wire::{Wire, to, via};
use crate::q921::Side;
use crate::q931::*;
use model::port::Alarm;
use model::{Cause, Instant, Q850};
use proptest::prelude::*;
use std::time::Duration;

use Kind::*;

#[test]
fn q931_5_a_call_of_either_side_rings_is_answered_talks_and_is_cleared_by_either() {
    for (caller, clearing) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut wire = Wire::new();
        let calls = wire.talk(caller);
        let callee = 1 - caller;
        assert_eq!(wire.told[caller], ["1: Ringing", "1: Answered"]);
        assert_eq!(wire.told[callee], ["1: arrived 95000 from 02168889999", "1: Answered"]);
        assert_eq!(
            wire.sound[0].keys().collect::<Vec<_>>(),
            wire.sound[1].keys().collect::<Vec<_>>()
        );
        assert_eq!(wire.kinds(caller), [Setup, ConnectAcknowledge]);
        assert_eq!(wire.kinds(callee), [CallProceeding, Alerting, Connect]);
        wire.pass_s(3600);
        wire.forget();
        wire.hang_up(clearing, calls[clearing], Cause::Normal);
        assert_eq!(wire.kinds(clearing), [Disconnect, ReleaseComplete]);
        assert_eq!(wire.kinds(1 - clearing), [Release]);
        assert_eq!(wire.told, [["1: Gone(Normal)"], ["1: Gone(Normal)"]]);
        assert_eq!(wire.ends.each_ref().map(Span::calls), [0, 0]);
        assert!(wire.sound.iter().all(|sound| sound.is_empty()));
    }
}

#[test]
fn a_call_that_is_refused_or_given_up_says_why() {
    for (cause, said, heard) in [
        (Cause::Busy, Q850::BUSY, "1: Gone(Busy)"),
        (Cause::NotFound, Q850::UNALLOCATED, "1: Gone(NotFound)"),
        (Cause::Congestion, Q850::CONGESTION, "1: Gone(Congestion)"),
    ] {
        let mut wire = Wire::new();
        wire.dial(0, "95000");
        let call = wire.last(1);
        wire.hang_up(1, call, cause);
        assert_eq!(wire.told[0], ["1: Ringing", heard]);
        let of = |m: &Message| {
            m.find(|e| if let Element::Cause { value, .. } = e { Some(*value) } else { None })
        };
        assert_eq!(wire.sent[1].iter().find_map(of), Some(said.0));
    }
    let mut wire = Wire::new();
    let ours = wire.dial(0, "95000");
    wire.hang_up(0, ours, Cause::Normal);
    assert_eq!(wire.told[1][1..], ["1: Gone(Cancelled)"], "the caller gave up");
}

#[test]
fn thirty_calls_talk_at_once_and_the_next_finds_no_channel() {
    let mut wire = Wire::new();
    for n in 0..30 {
        wire.talk(n % 2);
    }
    assert_eq!(wire.sound[0].len(), 30);
    assert!(!wire.sound[0].contains_key(&16), "the D channel's slot");
    let none = wire.ends[0].dial(wire.now, &super::wire::to("1"));
    assert_eq!(none, Err(NoChannel::AllTaken));
    wire.pass_s(600);
    assert_eq!(wire.sound[0].len(), 30);
}

#[test]
fn a_thousand_calls_in_a_row_leave_nothing_behind() {
    let mut wire = Wire::new();
    for n in 0..1000 {
        let calls = wire.talk(n % 2);
        wire.hang_up(n / 2 % 2, calls[n / 2 % 2], Cause::Normal);
        wire.pass(Duration::from_millis(20));
    }
    assert_eq!(wire.ends.each_ref().map(Span::calls), [0, 0]);
    assert_eq!(wire.ends[0].counters().odd + wire.ends[1].counters().odd, 0);
    assert!(wire.sound.iter().all(|sound| sound.is_empty()));
}

#[test]
fn q931_5_7_where_both_sides_want_one_channel_both_calls_go_on_and_the_networks_keeps_it() {
    let mut wire = Wire::with(|config| config.from = From::Lowest);
    let now = wire.now;
    wire.ends[0].dial(now, &super::wire::to("1")).unwrap();
    wire.ends[1].dial(now, &super::wire::to("2")).unwrap();
    wire.carry();
    assert_eq!(wire.ends[0].counters().glare, 1);
    for end in 0..2 {
        assert!(wire.told[end].iter().any(|text| text.ends_with("Ringing")), "{:?}", wire.told);
        assert!(wire.told[end].iter().any(|text| text.contains("arrived")));
        assert_eq!(wire.sound[end].len(), 2);
    }
    assert_eq!(wire.sound[1][&1], CallNo(1), "the call of the network");
    assert_eq!(wire.sound[0][&2], CallNo(1), "the call of the user has another");
}

#[test]
fn a_channel_that_the_far_side_refuses_is_given_up_for_another() {
    let mut wire = Wire::with(|config| (config.exclusive, config.from) = (true, From::Lowest));
    let now = wire.now;
    wire.ends[0].dial(now, &super::wire::to("1")).unwrap();
    wire.ends[1].dial(now, &super::wire::to("2")).unwrap();
    wire.carry();
    assert!(wire.told[0].contains(&"1: Ringing".to_owned()), "{:?}", wire.told);
    assert_eq!(wire.sent[1][1].kind, ReleaseComplete);
    assert_eq!(wire.kinds(0).iter().filter(|kind| **kind == Setup).count(), 2);
}

#[test]
fn q931_5_1_3_and_5_2_4_digits_that_come_one_by_one_are_collected_until_the_number_is_whole() {
    let mut wire = Wire::with(|config| config.overlap_digits = Some(5));
    let dialled =
        Dialled { number: model::Number::new("95"), complete: false, ..super::wire::to("") };
    let no = wire.ends[0].dial(wire.now, &dialled).unwrap();
    wire.carry();
    assert_eq!(wire.kinds(1), [SetupAcknowledge]);
    for digit in ["0", "0", "0"] {
        wire.pass_s(10);
        wire.ends[0].digits(wire.now, no, digit, false);
        wire.carry();
    }
    assert_eq!(wire.told[1], ["1: arrived 95000 from 02168889999"]);
    assert_eq!(wire.told[0], ["1: Ringing"]);
    // One that stops dialling arrives with what came; with nothing it is over.
    for (number, told) in [("9", "2: arrived 9 from 02168889999"), ("", "")] {
        let mut wire = Wire::with(|config| config.overlap_digits = Some(5));
        let dialled =
            Dialled { number: model::Number::new(number), complete: false, ..super::wire::to("") };
        wire.ends[0].dial(wire.now, &dialled).unwrap();
        wire.carry();
        wire.pass_s(16);
        assert_eq!(wire.told[1].is_empty(), told.is_empty());
        let heard = if told.is_empty() { "1: Gone(NotFound)" } else { "1: Ringing" };
        assert_eq!(wire.told[0], [heard]);
    }
}

#[test]
fn q931_5_1_1_a_setup_that_nobody_answers_is_sent_twice_and_given_up_after_t303() {
    let mut wire = Wire::new();
    wire.swallow = vec![Setup];
    wire.dial(0, "95000");
    wire.pass(Duration::from_millis(7900));
    assert_eq!(wire.kinds(0), [Setup, Setup]);
    wire.pass(Duration::from_millis(100));
    assert_eq!(wire.told[0], ["1: Gone(Unreachable)"]);
    assert_eq!(wire.ends[0].calls(), 0);
}

#[test]
fn q931_5_3_4_a_far_side_that_does_not_clear_is_told_three_times_and_its_channel_restarted() {
    let mut wire = Wire::new();
    let calls = wire.talk(0);
    wire.forget();
    wire.swallow = vec![Disconnect, Release];
    wire.hang_up(0, calls[0], Cause::Normal);
    assert_eq!(wire.told[0], ["1: Gone(Normal)"], "whoever hung up does not wait");
    wire.pass_s(30 + 4 + 4);
    assert_eq!(wire.kinds(0), [Disconnect, Release, Release, Restart]);
    assert_eq!(wire.kinds(1), [RestartAcknowledge]);
    assert_eq!(wire.told[1], ["1: Gone(Unreachable)", "restarted 31"]);
    wire.swallow.clear();
    wire.talk(0);
    assert!(wire.sound[0].contains_key(&31), "the channel is used again");
}

#[test]
fn a_call_nobody_answers_ends_after_t301_and_one_whose_answer_is_not_confirmed_after_t313() {
    let mut wire = Wire::new();
    wire.dial(0, "95000");
    wire.pass_s(181);
    assert_eq!(wire.told[0], ["1: Ringing", "1: Gone(NoAnswer)"]);
    let mut wire = Wire::new();
    wire.swallow = vec![ConnectAcknowledge];
    wire.talk(1);
    assert_eq!(wire.told[0].len(), 1, "not answered before the network says so");
    wire.pass_s(5);
    assert_eq!(wire.told[0][1..], ["1: Gone(Unreachable)"]);
}

#[test]
fn q931_5_8_9_calls_that_talk_outlive_a_lost_link_within_t309_and_others_do_not() {
    let mut wire = Wire::new();
    wire.talk(0);
    wire.dial(0, "95001");
    wire.forget();
    wire.cut = true;
    wire.pass_s(30);
    assert_eq!(wire.told[0], ["link false", "2: Gone(Unreachable)"]);
    assert_eq!(wire.sound[0].len(), 1);
    wire.cut = false;
    wire.pass_s(30);
    assert_eq!(wire.told[0][2..], ["link true"]);
    assert!(wire.kinds(0).contains(&StatusEnquiry) && wire.kinds(0).contains(&Status));
    assert_eq!(wire.sound.each_ref().map(|sound| sound.len()), [1, 1], "the talk goes on");
    wire.forget();
    wire.cut = true;
    wire.pass_s(14 + 89 + 10);
    assert_eq!(wire.told[0], ["link false", "1: Gone(Unreachable)"]);
    assert_eq!(wire.ends[0].counters().lost, 1);
}

/// Octets of a user's frames, and of a network's (Q.921 table 1 and 5).
const SABME_OF_NETWORK: [u8; 3] = [2, 1, 0x7F];
const UA_OF_NETWORK: [u8; 3] = [0, 1, 0x73];

/// A far side that asks for the link too answers ours at once, and does not hear a message before its own is
/// answered (Q.921 figure B.5).
#[test]
fn q931_5_8_8_a_setup_that_is_lost_as_the_far_side_begins_the_link_anew_is_sent_again() {
    let mut span = Span::new(Instant::START, Config::new(via(), Side::User));
    let frames = |span: &mut Span| -> Vec<Vec<u8>> {
        std::iter::from_fn(|| span.poll())
            .filter_map(|output| match output {
                Output::Frame(frame) => Some(frame),
                _ => None,
            })
            .collect()
    };
    let at = |ms| Instant::from_millis(ms);
    span.frame(at(10), &UA_OF_NETWORK);
    span.dial(at(20), &to("95000")).unwrap();
    let setup = frames(&mut span).pop().unwrap();
    assert_eq!(Message::read(&setup[4..]).unwrap().kind, Setup);
    // It was not heard. The network asks for the link again.
    span.frame(at(900), &SABME_OF_NETWORK);
    let sent = frames(&mut span);
    assert_eq!((sent.len(), sent.last()), (2, Some(&setup)), "a UA, and the SETUP, number 0");
    // Q.931 bounds it as it did before: by T303 from the first, twice.
    let kinds = |span: &mut Span| -> Vec<Kind> {
        let read = |frame: Vec<u8>| Message::read(frame.get(4..)?).ok();
        frames(span).into_iter().filter_map(read).map(|message| message.kind).collect()
    };
    span.frame(at(910), &[0, 1, 1, 2]);
    span.tick(at(4020));
    assert_eq!(kinds(&mut span), [Setup]);
    span.frame(at(4030), &[0, 1, 1, 4]);
    span.tick(at(8020));
    assert_eq!((kinds(&mut span), span.calls()), (vec![ReleaseComplete], 0));
}

#[test]
fn q931_5_8_11_a_far_side_that_forgot_a_call_is_believed_and_one_in_another_state_left() {
    let mut wire = Wire::new();
    wire.talk(0);
    wire.forget();
    let reference = CallRef { value: 1, to_chooser: true };
    let status = |state| {
        let cause = Element::Cause { location: Location::User, value: 30 };
        Message::new(reference, Status).with(cause).with(Element::CallState(state))
    };
    wire.forge(0, &status(10));
    assert_eq!(wire.told[0], [""; 0]);
    wire.forge(0, &status(0));
    assert_eq!(wire.told[0], ["1: Gone(Failure)"]);
    let mut wire = Wire::new();
    wire.talk(0);
    wire.forget();
    wire.forge(0, &status(3));
    assert_eq!(
        (wire.told[0].clone(), wire.kinds(0)[0]),
        (vec!["1: Gone(Failure)".into()], Disconnect)
    );
}

#[test]
fn q931_5_8_3_2_messages_of_no_call_get_the_answer_that_clears_the_far_side() {
    let strange = CallRef { value: 77, to_chooser: true };
    let answer = |message: Message| {
        let mut wire = Wire::new();
        wire.forge(0, &message);
        wire.sent[0].first().map(|m| (m.kind, m.reference.to_chooser))
    };
    let complete = Some((ReleaseComplete, false));
    assert_eq!(answer(Message::new(strange, Alerting)), complete);
    assert_eq!(answer(Message::new(strange, Release)), complete);
    assert_eq!(answer(Message::new(strange, ReleaseComplete)), None);
    assert_eq!(answer(Message::new(strange, Setup)), None, "it says that we began it");
    assert_eq!(answer(Message::new(strange, StatusEnquiry)), Some((Status, false)));
    let state = |state| Message::new(strange, Status).with(Element::CallState(state));
    assert_eq!(answer(state(10)), complete);
    assert_eq!(answer(state(0)), None);
}

#[test]
fn q931_5_8_6_a_setup_that_lacks_what_it_must_carry_is_refused_with_the_cause() {
    use model::Law;
    let reference = CallRef { value: 5, to_chooser: false };
    let sound = Element::Bearer(Bearer::Sound { law: Law::A });
    let setup = |elements: Vec<Element>| Message { reference, kind: Setup, elements };
    let channel = Element::Channel(ChannelId::exclusive(3));
    for (elements, cause) in [
        (vec![channel.clone()], 96),
        (vec![sound.clone()], 96),
        (vec![Element::Bearer(Bearer::Other), channel], 65),
        (
            vec![
                sound.clone(),
                Element::Channel(ChannelId { exclusive: true, which: Which::None }),
            ],
            34,
        ),
    ] {
        let mut wire = Wire::new();
        wire.forge(0, &setup(elements));
        let answer = &wire.sent[0][0];
        let location = Location::PrivateLocal;
        assert_eq!(answer.kind, ReleaseComplete);
        assert_eq!(answer.elements, [Element::Cause { location, value: cause }]);
        assert_eq!(wire.ends[0].calls(), 0);
    }
}

#[test]
fn q931_5_5_2_a_restart_of_the_interface_ends_its_calls_and_is_acknowledged() {
    let mut wire = Wire::new();
    wire.talk(0);
    wire.talk(1);
    wire.forget();
    let reference = CallRef { value: 0, to_chooser: false };
    wire.forge(0, &Message::new(reference, Restart).with(Element::Restart(6)));
    let gone = |end: usize| wire.told[end].iter().filter(|text| text.contains("Gone")).count();
    assert_eq!((gone(0), wire.ends[0].calls()), (2, 0));
    assert_eq!(wire.kinds(0), [RestartAcknowledge]);
    assert!(wire.sent[0][0].reference.to_chooser);
}

#[test]
fn a_span_that_loses_its_signal_ends_its_calls_at_once_and_comes_back() {
    let mut wire = Wire::new();
    wire.talk(0);
    wire.forget();
    wire.cut = true;
    for end in 0..2 {
        wire.ends[end].alarm(wire.now, Alarm::Red, true);
    }
    wire.carry();
    assert_eq!(wire.told[0], ["link false", "1: Gone(Unreachable)"]);
    assert!(wire.ends[0].dial(wire.now, &super::wire::to("1")).is_err());
    wire.pass_s(100);
    wire.cut = false;
    for end in 0..2 {
        wire.ends[end].alarm(wire.now, Alarm::Red, false);
    }
    wire.carry();
    wire.pass_s(3);
    assert!(wire.ends.iter().all(Span::is_up));
    wire.talk(0);
}

#[derive(Clone, Debug)]
enum Op {
    Dial(usize),
    Answer(usize),
    HangUp(usize, usize),
    Pass(u64),
    Cut(bool),
    Swallow(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let end = 0..2_usize;
    prop_oneof![
        6 => end.clone().prop_map(Op::Dial),
        6 => end.clone().prop_map(Op::Answer),
        4 => (end, 0..6_usize).prop_map(|(end, n)| Op::HangUp(end, n)),
        6 => (1..40_u64).prop_map(Op::Pass),
        1 => any::<bool>().prop_map(Op::Cut),
        2 => (0..8_usize).prop_map(Op::Swallow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_lost_each_call_told_of_ends_once_and_every_channel_comes_back(
        ops in proptest::collection::vec(op(), 1..80)
    ) {
        const LOST: [&[Kind]; 8] = [
            &[], &[], &[Setup], &[Alerting, Connect], &[ConnectAcknowledge], &[Disconnect],
            &[Release, ReleaseComplete], &[Restart],
        ];
        let mut wire = Wire::new();
        for op in ops {
            match op {
                Op::Dial(end) => {
                    let _ = wire.ends[end].dial(wire.now, &super::wire::to("95000"));
                    wire.carry();
                }
                Op::Answer(end) if wire.told[end].iter().any(|text| text.contains("arrived")) => {
                    let call = wire.last(end);
                    wire.answer(end, call);
                }
                Op::Answer(_) => {}
                Op::HangUp(end, n) => {
                    if let Some(call) = wire.sound[end].values().nth(n).copied() {
                        wire.hang_up(end, call, Cause::Normal);
                    }
                }
                Op::Pass(s) => wire.pass_s(s),
                Op::Cut(cut) => wire.cut = cut,
                Op::Swallow(n) => wire.swallow = LOST[n].to_vec(),
            }
        }
        (wire.cut, wire.swallow) = (false, Vec::new());
        wire.pass_s(300);
        for end in 0..2 {
            for call in wire.sound[end].clone().into_values() {
                wire.hang_up(end, call, Cause::Normal);
            }
        }
        wire.pass_s(600);
        for end in 0..2 {
            prop_assert_eq!(wire.ends[end].calls(), 0);
            prop_assert!(wire.sound[end].is_empty());
            let gone: Vec<&str> = wire.told[end]
                .iter()
                .filter(|text| text.contains("Gone"))
                .map(|text| text.split(':').next().unwrap())
                .collect();
            let once: std::collections::BTreeSet<_> = gone.iter().collect();
            prop_assert_eq!(gone.len(), once.len(), "{:?}", &wire.told[end]);
        }
        for _ in 0..30 {
            wire.talk(0);
        }
    }

    #[test]
    fn no_message_panics_and_calls_stay_bounded(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..200)
    ) {
        let mut wire = Wire::new();
        wire.talk(0);
        for mut octets in messages {
            let head = [8, 2, octets.first().copied().unwrap_or(0) & 0x80, octets.len() as u8 % 4];
            let len = head.len().min(octets.len());
            octets[..len].copy_from_slice(&head[..len]);
            wire.ends[0].message(wire.now, &octets);
            wire.ends[0].drain(wire.now);
            wire.carry();
            wire.pass(Duration::from_millis(500));
        }
        prop_assert!(wire.ends[0].calls() <= CALLS_MAX);
        wire.pass_s(600);
    }
}
