//! The sound of legs: who hears whom, over which addresses and keys.

use super::Switch;
use super::silence::Silences;
use crate::media_thread::MediaOrder;
use crate::rooms::Rooms;
use crate::service::{Severity, log};
use crate::wires::{Pair, Wire};
use media::{ClipList, ClipNo, ControlPath, Slot};
use model::id::{LegId, PlayId, RoomId};
use model::{Cause, Codec, Instant, Voice};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// What is known of the legs' sound beyond their wires.
#[derive(Default)]
pub struct Sound {
    pub rooms: Rooms,
    /// What each leg speaks.
    codecs: BTreeMap<LegId, Codec>,
    /// Legs of which it was decided what is done for their sound.
    cared: BTreeSet<LegId>,
    /// Legs of which nothing comes.
    pub silences: Silences,
}

impl Sound {
    /// Forgets a leg that is over.
    pub fn forget(&mut self, leg: LegId) {
        self.rooms.leave(leg);
        self.silences.forget(leg);
        self.codecs.remove(&leg);
        self.cared.remove(&leg);
    }

    /// What a leg speaks, once that is agreed on.
    pub fn codec(&self, leg: LegId) -> Option<Codec> {
        self.codecs.get(&leg).copied()
    }

    /// Notes that a leg talks; true the first time.
    pub fn first_talk(&mut self, leg: LegId) -> bool {
        self.cared.insert(leg)
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
            for leg in [a, b] {
                self.care_for(leg);
            }
            let bridge = media::Command::Bridge { a: one.slot(), b: other.slot() };
            self.tell_media(MediaOrder::Engine(bridge));
        }
    }

    pub(super) fn mix(&mut self, now: Instant, leg: LegId, room: RoomId) {
        let Some(slot) = self.parts.wires.get(leg).map(Wire::slot) else { return };
        self.care_for(leg);
        match self.sound.rooms.join(leg, room) {
            Some(room) => {
                self.tell_media(MediaOrder::Engine(media::Command::Mix { slot, room }));
            }
            None => self.no_room(now, leg),
        }
    }

    pub(super) fn supervise(
        &mut self,
        now: Instant,
        leg: LegId,
        room: RoomId,
        voice: Voice,
        beeps: bool,
    ) {
        let slot = |leg| self.parts.wires.get(leg).map(Wire::slot);
        let voice = match voice {
            Voice::Nobody => media::Voice::Nobody,
            Voice::Everybody => media::Voice::Everybody,
            // An agent whose leg is gone hears nobody.
            Voice::One(to) => slot(to).map_or(media::Voice::Nobody, media::Voice::One),
        };
        let Some(slot) = slot(leg) else { return };
        match self.sound.rooms.join(leg, room) {
            Some(room) => {
                let supervise = media::Command::Supervise { slot, room, voice, beeps };
                self.tell_media(MediaOrder::Engine(supervise));
            }
            None => self.no_room(now, leg),
        }
    }

    /// Says that a leg finds no place. It hears nobody from then on, and nobody hears it: where it was
    /// it is no longer meant to be.
    fn no_room(&mut self, now: Instant, leg: LegId) {
        log(
            Severity::Error,
            &format!("leg {leg}: every room for conferences is taken, or its own full"),
        );
        self.engine(leg, |slot| media::Command::Unbridge { slot });
        self.unmix(leg);
        self.alarms.raise(now, "no-media", "rooms", control::Level::Critical);
    }

    pub(super) fn unmix(&mut self, leg: LegId) {
        self.sound.rooms.leave(leg);
        self.engine(leg, |slot| media::Command::Unmix { slot });
    }

    pub(super) fn open_rtp(&mut self, leg: LegId) -> anyhow::Result<SocketAddr> {
        let (slot, local, pair) = self.parts.wires.open_rtp(leg)?;
        if let Some(Pair { sound: socket, reports }) = pair {
            self.tell_media(MediaOrder::Open { slot, leg, socket, reports: Some(reports) });
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
        let Some(coder) = media::Coder::of(plan.codec, plan.opus) else {
            log(Severity::Error, &format!("leg {leg}: {} cannot be made here", plan.codec.name()));
            let now = self.parts.clock.now();
            return self.end(now, leg, Cause::NotAcceptable, false);
        };
        self.sound.codecs.insert(leg, plan.codec);
        let (mut ssrc, mut name) = ([0; 4], [0; media::rtcp::NAME_BYTES]);
        if getrandom::fill(&mut ssrc).and_then(|()| getrandom::fill(&mut name)).is_err() {
            ssrc = (leg.0 as u32).to_be_bytes();
        }
        let remote = if self.trunk_legs.contains(&leg) || plan.remote.ip().is_unspecified() {
            plan.remote
        } else {
            SocketAddr::new(signalling, plan.remote.port())
        };
        self.tell_media(MediaOrder::Engine(media::Command::OpenRtp {
            slot,
            ssrc: u32::from_be_bytes(ssrc),
            remote,
            coder,
            packets: media::Packets { ms: plan.ptime_ms, dtmf_clock_hz: plan.dtmf_clock_hz },
            payload_type: plan.payload_type,
            dtmf_payload_type: plan.dtmf_payload_type,
            send: plan.send,
            receive: plan.receive,
            srtp,
            control: if plan.rtcp_mux { ControlPath::Muxed } else { apart(remote) },
            name,
        }));
    }
}

/// Where reports go that do not share the port of sound: the one above it (RFC 3550 11).
fn apart(remote: SocketAddr) -> ControlPath {
    match remote.port().checked_add(1) {
        Some(port) if remote.port() > 0 => ControlPath::Apart(SocketAddr::new(remote.ip(), port)),
        _ => ControlPath::Off,
    }
}
