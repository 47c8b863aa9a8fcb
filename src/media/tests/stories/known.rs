//! What is known of a talk: who is heard in it, and how it sounds.

use crate::world::{World, tone, voice};
use media::{Command, Event, RoomNo, Slot};
use model::quality::{Figures, Muted};
use model::{Codec, Law};

/// Two phones in a talk: one speaks, the other says `sound`.
fn talk(sound: Vec<i16>) -> (World, Slot, Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), voice(1, 20, 130.0));
    let b = world.phone(1, Law::A, Some(101), sound);
    world.command(Command::Bridge { a, b });
    (world, a, b)
}

fn muted(world: &World) -> Vec<(Slot, Option<Muted>)> {
    let muted = |event: &Event| match event {
        Event::Muted { slot, muted } => Some((*slot, *muted)),
        _ => None,
    };
    world.events.iter().filter_map(muted).collect()
}

fn figures(world: &World, of: Slot) -> Vec<(Figures, bool)> {
    let figures = |event: &Event| match event {
        Event::Quality { slot, figures, last } if *slot == of => Some((*figures, *last)),
        _ => None,
    };
    world.events.iter().filter_map(figures).collect()
}

/// Noise at some -65 dBm0: what a gateway makes up so that the line does not sound dead.
fn comfort() -> Vec<i16> {
    let mut random = crate::world::Random(4);
    (0..16_000).map(|_| (random.noise() * 12.0) as i16).collect()
}

#[test]
fn one_who_is_not_heard_from_the_beginning_is_told_of_within_ten_seconds() {
    for sound in [vec![0], vec![8], comfort()] {
        let (mut world, _, b) = talk(sound);
        world.run(8500);
        assert_eq!(muted(&world), []);
        world.run(1500);
        assert_eq!(muted(&world), [(b, Some(Muted::Unheard))]);
        world.phone_mut(b).sound = voice(2, 5, 190.0);
        world.run(2000);
        assert_eq!(muted(&world)[1..], [(b, None)]);
    }
}

#[test]
fn comfort_noise_in_words_alone_is_silence() {
    let (mut world, _, b) = talk(vec![0]);
    world.phone_mut(b).pauses = true;
    world.run(10_000);
    assert_eq!(muted(&world), [(b, Some(Muted::Unheard))]);
}

#[test]
fn one_who_spoke_and_listens_with_the_phone_muted_is_not_told_of() {
    let (mut world, _, b) = talk(voice(2, 5, 190.0));
    world.run(4000);
    world.phone_mut(b).sound = vec![0];
    world.run(120_000);
    assert_eq!(muted(&world), []);
}

#[test]
fn nobody_is_told_of_on_hold_in_a_menu_or_alone() {
    let (mut world, a, b) = talk(vec![0]);
    world.open(b, true, false);
    world.run(30_000);
    assert_eq!(muted(&world), [], "held");
    world.open(b, true, true);
    world.play(b, 1, &[], true);
    world.run(30_000);
    assert_eq!(muted(&world), [], "hears a play");
    world.command(Command::StopPlay { slot: b });
    world.command(Command::Unbridge { slot: a });
    world.run(30_000);
    assert_eq!(muted(&world), [], "alone");
    world.command(Command::Bridge { a, b });
    world.run(10_000);
    assert_eq!(muted(&world), [(b, Some(Muted::Unheard))], "and now in a talk");
    world.open(b, false, false);
    world.run(1000);
    assert_eq!(muted(&world)[1..], [(b, None)], "held: it is not to be heard");
}

#[test]
fn one_of_a_room_who_is_not_heard_is_told_of() {
    let (mut world, a, b) = talk(vec![0]);
    let c = world.phone(2, Law::A, Some(101), voice(3, 20, 160.0));
    for slot in [a, b, c] {
        world.command(Command::Mix { slot, room: RoomNo(1) });
    }
    world.run(10_000);
    assert_eq!(muted(&world), [(b, Some(Muted::Unheard))]);
}

#[test]
fn figures_come_every_ten_seconds_and_at_the_end() {
    let (mut world, a, _) = talk(voice(2, 20, 190.0));
    world.run(35_000);
    world.command(Command::Close { slot: a });
    world.run(20);
    let figures = figures(&world, a);
    let ends: Vec<bool> = figures.iter().map(|(_, last)| *last).collect();
    assert_eq!(ends, [false, false, false, true]);
    let (second, _) = figures[1];
    assert!((10_000..=10_080).contains(&second.ms), "{second:?}");
    assert!((495..=505).contains(&second.packets) && second.lost == 0, "{second:?}");
    assert!((-24..=-16).contains(&second.level_dbm0.unwrap()), "{second:?}");
    assert!(second.voice_ms > 5000 && second.mos.unwrap() > 430, "{second:?}");
    assert!((4500..=5100).contains(&figures[3].0.ms), "{figures:?}");
}

#[test]
fn loss_and_a_long_way_are_heard_in_the_opinion() {
    let opinion = |loss, delay_us| {
        let (mut world, a, _) = talk(voice(2, 20, 190.0));
        world.phone_mut(a).network.loss = loss;
        world.phone_mut(a).network.delay_us = delay_us;
        world.run(30_000);
        let (figures, _) = *figures(&world, a).last().unwrap();
        assert!(figures.concealed_ms > 0 || loss == 0.0, "{figures:?}");
        figures.mos.unwrap()
    };
    let by_loss = [0.0, 0.02, 0.05, 0.1, 0.2].map(|loss| opinion(loss, 0));
    assert!(by_loss.windows(2).all(|pair| pair[0] > pair[1]), "{by_loss:?}");
    assert!(by_loss[0] > 430 && by_loss[2] > 330 && by_loss[4] < 310, "{by_loss:?}");
}

/// The opinions of each span of a leg.
fn opinions(world: &World, of: Slot) -> Vec<Option<u16>> {
    figures(world, of).iter().map(|(figures, _)| figures.mos).collect()
}

#[test]
fn where_nothing_was_to_come_there_is_no_opinion() {
    let (mut world, a, b) = talk(vec![0]);
    world.phone_mut(b).mute = true;
    world.command(Command::Unbridge { slot: a });
    world.run(10_100);
    let (first, _) = figures(&world, b)[0];
    assert_eq!((first.mos, first.packets, first.level_dbm0), (None, 0, None), "alone");
    assert_eq!(first.dead_ms / 100, 100);
    world.command(Command::Bridge { a, b });
    world.open(b, true, false);
    world.run(20_000);
    assert_eq!(opinions(&world, b), [None; 3], "held");
}

#[test]
fn one_of_whom_nothing_comes_in_a_talk_has_the_worst_opinion() {
    let (mut world, _, b) = talk(vec![0]);
    world.phone_mut(b).mute = true;
    world.run(20_100);
    assert_eq!(opinions(&world, b), [Some(100), Some(100)], "from the beginning");
    let (mut world, _, b) = talk(voice(2, 20, 190.0));
    world.run(10_000);
    world.phone_mut(b).network.loss = 1.0;
    world.run(20_100);
    let (figures, _) = figures(&world, b)[2];
    assert_eq!((figures.mos, figures.packets), (Some(100), 0), "{figures:?}");
    assert!((495..=505).contains(&figures.lost), "{figures:?}");
}

#[test]
fn a_hole_of_five_seconds_is_in_the_opinion_wherever_it_lies() {
    // Within a span, over the end of one, and at the end of the call.
    for (before, after) in [(12_000, 13_500), (17_500, 12_600), (15_100, 0)] {
        let (mut world, a, _) = talk(voice(2, 20, 190.0));
        world.run(before);
        world.phone_mut(a).network.loss = 1.0;
        world.run(5000);
        world.phone_mut(a).network.loss = 0.0;
        world.run(after);
        let opinions = opinions(&world, a);
        assert!(opinions[0] > Some(430), "{before}: {opinions:?}");
        assert!(opinions[1] < Some(200), "{before}: {opinions:?}");
        let figures = figures(&world, a);
        let lost: u16 = figures.iter().map(|(figures, _)| figures.lost).sum();
        assert!((245..=255).contains(&lost), "{before}: {lost} of 250, each once");
        let all = |(figures, _): &(Figures, bool)| figures.packets + figures.lost;
        let most = figures.iter().map(all).max().unwrap();
        assert!(most <= 530, "{before}: {most} packets of a span: none is counted in two");
    }
}

#[test]
fn a_phone_that_pauses_without_a_word_loses_nothing_by_it() {
    for packet_ms in [20, 60] {
        let (mut world, a, _) = talk(voice(2, 20, 190.0));
        world.phone_mut(a).packet_ms = packet_ms;
        world.run(10_000);
        for _ in 0..20 {
            world.phone_mut(a).mute = true;
            world.run(1000);
            world.phone_mut(a).mute = false;
            world.run(1000);
        }
        let opinions = opinions(&world, a);
        assert!(opinions[2..].iter().all(|mos| *mos > Some(420)), "{packet_ms}: {opinions:?}");
    }
}

#[test]
fn rows_of_loss_are_packets_in_every_codec_and_length() {
    for (codec, packet_ms) in [(Codec::Pcma, 20), (Codec::Pcma, 60), (Codec::Opus, 20)] {
        let mut world = World::new(vec![]);
        let a = world.phone(0, codec, Some(101), vec![0; 48_000]);
        world.phone_mut(a).packet_ms = packet_ms;
        world.run(2000);
        for _ in 0..5 {
            world.phone_mut(a).network.loss = 1.0;
            world.run(3 * packet_ms);
            world.phone_mut(a).network.loss = 0.0;
            world.run(20 * packet_ms);
        }
        let counters = world.counters(a);
        assert_eq!((counters.gaps, counters.lost), (5, 15), "{codec:?} {packet_ms} ms");
    }
}

#[test]
fn a_clean_call_in_wide_band_is_never_judged_below_one_in_narrow_band() {
    let judged = |codec: Codec| {
        let mut world = World::new(vec![]);
        let a = world.phone(0, codec, Some(101), tone(700.0, -16.0));
        let b = world.phone(1, codec, Some(101), vec![0]);
        world.command(Command::Bridge { a, b });
        world.run(10_100);
        opinions(&world, a)[0].unwrap()
    };
    let [narrow, wide, full] = [Codec::Pcma, Codec::G722, Codec::Opus].map(judged);
    assert!(narrow > 430 && wide >= narrow && full >= narrow, "{narrow} {wide} {full}");
}
