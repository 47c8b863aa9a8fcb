//! The connections that phones are reached by: one closes, another takes its place (RFC 5626 sections
//! 4.2.2 and 4.3).

use super::outbound::Lost;
use super::{Binding, CONTACTS_MAX, Change, Registrar};
use crate::peer::{FlowId, Peer, Transport};
use crate::uri;
use model::{Instant, PhoneId};

impl Registrar {
    /// Another connection of the phone whose connection closes (RFC 5626 section 4.3).
    pub fn stands_in(&self, flow: FlowId) -> Option<FlowId> {
        let of_flow = (flow, PhoneId::new(""))..(FlowId(flow.0 + 1), PhoneId::new(""));
        let (_, phone) = self.flows.range(of_flow).next()?;
        let bindings = self.bindings(phone);
        let closed = bindings.iter().find(|b| b.address.flow == Some(flow))?;
        let mut others = bindings.iter().rev().filter(|b| b.known.is_other_flow_of(&closed.known));
        others.find_map(|b| b.address.flow.filter(|other| *other != flow))
    }

    /// Forgets who was reached by a connection that closed (RFC 5626 section 4.2.2); gives the accounts
    /// whose last address that was. A phone that can be connected to anew is kept: one that named a
    /// port of its own over TCP, and not that of the connection.
    pub fn flow_closed(&mut self, flow: Peer) -> Vec<Change> {
        let Some(id) = flow.flow else { return Vec::new() };
        let of_flow = (id, PhoneId::new(""))..(FlowId(id.0 + 1), PhoneId::new(""));
        let phones: Vec<PhoneId> =
            self.flows.range(of_flow).map(|(_, phone)| phone.clone()).collect();
        let mut changes = Vec::new();
        for phone in phones {
            let had = self.is_there(&phone);
            let mut left = self.bindings(&phone).to_vec();
            if let Some(closed) = left.iter().find(|b| b.address.flow == Some(id)) {
                let (known, until) = (closed.known.clone(), closed.expires_at);
                self.lose(&phone, Lost { flow: id, known, ip: flow.ip(), until });
            }
            left.retain_mut(|binding| {
                if binding.address.flow != Some(id) {
                    return true;
                }
                binding.address.flow = None;
                flow.transport == Transport::Tcp && binding.address.addr != flow.addr
            });
            self.put(&phone, left);
            if had && !self.is_there(&phone) {
                changes.push(Change::Unregistered { phone });
            }
        }
        changes
    }

    /// The connections whose phone is now reached by the one that the REGISTER came by: those it
    /// takes the place of, and those that closed before. One that serves another account stays.
    pub(super) fn moved(
        &mut self,
        now: Instant,
        phone: &PhoneId,
        new: &[Binding],
        source: Peer,
    ) -> Vec<FlowId> {
        let Some(flow) = source.flow else { return Vec::new() };
        let Some(here) = new.last().filter(|b| b.address.flow == Some(flow)) else {
            return Vec::new();
        };
        let left = |id: &FlowId| *id != flow && new.iter().all(|b| b.address.flow != Some(*id));
        let same = |b: &&Binding| {
            let known = &b.known;
            here.known.replaces(known, uri::same(&b.contact, &here.contact))
        };
        let replaced = self.bindings(phone).iter().filter(same).filter_map(|b| b.address.flow);
        let alone = |id: &FlowId| {
            let of_flow = (*id, PhoneId::new(""))..(FlowId(id.0 + 1), PhoneId::new(""));
            self.flows.range(of_flow).all(|(_, other)| other == phone)
        };
        let mut moved: Vec<FlowId> = replaced.filter(left).filter(alone).collect();
        if let Some(lost) = self.lost.get_mut(phone) {
            lost.retain(|lost| {
                let back = lost.is_of(&here.known, source.ip());
                if back {
                    moved.push(lost.flow);
                }
                !back && lost.until > now
            });
        }
        moved
    }

    fn lose(&mut self, phone: &PhoneId, lost: Lost) {
        let all = self.lost.entry(phone.clone()).or_default();
        all.push(lost);
        let over = all.len().saturating_sub(CONTACTS_MAX);
        all.drain(..over);
    }
}
