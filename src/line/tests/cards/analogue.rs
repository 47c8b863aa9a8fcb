//! A telephone's port rings one that faces the exchange, and they talk.

use super::bench::{Bench, fxo, fxs, kernel};
use board::Card as _;
use board::dahdi::survey;
use line::{Config, Input, LinePort, Output};
use model::port::{Hook, PortEvent, PortKind, PortOrder};
use model::{Cause, Law, LegEvent, PortId};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn what_differs_from_the_site_is_told_before_a_port_is_opened() {
    let wanted = [fxo(67), fxo(63), fxs(66), fxo(99), fxo(16)];
    let said: Vec<_> = survey(&kernel(), &wanted)
        .into_iter()
        .map(|(port, difference)| (port, difference.to_string()))
        .collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].1.starts_with("channel 63 faces a telephone (FXS)"), "{said:?}");
    assert!(said[1].1.starts_with("channel 66 is not configured"), "{said:?}");
    assert!(said[2].1.starts_with("there is no channel 99"), "{said:?}");
    assert!(said[3].1.starts_with("channel 16 is a D channel"), "{said:?}");
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn a_telephone_rings_a_port_to_the_exchange_both_hear_each_other_and_it_hangs_up() {
    let mut bench = Bench::new(&[fxs(63), fxo(67)]);
    // A telephone's port begins with how its hook lies; nothing else is told, no alarm above all.
    assert_eq!(bench.card.event(), Some((0, PortEvent::OnHook)));
    assert_eq!(bench.card.event(), None, "no alarm");
    let config = Config::new(PortId::new("fxo-1"), PortKind::Fxo, Law::A, 1);
    let mut port = LinePort::new(bench.now(), config);
    bench.card.order(0, &PortOrder::Hook(Hook::Ring)).unwrap();
    let (mut told, mut all) = (Vec::new(), Vec::new());
    let began = bench.now();
    while !told.iter().any(|event| matches!(event, LegEvent::Gone(_))) {
        assert!(bench.now().since(began) < 2 * SOON, "{told:?} {all:?}");
        let blocks = bench.heard[1].blocks;
        bench.tick();
        let now = bench.now();
        for (place, event) in std::mem::take(&mut bench.events) {
            all.push((place, event));
            match (place, event) {
                (1, event) => port.handle(now, Input::Event(event)),
                // The telephone was lifted: the driver rings on until it is told so.
                (_, PortEvent::RingOffHook) => {
                    bench.card.order(0, &PortOrder::Hook(Hook::Off)).unwrap();
                }
                _ => {}
            }
        }
        for _ in blocks..bench.heard[1].blocks {
            port.handle(now, Input::Block(&bench.blocks[1]));
        }
        while let Some(output) = port.poll() {
            match output {
                Output::Port(order) => bench.card.order(1, &order).unwrap(),
                Output::Leg(event) => {
                    if matches!(event, LegEvent::Arrived { .. }) {
                        port.handle(now, Input::Answer);
                    }
                    told.push(event);
                }
                Output::Seized(_) => panic!("no call out was asked for"),
                Output::Flash | Output::Dialled(_) => panic!("no telephone hangs there"),
                Output::Alarm { .. } => panic!("no alarm is told"),
            }
        }
        let up = told.contains(&LegEvent::Answered);
        if up && bench.says[0] == 0 {
            (bench.says[0], bench.says[1]) = (1000, 700);
            (bench.listens[0], bench.listens[1]) = (700, 1000);
            bench.forget();
        }
        if up && bench.heard.iter().all(|heard| heard.tone >= 100) {
            bench.card.order(0, &PortOrder::Hook(Hook::On)).unwrap();
        }
    }
    println!("heard: {:?}; events: {all:?}; told: {told:?}", bench.heard);
    assert!(matches!(told[0], LegEvent::Arrived { .. }));
    assert_eq!(told[1..], [LegEvent::Answered, LegEvent::Gone(Cause::Normal)]);
    assert!(all.contains(&(0, PortEvent::RingOffHook)), "the telephone's port saw the answer");
}
