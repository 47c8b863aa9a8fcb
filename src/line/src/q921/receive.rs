//! What a frame of the far side does to a link (Q.921 5.5 to 5.8).

use super::frame::{Bad, Frame, Kind, MODULUS};
use super::link::{Link, Output, State, T200};
use model::Instant;

impl Link {
    pub(super) fn bad(&mut self, now: Instant, bad: Bad) {
        if bad == Bad::Foreign {
            return;
        }
        self.counters.malformed += 1;
        // Errors L, M and O end what stands (5.8.5); the rest is passed over (2.9).
        let breaks = matches!(bad, Bad::Control | Bad::Information | Bad::TooLong);
        if breaks && self.is_up() {
            self.reset(now);
        }
    }

    pub(super) fn frame(&mut self, now: Instant, frame: Frame<'_>) {
        let poll = frame.poll;
        match (self.state, frame.kind) {
            (_, Kind::Ui | Kind::Xid) => {}
            (State::Releasing, Kind::Sabme) => self.response(Kind::Dm, poll),
            // Figure B.5 has an end that asked too wait for its own answer. Frames keep their order, so the
            // far side had ours before this UA, or never: sent again it would reset what stands now for
            // the far side, and its first call with it.
            (State::Establishing { asked }, Kind::Sabme) => {
                self.response(Kind::Ua, poll);
                self.set_up(now, asked);
            }
            (_, Kind::Sabme) => {
                self.response(Kind::Ua, poll);
                // Layer 3 hears of it where its messages are lost, or nothing stood before.
                let told = self.is_up() && self.queue.is_settled();
                if !told {
                    self.queue.clear();
                }
                self.stand(now, told);
            }
            (State::Released | State::Establishing { .. }, Kind::Disc) => {
                self.response(Kind::Dm, poll);
            }
            (State::Releasing, Kind::Disc) => self.response(Kind::Ua, poll),
            (_, Kind::Disc) => {
                self.response(Kind::Ua, poll);
                self.queue.clear();
                self.leave();
            }
            (State::Establishing { asked }, Kind::Ua) if poll => self.set_up(now, asked),
            (State::Establishing { .. }, Kind::Dm) if poll => {
                self.queue.clear();
                self.leave();
            }
            (State::Releasing, Kind::Ua | Kind::Dm) if poll => self.leave(),
            // The far side would have a link, or has lost it (errors B and E, 5.8.7).
            (State::Released, Kind::Dm) if !poll => self.establish(now, true),
            (State::Established, Kind::Dm) if !poll => self.reset(now),
            (State::Recovering, Kind::Dm) => self.reset(now),
            (State::Established | State::Recovering, Kind::Frmr) => self.reset(now),
            (State::Established | State::Recovering, _) => self.numbered(now, frame),
            _ => {}
        }
    }

    /// The link that was asked for stands.
    fn set_up(&mut self, now: Instant, asked: bool) {
        let told = !asked && self.queue.is_settled();
        if !told && !asked {
            self.queue.clear();
        }
        self.stand(now, told);
    }

    /// A frame with a number, on a link that stands (5.6).
    fn numbered(&mut self, now: Instant, frame: Frame<'_>) {
        let nr = match frame.kind {
            Kind::I { ns, nr, message } => {
                self.message(ns, message, frame.poll);
                nr
            }
            Kind::Rr { nr } | Kind::Rnr { nr } | Kind::Rej { nr } => {
                self.peer_busy = matches!(frame.kind, Kind::Rnr { .. });
                if frame.command && frame.poll {
                    self.answer_enquiry();
                }
                nr
            }
            _ => return,
        };
        if !self.queue.fits(nr) {
            // Error J (5.8.5).
            return self.reset(now);
        }
        let news = self.queue.acknowledge(nr);
        let is_message = matches!(frame.kind, Kind::I { .. });
        let asked_for = matches!(frame.kind, Kind::Rej { .. });
        let answer = !frame.command && frame.poll && !is_message;
        if self.state == State::Recovering {
            if answer {
                self.send_again();
                self.state = State::Established;
                self.settle(now);
            }
        } else if asked_for {
            self.send_again();
            self.settle(now);
        } else if self.peer_busy && !is_message {
            (self.t200, self.t203) = (Some(now + T200), None);
        } else if !self.peer_busy && (self.queue.is_settled() || news) {
            self.settle(now);
        }
    }

    fn message(&mut self, ns: u8, message: &[u8], poll: bool) {
        if ns == self.expected {
            self.expected = (self.expected + 1) % MODULUS;
            self.rejected = false;
            self.say(Output::Message(message.to_vec()));
            self.owes = !poll;
            if poll {
                self.answer_enquiry();
            }
            return;
        }
        self.counters.out_of_order += 1;
        if !self.rejected {
            self.rejected = true;
            self.owes = false;
            self.response(Kind::Rej { nr: self.expected }, poll);
        } else if poll {
            self.answer_enquiry();
        }
    }
}
