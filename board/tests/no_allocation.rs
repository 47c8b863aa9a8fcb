//! A running card allocates nothing: it is driven by a media thread.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use assert_no_alloc::{AllocDisabler, assert_no_alloc, reset_violation_count, violation_count};
use board::sim::{Callers, SimCard};
use board::{BLOCK, Card};
use model::Instant;
use model::port::{Hook, PortEvent, PortKind, PortOrder};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn ten_minutes_of_callers_of_every_kind_allocate_nothing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/callers/demo.toml");
    let text = std::fs::read_to_string(folder).unwrap();
    let callers = Callers::parse(&text, |_| Ok(vec![9000; 40_000])).unwrap();
    let mut card = SimCard::new(11, &[PortKind::Fxo; 4], callers).unwrap();
    reset_violation_count();
    let mut hung_up_at = [0_u64; 4];
    for tick in 0..30_000_u64 {
        assert_no_alloc(|| {
            card.tick(Instant::from_millis(tick * 20));
            while let Some((port, event)) = card.event() {
                if event == PortEvent::RingOffHook && tick % 3 > 0 {
                    card.order(port, &PortOrder::Hook(Hook::Off)).unwrap();
                    hung_up_at[port] = tick + 2500;
                }
            }
            for (port, hung_up_at) in hung_up_at.iter().enumerate() {
                let mut block = [0; BLOCK];
                card.read(port, &mut block).unwrap();
                // It speaks for 4 s and is quiet for 2.
                block.fill(if tick % 300 < 200 { 0x20 } else { 0xD5 });
                card.write(port, &block).unwrap();
                if *hung_up_at == tick {
                    card.order(port, &PortOrder::Hook(Hook::On)).unwrap();
                }
            }
        });
    }
    assert_eq!(violation_count(), 0);
    assert_eq!(card.events_lost(), 0);
    assert!(card.stories().count() > 12, "{} calls", card.stories().count());
}
