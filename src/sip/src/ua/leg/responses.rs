//! What a leg's own requests are answered with, or that nobody answered them.

use super::{Leg, Phase};
use crate::command::Output;
use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::ua::outgoing::{Refusal, Response};
use crate::ua::wire::Wire;
use model::Instant;

impl Leg {
    /// Takes a response to the INVITE of a fork.
    pub fn invite_response(&mut self, now: Instant, wire: &mut Wire, response: &Response<'_>) {
        let Phase::Calling(outgoing) = &mut self.phase else {
            return self.late_response(now, wire, response);
        };
        let outcome = outgoing.response(now, wire, self.id, &mut self.forks, response);
        self.settle(wire, outcome);
    }

    /// Nobody answered the INVITE of a fork, which ends as if by that code.
    pub fn invite_timed_out(&mut self, now: Instant, wire: &mut Wire, fork: usize, code: u16) {
        self.forks.over(fork);
        if let Phase::Calling(outgoing) = &mut self.phase {
            if outgoing.next_flow(now, wire, self.id, &mut self.forks, fork) {
                return;
            }
            // A phone that cannot be connected to is away, and not overloaded.
            let code = if outgoing.party().is_phone() { 408 } else { code };
            let refusal = Refusal { fork, code, told: None };
            let outcome = outgoing.refused(now, wire, self.id, &mut self.forks, refusal);
            self.settle(wire, outcome);
        }
    }

    /// Takes a response to our re-INVITE; tells whether anybody was there for it.
    pub fn reinvite_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
        from: Peer,
    ) -> bool {
        let Phase::Up(call) = &mut self.phase else { return false };
        let fate = call.reinvite_answered(now, wire, id, response, from);
        self.meet(wire, fate);
        true
    }

    /// Takes a response to our UPDATE.
    pub fn update_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
        from: Peer,
    ) {
        if let Phase::Up(call) = &mut self.phase {
            let fate = call.update_answered(now, wire, id, response, from);
            self.meet(wire, fate);
        }
    }

    /// Takes a response to our OPTIONS: whoever refuses it is there all the same, unless it knows of
    /// no such call (RFC 3261 12.2.1.2).
    pub fn asked(&mut self, now: Instant, wire: &mut Wire, code: u16) {
        let Phase::Up(call) = &mut self.phase else { return };
        match code {
            100..=199 => {}
            408 | 481 => {
                let fate = call.lost(now, wire);
                self.meet(wire, fate);
            }
            _ => wire.there(self.id),
        }
    }

    /// Nobody answered our OPTIONS: what that means is known where the sound is.
    pub fn ask_timed_out(&mut self, wire: &mut Wire, code: u16) {
        if let Phase::Up(_) = &self.phase {
            wire.tell(Output::Unanswered { leg: self.id, code });
        }
    }

    /// Takes a response to our PRACK: a challenge is answered where the peer is a trunk of ours.
    pub fn prack_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) {
        match &mut self.phase {
            Phase::Calling(outgoing) => {
                outgoing.prack_challenged(now, wire, self.id, id, response);
            }
            Phase::Up(call) => call.prack_challenged(now, wire, id, response),
            Phase::Ringing(_) | Phase::Leaving(_) | Phase::Over => {}
        }
    }

    /// Takes a response to an INFO of ours.
    pub fn key_answered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) {
        let Phase::Up(call) = &mut self.phase else { return };
        let fate = call.key_answered(now, wire, id, response);
        self.meet(wire, fate);
    }

    /// Nobody answered an INFO of ours: whether the party is there is for others to find out.
    pub fn key_timed_out(&mut self, now: Instant, wire: &mut Wire) {
        if let Phase::Up(call) = &mut self.phase {
            call.key_lost(now, wire);
        }
    }

    /// Takes a response to our BYE: a challenge is answered where the peer is a trunk of ours.
    pub fn bye_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) {
        let Phase::Leaving(call) = &mut self.phase else { return };
        let code = response.code().unwrap_or(500);
        let again = matches!(code, 401 | 407) && call.bye_challenged(now, wire, id, response);
        if code >= 200 && !again {
            self.end(wire);
        }
    }

    /// Nobody answered our BYE.
    pub fn bye_timed_out(&mut self, wire: &mut Wire) {
        if matches!(self.phase, Phase::Leaving(_)) {
            self.end(wire);
        }
    }

    /// Takes the refusal of a NOTIFY of a transfer, or that nobody answered it.
    pub fn notify_refused(&mut self, now: Instant, number: u32, for_now: bool) {
        if let Phase::Up(call) = &mut self.phase
            && let Some(transfer) = &mut call.transfer
        {
            transfer.refused(now, number, for_now);
        }
    }

    /// Nobody answered our re-INVITE or UPDATE: 408, or 503 where its connection is gone, which may
    /// come back.
    pub fn reinvite_timed_out(&mut self, now: Instant, wire: &mut Wire, code: u16) {
        if let Phase::Up(call) = &mut self.phase {
            if code == 503 {
                return call.cut_off(now);
            }
            let fate = call.lost(now, wire);
            self.meet(wire, fate);
        }
    }

    /// A response to an INVITE that nobody wants an answer to any more.
    pub(super) fn late_response(&mut self, now: Instant, wire: &mut Wire, response: &Response<'_>) {
        match response.message.code().unwrap_or(500) {
            100..=199 => self.forks.ringing(now, wire, response.fork),
            200..=299 => {
                self.forks.over(response.fork);
                let Some(invite) = wire.transactions.request_of(response.id).cloned() else {
                    return;
                };
                // The answer that is the call, come again though its ACK is not kept any more.
                if let Phase::Up(call) | Phase::Leaving(call) = &self.phase
                    && call.dialog.id().is_of(response.message)
                {
                    return wire.acknowledge(now, &call.dialog, response.message, None);
                }
                let account = self.forks.account.as_ref();
                wire.hang_up_answer(now, &invite, response.message, response.from, account);
            }
            _ => self.forks.over(response.fork),
        }
    }
}
