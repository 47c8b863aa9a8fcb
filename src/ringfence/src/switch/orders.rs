//! Orders of the exchange carried out: through sip, line, media and the seal thread.

use super::{Switch, Unrecorded};
use crate::lines::HangUp;
use crate::media_thread::LineOrder;
use crate::rooms::How;
use crate::seal::{Sealed, TapBegin};
use crate::service::{Severity, log};
use crate::wires::{Tapped, Wire};
use crate::wishes::Wish;
use model::id::{LegId, RecordingId};
use model::{Cause, Fact, Instant, LegEvent, Order};

impl Switch {
    pub(super) fn obey(&mut self, now: Instant, order: Order) {
        match order {
            Order::Answer { leg } => self.answer_leg(now, leg),
            Order::Refuse { leg, cause } => self.end(now, leg, cause, true),
            Order::HangUp { leg, cause } => self.end(now, leg, cause, false),
            Order::Ring { leg, phone, .. } if self.parts.devices.has(&phone) => {
                self.ring_device(now, leg, &phone);
            }
            Order::Ring { leg, phone, caller, name, pop, .. } if self.is_telephone(&phone) => {
                // It shows digits alone: a number that is covered in part it does not show.
                let caller = if pop.masked { model::Number::default() } else { caller };
                self.ring_telephone(now, leg, &phone, &caller, &name);
            }
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
            Order::StopPlay { leg } => {
                self.engine(leg, move |slot| media::Command::StopPlay { slot })
            }
            Order::Bridge { a, b } => self.wish(Wish::Bridge { a, b }),
            Order::Unbridge { leg } => {
                self.engine(leg, move |slot| media::Command::Unbridge { slot })
            }
            Order::Mix { leg, room } => self.wish(Wish::Enter { leg, room, how: How::Full }),
            Order::Supervise { leg, room, voice, beeps } => {
                self.wish(Wish::Enter { leg, room, how: How::Guest { voice, beeps } });
            }
            Order::Unmix { leg } => self.wish(Wish::Unmix { leg }),
            Order::Record { leg, recording } => self.record(now, leg, recording),
            Order::StopRecord { recording } => self.stop_recording(recording),
            Order::Dial { leg, trunk, number, caller, name, .. }
                if self.parts.spans.has(&trunk) =>
            {
                self.dial_span(now, leg, &trunk, number, caller, name);
            }
            Order::Dial { leg, trunk, number, .. } if self.is_of_ports(&trunk) => {
                self.dial_line(now, leg, &trunk, number);
            }
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
            Order::Alert { leg } if self.parts.devices.owns(leg) => {}
            Order::Alert { leg } => match self.parts.wires.get(leg) {
                Some(Wire::Port(_)) => self.wish(Wish::Line { leg, order: LineOrder::Alert }),
                _ => self.tell_sip(now, sip::Command::Alert { leg }),
            },
            Order::EarlyMedia { leg } => self.open_early(now, leg),
            Order::Transferring { leg, .. } if self.parts.devices.owns(leg) => {}
            Order::Transferring { leg, stage } => {
                self.tell_sip(now, sip::Command::Transferring { leg, stage });
            }
        }
    }

    fn answer_leg(&mut self, now: Instant, leg: LegId) {
        if self.parts.spans.answer(now, leg) {
            return;
        }
        if self.parts.devices.owns(leg) {
            return self.answer_device(now, leg);
        }
        if let Some(Wire::Port(_)) = self.parts.wires.get(leg) {
            return self.wish(Wish::Line { leg, order: LineOrder::Answer });
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
        if self.parts.spans.owns(leg) || self.parts.devices.owns(leg) {
            return self.open_channel(leg);
        }
        if let Some(Wire::Port(_)) = self.parts.wires.get(leg) {
            return self.wish(Wish::Line { leg, order: LineOrder::Early });
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
        if self.parts.spans.hang_up(now, leg, cause) {
            return;
        }
        if self.parts.devices.owns(leg) {
            return self.end_device(now, leg, cause);
        }
        if self.lines.hang_up(leg, cause) == HangUp::Later {
            return;
        }
        if let Some(Wire::Port(_)) = self.parts.wires.get(leg) {
            let order = if refuse { LineOrder::Refuse(cause) } else { LineOrder::HangUp(cause) };
            return self.wish(Wish::Line { leg, order });
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
        self.engine(leg, move |slot| media::Command::Tap { slot, tap: tapped.tap });
    }

    pub(super) fn stop_recording(&mut self, recording: RecordingId) {
        if let Some(Tapped { leg, tap }) = self.parts.wires.taps.remove(&recording) {
            self.wish(Wish::Untap { leg, tap });
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
        self.parts.wires.close(leg);
        self.wish(Wish::Shut { leg });
    }
}
