//! A port on trial: it is out of service, and a trial has its events and its sound.

use super::{MediaSaid, Runner};
use line::trial::{Said, Trial};
use media::Block;
use model::port::PortEvent;
use std::sync::atomic::Ordering;

/// A trial and its port.
pub(super) struct OnTrial {
    port: u16,
    trial: Box<Trial>,
}

impl Runner {
    /// Begins a trial on a line that has no call; a live call is never cut.
    pub(super) fn try_line(&mut self, now: model::Instant, port: u16, mut trial: Box<Trial>) {
        let line = self.media.lines.get(usize::from(port));
        let Some(line) = line.filter(|line| self.trial.is_none() && line.may_be_tried()) else {
            return self.say(MediaSaid::Tried { port, trial, done: false });
        };
        if let Some(alarm) = line.dead_by() {
            trial.event(now, PortEvent::Alarm { alarm, raised: true });
        }
        self.trial = Some(OnTrial { port, trial });
        self.settle_trial();
    }

    /// Tells whether a port is on trial.
    pub(super) fn is_on_trial(&self, port: u16) -> bool {
        self.trial.as_ref().is_some_and(|on| on.port == port)
    }

    /// Hands an event to the trial of its port; true where it is the trial's alone.
    pub(super) fn trial_event(
        &mut self,
        now: model::Instant,
        port: usize,
        event: PortEvent,
    ) -> bool {
        let Some(on) = self.trial.as_mut().filter(|on| usize::from(on.port) == port) else {
            return false;
        };
        on.trial.event(now, event);
        self.settle_trial();
        // Alarms are the port's, whoever has it.
        !matches!(event, PortEvent::Alarm { .. })
    }

    /// Hands a block to the trial of its port; true where it is on trial.
    pub(super) fn trial_block(&mut self, now: model::Instant, port: u16, block: &Block) -> bool {
        let Some(on) = self.trial.as_mut().filter(|on| on.port == port) else { return false };
        if let Some(said) = on.trial.block(now, block)
            && let Some(card) = &mut self.media.card
            && card.write(usize::from(port), &said).is_err()
        {
            self.media.counters.card_errors.fetch_add(1, Ordering::Relaxed);
        }
        self.settle_trial();
        true
    }

    fn settle_trial(&mut self) {
        while let Some(on) = &mut self.trial {
            let Some(said) = on.trial.poll() else { return };
            match said {
                Said::Port(order) => {
                    let Some(card) = &mut self.media.card else { continue };
                    if card.order(usize::from(on.port), &order).is_err() {
                        self.media.counters.card_errors.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Said::Over => {
                    let Some(OnTrial { port, trial }) = self.trial.take() else { return };
                    self.say(MediaSaid::Tried { port, trial, done: true });
                }
            }
        }
    }
}
