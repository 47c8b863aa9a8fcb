//! A port allocates nothing a block: it lives on a media thread.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use assert_no_alloc::{AllocDisabler, assert_no_alloc, reset_violation_count, violation_count};
use board::sim::{Callers, SimCard};
use board::{BLOCK, Card};
use line::{Config, Input, LinePort, Output};
use model::port::PortKind;
use model::{Instant, Law, LegEvent, PortId};
use room::sounds;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Who calls is text, and is given away with the call: that tick alone may allocate.
#[test]
fn a_call_from_ring_to_busy_tone_allocates_nothing_but_who_calls() {
    let script = "[[caller]]\nnumber = \"13800138000\"\nsteps = [\"say words\"]\n";
    let callers = Callers::parse(script, |_| Ok(sounds::speech(3, 20))).unwrap();
    let mut card = SimCard::new(5, &[PortKind::Fxo], callers).unwrap();
    let config = Config::new(PortId::new("fxo-1"), PortKind::Fxo, Law::A, 1);
    let mut line = LinePort::new(Instant::START, config);
    reset_violation_count();
    let (mut arrived_with, mut gone) = (None, false);
    for tick in 0..3000 {
        let now = Instant::from_millis(tick * 20);
        let before = violation_count();
        let mut arrived = None;
        assert_no_alloc(|| {
            card.tick(now);
            while let Some((_, event)) = card.event() {
                line.handle(now, Input::Event(event));
            }
            let mut block = [0; BLOCK];
            card.read(0, &mut block).unwrap();
            line.handle(now, Input::Block(&block));
            while let Some(output) = line.poll() {
                match output {
                    Output::Port(order) => card.order(0, &order).unwrap(),
                    Output::Leg(event @ LegEvent::Arrived { .. }) => {
                        arrived = Some(event);
                        line.handle(now, Input::Answer);
                    }
                    Output::Leg(LegEvent::Gone(_)) => gone = true,
                    _ => {}
                }
            }
        });
        let allocated = violation_count() - before;
        match arrived {
            Some(_) => arrived_with = Some(allocated),
            None => assert_eq!(allocated, 0, "at {} ms", tick * 20),
        }
    }
    assert!(gone, "the busy tone was not found");
    assert!(arrived_with.is_some_and(|count| count <= 6), "{arrived_with:?}");
}
