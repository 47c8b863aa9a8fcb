//! Two ends of a link over a wire that loses, doubles and delays.

use super::*;
use model::Instant;
use proptest::prelude::*;
use std::time::Duration;

/// What an end says, in words.
fn said(output: &Output) -> String {
    match output {
        Output::Frame(_) => "frame".into(),
        Output::Established => "established".into(),
        Output::Released => "released".into(),
        Output::Message(message) => String::from_utf8_lossy(message).into_owned(),
    }
}

/// A user and a network end, and the wire between them.
struct Wire {
    now: Instant,
    ends: [Link; 2],
    told: [Vec<String>; 2],
    /// Frames by end, in their order.
    frames: [Vec<Vec<u8>>; 2],
    /// Which frames get lost, by what they say.
    cut: bool,
}

impl Wire {
    fn new() -> Self {
        Self {
            now: Instant::START,
            ends: [Link::new(Side::User), Link::new(Side::Network)],
            told: Default::default(),
            frames: Default::default(),
            cut: false,
        }
    }

    fn up() -> Self {
        let mut wire = Self::new();
        wire.tell(0, Input::Establish);
        assert!(wire.ends.iter().all(Link::is_up));
        wire.told = Default::default();
        wire.frames = Default::default();
        wire
    }

    fn tell(&mut self, end: usize, input: Input<'_>) {
        self.ends[end].handle(self.now, input);
        self.carry();
    }

    fn send(&mut self, end: usize, text: &str) {
        self.tell(end, Input::Send(text.as_bytes().to_vec()));
    }

    /// Hands frames across until nobody says anything.
    fn carry(&mut self) {
        loop {
            let mut quiet = true;
            for end in 0..2 {
                while let Some(output) = self.ends[end].poll() {
                    quiet = false;
                    let Output::Frame(frame) = output else {
                        self.told[end].push(said(&output));
                        continue;
                    };
                    self.frames[end].push(frame.clone());
                    if !self.cut {
                        self.ends[1 - end].handle(self.now, Input::Frame(&frame));
                    }
                }
            }
            if quiet {
                return;
            }
        }
    }

    /// Lets time pass.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.ends.iter().filter_map(Link::deadline).map(|(at, _)| at).min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.ends.iter_mut().for_each(|link| link.tick(at));
            self.carry();
        }
        self.now = end;
    }

    fn kinds(&self, end: usize) -> Vec<String> {
        let side = [Side::User, Side::Network][end];
        let kind = |bytes: &Vec<u8>| match Frame::read(bytes, side).unwrap().kind {
            Kind::I { ns, .. } => format!("I {ns}"),
            other => format!("{other:?}"),
        };
        self.frames[end].iter().map(kind).collect()
    }

    /// A frame of the network end that nobody there sent.
    fn forge(&mut self, frame: Frame<'_>) {
        self.tell(0, Input::Frame(&frame.write(Side::Network)));
    }
}

#[test]
fn a_link_is_set_up_by_one_end_carries_messages_both_ways_and_is_released() {
    let mut wire = Wire::new();
    wire.tell(0, Input::Establish);
    assert_eq!(wire.told, [["established"], ["established"]]);
    wire.send(0, "setup");
    wire.send(1, "proceeding");
    assert_eq!(wire.told[1][1..], ["setup"]);
    assert_eq!(wire.told[0][1..], ["proceeding"]);
    assert_eq!(wire.kinds(0), ["SABME", "I 0", "RR 1"]);
    assert_eq!(wire.kinds(1), ["UA", "RR 1", "I 0"]);
    wire.tell(1, Input::Release);
    assert_eq!(
        (wire.told[0].last().unwrap(), wire.told[1].last().unwrap()),
        (&"released".into(), &"released".into())
    );
    assert_eq!(wire.ends.each_ref().map(Link::deadline), [None, None]);
}

#[test]
fn q921_5_5_1_3_a_far_side_that_does_not_answer_is_asked_n200_times_more_each_t200() {
    let mut wire = Wire::new();
    wire.cut = true;
    wire.tell(0, Input::Establish);
    wire.send(0, "waits");
    wire.pass(Duration::from_millis(3999));
    assert_eq!(wire.kinds(0), ["SABME"; 4]);
    assert_eq!(wire.told[0], [""; 0]);
    wire.pass(Duration::from_millis(1));
    assert_eq!((wire.kinds(0).len(), wire.told[0].clone()), (4, vec!["released".to_owned()]));
    wire.cut = false;
    wire.tell(0, Input::Establish);
    assert_eq!(wire.told[1], ["established"], "and what waited is gone");
}

#[test]
fn q921_5_6_at_most_k_messages_are_out_and_the_rest_goes_as_they_are_acknowledged() {
    let mut wire = Wire::up();
    wire.cut = true;
    for n in 0..20 {
        wire.send(0, &n.to_string());
    }
    assert_eq!(wire.kinds(0).len(), 7);
    wire.cut = false;
    wire.pass(Duration::from_secs(1));
    let all: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(wire.told[1], all, "each once, in order, after an enquiry");
    assert_eq!(wire.ends[0].counters().resent, 1);
}

#[test]
fn q921_5_8_1_a_gap_is_rejected_once_and_filled() {
    let mut wire = Wire::up();
    wire.cut = true;
    wire.send(0, "lost");
    wire.cut = false;
    wire.send(0, "one");
    assert_eq!(wire.kinds(1), ["REJ 0", "RR 1", "RR 2"]);
    assert_eq!(wire.told[1], ["lost", "one"]);
    assert_eq!(wire.ends[1].counters().out_of_order, 1);
}

#[test]
fn q921_5_8_4_a_number_that_acknowledges_what_was_never_sent_sets_the_link_up_anew() {
    let mut wire = Wire::up();
    wire.forge(Frame::response(Kind::Rr { nr: 5 }, false));
    assert_eq!(wire.kinds(0), ["SABME"]);
    assert_eq!(wire.told, [[""; 0]; 2], "nothing was lost");
    wire.cut = true;
    wire.send(0, "lost");
    wire.cut = false;
    wire.forge(Frame::response(Kind::Rr { nr: 5 }, false));
    assert_eq!(wire.told[0], ["established"], "a message was");
    assert_eq!(wire.ends[0].counters().reset, 2);
}

#[test]
fn q921_5_10_a_silent_link_is_asked_after_t203_and_a_dead_one_is_given_up() {
    let mut wire = Wire::up();
    wire.pass(Duration::from_secs(10));
    assert_eq!(wire.kinds(0), ["RR 0", "RR 0"], "asks, and answers");
    wire.frames = Default::default();
    wire.cut = true;
    wire.pass(Duration::from_secs(10 + 4));
    assert_eq!(wire.kinds(0), ["RR 0", "RR 0", "RR 0", "RR 0", "SABME"]);
    wire.pass(Duration::from_secs(5));
    assert_eq!(wire.told[0], ["released"]);
}

#[test]
fn q921_5_8_6_a_far_side_that_refuses_frames_or_begins_anew_is_followed() {
    let mut wire = Wire::up();
    wire.forge(Frame::response(Kind::Frmr, false));
    assert_eq!(wire.kinds(0), ["SABME"]);
    wire.forge(Frame::command(Kind::Sabme, true));
    assert_eq!(wire.kinds(0)[1..], ["UA"]);
    assert!(wire.ends[0].is_up());
    wire.forge(Frame::response(Kind::Dm, false));
    assert_eq!(wire.kinds(0).last().unwrap(), "SABME", "it lost the link");
}

#[test]
fn q921_5_6_5_a_far_side_that_is_not_ready_is_asked_and_sent_nothing_until_it_is() {
    let mut wire = Wire::up();
    wire.forge(Frame::command(Kind::Rnr { nr: 0 }, false));
    wire.cut = true;
    wire.send(0, "later");
    assert_eq!(wire.kinds(0), [""; 0]);
    wire.pass(Duration::from_secs(1));
    assert_eq!(wire.kinds(0), ["RR 0"], "an enquiry");
    wire.cut = false;
    wire.forge(Frame::response(Kind::Rr { nr: 0 }, true));
    assert_eq!(wire.told[1], ["later"]);
}

#[test]
fn two_ends_that_begin_at_once_agree() {
    let mut wire = Wire::new();
    let now = wire.now;
    wire.ends.iter_mut().for_each(|link| link.handle(now, Input::Establish));
    wire.carry();
    assert!(wire.ends.iter().all(Link::is_up));
    assert_eq!(wire.told, [["established"], ["established"]]);
}

#[test]
fn an_end_that_asked_for_naught_stands_when_the_far_side_asks_and_never_resets_it() {
    for late_ms in (0..4000).step_by(50) {
        let mut wire = Wire::new();
        wire.cut = true;
        wire.tell(0, Input::Establish);
        wire.pass(Duration::from_millis(late_ms));
        wire.cut = false;
        wire.tell(1, Input::Establish);
        wire.send(1, "its first");
        wire.pass(Duration::from_secs(5));
        assert_eq!(wire.told[1], ["established"], "{late_ms} ms");
        assert_eq!(wire.told[0], ["established", "its first"], "{late_ms} ms");
        let kinds = wire.kinds(0);
        let asked = kinds.iter().rposition(|kind| kind == "SABME");
        assert!(asked < kinds.iter().position(|kind| kind == "UA"), "{late_ms} ms: {kinds:?}");
    }
}

#[test]
fn a_link_that_is_being_asked_for_is_asked_for_anew_at_once_and_n200_times_more() {
    let mut wire = Wire::new();
    wire.cut = true;
    wire.tell(0, Input::Establish);
    wire.pass(Duration::from_millis(3500));
    assert_eq!(wire.kinds(0), ["SABME"; 4]);
    wire.tell(0, Input::Establish);
    assert_eq!(wire.kinds(0), ["SABME"; 5]);
    wire.pass(Duration::from_millis(3999));
    assert_eq!((wire.kinds(0), wire.told[0].len()), (vec!["SABME".to_owned(); 8], 0));
    wire.cut = false;
    wire.tell(0, Input::Establish);
    assert_eq!(wire.told, [["established"], ["established"]]);
    wire.frames = Default::default();
    wire.tell(0, Input::Establish);
    assert_eq!(wire.kinds(0), [""; 0], "one that stands is left alone");
}

#[test]
fn messages_beyond_the_most_or_without_a_link_are_counted_and_dropped() {
    let mut wire = Wire::new();
    wire.send(0, "nobody is there");
    wire.cut = true;
    wire.tell(0, Input::Establish);
    for _ in 0..=QUEUE_MAX {
        wire.send(0, "waits");
    }
    wire.tell(0, Input::Send(vec![0; N201 + 1]));
    assert_eq!(wire.ends[0].counters().dropped, 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn over_a_wire_that_loses_and_doubles_messages_come_in_order_and_once_or_both_are_told(
        fates in proptest::collection::vec((0_u8..10, any::<bool>()), 50..300)
    ) {
        let mut wire = Wire::up();
        let mut sent = [0; 2];
        for (fate, end) in fates {
            let end = usize::from(end);
            wire.cut = fate < 2;
            wire.send(end, &sent[end].to_string());
            sent[end] += 1;
            if fate == 9 && let Some(frame) = wire.frames[1 - end].last().cloned() {
                wire.tell(end, Input::Frame(&frame));
            }
            wire.pass(Duration::from_millis(u64::from(fate) * 20));
        }
        wire.cut = false;
        wire.pass(Duration::from_secs(60));
        prop_assert!(wire.ends.iter().all(Link::is_up));
        for (end, count) in sent.into_iter().enumerate() {
            let told = &wire.told[1 - end];
            let numbers: Vec<u64> = told.iter().filter_map(|text| text.parse().ok()).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{told:?}");
            let anew = wire.told.iter().flatten().any(|text| text == "established");
            prop_assert!(anew || numbers.len() == count, "{} of {count}", numbers.len());
        }
    }

    #[test]
    fn no_frame_panics_and_a_link_always_comes_back(
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..200)
    ) {
        let mut wire = Wire::up();
        wire.cut = true;
        for mut frame in frames {
            if let [sapi, tei, ..] = frame.as_mut_slice() {
                (*sapi, *tei) = (*sapi & 2, 1);
            }
            wire.tell(0, Input::Frame(&frame));
            wire.pass(Duration::from_millis(200));
        }
        wire.cut = false;
        wire.pass(Duration::from_secs(30));
        wire.tell(0, Input::Establish);
        wire.pass(Duration::from_secs(30));
        prop_assert!(wire.ends[0].is_up());
    }
}
