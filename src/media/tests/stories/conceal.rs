//! What is lost is made up better than by a gap.
//!
//! Measures, both over the 20 ms frames that were lost: segmental SNR (mean over
//! those frames of 10 log10 of signal to error power, each limited to -10..35 dB) and log-spectral
//! distance (root mean square over 24 bands of 150 Hz of the difference in dB, with a floor of
//! -60 dBm0 a band).

use crate::world::{Network, World, tone, voice};
use media::tone::{Dbm0, listen};
use media::{Command, TapNo};
use model::Law;

const FRAME: usize = 160;

fn segmental_snr_db(clean: &[i16], heard: &[i16]) -> f32 {
    let signal: f32 = clean.iter().map(|&s| f32::from(s).powi(2)).sum();
    let error: f32 =
        clean.iter().zip(heard).map(|(&c, &h)| (f32::from(c) - f32::from(h)).powi(2)).sum();
    (10.0 * ((signal + 1.0) / (error + 1.0)).log10()).clamp(-10.0, 35.0)
}

fn spectral_distance_db(clean: &[i16], heard: &[i16]) -> f32 {
    let band = |sound: &[i16], n: usize| listen(sound, 225.0 + 150.0 * n as f32).level.0.max(-60.0);
    let squares: f32 = (0..24).map(|n| (band(clean, n) - band(heard, n)).powi(2)).sum();
    (squares / 24.0).sqrt()
}

/// Mean measures over lost frames: made up, and zeros where it was lost.
struct Result {
    made_up: (f32, f32),
    gap: (f32, f32),
}

fn measure(sound: Vec<i16>, loss: f32, seed: u64) -> Result {
    // What the leg said in each tick, and whether all of it was made up.
    let run = |loss: f32| {
        let mut world = World::new(vec![]);
        world.random.0 = seed;
        let a = world.phone(0, Law::A, Some(101), sound.clone());
        world.command(Command::Tap { slot: a, tap: TapNo(0) });
        world.run(500);
        world.phone_mut(a).network = Network { loss, ..Network::default() };
        let mut made_up = vec![false; 25];
        while made_up.len() < 1500 {
            let before = world.counters(a).concealed_ms;
            world.run(20);
            made_up.push(world.counters(a).concealed_ms - before == 20);
        }
        let frames = world.out.taps[&TapNo(0)].iter().map(|frame| frame.left);
        frames.zip(made_up).collect::<Vec<_>>()
    };
    let (clean, heard) = (run(0.0), run(loss));
    let lost = heard.iter().filter(|(_, made_up)| *made_up).count() as f32;
    assert!((lost - 1475.0 * loss).abs() < 1475.0 * loss * 0.35, "{lost} lost");
    let decoded = |bytes: &[u8; FRAME]| {
        let mut samples = [0; FRAME];
        Law::A.decode(bytes, &mut samples);
        samples
    };
    let (mut made_up, mut gap, mut count) = ((0.0, 0.0), (0.0, 0.0), 0.0);
    for ((clean, _), (heard, lost)) in clean.iter().zip(&heard) {
        let (clean, heard) = (decoded(clean), decoded(heard));
        // Only where something was said.
        if !lost || Dbm0::of(&clean) < Dbm0(-40.0) {
            continue;
        }
        count += 1.0;
        made_up.0 += segmental_snr_db(&clean, &heard);
        made_up.1 += spectral_distance_db(&clean, &heard);
        gap.0 += segmental_snr_db(&clean, &[0; FRAME]);
        gap.1 += spectral_distance_db(&clean, &[0; FRAME]);
    }
    assert!(count > 20.0, "{count} frames lost");
    let mean = |sum: (f32, f32)| (sum.0 / count, sum.1 / count);
    let result = Result { made_up: mean(made_up), gap: mean(gap) };
    eprintln!(
        "{count} frames, made up: SNR {:.1} dB, distance {:.1} dB; gap: {:.1} dB, {:.1} dB",
        result.made_up.0, result.made_up.1, result.gap.0, result.gap.1
    );
    result
}

#[test]
fn a_tone_with_five_percent_lost_is_nearly_whole() {
    let result = measure(tone(1000.0, -10.0), 0.05, 5);
    assert!(result.made_up.0 > result.gap.0 + 10.0);
    assert!(result.made_up.1 < result.gap.1 / 2.0);
}

#[test]
fn a_voice_with_five_percent_lost_is_nearer_to_itself_than_with_gaps() {
    for (seed, pitch_hz) in [(1, 110.0), (2, 150.0), (3, 190.0)] {
        let result = measure(voice(seed, 30, pitch_hz), 0.05, seed);
        assert!(result.made_up.0 > result.gap.0 + 0.5, "{pitch_hz} Hz");
        assert!(result.made_up.1 < result.gap.1 / 2.0, "{pitch_hz} Hz");
    }
}

#[test]
fn ten_percent_lost_keep_the_level_of_the_voice() {
    let mut world = World::new(vec![]);
    let sound = voice(9, 10, 140.0);
    let level = Dbm0::of(&sound);
    let a = world.phone(0, Law::A, Some(101), sound);
    let b = world.phone(1, Law::A, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    world.phone_mut(a).network = Network { loss: 0.1, ..Network::default() };
    world.run(30_000);
    let heard = Dbm0::of(&world.phones[&b].heard());
    assert!((heard.0 - level.0).abs() < 1.0, "{heard} of {level}");
    let counters = world.counters(a);
    assert!((2200..=3800).contains(&counters.concealed_ms), "{counters:?}");
    assert!(counters.lost - counters.concealed_ms / 20 <= 3, "but for the buffer: {counters:?}");
}

#[test]
fn a_sound_that_breaks_off_fades_within_60_ms() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let b = world.phone(1, Law::A, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    world.run(1000);
    world.phone_mut(a).mute = true;
    world.run(100);
    world.phone_mut(b).forget();
    world.run(2000);
    assert!(world.phones[&b].heard_bytes.iter().all(|&byte| byte == Law::A.silence()));
    assert!(world.counters(a).concealed_ms <= 200, "{:?}", world.counters(a));
}
