//! The guard: challenges requests and lets in who proves an account's password (RFC 3261 section
//! 22, RFC 7616, RFC 8760).
//!
//! ```text
//! no or wrong credentials ----------------------> 401, two challenges
//! right ones with an old, foreign or used nonce -> 401, two challenges with stale=true
//! right ones with a fresh nonce and a rising nc -> passed
//! ```
//!
//! Some phones that know MD5 alone give up when they see another algorithm beside it (libre before
//! 2.2 and so Debian's baresip; sipp), against RFC 8760 section 2.4. So an address that left two
//! challenges without a proof is sent the one for MD5 when it comes again, until it proves that it
//! knows better. MD5 is taken from everybody anyway, so nothing is given away by that.
//!
//! An account that does not exist costs the same work and gets the same answer as a wrong password.
//! Who guesses is slowed, then banned (`suspects`), whether it owns another account or not
//! (`proved`), and whoever proved nothing from an address has a rate for all it asks.

use crate::digest::{Algorithm, Challenge, Credentials};
use crate::message::Message;
use crate::nonce::{Nonces, Verdict};
use crate::proved::Proved;
use crate::recent::Recent;
use crate::source::{Buckets, Rate, Source};
use crate::suspects::Suspects;
use crate::uri;
use model::site::Guarding;
use model::{Instant, Secret};
use std::net::SocketAddr;
use subtle::{Choice, ConstantTimeEq};

/// Most addresses remembered as having been sent two challenges. At it the oldest is forgotten; it
/// is sent two again, which costs a phone of the kind above one more try.
pub const ASKED_MAX: usize = 4096;
/// How fast a source may ask that proved nothing: many phones behind one router that start anew.
pub const STRANGER: Rate = Rate { per_s: 100, burst: 200 };
/// Sources whose rate is remembered.
const SOURCES_MAX: usize = 16_384;

/// What the guard says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The request comes from who knows this account's password.
    Passed { user: String },
    /// It is to be challenged.
    Refused {
        stale: bool,
        /// There were credentials for our realm and they were wrong: to be counted.
        wrong: bool,
    },
    /// There were credentials, and their source gave too many wrong ones to be judged already.
    Unjudged,
}

/// Guards one realm.
#[derive(Debug)]
pub struct Guard {
    realm: String,
    nonces: Nonces,
    /// Compared with where there is no account.
    decoy: Secret,
    /// Who was sent two challenges and has proved nothing by the better one, the latest last.
    asked: Recent<SocketAddr>,
    /// Who proved which password.
    proved: Proved,
    suspects: Suspects,
    rates: Buckets,
}

impl Guard {
    /// Guards `realm`, with a secret key that no other run may share.
    pub fn new(key: [u8; 32], realm: &str) -> Self {
        let decoy = Secret::new(hex::encode(key));
        let nonces = Nonces::new(key);
        Self {
            realm: realm.to_owned(),
            nonces,
            decoy,
            asked: Recent::new(ASKED_MAX),
            proved: Proved::default(),
            suspects: Suspects::default(),
            rates: Buckets::new(STRANGER, SOURCES_MAX),
        }
    }

    /// Deals with strangers as a site says.
    pub fn with(mut self, guarding: Guarding) -> Self {
        let per_s = guarding.requests_per_s.max(1);
        let rate = Rate { per_s, burst: per_s.saturating_mul(2) };
        self.rates = Buckets::new(rate, SOURCES_MAX);
        self.suspects = Suspects::new(guarding);
        self
    }

    /// The nonces in use, for counters.
    pub fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    /// Tells whether nothing of an address is taken.
    pub fn is_banned(&self, now: Instant, from: SocketAddr) -> bool {
        self.suspects.is_banned(now, Source::of(from.ip())) && !self.proved.has(&from)
    }

    /// Tells whether an address may ask for something now: who proved a password always may.
    pub fn admits(&mut self, now: Instant, from: SocketAddr) -> bool {
        self.proved.has(&from) || self.rates.take(now, Source::of(from.ip()))
    }

    /// Tells whether an address proved a password.
    pub fn has_proved(&self, from: SocketAddr) -> bool {
        self.proved.has(&from)
    }

    /// Notes an address that an account named for itself when it proved its password.
    pub fn vouched(&mut self, at: SocketAddr, account: &str) {
        self.proved.note(at, account);
    }

    /// Forgets what these accounts proved; gives the addresses that are a stranger's again.
    pub fn revoke(&mut self, is_out: impl Fn(&str) -> bool) -> Vec<SocketAddr> {
        self.proved.revoke(is_out)
    }

    /// Tells whether that account's password was proved from an address.
    pub fn has_proved_as(&self, from: SocketAddr, account: &str) -> bool {
        self.proved.is_of(&from, account)
    }

    /// Notes a wrong password for an account; gives until when its source is banned for it, and
    /// the addresses that are a stranger's again.
    pub fn wrong(
        &mut self,
        now: Instant,
        from: SocketAddr,
        account: &str,
    ) -> (Option<Instant>, Vec<SocketAddr>) {
        let until = self.suspects.wrong(now, Source::of(from.ip()));
        (until, self.proved.wrong(from, account, until.is_some()))
    }

    /// Makes the 401 to a request: one challenge an algorithm, the best first (RFC 8760 section
    /// 2.4); MD5 alone to an address that had no proof for both. `from` has port 0 where each
    /// connection has a port of its own.
    pub fn challenge(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message,
        stale: bool,
    ) -> Message {
        let mut response = Message::response(request, 401);
        let algorithms: &[Algorithm] =
            if self.asked_before(from) { &[Algorithm::Md5] } else { &Algorithm::ALL };
        for &algorithm in algorithms {
            let challenge = Challenge {
                realm: self.realm.clone(),
                nonce: self.nonces.issue(now, from.ip()),
                algorithm,
                qop_auth: true,
                opaque: None,
                stale,
            };
            response.headers.push("WWW-Authenticate", challenge.to_string());
        }
        response
    }

    /// Tells whether the address was sent two challenges already, and notes that it is now.
    fn asked_before(&mut self, from: SocketAddr) -> bool {
        self.asked.see(from)
    }

    /// Judges a request by its Authorization for our realm. The caller still has to see that the
    /// account may do what it asks for.
    pub fn judge<'a>(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message,
        secret_of: impl FnOnce(&str) -> Option<&'a Secret>,
    ) -> Entry {
        let ours = |value| Credentials::parse(value).ok().filter(|c| c.realm == self.realm);
        let mut values = request.headers.get_all("Authorization");
        let Some(credentials) = values.find_map(ours) else {
            return Entry::Refused { stale: false, wrong: false };
        };
        let (Some(method), Some(target)) = (request.method(), request.uri()) else {
            return Entry::Refused { stale: false, wrong: false };
        };
        let source = Source::of(from.ip());
        // Who owns one account guesses at others like anybody.
        let own = self.proved.is_of(&from, &credentials.username);
        let banned = self.suspects.is_banned(now, source);
        if !own && (banned || !self.suspects.may_try(now, source)) {
            return Entry::Unjudged;
        }
        let secret = secret_of(&credentials.username);
        let expected = credentials.expected(secret.unwrap_or(&self.decoy), &method.to_string());
        let known = Choice::from(u8::from(secret.is_some()));
        let right = known & expected.as_bytes().ct_eq(credentials.response.as_bytes());
        // A proof for another address is none for this one (RFC 7616 section 3.4.6).
        let meant = uri::parse(&credentials.uri).is_ok_and(|meant| uri::same(&meant, target));
        let Some(qop) = credentials.qop.filter(|_| meant && bool::from(right)) else {
            return Entry::Refused { stale: false, wrong: true };
        };
        if credentials.algorithm == Algorithm::Sha256 {
            self.asked.forget(&from);
            self.asked.forget(&SocketAddr::new(from.ip(), 0));
        }
        match self.nonces.count(now, from.ip(), &credentials.nonce, qop.nc) {
            Verdict::Fresh => {
                self.proved.note(from, &credentials.username);
                Entry::Passed { user: credentials.username }
            }
            Verdict::Stale | Verdict::Foreign => Entry::Refused { stale: true, wrong: false },
        }
    }
}
