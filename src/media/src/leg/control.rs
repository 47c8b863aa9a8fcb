//! The reports of a leg on the wire: encrypted where its sound is, taken from its peer alone.

use super::{Leg, Line, NotOfThisLine};
use crate::command::{ControlPath, Slot};
use crate::rtcp::compound::is_control;
use crate::rtcp::{COMPOUND_MAX, Far, NAME_BYTES, Reports, Told};
use crate::sink::Sink;
use crate::srtp::{CONTROL_GROWTH, PACKET_MAX, Refused};
use model::Instant;
use std::net::SocketAddr;
use std::time::Duration;

/// What a leg exchanges beside its sound.
pub struct Control {
    path: ControlPath,
    reports: Reports,
}

impl Control {
    /// Follows a description: reports go on while there is a path for them.
    pub fn describe(
        control: &mut Option<Self>,
        path: ControlPath,
        now: Instant,
        seed: u64,
        name: &[u8; NAME_BYTES],
    ) {
        match (control.as_mut(), path) {
            (_, ControlPath::Off) => *control = None,
            (Some(control), path) => control.path = path,
            (None, path) => *control = Some(Self { path, reports: Reports::new(now, seed, name) }),
        }
    }
}

impl Leg {
    /// Tells whether a datagram on the port of sound is a report (RFC 5761).
    pub fn is_control(&self, bytes: &[u8]) -> bool {
        let Line::Rtp { control: Some(control), .. } = &self.line else { return false };
        control.path == ControlPath::Muxed && is_control(bytes)
    }

    /// Takes a datagram of reports. What is not the peer's teaches nothing and is counted.
    pub fn control(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Result<(), NotOfThisLine> {
        let Line::Rtp { receiver, sender, secured, control: Some(control) } = &mut self.line else {
            return Err(NotOfThisLine);
        };
        let mut plain = [0; PACKET_MAX];
        let compound = match secured {
            Some(secured) => match secured.unprotect_control(now, bytes, &mut plain) {
                Ok(len) => &plain[..len],
                Err(refused) => {
                    *match refused {
                        Refused::Malformed => &mut self.counters.reports_malformed,
                        Refused::Unauthenticated => &mut self.counters.unauthenticated,
                        Refused::Replayed => &mut self.counters.replayed,
                    } += 1;
                    return Ok(());
                }
            },
            None if receiver.allows_control(now, from, control.path) => bytes,
            None => {
                self.counters.foreign += 1;
                return Ok(());
            }
        };
        match control.reports.take(now, compound, sender.ssrc, receiver.ssrc()) {
            Ok(Told::Alive) => receiver.alive(now),
            Ok(Told::Gone) => receiver.gone(),
            Err(_) => {
                self.counters.reports_malformed += 1;
                return Ok(());
            }
        }
        self.counters.reports_in += 1;
        Ok(())
    }

    /// Sends a report if one is due.
    pub fn report(&mut self, now: Instant, slot: Slot, sink: &mut impl Sink) {
        if let Line::Rtp { control: Some(control), .. } = &mut self.line
            && control.reports.is_due(now)
        {
            self.send_report(now, slot, false, sink);
        }
    }

    /// Says that nothing more will be sent (RFC 3550 6.6).
    pub fn say_goodbye(&mut self, now: Instant, slot: Slot, sink: &mut impl Sink) {
        self.send_report(now, slot, true, sink);
    }

    /// From here to the peer and back, as its reports tell.
    pub fn round_trip(&self) -> Option<Duration> {
        self.reports()?.round_trip()
    }
    /// What the peer says it hears of us.
    pub fn far(&self) -> Option<Far> {
        self.reports()?.far()
    }

    fn reports(&self) -> Option<&Reports> {
        let Line::Rtp { control: Some(control), .. } = &self.line else { return None };
        Some(&control.reports)
    }

    fn send_report(&mut self, now: Instant, slot: Slot, goodbye: bool, sink: &mut impl Sink) {
        let Line::Rtp { receiver, sender, secured, control: Some(control) } = &mut self.line else {
            return;
        };
        let (to, muxed) = match control.path {
            ControlPath::Off => return,
            ControlPath::Muxed => (sender.remote, true),
            ControlPath::Apart(to) => (to, false),
        };
        let mut buffer = [0; COMPOUND_MAX + CONTROL_GROWTH];
        let (sent, receipt) = (sender.sent(), receiver.receipt());
        let mut len = control.reports.write(now, sent, receipt, goodbye, &mut buffer);
        if let Some(secured) = secured {
            let Some(protected) = secured.protect_control(&mut buffer, len) else { return };
            len = protected;
        }
        sink.rtcp(slot, to, muxed, &buffer[..len]);
        self.counters.reports_out += 1;
    }
}
