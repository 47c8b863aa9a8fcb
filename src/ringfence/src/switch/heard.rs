//! What the media threads say, handed to whom it is about.
//!
//! ```text
//!   of a leg with a socket: the leg comes with it; one that is over meanwhile hears no keys, and
//!                           its figures are its own to the last
//!   of a port of the card:  the leg on that port, since lines tell the end of a leg after all that
//!                           was heard of it
//! ```

use super::Switch;
use super::silence::Silence;
use crate::media_thread::MediaSaid;
use crate::wires::ThreadNo;
use media::Event;
use model::{Instant, LegEvent, LegId};

impl Switch {
    pub(super) fn heard(&mut self, now: Instant, thread: ThreadNo, said: MediaSaid) {
        match said {
            MediaSaid::Engine { leg, event } => {
                let with_card = thread == ThreadNo::OF_THE_CARD;
                if let Event::Quality { figures, last, .. } = &event
                    && with_card
                {
                    self.learn_level(event.slot().0, figures, *last);
                }
                let on_port = || self.parts.wires.leg_on(event.slot().0).filter(|_| with_card);
                if let Some(leg) = leg.or_else(on_port) {
                    self.sounded(now, leg, event);
                }
            }
            MediaSaid::Line { port, event } => self.line_event(now, port, event),
            MediaSaid::Seized { port, seized } => self.line_seized(now, port, seized),
            MediaSaid::Flash { port } => self.flashed(now, port),
            MediaSaid::Dialled { port, number } => self.dialled_in_talk(now, port, &number),
            MediaSaid::Tried { port, trial, done } => self.line_tried(port, &trial, done),
            MediaSaid::Alarm { port, alarm, raised } => {
                self.span_alarm(now, port, alarm, raised);
                self.device_alarm(now, port, raised);
                if let Some(id) = self.parts.port_ids.get(usize::from(port)).cloned() {
                    self.alarms.line(now, &id, alarm, raised);
                    self.line_alarm(now, port, alarm, raised);
                    let input = exchange::Input::PortAlarm { port: id, alarm, raised };
                    self.parts.exchange.handle(now, input);
                }
            }
            MediaSaid::Left(parcel) => self.left(parcel),
            MediaSaid::Landed(parcel) => drop(parcel),
            MediaSaid::Clips(clips) => drop(clips),
            MediaSaid::Retired(done) => drop(done),
        }
        self.settle(now);
    }

    /// Takes what was heard of a leg, which may be over.
    fn sounded(&mut self, now: Instant, leg: LegId, event: Event) {
        let open = self.parts.wires.get(leg).is_some();
        match event {
            Event::Quality { figures, last, .. } => self.quality(now, leg, figures, last),
            _ if !open => {}
            Event::Digit { digit, .. } => self.leg_event(now, leg, LegEvent::Digit(digit)),
            Event::SignalDigit { digit, .. } => {
                let key = sip::Command::Key { leg, digit };
                self.parts.endpoint.handle(now, sip::Input::Command(key));
            }
            Event::Played { play, .. } => self.leg_event(now, leg, LegEvent::Played(play)),
            Event::Silent { .. } => self.silence(now, leg, Silence::Unmeant),
            Event::Quiet { .. } => self.silence(now, leg, Silence::Long),
            Event::Heard { .. } => self.silence(now, leg, Silence::Over),
            Event::Muted { muted, .. } => self.muted(now, leg, muted),
        }
    }

    fn leg_event(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
    }
}
