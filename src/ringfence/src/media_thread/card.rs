//! The card's part of a tick: its events and blocks, and what its ports say.

use super::{MediaSaid, Runner};
use media::{Block, Slot};
use model::LegEvent;
use std::sync::atomic::Ordering;

/// Events taken of the card a tick.
const CARD_EVENTS_PER_TICK: usize = 64;
/// Blocks taken of a port a tick: its own, one more where the card's clock is fast, and one of a tick
/// that was late. More wait in the driver.
const BLOCKS_PER_TICK: usize = 3;

impl Runner {
    pub(super) fn read_card(&mut self, now: model::Instant) {
        let Some(card) = &mut self.media.card else { return };
        card.tick(now);
        for _ in 0..CARD_EVENTS_PER_TICK {
            let Some((port, event)) = card.event() else { break };
            if let Some(line) = self.media.lines.get_mut(port) {
                line.handle(now, line::Input::Event(event));
            }
        }
        let ports = u16::try_from(card.ports()).unwrap_or(u16::MAX);
        for port in 0..ports {
            for _ in 0..BLOCKS_PER_TICK {
                let mut block: Block = [0; 160];
                let Some(card) = &mut self.media.card else { return };
                match card.read(usize::from(port), &mut block) {
                    Ok(true) => self.take_block(now, port, &block),
                    Ok(false) => break,
                    Err(_) => {
                        self.media.counters.card_errors.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                }
            }
            self.settle_line(now, port);
        }
    }

    /// Hands on what a port says.
    fn take_block(&mut self, now: model::Instant, port: u16, block: &Block) {
        if let Some(line) = self.media.lines.get_mut(usize::from(port)) {
            line.handle(now, line::Input::Block(block));
        }
        if !self.early.get(usize::from(port)).is_some_and(|early| *early) {
            self.media.engine.card_block(Slot(port), block);
        }
    }

    /// Carries out what a line port says.
    pub(super) fn settle_line(&mut self, now: model::Instant, port: u16) {
        loop {
            let Some(line) = self.media.lines.get_mut(usize::from(port)) else { return };
            let Some(output) = line.poll() else { return };
            match output {
                line::Output::Port(order) => {
                    let Some(card) = &mut self.media.card else { continue };
                    if card.order(usize::from(port), &order).is_err() {
                        self.media.counters.card_errors.fetch_add(1, Ordering::Relaxed);
                    }
                }
                line::Output::Leg(event) => {
                    match event {
                        LegEvent::Answered => self.open_card(now, port, false),
                        LegEvent::Gone(_) => {
                            let close = media::Command::Close { slot: Slot(port) };
                            self.media.engine.command(now, close);
                        }
                        _ => {}
                    }
                    // What was heard of the leg is told while it is this port's.
                    self.say_heard();
                    self.say(MediaSaid::Line { port, event });
                }
                line::Output::Alarm { alarm, raised } => {
                    self.say(MediaSaid::Alarm { port, alarm, raised });
                }
            }
        }
    }

    /// Opens the leg of a card's port, or leaves it open. Before the answer the line is not
    /// listened to: a caller's number comes as keys between two rings.
    pub(super) fn open_card(&mut self, now: model::Instant, port: u16, early: bool) {
        let Some(line) = self.media.lines.get(usize::from(port)) else { return };
        if let Some(place) = self.early.get_mut(usize::from(port)) {
            *place = early;
        }
        let open = media::Command::OpenCard { slot: Slot(port), law: line.law() };
        self.media.engine.command(now, open);
    }
}
