//! A simulated network behind a primary rate line, with people who call and are called: what a demo and
//! the stories have in place of a carrier.
//!
//! ```text
//!   Spans (exchange thread) --frames--> line --> q931::Span of the far side --> calls --> people
//!                           <--frames--      <--                            <--        <--
//!   media thread: blocks of 30 channels <--> line <---------------- sound of each call -'
//! ```
//!
//! It goes on with the card's ticks. Beside sound it makes messages, for which memory is taken in the
//! media thread: a real card does no such thing.

use super::{Frames, SpanTrunk};
use board::sim::{Call, Ends as Meets, Next, Outcome, People, SimCard, SimSpan, Trouble};
use board::{BLOCK, Card, CardError};
use crossbeam_channel::{Receiver, Sender, bounded};
use line::q921::Side;
use line::q931::{CallNo, Config, Dialled, Output, Span};
use model::port::{PortEvent, PortOrder};
use model::site::SpanLine;
use model::{Cause, Instant, Law, LegEvent, Number, PersonName, TrunkId, Via};
use std::collections::BTreeMap;
use std::thread::Thread;

/// Frames that may wait between the threads, each way; more are lost.
const FRAMES_MAX: usize = 64;
/// The box's end of the line, and the network's.
const BOX: usize = 0;
const FAR: usize = 1;

/// Where the exchange thread leaves frames and takes them.
pub struct Ends {
    pub to_network: Sender<Vec<u8>>,
    pub from_network: Receiver<Vec<u8>>,
}

impl Frames for Sender<Vec<u8>> {
    fn send(&self, frame: &[u8]) -> std::io::Result<bool> {
        Ok(self.try_send(frame.to_vec()).is_ok())
    }
}

/// The far side of a line.
pub struct Network {
    line: SimSpan,
    span: Span,
    people: People,
    calls: BTreeMap<CallNo, Held>,
    /// The channel of each call.
    slots: BTreeMap<CallNo, u8>,
    up: bool,
    /// Ticks until a plug that was drawn is put in again.
    drawn: Option<u64>,
    /// Channels that were not read yet in this tick, by their slots from 1.
    unread: [bool; SpanLine::CHANNELS as usize],
    from_box: Receiver<Vec<u8>>,
    to_box: Sender<Vec<u8>>,
    exchange: Thread,
}

/// A call of somebody behind the line.
struct Held {
    call: Call,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// They call the box, which has not answered.
    Calls,
    /// The box calls, and it rings so often; without end where nobody answers.
    Rings(Option<u64>),
    Talks,
}

impl Network {
    /// The network at the other end of a trunk's line, and the ends for the exchange thread, which is
    /// woken by frames.
    pub fn new(
        now: Instant,
        seed: u64,
        of: &SpanTrunk,
        people: People,
        exchange: Thread,
    ) -> (Self, Ends) {
        let side = if of.line.network { Side::User } else { Side::Network };
        let via = Via::Trunk(TrunkId::new("network"));
        let (to_network, from_box) = bounded(FRAMES_MAX);
        let (to_box, from_network) = bounded(FRAMES_MAX);
        let network = Self {
            line: SimSpan::new(seed),
            span: Span::new(now, Config::new(via, side)),
            people,
            calls: BTreeMap::new(),
            slots: BTreeMap::new(),
            up: false,
            drawn: None,
            unread: [false; SpanLine::CHANNELS as usize],
            from_box,
            to_box,
            exchange,
        };
        (network, Ends { to_network, from_network })
    }

    /// Goes on 20 ms.
    fn tick(&mut self, now: Instant) {
        self.line.tick();
        self.people.tick();
        self.unread.fill(true);
        if let Some(ticks) = self.drawn.take() {
            match ticks.checked_sub(1) {
                Some(left) => self.drawn = Some(left),
                None => self.line.befall(None),
            }
        }
        while let Ok(frame) = self.from_box.try_recv() {
            self.line.send(BOX, &frame);
        }
        while let Some(PortEvent::Alarm { alarm, raised }) = self.line.event(FAR) {
            self.span.alarm(now, alarm, raised);
        }
        while let Some(frame) = self.line.frame(FAR) {
            self.span.frame(now, &frame);
        }
        self.span.tick(now);
        self.settle(now);
        self.call(now);
        self.go_on(now);
        self.settle(now);
        let mut said = false;
        while let Some(frame) = self.line.frame(BOX) {
            // Without room it is lost, as on a bad line.
            said |= self.to_box.try_send(frame).is_ok();
        }
        if said {
            self.exchange.unpark();
        }
    }

    /// Carries out what the signalling says.
    fn settle(&mut self, now: Instant) {
        while let Some(output) = self.span.poll() {
            match output {
                Output::Frame(frame) => self.line.send(FAR, &frame),
                Output::Sound { slot, call: Some(call) } => {
                    self.slots.insert(call, slot);
                }
                Output::Link { up } => self.up = up,
                Output::Leg { call, event: LegEvent::Arrived { dialled, .. } } => {
                    self.arrived(now, call, &dialled);
                }
                Output::Leg { call, event: LegEvent::Answered } => self.stands(call),
                Output::Leg { call, event: LegEvent::Gone(_) } => {
                    let drawn = self.drawn.is_some();
                    let why = if drawn { Outcome::Unplugged } else { Outcome::BoxHungUp };
                    self.over(call, why);
                }
                Output::Sound { call: None, .. }
                | Output::Leg { .. }
                | Output::Restarted { .. } => {}
            }
        }
    }

    /// The box calls somebody.
    fn arrived(&mut self, now: Instant, no: CallNo, dialled: &str) {
        let (call, meets) = match self.people.called(dialled) {
            Some((call, meets)) => (Some(call), meets),
            None => (None, Meets::Congestion),
        };
        let rings = match meets {
            Meets::Answered { rings } => Some(rings),
            Meets::Unanswered => None,
            Meets::Busy => return self.refuse(now, no, Cause::Busy),
            Meets::Congestion => return self.refuse(now, no, Cause::Congestion),
            Meets::Special => return self.refuse(now, no, Cause::NotFound),
        };
        if let Some(call) = call {
            self.calls.insert(no, Held { call, stage: Stage::Rings(rings) });
        }
    }

    fn refuse(&mut self, now: Instant, no: CallNo, cause: Cause) {
        self.span.hang_up(now, no, cause);
    }

    /// Lets those call who are due, where they can.
    fn call(&mut self, now: Instant) {
        while self.up
            && let Some(call) = self.people.calls()
        {
            let (number, name) = self.people.identity(&call);
            let dialled = Dialled {
                number: Number::new(self.people.dials(&call)),
                caller: Number::new(number),
                name: PersonName::new(name),
                complete: true,
            };
            match self.span.dial(now, &dialled) {
                Ok(no) => drop(self.calls.insert(no, Held { call, stage: Stage::Calls })),
                Err(_) => self.people.end(&call, 0, Outcome::GaveUp),
            }
        }
    }

    /// The call was answered, by either side.
    fn stands(&mut self, no: CallNo) {
        if let Some(held) = self.calls.get_mut(&no) {
            held.stage = Stage::Talks;
            self.people.begin(&mut held.call);
        }
    }

    /// 20 ms of every call.
    fn go_on(&mut self, now: Instant) {
        let (mut answered, mut ended) = (Vec::new(), Vec::new());
        for (no, held) in &mut self.calls {
            match held.stage {
                Stage::Calls if self.people.gives_up(&held.call) => {
                    ended.push((*no, Outcome::GaveUp));
                }
                Stage::Rings(Some(rings)) if self.people.has_rung(&held.call, rings) => {
                    answered.push(*no);
                }
                Stage::Calls | Stage::Rings(_) => {}
                Stage::Talks => {
                    let Some(slot) = self.slots.get(no) else { continue };
                    let Some(heard) = self.line.read(FAR, *slot) else { continue };
                    let mut said = [Law::A.silence(); BLOCK];
                    match self.people.talk(&mut held.call, &heard, &mut said) {
                        Next::Stay => {}
                        Next::HangUp(why) => ended.push((*no, why)),
                        // The plug is the whole line's.
                        Next::Unplug { ticks } => {
                            self.line.befall(Some(Trouble::Cut));
                            self.drawn = Some(ticks);
                        }
                    }
                    self.line.write(FAR, *slot, &said);
                }
            }
        }
        for no in answered {
            self.span.answer(now, no);
        }
        for (no, why) in ended {
            self.over(no, why);
            self.span.hang_up(now, no, Cause::Normal);
        }
    }

    fn over(&mut self, no: CallNo, why: Outcome) {
        let slot = self.slots.remove(&no).unwrap_or(0);
        if let Some(held) = self.calls.remove(&no) {
            self.people.end(&held.call, slot, why);
        }
    }

    /// What the box hears on a channel, once a tick.
    fn read(&mut self, slot: u8, block: &mut [u8; BLOCK]) -> bool {
        let unread = self.unread.get_mut(usize::from(slot).saturating_sub(1));
        if !unread.is_some_and(std::mem::take) {
            return false;
        }
        let said = self.line.read(BOX, slot);
        *block = said.unwrap_or(*block);
        said.is_some()
    }
}

/// A simulated card: analogue ports, and behind them the channels of primary rate lines, 30 each.
pub struct WithSpans {
    card: SimCard,
    networks: Vec<Network>,
}

impl WithSpans {
    pub fn new(card: SimCard, networks: Vec<Network>) -> Self {
        Self { card, networks }
    }

    /// The line of a port behind the analogue ones, and the slot of its channel.
    fn channel(&mut self, port: usize) -> Option<(&mut Network, u8)> {
        let behind = port.checked_sub(self.card.ports())?;
        let bearers = usize::from(SpanLine::BEARERS);
        let slot = SpanLine::slots().nth(behind % bearers)?;
        Some((self.networks.get_mut(behind / bearers)?, slot))
    }
}

impl Card for WithSpans {
    fn ports(&self) -> usize {
        self.card.ports() + self.networks.len() * usize::from(SpanLine::BEARERS)
    }

    fn law(&self) -> Law {
        self.card.law()
    }

    fn tick(&mut self, now: Instant) {
        self.card.tick(now);
        self.networks.iter_mut().for_each(|network| network.tick(now));
    }

    fn event(&mut self) -> Option<(usize, PortEvent)> {
        if let Some(event) = self.card.event() {
            return Some(event);
        }
        // A line's alarm is told of its first channel.
        let firsts = (self.card.ports()..).step_by(usize::from(SpanLine::BEARERS));
        let mut networks = firsts.zip(&mut self.networks);
        networks.find_map(|(first, network)| Some((first, network.line.event(BOX)?)))
    }

    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
        match self.channel(port) {
            Some((network, slot)) => Ok(network.read(slot, block)),
            None => self.card.read(port, block),
        }
    }

    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError> {
        match self.channel(port) {
            Some((network, slot)) => network.line.write(BOX, slot, block),
            None => self.card.write(port, block)?,
        }
        Ok(())
    }

    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError> {
        match self.channel(port) {
            // Nothing is to be done for a channel: its calls are told on the D channel.
            Some(_) => Ok(()),
            None => self.card.order(port, order),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test that cannot go on fails.

    use super::*;
    use crate::spans::Spans;
    use board::sim::{Callers, Heard, Story};
    use model::LegId;
    use model::port::Alarm;
    use model::site::Tones;
    use std::f64::consts::TAU;

    const TRUNK: &str = "e1";

    /// A box that answers every call and says 1500 Hz, and people behind one line.
    struct Room {
        spans: Spans,
        card: WithSpans,
        now: Instant,
        legs: u64,
        /// The port of each call that is there.
        talks: BTreeMap<CallNo, u16>,
        told: Vec<LegEvent>,
        alarms: Vec<Alarm>,
        /// Loud blocks that came by any channel.
        loud: u32,
    }

    impl Room {
        fn new(script: &str, line: SpanLine) -> Self {
            let callers = Callers::parse(script, |_| Err("no sounds".into())).unwrap();
            callers.check_spans(1).unwrap();
            let now = Instant::START;
            let kinds = [model::port::PortKind::Fxo; 2];
            let span = SpanTrunk::new(now, TrunkId::new(TRUNK), line, 2);
            let people = People::new(7, 0, &callers, &Tones::default());
            let (network, ends) = Network::new(now, 7, &span, people, std::thread::current());
            let card = SimCard::new(7, &kinds, callers).unwrap();
            Self {
                spans: Spans { lines: vec![span.simulated(ends)], ..Spans::default() },
                card: WithSpans::new(card, vec![network]),
                now,
                legs: 0,
                talks: BTreeMap::new(),
                told: vec![],
                alarms: vec![],
                loud: 0,
            }
        }

        fn run_s(&mut self, seconds: u64) {
            (0..seconds * 50).for_each(|_| self.tick());
        }

        fn tick(&mut self) {
            self.now = self.now + std::time::Duration::from_millis(20);
            self.card.tick(self.now);
            while let Some((port, event)) = self.card.event() {
                let PortEvent::Alarm { alarm, raised } = event else { panic!("{event:?}") };
                assert_eq!(self.spans.of_port(port as u16), Some((0, true)));
                self.spans.alarm(self.now, 0, alarm, raised);
                self.alarms.retain(|stands| *stands != alarm);
                self.alarms.extend(raised.then_some(alarm));
            }
            self.spans.take_in(self.now);
            while let Some((no, output)) = self.spans.poll() {
                match output {
                    Output::Sound { slot, call: Some(call) } => self.spans.carry(no, call, slot),
                    Output::Leg { call, event } => self.leg(no, call, event),
                    _ => {}
                }
            }
            self.sound();
        }

        fn leg(&mut self, no: usize, call: CallNo, event: LegEvent) {
            match &event {
                LegEvent::Arrived { .. } => {
                    self.legs += 1;
                    self.spans.bind(no, call, LegId(self.legs));
                    assert!(self.spans.answer(self.now, LegId(self.legs)));
                }
                LegEvent::Answered => {
                    self.talks.insert(call, self.spans.port_of(no, call).unwrap());
                }
                LegEvent::Gone(_) => {
                    self.talks.remove(&call);
                    self.spans.forget(no, call);
                }
                _ => {}
            }
            self.told.push(event);
        }

        /// Each channel gives a block a tick, and takes one.
        fn sound(&mut self) {
            let mut block = [0; BLOCK];
            for port in 2..self.card.ports() {
                while self.card.read(port, &mut block).unwrap() {
                    let loud = block.iter().any(|byte| Law::A.sample(*byte).unsigned_abs() > 2000);
                    self.loud += u32::from(loud);
                }
            }
            let ms = self.now.since(Instant::START).as_millis() as f64;
            for port in self.talks.values() {
                for (n, byte) in block.iter_mut().enumerate() {
                    let turns = (ms * 8.0 + n as f64) * 1500.0 / 8000.0;
                    *byte = Law::A.byte(((turns * TAU).sin() * 8000.0) as i16);
                }
                self.card.write((*port).into(), &block).unwrap();
            }
        }

        fn dial(&mut self, number: &str) {
            self.legs += 1;
            let number = Number::new(number);
            let dialled = Dialled { number, complete: true, ..Dialled::default() };
            let leg = LegId(self.legs);
            assert!(self.spans.dial(self.now, leg, &TrunkId::new(TRUNK), &dialled));
        }

        fn stories(&self) -> Vec<Story> {
            self.card.networks[0].people.stories().copied().collect()
        }

        /// Nothing is left of any call on either side.
        fn is_quiet(&self) -> bool {
            let [network] = &self.card.networks[..] else { return false };
            network.calls.is_empty()
                && network.slots.is_empty()
                && network.span.calls() == 0
                && self.spans.calls.is_empty()
                && self.spans.lines[0].span.calls() == 0
        }
    }

    const TALK: &str = "\"tone 1004 1s\", \"wait-tone 1500 5s\"";

    fn comes(at_s: u32, steps: &str) -> String {
        format!("[[caller]]\nspan = 1\nat = \"{at_s}s\"\nsteps = [{steps}]\n")
    }

    fn called(number: &str, rest: &str) -> String {
        format!("[[caller]]\ncalled = \"{number}\"\n{rest}\n")
    }

    #[test]
    fn who_comes_by_the_line_is_told_by_number_name_and_what_was_dialled_hears_and_is_heard() {
        let who = "number = \"13912345678\"\nname = \"Li Na\"\ndials = \"1001\"\n";
        let script = comes(3, TALK).replace("span = 1\n", &format!("span = 1\n{who}"));
        for network in [false, true] {
            let mut room = Room::new(&script, SpanLine { network, ..SpanLine::new(3) });
            room.run_s(10);
            let arrived = LegEvent::Arrived {
                via: Via::Trunk(TrunkId::new(TRUNK)),
                caller: Number::new("13912345678"),
                name: PersonName::new("Li Na"),
                dialled: "1001".into(),
                diverted: Number::default(),
            };
            let gone = LegEvent::Gone(Cause::Normal);
            assert_eq!(room.told, [arrived, LegEvent::Answered, gone]);
            let [story] = room.stories()[..] else { panic!("{:?}", room.stories()) };
            assert_eq!(story.outcome, Outcome::Finished);
            let Heard { tones, sound_ms, .. } = story.heard;
            assert!(tones == 1 && sound_ms > 1000, "{:?}", story.heard);
            assert!((48..=52).contains(&room.loud), "{} blocks of a second", room.loud);
            assert!(room.is_quiet());
        }
    }

    #[test]
    fn thirty_call_at_once_each_on_a_channel_of_its_own_and_the_next_finds_none() {
        let script = comes(3, "\"tone 1004 20s\"").repeat(31);
        let mut room = Room::new(&script, SpanLine::new(3));
        room.run_s(10);
        let mut ports: Vec<u16> = room.talks.values().copied().collect();
        ports.sort_unstable();
        assert_eq!(ports, (2..32).collect::<Vec<_>>());
        let gave_up = |story: &&Story| story.outcome == Outcome::GaveUp;
        assert_eq!(room.stories().iter().filter(gave_up).count(), 1);
        room.run_s(20);
        assert!(room.is_quiet());
        assert_eq!(room.stories().len(), 31);
    }

    #[test]
    fn whom_the_box_calls_rings_and_answers_or_is_busy_or_nobody() {
        let script = [
            called("10086", &format!("rings = 1\nsteps = [{TALK}, \"wait 60s\"]")),
            called("10010", "meets = \"busy\"\nsteps = []"),
            called("10000", "meets = \"special\"\nsteps = []"),
            called("12306", "meets = \"nobody\"\nsteps = []"),
        ];
        let mut room = Room::new(&script.concat(), SpanLine::new(3));
        room.run_s(3);
        room.dial("10086");
        room.run_s(15);
        assert_eq!(room.told, [LegEvent::Ringing, LegEvent::Answered]);
        assert!(room.spans.hang_up(room.now, LegId(1), Cause::Normal));
        room.run_s(1);
        let [story] = room.stories()[..] else { panic!("{:?}", room.stories()) };
        assert_eq!((story.outcome, story.heard.tones), (Outcome::BoxHungUp, 1));
        for (number, cause) in
            [("10010", Cause::Busy), ("10000", Cause::NotFound), ("999", Cause::Congestion)]
        {
            room.dial(number);
            room.run_s(1);
            assert_eq!(room.told.last(), Some(&LegEvent::Gone(cause)), "{number}");
        }
        room.dial("12306");
        room.run_s(30);
        assert_eq!(room.told.last(), Some(&LegEvent::Ringing));
        assert!(room.spans.hang_up(room.now, LegId(room.legs), Cause::Cancelled));
        room.run_s(1);
        assert!(room.is_quiet());
    }

    #[test]
    fn a_plug_that_is_drawn_ends_every_call_raises_the_alarm_and_the_line_comes_back() {
        let script = [
            comes(3, "\"tone 1004 60s\""),
            comes(3, "\"tone 1004 2s\", \"unplug 5s\""),
            comes(20, TALK),
        ];
        let mut room = Room::new(&script.concat(), SpanLine::new(3));
        room.run_s(8);
        assert_eq!(room.alarms, [Alarm::Red]);
        let outcomes = |room: &Room| -> Vec<Outcome> {
            room.stories().iter().map(|story| story.outcome).collect()
        };
        assert_eq!(outcomes(&room), [Outcome::Unplugged, Outcome::Unplugged]);
        assert!(room.is_quiet());
        room.run_s(25);
        assert!(room.alarms.is_empty() && room.is_quiet());
        assert_eq!(outcomes(&room).last(), Some(&Outcome::Finished));
    }
}
