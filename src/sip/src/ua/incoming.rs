//! An INVITE that arrived and is not answered yet (RFC 3261 13.3).
//!
//! ```text
//!   INVITE --> ringing: 180, and again each 60 s
//!                |-- Answer --> 200: a call that waits for its ACK
//!                |-- Refuse, HangUp, timer C --> 3xx-6xx
//!                '-- CANCEL, BYE --> 487
//! ```

use super::call::Call;
use super::session::Talk;
use super::wire::{SDP, Wire};
use crate::dialog::Dialog;
use crate::message::Message;
use crate::transaction::TransactionId;
use crate::transaction::timers::Timer;
use model::{Instant, LegEvent, LegId};
use std::net::SocketAddr;
use std::time::Duration;

/// How often a caller that waits is told that it still rings (RFC 3261 13.3.1.1).
const REMIND: Duration = Duration::from_secs(60);

/// An INVITE that waits for its answer.
#[derive(Debug)]
pub struct Incoming {
    transaction: TransactionId,
    invite: Message,
    pub dialog: Dialog,
    remind_at: Instant,
    give_up_at: Instant,
}

impl Incoming {
    /// Rings.
    pub fn ring(
        now: Instant,
        wire: &mut Wire,
        transaction: TransactionId,
        invite: Message,
        dialog: Dialog,
    ) -> Self {
        let give_up_at = now + Timer::C.first();
        let incoming = Self { transaction, invite, dialog, remind_at: now + REMIND, give_up_at };
        incoming.remind(now, wire);
        incoming
    }

    /// Answers with our session description. Gives the status code to refuse the INVITE with where
    /// both ends have no session in common.
    pub fn answer(
        &self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        rtp: SocketAddr,
    ) -> Result<Call, u16> {
        let mut talk = Talk::new(wire.dice(1 << 31), rtp);
        let offered = self.invite.body.is_empty();
        let (sdp, settled) = match offered {
            true => (talk.offer(), None),
            false => match talk.answer(&self.invite.body) {
                Ok((sdp, settled)) => (sdp, Some(settled)),
                Err(_) => return Err(488),
            },
        };
        let response = wire.accepting(&self.invite, &self.dialog, "").with_body(SDP, sdp);
        let mut call = Call::new(leg, None, self.dialog.clone(), talk);
        call.answer(now, wire, self.transaction, response, offered);
        if let Some(settled) = settled {
            call.announce(wire, settled);
            wire.event(leg, LegEvent::Answered);
        }
        Ok(call)
    }

    /// Refuses.
    pub fn refuse(&self, now: Instant, wire: &mut Wire, code: u16) {
        let response = wire.response(&self.invite, code);
        wire.transactions.respond(now, self.transaction, &response);
    }

    /// Fires what is due; tells whether nobody answered for too long.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) -> bool {
        if self.remind_at <= now {
            self.remind_at = now + REMIND;
            self.remind(now, wire);
        }
        self.give_up_at <= now
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> (Instant, &'static str) {
        let remind = (self.remind_at, "180 again");
        remind.min((self.give_up_at, "timer C of an INVITE that arrived"))
    }

    fn remind(&self, now: Instant, wire: &mut Wire) {
        let ringing =
            wire.response(&self.invite, 180).with("Contact", wire.contact_in(&self.dialog, ""));
        wire.transactions.respond(now, self.transaction, &ringing);
    }
}
