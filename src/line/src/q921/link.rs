//! The state machine of a data link (Q.921 section 5 and annex B).
//!
//! ```text
//!                 Establish: SABME                UA, or SABME: UA
//!   Released ---------------------> Establishing --------------> Established <----------.
//!    ^  ^  ^ \                         |  ^                       |   |   |             | response
//!    |  |  |  '-- SABME: UA -----------|--|---------------------> |   |   | T200, T203  | with F=1
//!    |  |  '---- N200 SABMEs for naught'  '--- what breaks rules -'   |   v             |
//!    |  |        or DM                         or N200 for naught     |  Recovering ----'
//!    |  '------- DISC: UA --------------------------------------------'   (asks by RR, P=1)
//!    '---------- UA or DM, or N200 DISCs for naught -- Releasing <-- Release: DISC
//! ```
//!
//! A message given while no link stands waits for it in `Establishing` and is dropped in `Released`.

use super::frame::{Frame, Kind, Side};
use super::queue::Queue;
use model::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// Longest wait for an answer (Q.921 5.9.1).
pub(super) const T200: Duration = Duration::from_secs(1);
/// Longest silence of a link before it is asked whether it stands (5.9.8).
const T203: Duration = Duration::from_secs(10);
/// Times a frame is sent again (5.9.2).
const N200: u8 = 3;
/// Outputs that may wait: what a frame or a timer gives, with every message that goes.
const OUTPUTS_MAX: usize = 64;

/// What happens to a link.
#[derive(Clone)]
pub enum Input<'a> {
    /// A frame of the far side, without its check sequence.
    Frame(&'a [u8]),
    /// Layer 3 has a message for the far side.
    Send(Vec<u8>),
    /// Layer 3 wants the link; one that is being asked for is asked for anew.
    Establish,
    /// Layer 3 wants it no more.
    Release,
    /// The line was lost (an alarm): everything is forgotten.
    Down,
}

/// What a link says.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// To be sent, without its check sequence.
    Frame(Vec<u8>),
    /// The link stands, and messages before it are lost (DL-ESTABLISH).
    Established,
    /// The link is gone (DL-RELEASE).
    Released,
    /// A message of the far side for layer 3.
    Message(Vec<u8>),
}

/// What happened on a link since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that could not be read.
    pub malformed: u64,
    /// Frames that came out of their order, or twice.
    pub out_of_order: u64,
    /// Frames sent again.
    pub resent: u64,
    /// Times the link was set up again because somebody broke the rules or was silent.
    pub reset: u64,
    /// Messages that found no room, or no link.
    pub dropped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// TEI assigned (4).
    Released,
    /// Awaiting establishment (5).
    Establishing {
        /// Layer 3 asked for it, and did not hear of it yet.
        asked: bool,
    },
    /// Awaiting release (6).
    Releasing,
    /// Multiple frame established (7).
    Established,
    /// Timer recovery (8).
    Recovering,
}

/// One end of a data link. Nothing of it is printed: its messages name callers.
pub struct Link {
    pub(super) side: Side,
    pub(super) state: State,
    pub(super) queue: Queue,
    /// V(R): the number of the frame that is expected.
    pub(super) expected: u8,
    pub(super) peer_busy: bool,
    /// A REJ was sent, and what it asks for did not come yet.
    pub(super) rejected: bool,
    /// A frame is to be acknowledged.
    pub(super) owes: bool,
    /// How often T200 ran out (RC).
    pub(super) tries: u8,
    pub(super) t200: Option<Instant>,
    pub(super) t203: Option<Instant>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) counters: Counters,
}

impl Link {
    /// Makes an end of a link that does not stand.
    pub fn new(side: Side) -> Self {
        Self {
            side,
            state: State::Released,
            queue: Queue::default(),
            expected: 0,
            peer_busy: false,
            rejected: false,
            owes: false,
            tries: 0,
            t200: None,
            t203: None,
            outputs: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Tells whether the link stands.
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Established | State::Recovering)
    }

    /// What happened since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Takes what happened; poll after it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Frame(bytes) => match Frame::read(bytes, self.side.other()) {
                Ok(frame) => self.frame(now, frame),
                Err(bad) => self.bad(now, bad),
            },
            Input::Send(message) => self.take(message),
            Input::Establish => {
                if matches!(self.state, State::Released | State::Establishing { .. }) {
                    self.establish(now, true);
                }
            }
            Input::Release => self.release(now),
            Input::Down => {
                self.queue.clear();
                self.leave();
            }
        }
        self.send_messages(now);
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        if self.t200.take_if(|at| *at <= now).is_some() {
            self.t200_ran_out(now);
        }
        if self.t203.take_if(|at| *at <= now).is_some() && self.state == State::Established {
            self.tries = 0;
            self.enquire(now);
            self.state = State::Recovering;
        }
        self.send_messages(now);
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let t200 = self.t200.map(|at| (at, "T200"));
        let t203 = self.t203.map(|at| (at, "T203"));
        t200.into_iter().chain(t203).min()
    }

    /// What is to be sent and told, in its order; poll until there is nothing.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn take(&mut self, message: Vec<u8>) {
        let waits = !matches!(self.state, State::Released | State::Releasing);
        if message.len() > super::N201 || !waits || !self.queue.push(message) {
            self.counters.dropped += 1;
        }
    }

    /// Begins to set the link up (B.4, "establish data link").
    pub(super) fn establish(&mut self, now: Instant, asked: bool) {
        self.clear_exceptions();
        self.tries = 0;
        self.t203 = None;
        self.t200 = Some(now + T200);
        self.state = State::Establishing { asked };
        self.command(Kind::Sabme, true);
    }

    /// Sets the link up anew: somebody broke the rules, or was silent for too long.
    pub(super) fn reset(&mut self, now: Instant) {
        self.counters.reset += 1;
        self.establish(now, false);
    }

    fn release(&mut self, now: Instant) {
        self.queue.clear();
        if self.is_up() || matches!(self.state, State::Establishing { .. }) {
            self.tries = 0;
            self.t203 = None;
            self.t200 = Some(now + T200);
            self.state = State::Releasing;
            self.command(Kind::Disc, true);
        }
    }

    pub(super) fn clear_exceptions(&mut self) {
        (self.peer_busy, self.rejected, self.owes) = (false, false, false);
    }

    /// The link stands, with its numbers from 0. `told` where layer 3 knows, or lost nothing.
    pub(super) fn stand(&mut self, now: Instant, told: bool) {
        self.clear_exceptions();
        self.queue.restart();
        self.expected = 0;
        self.t200 = None;
        self.t203 = Some(now + T203);
        self.state = State::Established;
        if !told {
            self.say(Output::Established);
        }
    }

    pub(super) fn leave(&mut self) {
        let told = self.state == State::Released;
        self.state = State::Released;
        (self.t200, self.t203) = (None, None);
        self.clear_exceptions();
        if !told {
            self.say(Output::Released);
        }
    }

    pub(super) fn send_again(&mut self) {
        self.counters.resent += u64::from(!self.queue.is_settled());
        self.queue.again();
    }

    /// Waits for an acknowledgement where something is out, else for a sign of life.
    pub(super) fn settle(&mut self, now: Instant) {
        let out = !self.queue.is_settled() || self.peer_busy;
        (self.t200, self.t203) = match out {
            true => (Some(now + T200), None),
            false => (None, Some(now + T203)),
        };
    }

    pub(super) fn answer_enquiry(&mut self) {
        self.owes = false;
        self.response(Kind::Rr { nr: self.expected }, true);
    }

    fn enquire(&mut self, now: Instant) {
        self.owes = false;
        self.t200 = Some(now + T200);
        self.command(Kind::Rr { nr: self.expected }, true);
    }

    fn t200_ran_out(&mut self, now: Instant) {
        let spent = self.tries >= N200;
        self.tries = self.tries.saturating_add(1);
        match self.state {
            State::Released => {}
            State::Establishing { .. } if spent => {
                self.queue.clear();
                self.leave();
            }
            State::Establishing { .. } => {
                self.t200 = Some(now + T200);
                self.command(Kind::Sabme, true);
            }
            State::Releasing if spent => self.leave(),
            State::Releasing => {
                self.t200 = Some(now + T200);
                self.command(Kind::Disc, true);
            }
            State::Established => {
                self.tries = 1;
                self.state = State::Recovering;
                self.enquire(now);
            }
            State::Recovering if spent => self.reset(now),
            State::Recovering => self.enquire(now),
        }
    }

    /// Sends what may go, and acknowledges what came where nothing did that for it.
    fn send_messages(&mut self, now: Instant) {
        while self.state == State::Established && !self.peer_busy {
            let (side, nr) = (self.side, self.expected);
            let Some((ns, message)) = self.queue.send() else { break };
            let frame = Frame::command(Kind::I { ns, nr, message }, false).write(side);
            self.say(Output::Frame(frame));
            self.owes = false;
            if self.t200.is_none() {
                (self.t200, self.t203) = (Some(now + T200), None);
            }
        }
        if std::mem::take(&mut self.owes) && self.is_up() {
            self.response(Kind::Rr { nr: self.expected }, false);
        }
    }

    fn command(&mut self, kind: Kind<'_>, poll: bool) {
        self.say(Output::Frame(Frame::command(kind, poll).write(self.side)));
    }

    pub(super) fn response(&mut self, kind: Kind<'_>, poll: bool) {
        self.say(Output::Frame(Frame::response(kind, poll).write(self.side)));
    }

    pub(super) fn say(&mut self, output: Output) {
        debug_assert!(self.outputs.len() < OUTPUTS_MAX, "poll after each input");
        self.outputs.push_back(output);
    }
}
