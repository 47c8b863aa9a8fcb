//! Two spans, user and network, and the D channel between them.

use crate::q921::Side;
use crate::q931::*;
use model::{Instant, LegEvent, Number, TrunkId, Via};
use std::time::Duration;

pub struct Wire {
    pub now: Instant,
    /// The box as the user, and as the network.
    pub ends: [Span; 2],
    /// What each owner was told, in words.
    pub told: [Vec<String>; 2],
    /// The messages each side sent: kind by kind.
    pub sent: [Vec<Message>; 2],
    /// Nothing passes.
    pub cut: bool,
    /// Messages of these kinds are lost on the way, with their frames' numbers kept whole.
    pub swallow: Vec<Kind>,
    /// Sound by end and slot.
    pub sound: [std::collections::BTreeMap<u8, CallNo>; 2],
}

pub fn via() -> Via {
    Via::Trunk(TrunkId::new("e1"))
}

/// A call to a number by somebody.
pub fn to(number: &str) -> Dialled {
    Dialled {
        number: Number::new(number),
        caller: Number::new("02168889999"),
        complete: true,
        ..Dialled::default()
    }
}

impl Wire {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl Fn(&mut Config)) -> Self {
        let span = |side| {
            let mut config = Config::new(via(), side);
            change(&mut config);
            Span::new(Instant::START, config)
        };
        let mut wire = Self {
            now: Instant::START,
            ends: [span(Side::User), span(Side::Network)],
            told: Default::default(),
            sent: Default::default(),
            cut: false,
            swallow: Vec::new(),
            sound: Default::default(),
        };
        wire.carry();
        assert!(wire.ends.iter().all(Span::is_up));
        wire.forget();
        wire
    }

    /// Forgets what was told and sent.
    pub fn forget(&mut self) {
        self.told = Default::default();
        self.sent = Default::default();
    }

    pub fn dial(&mut self, end: usize, number: &str) -> CallNo {
        let no = self.ends[end].dial(self.now, &to(number)).unwrap();
        self.carry();
        no
    }

    pub fn answer(&mut self, end: usize, no: CallNo) {
        self.ends[end].answer(self.now, no);
        self.carry();
    }

    pub fn hang_up(&mut self, end: usize, no: CallNo, cause: model::Cause) {
        self.ends[end].hang_up(self.now, no, cause);
        self.carry();
    }

    /// A call that talks: its numbers at both ends.
    pub fn talk(&mut self, end: usize) -> [CallNo; 2] {
        let ours = self.dial(end, "95000");
        let theirs = self.last(1 - end);
        self.answer(1 - end, theirs);
        if end == 0 { [ours, theirs] } else { [theirs, ours] }
    }

    /// The call that was told of last at an end.
    pub fn last(&self, end: usize) -> CallNo {
        let text = self.told[end].iter().rev().find(|text| text.contains("arrived")).unwrap();
        CallNo(text.split(':').next().unwrap().parse().unwrap())
    }

    pub fn kinds(&self, end: usize) -> Vec<Kind> {
        self.sent[end].iter().map(|message| message.kind).collect()
    }

    /// Hands a message to an end as if the other had sent it, on the link as it stands.
    pub fn forge(&mut self, end: usize, message: &Message) {
        self.ends[1 - end].say(self.now, message);
        self.ends[1 - end].drain(self.now);
        self.carry();
    }

    /// The same with octets that need be no message of ours.
    pub fn forge_octets(&mut self, end: usize, octets: Vec<u8>) {
        let Self { ends, now, .. } = self;
        ends[1 - end].link.handle(*now, crate::q921::Input::Send(octets));
        ends[1 - end].drain(*now);
        self.carry();
    }

    pub fn carry(&mut self) {
        loop {
            let mut quiet = true;
            for end in 0..2 {
                while let Some(output) = self.ends[end].poll() {
                    quiet = false;
                    self.take(end, output);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn take(&mut self, end: usize, output: Output) {
        match output {
            Output::Frame(frame) => {
                // An I frame without the poll bit has its message from the fifth octet on.
                let message = frame.get(4..).filter(|_| frame[2] & 1 == 0);
                let message = message.and_then(|bytes| Message::read(bytes).ok());
                let swallowed = message.as_ref().is_some_and(|m| self.swallow.contains(&m.kind));
                self.sent[end].extend(message);
                if swallowed {
                    // The far layer 3 never sees it, its link does.
                    let mut blank = frame[..4].to_vec();
                    blank.push(0xFF);
                    self.ends[1 - end].frame(self.now, &blank);
                } else if !self.cut {
                    self.ends[1 - end].frame(self.now, &frame);
                }
            }
            Output::Leg { call, event } => {
                let text = match event {
                    LegEvent::Arrived { caller, dialled, name, .. } => {
                        let name = name.reveal();
                        format!("arrived {dialled} from {} {name}", caller.reveal())
                    }
                    event => format!("{event:?}"),
                };
                self.told[end].push(format!("{}: {}", call.0, text.trim()));
            }
            Output::Sound { slot, call: Some(call) } => {
                assert!(self.sound[end].insert(slot, call).is_none(), "two calls on {slot}");
            }
            Output::Sound { slot, call: None } => {
                assert!(self.sound[end].remove(&slot).is_some(), "{slot} had no call");
            }
            Output::Link { up } => self.told[end].push(format!("link {up}")),
            Output::Restarted { slot } => self.told[end].push(format!("restarted {slot}")),
        }
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.ends.iter().filter_map(Span::deadline).map(|(at, _)| at).min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.ends.iter_mut().for_each(|span| span.tick(at));
            self.carry();
        }
        self.now = end;
    }

    pub fn pass_s(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }
}
