//! What a SUBSCRIBE asks for: by whom it came, and what its body wants besides.

use super::notifier::Notifier;
use super::package::Package;
use super::pins::Verdict;
use super::wish::{self, Hoteling, WishError};
use super::xml::XmlError;
use crate::command::Output;
use crate::message::Message;
use crate::peer::Peer;
use crate::ua::wire::Wire;
use model::feature::FeatureWish;
use model::{Instant, PhoneId};

/// A SUBSCRIBE that came new, with the phone that proved to have sent it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub phone: &'a PhoneId,
    pub message: &'a Message,
    pub from: Peer,
    /// Where the answer goes.
    pub reply_to: Peer,
}

/// What a SUBSCRIBE's body asks for besides.
pub(super) enum Body {
    Nothing,
    Wish(FeatureWish),
    /// The proof of a PIN is to be asked for.
    AskProof,
}

/// Why a body is refused.
pub(super) enum Refused {
    TooLong,
    Malformed,
    /// It is of another format than this.
    Format(&'static str),
    /// The phone was wrong too often of late.
    Guesses,
}

impl Refused {
    /// Answers the SUBSCRIBE.
    pub(super) fn answer(self, wire: &mut Wire, asked: &Asked<'_>) {
        let (code, accept) = match self {
            Self::TooLong => (413, None),
            Self::Malformed => (400, None),
            Self::Format(format) => (415, Some(format)),
            Self::Guesses => (403, None),
        };
        let mut response = wire.response(asked.message, code);
        if let Some(format) = accept {
            response.headers.push("Accept", format);
        }
        wire.send(asked.reply_to, &response);
    }
}

impl From<WishError> for Refused {
    fn from(error: WishError) -> Self {
        match error {
            WishError::Xml(XmlError::TooLong) => Self::TooLong,
            _ => Self::Malformed,
        }
    }
}

impl Notifier {
    /// Reads what the body of a SUBSCRIBE for a phone's own keys asks for; those of the other packages
    /// are filters that we do not have (RFC 4235 section 3.3). `no` is the subscription it is for.
    pub(super) fn body(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        asked: &Asked<'_>,
        package: Package,
        no: Option<u64>,
    ) -> Result<Body, Refused> {
        let message = asked.message;
        let takes_one = matches!(package, Package::Features | Package::Hoteling);
        if !takes_one || message.body.is_empty() {
            return Ok(Body::Nothing);
        }
        let format = package.content_type();
        if message.content_type().as_deref() != Some(format) {
            return Err(Refused::Format(format));
        }
        if package == Package::Hoteling {
            return self.hoteling(now, wire, asked, no);
        }
        match wish::feature(&message.body, &self.directory.reasons) {
            Ok(wish) => Ok(Body::Wish(wish)),
            Err(WishError::Unknown) => Ok(Body::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    fn hoteling(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        asked: &Asked<'_>,
        no: Option<u64>,
    ) -> Result<Body, Refused> {
        let (agent, proof) = match wish::hoteling(&asked.message.body) {
            Ok(Hoteling::In { agent, proof }) => (agent, proof),
            Ok(Hoteling::Out) => return Ok(Body::Wish(FeatureWish::LogOut)),
            Err(WishError::Unknown) => return Ok(Body::Nothing),
            Err(error) => return Err(error.into()),
        };
        if self.pins.waits(now, asked.phone) {
            return Err(Refused::Guesses);
        }
        let nonce = no.and_then(|no| self.table.get_mut(no)?.take_nonce());
        let (proof, nonce) = (proof.as_ref(), nonce.as_deref());
        match self.pins.judge(now, asked.phone, &self.directory, &agent, proof, nonce) {
            Verdict::Passed(pin) => Ok(Body::Wish(FeatureWish::LogIn { agent: Some(agent), pin })),
            Verdict::Ask => Ok(Body::AskProof),
            Verdict::Wrong => {
                wire.counters.wrong_pins += 1;
                wire.tell(Output::WrongPin { phone: asked.phone.clone(), agent });
                Ok(Body::Nothing)
            }
        }
    }
}
