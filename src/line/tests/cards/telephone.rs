//! A telephone's port and one that faces the exchange, each with its own state machine, on real channels
//! that are looped into each other: each is to the other what it expects there.

use super::bench::{Tone, fxo, fxs, kernel};
use board::dahdi::{DahdiCard, Kernel};
use board::{BLOCK, Card as _};
use line::{Config, Input, LinePort, Message, Output, Telephone};
use model::port::{PortKind, PortOrder};
use model::{Cause, Instant, Law, LegEvent};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(25);
/// Longer than the 2 s for which the driver tells of no ring, after a port to the exchange was opened or hung
/// up; who calls is told behind the first.
const DEAF: Duration = Duration::from_secs(3);
const TELEPHONE: usize = 0;
const EXCHANGE: usize = 1;

/// Both ports, and what they told.
struct Pair {
    card: DahdiCard<Kernel>,
    ports: [LinePort; 2],
    told: [Vec<LegEvent>; 2],
    /// Orders that the driver refused.
    refused: Vec<PortOrder>,
    up: [bool; 2],
    tones: [Tone; 2],
    said: usize,
    /// Blocks in which each heard the other's tone.
    heard: [u32; 2],
    began: std::time::Instant,
    ticks: u32,
}

impl Pair {
    fn new() -> Self {
        let config = |kind| Config::new("p".into(), kind, Law::A, 1);
        let telephone = Telephone { phone: "8105".into(), whole: ["8001".to_owned()].into() };
        let telephone = Config { telephone: Some(telephone), ..config(PortKind::Fxs) };
        let port = |config| LinePort::new(Instant::START, config);
        Self {
            card: DahdiCard::new(kernel(), Instant::START, &[fxs(63), fxo(67)]),
            ports: [port(telephone), port(config(PortKind::Fxo))],
            told: [Vec::new(), Vec::new()],
            refused: Vec::new(),
            up: [false; 2],
            tones: [Tone::new(1000), Tone::new(700)],
            said: 0,
            heard: [0; 2],
            began: std::time::Instant::now(),
            ticks: 0,
        }
    }

    fn now(&self) -> Instant {
        Instant::START + self.began.elapsed()
    }

    fn order(&mut self, port: usize, input: Input<'_>) {
        self.ports[port].handle(self.now(), input);
        self.settle(port);
    }

    fn settle(&mut self, port: usize) {
        while let Some(output) = self.ports[port].poll() {
            match output {
                Output::Port(order) => {
                    if self.card.order(port, &order).is_err() {
                        self.refused.push(order);
                    }
                }
                Output::Leg(event) => {
                    match event {
                        LegEvent::Answered => self.up[port] = true,
                        LegEvent::Gone(_) => self.up[port] = false,
                        _ => {}
                    }
                    self.told[port].push(event);
                }
                Output::Seized(seized) => assert_eq!(seized, Ok(())),
                Output::Flash | Output::Dialled(_) | Output::Alarm { .. } => {
                    panic!("{output:?} of port {port}");
                }
            }
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        let due = self.began + Duration::from_millis(20) * self.ticks;
        std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
        let now = self.now();
        self.card.tick(now);
        while let Some((port, event)) = self.card.event() {
            self.order(port, Input::Event(event));
        }
        for port in [TELEPHONE, EXCHANGE] {
            let mut block = [0; BLOCK];
            for _ in 0..3 {
                if !self.card.read(port, &mut block).unwrap() {
                    break;
                }
                self.ports[port].handle(now, Input::Block(&block));
                let heard = self.up[port] && self.tones[1 - port].is_in(&block);
                self.heard[port] += u32::from(heard);
                let mut says = [Law::A.silence(); BLOCK];
                if !self.ports[port].says(&mut says) && self.up[port] {
                    says = self.tones[port].block(self.said);
                }
                self.card.write(port, &says).unwrap();
            }
            self.settle(port);
        }
        self.said += BLOCK;
    }

    fn run(&mut self, time: Duration) {
        let end = self.now() + time;
        while self.now() < end {
            self.tick();
        }
    }

    fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let began = self.now();
        while !is(self) {
            let (told, heard) = (&self.told, self.heard);
            assert!(self.now().since(began) < SOON, "{what}: {told:?}, heard {heard:?}");
            self.tick();
        }
    }

    fn has(&self, port: usize, event: &LegEvent) -> bool {
        self.told[port].contains(event)
    }
}

fn arrived(event: &LegEvent) -> Option<(&str, &str, &str)> {
    match event {
        LegEvent::Arrived { caller, name, dialled, .. } => {
            Some((caller.reveal(), name.reveal(), dialled))
        }
        _ => None,
    }
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn a_telephone_is_rung_told_who_calls_and_lifted_and_both_hear_each_other() {
    let mut pair = Pair::new();
    pair.run(DEAF);
    let message = Message::new("02161234567", "LI NA", "11231330");
    pair.order(TELEPHONE, Input::Ring(&message));
    pair.until("it rings and is told who calls", |pair| !pair.told[EXCHANGE].is_empty());
    assert_eq!(arrived(&pair.told[EXCHANGE][0]), Some(("02161234567", "LI NA", "")));
    pair.order(EXCHANGE, Input::Answer);
    pair.until("it is lifted", |pair| pair.has(TELEPHONE, &LegEvent::Answered));
    pair.until("both are heard", |pair| pair.heard.iter().all(|blocks| *blocks >= 100));
    pair.order(EXCHANGE, Input::HangUp(Cause::Normal));
    pair.until("it was put down", |pair| pair.has(TELEPHONE, &LegEvent::Gone(Cause::Normal)));
    println!("rung: heard {:?} blocks, refused {:?}", pair.heard, pair.refused);
    assert!(!pair.refused.iter().any(|order| matches!(order, PortOrder::Hook(_))));
}

#[test]
#[ignore = "wants the cards of scripts/guest"]
fn who_lifts_hears_dial_tone_dials_by_keys_talks_and_hears_congestion_at_the_end() {
    let mut pair = Pair::new();
    pair.order(EXCHANGE, Input::Dial("8001"));
    pair.until("its number is dialled", |pair| !pair.told[TELEPHONE].is_empty());
    assert_eq!(arrived(&pair.told[TELEPHONE][0]), Some(("", "", "8001")));
    pair.order(TELEPHONE, Input::Answer);
    pair.until("the answer is heard", |pair| pair.has(EXCHANGE, &LegEvent::Answered));
    pair.until("both are heard", |pair| pair.heard.iter().all(|blocks| *blocks >= 100));
    pair.order(TELEPHONE, Input::HangUp(Cause::Normal));
    pair.until("congestion is heard", |pair| pair.has(EXCHANGE, &LegEvent::Gone(Cause::Normal)));
    println!("dialled: heard {:?} blocks, refused {:?}", pair.heard, pair.refused);
    assert!(!pair.refused.iter().any(|order| matches!(order, PortOrder::Hook(_))));
}
