//! Our side of a leg's descriptions: what we want, what may be encrypted, what we said last.

use crate::codecs;
use crate::sdes::Crypto;
use crate::sdp::{Attribute, Direction, Media, Session, connection};
use model::srtp::{SrtpPolicy, SrtpSuite};
use model::{Codec, Codecs};
use std::net::SocketAddr;

/// The profiles of sound in clear and of encrypted sound (RFC 3551, RFC 3711).
pub(crate) const CLEAR: &str = "RTP/AVP";
pub(crate) const ENCRYPTED: &str = "RTP/SAVP";

/// What may become of a leg's sound, given the policy and the signalling that would carry its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// In clear: keys are neither offered nor looked at.
    Clear,
    /// Encrypted where the other side can.
    Either,
    /// Encrypted or not at all.
    Only,
    /// It would have to be encrypted, and nobody may be told the keys.
    Impossible,
}

impl Protection {
    /// Applies a policy: keys go over TLS or nowhere (RFC 4568 section 5).
    pub fn of(policy: SrtpPolicy, secure_hop: bool) -> Self {
        match (policy, secure_hop) {
            (SrtpPolicy::Forbid, _) | (SrtpPolicy::Offer, false) => Self::Clear,
            (SrtpPolicy::Offer, true) => Self::Either,
            (SrtpPolicy::Require, true) => Self::Only,
            (SrtpPolicy::Require, false) => Self::Impossible,
        }
    }

    /// Tells whether keys are exchanged.
    pub fn has_keys(self) -> bool {
        matches!(self, Self::Either | Self::Only)
    }
}

/// Our side of a leg's descriptions, kept for as long as its dialog.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Where we receive.
    pub rtp: SocketAddr,
    /// The codecs we have, in the order we ask for them and choose among those offered.
    pub codecs: Codecs,
    /// What we want: both ways, or `SendOnly` and `Inactive` to hold the peer.
    pub direction: Direction,
    pub(crate) protection: Protection,
    /// The profile of our offers: that of the session once there is one.
    pub(crate) profile: &'static str,
    /// Our offers have keys: at first where they may, later where the session has.
    pub(crate) keyed: bool,
    /// Our keys for the next description, one a suite, the better first.
    pub(crate) keys: Vec<Crypto>,
    id: u64,
    version: u64,
    pub(crate) last: Option<Session>,
}

impl Terms {
    /// Makes the terms of a new session in clear; `id` is any number (RFC 8866 section 5.2).
    pub fn new(id: u64, rtp: SocketAddr, codecs: Codecs) -> Self {
        let direction = Direction::SendReceive;
        // Some peers read both numbers into 32 signed bits.
        let id = id & 0x7FFF_FFFF;
        Self {
            rtp,
            codecs,
            direction,
            protection: Protection::Clear,
            profile: CLEAR,
            keyed: false,
            keys: Vec::new(),
            id,
            version: id,
            last: None,
        }
    }

    /// Allows or demands encryption.
    pub fn protected(mut self, protection: Protection) -> Self {
        self.protect(protection);
        self
    }

    /// Allows or demands encryption from the next offer on.
    pub fn protect(&mut self, protection: Protection) {
        self.protection = protection;
        self.keyed = protection.has_keys();
        self.profile = if self.keyed { ENCRYPTED } else { CLEAR };
    }

    /// What may become of the sound.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Makes new keys for the next description, where it may have some.
    pub fn renew_keys(&mut self, fill: &mut dyn FnMut(&mut [u8])) {
        self.keys.clear();
        if self.protection.has_keys() {
            let suites = (1..).zip(SrtpSuite::ALL);
            self.keys.extend(suites.filter_map(|(tag, suite)| Crypto::fresh(tag, suite, fill)));
        }
    }

    /// The description we sent last.
    pub fn last(&self) -> Option<&Session> {
        self.last.as_ref()
    }

    /// Makes the description of `media`. Its version is one more than the last one's if anything
    /// else of it changed (RFC 3264 section 8).
    pub(crate) fn describe(&mut self, media: Vec<Media>) -> Session {
        let ip = connection(self.rtp.ip());
        let origin = |version: u64| format!("- {} {version} {ip}", self.id);
        let mut session = Session {
            origin: origin(self.version),
            connection: Some(ip.clone()),
            attributes: Vec::new(),
            media,
        };
        if self.last.as_ref().is_some_and(|last| *last != session) {
            session.origin = origin(self.version + 1);
            self.version += 1;
        }
        self.last = Some(session.clone());
        session
    }

    /// Describes our audio in these codecs, with events and comfort noise.
    pub(crate) fn audio(
        &self,
        formats: &[(Codec, u8)],
        events: &[(u8, u32)],
        comfort_noise: bool,
        direction: Direction,
    ) -> Media {
        let (formats, mut attributes) = codecs::describe(formats, events, comfort_noise);
        attributes.push(Attribute::flag(direction.name()));
        Media {
            kind: "audio".into(),
            port: self.rtp.port(),
            proto: self.profile.into(),
            formats,
            connection: None,
            attributes,
        }
    }
}
