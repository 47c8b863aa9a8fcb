//! SRTP: a leg's packets encrypted and authenticated (RFC 3711, RFC 7714).
//!
//! ```text
//!   sent      --> Outbound (index) --> Transform::protect   --> wire
//!   from wire --> Inbound (index, replay window) --> Transform::unprotect --> source, jitter
//!   control   <-> ControlOut, ControlIn (an index of its own, whole on the wire)   <--> rtcp
//! ```
//!
//! Nothing is learned of a packet before it is authenticated: not its sender, not its address, not
//! its number. The keys of both directions are prepared in a `Srtp` away from the media thread,
//! which neither makes nor frees one: one that is done with is handed back
//! (`Engine::poll_retired`).
//!
//! ```text
//!   keys of a peer that rolls:
//!   old --OpenRtp with others--> new, old for OLD_KEYS_MS --a packet under the new--> new
//! ```

mod control;
mod inbound;
mod index;
mod kdf;
mod outbound;
mod transform;

pub use control::CONTROL_GROWTH;
pub use inbound::SOURCES_MAX;
pub use index::WINDOW;

use crate::packet::Head;
use inbound::Inbound;
use model::Instant;
use model::srtp::SrtpPlan;
use outbound::Outbound;
use std::fmt;
use std::time::Duration;

/// The longest packet that is decrypted: what an Ethernet frame carries.
pub const PACKET_MAX: usize = 1500;
/// Most bytes a packet grows by: the tag of AEAD_AES_256_GCM (RFC 7714 section 14.2).
pub const TAG_MAX: usize = 16;
/// How long packets under the peer's old keys are still taken after it named new ones.
pub const OLD_KEYS_MS: u64 = 2000;

/// A packet after decryption.
pub type Plain = [u8; PACKET_MAX];

/// Why a packet is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too short or too long to be an encrypted packet.
    Malformed,
    /// Its tag is not one of the peer's keys.
    Unauthenticated,
    /// It came before, or is older than the window of `WINDOW` packets (RFC 3711 3.3.2).
    Replayed,
}

/// Both directions of a leg's encrypted sound.
pub struct Srtp {
    outbound: Outbound,
    inbound: Inbound,
}

impl Srtp {
    /// Derives the session's keys; nothing if the cipher library refuses them. It takes memory, so
    /// it is done before the media thread is told.
    pub fn new(plan: &SrtpPlan) -> Option<Box<Self>> {
        let outbound = Outbound::new(plan.send.clone())?;
        let inbound = Inbound::new(plan.receive.clone())?;
        Some(Box::new(Self { outbound, inbound }))
    }

    /// Encrypts the packet of `len` bytes in its place, which has room for `TAG_MAX` more; gives
    /// its new length.
    pub fn protect(&mut self, bytes: &mut [u8], len: usize) -> Option<usize> {
        self.outbound.protect(bytes, len)
    }

    /// Encrypts the control packets of `len` bytes in their place, which has room for
    /// `CONTROL_GROWTH` more; gives their new length.
    pub fn protect_control(&mut self, bytes: &mut [u8], len: usize) -> Option<usize> {
        self.outbound.control.protect(bytes, len)
    }

    /// Decrypts control packets into `plain`; gives their length there.
    pub fn unprotect_control(&mut self, bytes: &[u8], plain: &mut Plain) -> Result<usize, Refused> {
        self.inbound.control.unprotect(bytes, plain)
    }

    /// Decrypts a packet into `plain`; gives its length there.
    pub fn unprotect(&mut self, packet: &[u8], plain: &mut Plain) -> Result<usize, Refused> {
        let head = Head::parse(packet).ok_or(Refused::Malformed)?;
        self.inbound.unprotect(packet, head, None, plain)
    }
}

impl fmt::Debug for Srtp {
    /// Hides the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Srtp(…)")
    }
}

/// The session of an open leg, and the one before it while its keys still count.
pub struct Secured {
    session: Box<Srtp>,
    before: Option<Before>,
}

struct Before {
    session: Box<Srtp>,
    until: Instant,
}

impl Secured {
    /// Starts with a leg's first keys.
    pub fn new(session: Box<Srtp>) -> Self {
        Self { session, before: None }
    }

    /// Tells whether both directions have the keys of another session.
    pub fn same_keys(&self, other: &Srtp) -> bool {
        let (outbound, inbound) = (&self.session.outbound, &self.session.inbound);
        outbound.same_keys(&other.outbound) && inbound.same_keys(&other.inbound)
    }

    /// Goes on with other keys: a direction whose keys are the same is kept as it is, with its
    /// index and replay window; a peer's old keys count for `OLD_KEYS_MS`. Tells whether what is
    /// sent changed its keys, and gives the session that is done with.
    pub fn roll(&mut self, now: Instant, next: Box<Srtp>) -> (bool, Option<Box<Srtp>>) {
        let mut old = std::mem::replace(&mut self.session, next);
        let rolled = !self.session.outbound.same_keys(&old.outbound);
        if !rolled {
            std::mem::swap(&mut self.session.outbound, &mut old.outbound);
        }
        if self.session.inbound.same_keys(&old.inbound) {
            std::mem::swap(&mut self.session.inbound, &mut old.inbound);
            return (rolled, Some(old));
        }
        let until = now + Duration::from_millis(OLD_KEYS_MS);
        let done = self.before.replace(Before { session: old, until });
        (rolled, done.map(|before| before.session))
    }

    /// Encrypts the packet of `len` bytes in its place; gives its new length.
    pub fn protect(&mut self, bytes: &mut [u8], len: usize) -> Option<usize> {
        self.session.protect(bytes, len)
    }

    /// Decrypts a packet into `plain`, under the new keys or the ones before; gives its length.
    pub fn unprotect(
        &mut self,
        now: Instant,
        packet: &[u8],
        plain: &mut Plain,
    ) -> Result<usize, Refused> {
        let head = Head::parse(packet).ok_or(Refused::Malformed)?;
        let Some(before) = self.before.as_mut().filter(|before| now < before.until) else {
            return self.session.inbound.unprotect(packet, head, None, plain);
        };
        // Whether the rollover counter goes on under new keys (RFC 3711 3.3.1) or starts again
        // (RFC 4568 7.1.4) is read both ways in the field: either is taken.
        let goes_on = before.session.inbound.estimate(head);
        match self.session.inbound.unprotect(packet, head, goes_on, plain) {
            Ok(len) => {
                before.until = now;
                Ok(len)
            }
            Err(Refused::Unauthenticated) => {
                before.session.inbound.unprotect(packet, head, None, plain)
            }
            Err(refused) => Err(refused),
        }
    }

    /// Encrypts the control packets of `len` bytes in their place; gives their new length.
    pub fn protect_control(&mut self, bytes: &mut [u8], len: usize) -> Option<usize> {
        self.session.protect_control(bytes, len)
    }

    /// Decrypts control packets into `plain`, under the new keys or the ones before. They do not
    /// tell that the peer has gone over to the new ones: sound does.
    pub fn unprotect_control(
        &mut self,
        now: Instant,
        bytes: &[u8],
        plain: &mut Plain,
    ) -> Result<usize, Refused> {
        match self.session.unprotect_control(bytes, plain) {
            Err(Refused::Unauthenticated) => {
                match self.before.as_mut().filter(|before| now < before.until) {
                    Some(before) => before.session.unprotect_control(bytes, plain),
                    None => Err(Refused::Unauthenticated),
                }
            }
            taken => taken,
        }
    }

    /// Gives the session before, once its keys no longer count.
    pub fn retire(&mut self, now: Instant) -> Option<Box<Srtp>> {
        let over = self.before.as_ref().is_some_and(|before| before.until <= now);
        over.then(|| self.before.take()).flatten().map(|before| before.session)
    }

    /// Ends the leg's encryption; gives what is done with.
    pub fn end(self) -> (Box<Srtp>, Option<Box<Srtp>>) {
        (self.session, self.before.map(|before| before.session))
    }
}
