//! A primary rate line in virtual time: what befalls it, and what becomes of its calls.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use board::BLOCK;
use board::sim::{SimSpan, Trouble};
use line::q921::Side;
use line::q931::{CallNo, Config, Dialled, Output, Span};
use model::port::{Alarm, PortEvent};
use model::{Cause, Instant, LegEvent, Number, TrunkId, Via};
use std::collections::BTreeMap;
use std::time::Duration;

/// Two sides, 0 the user's and 1 the network's, that answer every call.
struct Room {
    line: SimSpan,
    sides: [Span; 2],
    /// The channels that carry calls.
    sound: [BTreeMap<u8, CallNo>; 2],
    up: [bool; 2],
    alarms: [Vec<Alarm>; 2],
    gone: [Vec<Cause>; 2],
    answered: usize,
    /// Blocks of calls that were heard, and that were not.
    heard: [u64; 2],
    lost: [u64; 2],
    ms: u64,
}

/// What a side says on a channel.
fn voice(side: usize, slot: u8) -> [u8; BLOCK] {
    [slot + 64 * side as u8; BLOCK]
}

impl Room {
    fn new(t309_s: u64) -> Self {
        let side = |side| {
            let config = Config::new(Via::Trunk(TrunkId::new("e1")), side);
            Span::new(Instant::START, Config { t309: Duration::from_secs(t309_s), ..config })
        };
        let mut room = Self {
            line: SimSpan::new(3),
            sides: [side(Side::User), side(Side::Network)],
            sound: Default::default(),
            up: [false; 2],
            alarms: Default::default(),
            gone: Default::default(),
            answered: 0,
            heard: [0; 2],
            lost: [0; 2],
            ms: 0,
        };
        room.run_s(5);
        assert_eq!(room.up, [true, true]);
        room
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.ms)
    }

    fn run_s(&mut self, seconds: u64) {
        for _ in 0..seconds * 50 {
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.ms += 20;
        self.line.tick();
        let now = self.now();
        for side in 0..2 {
            while let Some(PortEvent::Alarm { alarm, raised }) = self.line.event(side) {
                match raised {
                    true => self.alarms[side].push(alarm),
                    false => self.alarms[side].retain(|stands| *stands != alarm),
                }
                self.sides[side].alarm(now, alarm, raised);
            }
            while let Some(frame) = self.line.frame(side) {
                self.sides[side].frame(now, &frame);
            }
            self.sides[side].tick(now);
            self.settle(side);
        }
        self.talk();
    }

    fn settle(&mut self, side: usize) {
        while let Some(output) = self.sides[side].poll() {
            match output {
                Output::Frame(frame) => self.line.send(side, &frame),
                Output::Sound { slot, call: Some(call) } => {
                    self.sound[side].insert(slot, call);
                }
                Output::Sound { slot, call: None } => {
                    self.sound[side].remove(&slot);
                }
                Output::Link { up } => self.up[side] = up,
                Output::Leg { call, event: LegEvent::Arrived { .. } } => {
                    let now = self.now();
                    self.sides[side].answer(now, call);
                }
                Output::Leg { event: LegEvent::Answered, .. } => self.answered += 1,
                Output::Leg { event: LegEvent::Gone(cause), .. } => self.gone[side].push(cause),
                Output::Leg { .. } | Output::Restarted { .. } => {}
            }
        }
    }

    /// Each side says something on the channel of each of its calls, and hears the other.
    fn talk(&mut self) {
        for side in 0..2 {
            let slots: Vec<u8> = self.sound[side].keys().copied().collect();
            for slot in slots {
                if let Some(block) = self.line.read(side, slot) {
                    let told = if block == voice(1 - side, slot) {
                        &mut self.heard
                    } else {
                        &mut self.lost
                    };
                    told[side] += 1;
                }
                self.line.write(side, slot, &voice(side, slot));
            }
        }
    }

    /// Makes calls, of both sides by turns.
    fn calls(&mut self, calls: usize) {
        let number = Number::new("95000");
        let dialled = Dialled { number, complete: true, ..Dialled::default() };
        let before = self.answered;
        for no in 0..calls {
            let now = self.now();
            self.sides[no % 2].dial(now, &dialled).unwrap();
            self.settle(no % 2);
            self.tick();
        }
        self.run_s(3);
        assert_eq!(self.answered - before, 2 * calls, "both sides are told of each answer");
    }

    fn live(&self) -> [usize; 2] {
        self.sides.each_ref().map(Span::calls)
    }

    fn forget(&mut self) {
        (self.heard, self.lost) = ([0; 2], [0; 2]);
        self.gone = Default::default();
    }
}

#[test]
fn calls_that_talk_outlive_a_lost_data_link_within_t309_and_are_heard_meanwhile() {
    let mut room = Room::new(90);
    room.calls(10);
    room.forget();
    room.line.befall(Some(Trouble::NoData));
    room.run_s(60);
    assert_eq!((room.up, room.live()), ([false, false], [10, 10]));
    assert!(room.heard.iter().all(|heard| *heard == 10 * 60 * 50), "{:?}", room.heard);
    room.line.befall(None);
    room.run_s(10);
    assert_eq!((room.up, room.live()), ([true, true], [10, 10]));
    assert_eq!(room.lost, [0, 0]);
    room.calls(20);
    assert_eq!((room.live(), room.gone.concat()), ([30, 30], vec![]));
}

#[test]
fn a_link_that_stays_away_for_longer_than_the_sites_t309_costs_every_call_and_no_channel() {
    let mut room = Room::new(30);
    room.calls(10);
    room.forget();
    room.line.befall(Some(Trouble::NoData));
    room.run_s(20);
    assert_eq!(room.live(), [10, 10]);
    room.run_s(30);
    assert_eq!(room.live(), [0, 0]);
    assert_eq!(room.gone.each_ref().map(Vec::len), [10, 10]);
    room.line.befall(None);
    room.run_s(10);
    room.calls(30);
    assert_eq!(room.live(), [30, 30]);
}

/// What each trouble is told as, by side; the side without a signal ends its calls at once, and the other
/// has ended them too when all is well again: nobody talks with nobody.
#[test]
fn whatever_befalls_a_line_ends_its_calls_on_both_sides_and_leaves_thirty_channels() {
    let troubles = [
        (Trouble::Cut, [Alarm::Red, Alarm::Red]),
        (Trouble::Deaf(0), [Alarm::Red, Alarm::Yellow]),
        (Trouble::Deaf(1), [Alarm::Yellow, Alarm::Red]),
        (Trouble::LossOfFrame(0), [Alarm::LossOfFrame, Alarm::Yellow]),
        (Trouble::LossOfFrame(1), [Alarm::Yellow, Alarm::LossOfFrame]),
        (Trouble::Ones(0), [Alarm::Blue, Alarm::Yellow]),
        (Trouble::Ones(1), [Alarm::Yellow, Alarm::Blue]),
        (Trouble::Drawn(0), [Alarm::CardGone, Alarm::Red]),
        (Trouble::Drawn(1), [Alarm::Red, Alarm::CardGone]),
    ];
    for (trouble, alarms) in troubles {
        let mut room = Room::new(90);
        room.calls(30);
        assert!(room.heard.iter().all(|heard| *heard > 30 * 100), "{trouble:?}");
        room.forget();
        room.line.befall(Some(trouble));
        room.run_s(1);
        assert_eq!(room.alarms, alarms.map(|alarm| vec![alarm]), "{trouble:?}");
        for (gone, alarm) in room.gone.iter().zip(alarms) {
            let told_of_the_far = alarm == Alarm::Yellow;
            assert_eq!(gone.len() == 30, !told_of_the_far, "{trouble:?}");
        }
        room.run_s(19);
        assert!(!room.up[0] && !room.up[1], "{trouble:?}");
        room.line.befall(None);
        room.run_s(15);
        assert_eq!(room.live(), [0, 0], "{trouble:?}");
        assert_eq!(room.gone.each_ref().map(Vec::len), [30, 30], "{trouble:?}");
        assert!(room.up[0] && room.up[1] && room.alarms.concat().is_empty(), "{trouble:?}");
        room.forget();
        room.calls(30);
        assert_eq!(room.live(), [30, 30], "{trouble:?}");
        assert!(room.heard.iter().all(|heard| *heard > 30 * 100), "{trouble:?}");
    }
}

#[test]
fn a_line_that_loses_one_frame_of_ten_carries_its_calls_all_the_same() {
    let mut room = Room::new(90);
    room.line.befall(Some(Trouble::Noise(100)));
    for round in 0..5 {
        let before = room.answered;
        let number = Number::new("95000");
        let dialled = Dialled { number, complete: true, ..Dialled::default() };
        for no in 0..20 {
            let now = room.now();
            room.sides[no % 2].dial(now, &dialled).unwrap();
            room.settle(no % 2);
            room.run_s(1);
        }
        room.run_s(10);
        assert_eq!(room.answered - before, 40, "round {round}");
        let calls: Vec<CallNo> = room.sound[0].values().copied().collect();
        for call in calls {
            let now = room.now();
            room.sides[0].hang_up(now, call, Cause::Normal);
            room.settle(0);
        }
        room.run_s(30);
        assert_eq!(room.live(), [0, 0], "round {round}");
    }
    assert!(room.line.frames_lost() > 20, "{}", room.line.frames_lost());
    assert_eq!(room.gone.each_ref().map(Vec::len), [100, 100]);
}
