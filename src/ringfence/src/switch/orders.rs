//! Orders of the exchange carried out: through sip, line, media and the seal thread.

use super::{Switch, Unrecorded};
use crate::media_thread::{LineOrder, MediaOrder};
use crate::seal::{Sealed, TapBegin};
use crate::service::{Severity, log};
use crate::wires::Wire;
use model::id::{LegId, RecordingId};
use model::{Cause, Fact, Instant, LegEvent, Order};

impl Switch {
    pub(super) fn obey(&mut self, now: Instant, order: Order) {
        match order {
            Order::Answer { leg } => self.answer_leg(now, leg),
            Order::Refuse { leg, cause } => self.end(now, leg, cause, true),
            Order::HangUp { leg, cause } => self.end(now, leg, cause, false),
            Order::Ring { leg, phone, caller, name, pop, with } => match self.open_rtp(leg) {
                Ok(rtp) => {
                    let (auto_answer, referrer) = (pop.auto_answer, pop.sent_by.clone());
                    let name = self.pop(now, leg, &phone, &caller, name, &pop);
                    let caller = phone::caller_id(&caller, &pop);
                    let invite = sip::Command::Invite {
                        leg,
                        phone,
                        rtp,
                        caller,
                        name,
                        auto_answer,
                        referrer,
                        codec: with.and_then(|with| self.sound.codec(with)),
                    };
                    self.parts.endpoint.handle(now, sip::Input::Command(invite));
                }
                Err(error) => self.no_media(now, leg, &error),
            },
            Order::Play { leg, play, clips, looped } => self.play(leg, play, &clips, looped),
            Order::StopPlay { leg } => self.engine(leg, |slot| media::Command::StopPlay { slot }),
            Order::Bridge { a, b } => self.bridge(a, b),
            Order::Unbridge { leg } => self.engine(leg, |slot| media::Command::Unbridge { slot }),
            Order::Mix { leg, room } => self.mix(now, leg, room),
            Order::Supervise { leg, room, voice, beeps } => {
                self.supervise(now, leg, room, voice, beeps);
            }
            Order::Unmix { leg } => self.unmix(leg),
            Order::Record { leg, recording } => self.record(now, leg, recording),
            Order::StopRecord { recording } => self.stop_recording(recording),
            Order::Dial { leg, trunk, number, caller, name, diverted, sent_by, with } => {
                match self.open_rtp(leg) {
                    Ok(rtp) => {
                        self.trunk_legs.insert(leg);
                        // Who calls though the number is withheld, for a trunk that is trusted.
                        let asserted = self.parts.site.numbering.number.clone().unwrap_or_default();
                        let call = sip::TrunkCall {
                            leg,
                            trunk,
                            rtp,
                            number,
                            caller,
                            name,
                            diverted,
                            asserted,
                            referrer: sent_by,
                            codec: with.and_then(|with| self.sound.codec(with)),
                        };
                        self.tell_sip(now, sip::Command::InviteTrunk(call));
                    }
                    Err(error) => self.no_media(now, leg, &error),
                }
            }
            Order::Alert { leg } => self.tell_sip(now, sip::Command::Alert { leg }),
            Order::EarlyMedia { leg } => self.open_early(now, leg),
            Order::Transferring { leg, stage } => {
                self.tell_sip(now, sip::Command::Transferring { leg, stage });
            }
        }
    }

    fn answer_leg(&mut self, now: Instant, leg: LegId) {
        if let Some(Wire::Port(port)) = self.parts.wires.get(leg) {
            self.tell_media(MediaOrder::Line { port, order: LineOrder::Answer });
            return;
        }
        match self.open_rtp(leg) {
            Ok(rtp) => {
                let answer = sip::Command::Answer { leg, rtp };
                self.parts.endpoint.handle(now, sip::Input::Command(answer));
            }
            Err(error) => {
                log(Severity::Error, &format!("leg {leg} cannot be answered: {error:#}"));
                self.alarms.raise(now, "no-media", "rtp", control::Level::Critical);
                self.end(now, leg, Cause::Congestion, true);
            }
        }
    }

    fn tell_sip(&mut self, now: Instant, command: sip::Command) {
        self.parts.endpoint.handle(now, sip::Input::Command(command));
    }

    /// Opens the sound of a leg that is not answered yet; without room for it, it goes without. An
    /// attached line carries none before it is off hook, but what is played to it runs its course.
    fn open_early(&mut self, now: Instant, leg: LegId) {
        if let Some(Wire::Port(port)) = self.parts.wires.get(leg) {
            return self.tell_media(MediaOrder::Line { port, order: LineOrder::Early });
        }
        match self.open_rtp(leg) {
            Ok(rtp) => self.tell_sip(now, sip::Command::EarlyMedia { leg, rtp }),
            Err(error) => {
                log(
                    Severity::Error,
                    &format!("leg {leg} has no sound before the answer: {error:#}"),
                );
            }
        }
    }

    fn no_media(&mut self, now: Instant, leg: LegId, error: &anyhow::Error) {
        log(Severity::Error, &format!("leg {leg} cannot be rung: {error:#}"));
        self.alarms.raise(now, "no-media", "rtp", control::Level::Critical);
        let event = LegEvent::Gone(Cause::Congestion);
        self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
    }

    pub(super) fn end(&mut self, now: Instant, leg: LegId, cause: Cause, refuse: bool) {
        if let Some(Wire::Port(port)) = self.parts.wires.get(leg) {
            let order = if refuse { LineOrder::Refuse(cause) } else { LineOrder::HangUp(cause) };
            self.tell_media(MediaOrder::Line { port, order });
            return;
        }
        let command = if refuse {
            sip::Command::Refuse { leg, cause }
        } else {
            sip::Command::HangUp { leg, cause }
        };
        self.parts.endpoint.handle(now, sip::Input::Command(command));
    }

    fn record(&mut self, now: Instant, leg: LegId, recording: RecordingId) {
        let Some(tapped) = self.parts.wires.open_tap(leg, recording) else { return };
        let started = self.parts.anchor.wall(now);
        let begin = TapBegin { tap: tapped.tap, recording, started };
        if self.parts.begins.try_send(begin).is_err() {
            log(
                Severity::Error,
                &format!("recording {recording}: the seal thread does not answer"),
            );
            self.parts.wires.taps.remove(&recording);
            self.unrecorded.insert(recording, Unrecorded { tried: now, never_begun: Some(now) });
            return;
        }
        self.recordings.insert(recording);
        let tap = media::Command::Tap { slot: tapped.slot, tap: tapped.tap };
        self.tell_media(MediaOrder::Engine(tap));
    }

    pub(super) fn stop_recording(&mut self, recording: RecordingId) {
        if let Some(tapped) = self.parts.wires.taps.remove(&recording) {
            self.tell_media(MediaOrder::Untap { slot: tapped.slot, tap: tapped.tap });
        }
        let never_begun = self.unrecorded.get(&recording).and_then(|lacks| lacks.never_begun);
        if let Some(since) = never_begun {
            self.unrecorded.remove(&recording);
            let span = self.parts.clock.now().since(since);
            let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            let why = "the seal thread did not answer".to_owned();
            self.note(Fact::RecordingMissed { call: recording.call, ms, why });
        }
    }

    pub(super) fn recording_sealed(&mut self, sealed: Sealed) {
        let now = self.parts.clock.now();
        if !sealed.over {
            self.unrecorded.insert(sealed.recording, Unrecorded { tried: now, never_begun: None });
            return;
        }
        self.unrecorded.remove(&sealed.recording);
        self.recordings.remove(&sealed.recording);
        if sealed.missed_ms > 0 || sealed.trouble.is_some() {
            self.alarms.raise(now, "not-recorded", "seal", control::Level::Critical);
            let why =
                sealed.trouble.unwrap_or_else(|| "audio was lost on the way to the disk".into());
            let (call, ms) = (sealed.recording.call, sealed.missed_ms);
            log(Severity::Error, &format!("recording {} lacks {ms} ms: {why}", sealed.recording));
            self.note(Fact::RecordingMissed { call, ms, why });
        }
    }

    /// Ends what a leg ran over, its recordings first. An answer that still waits for its facts is
    /// dropped: the caller is gone, and it would open a socket that nobody closes.
    pub(super) fn close(&mut self, leg: LegId) {
        self.trunk_legs.remove(&leg);
        self.sound.forget(leg);
        let now = self.parts.clock.now();
        self.unpop(now, leg);
        let answers = |order: &Order| matches!(order, Order::Answer { leg: rung } if *rung == leg);
        self.held.retain(|held| !answers(&held.order));
        for recording in self.parts.wires.taps_of(leg) {
            self.stop_recording(recording);
        }
        self.known.close(now, leg);
        if let Some(Wire::Rtp { slot, .. }) = self.parts.wires.close(leg) {
            self.tell_media(MediaOrder::Shut { slot });
        }
    }
}
