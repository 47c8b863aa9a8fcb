//! Trunks that are primary rate lines: their signalling, and which leg is which call on which channel.
//!
//! ```text
//!   D channel --frames--> span thread (`data`) --[bounded]--> Spans (exchange thread) --> outputs
//!             <------------------------------ frames written ---'  q931::Span a line
//!   B channels: ports of the card behind the analogue ones, 30 a span (media thread)
//! ```
//!
//! The exchange thread owns the state; a thread a span does nothing but wait for frames. A frame that
//! finds no room on its way is lost, as on a bad line: layer 2 sends it again. A simulated span has no
//! thread: its far side (`network`) is a part of the simulated card, and frames go there and come from
//! there by queues.

mod data;
mod network;

pub use network::{Network, WithSpans};

use board::dahdi::DataChannel;
use crossbeam_channel::{Receiver, bounded};
use data::Said;
use line::q921::Side;
use line::q931::{CallNo, Config, Dialled, Output, Span};
use model::port::Alarm;
use model::site::SpanLine;
use model::{Cause, Instant, LegId, TrunkId, Via};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::Thread;
use std::time::Duration;

/// Frames that may wait for the exchange thread, of all spans.
const FRAMES_WAITING_MAX: usize = 1024;

/// Where a line's frames go: its D channel, or a test.
pub trait Frames: Send + Sync {
    /// Sends a frame; false where there was no room for it.
    fn send(&self, frame: &[u8]) -> std::io::Result<bool>;
}

impl Frames for DataChannel {
    fn send(&self, frame: &[u8]) -> std::io::Result<bool> {
        self.write(frame)
    }
}

/// A primary rate line.
pub struct SpanTrunk {
    pub trunk: TrunkId,
    pub line: SpanLine,
    /// The card's port of its first channel.
    pub first_port: u16,
    span: Span,
    data: Option<Arc<dyn Frames>>,
    /// What comes of a simulated far side.
    simulated: Option<Receiver<Vec<u8>>>,
    legs: BTreeMap<CallNo, LegId>,
    /// The channel that carries a call's sound.
    slots: BTreeMap<CallNo, u8>,
}

impl SpanTrunk {
    pub fn new(now: Instant, trunk: TrunkId, line: SpanLine, first_port: u16) -> Self {
        let side = if line.network { Side::Network } else { Side::User };
        let config = Config::new(Via::Trunk(trunk.clone()), side);
        let t309 = Duration::from_secs(line.t309_s.into());
        let config = Config { overlap_digits: line.overlap_digits, t309, ..config };
        Self {
            trunk,
            line,
            first_port,
            span: Span::new(now, config),
            data: None,
            simulated: None,
            legs: BTreeMap::new(),
            slots: BTreeMap::new(),
        }
    }

    /// Plugs the line into a simulated network.
    pub fn simulated(mut self, ends: network::Ends) -> Self {
        self.data = Some(Arc::new(ends.to_network));
        self.simulated = Some(ends.from_network);
        self
    }

    /// The card's port of a slot.
    fn port(&self, slot: u8) -> u16 {
        let before = if slot > SpanLine::DATA_SLOT { 2 } else { 1 };
        self.first_port + u16::from(slot).saturating_sub(before)
    }
}

/// All of them.
#[derive(Default)]
pub struct Spans {
    lines: Vec<SpanTrunk>,
    /// The line and call of each leg.
    calls: BTreeMap<LegId, (usize, CallNo)>,
    said: Option<Receiver<(usize, Said)>>,
    /// Frames that the driver did not take.
    pub frames_lost: u64,
}

impl Spans {
    /// Starts a thread for each span of a real card, which opens its D channel and waits for frames.
    pub fn start(
        lines: Vec<SpanTrunk>,
        dahdi: &Path,
        exchange: &Thread,
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let (say, said) = bounded(FRAMES_WAITING_MAX);
        let real = |(_, line): &(usize, &SpanTrunk)| line.simulated.is_none();
        for (no, line) in lines.iter().enumerate().filter(real) {
            let wait = data::Wait {
                no,
                trunk: line.trunk.clone(),
                channel: line.line.channel(SpanLine::DATA_SLOT),
                kernel: board::dahdi::Kernel::new(dahdi),
                say: say.clone(),
                exchange: exchange.clone(),
                stop: stop.clone(),
            };
            wait.start()?;
        }
        Ok(Self { lines, said: Some(said), ..Self::default() })
    }

    /// Takes what came on the D channels, and does what is due.
    pub fn take_in(&mut self, now: Instant) {
        while let Some((no, said)) = self.said.as_ref().and_then(|said| said.try_recv().ok()) {
            let Some(line) = self.lines.get_mut(no) else { continue };
            match said {
                Said::Open(data) => {
                    line.data = Some(data);
                    line.span.opened(now);
                }
                Said::Frame(frame) => line.span.frame(now, &frame),
                Said::Gone => line.data = None,
            }
        }
        for line in &mut self.lines {
            while let Some(frame) = line.simulated.as_ref().and_then(|from| from.try_recv().ok()) {
                line.span.frame(now, &frame);
            }
            if line.span.deadline().is_some_and(|(at, _)| at <= now) {
                line.span.tick(now);
            }
        }
    }

    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.lines.iter().filter_map(|line| line.span.deadline()).min()
    }

    /// What a span says next that is not its own to do, and which one it is.
    pub fn poll(&mut self) -> Option<(usize, Output)> {
        for (no, line) in self.lines.iter_mut().enumerate() {
            while let Some(output) = line.span.poll() {
                let Output::Frame(frame) = output else { return Some((no, output)) };
                let sent = line.data.as_ref().map(|data| data.send(&frame));
                // Before the driver is there every frame is lost, and nobody wonders.
                self.frames_lost += u64::from(matches!(sent, Some(Ok(false) | Err(_))));
            }
        }
        None
    }

    pub fn has(&self, trunk: &TrunkId) -> bool {
        self.lines.iter().any(|line| line.trunk == *trunk)
    }

    pub fn owns(&self, leg: LegId) -> bool {
        self.calls.contains_key(&leg)
    }

    pub fn line(&self, no: usize) -> Option<&SpanTrunk> {
        self.lines.get(no)
    }

    /// The line of a port, and whether it is its first channel.
    pub fn of_port(&self, port: u16) -> Option<(usize, bool)> {
        let within = |line: &SpanTrunk| {
            port.checked_sub(line.first_port).filter(|place| *place < SpanLine::BEARERS)
        };
        self.lines.iter().enumerate().find_map(|(no, line)| Some((no, within(line)? == 0)))
    }

    /// Whose a call is.
    pub fn leg(&self, no: usize, call: CallNo) -> Option<LegId> {
        self.lines.get(no)?.legs.get(&call).copied()
    }

    /// Makes a leg a call's.
    pub fn bind(&mut self, no: usize, call: CallNo, leg: LegId) {
        if let Some(line) = self.lines.get_mut(no) {
            line.legs.insert(call, leg);
            self.calls.insert(leg, (no, call));
        }
    }

    /// Forgets a call that is over; gives whose it was.
    pub fn forget(&mut self, no: usize, call: CallNo) -> Option<LegId> {
        let line = self.lines.get_mut(no)?;
        line.slots.remove(&call);
        let leg = line.legs.remove(&call)?;
        self.calls.remove(&leg);
        Some(leg)
    }

    /// Notes the channel that carries a call.
    pub fn carry(&mut self, no: usize, call: CallNo, slot: u8) {
        if let Some(line) = self.lines.get_mut(no) {
            line.slots.insert(call, slot);
        }
    }

    /// The card's port that carries a call.
    pub fn port_of(&self, no: usize, call: CallNo) -> Option<u16> {
        let line = self.lines.get(no)?;
        line.slots.get(&call).map(|slot| line.port(*slot))
    }

    pub fn alarm(&mut self, now: Instant, no: usize, alarm: Alarm, raised: bool) {
        if let Some(line) = self.lines.get_mut(no) {
            line.span.alarm(now, alarm, raised);
        }
    }

    /// Calls over a trunk; false where it has no channel or no link.
    pub fn dial(&mut self, now: Instant, leg: LegId, trunk: &TrunkId, dialled: &Dialled) -> bool {
        let found = self.lines.iter_mut().enumerate().find(|(_, line)| line.trunk == *trunk);
        let Some((no, line)) = found else { return false };
        let Ok(call) = line.span.dial(now, dialled) else { return false };
        self.bind(no, call, leg);
        true
    }

    /// Answers a leg that is a call of ours; false where it is another's.
    pub fn answer(&mut self, now: Instant, leg: LegId) -> bool {
        let Some((line, call)) = self.call_of(leg) else { return false };
        line.span.answer(now, call);
        true
    }

    /// Ends a leg that is a call of ours, or refuses it; false where it is another's.
    pub fn hang_up(&mut self, now: Instant, leg: LegId, cause: Cause) -> bool {
        let Some((line, call)) = self.call_of(leg) else { return false };
        line.span.hang_up(now, call, cause);
        true
    }

    fn call_of(&mut self, leg: LegId) -> Option<(&mut SpanTrunk, CallNo)> {
        let (no, call) = *self.calls.get(&leg)?;
        Some((self.lines.get_mut(no)?, call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::Sender;
    use model::{LegEvent, Number};
    use std::sync::Mutex;

    /// A wire between a trunk of ours and a network's side.
    #[derive(Default)]
    struct Sent(Mutex<Vec<Vec<u8>>>);

    impl Frames for Sent {
        fn send(&self, frame: &[u8]) -> std::io::Result<bool> {
            self.0.lock().expect("no test panicked with it").push(frame.to_vec());
            Ok(true)
        }
    }

    /// A trunk of ours and a network behind it that answers.
    struct Room {
        spans: Spans,
        sent: Arc<Sent>,
        say: Sender<(usize, Said)>,
        network: Span,
        /// It calls us once, as soon as the link stands for it.
        calls_at_once: bool,
        network_told: Vec<LegEvent>,
        now: Instant,
        /// What was told of calls, and the port each was on then.
        told: Vec<(CallNo, LegEvent, Option<u16>)>,
        up: bool,
    }

    impl Room {
        fn new(first_port: u16) -> Self {
            let room = Self::shut(first_port);
            room.open();
            room
        }

        /// The D channel is not open yet.
        fn shut(first_port: u16) -> Self {
            let line = SpanLine::new(1);
            let now = Instant::START;
            let span = SpanTrunk::new(now, TrunkId::new("e1"), line, first_port);
            let (say, said) = bounded(1);
            let spans = Spans { lines: vec![span], said: Some(said), ..Spans::default() };
            let network = Config::new(Via::Trunk(TrunkId::new("far")), Side::Network);
            let network = Span::new(now, network);
            let (sent, network_told) = (Arc::default(), vec![]);
            let (calls_at_once, told, up) = (false, vec![], false);
            Self { spans, sent, say, network, calls_at_once, network_told, now, told, up }
        }

        fn open(&self) {
            self.say.send((0, Said::Open(self.sent.clone()))).expect("there is room for one");
        }

        fn run(&mut self, ms: u64) {
            for _ in 0..ms / 10 {
                self.now = self.now + Duration::from_millis(10);
                self.spans.take_in(self.now);
                self.network.tick(self.now);
                while let Some((no, output)) = self.spans.poll() {
                    match output {
                        Output::Sound { slot, call: Some(call) } => {
                            self.spans.carry(no, call, slot);
                        }
                        Output::Leg { call, event } => {
                            if matches!(event, LegEvent::Arrived { .. }) {
                                self.spans.bind(no, call, LegId(call.0));
                                assert!(self.spans.answer(self.now, LegId(call.0)));
                            }
                            let port = self.spans.port_of(no, call);
                            if matches!(event, LegEvent::Gone(_)) {
                                self.spans.forget(no, call);
                            }
                            self.told.push((call, event, port));
                        }
                        Output::Link { up } => self.up = up,
                        _ => {}
                    }
                }
                let sent = std::mem::take(&mut *self.sent.0.lock().expect("no test panicked"));
                sent.iter().for_each(|frame| self.network.frame(self.now, frame));
                while let Some(output) = self.network.poll() {
                    match output {
                        Output::Frame(frame) => {
                            let line = self.spans.lines.first_mut();
                            if let Some(line) = line.filter(|line| line.data.is_some()) {
                                line.span.frame(self.now, &frame);
                            }
                        }
                        Output::Leg { call, event: LegEvent::Arrived { .. } } => {
                            self.network.answer(self.now, call);
                        }
                        Output::Leg { event, .. } => self.network_told.push(event),
                        Output::Link { up: true } if std::mem::take(&mut self.calls_at_once) => {
                            let number = Number::new("95000");
                            let dialled = Dialled { number, complete: true, ..Dialled::default() };
                            self.network.dial(self.now, &dialled).expect("the link stands");
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    #[test]
    fn a_call_out_is_answered_on_the_port_of_its_channel_and_its_leg_is_forgotten_at_its_end() {
        let mut room = Room::new(4);
        let (leg, trunk) = (LegId(7), TrunkId::new("e1"));
        let dialled =
            Dialled { number: Number::new("10086"), complete: true, ..Dialled::default() };
        assert!(!room.spans.dial(room.now, leg, &trunk, &dialled), "there is no link yet");
        assert!(!room.spans.owns(leg));
        room.run(3000);
        assert!(room.up);
        assert!(room.spans.dial(room.now, leg, &trunk, &dialled));
        assert!(room.spans.owns(leg) && room.spans.has(&trunk));
        room.run(200);
        let answered = room.told.iter().find(|(_, event, _)| *event == LegEvent::Answered);
        // A user takes the highest channel first: the thirtieth port.
        assert_eq!(answered.and_then(|(.., port)| *port), Some(33), "{:?}", room.told);
        assert!(!room.spans.answer(room.now, LegId(8)), "another's leg");
        assert!(room.spans.hang_up(room.now, leg, Cause::Normal));
        room.run(500);
        let last = room.told.last().map(|(_, event, _)| event.clone());
        assert_eq!(last, Some(LegEvent::Gone(Cause::Normal)));
        assert!(!room.spans.owns(leg));
        assert_eq!(room.spans.frames_lost, 0);
    }

    #[test]
    fn a_call_that_comes_as_soon_as_the_link_stands_is_answered_however_late_the_d_channel_opens() {
        for late_ms in (10..8000).step_by(170) {
            let mut room = Room::shut(0);
            room.calls_at_once = true;
            room.run(late_ms);
            room.open();
            room.run(100);
            assert!(room.up, "{late_ms} ms: the link is not asked for at once");
            room.run(3000);
            assert_eq!(room.network_told, [LegEvent::Ringing, LegEvent::Answered], "{late_ms} ms");
            let told: Vec<_> = room.told.iter().map(|(_, event, _)| event).collect();
            assert!(matches!(told[..], [LegEvent::Arrived { .. }, LegEvent::Answered]), "{told:?}");
            assert_eq!(room.network.link_counters(), line::q921::Counters::default());
        }
    }

    #[test]
    fn an_alarm_that_takes_the_signal_ends_the_calls_of_its_line() {
        let mut room = Room::new(0);
        room.run(3000);
        let (leg, trunk) = (LegId(7), TrunkId::new("e1"));
        let dialled =
            Dialled { number: Number::new("10086"), complete: true, ..Dialled::default() };
        assert!(room.spans.dial(room.now, leg, &trunk, &dialled));
        room.run(200);
        room.spans.alarm(room.now, 0, Alarm::CardGone, true);
        room.run(20);
        assert!(matches!(room.told.last(), Some((_, LegEvent::Gone(_), _))), "{:?}", room.told);
        assert!(!room.up && !room.spans.owns(leg));
    }

    #[test]
    fn the_thirty_channels_of_a_span_are_thirty_ports_in_a_row_without_the_d_channel() {
        let line = SpanLine::new(32);
        let span = SpanTrunk::new(Instant::START, TrunkId::new("e1"), line, 4);
        let ports: Vec<u16> = SpanLine::slots().map(|slot| span.port(slot)).collect();
        assert_eq!(ports, (4..34).collect::<Vec<_>>());
        let spans = Spans { lines: vec![span], ..Spans::default() };
        assert_eq!(spans.of_port(3), None);
        assert_eq!(spans.of_port(4), Some((0, true)));
        assert_eq!(spans.of_port(33), Some((0, false)));
        assert_eq!(spans.of_port(34), None);
        assert_eq!(line.channel(SpanLine::DATA_SLOT), 47);
    }
}
