//! What our requests are answered with, or that nobody answered: taken to whose request it was.

use super::Endpoint;
use crate::dialog::{Dialog, DialogId};
use crate::message::Message;
use crate::peer::{FlowId, Peer};
use crate::transaction::{TimedOut, TransactionId};
use crate::trunk;
use crate::ua::outgoing::Response;
use crate::ua::register::Verdict;
use crate::ua::wire::Owner;
use model::{Instant, LegId, Via};
use rsip::Method;

impl Endpoint {
    pub(super) fn response(&mut self, now: Instant, from: Peer, response: &Message) {
        // A response with another Via below ours was meant for a proxy (RFC 3261 8.1.3.3).
        if response.headers.get_all("Via").count() != 1 {
            self.wire.counters.malformed += 1;
            return;
        }
        // A challenge of anybody but who was asked is not answered with a proof of our password.
        let challenged = matches!(response.code(), Some(401 | 407));
        if challenged && !self.wire.transactions.asked(response, &from) {
            self.wire.counters.malformed += 1;
            return;
        }
        let matched = self.wire.transactions.response(now, from, response);
        if self.wire.acknowledge_again(now, response) {
            return;
        }
        let Some((id, owner)) = matched else {
            return self.wire.hang_up_late(now, response, from);
        };
        match owner {
            Owner::Nobody | Owner::Arrived { .. } => {}
            Owner::Invite { leg, fork } => {
                self.rung(now, leg, id, response);
                self.spoke(id);
                let response = Response { fork, id, message: response, from };
                match self.legs.has(leg) {
                    true => self.with_leg(leg, |l, w| l.invite_response(now, w, &response)),
                    false => self.stray(now, &response),
                }
            }
            Owner::Reinvite { leg } => {
                let mut met = false;
                self.with_leg(leg, |l, w| met = l.reinvite_response(now, w, id, response, from));
                if !met {
                    self.acknowledge_late(now, id, response, from);
                }
            }
            Owner::Update { leg } => {
                self.with_leg(leg, |l, w| l.update_response(now, w, id, response, from));
            }
            Owner::Ask { leg } => {
                let code = response.code().unwrap_or(500);
                self.with_leg(leg, |l, w| l.asked(now, w, code));
            }
            Owner::Key { leg } => self.with_leg(leg, |l, w| l.key_answered(now, w, id, response)),
            Owner::Referral { leg, number } => {
                let (code, for_now) =
                    (response.code().unwrap_or(500), response.retry_after().is_some());
                if code >= 300 {
                    self.with_leg(leg, |l, _| l.notify_refused(now, number, for_now));
                }
            }
            Owner::Bye { leg } => self.with_leg(leg, |l, w| l.bye_response(now, w, id, response)),
            Owner::Parting { no } => self.wire.parted(now, no, id, response),
            Owner::Prack { leg } => {
                if matches!(response.code(), Some(401 | 407)) {
                    self.with_leg(leg, |l, w| l.prack_response(now, w, id, response));
                }
            }
            Owner::Register { no } => {
                if no >= trunk::REGISTRATIONS {
                    return self.trunks.registered(now, &mut self.wire, no, id, response);
                }
                let Some(ours) = self.ours.get_mut(&no) else { return };
                let verdict = ours.response(now, &mut self.wire, id, response);
                self.registered(no, verdict);
            }
            Owner::Unasked { no } => {
                let code = response.code().unwrap_or(500);
                self.reception.notifier.push_answered(no, code);
            }
            Owner::Probe { no } => self.trunks.well(now, &mut self.wire, no, response),
            Owner::Silent { no } => self.reception.silent_answered(&mut self.wire, no),
            Owner::Notify { subscription } => {
                let notifier = &mut self.reception.notifier;
                notifier.answered(now, &mut self.wire, subscription, response);
            }
        }
    }

    /// A phone that went silent may be one that answers.
    fn spoke(&mut self, id: TransactionId) {
        if self.reception.has_silent()
            && let Some(contact) = self.wire.transactions.request_of(id).and_then(Message::uri)
        {
            let contact = contact.clone();
            self.reception.spoke(&mut self.wire, &contact);
        }
    }

    /// A phone that we ring cannot be connected to: it is away, as one that says nothing.
    fn unconnected(&mut self, now: Instant, leg: LegId, code: u16, invite: &Message) {
        let party = self.legs.get(leg).and_then(|leg| leg.party());
        if let Some(Via::Phone(phone)) = party.and_then(|party| party.via.clone())
            && let (503, Some(contact)) = (code, invite.uri())
        {
            self.reception.fell_silent(now, &mut self.wire, &phone, contact);
        }
    }

    /// A phone that we ring named its end of the dialog.
    fn rung(&mut self, now: Instant, leg: LegId, id: TransactionId, response: &Message) {
        let ringing = response.code().is_some_and(|code| (101..200).contains(&code));
        let invite = self.wire.transactions.request_of(id).filter(|_| ringing);
        let ids = invite.and_then(|invite| {
            Some(DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: invite.from_tag()?,
                remote_tag: response.to_tag()?,
            })
        });
        if let Some(ids) = ids {
            self.reception.notifier.rung(now, leg, ids);
        }
    }

    /// An INVITE whose leg is forgotten was answered after all.
    fn stray(&mut self, now: Instant, response: &Response<'_>) {
        let invite = self.wire.transactions.request_of(response.id).cloned();
        let answered = response.message.code().is_some_and(|code| (200..300).contains(&code));
        if let Some(invite) = invite.filter(|_| answered) {
            let to = self.wire.transactions.peer(response.id);
            let account = to.and_then(|to| self.trunks.account_at(&self.wire, to));
            let (answer, from) = (response.message, response.from);
            self.wire.hang_up_answer(now, &invite, answer, from, account.as_ref());
        }
    }

    /// A re-INVITE was answered after its call ended: the BYE said the rest.
    fn acknowledge_late(&mut self, now: Instant, id: TransactionId, answer: &Message, from: Peer) {
        let invite = self.wire.transactions.request_of(id);
        let dialog = invite.and_then(|invite| Dialog::of_client(invite, answer, from));
        let answered = answer.code().is_some_and(|code| (200..300).contains(&code));
        if let Some(dialog) = dialog.filter(|_| answered) {
            self.wire.acknowledge(now, &dialog, answer, None);
        }
    }

    pub(super) fn take_timed_out(&mut self, now: Instant) {
        while let Some(timed_out) = self.wire.transactions.poll_timed_out() {
            let dead = self.dead_flow(now, &timed_out);
            self.timed_out(now, timed_out);
            if let Some(flow) = dead {
                self.close(now, flow);
            }
        }
    }

    /// The connection that carried no answer to what every phone and carrier answers at once. A NOTIFY
    /// is left unanswered by some that live.
    fn dead_flow(&self, now: Instant, timed_out: &TimedOut<Owner>) -> Option<FlowId> {
        let method = timed_out.request.as_ref().and_then(Message::method);
        let asks = matches!(method, Some(Method::Invite | Method::Bye | Method::Options));
        let unanswered = asks && timed_out.code == 408;
        timed_out.to.flow.filter(|flow| unanswered && self.wire.flows.is_dead(now, *flow))
    }

    fn timed_out(&mut self, now: Instant, timed_out: TimedOut<Owner>) {
        match timed_out.owner {
            Owner::Nobody | Owner::Arrived { .. } | Owner::Prack { .. } => {}
            Owner::Ask { leg } => {
                self.with_leg(leg, |l, w| l.ask_timed_out(w, timed_out.code));
            }
            Owner::Invite { leg, fork } => {
                if let Some(invite) = timed_out.request {
                    self.unconnected(now, leg, timed_out.code, &invite);
                    let account = self.legs.get(leg).and_then(|leg| leg.account()).cloned();
                    self.wire.unanswered(now, timed_out.to, invite, account);
                }
                self.with_leg(leg, |l, w| l.invite_timed_out(now, w, fork, timed_out.code));
            }
            Owner::Reinvite { leg } | Owner::Update { leg } => {
                self.with_leg(leg, |l, w| l.reinvite_timed_out(now, w, timed_out.code));
            }
            Owner::Key { leg } => self.with_leg(leg, |l, w| l.key_timed_out(now, w)),
            Owner::Referral { leg, number } => {
                self.with_leg(leg, |l, _| l.notify_refused(now, number, false));
            }
            Owner::Bye { leg } => self.with_leg(leg, |l, w| l.bye_timed_out(w)),
            Owner::Parting { no } => self.wire.parting_lost(no),
            Owner::Register { no } => {
                if no >= trunk::REGISTRATIONS {
                    return self.trunks.unregistered(now, &mut self.wire, no, timed_out.code);
                }
                self.registered(no, Verdict::Over(Err(timed_out.code)));
            }
            Owner::Unasked { no } => {
                self.reception.notifier.push_unanswered(now, &mut self.wire, no);
            }
            Owner::Probe { no } => self.trunks.unwell(now, &mut self.wire, no),
            Owner::Silent { no } => self.reception.silent_unanswered(now, no),
            Owner::Notify { subscription } => {
                let (notifier, code) = (&mut self.reception.notifier, timed_out.code);
                notifier.unanswered(now, &mut self.wire, subscription, code);
            }
        }
    }
}
