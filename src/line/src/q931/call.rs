//! A call of the span and the states it walks through (Q.931 section 2 and figure A.2).
//!
//! ```text
//!   we call:   Initiated(1) -> Overlap(2) -> Proceeding(3) -> Delivered(4) --CONNECT--> Active(10)
//!   they call: Present(6) [-> OverlapIn(25)] -> Received(7) --answer: CONNECT--> Connecting(8)
//!                                                          (the network: at once)     | CONNECT ACK
//!                                                                                    v
//!                                                                               Active(10)
//!   any --we hang up: DISCONNECT--> Disconnecting(11) --RELEASE: RELEASE COMPLETE--> gone
//!                                        | T305: RELEASE
//!                                        v
//!   any --DISCONNECT: RELEASE------> Releasing(19) --RELEASE COMPLETE, or T308 twice--> gone
//! ```

use super::message::CallRef;
use model::{Instant, Q850};
use std::time::Duration;

/// A call as the owner of a span names it; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNo(pub u64);

/// A call's state, with its number of Q.931 2.1 (user side).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Initiated,
    Overlap,
    Proceeding,
    Delivered,
    Present,
    OverlapIn,
    Received,
    Connecting,
    Active,
    Disconnecting,
    Releasing,
}

impl State {
    /// The value of a call state element (4.5.7).
    pub fn value(self) -> u8 {
        match self {
            Self::Initiated => 1,
            Self::Overlap => 2,
            Self::Proceeding => 3,
            Self::Delivered => 4,
            Self::Present => 6,
            Self::Received => 7,
            Self::Connecting => 8,
            Self::Active => 10,
            Self::Disconnecting => 11,
            Self::Releasing => 19,
            Self::OverlapIn => 25,
        }
    }

    /// Tells whether the call is being cleared.
    pub fn is_leaving(self) -> bool {
        matches!(self, Self::Disconnecting | Self::Releasing)
    }
}

/// How long an answer to a status enquiry is waited for (table 9-1), beside the timer of the state.
pub const T322: Duration = Duration::from_secs(4);

/// A timer of a call (table 9-1 and 9-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    T301,
    T302,
    T303,
    T304,
    T305,
    T308,
    T310,
    T313,
}

impl Timer {
    /// How long it runs.
    pub fn time(self) -> Duration {
        Duration::from_secs(match self {
            Self::T301 => 180,
            Self::T302 => 15,
            Self::T303 | Self::T308 | Self::T313 => 4,
            Self::T304 | Self::T305 => 30,
            // 30 to 120 s.
            Self::T310 => 60,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::T301 => "T301",
            Self::T302 => "T302",
            Self::T303 => "T303",
            Self::T304 => "T304",
            Self::T305 => "T305",
            Self::T308 => "T308",
            Self::T310 => "T310",
            Self::T313 => "T313",
        }
    }
}

/// A call. It is not printed: it knows who was dialled.
pub struct Call {
    pub no: CallNo,
    pub reference: u16,
    /// We chose the reference.
    pub ours: bool,
    pub state: State,
    /// Its B channel; none while a call of ours has lost it to one of theirs.
    pub slot: Option<u8>,
    /// What was dialled, as far as it came or went.
    pub dialled: String,
    /// The SETUP of a call of ours, to be sent again.
    pub setup: Option<super::message::Message>,
    /// Whoever owns the span was told of it, and not of its end.
    pub told: bool,
    /// Sound of its channel is its own.
    pub sounds: bool,
    /// The far side answered with something.
    pub heard: bool,
    /// Sound of the far side was announced before the answer.
    pub early: bool,
    /// The cause that it is cleared with.
    pub cause: Q850,
    /// How often a message or another channel was tried again.
    pub again: u8,
    /// The SETUP was sent again, and the RELEASE.
    pub resent: bool,
    pub released: bool,
    pub timer: Option<(Instant, Timer)>,
    pub t322: Option<Instant>,
}

impl Call {
    /// A call of ours, or of theirs, with its channel and its SETUP.
    pub fn new(
        no: CallNo,
        ours: bool,
        slot: u8,
        dialled: &str,
        setup: super::message::Message,
    ) -> Self {
        Self {
            no,
            reference: setup.reference.value,
            ours,
            state: if ours { State::Initiated } else { State::Present },
            slot: Some(slot),
            dialled: dialled.to_owned(),
            setup: Some(setup),
            // Whoever dialled knows of it, and nobody of one that came.
            told: ours,
            sounds: false,
            heard: !ours,
            early: false,
            cause: Q850::NORMAL,
            again: 0,
            resent: false,
            released: false,
            timer: None,
            t322: None,
        }
    }

    /// The reference as our messages carry it.
    pub fn refers(&self) -> CallRef {
        CallRef { value: self.reference, to_chooser: !self.ours }
    }

    /// Runs a timer instead of the one before.
    pub fn start(&mut self, now: Instant, timer: Timer) {
        self.timer = Some((now + timer.time(), timer));
    }

    /// Tells whether something is due.
    pub fn is_due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|(at, _)| at <= now)
    }

    /// When something is due, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let timer = self.timer.map(|(at, timer)| (at, timer.name()));
        timer.into_iter().chain(self.t322.map(|at| (at, "T322"))).min()
    }
}
