//! Keys as sound: found in noise, not found in speech.

use crate::world::{Random, World, voice};
use media::Command;
use media::dtmf::{FREQUENCIES, KeyTone};
use media::hear::{Filters, KeyEar};
use media::tone::{Dbm0, Tone};
use model::{Digit, Law};

const KEYS: [char; 16] =
    ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '*', '#', 'A', 'B', 'C', 'D'];

/// What an ear behind a law of a line hears.
fn hear(sound: &[i16], line: Law) -> String {
    let (filters, mut ear) = (Filters::new(), KeyEar::default());
    let mut told = String::new();
    for frame in sound.chunks_exact(160) {
        let (mut bytes, mut samples) = ([0; 160], [0; 160]);
        line.encode(frame, &mut bytes);
        line.decode(&bytes, &mut samples);
        told.extend(ear.hear(&filters, &samples).map(Digit::as_char));
    }
    told
}

fn add_noise(sound: &mut [i16], level: Dbm0, random: &mut Random) {
    let deviation = level.peak() / std::f32::consts::SQRT_2;
    for sample in sound {
        let noisy = f32::from(*sample) + random.noise() * deviation;
        *sample = noisy.clamp(-32768.0, 32767.0) as i16;
    }
}

#[test]
fn a_thousand_keys_of_all_kinds_are_found_in_noise_each_once() {
    let mut random = Random(2024);
    let mut sound = Vec::new();
    let mut pressed = String::new();
    for _ in 0..1000 {
        let key = KEYS[random.below(16) as usize];
        pressed.push(key);
        // 40 to 120 ms long and apart, -22 to -5 dBm0, twist -8 to +4 dB, 1.5% off.
        let tone = 320 + random.below(640) as usize;
        let pause = 320 + random.below(640) as usize;
        let low = -22.0 + 17.0 * random.share();
        let high = (low - 8.0 + 12.0 * random.share()).min(-4.0);
        let off = 1.0 + 0.015 * (2.0 * random.share() - 1.0);
        let digit = Digit::new(key).unwrap();
        let mut key = KeyTone::with_levels(digit, tone, (Dbm0(low), Dbm0(high)), off);
        let mut samples = vec![0; tone + pause];
        key.fill(&mut samples[..tone]);
        // Noise 15 dB below the weaker tone.
        let weaker = low.min(high);
        add_noise(&mut samples, Dbm0(weaker - 15.0), &mut random);
        sound.extend(samples);
    }
    sound.extend([0; 320]);
    assert_eq!(hear(&sound, Law::A), pressed);
    assert_eq!(hear(&sound, Law::Mu), pressed);
}

#[test]
fn a_key_held_for_ten_seconds_is_one_key_and_a_short_dropout_does_not_split_it() {
    let mut sound = vec![0; 80_000];
    KeyTone::new(Digit::new('7').unwrap(), 80_000).fill(&mut sound);
    sound[40_000..40_120].fill(0);
    assert_eq!(hear(&sound, Law::A), "7");
}

#[test]
fn ten_minutes_of_babble_hold_no_key() {
    let mut talk = Vec::new();
    for minute in 0..10u64 {
        // One to four people at once, of different pitch and level.
        let people = 1 + minute % 4;
        let mut mix = vec![0f32; 60 * 8000];
        for person in 0..people {
            let pitch = 90.0 + 35.0 * ((minute * 3 + person * 2) % 6) as f32;
            let speech = voice(minute * 10 + person, 60, pitch);
            let gain = 1.0 - 0.2 * person as f32;
            mix.iter_mut().zip(speech).for_each(|(sum, s)| *sum += f32::from(s) * gain);
        }
        talk.extend(mix.iter().map(|s| s.clamp(-32000.0, 32000.0) as i16));
    }
    assert_eq!(hear(&talk, Law::A), "");
}

#[test]
fn tones_that_are_no_key_are_not_taken() {
    let two = |a: f32, level_a: f32, b: f32, level_b: f32, len: usize| {
        let (mut a, mut b) = (Tone::new(a, Dbm0(level_a)), Tone::new(b, Dbm0(level_b)));
        let mut sound: Vec<i16> =
            (0..len).map(|_| (a.sample() + b.sample()).round() as i16).collect();
        sound.extend([0; 800]);
        sound
    };
    let not = |what: &str, sound: &[i16]| assert_eq!(hear(sound, Law::A), "", "{what}");
    not("one tone", &two(697.0, -10.0, 1209.0, -90.0, 1600));
    not("too different", &two(697.0, -10.0, 1209.0, -25.0, 1600));
    not("too different the other way", &two(697.0, -20.0, 1209.0, -10.0, 1600));
    not("too faint", &two(697.0, -45.0, 1209.0, -45.0, 1600));
    not("20 ms", &two(697.0, -10.0, 1209.0, -10.0, 160));
    not("two of one group", &two(697.0, -10.0, 941.0, -10.0, 1600));
    not("dial tone of North America", &two(350.0, -13.0, 440.0, -13.0, 16_000));
    not("ring-back of North America", &two(440.0, -19.0, 480.0, -19.0, 16_000));
    for (row, hz) in FREQUENCIES[..4].iter().enumerate() {
        not("3.5% off", &two(hz * 1.035, -10.0, FREQUENCIES[4 + row], -10.0, 1600));
        not("3.5% off", &two(*hz, -10.0, FREQUENCIES[4 + row] * 0.965, -10.0, 1600));
    }
    assert_eq!(hear(&two(697.0, -10.0, 1209.0, -10.0, 1600), Law::A), "1");
}

#[test]
fn a_key_pressed_during_a_prompt_is_heard_through_its_echo() {
    let mut sound = voice(5, 4, 200.0);
    // The prompt comes back from the line 20 dB weaker.
    sound.iter_mut().for_each(|s| *s /= 10);
    let mut pressed = vec![0; 800];
    let mut places = Vec::new();
    for (n, key) in ['3', '3', '#'].into_iter().enumerate() {
        let levels = (Dbm0(-18.0), Dbm0(-17.0));
        KeyTone::with_levels(Digit::new(key).unwrap(), 800, levels, 1.0).fill(&mut pressed);
        let at = 4000 + n * 8000 + n * 33;
        sound[at..at + 800].iter_mut().zip(&pressed).for_each(|(s, p)| *s += p);
        places.push(at);
    }
    assert_eq!(hear(&sound, Law::A), "33#");
}

#[test]
fn keys_in_the_sound_count_on_lines_and_on_phones_without_events_only() {
    let mut sound = vec![0; 8000];
    KeyTone::new(Digit::new('8').unwrap(), 800).fill(&mut sound[2000..2800]);
    let mut world = World::new(vec![]);
    let line = world.line(0, Law::A, &sound);
    let without = world.phone(1, Law::Mu, None, sound.clone());
    let with = world.phone(2, Law::A, Some(101), sound);
    world.command(Command::Bridge { a: line, b: with });
    world.run(990);
    assert_eq!(
        (world.keys(line), world.keys(without), world.keys(with)),
        ("8".into(), "8".into(), String::new())
    );
}
