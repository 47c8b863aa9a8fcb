//! Bad networks: what is lost is no more than the network lost, what is late is waited for, and what
//! is heard is near to what was said. The table in README is of the same cases.

use crate::cases::cases;
use crate::ear::Ear;
use crate::judged::{Judged, judge};
use crate::network::{Bursts, Delay, Network};
use crate::speech::speech;
use crate::world::{World, tone};
use media::Command;
use model::Law;

fn judged(name: &str, seconds: u64) -> Judged {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    let judged = judge(&Ear::new(), &speech(), &case, seconds, 40);
    eprintln!("{name}: {judged:?}");
    judged
}

#[test]
fn jitter_of_30_ms_costs_less_than_60_ms_and_is_not_heard() {
    let judged = judged("jitter 30 ms", 120);
    assert!(judged.delay_ms < 60.0 && judged.delay_ms_most < 60);
    assert!(judged.made_up < 0.001 && judged.q > 34.0);
}

#[test]
fn loss_of_10_percent_is_made_up_better_than_left_out() {
    for (name, least_q) in [("loss 3 %", 23.0), ("loss 5 %", 20.0), ("loss 10 %", 15.0)] {
        let judged = judged(name, 60);
        assert!(judged.q > least_q, "{name}");
        assert!((judged.made_up - judged.lost).abs() < 0.01, "{name}: no more than was lost");
        assert!(judged.delay_ms < 45.0, "{name}: loss is no delay");
    }
}

#[test]
fn other_orders_doubles_and_skewed_clocks_are_hardly_heard() {
    for name in [
        "nothing",
        "reordered 10 %",
        "doubled 20 %",
        "clock +100 ppm",
        "clock -100 ppm",
        "clock +500 ppm",
        "clock -500 ppm",
        "pauses, comfort noise",
    ] {
        let judged = judged(name, 120);
        assert!(judged.q > 33.0 && judged.counters.late == 0, "{name}");
        assert!(judged.made_up < 0.002 && judged.delay_ms_most <= 65, "{name}");
    }
}

#[test]
fn routes_that_flap_are_followed_and_everything_at_once_is_borne() {
    for (name, least_q) in [
        ("route 60 ms longer each 20 s", 28.0),
        ("route 150 ms longer each 60 s", 28.0),
        ("loss 5 %, jitter 30 ms", 19.0),
        ("all at once", 21.0),
    ] {
        let judged = judged(name, 180);
        assert!(judged.q > least_q && judged.made_up < judged.lost + 0.01, "{name}");
        assert!(judged.delay_ms < 80.0 && judged.delay_ms_most <= 160, "{name}");
    }
}

/// An hour, in which a clock 100 ppm off gains or loses 360 ms, and 500 ppm 1.8 s.
#[test]
fn an_hour_of_everything_ends_as_it_began() {
    for fast_ppm in [-500, -100, 100, 500] {
        let mut world = World::new(vec![]);
        let a = world.phone(0, Law::A, Some(101), tone(700.0, -20.0));
        let b = world.phone(1, Law::A, Some(101), vec![0]);
        world.command(Command::Bridge { a, b });
        let phone = world.phone_mut(a);
        phone.fast_ppm = fast_ppm;
        phone.way = Some(Network {
            bursts: Bursts::rows(0.01, 2.0),
            delay: Delay::Even { up_to_us: 20_000 },
            overtaken: 0.01,
            doubled: 0.01,
            flap: Some((600_000_000, 50_000)),
            ..Network::new(fast_ppm.unsigned_abs())
        });
        for _ in 0..60 {
            world.run(60_000);
            for slot in [a, b] {
                world.phone_mut(slot).forget();
                world.phone_mut(slot).said_bytes.clear();
            }
            let counters = world.counters(a);
            assert!((10..=130).contains(&counters.delay_ms), "{fast_ppm} ppm: {counters:?}");
        }
        let counters = world.counters(a);
        let way = world.phones[&a].way.as_ref().unwrap();
        eprintln!("{fast_ppm} ppm, {} of {} lost: {counters:?}", way.lost, way.sent);
        assert!(counters.lost.abs_diff(way.lost) <= 5, "{fast_ppm} ppm");
        // Made up: what was lost, what a slow clock did not say, and the flaps' beginnings.
        let slow_ms = (-fast_ppm).max(0) as u64 * 3600 / 1000;
        assert!(counters.concealed_ms <= way.lost * 20 + slow_ms + 1500, "{fast_ppm} ppm");
        assert!(counters.late < 50 && counters.resyncs <= 6, "{fast_ppm} ppm");
    }
}
