//! Wide-band legs: G.722 to G.722, to G.711, in rooms, under prompts, with loss.

use crate::world::{World, tone, voice};
use media::tone::{Dbm0, Heard, listen, loudest};
use media::{Clip, Command, Event, RoomNo, Slot, TapNo};
use model::{Codec, Digit};

/// A tone at 16 kHz: one of half the frequency at 8 kHz.
fn wide(hz: f32, level: f32) -> Vec<i16> {
    tone(hz / 2.0, level)
}

/// What is heard of 16 kHz, in true frequencies.
fn loudest_wide(samples: &[i16]) -> Option<Heard> {
    loudest(samples).map(|heard| Heard { hz: heard.hz * 2.0, ..heard })
}

#[track_caller]
fn assert_tone(heard: Option<Heard>, hz: f32, level: f32) {
    let Some(heard) = heard else { panic!("nothing is heard") };
    assert!((heard.hz - hz).abs() < 3.0, "{heard}");
    assert!((heard.level.0 - level).abs() < 0.6, "{heard}");
    assert!(heard.purity > 0.97, "{heard}");
}

fn second_of(world: &World, slot: Slot) -> Vec<i16> {
    let heard = world.phones[&slot].heard();
    let second = world.phones[&slot].codec.rate().hz() as usize;
    heard[heard.len() - second..].to_vec()
}

#[test]
fn two_g722_legs_hear_each_others_bytes_and_what_a_narrow_line_cannot_carry() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::G722, Some(101), wide(6500.0, -16.0));
    let b = world.phone(1, Codec::G722, Some(101), wide(300.0, -16.0));
    world.command(Command::Bridge { a, b });
    world.run(3000);
    assert_tone(loudest_wide(&second_of(&world, b)), 6500.0, -16.0);
    assert_tone(loudest_wide(&second_of(&world, a)), 300.0, -16.0);
    let (said, heard) = (&world.phones[&a].said_bytes, &world.phones[&b].heard_bytes);
    let run = &heard[8000..16_000];
    assert!(said.windows(run.len()).any(|said| said == run), "the bytes are passed on");
}

#[test]
fn g722_and_both_laws_hear_each_other_at_level_and_frequency() {
    for law in [Codec::Pcma, Codec::Pcmu] {
        for hz in [400.0, 1000.0, 3300.0] {
            let mut world = World::new(vec![]);
            let a = world.phone(0, Codec::G722, Some(101), wide(hz, -16.0));
            let b = world.phone(1, law, Some(101), tone(hz, -16.0));
            world.command(Command::Bridge { a, b });
            world.run(2500);
            assert_tone(loudest_wide(&second_of(&world, a)), hz, -16.0);
            assert_tone(loudest(&second_of(&world, b)), hz, -16.0);
        }
    }
}

#[test]
fn what_a_narrow_leg_cannot_carry_does_not_come_as_something_else() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::G722, Some(101), wide(5500.0, -10.0));
    let b = world.phone(1, Codec::Pcma, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    world.run(2500);
    let noise = Dbm0::of(&second_of(&world, b)).0;
    assert!(noise < -45.0, "{noise}");
}

#[test]
fn a_room_is_wide_among_wide_legs_and_each_is_without_itself() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::G722, Some(101), wide(6000.0, -16.0));
    let b = world.phone(1, Codec::G722, Some(101), wide(5000.0, -16.0));
    let c = world.phone(2, Codec::Pcma, Some(101), tone(700.0, -16.0));
    for slot in [a, b, c] {
        world.command(Command::Mix { slot, room: RoomNo(0) });
    }
    world.run(2500);
    let level = |samples: &[i16], hz: f32| listen(samples, hz).level.0;
    let (heard_a, heard_b) = (second_of(&world, a), second_of(&world, b));
    for (heard, others, own) in
        [(&heard_a, [5000.0, 700.0], 6000.0), (&heard_b, [6000.0, 700.0], 5000.0)]
    {
        for hz in others {
            assert!((level(heard, hz / 2.0) + 16.0).abs() < 0.8, "{hz}");
        }
        assert!(
            level(heard, own / 2.0) < -60.0,
            "its own is not heard: {}",
            level(heard, own / 2.0)
        );
    }
    let heard_c = second_of(&world, c);
    // 5 and 6 kHz are above a narrow line: neither they nor what they would fold to are heard.
    for hz in [3000.0, 2000.0] {
        assert!(level(&heard_c, hz) < -60.0, "{hz}: {}", level(&heard_c, hz));
    }
    let noise = Dbm0::of(&heard_c).0;
    assert!(noise < -45.0, "{noise}");
}

#[test]
fn keys_are_heard_in_the_sound_of_a_wide_leg() {
    let mut world = World::new(vec![]);
    // A second of silence, then a key of 100 ms at the rate of the phone.
    let mut sound = vec![0; 16_000];
    let mut key = vec![0; 800];
    media::dtmf::KeyTone::new(Digit::new('5').unwrap(), 800).fill(&mut key);
    for (n, sample) in key.iter().enumerate() {
        sound[2 * n] = *sample;
        sound[2 * n + 1] =
            (i32::from(*sample) + i32::from(*key.get(n + 1).unwrap_or(&0))).div_euclid(2) as i16;
    }
    let a = world.phone(0, Codec::G722, None, sound);
    world.run(2900);
    assert_eq!(world.keys(a), "555");
}

#[test]
fn a_prompt_at_16_khz_is_heard_wide_by_a_wide_leg_and_narrow_by_a_narrow_one() {
    let sound: Vec<i16> = wide(5000.0, -16.0)
        .iter()
        .zip(wide(600.0, -16.0))
        .map(|(high, low)| high.saturating_add(low))
        .collect();
    let sound = [sound.clone(), sound].concat();
    let mut world = World::new(vec![Clip::from_pcm(&sound, 16_000).unwrap()]);
    let a = world.phone(0, Codec::G722, Some(101), vec![0]);
    let b = world.phone(1, Codec::Pcma, Some(101), vec![0]);
    world.play(a, 1, &[0], true);
    world.play(b, 2, &[0], true);
    world.run(2000);
    let (heard_a, heard_b) = (second_of(&world, a), second_of(&world, b));
    for hz in [5000.0f32, 600.0] {
        let level = listen(&heard_a, hz / 2.0).level.0;
        assert!((level + 16.0).abs() < 0.6, "{hz} Hz at {level}");
    }
    assert_tone(loudest(&heard_b), 600.0, -16.0);
}

/// The largest step between two samples: what a click is.
fn step(samples: &[i16]) -> i32 {
    samples.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap_or(0)
}

#[test]
fn no_click_is_heard_where_a_peer_a_prompt_and_a_room_take_turns() {
    let mut world = World::new(vec![Clip::narrow(tone(440.0, -16.0))]);
    let a = world.phone(0, Codec::G722, Some(101), wide(350.0, -16.0));
    let b = world.phone(1, Codec::G722, Some(101), vec![0]);
    for turn in 0..40u64 {
        world.command(Command::Bridge { a, b });
        world.run(137);
        world.play(b, turn, &[0], true);
        world.run(101);
        world.command(Command::StopPlay { slot: b });
        world.run(83);
        for slot in [a, b] {
            world.command(Command::Mix { slot, room: RoomNo(1) });
        }
        world.run(97);
    }
    // Two tones of -16 dBm0 that change over at any phase step by both their peaks at most; an
    // encoder out of step with the phone's decoder overshoots that many times.
    let heard = world.phones[&b].heard();
    let peak = Dbm0(-16.0).peak();
    let loudest = heard.iter().map(|s| i32::from(*s).abs()).max().unwrap();
    assert!(loudest < (1.4 * peak) as i32, "{loudest} of {peak}");
    assert!(step(&heard) < (2.2 * peak) as i32, "{}", step(&heard));
}

#[test]
fn a_lossy_wide_call_is_concealed_for_the_other_side_and_for_the_recording() {
    let mut world = World::new(vec![]);
    let sound = voice(5, 8, 75.0);
    let a = world.phone(0, Codec::G722, Some(101), sound);
    let b = world.phone(1, Codec::G722, Some(101), vec![0]);
    world.phone_mut(a).network.loss = 0.05;
    world.command(Command::Bridge { a, b });
    world.command(Command::Tap { slot: a, tap: TapNo(3) });
    world.run(8000);
    let counters = world.counters(a);
    assert!(counters.lost > 5 && counters.concealed_ms >= 20 * counters.lost, "{counters:?}");
    // Each lost packet was made up: no frame heard is a dead one in the midst of speech.
    let heard = world.phones[&b].heard();
    let frames: Vec<f32> = heard.chunks(320).map(|f| Dbm0::of(f).0).collect();
    let dead = frames.windows(3).filter(|w| w[0] > -35.0 && w[1] < -60.0 && w[2] > -35.0).count();
    assert_eq!(dead, 0);
    let peak = |samples: &[i16]| samples.iter().map(|s| i32::from(*s).abs()).max().unwrap();
    let said = peak(&world.phones[&a].sound.clone());
    assert!(peak(&heard) < said * 13 / 10, "{} of {said}", peak(&heard));
    let taps = &world.out.taps[&TapNo(3)];
    assert!(taps.iter().all(|frame| frame.codec == Codec::G722));
    let left: Vec<u8> = taps.iter().flat_map(|frame| frame.left).collect();
    assert_eq!(
        &left[left.len() - 8000..],
        &world.phones[&b].heard_bytes[world.phones[&b].heard_bytes.len() - 8000..]
    );
}

#[test]
fn a_codec_that_changes_in_mid_call_is_heard_both_ways() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::Pcma, Some(101), tone(500.0, -16.0));
    let b = world.phone(1, Codec::Pcma, Some(101), tone(800.0, -16.0));
    world.command(Command::Bridge { a, b });
    world.run(1500);
    // The phone goes on with its numbers and its clock, in G.722 (RFC 3551 4.5.2: the same clock).
    let phone = world.phone_mut(a);
    (phone.codec, phone.payload_type, phone.sound) = (Codec::G722, 9, wide(500.0, -16.0));
    phone.forget();
    world.open(a, true, true);
    world.run(2500);
    assert_tone(loudest_wide(&second_of(&world, a)), 800.0, -16.0);
    assert_tone(loudest(&second_of(&world, b)), 500.0, -16.0);
    assert!(world.engine.poll_retired().is_none(), "G.711 leaves nothing behind");
    let phone = world.phone_mut(a);
    (phone.codec, phone.payload_type, phone.sound) = (Codec::Pcma, 8, tone(500.0, -16.0));
    phone.forget();
    world.open(a, true, true);
    world.run(2500);
    assert_tone(loudest(&second_of(&world, a)), 800.0, -16.0);
    assert!(world.engine.poll_retired().is_some(), "the states are handed back to be freed");
}

/// The level of a frequency in 48 kHz, by frequencies a sixth of what they are.
fn level_full(samples: &[i16], hz: f32) -> f32 {
    listen(samples, hz / 6.0).level.0
}

#[test]
fn opus_and_every_other_codec_hear_each_other_at_level_and_frequency() {
    for codec in Codec::ALL {
        // A whole number of turns in what the phone says over and over.
        let hz = 1200.0;
        let mut world = World::new(vec![]);
        let a = world.phone(0, Codec::Opus, Some(101), tone(hz / 6.0, -16.0));
        let times = codec.rate().times() as f32;
        let b = world.phone(1, codec, Some(101), tone(hz / times, -16.0));
        world.command(Command::Bridge { a, b });
        world.run(3000);
        let level = level_full(&second_of(&world, a), hz);
        assert!((level + 16.0).abs() < 1.0, "{codec:?} to Opus: {level}");
        let level = listen(&second_of(&world, b), hz / times).level.0;
        assert!((level + 16.0).abs() < 1.0, "Opus to {codec:?}: {level}");
    }
}

#[test]
fn rfc7587_a_lost_packet_of_opus_is_repaired_from_the_one_after_it() {
    let sound: Vec<i16> = voice(5, 8, 120.0).iter().flat_map(|s| [*s; 6]).collect();
    let heard = |fec: bool, loss: f32| {
        let mut world = World::new(vec![]);
        let a = world.phone(0, Codec::Opus, Some(101), sound.clone());
        let b = world.phone(1, Codec::Pcma, Some(101), vec![0]);
        if fec {
            world.phone_mut(a).prepare_for_loss(20);
        }
        world.command(Command::Bridge { a, b });
        world.phone_mut(a).network.loss = loss;
        world.run(8000);
        if loss > 0.0 {
            let counters = world.counters(a);
            assert!(counters.lost > 15 && counters.concealed_ms >= 15 * counters.lost);
        }
        world.phones[&b].heard()
    };
    // Power of what is not as it would be without loss, in parts of all.
    let spoilt = |fec: bool| {
        let (whole, lossy) = (heard(fec, 0.0), heard(fec, 0.1));
        let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
        let pairs = whole.iter().zip(&lossy);
        let off = power(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
        off / power(&mut whole.iter().map(|s| f64::from(*s)))
    };
    let (without, with) = (spoilt(false), spoilt(true));
    assert!(with < 0.6 * without, "{with} with, {without} without");
}

#[test]
fn rfc7587_3_1_3_a_pause_of_opus_is_comfort_noise_and_no_loss() {
    // Two seconds of speech and four without, over and over, in a room with its noise.
    let mut random = crate::world::Random(9);
    let speech = voice(5, 2, 120.0).into_iter().flat_map(|s| [s; 6]);
    let speech = speech.chain(std::iter::repeat_n(0, 4 * 48_000));
    let sound: Vec<i16> = speech.map(|s| s + (random.noise() * 120.0) as i16).collect();
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::Opus, Some(101), sound);
    let b = world.phone(1, Codec::Pcma, Some(101), vec![0]);
    world.phone_mut(a).pause_in_silence();
    world.command(Command::Bridge { a, b });
    world.run(30_100);
    let counters = world.counters(a);
    assert!(counters.packets < 900, "{} packets of 1,500 came", counters.packets);
    assert_eq!((counters.lost, counters.concealed_ms, counters.resyncs), (0, 0, 0), "{counters:?}");
    let heard = world.phones[&b].heard();
    let dead = heard[8000..].chunks(160).filter(|frame| frame.iter().all(|s| *s == frame[0]));
    let dead = dead.count();
    assert!(dead < 3, "{dead} frames of a dead line, not of the room");
    let opinion = |event: &Event| match event {
        Event::Quality { slot, figures, .. } if *slot == a => figures.mos,
        _ => None,
    };
    let opinions: Vec<u16> = world.events.iter().filter_map(opinion).collect();
    assert!(opinions.len() == 3 && opinions.iter().all(|mos| *mos > 430), "{opinions:?}");
}

#[test]
fn a_call_in_opus_is_recorded_in_g722_both_ways() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::Opus, Some(101), tone(1200.0 / 6.0, -16.0));
    let b = world.phone(1, Codec::Pcma, Some(101), tone(500.0, -16.0));
    world.command(Command::Bridge { a, b });
    world.command(Command::Tap { slot: a, tap: TapNo(2) });
    world.run(2500);
    let frames = &world.out.taps[&TapNo(2)];
    assert!(frames.iter().all(|frame| frame.codec == Codec::G722));
    let decoded = |bytes: Vec<u8>| {
        use audio_codec::Decoder as _;
        audio_codec::g722::G722Decoder::new().decode(&bytes)
    };
    let left = decoded(frames.iter().flat_map(|frame| frame.left).collect());
    let right = decoded(frames.iter().flat_map(|frame| frame.right).collect());
    assert_tone(loudest_wide(&left[left.len() - 16_000..]), 1200.0, -16.0);
    assert_tone(loudest_wide(&right[right.len() - 16_000..]), 500.0, -16.0);
}

#[test]
fn packets_of_10_20_30_and_60_ms_go_both_ways_without_losing_a_sample() {
    for codec in [Codec::Pcma, Codec::G722] {
        for ms in [10u8, 20, 30, 60] {
            let mut world = World::new(vec![]);
            let times = codec.rate().times() as f32;
            let a = world.phone(0, codec, Some(101), tone(700.0 / times, -16.0));
            let b = world.phone(1, codec, Some(101), tone(900.0 / times, -16.0));
            world.phone_mut(a).packet_ms = u64::from(ms);
            world.phone_mut(a).wants.ms = ms;
            world.open(a, true, true);
            world.command(Command::Bridge { a, b });
            world.run(3000);
            for (slot, hz) in [(a, 900.0), (b, 700.0)] {
                let heard = loudest(&second_of(&world, slot)).unwrap();
                assert!((heard.hz * times - hz).abs() < 3.0, "{codec:?} {ms} ms: {heard}");
                assert!(heard.purity > 0.97, "{codec:?} {ms} ms: {heard}");
            }
            let of = |packet: &Vec<u8>| {
                let packet = media::packet::Packet::parse(packet).unwrap();
                (packet.sequence, packet.timestamp, packet.payload.len())
            };
            let packets: Vec<_> = world.phones[&a].packets.iter().map(of).collect();
            for pair in packets.windows(2) {
                assert_eq!(pair[1].0, pair[0].0.wrapping_add(1));
                assert_eq!(pair[1].1, pair[0].1.wrapping_add(u32::from(ms) * 8));
                assert_eq!(pair[1].2, usize::from(ms) * 8);
            }
        }
    }
}
