//! `lines`: attached lines whose sound and signalling one core serves in time, every detector at work.
//!
//! ```text
//!   20 ms: [ port: its ears ] -> [ engine: keys, fax, level, recording, the other party ]   x ports
//!          of a primary rate line: [ D channel ] -> [ engine ]                              x channels
//! ```
//!
//! Nothing sleeps: the time that a tick has the core is measured, and the most lines are sought with
//! which no tick of 1,000 takes longer than 20 ms. Reading and writing the cards is not
//! in it.

use crate::Figure;
use crate::process::{BOX_CORE, pin};
use line::q921::Side;
use line::q931::{self, CallNo, Span};
use line::{Input, LinePort, Output};
use media::{Block, Command, Engine, Slot, TapFrame, TapNo};
use model::port::{PortEvent, PortKind};
use model::{Instant, Law, LegEvent, Number, PersonName, PortId, TrunkId, Via};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(20);
/// Ticks of one look at so many lines, and before it.
const TICKS: usize = 1000;
const WARM: usize = 100;
/// Lines tried at most; the engine has no place for more.
const LINES_MAX: usize = 6000;
/// Steps of halving between the last number that held and the first that did not.
const HALVINGS: usize = 2;
/// Channels of a primary rate line, and how long a call on one lasts.
const CHANNELS: usize = 30;
const CALL: Duration = Duration::from_secs(60);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Case {
    #[value(name = "fxo_ports")]
    FxoPorts,
    #[value(name = "pri_calls")]
    PriCalls,
}

/// Measures these cases, or all.
pub fn measure(cases: &[Case]) -> anyhow::Result<Vec<Figure>> {
    pin(0, BOX_CORE)?;
    let wanted = |case| cases.is_empty() || cases.contains(&case);
    let mut figures = Vec::new();
    if wanted(Case::FxoPorts) {
        // In a talk, while a number is dialled, and while who calls is listened for.
        for (name, doing) in [
            ("fxo_ports", Doing::Talks),
            ("fxo_ports_calling", Doing::Calls),
            ("fxo_ports_ringing", Doing::Rings),
        ] {
            let (ports, us) = most(|ports| Box::new(Ports::new(ports, doing)))?;
            figures.push(Figure::new(name, ports as f64, "ports/core"));
            figures.push(Figure::new(format!("{name}_cpu"), us, "us a port and tick"));
        }
    }
    if wanted(Case::PriCalls) {
        let (channels, us) = most(|channels| Box::new(Spans::new(channels)))?;
        figures.push(Figure::new("pri_calls", channels as f64, "calls/core"));
        figures.push(Figure::new("pri_calls_cpu", us, "us a call and tick"));
    }
    Ok(figures)
}

/// Lines that are served tick by tick.
trait Lines {
    /// Serves them for 20 ms; gives how long that took.
    fn tick(&mut self) -> anyhow::Result<Duration>;
}

/// The most lines that are served in time, and what one costs there.
fn most(make: impl Fn(usize) -> Box<dyn Lines>) -> anyhow::Result<(usize, f64)> {
    let (mut good, mut bad, mut lines, mut halvings, mut us) = (0, None, 240, 0, f64::NAN);
    while halvings < HALVINGS && lines <= LINES_MAX {
        let mut served = make(lines);
        let mut took = Vec::with_capacity(TICKS);
        for n in 0..WARM + TICKS {
            let tick = served.tick()?;
            if n >= WARM {
                took.push(tick);
            }
        }
        let late = took.iter().filter(|took| **took > TICK).count();
        let whole: Duration = took.iter().sum();
        let held = late == 0;
        if held {
            (good, us) = (lines, whole.as_secs_f64() * 1e6 / (TICKS * lines) as f64);
        } else {
            bad = Some(lines);
        }
        if std::env::var_os("BENCH_VERBOSE").is_some() {
            let ms = whole.as_secs_f64() * 1e3 / TICKS as f64;
            eprintln!("{lines} lines: {late} late, {ms:.1} ms a tick");
        }
        lines = bad.map_or(lines * 2, |bad| (good + bad) / 2);
        halvings += usize::from(bad.is_some());
    }
    Ok((good, us))
}

/// How long this thread has had a core.
fn on_the_core() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// What takes what the engine says, and counts it.
#[derive(Default)]
struct Count {
    blocks: u64,
    frames: u64,
}

impl media::Sink for Count {
    fn rtp(&mut self, _: Slot, _: SocketAddr, _: &[u8]) {}
    fn rtcp(&mut self, _: Slot, _: SocketAddr, _: bool, _: &[u8]) {}
    fn card(&mut self, _: Slot, _: &Block) {
        self.blocks += 1;
    }
    fn tap(&mut self, _: TapNo, _: &TapFrame) {
        self.frames += 1;
    }
}

/// Sound like speech: harmonics of a pitch that glides, syllables and pauses, noise under it.
fn speech(seconds: usize) -> Vec<Block> {
    let mut seed = 7_u64;
    let mut dice = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1_u64 << 24) as f32
    };
    let (mut samples, mut phase) = (Vec::new(), 0.0_f32);
    while samples.len() < seconds * 8000 {
        let (len, hz, loud) = (800 + (dice() * 2400.0) as usize, 90.0 + dice() * 150.0, dice());
        for n in 0..len {
            phase = (phase + hz / 8000.0).fract();
            let swell = (n as f32 / len as f32 * std::f32::consts::PI).sin() * loud;
            let voice: f32 =
                (1..12).map(|k| (phase * k as f32 * std::f32::consts::TAU).sin() / k as f32).sum();
            samples.push((voice * swell * 3000.0 + (dice() - 0.5) * 60.0) as i16);
        }
    }
    let blocks = samples.chunks_exact(160).map(|samples| {
        let mut block = [0; 160];
        Law::A.encode(samples, &mut block);
        block
    });
    blocks.collect()
}

/// The sound of many lines and the engine that carries it, recorded, two by two.
struct Sound {
    engine: Engine,
    sink: Count,
    said: Vec<Block>,
    tick: usize,
}

impl Sound {
    fn new(lines: usize) -> Self {
        let clips = Vec::new().into();
        let config = media::Config { legs_max: lines, clips, seed: 1, silent_ms: 20_000 };
        let (mut engine, said) = (Engine::new(config), speech(60));
        let start = Instant::START;
        for n in 0..lines as u16 {
            engine.command(start, Command::OpenCard { slot: Slot(n), law: Law::A });
            engine.command(start, Command::Tap { slot: Slot(n), tap: TapNo(n) });
        }
        for n in (1..lines as u16).step_by(2) {
            engine.command(start, Command::Bridge { a: Slot(n - 1), b: Slot(n) });
        }
        Self { engine, sink: Count::default(), said, tick: 0 }
    }

    fn now(&self) -> Instant {
        Instant::START + TICK * self.tick as u32
    }

    /// What a line says in this tick.
    fn said(&self, line: usize) -> Block {
        self.said[(self.tick + line * 97) % self.said.len()]
    }

    fn end_tick(&mut self) -> anyhow::Result<()> {
        self.engine.tick(self.now(), &mut self.sink);
        while self.engine.poll_event().is_some() {}
        while self.engine.poll_retired().is_some() {}
        self.tick += 1;
        anyhow::ensure!(self.tick < 10 || self.sink.frames > 0, "nothing is recorded");
        Ok(())
    }
}

/// What ports are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Talks,
    Calls,
    Rings,
}

struct Ports {
    ports: Vec<LinePort>,
    sound: Sound,
    doing: Doing,
}

impl Ports {
    fn new(count: usize, doing: Doing) -> Self {
        let now = Instant::START;
        let port = |n: usize| {
            let id = PortId::new(&format!("fxo-{n}"));
            let mut port = LinePort::new(now, line::Config::new(id, PortKind::Fxo, Law::A, 2));
            let events = match doing {
                Doing::Talks => &[PortEvent::RingBegin; 3][..],
                Doing::Rings => &[PortEvent::RingBegin][..],
                Doing::Calls => &[],
            };
            for event in events {
                port.handle(now, Input::Event(*event));
            }
            if doing == Doing::Talks {
                port.handle(now, Input::Answer);
                port.handle(now, Input::Event(PortEvent::HookComplete));
            }
            port
        };
        Self { ports: (0..count).map(port).collect(), sound: Sound::new(count), doing }
    }
}

impl Lines for Ports {
    fn tick(&mut self) -> anyhow::Result<Duration> {
        let Self { ports, sound, doing } = self;
        let now = sound.now();
        let said: Vec<Block> = (0..ports.len()).map(|n| sound.said(n)).collect();
        // A call out that somebody answered is followed by the next; a line rings on.
        for port in ports.iter_mut() {
            match doing {
                Doing::Calls if sound.tick.is_multiple_of(50) => {
                    port.handle(now, Input::HangUp(model::Cause::Normal));
                    let over = now + Duration::from_secs(3);
                    port.handle(over, Input::Block(&[Law::A.silence(); 160]));
                    port.handle(now, Input::Dial("110"));
                    port.handle(now, Input::Event(PortEvent::HookComplete));
                    while port.poll().is_some() {}
                }
                Doing::Rings if sound.tick.is_multiple_of(250) => {
                    port.handle(now, Input::Refuse(model::Cause::Normal));
                    port.handle(now + Duration::from_secs(9), Input::Block(&said[0]));
                    port.handle(now, Input::Event(PortEvent::RingBegin));
                    while port.poll().is_some() {}
                }
                _ => {}
            }
        }
        let began = on_the_core();
        for (n, (port, said)) in ports.iter_mut().zip(&said).enumerate() {
            port.handle(now, Input::Block(said));
            while let Some(output) = port.poll() {
                let gone = matches!(output, Output::Leg(LegEvent::Gone(_)));
                anyhow::ensure!(!gone || *doing != Doing::Talks, "port {n} hung up by itself");
            }
            sound.engine.card_block(Slot(n as u16), said);
        }
        sound.end_tick()?;
        Ok(on_the_core() - began)
    }
}

/// A primary rate line, and its far side, which is not measured and makes the calls.
struct Line {
    ours: Span,
    far: Span,
    calls: VecDeque<CallNo>,
}

struct Spans {
    lines: Vec<Line>,
    channels: usize,
    sound: Sound,
    answered: u64,
}

impl Spans {
    fn new(channels: usize) -> Self {
        let span = |n: usize, side| {
            let via = Via::Trunk(TrunkId::new(&format!("e1-{n}")));
            Span::new(Instant::START, q931::Config::new(via, side))
        };
        let line = |n| Line {
            ours: span(n, Side::User),
            far: span(n, Side::Network),
            calls: VecDeque::new(),
        };
        let lines = (0..channels.div_ceil(CHANNELS)).map(line).collect();
        Self { lines, channels, sound: Sound::new(channels), answered: 0 }
    }

    /// Lets our side hear the far one and the other way; gives what our side took.
    fn settle(now: Instant, ours: &mut Span, far: &mut Span, answered: &mut u64) -> Duration {
        let mut took = Duration::ZERO;
        let mut measured = |work: &mut dyn FnMut()| {
            let began = on_the_core();
            work();
            took += on_the_core() - began;
        };
        measured(&mut || ours.tick(now));
        far.tick(now);
        loop {
            let mut said = None;
            measured(&mut || said = ours.poll());
            match said {
                Some(q931::Output::Frame(bytes)) => far.frame(now, &bytes),
                Some(q931::Output::Leg { call, event: LegEvent::Arrived { .. } }) => {
                    measured(&mut || ours.answer(now, call));
                }
                Some(_) => {}
                None => match far.poll() {
                    Some(q931::Output::Frame(bytes)) => measured(&mut || ours.frame(now, &bytes)),
                    Some(q931::Output::Leg { event: LegEvent::Answered, .. }) => *answered += 1,
                    Some(_) => {}
                    None => return took,
                },
            }
        }
    }
}

impl Lines for Spans {
    fn tick(&mut self) -> anyhow::Result<Duration> {
        let now = self.sound.now();
        let mut took = Duration::ZERO;
        let ticks_a_call = (CALL.as_millis() / TICK.as_millis()) as usize;
        let tick = self.sound.tick;
        let dialled = q931::Dialled {
            number: Number::new("2000"),
            caller: Number::new("13800138000"),
            name: PersonName::default(),
            complete: true,
        };
        for (n, Line { ours, far, calls }) in self.lines.iter_mut().enumerate() {
            // Each is ended and made anew as often as a call lasts.
            if (tick + n * 7).is_multiple_of(ticks_a_call / CHANNELS)
                && let Some(call) = calls.pop_front()
            {
                far.hang_up(now, call, model::Cause::Normal);
            }
            if let Ok(call) = far.dial(now, &dialled) {
                calls.push_back(call);
            }
            took += Self::settle(now, ours, far, &mut self.answered);
        }
        let said: Vec<Block> = (0..self.channels).map(|n| self.sound.said(n)).collect();
        let began = on_the_core();
        for (n, said) in said.iter().enumerate() {
            self.sound.engine.card_block(Slot(n as u16), said);
        }
        self.sound.end_tick()?;
        anyhow::ensure!(tick < 100 || self.answered > 0, "nobody answered a call");
        Ok(took + on_the_core() - began)
    }
}
