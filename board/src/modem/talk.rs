//! The talk with a modem: one command at a time, one text at a time.
//!
//! ```text
//!   Shut --due--> Opening --> Hello -> Manners -> Errors -> Sim ------> PduMode -> Network --> Idle
//!    ^                          ^                            | SIM PIN    ^           | no
//!    |                          |                        TriesLeft -> Pin-'     NetworkOfLte
//!    |                          |
//!    |   Idle --text--> Header --prompt--> Body --+CMGS, OK--> Header of the next part, or Idle
//!    |                    ^                  | 322, full
//!    |                    '--- Clear [--cannot--> List -> Delete…]
//!    |
//!    |   an answer that does not come, a modem that started anew ............... --> Hello
//!    |   a reason why nothing can be sent: told, rests, and looks again
//!    '-- Hello in vain for 36 s: AT+CFUN=1,1; the device is gone
//! ```
//!
//! A text whose answer was lost is sent again: rather twice than never. A PIN is given once.

mod line;
mod sim;
mod text;

use super::lines::{Came, Lines};
use super::reply::{Fault, Reply};
use super::{News, Submit, Trouble};
use model::{Instant, Secret};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Longest wait for an answer; for the SIM's to a PIN, for a prompt, for the network's to a text.
const ANSWER: Duration = Duration::from_secs(5);
const PIN_ANSWER: Duration = Duration::from_secs(20);
const PROMPT: Duration = Duration::from_secs(10);
const NETWORK_ANSWER: Duration = Duration::from_secs(90);
/// How often a modem is greeted, and how long it may not answer: modems start within 30 s.
const HELLO_EVERY: Duration = Duration::from_secs(3);
const HELLOS_MAX: u8 = 12;
/// Quiet after late answers to greetings.
const SETTLE: Duration = Duration::from_secs(1);
/// Until a device that was lost is opened again, and one that was told to start anew.
const OPEN_AGAIN: Duration = Duration::from_secs(5);
const RESTARTED: Duration = Duration::from_secs(15);
/// A modem that starts anew vanishes for some seconds; then its device is gone.
const GONE_AFTER: Duration = Duration::from_secs(20);
/// How long a network is looked for before that is told.
const SEARCH: Duration = Duration::from_secs(60);
/// Between two looks: at the SIM, at the network, at a modem with nothing to do.
const SIM_EVERY: Duration = Duration::from_secs(60);
const NETWORK_EVERY: Duration = Duration::from_secs(5);
const POLL_EVERY: Duration = Duration::from_secs(30);
/// Until a SIM is ready that was busy, or was opened by its PIN.
const SIM_BUSY: Duration = Duration::from_secs(3);
/// Tries of one part of a text in a row.
const TRIES_MAX: u8 = 3;
/// Looks at a SIM that says nothing of use, before that is told.
const UNSURE_MAX: u8 = 6;
/// Texts that are deleted one by one.
const DELETED_MAX: usize = 64;
/// Outputs that wait; only a modem that floods reaches it, and the line is closed then.
const OUTPUTS_MAX: usize = 64;

const ESCAPE: u8 = 0x1b;
const END_OF_TEXT: u8 = 0x1a;

/// How it begins.
#[derive(Debug, Default)]
pub struct Config {
    pub pin: Option<Secret>,
    /// That PIN was refused before.
    pub pin_refused: bool,
}

/// What comes in.
#[derive(Debug)]
pub enum Input<'a> {
    Opened,
    /// The device could not be opened, or is no more.
    Lost,
    Bytes(&'a [u8]),
    /// A text; only while `is_free`.
    Send(Submit),
}

/// Bytes for the modem: numbers, texts and PINs, which no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Wire(pub Vec<u8>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({} bytes)", self.0.len())
    }
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open the device; answered by `Opened` or `Lost`.
    Open,
    Close,
    Write(Wire),
    News(News),
}

/// A command that is answered by OK or an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Hello,
    /// No echo, results in words (V.250 6.2.4, 6.2.6).
    Manners,
    /// Errors as numbers (27.007 9.1).
    Errors,
    Sim,
    TriesLeft,
    Pin,
    /// Messages as octets (27.005 3.2.3).
    PduMode,
    Network,
    NetworkOfLte,
    /// Delete what was read and what was sent (27.005 3.5.4).
    Clear,
    /// What was read, one by one.
    List,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Shut,
    Opening,
    /// Late answers pass.
    Settling,
    Asking(Ask),
    /// Asks again when it is time.
    Resting(Ask),
    Idle,
    Header,
    Body,
}

/// A text on its way.
struct Sending {
    submit: Submit,
    part: usize,
    tries: u8,
    /// Room was made for it.
    cleared: bool,
}

/// The talk.
pub struct Talk {
    config: Config,
    state: State,
    due: Option<Instant>,
    lines: Lines,
    /// What the answer that is waited for said before its OK.
    heard: Option<String>,
    hellos: u8,
    /// The PIN was given and the SIM has not said yet that it is open.
    pin_given: bool,
    /// It was given and not answered.
    pin_doubtful: bool,
    unsure: u8,
    escaped: Option<Instant>,
    searching: Option<Instant>,
    lost: Option<Instant>,
    ready: bool,
    trouble: Option<Trouble>,
    sending: Option<Sending>,
    read: Vec<u16>,
    outputs: VecDeque<Output>,
}

impl Talk {
    pub fn new(now: Instant, config: Config) -> Self {
        Self {
            config,
            state: State::Shut,
            due: Some(now),
            lines: Lines::default(),
            heard: None,
            hellos: 0,
            pin_given: false,
            pin_doubtful: false,
            unsure: 0,
            escaped: None,
            searching: None,
            lost: None,
            ready: false,
            trouble: None,
            sending: None,
            read: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Tells whether a text may be given to it.
    pub fn is_free(&self) -> bool {
        self.ready && self.sending.is_none()
    }

    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Opened if self.state == State::Opening => {
                self.lines.clear();
                self.hello(now);
            }
            Input::Opened => {}
            Input::Lost => self.lost(now),
            Input::Bytes(bytes) => {
                for byte in bytes {
                    match self.lines.take(*byte) {
                        Some(Came::Line(line)) => self.line(now, &line),
                        Some(Came::Prompt) => self.prompt(now),
                        None => {}
                    }
                }
            }
            Input::Send(submit) if self.is_free() => {
                self.sending = Some(Sending { submit, part: 0, tries: 0, cleared: false });
                if self.state == State::Idle {
                    self.header(now);
                }
            }
            Input::Send(_) => self.tell(News::Failed { again: true, code: None }),
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        match self.state {
            State::Shut => {
                self.state = State::Opening;
                self.put(Output::Open);
            }
            State::Opening => {}
            State::Settling => self.ask(now, Ask::Manners),
            State::Resting(ask) => self.ask(now, ask),
            State::Asking(Ask::Hello) if self.hellos >= HELLOS_MAX => self.restart(now),
            State::Asking(Ask::Hello) => self.ask(now, Ask::Hello),
            State::Asking(ask) => {
                self.pin_doubtful |= ask == Ask::Pin;
                self.hello(now);
            }
            State::Idle => self.ask(now, Ask::Network),
            State::Header | State::Body => {
                self.write(&[ESCAPE]);
                self.hello(now);
            }
        }
    }

    /// When `tick` wants to be called, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.due.map(|due| (due, "a modem's answer"))
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn line(&mut self, now: Instant, line: &str) {
        let shut = matches!(self.state, State::Shut | State::Opening);
        match Reply::of(line) {
            _ if shut => {}
            Reply::Ok => self.answered(now, Ok(())),
            Reply::Error(fault) => self.answered(now, Err(fault)),
            Reply::Booted => {
                self.hellos = 0;
                self.rest(now, SIM_BUSY, Ask::Hello);
            }
            Reply::Said(name, what) => self.said(now, name, what),
            Reply::Other => {}
        }
    }

    fn said(&mut self, now: Instant, name: &str, what: &str) {
        let wanted = match self.state {
            State::Asking(Ask::Sim) => "+CPIN",
            State::Asking(Ask::TriesLeft) => "+CPINR",
            State::Asking(Ask::Network) => "+CREG",
            State::Asking(Ask::NetworkOfLte) => "+CEREG",
            State::Body => "+CMGS",
            State::Asking(Ask::List) => "+CMGL",
            // It was not asked: the SIM is drawn, or the network lost.
            State::Idle if name == "+CPIN" => return self.ask(now, Ask::Sim),
            State::Idle if name == "+CREG" => return self.ask(now, Ask::Network),
            _ => return,
        };
        if name != wanted {
            return;
        }
        if wanted == "+CMGL" {
            let index = what.split(',').next().and_then(|index| index.trim().parse::<u16>().ok());
            let room = self.read.len() < DELETED_MAX;
            self.read.extend(index.filter(|_| room));
        } else {
            self.heard = Some(what.to_owned());
        }
    }

    fn answered(&mut self, now: Instant, answer: Result<(), Fault>) {
        let heard = self.heard.clone();
        match (self.state, answer) {
            (State::Asking(Ask::Hello), _) if self.hellos > 1 => {
                self.state = State::Settling;
                self.due = Some(now + SETTLE);
            }
            (State::Asking(Ask::Hello), _) => self.ask(now, Ask::Manners),
            (State::Asking(Ask::Manners), _) => self.ask(now, Ask::Errors),
            (State::Asking(Ask::Errors), _) => self.ask(now, Ask::Sim),
            (State::Asking(Ask::Sim), Ok(())) => self.sim(now, heard.as_deref()),
            (State::Asking(Ask::Sim), Err(Fault::Cme(11))) => self.sim(now, Some("SIM PIN")),
            (State::Asking(Ask::Sim), Err(fault)) => match fault.of_sim() {
                Some(trouble) => self.stuck(now, trouble),
                None => self.unsure(now),
            },
            (State::Asking(Ask::TriesLeft), _) => self.give_pin(now, heard.as_deref()),
            (State::Asking(Ask::Pin), Ok(())) => {
                self.pin_given = true;
                self.rest(now, SIM_BUSY, Ask::Sim);
            }
            (State::Asking(Ask::Pin), Err(_)) => self.pin_refused(now),
            (State::Asking(Ask::PduMode), Ok(())) => self.ask(now, Ask::Network),
            (State::Asking(Ask::PduMode), Err(_)) => self.unsure(now),
            (State::Asking(Ask::Network), _) => self.network(now, heard, true),
            (State::Asking(Ask::NetworkOfLte), _) => self.network(now, heard, false),
            (State::Asking(Ask::Clear), Ok(())) => self.cleared(now),
            (State::Asking(Ask::Clear), Err(_)) => self.ask(now, Ask::List),
            (State::Asking(Ask::List | Ask::Delete), _) => match self.read.is_empty() {
                false => self.ask(now, Ask::Delete),
                true => self.cleared(now),
            },
            (State::Body, Ok(())) if heard.is_some() => self.part_sent(now),
            (State::Header | State::Body, Err(fault)) => self.part_refused(now, fault),
            // A late answer to something else.
            _ => {}
        }
    }

    fn prompt(&mut self, now: Instant) {
        let part = self.sending.as_ref().and_then(|sending| sending.submit.part(sending.part));
        match (self.state, part) {
            (State::Header, Some((_, hex))) => {
                self.state = State::Body;
                (self.heard, self.due) = (None, Some(now + NETWORK_ANSWER));
                self.write(&[hex.as_bytes(), &[END_OF_TEXT]].concat());
            }
            (State::Shut | State::Opening, _) => {}
            // It waits for a text that nobody has.
            _ if self.escaped.is_none_or(|at| now.since(at) >= SETTLE) => {
                self.escaped = Some(now);
                self.write(&[ESCAPE]);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
