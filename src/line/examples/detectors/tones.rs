//! Tones of exchanges: those of China as spandsp makes them, and of all countries as the house does.

use super::far::Far;
use super::impair::{Line, PLAIN, loud};
use super::lines;
use super::port::{Heard, Port};
use super::sounds::{self, Dice};
use media::progress;
use model::Rate;
use model::port::PortEvent;
use model::site::Tones;

/// Times each tone is heard on each line, with another beginning and other noise.
const TIMES: usize = 20;
/// Who answered is to be heard within so many milliseconds of what they say.
const ANSWER_MAX: usize = 2000;
/// Hang-ups by tone, of all countries together.
const HANG_UPS: usize = 5000;

/// Tones found, on every line.
pub fn found(far: &Far) {
    let tones = Tones::default();
    println!("\ntones of China, of spandsp: found of {TIMES}; false hang-ups of {}\n", TIMES * 2);
    println!(
        "| line | busy | congestion | dial | ringback | a voice behind it | answer by ringback | hang-up by \
         dial tone or ringback |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let busy = far.tone(450, 350, 350, 12_000);
    let congestion = far.tone(450, 700, 700, 12_000);
    let dial = far.tone(450, 1000, 0, 6000);
    let ringback = far.tone(450, 1000, 4000, 14_000);
    let voice = as_loud(&sounds::speech(23, 60), &ringback);
    for (name, line) in lines() {
        let mut dice = Dice(3);
        let mut count = [0; 7];
        for time in 0..TIMES {
            let from = time * 173 % 5600;
            let ends = |sound: &[i16], dice: &mut Dice| {
                ends_ms(&tones, &line, sound.get(from..).unwrap(), dice).is_some()
            };
            count[0] += usize::from(ends(&busy, &mut dice));
            count[1] += usize::from(ends(&congestion, &mut dice));
            count[4] += usize::from(ends(&dial, &mut dice));
            count[4] += usize::from(ends(&ringback, &mut dice));
            count[2] += usize::from(dials(&tones, &line, &dial[from..], &mut dice));
            let mut call = ringback[from..].to_vec();
            let rings = call.len();
            // Whoever lifts the receiver says nothing at first, and then is heard from anywhere.
            call.extend([0; 4000]);
            call.extend(voice.iter().skip(from * 60).take(ANSWER_MAX * 8));
            let heard = called(&tones, &line, &dial, &call, &mut dice);
            let before = |ms: usize| ms * 8 < rings;
            count[3] += usize::from(heard.ringing_ms.is_some());
            count[5] += usize::from(heard.answered_ms.is_some_and(|ms| !before(ms)));
            count[6] += usize::from(heard.answered_ms.is_some_and(before));
        }
        let [busy, congestion, dial, ringback, wrong, voice, early] = count;
        println!(
            "| {name} | {busy} | {congestion} | {dial} | {ringback} | {voice} | {early} | {wrong} |"
        );
    }
}

/// When a call ends by a sound.
fn ends_ms(tones: &Tones, line: &Line, sound: &[i16], dice: &mut Dice) -> Option<usize> {
    let mut port = Port::talking(tones, line.law);
    let blocks = line.pass(sound, dice);
    let tick = blocks.iter().position(|block| port.hears(block).contains(&Heard::Gone))?;
    Some((tick + 1) * 20)
}

/// Tells whether the dial tone is heard: without one a number is dialled after 5 s.
fn dials(tones: &Tones, line: &Line, sound: &[i16], dice: &mut Dice) -> bool {
    let mut port = Port::dialling(tones, line.law);
    let blocks = line.pass(sound, dice);
    blocks.iter().take(225).any(|block| port.hears(block).contains(&Heard::Dials))
}

/// What was heard of a call out, and when.
struct Called {
    ringing_ms: Option<usize>,
    answered_ms: Option<usize>,
}

/// Hears a call out, once a good dial tone was heard and the number is dialled.
fn called(tones: &Tones, line: &Line, dial: &[i16], sound: &[i16], dice: &mut Dice) -> Called {
    let mut port = Port::dialling(tones, line.law);
    let before = Line { law: line.law, ..PLAIN }.pass(dial, dice);
    assert!(before.iter().any(|block| port.hears(block).contains(&Heard::Dials)), "it dials");
    port.event(PortEvent::DialComplete);
    let mut called = Called { ringing_ms: None, answered_ms: None };
    for (tick, block) in line.pass(sound, dice).iter().enumerate() {
        let heard = port.hears(block);
        if heard.contains(&Heard::Ringing) {
            called.ringing_ms.get_or_insert(tick * 20);
        }
        if heard.contains(&Heard::Answered) {
            called.answered_ms.get_or_insert(tick * 20);
        }
    }
    called
}

/// A sound brought to the level of another's loud parts.
fn as_loud(sound: &[i16], other: &[i16]) -> Vec<i16> {
    let gain = loud_of(other) / loud_of(sound);
    sound.iter().map(|sample| (f32::from(*sample) * gain) as i16).collect()
}

fn loud_of(sound: &[i16]) -> f32 {
    loud(&sound.iter().map(|sample| f32::from(*sample)).collect::<Vec<f32>>())
}

/// Hang-ups that busy and congestion tones of every country should have ended: after speech that is
/// cut anywhere, on lines of many kinds.
pub fn missed() {
    let speech = sounds::speech(11, 60);
    let mut dice = Dice(17);
    let all: Vec<_> = site::countries()
        .flat_map(|country| {
            let tones = site::tones_of(country).unwrap();
            let periods = [&tones.busy, &tones.congestion]
                .map(|tone| progress::clip(tone).samples(Rate::Narrow).to_vec());
            periods.map(|period| (country, tones.clone(), period))
        })
        .collect();
    let (mut missed, mut times) = (Vec::new(), Vec::new());
    for no in 0..HANG_UPS {
        let (country, tones, period) = &all[no % all.len()];
        let line = Line {
            dbm0: dice.between(-36.0, -9.0),
            noise_db: dice.between(20.0, 40.0),
            clock: dice.between(-1.0, 1.0),
            codecs: (dice.roll() * 4.0) as usize,
            ..PLAIN
        };
        let from = (dice.roll() * 50.0 * 8000.0) as usize;
        let mut sound: Vec<i16> = speech[from..from + 8000].iter().map(|s| s / 4).collect();
        let begins = (dice.roll() * period.len() as f32) as usize;
        sound.extend(period.iter().cycle().skip(begins).take(12 * 8000));
        match ends_ms(tones, &line, &sound, &mut dice) {
            Some(ms) => times.push(ms.saturating_sub(1000)),
            None => missed.push(format!("{country} {:.0} dBm0", line.dbm0)),
        }
    }
    times.sort_unstable();
    let share = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or_default();
    println!(
        "\nhang-ups by tone in all countries, -9 to -36 dBm0, noise 20 to 40 dB below, clock up to \
         1 % off, up to 3 conversions: {} missed of {HANG_UPS} within 12 s; found in {} ms (half), \
         {} ms (99.9 %) {missed:?}",
        missed.len(),
        share(500),
        share(999)
    );
}
