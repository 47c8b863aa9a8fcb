//! Phones that say nothing, and say something again.

use super::{Reception, Request, changed};
use crate::ua::wire::Wire;
use model::{Instant, PhoneId};
use rsip::{Method, Uri};

impl Reception {
    /// Nobody answered an INVITE at an address of a phone.
    pub fn fell_silent(&mut self, now: Instant, wire: &mut Wire, phone: &PhoneId, contact: &Uri) {
        let (news, change) = self.registrar.fell_silent(phone, contact);
        if news {
            wire.counters.phones_silent += 1;
            self.silent.add(now, phone.clone(), contact.clone());
        }
        if let Some(change) = change {
            wire.tell(changed(change));
        }
    }

    /// Tells whether any phone went silent.
    pub fn has_silent(&self) -> bool {
        !self.silent.is_empty()
    }

    /// Somebody answered an INVITE there.
    pub fn spoke(&mut self, wire: &mut Wire, contact: &Uri) {
        let who = self.silent.spoke(contact);
        self.answers(wire, who);
    }

    /// A phone that was asked whether it is there answered: whoever refuses is there.
    pub fn silent_answered(&mut self, wire: &mut Wire, no: u64) {
        let who = self.silent.answered(no);
        self.answers(wire, who);
    }

    /// It did not.
    pub fn silent_unanswered(&mut self, now: Instant, no: u64) {
        self.silent.unanswered(now, no);
    }

    fn answers(&mut self, wire: &mut Wire, who: Option<(PhoneId, Uri)>) {
        let change = who.and_then(|(phone, contact)| self.registrar.answers(&phone, &contact));
        if let Some(change) = change {
            wire.tell(changed(change));
        }
    }

    /// A phone asks for something with its password; a REGISTER says itself where it is.
    pub(super) fn heard(&mut self, wire: &mut Wire, phone: &PhoneId, request: &Request) {
        if request.message.method() == Some(Method::Register) {
            return;
        }
        if let Some(change) = self.registrar.heard(phone, request.from.addr) {
            wire.tell(changed(change));
        }
    }
}
