//! Legs opened, changed, joined and closed, as commands say.

use super::{Engine, Retired};
use crate::card::{CardEar, CardMouth};
use crate::coder::Coder;
use crate::command::{Command, ControlPath, Packets, RoomNo, Slot};
use crate::leg::{Control, Leg, Line, Sender};
use crate::play::Play;
use crate::presses::Way;
use crate::receive::{Expected, Receiver};
use crate::room::{Mixing, Voice};
use crate::rtcp::NAME_BYTES;
use crate::sink::Event;
use crate::srtp::{Secured, Srtp};
use model::Instant;

impl Engine {
    pub(super) fn carry_out(&mut self, now: Instant, command: Command) -> Option<()> {
        match command {
            Command::OpenRtp {
                slot,
                ssrc,
                remote,
                coder,
                payload_type,
                dtmf_payload_type,
                packets,
                send,
                receive,
                srtp,
                control,
                name,
            } => {
                let codec = coder.codec();
                let expected = Expected { remote, codec, payload_type, dtmf_payload_type, receive };
                let open = Open { ssrc, expected, packets, coder, send, srtp, control, name };
                self.open_rtp(now, slot, open)?;
            }
            Command::OpenCard { slot, law } => {
                let place = self.legs.get(usize::from(slot.0))?;
                if matches!(place.line, Line::Card { .. }) && place.codec() == law.into() {
                    return Some(());
                }
                self.close(now, slot);
                let place = self.legs.get_mut(usize::from(slot.0))?;
                let line = Line::Card { ear: CardEar::new(law), mouth: CardMouth::new(law) };
                *place = Leg::open(line, Coder::Law(law), now);
                self.open.set(slot, true);
            }
            Command::Close { slot } => {
                self.leg(slot)?;
                self.close(now, slot);
            }
            Command::Play { slot, play, clips, looped } => {
                let play = Play::new(play, clips, looped, &self.clips);
                self.leg(slot)?.play(play);
            }
            Command::Seek { slot, by_ms } => {
                let clips = std::sync::Arc::clone(&self.clips);
                self.leg(slot)?.seek(&clips, by_ms);
            }
            Command::StopPlay { slot } => self.leg(slot)?.stop_play(),
            Command::Bridge { a, b } => self.bridge(a, b)?,
            Command::Unbridge { slot } => {
                self.leg(slot)?;
                self.unbridge(slot);
            }
            Command::Mix { slot, room } => {
                self.mix(slot, room)?;
                self.leg(slot)?.end_play();
            }
            Command::MixOn { slot, room } => self.mix(slot, room)?,
            Command::Care { slot, care } => {
                let Some(leg) = self.leg(slot) else {
                    care.into_iter().for_each(|care| self.retire(care));
                    return None;
                };
                let before = leg.take_care(None);
                before.into_iter().for_each(|care| self.retire(care));
                let taken: u32 = self.legs.iter().map(Leg::care_us).sum();
                match care {
                    Some(care) if taken + care.cost_us() > self.care_us_max => {
                        self.counters.care_refused += 1;
                        self.retire(care);
                    }
                    care => _ = self.leg(slot)?.take_care(care),
                }
            }
            Command::Supervise { slot, room, voice, beeps } => {
                self.supervise(slot, room, voice, beeps)?;
            }
            Command::Unmix { slot } => {
                self.leg(slot)?;
                self.unmix(slot);
            }
            Command::Tap { slot, tap } => self.leg(slot)?.tap = Some(tap),
            Command::Untap { slot } => self.leg(slot)?.tap = None,
            Command::SendDigit { slot, digit } => {
                self.leg(slot)?;
                self.send_digit(slot, digit);
            }
            Command::SignalDigits { slot, signalled } => {
                self.leg(slot)?.keys.signalled = signalled;
            }
            Command::Pressed { slot, digit } => {
                self.leg(slot)?;
                self.pressed(now, slot, Way::Signal, digit);
            }
        }
        Some(())
    }

    fn open_rtp(&mut self, now: Instant, slot: Slot, open: Open) -> Option<()> {
        let Open { ssrc, expected, packets, coder, send, srtp, control: path, name } = open;
        let start = self.next_start();
        let Some(leg) = self.legs.get_mut(usize::from(slot.0)) else {
            srtp.into_iter().for_each(|srtp| self.retire(srtp));
            self.retire(coder);
            return None;
        };
        if let Line::Rtp { receiver, sender, secured, control } = &mut leg.line {
            Control::describe(control, path, now, start, &name);
            let same_keys = match (secured.as_ref(), srtp.as_ref()) {
                (Some(secured), Some(next)) => secured.same_keys(next),
                (before, next) => before.is_none() && next.is_none(),
            };
            let same = same_keys && receiver.is_described(&expected);
            if same && sender.is_described(&expected, packets, send) {
                // A session that is merely refreshed (RFC 4028).
                receiver.refresh(now);
                srtp.into_iter().for_each(|srtp| self.retire(srtp));
                self.retire(coder);
                return Some(());
            }
            leg.known.renew();
            let moved = sender.remote != expected.remote;
            receiver.change(expected, now);
            sender.change(&expected, packets, send, ssrc);
            let idle = if leg.coder.codec() == expected.codec {
                coder
            } else {
                std::mem::replace(&mut leg.coder, coder)
            };
            let (rolled, done) = roll(secured, now, srtp);
            if rolled || moved && secured.is_some() {
                sender.begin_anew(ssrc);
            }
            done.into_iter().flatten().for_each(|srtp| self.retire(srtp));
            self.retire(idle);
            return Some(());
        }
        self.close(now, slot);
        let mut control = None;
        Control::describe(&mut control, path, now, start, &name);
        let line = Line::Rtp {
            receiver: Receiver::new(expected, now, self.ticked),
            sender: Sender::new(ssrc, &expected, packets, send, start),
            secured: srtp.map(Secured::new),
            control,
        };
        *self.legs.get_mut(usize::from(slot.0))? = Leg::open(line, coder, now);
        self.open.set(slot, true);
        Some(())
    }

    fn bridge(&mut self, a: Slot, b: Slot) -> Option<()> {
        if a == b {
            return None;
        }
        self.leg(a)?;
        self.leg(b)?;
        for (slot, peer) in [(a, b), (b, a)] {
            self.unbridge(slot);
            self.unmix(slot);
            self.leg(slot)?.end_play();
            self.leg(slot)?.peer = Some(peer);
            self.leg(slot)?.known.renew();
        }
        // A fax that is put through is one still.
        if [a, b].into_iter().any(|slot| self.leg(slot).is_some_and(|leg| leg.is_left_alone())) {
            self.leg(a)?.leave_alone();
            self.leg(b)?.leave_alone();
        }
        Some(())
    }

    /// Parts a leg from its peer, if it has one.
    fn unbridge(&mut self, slot: Slot) {
        let peer = self.leg(slot).and_then(|leg| leg.peer.take());
        if let Some(other) = peer.and_then(|peer| self.leg(peer)) {
            other.peer = None;
        }
    }

    fn mix(&mut self, slot: Slot, room: RoomNo) -> Option<()> {
        self.leg(slot)?;
        let place = usize::from(room.0);
        self.rooms.get(place).filter(|room| room.has_place(slot))?;
        self.unbridge(slot);
        self.unmix(slot);
        self.rooms.get_mut(place)?.join(slot);
        let leg = self.leg(slot)?;
        leg.room = Some(room);
        leg.known.renew();
        Some(())
    }

    fn supervise(&mut self, slot: Slot, room: RoomNo, voice: Voice, beeps: bool) -> Option<()> {
        let before = self.leg(slot)?.room;
        let place = usize::from(room.0);
        self.rooms.get(place).filter(|room| room.has_place(slot))?;
        if before != Some(room) {
            self.unbridge(slot);
            self.unmix(slot);
        }
        self.rooms.get_mut(place)?.join_as_guest(slot, voice, beeps);
        let leg = self.leg(slot)?;
        leg.room = Some(room);
        leg.known.renew();
        Some(())
    }

    /// Takes a leg out of its room, if it is in one.
    fn unmix(&mut self, slot: Slot) {
        let Some(no) = self.leg(slot).and_then(|leg| leg.room.take()) else { return };
        let Self { rooms, legs, mixing, constants, .. } = self;
        let Some(room) = rooms.get_mut(usize::from(no.0)) else { return };
        let rate_of = |slot: Slot| Some(legs.get(usize::from(slot.0))?.codec().rate());
        let rate = Mixing::rate_in(room, rate_of);
        let heard_by = room.leave(slot);
        let leg = legs.get_mut(usize::from(slot.0));
        if let (Some(leg), Some(place)) = (leg, mixing.fade_out(no, rate, heard_by)) {
            leg.said_once_more(&constants.weights, rate, place);
        }
    }

    /// Takes a leg out of all it is in, for its slot is another's next.
    pub(super) fn part(&mut self, slot: Slot) {
        self.unbridge(slot);
        let room = self.leg(slot).and_then(|leg| leg.room);
        self.unmix(slot);
        if let Some(room) = room.and_then(|no| self.rooms.get_mut(usize::from(no.0))) {
            room.forget(slot);
        }
    }

    fn close(&mut self, now: Instant, slot: Slot) {
        self.part(slot);
        let Some(leg) = self.leg(slot) else { return };
        let figures = leg.figures(now);
        let mut closed = std::mem::replace(leg, Leg::closed());
        self.open.set(slot, false);
        let care = closed.take_care(None);
        self.closed.add(&closed.counters());
        self.tell(Event::Quality { slot, figures, last: true });
        if let Line::Rtp { secured: Some(secured), .. } = closed.line {
            let (session, before) = secured.end();
            self.retire(session);
            before.into_iter().for_each(|srtp| self.retire(srtp));
        }
        care.into_iter().for_each(|care| self.retire(care));
        self.retire(closed.coder);
    }

    /// Keeps what is done with until it is fetched.
    pub(super) fn retire(&mut self, done: impl Into<Retired>) {
        let done = done.into();
        if matches!(done, Retired::Coder(Coder::Law(_))) {
            return;
        }
        if self.retired.len() < self.retired.capacity() {
            self.retired.push(done);
        } else {
            self.counters.retired_not_fetched += 1;
        }
    }
}

/// What a leg that speaks RTP is opened with.
struct Open {
    ssrc: u32,
    expected: Expected,
    packets: Packets,
    coder: Coder,
    send: bool,
    srtp: Option<Box<Srtp>>,
    control: ControlPath,
    name: [u8; NAME_BYTES],
}

/// Changes a leg's keys, into clear or out of it too. Tells whether what is sent begins anew, and
/// gives the keys that are done with.
fn roll(
    secured: &mut Option<Secured>,
    now: Instant,
    next: Option<Box<Srtp>>,
) -> (bool, [Option<Box<Srtp>>; 2]) {
    match (secured.as_mut(), next) {
        (Some(secured), Some(next)) => {
            let (rolled, done) = secured.roll(now, next);
            (rolled, [done, None])
        }
        (None, Some(next)) => {
            *secured = Some(Secured::new(next));
            (true, [None, None])
        }
        (Some(_), None) => {
            let (session, before) = match secured.take() {
                Some(secured) => secured.end(),
                None => return (true, [None, None]),
            };
            (true, [Some(session), before])
        }
        (None, None) => (false, [None, None]),
    }
}
