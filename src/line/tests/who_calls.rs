//! Caller id over lines that are loud, faint and noisy: counted hits over seeded calls.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use board::Card;
use board::sim::{Callers, SimCard};
use line::{Config, Input, LinePort, Output};
use model::port::PortKind;
use model::{Instant, Law, LegEvent, PortId};

const PORTS: usize = 10;
/// Calls of each kind at each level.
const CALLS: usize = 30;
const NUMBER: &str = "13800138000";

/// What was understood of calls.
#[derive(Debug, Default, PartialEq)]
struct Count {
    right: usize,
    wrong: usize,
}

/// Rings all ports again and again, until caller id is over each time.
fn count(kind: &str, dbm0: i32, noise_dbm0: i32) -> Count {
    let caller = format!(
        "[[caller]]\nport = \"any\"\nnumber = \"{NUMBER}\"\nname = \"ZHANG SAN\"\nevery = \"12s\"\n\
         times = {}\njitter = \"1s\"\ncaller-id = \"{kind}\"\ncaller-id-dbm0 = {dbm0}\n\
         noise-dbm0 = {noise_dbm0}\npatience = \"4s\"\nsteps = []\n",
        CALLS / PORTS
    );
    let callers = Callers::parse(&caller.repeat(PORTS), |_| Ok(vec![1])).unwrap();
    let mut card =
        SimCard::new(1 + dbm0.unsigned_abs() as u64, &[PortKind::Fxo; PORTS], callers).unwrap();
    let line = || {
        let config = Config::new(PortId::new("fxo"), PortKind::Fxo, Law::A, 1);
        LinePort::new(Instant::START, config)
    };
    let mut lines: Vec<LinePort> = (0..PORTS).map(|_| line()).collect();
    let mut count = Count::default();
    for tick in 0..40_000 {
        if card.stories().count() == CALLS {
            break;
        }
        let now = Instant::from_millis(tick * 20);
        card.tick(now);
        while let Some((port, event)) = card.event() {
            lines[port].handle(now, Input::Event(event));
        }
        for (port, line) in lines.iter_mut().enumerate() {
            let mut block = [0; 160];
            card.read(port, &mut block).unwrap();
            line.handle(now, Input::Block(&block));
            while let Some(output) = line.poll() {
                if let Output::Leg(LegEvent::Arrived { caller, .. }) = output {
                    match caller.reveal() == NUMBER {
                        true => count.right += 1,
                        false => count.wrong += 1,
                    }
                }
            }
        }
    }
    assert_eq!(card.stories().count(), CALLS);
    count
}

/// ETSI EN 300 659-1 asks of a receiver: -8 to -36 dBV or so, 25 dB above the noise. These lines
/// have noise 20 dB below.
fn all_are_understood(kind: &str) {
    for dbm0 in [-9, -20, -30, -35] {
        let all = Count { right: CALLS, wrong: 0 };
        assert_eq!(count(kind, dbm0, dbm0 - 20), all, "{kind} at {dbm0} dBm0");
    }
}

#[test]
fn bell_202_is_understood_from_loud_to_faint() {
    all_are_understood("fsk-bell202");
    all_are_understood("fsk-bell202-single");
}

#[test]
fn v23_is_understood_from_loud_to_faint() {
    all_are_understood("fsk-v23");
}

#[test]
fn keys_are_understood_from_loud_to_faint() {
    all_are_understood("dtmf");
    all_are_understood("dtmf-before-ring");
}

/// A number that nobody dialled from is worse than none: an agent would greet a stranger by name.
#[test]
fn noise_makes_a_number_unknown_but_never_another() {
    for kind in ["fsk-bell202", "fsk-v23", "dtmf"] {
        for noise in [-28, -24, -20] {
            let count = count(kind, -20, noise);
            println!("{kind}, {} dB above noise: {} of {CALLS}", -20 - noise, count.right);
            assert_eq!(count.wrong, 0, "{kind} with noise at {noise} dBm0");
        }
    }
}
