//! A port that hears blocks, and what it tells of them.

use line::{Config, Input, LinePort, Output};
use model::port::{PortEvent, PortKind, PortOrder};
use model::site::Tones;
use model::{Instant, Law, LegEvent, PortId};

/// A port and its time.
pub struct Port {
    port: LinePort,
    now_ms: u64,
    /// Told and not asked for yet.
    heard: Vec<Heard>,
}

/// What a port told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A call, and its number.
    Arrived(String),
    Dials,
    Ringing,
    Answered,
    Gone,
}

impl Port {
    fn new(tones: &Tones, law: Law, rings: u8) -> Self {
        let config = Config::new(PortId::new("fxo-1"), PortKind::Fxo, law, rings);
        let config = Config { tones: tones.clone(), ..config };
        Self { port: LinePort::new(Instant::START, config), now_ms: 0, heard: Vec::new() }
    }

    /// A port in a call.
    pub fn talking(tones: &Tones, law: Law) -> Self {
        let mut port = Self::new(tones, law, 1);
        let bell = u64::from(tones.bell.pause_ms());
        let quiet = [law.silence(); 160];
        port.event(PortEvent::RingBegin);
        let mut rings_again = port.now_ms + bell;
        while !port.hears(&quiet).iter().any(|heard| matches!(heard, Heard::Arrived(_))) {
            assert!(port.now_ms < 60_000, "a port that rings tells of a call");
            if port.now_ms == 1000 {
                port.event(PortEvent::RingOffHook);
                rings_again = port.now_ms + bell;
            }
            if port.now_ms >= rings_again && port.now_ms > 1000 {
                port.event(PortEvent::RingBegin);
                rings_again = u64::MAX;
            }
        }
        port.does(Input::Answer);
        port.event(PortEvent::HookComplete);
        port
    }

    /// A port that seized its line to dial.
    pub fn dialling(tones: &Tones, law: Law) -> Self {
        let mut port = Self::new(tones, law, 1);
        port.does(Input::Dial("10086"));
        port.event(PortEvent::HookComplete);
        port
    }

    /// The call whose number comes in these blocks, between the first ring and the second.
    pub fn who(tones: &Tones, blocks: &[[u8; 160]]) -> Option<String> {
        let law = Law::A;
        let mut port = Self::new(tones, law, 2);
        let quiet = [law.silence(); 160];
        port.event(PortEvent::RingBegin);
        for tick in 0..700 {
            match tick {
                50 => port.event(PortEvent::RingOffHook),
                250 | 500 => port.event(PortEvent::RingBegin),
                300 | 550 => port.event(PortEvent::RingOffHook),
                _ => {}
            }
            let block = (tick as usize).checked_sub(60).and_then(|tick| blocks.get(tick));
            for heard in port.hears(block.unwrap_or(&quiet)) {
                if let Heard::Arrived(number) = heard {
                    return Some(number);
                }
            }
        }
        None
    }

    pub fn event(&mut self, event: PortEvent) {
        self.does(Input::Event(event));
    }

    /// Hears 20 ms; gives what was told since it heard last.
    pub fn hears(&mut self, block: &[u8; 160]) -> Vec<Heard> {
        self.now_ms += 20;
        self.does(Input::Block(block));
        std::mem::take(&mut self.heard)
    }

    fn does(&mut self, input: Input<'_>) {
        self.port.handle(Instant::from_millis(self.now_ms), input);
        while let Some(output) = self.port.poll() {
            self.heard.extend(match output {
                Output::Leg(LegEvent::Arrived { caller, .. }) => {
                    Some(Heard::Arrived(caller.reveal().to_owned()))
                }
                Output::Leg(LegEvent::Gone(_)) => Some(Heard::Gone),
                Output::Leg(LegEvent::Answered) => Some(Heard::Answered),
                Output::Leg(LegEvent::Ringing) => Some(Heard::Ringing),
                Output::Port(PortOrder::Dial(_)) => Some(Heard::Dials),
                _ => None,
            });
        }
    }
}
