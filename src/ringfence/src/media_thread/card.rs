//! The card's part of a tick: its events and blocks, and what its ports say.

use super::{MediaSaid, Runner};
use media::{Block, Slot};
use model::LegEvent;
use model::port::{PortEvent, PortOrder};
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
            let Some(card) = &mut self.media.card else { return };
            let Some((port, event)) = card.event() else { break };
            if self.trial_event(now, port, event) {
                continue;
            }
            match (self.media.lines.get_mut(port), event) {
                (Some(line), event) => line.handle(now, line::Input::Event(event)),
                // A channel of a span: its calls are told on the D channel.
                (None, PortEvent::Alarm { alarm, raised }) => {
                    let port = u16::try_from(port).unwrap_or(u16::MAX);
                    self.say(MediaSaid::Alarm { port, alarm, raised });
                }
                (None, _) => {}
            }
        }
        let ports = self.media.card.as_ref().map_or(0, |card| card.ports());
        let ports = u16::try_from(ports).unwrap_or(u16::MAX);
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
        if self.trial_block(now, port, block) {
            return;
        }
        let place = usize::from(port);
        if let Some(line) = self.media.lines.get_mut(place) {
            line.handle(now, line::Input::Block(block));
        }
        let speaks = self.speak(port);
        if !speaks && !self.early.get(place).is_some_and(|early| *early) {
            self.media.engine.card_block(Slot(port), block);
        }
    }

    /// Lets a port say what it says itself, a block for each that came; tells whether it does.
    fn speak(&mut self, port: u16) -> bool {
        let place = usize::from(port);
        let Some(line) = self.media.lines.get_mut(place) else { return false };
        let mut own: Block = [0; 160];
        let speaks = line.says(&mut own);
        if let Some(known) = self.speaks.get_mut(place) {
            *known = speaks;
        }
        if speaks
            && let Some(card) = &mut self.media.card
            && card.write(place, &own).is_err()
        {
            self.media.counters.card_errors.fetch_add(1, Ordering::Relaxed);
        }
        speaks
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
                        // Of a call out, whatever the exchange says is for the caller to hear.
                        LegEvent::Answered | LegEvent::EarlyMedia => {
                            self.open_card(now, port, false);
                        }
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
                line::Output::Seized(seized) => self.say(MediaSaid::Seized { port, seized }),
                line::Output::Flash => self.say(MediaSaid::Flash { port }),
                line::Output::Dialled(number) => self.say(MediaSaid::Dialled { port, number }),
                line::Output::Alarm { alarm, raised } => {
                    self.say(MediaSaid::Alarm { port, alarm, raised });
                }
            }
        }
    }

    /// Tells a channel of a span that a call begins there, or ends. A port with a state machine of its
    /// own is told by that.
    pub(super) fn talk(&mut self, slot: Slot, talks: bool) {
        let port = usize::from(slot.0);
        let Some(card) = &mut self.media.card else { return };
        if port >= self.media.lines.len() && port < card.ports() {
            // One whose card is gone says so by its alarm.
            let _ = card.order(port, &PortOrder::Talk(talks));
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
