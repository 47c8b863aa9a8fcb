//! What the caller says before the answer: PRACK and UPDATE (RFC 3262 section 3, RFC 3311 5.2).

use super::{Incoming, later};
use crate::ua::call::announce;
use crate::ua::leg::{Within, reply};
use crate::ua::reliable::{Unpracked, rack};
use crate::ua::session::Unusable;
use crate::ua::wire::{SDP, Wire};
use model::Instant;
use std::net::SocketAddr;

impl Incoming {
    /// Takes a PRACK (RFC 3262 section 3): one that fits gets a 2xx, whatever it carries, and what
    /// makes no call ends the INVITE (RFC 6337 section 2.3). Gives where an answer that waited for it is wanted, or
    /// why the INVITE is to be refused.
    pub fn prack(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        request: &Within<'_>,
    ) -> Result<Option<SocketAddr>, Unusable> {
        let cseq = self.invite.cseq().map_or(0, |(cseq, _)| cseq);
        let fits = |sent: &mut Unpracked| rack(request.message) == Some((sent.rseq, cseq));
        let Some(sent) = self.unpracked.take_if(fits) else {
            reply(now, wire, request, 481);
            return Ok(None);
        };
        let body = &request.message.body;
        let mut response = wire.response(request.message, 200);
        let mut failed = None;
        match &mut self.early {
            // Our offer, and its answer.
            Some(early) if sent.with_media && self.offer.is_none() => {
                match early.talk.answered(body) {
                    Ok(settled) => {
                        early.settled = true;
                        announce(wire, self.leg, &self.dialog, settled);
                    }
                    Err(unusable) => failed = Some(unusable),
                }
            }
            Some(early) => {
                early.settled |= sent.with_media;
                if !body.is_empty() {
                    match early.talk.answer(wire, body) {
                        Ok((sdp, settled)) => {
                            response = response.with_body(SDP, sdp);
                            announce(wire, self.leg, &self.dialog, settled);
                        }
                        Err(unusable) => failed = Some(unusable),
                    }
                }
            }
            // An offer while the INVITE's waits for its answer is none.
            None => {}
        }
        wire.transactions.respond(now, request.id, &response);
        if let Some(unusable) = failed {
            return Err(unusable);
        }
        let next = std::mem::take(&mut self.next);
        if next.answer.is_some() {
            return Ok(next.answer);
        }
        if let Some(rtp) = next.early {
            self.open(now, wire, rtp);
        }
        if next.ring {
            self.alert(now, wire);
        }
        Ok(None)
    }

    /// Takes an UPDATE before the answer (RFC 3311 section 5.2): an offer only where the first one
    /// is settled.
    pub fn update(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let body = &request.message.body;
        let response = match &mut self.early {
            _ if body.is_empty() => wire.response(request.message, 200),
            Some(early) if early.settled => match early.talk.answer(wire, body) {
                Ok((sdp, settled)) => {
                    self.dialog.refresh(request.message, request.from);
                    announce(wire, self.leg, &self.dialog, settled);
                    wire.response(request.message, 200).with_body(SDP, sdp)
                }
                Err(unusable) => wire.refusal_of(request.message, &unusable),
            },
            _ => return later(now, wire, request),
        };
        self.dialog.refresh(request.message, request.from);
        let response = response.with("Contact", wire.contact_in(&self.dialog, ""));
        wire.transactions.respond(now, request.id, &response);
    }
}
