//! What the SIP endpoint says, handed to whom it is about.

use super::Switch;
use model::{Instant, LegEvent, Via};

impl Switch {
    pub(super) fn take_endpoint(&mut self, now: Instant, output: sip::Output) {
        match output {
            sip::Output::Send { to, bytes } => {
                self.parts.net.outlet.send(now, &mut self.parts.endpoint, to, bytes);
            }
            sip::Output::Close { flow } => self.parts.net.outlet.close(flow),
            sip::Output::Known { peer } => self.parts.net.outlet.known(now, &peer),
            sip::Output::Estranged { addr } => self.parts.net.outlet.estranged(addr),
            sip::Output::Banned { source, until } => {
                self.parts.net.outlet.ban(now, source, until);
                let about = source.to_string();
                self.alarms.raise(now, "passwords-guessed", &about, control::Level::Critical);
            }
            sip::Output::Leg { leg, event } => {
                let event = self.sound.silences.told(leg, event);
                match event {
                    // The media knows whether it heard that press already, and who is to be sent it.
                    LegEvent::Digit(digit) if self.sound.codec(leg).is_some() => {
                        return self
                            .engine(leg, move |slot| media::Command::Pressed { slot, digit });
                    }
                    // After `ForwardAsked` no `Gone` comes.
                    LegEvent::Gone(_) | LegEvent::ForwardAsked { .. } => self.close(leg),
                    LegEvent::Arrived { via: Via::Trunk(_), .. }
                    | LegEvent::ArrivedInPlace { via: Via::Trunk(_), .. } => {
                        self.trunk_legs.insert(leg);
                    }
                    _ => {}
                }
                // Ends that the box made by stopping at once are no caller's or agent's doing.
                if !self.was_cut() {
                    self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
                }
            }
            sip::Output::Media { leg, media, signalling } => {
                self.open_media(leg, &media, signalling.ip());
            }
            sip::Output::KeysByInfo { leg, signalled } => {
                self.engine(leg, move |slot| media::Command::SignalDigits { slot, signalled });
            }
            sip::Output::KeyRefused { leg, digit } => {
                self.engine(leg, move |slot| media::Command::SendDigit { slot, digit });
            }
            sip::Output::There { leg } => self.sound.silences.there(now, leg),
            sip::Output::Unanswered { leg, code } => {
                self.sound.silences.unanswered(now, leg, code);
                self.end_vanished(now);
            }
            sip::Output::RefusedClear { via } => {
                let about = via.to_string();
                self.alarms.raise(now, "call-in-clear", &about, control::Level::Warning);
            }
            sip::Output::RefusedFamily { via } => {
                let about = via.to_string();
                self.alarms.raise(now, "other-address-family", &about, control::Level::Warning);
            }
            sip::Output::WrongCertificate { via } => {
                let about = via.to_string();
                self.alarms.raise(now, "wrong-certificate", &about, control::Level::Warning);
            }
            sip::Output::Registered { phone, .. } => self.phone(now, phone, true),
            sip::Output::Refreshed { .. } => self.put_by.renewed = true,
            sip::Output::Unregistered { phone } => self.phone(now, phone, false),
            sip::Output::RegisterResult { .. } => {}
            sip::Output::TrunkHealth { trunk, up, why } => {
                self.alarms.set(now, "trunk-down", trunk.as_str(), !up);
                let health = exchange::Input::TrunkHealth { trunk, up, why };
                self.parts.exchange.handle(now, health);
            }
            sip::Output::WrongPin { phone, agent } => {
                self.parts.exchange.handle(now, exchange::Input::WrongPin { phone, agent });
            }
            sip::Output::FeatureAsked { phone, wish } => self.wished(now, phone, wish),
        }
    }
}
