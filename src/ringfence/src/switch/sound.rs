//! The sound of legs: what is played to them, and over which addresses and keys it goes.

use super::Switch;
use super::silence::Silences;
use crate::media_thread::MediaOrder;
use crate::rooms::Rooms;
use crate::service::{Severity, log};
use crate::wires::{Pair, Wire};
use media::{ClipList, ClipNo, ControlPath};
use model::id::{LegId, PlayId};
use model::{Cause, Codec};
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
    /// Legs of spans whose channel is open.
    pub opened: BTreeSet<LegId>,
}

impl Sound {
    /// Forgets a leg that is over; it leaves its room when it is shut.
    pub fn forget(&mut self, leg: LegId) {
        self.silences.forget(leg);
        self.codecs.remove(&leg);
        self.cared.remove(&leg);
        self.opened.remove(&leg);
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
    pub(super) fn play(&mut self, leg: LegId, play: PlayId, clips: &[model::Clip], looped: bool) {
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
        self.engine(leg, move |slot| media::Command::Play { slot, play, clips: list, looped });
    }

    /// Sockets for a leg's sound, in the media thread of its call.
    pub(super) fn open_rtp(&mut self, leg: LegId) -> anyhow::Result<SocketAddr> {
        let beside = self.parts.exchange.beside(leg);
        let (spot, local, pair) = self.parts.wires.open_rtp(leg, beside)?;
        if let Some(Pair { sound: socket, reports }) = pair {
            let (slot, reports) = (spot.slot, Some(reports));
            self.tell_media(spot.thread, MediaOrder::Open { slot, leg, socket, reports });
        }
        Ok(local)
    }

    /// Opens or changes a leg's media. A desk phone's sound comes from where its signalling does;
    /// one that names another address (an interface we do not see, a NAT) is heard all the same.
    pub(super) fn open_media(&mut self, leg: LegId, plan: &sip::MediaPlan, signalling: IpAddr) {
        let Some(Wire::Rtp { .. }) = self.parts.wires.get(leg) else { return };
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
        let packets = media::Packets { ms: plan.ptime_ms, dtmf_clock_hz: plan.dtmf_clock_hz };
        let (payload_type, dtmf_payload_type) = (plan.payload_type, plan.dtmf_payload_type);
        let (send, receive) = (plan.send, plan.receive);
        let control = if plan.rtcp_mux { ControlPath::Muxed } else { apart(remote) };
        self.engine(leg, move |slot| media::Command::OpenRtp {
            slot,
            ssrc: u32::from_be_bytes(ssrc),
            remote,
            coder,
            packets,
            payload_type,
            dtmf_payload_type,
            send,
            receive,
            srtp,
            control,
            name,
        });
    }
}

/// Where reports go that do not share the port of sound: the one above it (RFC 3550 11).
fn apart(remote: SocketAddr) -> ControlPath {
    match remote.port().checked_add(1) {
        Some(port) if remote.port() > 0 => ControlPath::Apart(SocketAddr::new(remote.ip(), port)),
        _ => ControlPath::Off,
    }
}
