//! Cards that are drawn and put back while ports are open.

use super::bench::{Bench, bearer};
use board::dahdi::{Configured, Configurer, Kernel, PortWanted, SpanWanted};
use model::port::{Alarm, PortEvent, PortKind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn alarm(alarm: Alarm, raised: bool) -> PortEvent {
    PortEvent::Alarm { alarm, raised }
}

/// Runs a command of the guest.
fn shell(command: &str) {
    let done = Command::new("/bin/sh").args(["-c", command]).status().unwrap();
    assert!(done.success(), "{command}");
}

/// What the site of these stories says of its lines.
fn configurer() -> Configurer<Kernel> {
    let span = |first_channel, clock| SpanWanted {
        first_channel,
        crc4: true,
        clock,
        build_out: 0,
        cancels_echo: true,
    };
    let port = PortWanted { channel: 63, kind: PortKind::Fxs, cancels_echo: true };
    let kernel = Kernel::new(Path::new("/dev/dahdi"));
    Configurer::new(kernel, vec![span(1, 1), span(32, 0)], vec![port], "/tmp/system.conf".into())
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn a_driver_that_is_as_the_site_says_is_told_nothing() {
    assert_eq!(configurer().begin().unwrap(), Configured::default());
    assert!(
        std::fs::read_to_string("/tmp/system.conf").unwrap().contains("span=1,1,0,ccs,hdb3,crc4")
    );
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn a_span_that_is_taken_away_raises_card_gone_and_comes_back_by_itself() {
    let mut bench = Bench::new(&[bearer(1), bearer(2), bearer(32)]);
    bench.run(Duration::from_millis(200));
    assert_eq!(bench.events, []);
    shell("take-span 1");
    let took = bench.until(1, alarm(Alarm::CardGone, true), Duration::from_secs(2));
    println!("card-gone after {took:?}");
    // The other side of its line complains.
    let took = bench.until(2, alarm(Alarm::Yellow, true), Duration::from_secs(4));
    println!("yellow after {took:?}");
    // Nobody edits the driver's configuration: the box knows of the site what the card is for.
    shell("give-span 1");
    let configured = configurer().again().unwrap();
    println!("the driver is told of spans {:?}", configured.spans);
    assert_eq!(configured.spans, [1]);
    let took = bench.until(0, alarm(Alarm::CardGone, false), Duration::from_secs(5));
    println!("back after {took:?}");
    bench.until(2, alarm(Alarm::Yellow, false), Duration::from_secs(5));
    bench.says[2] = 1000;
    bench.listens[0] = 1000;
    bench.run(Duration::from_secs(1));
    bench.forget();
    bench.run(Duration::from_secs(1));
    assert!(bench.heard[0].tone > 30, "{:?}", bench.heard);
}
