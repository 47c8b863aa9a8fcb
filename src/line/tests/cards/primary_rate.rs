//! A span's D channel between our two sides, and with libpri; its B channels carry sound.

use super::bench::{Bench, Heard, bearer, kernel};
use board::dahdi::{DataChannel, Driver as _, FRAME_BYTES_MAX};
use line::q921::Side;
use line::q931::{CallNo, Config, Dialled, Output, Span};
use model::{Cause, Instant, LegEvent, Number, TrunkId, Via};
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// Tones 75 Hz apart, one a channel of a span.
fn hz(place: usize) -> u32 {
    400 + 75 * place as u32
}

/// The B channels of both spans: the first 30 are those of span 1, in their order.
fn bearers() -> Vec<u16> {
    let span = |from: u16| (from..from + 31).filter(move |channel| *channel != from + 15);
    span(1).chain(span(32)).collect()
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn thirty_channels_of_a_span_carry_each_its_own_tone_both_ways() {
    let wanted: Vec<_> = bearers().into_iter().map(bearer).collect();
    let mut bench = Bench::new(&wanted);
    for place in 0..30 {
        // There one tone, back another.
        (bench.says[place], bench.listens[place + 30]) = (hz(place), hz(place));
        (bench.says[place + 30], bench.listens[place]) = (hz(29 - place), hz(29 - place));
        // What the channel beside it says must not be heard.
        (bench.shuns[place + 30], bench.shuns[place]) = (hz(place + 1), hz(30 - place));
    }
    bench.run(Duration::from_secs(1));
    bench.forget();
    // A machine whose time another takes slips: each channel is listened to until it was heard enough.
    let end = bench.now() + SOON;
    while bench.heard.iter().any(|heard| heard.tone < 100) && bench.now() < end {
        bench.tick();
    }
    let share = |heard: &Heard| heard.tone * 100 / heard.blocks.max(1);
    let least = bench.heard.iter().map(share).min();
    println!("the channel heard least, in % of its blocks: {least:?}; {:?}", bench.card.lost());
    assert!(bench.heard.iter().all(|heard| heard.tone >= 100), "{:?}", bench.heard);
    assert!(bench.heard.iter().all(|heard| heard.other == 0), "{:?}", bench.heard);
    assert_eq!(bench.events, []);
}

/// One end of the D channel.
struct End {
    span: Span,
    data: DataChannel,
    told: Vec<(CallNo, LegEvent)>,
    sounds: Vec<(u8, Option<CallNo>)>,
    began: std::time::Instant,
}

impl End {
    fn new(side: Side, channel: u16, began: std::time::Instant) -> Self {
        let data = kernel().open_data(channel).unwrap();
        let config = Config::new(Via::Trunk(TrunkId::new("e1")), side);
        let now = Instant::START + began.elapsed();
        Self { span: Span::new(now, config), data, told: vec![], sounds: vec![], began }
    }

    fn now(&self) -> Instant {
        Instant::START + self.began.elapsed()
    }

    fn turn(&mut self) {
        while self.data.event().unwrap().is_some() {}
        let mut frame = [0; FRAME_BYTES_MAX];
        while let Ok(Some(bytes)) = self.data.read(&mut frame) {
            self.span.frame(self.now(), &frame[..bytes]);
        }
        let now = self.now();
        self.span.tick(now);
        while let Some(output) = self.span.poll() {
            match output {
                Output::Frame(frame) => {
                    self.data.write(&frame).unwrap();
                }
                Output::Leg { call, event } => {
                    if matches!(event, LegEvent::Arrived { .. }) {
                        self.span.answer(now, call);
                    }
                    self.told.push((call, event));
                }
                Output::Sound { slot, call } => self.sounds.push((slot, call)),
                Output::Link { .. } | Output::Restarted { .. } => {}
            }
        }
    }

    fn has(&self, event: &LegEvent) -> bool {
        self.told.iter().any(|(_, told)| told == event)
    }
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn our_two_sides_bring_up_a_span_and_make_a_call_over_real_frames() {
    let began = std::time::Instant::now();
    let (mut user, mut network) =
        (End::new(Side::User, 16, began), End::new(Side::Network, 47, began));
    let until = |user: &mut End, network: &mut End, what: &str, so: &dyn Fn(&End, &End) -> bool| {
        let from = std::time::Instant::now();
        while !so(user, network) {
            assert!(from.elapsed() < SOON, "{what}: {:?} {:?}", user.told, network.told);
            user.turn();
            network.turn();
            std::thread::sleep(Duration::from_millis(2));
        }
        println!("{what} after {} ms", from.elapsed().as_millis());
    };
    let both_up = |user: &End, network: &End| user.span.is_up() && network.span.is_up();
    until(&mut user, &mut network, "the link", &both_up);
    let number = Number::new("95000");
    let dialled = Dialled { number, complete: true, ..Dialled::default() };
    let call = user.span.dial(user.now(), &dialled).unwrap();
    let talks = |user: &End, network: &End| {
        user.has(&LegEvent::Answered) && network.has(&LegEvent::Answered)
    };
    until(&mut user, &mut network, "the answer", &talks);
    let (slot, _) = user.sounds[0];
    assert_eq!(network.sounds[0].0, slot, "both have the same channel");
    user.span.hang_up(user.now(), call, Cause::Normal);
    let over = |user: &End, network: &End| user.span.calls() + network.span.calls() == 0;
    until(&mut user, &mut network, "the end", &over);
    assert!(network.has(&LegEvent::Gone(Cause::Normal)));
    assert_eq!(user.span.counters().odd + network.span.counters().odd, 0);
}

/// libpri on the far D channel: a program of its own behind a socket, whose frames are carried to the
/// card and back.
pub struct Libpri {
    program: Child,
    wire: UnixDatagram,
    data: DataChannel,
    pub said: std::sync::mpsc::Receiver<String>,
}

impl Libpri {
    pub fn new(channel: u16, words: &[&str]) -> Self {
        let (wire, theirs) = UnixDatagram::pair().unwrap();
        wire.set_nonblocking(true).unwrap();
        let mut program = Command::new("/bin/pri")
            .args(words)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, said) = std::sync::mpsc::channel();
        let output = BufReader::new(program.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Self { program, wire, data: kernel().open_data(channel).unwrap(), said }
    }

    pub fn turn(&mut self) {
        while self.data.event().unwrap().is_some() {}
        let mut frame = [0; FRAME_BYTES_MAX];
        while let Ok(Some(bytes)) = self.data.read(&mut frame) {
            // libpri wants room for the check, whatever is in it.
            let _ = self.wire.send(&frame[..bytes + 2]);
        }
        while let Ok(bytes) = self.wire.recv(&mut frame) {
            self.data.write(&frame[..bytes.saturating_sub(2)]).unwrap();
        }
    }
}

impl Drop for Libpri {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn libpri_as_the_network_calls_us_thirty_times_at_once_over_a_real_d_channel() {
    let began = std::time::Instant::now();
    let mut far = Libpri::new(47, &["network", "dial", "60", "30", "2000"]);
    let mut us = End::new(Side::User, 16, began);
    let (mut said, mut most) = (Vec::new(), 0);
    while !said.contains(&"done".to_owned()) || us.span.calls() > 0 {
        assert!(began.elapsed() < 3 * SOON, "{said:?}");
        us.turn();
        far.turn();
        said.extend(far.said.try_iter());
        most = most.max(us.span.calls());
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("{most} calls at most, {} ms", began.elapsed().as_millis());
    assert_eq!(most, 30);
    let answered = us.told.iter().filter(|(_, event)| *event == LegEvent::Answered).count();
    let ended = us.told.iter().filter(|(_, event)| *event == LegEvent::Gone(Cause::Normal)).count();
    let counters = (us.span.counters(), us.span.link_counters());
    assert_eq!((answered, ended), (60, 60), "{said:?} {:?} {counters:?}", us.told);
    let slots: std::collections::BTreeSet<_> = us.sounds.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots.len(), 30);
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn a_span_tells_what_it_is() {
    let span = kernel().span(1).unwrap();
    assert!(span.digital && span.channels == 31, "{span:?}");
    assert!(span.name().starts_with("DYN/loc"), "{}", span.name());
}
