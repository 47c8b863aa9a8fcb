//! A phone that says where it is (RFC 3261 section 10.3).

use super::{Reception, Request, changed};
use crate::command::Output;
use crate::flows::FLOW_TIMER_S;
use crate::peer::Peer;
use crate::registrar::{Kept, Refusal, Wish, outbound};
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use model::{Instant, PhoneId};
use rsip::Uri;

impl Reception {
    pub(super) fn register(&mut self, now: Instant, wire: &mut Wire, request: &Request) {
        let message = &request.message;
        let Some(phone) = self.proved(now, wire, request) else { return };
        // A phone registers itself and nobody else (RFC 3261 10.3 step 4).
        let own = message.to().and_then(|to| uri::user(&to.uri));
        if own.as_deref() != Some(phone.as_str()) {
            return wire.answer(request.reply_to, message, 403);
        }
        let Ok(wish) = Wish::of(message, request.from) else {
            return wire.answer(request.reply_to, message, 400);
        };
        let Ok(id) = wire.transactions.accept(message, request.reply_to, Owner::Nobody) else {
            wire.counters.limited += 1;
            return wire.answer(request.reply_to, message, 503);
        };
        let done = match wish.leads_nowhere(&wire.locals) {
            true => Err(Refusal::Nowhere),
            false => self.registrar.register(now, &phone, &wish),
        };
        let response = match done {
            Ok(done) => {
                let mut response = wire.response(message, 200);
                if let Some(flow) = request.from.flow {
                    done.moved.iter().for_each(|old| wire.flows.succeed(*old, flow));
                    // RFC 5626 section 6.
                    if done.outbound {
                        wire.flows.keep(flow);
                        response.headers.push("Require", outbound::TAG);
                        response.headers.push("Flow-Timer", FLOW_TIMER_S.to_string());
                    }
                }
                for contact in &done.contacts {
                    response.headers.push("Contact", contact.to_string());
                }
                if let Some(change) = done.change {
                    let contacts: Vec<Uri> = done.contacts.into_iter().map(|c| c.uri).collect();
                    self.notifier.registered(now, &phone, &contacts, request.from);
                    self.vouch(wire, &phone, &request.from);
                    wire.tell(changed(change));
                }
                response
            }
            Err(refusal) => {
                let response = wire.response(message, refusal.status());
                match refusal {
                    Refusal::TooBrief { min_s } => response.with("Min-Expires", min_s.to_string()),
                    Refusal::Path => response.with("Unsupported", "path"),
                    _ => response,
                }
            }
        };
        wire.transactions.respond(now, id, &response);
    }

    /// Takes up where phones were reached before the box was started anew.
    pub fn restore(&mut self, now: Instant, wire: &mut Wire, kept: &[Kept]) {
        for kept in kept.iter().filter(|kept| self.accounts.contains_key(&kept.phone)) {
            if let Some(change) = self.registrar.restore(now, kept) {
                self.guard.vouched(kept.address, kept.phone.as_str());
                wire.tell(Output::Known { peer: Peer::udp(kept.address) });
                wire.tell(changed(change));
            }
        }
    }

    /// What `restore` takes in another run.
    pub fn kept(&self, now: Instant) -> Vec<Kept> {
        self.registrar.kept(now)
    }

    /// Where a phone is reached may be another port than it registers from; what comes from there is
    /// no stranger's either.
    fn vouch(&mut self, wire: &mut Wire, phone: &PhoneId, from: &Peer) {
        for binding in self.registrar.bindings(phone) {
            let at = binding.address;
            if at.flow.is_none() && at.addr != from.addr && at.ip() == from.ip() {
                self.guard.vouched(at.addr, phone.as_str());
                wire.tell(Output::Known { peer: at });
            }
        }
    }
}
