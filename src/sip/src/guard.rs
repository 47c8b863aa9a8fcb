//! The guard: challenges requests and lets in who proves an account's password (RFC 3261 section
//! 22, RFC 7616, RFC 8760).
//!
//! ```text
//! no or wrong credentials ----------------------> 401, two challenges
//! right ones with an old, foreign or used nonce -> 401, two challenges with stale=true
//! right ones with a fresh nonce and a rising nc -> passed
//! ```
//!
//! An account that does not exist costs the same work and gets the same answer as a wrong password.

use crate::digest::{Algorithm, Challenge, Credentials};
use crate::message::Message;
use crate::nonce::{Nonces, Verdict};
use crate::uri;
use model::{Instant, Secret};
use subtle::{Choice, ConstantTimeEq};

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
}

/// Guards one realm.
#[derive(Debug)]
pub struct Guard {
    realm: String,
    nonces: Nonces,
    /// Compared with where there is no account.
    decoy: Secret,
}

impl Guard {
    /// Guards `realm`, with a secret key that no other run may share.
    pub fn new(key: [u8; 32], realm: &str) -> Self {
        let decoy = Secret::new(hex::encode(key));
        Self { realm: realm.to_owned(), nonces: Nonces::new(key), decoy }
    }

    /// The nonces in use, for counters.
    pub fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    /// Makes the 401 to a request: one challenge an algorithm, the best first (RFC 8760 section
    /// 2.4).
    pub fn challenge(&mut self, now: Instant, request: &Message, stale: bool) -> Message {
        let mut response = Message::response(request, 401);
        for algorithm in Algorithm::ALL {
            let challenge = Challenge {
                realm: self.realm.clone(),
                nonce: self.nonces.issue(now),
                algorithm,
                qop_auth: true,
                opaque: None,
                stale,
            };
            response.headers.push("WWW-Authenticate", challenge.to_string());
        }
        response
    }

    /// Judges a request by its Authorization for our realm. The caller still has to see that the
    /// account may do what it asks for.
    pub fn judge<'a>(
        &mut self,
        now: Instant,
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
        let secret = secret_of(&credentials.username);
        let expected = credentials.expected(secret.unwrap_or(&self.decoy), &method.to_string());
        let known = Choice::from(u8::from(secret.is_some()));
        let right = known & expected.as_bytes().ct_eq(credentials.response.as_bytes());
        // A proof for another address is none for this one (RFC 7616 section 3.4.6).
        let meant = uri::parse(&credentials.uri).is_ok_and(|meant| uri::same(&meant, target));
        let Some(qop) = credentials.qop.filter(|_| meant && bool::from(right)) else {
            return Entry::Refused { stale: false, wrong: true };
        };
        match self.nonces.count(now, &credentials.nonce, qop.nc) {
            Verdict::Fresh => Entry::Passed { user: credentials.username },
            Verdict::Stale | Verdict::Foreign => Entry::Refused { stale: true, wrong: false },
        }
    }
}
