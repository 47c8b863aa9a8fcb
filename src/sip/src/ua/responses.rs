//! What we answer: with our name and a tag, without state where none is needed, and with the reason
//! where a description makes no call.

use super::reason;
use super::session::Unusable;
use super::wire::{ALLOW, PRODUCT, RETRY_AFTER_S, SUPPORTED, Wire};
use crate::command::Output;
use crate::dialog::Dialog;
use crate::message::{Message, Start};
use crate::peer::Peer;
use model::Via as Way;
use sha2::{Digest, Sha256};

impl Wire {
    /// Makes a response with our name in it, and a tag for To that is the same each time the same
    /// request comes (RFC 3261 8.2.7).
    pub fn response(&self, request: &Message, code: u16) -> Message {
        let mut response = Message::response(request, code);
        if code > 100 && request.to_tag().is_none() {
            response.set_to_tag(&self.tag_for(request));
        }
        if code == 503 {
            response.headers.push("Retry-After", RETRY_AFTER_S);
        }
        if code == 405 || code == 501 {
            response.headers.push("Allow", ALLOW);
        }
        response.with("Server", PRODUCT)
    }

    /// The tag of our end for a request: always the same one, so that answers without state, those
    /// of the leg that comes of the request, and that to its CANCEL agree (RFC 3261 8.2.7, 9.2).
    pub fn tag_for(&self, request: &Message) -> String {
        let mut hash = Sha256::new();
        hash.update(self.tag_key);
        for part in ["From", "Call-ID"] {
            hash.update(request.headers.get(part).unwrap_or_default());
            hash.update([0]);
        }
        if let Some(branch) = request.via().and_then(|via| via.branch().map(str::to_owned)) {
            hash.update(branch);
        }
        hex::encode(&hash.finalize()[..8])
    }

    /// Makes the 2xx of an INVITE (RFC 3261 13.3.1.4).
    pub fn accepting(&self, request: &Message, dialog: &Dialog, user: &str) -> Message {
        self.response(request, 200)
            .with("Contact", self.contact_in(dialog, user))
            .with("Allow", ALLOW)
            .with("Supported", SUPPORTED)
    }

    /// Makes the refusal of a call in clear: it says why on the phone's display, in the phrase that
    /// every phone shows and in a warning (RFC 3261 7.2, 20.43).
    pub fn refusal_of_clear(&self, request: &Message) -> Message {
        let mut response = self.response(request, 488);
        response.start = Start::Response { code: 488, reason: reason::ENCRYPT_PHRASE.to_owned() };
        response
            .with("Warning", format!("399 {} \"{}\"", self.local, reason::ENCRYPT_PHRASE))
            .with("Reason", reason::ENCRYPT)
    }

    /// Makes the refusal of a description that makes no call, with a warning that says why
    /// (RFC 3261 13.3.1.3, 20.43).
    pub fn refusal_of(&self, request: &Message, unusable: &Unusable) -> Message {
        if unusable.is_for_clear() {
            return self.refusal_of_clear(request);
        }
        let response = self.response(request, 488);
        match unusable.warning() {
            Some((code, text)) => {
                response.with("Warning", format!("{code} {} \"{text}\"", self.local))
            }
            None => response,
        }
    }

    /// Notes why a description made no call, where that is a matter for who runs the box.
    pub fn refused_description(&mut self, unusable: &Unusable, via: Option<Way>) {
        if unusable.is_for_clear() {
            return self.refused_clear(via);
        }
        if unusable.is_for_family() {
            self.counters.refused_family += 1;
            if let Some(via) = via {
                self.tell(Output::RefusedFamily { via });
            }
        }
    }

    /// Notes that a call was refused since it would have been in clear.
    pub fn refused_clear(&mut self, via: Option<Way>) {
        self.counters.refused_clear += 1;
        if let Some(via) = via {
            self.tell(Output::RefusedClear { via });
        }
    }

    /// Notes that somebody was refused for a certificate that is another's.
    pub fn wrong_certificate(&mut self, via: Way) {
        self.counters.wrong_certificates += 1;
        self.tell(Output::WrongCertificate { via });
    }

    /// Answers without any state; `request` has its Via stamped.
    pub fn answer(&mut self, to: Peer, request: &Message, code: u16) {
        let response = self.response(request, code);
        self.send(to, &response);
    }
}
