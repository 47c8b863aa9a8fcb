//! A card of which one port may be watched.

use super::{NOTES_MAX, Noted, Taken, Wanted};
use board::{BLOCK, Card, CardError};
use crossbeam_channel::{Receiver, Sender};
use model::port::{PortEvent, PortOrder};
use model::{Instant, Law};

/// What is said may be so much behind what is heard: blocks wait in the driver.
const BEHIND_MAX: usize = 3 * BLOCK;

/// The card, as it was to everybody else.
pub struct Watched {
    card: Box<dyn Card>,
    now: Instant,
    wants: Receiver<Wanted>,
    over: Sender<Taken>,
    watch: Option<Watch>,
}

struct Watch {
    port: usize,
    began: Instant,
    until: Instant,
    taken: Taken,
}

impl Watched {
    pub(super) fn new(card: Box<dyn Card>, wants: Receiver<Wanted>, over: Sender<Taken>) -> Self {
        Self { card, now: Instant::START, wants, over, watch: None }
    }

    fn of(&mut self, port: usize) -> Option<&mut Watch> {
        self.watch.as_mut().filter(|watch| watch.port == port)
    }

    fn note(&mut self, port: usize, noted: Noted) {
        let now = self.now;
        let Some(Watch { began, taken, .. }) = self.of(port) else { return };
        if taken.notes.len() >= NOTES_MAX {
            taken.lost = taken.lost.saturating_add(1);
            return;
        }
        let ms = u32::try_from(now.since(*began).as_millis()).unwrap_or(u32::MAX);
        taken.notes.push((ms, noted));
    }
}

impl Taken {
    fn hears(&mut self, block: &[u8; BLOCK]) {
        if self.heard.len() + BLOCK <= self.heard.capacity() {
            self.heard.extend_from_slice(block);
        }
    }

    /// Puts what is said beside what is heard in the same tick.
    fn says(&mut self, block: &[u8; BLOCK]) {
        let now = self.heard.len().saturating_sub(BLOCK);
        if now > self.said.len() + BEHIND_MAX {
            self.said.resize(now.min(self.said.capacity()), self.law.silence());
        }
        if self.said.len() + BLOCK <= self.said.capacity() {
            self.said.extend_from_slice(block);
        }
    }
}

impl Card for Watched {
    fn ports(&self) -> usize {
        self.card.ports()
    }

    fn law(&self) -> Law {
        self.card.law()
    }

    fn tick(&mut self, now: Instant) {
        self.now = now;
        self.card.tick(now);
        if let Some(Watch { taken, .. }) = self.watch.take_if(|watch| now >= watch.until) {
            // One goes on at a time, so there is room.
            let _ = self.over.try_send(taken);
        }
        if self.watch.is_none()
            && let Ok(Wanted { port, span, taken }) = self.wants.try_recv()
        {
            let taken = Taken { law: self.card.law(), ..taken };
            self.watch = Some(Watch { port, began: now, until: now + span, taken });
        }
    }

    fn event(&mut self) -> Option<(usize, PortEvent)> {
        let (port, event) = self.card.event()?;
        self.note(port, Noted::Event(event));
        Some((port, event))
    }

    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
        let came = self.card.read(port, block)?;
        if came && let Some(watch) = self.of(port) {
            watch.taken.hears(block);
        }
        Ok(came)
    }

    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError> {
        if let Some(watch) = self.of(port) {
            watch.taken.says(block);
        }
        self.card.write(port, block)
    }

    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError> {
        self.note(port, Noted::of(order));
        self.card.order(port, order)
    }
}
