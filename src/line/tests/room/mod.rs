//! A card, its ports and a box that answers, in virtual time.

#![allow(dead_code)] // Each test file uses a part of it.

pub mod sounds;

use board::sim::{Callers, SimCard, Story};
use board::{BLOCK, Card, CardError};
use line::{Config, Input, LinePort, Output};
use model::port::{Alarm, PortKind, PortOrder};
use model::site::Tones;
use model::{Instant, Law, LegEvent, PortId, Via};

/// What one port told, with its time.
pub type Told = (u64, Output);

/// The room.
pub struct Room {
    pub card: SimCard,
    pub lines: Vec<LinePort>,
    pub told: Vec<Vec<Told>>,
    /// Answers when a call arrives.
    pub answers: bool,
    /// What the box says on answered lines, 160 samples at a time.
    pub says: fn(u64) -> [u8; BLOCK],
    up: Vec<bool>,
    pub now_ms: u64,
}

/// Says nothing.
pub fn quiet(_: u64) -> [u8; BLOCK] {
    [Law::A.silence(); BLOCK]
}

impl Room {
    /// A card of so many FXO ports, that answers after two rings.
    pub fn new(ports: usize, script: &str) -> Self {
        let speech = |_: &str| Ok((0..16_000).map(|n| ((n % 57) * 100 - 2800) as i16).collect());
        Self::with(ports, Callers::parse(script, speech).unwrap())
    }

    /// The same, with callers of the test's own.
    pub fn with(ports: usize, callers: Callers) -> Self {
        Self::abroad(ports, callers, &Tones::default())
    }

    /// The same, at exchanges with other tones.
    pub fn abroad(ports: usize, callers: Callers, tones: &Tones) -> Self {
        let card = SimCard::new(7, &vec![PortKind::Fxo; ports], callers).unwrap().in_country(tones);
        let config = |n: usize| {
            let port = PortId::new(&format!("fxo-{}", n + 1));
            Config { tones: tones.clone(), ..Config::new(port, PortKind::Fxo, Law::A, 2) }
        };
        Self {
            card,
            lines: (0..ports).map(|n| LinePort::new(Instant::START, config(n))).collect(),
            told: vec![Vec::new(); ports],
            answers: true,
            says: quiet,
            up: vec![false; ports],
            now_ms: 0,
        }
    }

    /// A card of one FXS port, where a telephone does what the script says.
    pub fn telephone(script: &str, tones: &Tones, whole: &[&str]) -> Self {
        let callers = Callers::parse(script, |_| Ok(vec![0])).unwrap();
        let card = SimCard::new(7, &[PortKind::Fxs], callers).unwrap().in_country(tones);
        let whole = whole.iter().map(|number| (*number).to_owned()).collect();
        let telephone = Some(line::Telephone { phone: "8105".into(), whole });
        let config = Config::new(PortId::new("desk"), PortKind::Fxs, Law::A, 1);
        let config = Config { tones: tones.clone(), telephone, ..config };
        Self {
            card,
            lines: vec![LinePort::new(Instant::START, config)],
            told: vec![Vec::new()],
            answers: false,
            says: quiet,
            up: vec![false],
            now_ms: 0,
        }
    }

    /// Runs for a time.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.tick();
        }
    }

    /// Runs until a port has told of something, and gives when.
    pub fn until(&mut self, port: usize, ms_max: u64, is: impl Fn(&Output) -> bool) -> u64 {
        let from = self.told[port].len();
        let end = self.now_ms + ms_max;
        while self.now_ms < end {
            self.tick();
            if let Some((at, _)) = self.told[port][from..].iter().find(|(_, output)| is(output)) {
                return *at;
            }
        }
        panic!("not told in {ms_max} ms: {:?}", self.told[port]);
    }

    /// One tick, in the order of the box's media thread.
    pub fn tick(&mut self) {
        let now = Instant::from_millis(self.now_ms);
        self.card.tick(now);
        while let Some((port, event)) = self.card.event() {
            self.lines[port].handle(now, Input::Event(event));
        }
        for port in 0..self.lines.len() {
            let mut block = [0; BLOCK];
            if self.card.read(port, &mut block).unwrap() {
                self.lines[port].handle(now, Input::Block(&block));
            }
            self.settle(port);
            let mut own = [0; BLOCK];
            if self.lines[port].says(&mut own) {
                self.card.write(port, &own).unwrap();
            } else if self.up[port] {
                self.card.write(port, &(self.says)(self.now_ms)).unwrap();
            }
        }
        self.now_ms += 20;
    }

    /// Orders something of a port.
    pub fn order(&mut self, port: usize, input: Input<'_>) {
        self.lines[port].handle(Instant::from_millis(self.now_ms), input);
        self.settle(port);
    }

    fn settle(&mut self, port: usize) {
        while let Some(output) = self.lines[port].poll() {
            match &output {
                Output::Port(order) => {
                    let done = self.card.order(port, order);
                    assert!(matches!(done, Ok(()) | Err(CardError::Gone)), "{done:?}");
                }
                Output::Leg(LegEvent::Answered) => self.up[port] = true,
                Output::Leg(LegEvent::Gone(_)) => self.up[port] = false,
                _ => {}
            }
            let arrived = matches!(output, Output::Leg(LegEvent::Arrived { .. }));
            self.told[port].push((self.now_ms, output));
            if arrived && self.answers {
                self.lines[port].handle(Instant::from_millis(self.now_ms), Input::Answer);
            }
        }
    }

    /// What a port told in short words, in its order.
    pub fn words(&self, port: usize) -> Vec<String> {
        self.told[port].iter().map(|(_, output)| word(output)).collect()
    }

    /// The calls the card has seen to their end.
    pub fn stories(&self) -> Vec<Story> {
        self.card.stories().copied().collect()
    }
}

pub fn word(output: &Output) -> String {
    match output {
        Output::Port(PortOrder::Hook(hook)) => format!("hook {hook:?}"),
        Output::Port(order) => format!("{order:?}"),
        Output::Leg(LegEvent::Arrived { via: Via::Phone(phone), dialled, .. }) => {
            format!("{phone} dials {dialled}")
        }
        Output::Leg(LegEvent::Arrived { caller, name, .. }) => {
            format!("arrived '{}' '{}'", caller.reveal(), name.reveal())
        }
        Output::Leg(LegEvent::Gone(cause)) => format!("gone {}", cause.key()),
        Output::Leg(event) => format!("{event:?}").to_lowercase(),
        Output::Flash => "flash".to_owned(),
        Output::Dialled(number) => format!("dialled '{number}'"),
        Output::Seized(Ok(())) => "seized".to_owned(),
        Output::Seized(Err(cause)) => format!("not seized: {}", cause.key()),
        Output::Alarm { alarm, raised: true } => format!("alarm {}", alarm.key()),
        Output::Alarm { alarm, raised: false } => format!("clear {}", alarm.key()),
    }
}

pub fn arrived(output: &Output) -> bool {
    matches!(output, Output::Leg(LegEvent::Arrived { .. }))
}

pub fn gone(output: &Output) -> bool {
    matches!(output, Output::Leg(LegEvent::Gone(_)))
}

pub fn alarm(alarm: Alarm, raised: bool) -> impl Fn(&Output) -> bool {
    move |output| *output == Output::Alarm { alarm, raised }
}
