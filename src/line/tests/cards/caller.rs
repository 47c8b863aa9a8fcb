//! A telephone's port rings the box's port to the exchange, and who calls walks through its menus.

use super::bench::{Bench, fxs};
use super::boxed::Boxed;
use board::Card as _;
use model::port::{Hook, PortEvent, PortOrder};
use std::time::Duration;

/// The tones of key 2, 697 and 1336 Hz, to the next 25 Hz: within 0.9 %, and 1.5 % are to be taken
/// (ITU-T Q.24, table A-1).
const KEY_2: (u32, u32) = (700, 1325);

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn a_telephone_rings_the_box_hears_its_greeting_chooses_english_by_a_key_and_hangs_up() {
    let boxed = Boxed::start("rung");
    boxed.until("the sound device is open", || {});
    let mut bench = Bench::new(&[fxs(63)]);
    bench.card.order(0, &PortOrder::Hook(Hook::Ring)).unwrap();
    bench.until(0, PortEvent::RingOffHook, Duration::from_secs(20));
    bench.card.order(0, &PortOrder::Hook(Hook::Off)).unwrap();
    bench.forget();
    // Until half of a greeting's 3 s was heard: a box without time is late with it.
    let began = bench.now();
    while bench.heard[0].loud <= 75 {
        let greeted = bench.heard[0];
        let after = bench.now().since(began);
        assert!(after < Duration::from_secs(20), "{greeted:?} of the greeting\n{}", boxed.log());
        bench.tick();
    }
    let greeted = bench.heard[0];
    let call = boxed.snapshot().unwrap_or_default();
    assert!(call.contains("port fxo-1") && !call.contains("\"lang\":\"en\""), "{call}");
    // The greeting is heard out; the menu behind it takes the key.
    let began = bench.now();
    while !boxed.snapshot().unwrap_or_default().contains("\"lang\":\"en\"") {
        let after = bench.now().since(began);
        assert!(after < Duration::from_secs(60), "{:?}\n{}", boxed.snapshot(), boxed.log());
        (bench.says[0], bench.adds[0]) = KEY_2;
        bench.run(Duration::from_millis(120));
        (bench.says[0], bench.adds[0]) = (0, 0);
        bench.run(Duration::from_millis(1500));
    }
    println!("{greeted:?}; English after {:?}", bench.now().since(began));
    bench.card.order(0, &PortOrder::Hook(Hook::On)).unwrap();
    let began = bench.now();
    while !boxed.snapshot().unwrap_or_default().contains("\"calls\":[]") {
        let after = bench.now().since(began);
        assert!(after < Duration::from_secs(20), "{:?}\n{}", boxed.snapshot(), boxed.log());
        bench.run(Duration::from_millis(100));
    }
    println!("over {:?} after the telephone was put down", bench.now().since(began));
    boxed.over();
}
