//! A leg's side of the session: which way sound shall flow, and what came of it.

use crate::offer_answer::holds;
use crate::sdp::{Direction, MediaPlan, Session, Terms, accept_answer, make_offer, negotiate};
use model::{Law, LegEvent};
use std::net::SocketAddr;

/// The law we ask for first: that of China and Europe.
const PREFER: Law = Law::A;

/// A description that makes no call; it is answered 488 (RFC 3261 13.3.1.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error(transparent)]
    Malformed(#[from] crate::sdp::SdpError),
    #[error(transparent)]
    Refused(#[from] crate::offer_answer::Refused),
}

/// What an offer and its answer came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub media: MediaPlan,
    /// `Held` or `Resumed`, where the party just did that.
    pub change: Option<LegEvent>,
}

/// Our side of a session.
#[derive(Debug)]
pub struct Talk {
    terms: Terms,
    /// The direction that both sides agreed on last; an offer that fails falls back to it.
    agreed: Direction,
    held: bool,
}

impl Talk {
    /// Begins, with nothing agreed.
    pub fn new(id: u64, rtp: SocketAddr) -> Self {
        let terms = Terms::new(id, rtp, PREFER);
        Self { agreed: terms.direction, terms, held: false }
    }

    /// Tells whether an offer could be answered at all.
    pub fn check(offer: &[u8], local: SocketAddr) -> Result<(), Unusable> {
        let offer = Session::parse(offer)?;
        negotiate(&offer, &mut Terms::new(0, local, PREFER))?;
        Ok(())
    }

    /// Answers an offer; one that is unusable changes nothing.
    pub fn answer(&mut self, offer: &[u8]) -> Result<(Vec<u8>, Settled), Unusable> {
        let offer = Session::parse(offer)?;
        let (answer, media) = negotiate(&offer, &mut self.terms)?;
        self.agreed = self.terms.direction;
        let change = self.hold(holds(&offer));
        Ok((answer.encode(), Settled { media, change }))
    }

    /// Makes an offer in the direction agreed last.
    pub fn offer(&mut self) -> Vec<u8> {
        make_offer(&mut self.terms).encode()
    }

    /// Makes an offer in another direction; `fall_back` undoes it.
    pub fn offer_in(&mut self, direction: Direction) -> Vec<u8> {
        self.terms.direction = direction;
        self.offer()
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
