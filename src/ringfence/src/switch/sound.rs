//! The sound of legs: who hears whom, over which addresses and keys, and who has fallen silent.

use super::Switch;
use crate::media_thread::MediaOrder;
use crate::rooms::Rooms;
use crate::service::{Severity, log};
use crate::wires::{Pair, Wire};
use media::{ClipList, ClipNo, ControlPath, Slot};
use model::id::{LegId, PlayId, RoomId};
use model::{Cause, Codec, Instant, LegEvent, Voice};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long nothing comes of a phone that sent all the time before, until it is asked by SIP whether
/// it is there. Some phones send nothing while they are muted, and say so to nobody.
pub const ASKED_AFTER_MS: u64 = 1500;
/// How long it may take to answer: time for a second try of the OPTIONS (RFC 3261 17.1.2.1: T1 is
/// 500 ms). What never answers has vanished, and its caller is told within 3 s.
const ANSWERS_WITHIN: Duration = Duration::from_millis(1250);
/// One that answered is asked again so often.
const ASKED_EVERY: Duration = Duration::from_secs(4);
/// How long one that answered before may owe an answer: four tries.
const OWES_MAX: Duration = Duration::from_secs(8);

/// What is known of the legs' sound beyond their wires.
#[derive(Default)]
pub struct Sound {
    pub rooms: Rooms,
    /// What each leg speaks.
    codecs: BTreeMap<LegId, Codec>,
    /// Legs of which it was decided what is done for their sound.
    cared: BTreeSet<LegId>,
    /// Legs of which nothing comes.
    silent: BTreeMap<LegId, Silent>,
    /// Legs that were ended for that; the exchange is told so.
    vanished: BTreeSet<LegId>,
    /// Legs ended because their phone was silent, for the console.
    pub vanished_count: u64,
}

/// A leg of which nothing comes.
#[derive(Clone, Copy, Debug, Default)]
struct Silent {
    /// The question that is not answered, and when one was answered last.
    asked: Option<Instant>,
    answered: Option<Instant>,
}

impl Sound {
    /// Forgets a leg that is over.
    pub fn forget(&mut self, leg: LegId) {
        self.rooms.leave(leg);
        self.silent.remove(&leg);
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

    /// Notes that nothing comes of a leg, or that it is heard again.
    pub fn note(&mut self, leg: LegId, silent: bool) {
        if silent {
            self.silent.entry(leg).or_default();
        } else {
            self.silent.remove(&leg);
        }
    }

    /// Notes that a leg's phone answered: it is there, and silent by itself.
    pub fn there(&mut self, now: Instant, leg: LegId) {
        if let Some(silent) = self.silent.get_mut(&leg) {
            (silent.asked, silent.answered) = (None, Some(now));
        }
    }

    /// Takes the legs out whose phones have vanished, and gives those that are to be asked.
    pub fn take_vanished(&mut self, now: Instant) -> (Vec<LegId>, Vec<LegId>) {
        let (mut gone, mut asked) = (Vec::new(), Vec::new());
        for (&leg, silent) in &mut self.silent {
            match (silent.asked, silent.answered) {
                (None, Some(answered)) if now.since(answered) < ASKED_EVERY => {}
                (None, _) => {
                    silent.asked = Some(now);
                    asked.push(leg);
                }
                (Some(at), answered) => {
                    let most = if answered.is_some() { OWES_MAX } else { ANSWERS_WITHIN };
                    if now.since(at) >= most {
                        gone.push(leg);
                    }
                }
            }
        }
        for leg in &gone {
            self.silent.remove(leg);
            self.vanished.insert(*leg);
            self.vanished_count += 1;
        }
        (gone, asked)
    }

    /// When a leg may have vanished next.
    pub fn deadline(&self) -> Option<Instant> {
        let ends = self.silent.values().filter(|silent| silent.answered.is_none());
        ends.map(|silent| silent.asked.map_or(Instant::START, |at| at + ANSWERS_WITHIN)).min()
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

    /// Notes that a leg's peer stopped sending, `ms` ago, or began again. A carrier's silence is
    /// its own affair: session timers tell whether it lives (RFC 4028).
    pub(super) fn silence(&mut self, now: Instant, leg: LegId, ms: Option<u64>) {
        if ms.is_none() || !self.trunk_legs.contains(&leg) {
            self.sound.note(leg, ms.is_some());
            self.end_vanished(now);
        }
    }

    /// Asks the phones that fell silent whether they are there, and ends the legs of those that are
    /// not.
    pub(super) fn end_vanished(&mut self, now: Instant) {
        let (gone, asked) = self.sound.take_vanished(now);
        for leg in asked {
            let ask = sip::Command::Ask { leg };
            self.parts.endpoint.handle(now, sip::Input::Command(ask));
        }
        for leg in gone {
            log(
                Severity::Warning,
                &format!("leg {leg}: its phone sends no sound and answers nothing"),
            );
            let hang_up = sip::Command::HangUp { leg, cause: Cause::Vanished };
            self.parts.endpoint.handle(now, sip::Input::Command(hang_up));
            self.settle(now);
        }
    }
}

/// Where reports go that do not share the port of sound: the one above it (RFC 3550 11).
fn apart(remote: SocketAddr) -> ControlPath {
    match remote.port().checked_add(1) {
        Some(port) if remote.port() > 0 => ControlPath::Apart(SocketAddr::new(remote.ip(), port)),
        _ => ControlPath::Off,
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
    fn a_phone_that_falls_silent_and_answers_nothing_has_vanished_within_three_seconds() {
        let mut sound = Sound::default();
        sound.note(leg(), true);
        assert_eq!(sound.take_vanished(at(1500)), (vec![], vec![leg()]), "it is asked");
        assert_eq!(sound.take_vanished(at(2740)), (vec![], vec![]));
        assert_eq!(sound.deadline(), Some(at(2750)));
        assert_eq!(sound.take_vanished(at(2750)), (vec![leg()], vec![]));
        assert_eq!(sound.take_vanished(at(60_000)), (vec![], vec![]), "once");
        assert_eq!(sound.told(leg(), LegEvent::Held), LegEvent::Held);
        assert_eq!(
            sound.told(leg(), LegEvent::Gone(Cause::Normal)),
            LegEvent::Gone(Cause::Vanished)
        );
        assert_eq!(sound.told(leg(), LegEvent::Gone(Cause::Normal)), LegEvent::Gone(Cause::Normal));
    }

    #[test]
    fn a_muted_phone_that_sends_nothing_is_asked_now_and_then_and_kept_for_an_hour() {
        let mut sound = Sound::default();
        sound.note(leg(), true);
        let mut questions = 0;
        for ms in (1500..3_600_000).step_by(200) {
            let (gone, asked) = sound.take_vanished(at(ms));
            assert_eq!(gone, [], "{ms} ms");
            if !asked.is_empty() {
                questions += 1;
                sound.there(at(ms + 30), leg());
            }
        }
        assert!((800..=900).contains(&questions), "{questions}");
        // Its power is pulled while it is muted.
        let end = (3_600_000..3_700_000)
            .step_by(200)
            .find(|&ms| !sound.take_vanished(at(ms)).0.is_empty());
        assert!(end.is_some_and(|ms| ms <= 3_613_000), "{end:?}");
    }

    #[test]
    fn a_phone_heard_again_or_hung_up_in_time_has_not_vanished() {
        let mut sound = Sound::default();
        sound.note(leg(), true);
        sound.take_vanished(at(1500));
        sound.note(leg(), false);
        assert_eq!(sound.take_vanished(at(60_000)), (vec![], vec![]));
        sound.note(leg(), true);
        sound.take_vanished(at(70_000));
        sound.forget(leg());
        assert_eq!(sound.take_vanished(at(90_000)), (vec![], vec![]));
        assert_eq!(sound.vanished_count, 0);
    }
}
