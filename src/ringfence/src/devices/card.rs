//! A card and the sound devices behind it, as the one card of the media thread.

use super::{Condition, End};
use board::{BLOCK, Card, CardError};
use model::port::{Alarm, PortEvent, PortOrder};
use model::{Instant, Law};
use std::sync::atomic::Ordering;

/// The ports of a card, if there is one, then a port a device. Devices speak A-law.
pub struct WithDevices {
    card: Option<Box<dyn Card>>,
    devices: Vec<Device>,
}

struct Device {
    end: End,
    /// What was told last: that it is gone, or there.
    gone: Option<bool>,
}

impl WithDevices {
    pub fn new(card: Option<Box<dyn Card>>, ends: Vec<End>) -> Self {
        let devices = ends.into_iter().map(|end| Device { end, gone: None });
        Self { card, devices: devices.collect() }
    }

    fn ports_of_card(&self) -> usize {
        self.card.as_ref().map_or(0, |card| card.ports())
    }

    fn device(&mut self, port: usize) -> Option<&mut Device> {
        let first = self.ports_of_card();
        self.devices.get_mut(port.checked_sub(first)?)
    }
}

impl Card for WithDevices {
    fn ports(&self) -> usize {
        self.ports_of_card() + self.devices.len()
    }

    fn law(&self) -> Law {
        self.card.as_ref().map_or(Law::A, |card| card.law())
    }

    fn tick(&mut self, now: Instant) {
        if let Some(card) = &mut self.card {
            card.tick(now);
        }
    }

    fn event(&mut self) -> Option<(usize, PortEvent)> {
        if let Some(event) = self.card.as_mut().and_then(|card| card.event()) {
            return Some(event);
        }
        let first = self.ports_of_card();
        self.devices.iter_mut().enumerate().find_map(|(no, device)| {
            let gone = match device.end.told.condition() {
                Condition::Unknown => return None,
                Condition::Open => false,
                Condition::Gone => true,
            };
            let changed = device.gone.replace(gone) != Some(gone);
            let event = PortEvent::Alarm { alarm: Alarm::CardGone, raised: gone };
            changed.then_some((first + no, event))
        })
    }

    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
        if let Some(device) = self.device(port) {
            let heard = device.end.heard.dequeue();
            return Ok(heard.map(|heard| *block = heard).is_some());
        }
        self.card.as_mut().ok_or(CardError::NoPort(port))?.read(port, block)
    }

    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError> {
        if let Some(device) = self.device(port) {
            if device.end.said.enqueue(*block).is_err() {
                device.end.told.lost.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(());
        }
        self.card.as_mut().ok_or(CardError::NoPort(port))?.write(port, block)
    }

    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError> {
        if self.device(port).is_some() {
            return Ok(());
        }
        self.card.as_mut().ok_or(CardError::NoPort(port))?.order(port, order)
    }
}
