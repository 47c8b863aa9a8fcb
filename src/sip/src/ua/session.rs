//! A leg's side of the session: which way sound shall flow, and what came of it.

use super::wire::Wire;
use crate::offer_answer::{Protection, Refused, check, holds};
use crate::sdp::{Direction, MediaPlan, Session, Terms, accept_answer, make_offer, negotiate};
use model::{Codecs, LegEvent};
use std::net::SocketAddr;

/// A description that makes no call; it is answered 488 (RFC 3261 13.3.1.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error(transparent)]
    Malformed(#[from] crate::sdp::SdpError),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Unusable {
    /// Tells whether a call was refused for want of encryption.
    pub fn is_for_clear(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.is_for_clear())
    }

    /// Tells whether the sound would have to go between IPv4 and IPv6.
    pub fn is_for_family(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.is_for_family())
    }

    /// The code and text of the Warning that says why.
    pub fn warning(&self) -> Option<(u16, &'static str)> {
        match self {
            Self::Refused(refused) => refused.warning(),
            Self::Malformed(_) => Some((399, "Malformed session description")),
        }
    }
}

/// What an offer and its answer came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub media: MediaPlan,
    /// `Held` or `Resumed`, where the party just did that.
    pub change: Option<LegEvent>,
}

/// Our side of a session.
#[derive(Clone, Debug)]
pub struct Talk {
    terms: Terms,
    /// The direction that both sides agreed on last; an offer that fails falls back to it.
    agreed: Direction,
    held: bool,
    /// What named the last offer of theirs: one of the same name changes nothing (RFC 8866 5.2).
    origin: String,
}

impl Talk {
    /// Begins, with nothing agreed.
    pub fn new(wire: &mut Wire, rtp: SocketAddr, codecs: Codecs, protection: Protection) -> Self {
        let terms = Terms::new(wire.dice(1 << 31), rtp, codecs).protected(protection);
        Self { agreed: terms.direction, terms, held: false, origin: String::new() }
    }

    /// Reads an offer and tells whether it could be answered at all; nothing where we are to offer.
    pub fn read(
        offer: &[u8],
        local: SocketAddr,
        codecs: Codecs,
        protection: Protection,
    ) -> Result<Option<Session>, Unusable> {
        if protection == Protection::Impossible {
            return Err(Refused::Unprotected.into());
        }
        if offer.is_empty() {
            return Ok(None);
        }
        let offer = Session::parse(offer)?;
        check(&offer, &Terms::new(0, local, codecs).protected(protection))?;
        Ok(Some(offer))
    }

    /// What may become of the sound.
    pub fn protection(&self) -> Protection {
        self.terms.protection()
    }

    /// Offers sound in clear from here on, to a peer that cannot have it otherwise.
    pub fn give_up_keys(&mut self) {
        self.terms.protect(Protection::Clear);
    }

    /// Answers an offer; one that is unusable changes nothing.
    pub fn answer(
        &mut self,
        wire: &mut Wire,
        offer: &[u8],
    ) -> Result<(Vec<u8>, Settled), Unusable> {
        self.answer_read(wire, &Session::parse(offer)?)
    }

    /// Answers an offer that was read before.
    pub fn answer_read(
        &mut self,
        wire: &mut Wire,
        offer: &Session,
    ) -> Result<(Vec<u8>, Settled), Unusable> {
        if self.origin != offer.origin {
            self.terms.renew_keys(&mut |bytes| wire.fill(bytes));
        }
        let (answer, media) = negotiate(offer, &mut self.terms)?;
        self.origin.clone_from(&offer.origin);
        self.agreed = self.terms.direction;
        let change = self.hold(holds(offer));
        Ok((answer.encode(), Settled { media, change }))
    }

    /// Makes an offer in the direction agreed last, with new keys.
    pub fn offer(&mut self, wire: &mut Wire) -> Vec<u8> {
        self.origin.clear();
        self.terms.renew_keys(&mut |bytes| wire.fill(bytes));
        make_offer(&mut self.terms).encode()
    }

    /// Makes an offer in another direction; `fall_back` undoes it.
    pub fn offer_in(&mut self, wire: &mut Wire, direction: Direction) -> Vec<u8> {
        self.terms.direction = direction;
        self.offer(wire)
    }

    /// The direction agreed last.
    pub fn agreed(&self) -> Direction {
        self.agreed
    }

    /// The description we sent last.
    pub fn last(&self) -> Option<Vec<u8>> {
        self.terms.last().map(Session::encode)
    }

    /// Takes the answer to our last offer.
    pub fn answered(&mut self, answer: &[u8]) -> Result<Settled, Unusable> {
        let answer = Session::parse(answer)?;
        let media = accept_answer(&answer, &self.terms)?;
        self.agreed = self.terms.direction;
        // An answer tells of a hold only where we offered to send.
        let change = self.agreed.sends().then(|| self.hold(holds(&answer))).flatten();
        Ok(Settled { media, change })
    }

    /// Takes back an offer that was refused: the session goes on as it was (RFC 3261 14.1).
    pub fn fall_back(&mut self) {
        self.terms.direction = self.agreed;
    }

    fn hold(&mut self, held: bool) -> Option<LegEvent> {
        let before = std::mem::replace(&mut self.held, held);
        match (before, held) {
            (false, true) => Some(LegEvent::Held),
            (true, false) => Some(LegEvent::Resumed),
            _ => None,
        }
    }
}
