//! The care for what a leg says, judged by what the other side hears of it.

use crate::ear::{Ear, aligned};
use crate::speech::speech;
use crate::world::{Random, World, tone};
use media::care::{Care, HIGHEST, LOWEST, Terms, budget_us};
use media::tone::Dbm0;
use media::{Command, Slot, TapNo};
use model::{Codec, Law};

const NOISE: Terms = Terms { noise: true, level: false };
const LEVEL: Terms = Terms { noise: false, level: true };

/// What a phone hears of another that says a sound, with some care for it.
fn heard(sound: &[i16], terms: Terms) -> (World, Vec<i16>) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::Pcma, Some(101), sound.to_vec());
    let b = world.phone(1, Codec::Pcma, Some(101), tone(400.0, -20.0));
    world.command(Command::Bridge { a, b });
    world.command(Command::Tap { slot: a, tap: TapNo(0) });
    world.command(Command::Care { slot: a, care: Care::new(terms) });
    world.run(sound.len() as u64 / 8);
    let heard = world.phones[&b].heard();
    (world, heard)
}

/// Noise of a level: white, or of a street (most of it below 500 Hz).
fn noise(len: usize, level: f32, street: bool) -> Vec<i16> {
    let mut random = Random(5);
    let mut low = 0.0;
    let raw: Vec<f32> = (0..len)
        .map(|_| {
            let white = random.noise();
            low += (white - low) * if street { 0.25 } else { 1.0 };
            low
        })
        .collect();
    let power = raw.iter().map(|x| x * x).sum::<f32>() / len as f32;
    let gain = Dbm0(level).peak() / std::f32::consts::SQRT_2 / power.sqrt();
    raw.iter().map(|x| (x * gain) as i16).collect()
}

fn sum(one: &[i16], other: &[i16]) -> Vec<i16> {
    one.iter().zip(other).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// Levels of what was heard where the clean speech speaks and where it is silent, after 5 s.
fn levels(clean: &[i16], heard: &[i16]) -> (f32, f32) {
    let (mut speech, mut pauses) = (Vec::new(), Vec::new());
    let frames = clean.chunks_exact(160).zip(heard.chunks_exact(160)).skip(250);
    let mut quiet = 0;
    for (clean, heard) in frames {
        quiet = if Dbm0::of(clean).0 < -60.0 { quiet + 1 } else { 0 };
        match (Dbm0::of(clean).0, quiet) {
            (-30.0..=0.0, _) => speech.extend(heard),
            (_, 5..) => pauses.extend(heard),
            _ => {}
        }
    }
    (Dbm0::of(&speech).0, Dbm0::of(&pauses).0)
}

#[test]
fn noise_is_taken_away_and_speech_is_nearer_to_the_clean_one() {
    let (ear, clean) = (Ear::new(), speech());
    for (street, below) in [(false, 10.0), (false, 20.0), (true, 10.0), (true, 20.0)] {
        let noisy = sum(&clean, &noise(clean.len(), -20.0 - below, street));
        let mut judged = Vec::new();
        for terms in [Terms::default(), NOISE] {
            let (_, heard) = heard(&noisy, terms);
            let heard = aligned(&clean, &heard, 4000);
            let (speech, pauses) = levels(&clean, &heard);
            let q = ear.equivalent_q(&clean, ear.distance(&clean, &heard));
            judged.push((speech - pauses, q));
        }
        let [(before, q_before), (after, q_after)] = judged[..] else { panic!() };
        let kind = if street { "street" } else { "white" };
        println!(
            "{kind} noise {below} dB below speech: {before:.0} to {after:.0} dB, \
             as MNRU {q_before:.0} to {q_after:.0} dB"
        );
        let gained = if below < 15.0 { 8.0 } else { 4.0 };
        assert!(after > before + gained, "{kind} {below}: {before} to {after} dB");
        assert!(q_after > q_before, "{kind} {below}: {q_before} to {q_after} dB");
    }
}

#[test]
fn clean_speech_is_hardly_touched() {
    let (ear, clean) = (Ear::new(), speech());
    let (_, heard) = heard(&clean, NOISE);
    let heard = aligned(&clean, &heard, 4000);
    let (level, _) = levels(&clean, &heard);
    let (before, _) = levels(&clean, &clean);
    let q = ear.equivalent_q(&clean, ear.distance(&clean, &heard));
    println!("clean speech: {before:.1} to {level:.1} dBm0, as MNRU {q:.0} dB");
    assert!((level - before).abs() < 1.0, "{before} to {level} dBm0");
    assert!(q > 22.0, "{q} dB");
}

#[test]
fn the_tone_of_a_fax_passes_untouched_and_after_it_everything_on_both_sides() {
    for (hz, ms) in [(2100.0, 3000), (1100.0, 500)] {
        let mut sound = noise(8 * 1000, -50.0, false);
        sound.extend(&tone(hz, -14.0).repeat(4)[..8 * ms]);
        sound.extend(noise(8 * 4000, -18.0, false));
        let mut world = World::new(vec![]);
        let a = world.phone(0, Codec::Pcma, Some(101), sound);
        let b = world.phone(1, Codec::Pcma, Some(101), noise(8 * 9000, -18.0, false));
        world.command(Command::Bridge { a, b });
        for slot in [a, b] {
            let care = Care::new(Terms { noise: true, level: true });
            world.command(Command::Care { slot, care });
        }
        world.run(1000 + ms as u64);
        for (slot, other) in [(a, b), (b, a)] {
            world.phone_mut(slot).forget();
            world.phone_mut(other).said_bytes.clear();
        }
        world.run(3000);
        for (from, to) in [(a, b), (b, a)] {
            let heard = &world.phones[&to].heard_bytes;
            let said = &world.phones[&from].said_bytes;
            let start = heard.windows(320).position(|some| some == &said[..320]);
            let start = start.unwrap_or_else(|| panic!("{hz} Hz: {from:?} is not heard as it was"));
            let len = heard.len() - start;
            assert!(len > 20_000);
            assert_eq!(heard[start..], said[..len]);
        }
    }
    // The tone itself is at its level all along, the first 200 ms of it too.
    let sound = [noise(8000, -60.0, false), tone(2100.0, -14.0), tone(2100.0, -14.0)].concat();
    let (_, heard) = heard(&sound, NOISE);
    let level = |frame: &[i16]| media::tone::listen(frame, 2100.0).level.0;
    let frames: Vec<f32> = heard.chunks_exact(320).map(level).collect();
    let first = frames.iter().position(|level| *level > -20.0).unwrap();
    let faint = frames[first + 1..first + 40].iter().filter(|level| (**level + 14.0).abs() > 1.5);
    assert!(faint.count() <= 1, "{:?}", &frames[first..first + 12]);
}

#[test]
fn a_fax_is_heard_of_a_side_that_is_not_cared_for_and_still_is_one_when_it_is_put_through() {
    let mut world = World::new(vec![]);
    let fax = [noise(8 * 1000, -50.0, false), tone(1100.0, -14.0).repeat(2)[..4000].to_vec()];
    let fax = [fax.concat(), noise(8 * 9000, -20.0, false)].concat();
    let cared = world.phone(0, Codec::Pcma, Some(101), noise(8 * 9000, -18.0, false));
    let fax = world.phone(1, Codec::Pcma, Some(101), fax);
    let next = world.phone(2, Codec::Pcma, Some(101), noise(8 * 9000, -18.0, false));
    for slot in [cared, next] {
        let care = Care::new(Terms { noise: true, level: true });
        world.command(Command::Care { slot, care });
    }
    world.command(Command::Bridge { a: cared, b: fax });
    world.run(1700);
    let hears_as_it_was = |world: &mut World, from: Slot| {
        world.phone_mut(fax).forget();
        world.phone_mut(from).said_bytes.clear();
        world.run(1000);
        let (heard, said) = (&world.phones[&fax].heard_bytes, &world.phones[&from].said_bytes);
        let start = heard.windows(320).position(|some| some == &said[..320]);
        start.is_some_and(|start| heard[start..] == said[..heard.len() - start])
    };
    assert!(hears_as_it_was(&mut world, cared));
    world.command(Command::Bridge { a: fax, b: next });
    world.run(200);
    assert!(hears_as_it_was(&mut world, next), "put through");
}

#[test]
fn care_beyond_what_a_tick_has_time_for_is_not_taken_and_is_counted() {
    let one = Care::new(NOISE).unwrap().cost_us();
    let legs = (budget_us(200) / one) as u16;
    assert!((8..=64).contains(&legs), "{legs} legs");
    let mut world = World::with_legs(vec![], 200);
    for n in 0..200 {
        let slot = world.phone(n, Law::A, Some(101), vec![0]);
        world.command(Command::Care { slot, care: Care::new(NOISE) });
    }
    let refused = |world: &World| world.engine.engine_counters().care_refused;
    assert_eq!(refused(&world), u64::from(200 - legs));
    assert_eq!(world.engine.engine_counters().commands_refused, 0);
    // Who had it has it anew, and who goes makes room.
    world.command(Command::Care { slot: Slot(0), care: Care::new(NOISE) });
    world.command(Command::Close { slot: Slot(1) });
    world.command(Command::Care { slot: Slot(199), care: Care::new(NOISE) });
    assert_eq!(refused(&world), u64::from(200 - legs));
    // A box for many calls has little left, and something always.
    assert!(budget_us(1000) < budget_us(200) && budget_us(60_000) >= 8 * one);
}

#[test]
fn music_of_the_far_side_is_not_told_from_noise_for_certain_and_loses_some_of_its_level() {
    // Not what is wanted: it is to be left as it is (README, "not here yet").
    let music = music();
    let (_, heard) = heard(&music, NOISE);
    let heard = aligned(&music, &heard, 4000);
    let last = 8 * 10_000..8 * 25_000;
    let (said, came) = (Dbm0::of(&music[last.clone()]).0, Dbm0::of(&heard[last.clone()]).0);
    println!("music of {said:.1} dBm0: {came:.1} dBm0");
    assert!((-0.5..6.0).contains(&(said - came)), "{said} to {came} dBm0");
}

/// The box' own music on hold at 8 kHz.
fn music() -> Vec<i16> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../../images/prompts/music/hold.flac");
    let mut reader = claxon::FlacReader::open(path).unwrap();
    let rate = reader.streaminfo().sample_rate;
    let wide: Vec<i16> = reader.samples().map(|s| s.unwrap() as i16).collect();
    media::Clip::from_pcm(&wide, rate).unwrap().samples(model::Rate::Narrow).to_vec()
}

#[test]
fn voices_too_faint_and_too_loud_come_within_bounds_and_noise_between_does_not_swell() {
    let (clean, own) = (speech(), -20.0);
    for level in [-9.0, -14.0, -20.0, -26.0, -32.0, -38.0] {
        let gain = 10f32.powf((level - own) / 20.0);
        let said: Vec<i16> = clean
            .iter()
            .map(|s| (f32::from(*s) * gain).clamp(-32_000.0, 32_000.0) as i16)
            .collect();
        // Noise that stands above the steps of the law.
        let said = sum(&said, &noise(said.len(), (level - 35.0).max(-58.0), false));
        let (_, heard) = heard(&said, LEVEL);
        let heard = aligned(&said, &heard, 4000);
        // The last half: voice has moved the gain by then.
        let half = clean.len() / 2;
        let (speech_before, pauses_before) = levels(&clean[half..], &said[half..]);
        let (speech, pauses) = levels(&clean[half..], &heard[half..]);
        println!(
            "speech of {level} dBm0: {speech_before:.1} to {speech:.1}, pauses {pauses_before:.1} \
             to {pauses:.1} dBm0"
        );
        let (gained, pauses_gained) = (speech - speech_before, pauses - pauses_before);
        assert!((gained - pauses_gained).abs() < 1.5, "{level}: {gained}, {pauses_gained} dB");
        let lowest = LOWEST.0.min(level + media::care::GAIN_DB_MAX) - 3.0;
        assert!((lowest..=HIGHEST.0 + 4.0).contains(&speech), "{level}: {speech} dBm0");
        if (LOWEST.0..=HIGHEST.0).contains(&level) {
            assert!(gained.abs() < 0.5, "what is within the bounds is left: {gained} dB");
        }
    }
}

#[test]
fn noise_that_stands_still_does_not_swell_however_loud_it_is() {
    for level in [-45.0, -35.0, -28.0] {
        let said = noise(8 * 20_000, level, false);
        let (_, heard) = heard(&said, LEVEL);
        let last = Dbm0::of(&heard[heard.len() - 16_000..]).0;
        assert!((last - level).abs() < 1.0, "{level} dBm0 became {last}");
    }
}

#[test]
fn the_recording_keeps_what_came_and_the_other_side_of_it_what_was_heard() {
    let noisy = sum(&speech()[..80_000], &noise(80_000, -30.0, false));
    let (world, _) = heard(&noisy, NOISE);
    let left: Vec<u8> = world.out.taps[&TapNo(0)].iter().flat_map(|frame| frame.left).collect();
    let said = &world.phones[&Slot(0)].said_bytes;
    let start = left.windows(320).position(|some| some == &said[..320]).unwrap();
    assert_eq!(left[start..], said[..left.len() - start]);
}

#[test]
fn the_recording_of_a_leg_in_opus_keeps_what_came_too() {
    let mut recorded = Vec::new();
    for terms in [Terms::default(), Terms { noise: true, level: true }] {
        let mut world = World::new(vec![]);
        let a = world.phone(0, Codec::Opus, Some(101), noise(48_000, -35.0, false));
        let b = world.phone(1, Codec::Pcma, Some(101), vec![0]);
        world.command(Command::Bridge { a, b });
        world.command(Command::Tap { slot: a, tap: TapNo(0) });
        world.command(Command::Care { slot: a, care: Care::new(terms) });
        world.run(4000);
        let frames = &world.out.taps[&TapNo(0)];
        recorded.push(frames.iter().map(|frame| frame.left).collect::<Vec<_>>());
    }
    assert!(recorded[0].len() > 190);
    assert!(recorded[0] == recorded[1], "what was done for the sound is in the recording");
}

#[test]
fn where_nothing_is_to_be_done_or_no_longer_bytes_pass_as_they_are() {
    assert!(Care::new(Terms::default()).is_none());
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), speech());
    let b = world.phone(1, Law::A, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    world.command(Command::Care { slot: a, care: Care::new(NOISE) });
    world.run(1000);
    world.command(Command::Care { slot: a, care: None });
    world.phone_mut(b).forget();
    world.phone_mut(a).said_bytes.clear();
    world.run(2000);
    let (said, heard) = (&world.phones[&a].said_bytes, &world.phones[&b].heard_bytes);
    let start = heard.windows(640).position(|some| some == &said[..640]).unwrap();
    assert_eq!(heard[start..], said[..heard.len() - start]);
    let nowhere = Command::Care { slot: Slot(7), care: Care::new(NOISE) };
    world.command(nowhere);
    assert_eq!(world.engine.engine_counters().commands_refused, 1);
    assert!(world.engine.poll_retired().is_some(), "what was done with is handed back");
}
