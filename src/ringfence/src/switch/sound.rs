//! The sound of legs: who hears whom, over which addresses and keys, and who has fallen silent.

use super::Switch;
use crate::media_thread::MediaOrder;
use crate::rooms::Rooms;
use crate::service::{Severity, log};
use crate::wires::Wire;
use media::{ClipList, ClipNo, Slot};
use model::id::{LegId, PlayId, RoomId};
use model::{Cause, Codec, Instant, LegEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long nothing comes of a phone that sent all the time before, until its leg is ended as
/// vanished: without power or network it says no goodbye.
const VANISHED_AFTER: Duration = Duration::from_secs(10);

/// What is known of the legs' sound beyond their wires.
#[derive(Default)]
pub struct Sound {
    pub rooms: Rooms,
    /// What each leg speaks.
    codecs: BTreeMap<LegId, Codec>,
    /// Legs of which nothing comes, and since when.
    silent: BTreeMap<LegId, Instant>,
    /// Legs that were ended for that; the exchange is told so.
    vanished: BTreeSet<LegId>,
    /// Legs ended because their phone was silent, for the console.
    pub vanished_count: u64,
}

impl Sound {
    /// Forgets a leg that is over.
    pub fn forget(&mut self, leg: LegId) {
        self.rooms.leave(leg);
        self.silent.remove(&leg);
        self.codecs.remove(&leg);
    }

    /// What a leg speaks, once that is agreed on.
    pub fn codec(&self, leg: LegId) -> Option<Codec> {
        self.codecs.get(&leg).copied()
    }

    /// Notes that nothing came of a leg for `ms`, or that it is heard again.
    pub fn note(&mut self, now: Instant, leg: LegId, silent_ms: Option<u64>) {
        match silent_ms {
            Some(ms) => {
                let since = now.as_micros().saturating_sub(ms.saturating_mul(1000));
                self.silent.insert(leg, Instant::from_micros(since));
            }
            None => drop(self.silent.remove(&leg)),
        }
    }

    /// Takes the legs out that have been silent for too long; they count as vanished.
    pub fn take_vanished(&mut self, now: Instant) -> Vec<LegId> {
        let over = |since: &Instant| now.since(*since) >= VANISHED_AFTER;
        let gone: Vec<LegId> =
            self.silent.iter().filter(|(_, since)| over(since)).map(|(&leg, _)| leg).collect();
        for leg in &gone {
            self.silent.remove(leg);
            self.vanished.insert(*leg);
            self.vanished_count += 1;
        }
        gone
    }

    /// What is told of a leg: where a silence ended it, why.
    pub fn told(&mut self, leg: LegId, event: LegEvent) -> LegEvent {
        match event {
            LegEvent::Gone(_) if self.vanished.remove(&leg) => LegEvent::Gone(Cause::Vanished),
            other => other,
        }
    }
}

impl Switch {
    pub(super) fn engine(&mut self, leg: LegId, make: impl FnOnce(Slot) -> media::Command) {
        if let Some(wire) = self.parts.wires.get(leg) {
            self.tell_media(MediaOrder::Engine(make(wire.slot())));
        }
    }

    pub(super) fn play(&mut self, leg: LegId, play: PlayId, clips: &[model::Clip], looped: bool) {
        let Some(slot) = self.parts.wires.get(leg).map(Wire::slot) else { return };
        let mut list = ClipList::new();
        for clip in clips {
            match self.parts.clips.number(clip.lang, &clip.prompt) {
                Some(number) => drop(list.push(ClipNo(number))),
                None => {
                    self.prompts_missing += 1;
                    let text = format!("no prompt {} ({})", clip.prompt, clip.lang);
                    log(Severity::Warning, &text);
                }
            }
        }
        let command = media::Command::Play { slot, play, clips: list, looped };
        self.tell_media(MediaOrder::Engine(command));
    }

    pub(super) fn bridge(&mut self, a: LegId, b: LegId) {
        let slots = (self.parts.wires.get(a), self.parts.wires.get(b));
        if let (Some(one), Some(other)) = slots {
            self.sound.rooms.leave(a);
            self.sound.rooms.leave(b);
            let bridge = media::Command::Bridge { a: one.slot(), b: other.slot() };
            self.tell_media(MediaOrder::Engine(bridge));
        }
    }

    pub(super) fn mix(&mut self, now: Instant, leg: LegId, room: RoomId) {
        let Some(slot) = self.parts.wires.get(leg).map(Wire::slot) else { return };
        match self.sound.rooms.join(leg, room) {
            Some(room) => {
                self.tell_media(MediaOrder::Engine(media::Command::Mix { slot, room }));
            }
            None => {
                log(Severity::Error, &format!("leg {leg}: every room for conferences is taken"));
                self.alarms.raise(now, "no-media", "rooms", control::Level::Critical);
            }
        }
    }

    pub(super) fn unmix(&mut self, leg: LegId) {
        self.sound.rooms.leave(leg);
        self.engine(leg, |slot| media::Command::Unmix { slot });
    }

    pub(super) fn open_rtp(&mut self, leg: LegId) -> anyhow::Result<SocketAddr> {
        let (slot, local, socket) = self.parts.wires.open_rtp(leg)?;
        if let Some(socket) = socket {
            self.tell_media(MediaOrder::Open { slot, socket });
        }
        Ok(local)
    }

    /// Opens or changes a leg's media. A desk phone's sound comes from where its signalling does;
    /// one that names another address (an interface we do not see, a NAT) is heard all the same.
    pub(super) fn open_media(&mut self, leg: LegId, plan: &sip::MediaPlan, signalling: IpAddr) {
        let Some(Wire::Rtp { slot, .. }) = self.parts.wires.get(leg) else { return };
        // Keys that cannot be used are no reason to send in clear, or to go on with others.
        let srtp = plan.srtp.as_ref().map(media::Srtp::new);
        if let Some(None) = srtp {
            log(Severity::Error, &format!("leg {leg} has keys that the cipher library refuses"));
            let now = self.parts.clock.now();
            self.alarms.raise(now, "no-media", "srtp", control::Level::Critical);
            return self.end(now, leg, Cause::NotAcceptable, false);
        }
        let srtp = srtp.flatten();
        let Some(coder) = media::Coder::new(plan.codec) else {
            log(Severity::Error, &format!("leg {leg}: {} cannot be made here", plan.codec.name()));
            let now = self.parts.clock.now();
            return self.end(now, leg, Cause::NotAcceptable, false);
        };
        self.sound.codecs.insert(leg, plan.codec);
        let mut ssrc = [0; 4];
        if getrandom::fill(&mut ssrc).is_err() {
            ssrc = (leg.0 as u32).to_be_bytes();
        }
        self.tell_media(MediaOrder::Engine(media::Command::OpenRtp {
            slot,
            ssrc: u32::from_be_bytes(ssrc),
            remote: if self.trunk_legs.contains(&leg) || plan.remote.ip().is_unspecified() {
                plan.remote
            } else {
                SocketAddr::new(signalling, plan.remote.port())
            },
            coder,
            payload_type: plan.payload_type,
            dtmf_payload_type: plan.dtmf_payload_type,
            send: plan.send,
            receive: plan.receive,
            srtp,
            control: media::ControlPath::Off,
        }));
    }

    /// Notes that a leg's peer stopped sending, `ms` ago, or began again. A carrier's silence is
    /// its own affair: session timers tell whether it lives (RFC 4028).
    pub(super) fn silence(&mut self, now: Instant, slot: Slot, ms: Option<u64>) {
        let leg = self.parts.wires.leg_at(slot);
        if let Some(leg) = leg.filter(|leg| ms.is_none() || !self.trunk_legs.contains(leg)) {
            self.sound.note(now, leg, ms);
        }
    }

    /// Ends the legs of phones that have been silent for too long.
    pub(super) fn end_vanished(&mut self, now: Instant) {
        for leg in self.sound.take_vanished(now) {
            log(Severity::Warning, &format!("leg {leg}: its phone sends no sound any more"));
            let hang_up = sip::Command::HangUp { leg, cause: Cause::Vanished };
            self.parts.endpoint.handle(now, sip::Input::Command(hang_up));
            self.settle(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg() -> LegId {
        LegId::inbound(1)
    }

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn a_phone_silent_for_ten_seconds_has_vanished_and_its_end_is_told_as_that() {
        let mut sound = Sound::default();
        sound.note(at(20_000), leg(), Some(3000));
        assert_eq!(sound.take_vanished(at(26_900)), []);
        assert_eq!(sound.take_vanished(at(27_000)), [leg()]);
        assert_eq!(sound.take_vanished(at(60_000)), [], "once");
        assert_eq!(sound.told(leg(), LegEvent::Held), LegEvent::Held);
        assert_eq!(
            sound.told(leg(), LegEvent::Gone(Cause::Normal)),
            LegEvent::Gone(Cause::Vanished)
        );
        assert_eq!(sound.told(leg(), LegEvent::Gone(Cause::Normal)), LegEvent::Gone(Cause::Normal));
    }

    #[test]
    fn a_phone_heard_again_or_hung_up_in_time_has_not_vanished() {
        let mut sound = Sound::default();
        sound.note(at(20_000), leg(), Some(3000));
        sound.note(at(25_000), leg(), None);
        assert_eq!(sound.take_vanished(at(60_000)), []);
        sound.note(at(70_000), leg(), Some(3000));
        sound.forget(leg());
        assert_eq!(sound.take_vanished(at(90_000)), []);
        assert_eq!(sound.vanished_count, 0);
    }
}
