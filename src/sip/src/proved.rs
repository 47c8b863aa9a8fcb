//! Who proved a password where, and what that is worth: its own account is judged there without
//! delay, and its address passes before strangers.
//!
//! ```text
//!   stranger --proves an account--> proved --FREE wrong proofs for others, or banned--> stranger
//!                                     '----- its password is changed, or its account gone ----^
//! ```

use crate::recent::Recent;
use crate::source::Source;
use crate::suspects::FREE;
use std::net::SocketAddr;

/// Most addresses remembered as having proved a password. At it the one that proved longest ago is
/// judged like a stranger again.
pub const PROVED_MAX: usize = 32_768;

/// The addresses that passwords were proved from.
#[derive(Debug)]
pub struct Proved(Recent<SocketAddr, Proof>);

#[derive(Debug)]
struct Proof {
    account: String,
    /// Wrong proofs for other accounts that came from there since.
    wrong: u32,
}

impl Default for Proved {
    fn default() -> Self {
        Self(Recent::new(PROVED_MAX))
    }
}

impl Proved {
    /// Notes that an account's password was proved from an address.
    pub fn note(&mut self, at: SocketAddr, account: &str) {
        let old = self.0.get(&at).filter(|old| old.account == account);
        let wrong = old.map_or(0, |old| old.wrong);
        self.0.put(at, Proof { account: account.to_owned(), wrong });
    }

    /// Tells whether any password was proved from an address.
    pub fn has(&self, at: &SocketAddr) -> bool {
        self.0.has(at)
    }

    /// Tells whether that account's password was proved from an address.
    pub fn is_of(&self, at: &SocketAddr, account: &str) -> bool {
        self.0.get(at).is_some_and(|proof| proof.account == account)
    }

    /// Forgets what accounts proved whose password is another now; gives the addresses that are a
    /// stranger's from now on.
    pub fn revoke(&mut self, is_out: impl Fn(&str) -> bool) -> Vec<SocketAddr> {
        let of_them = |(_, proof): &(&SocketAddr, &Proof)| is_out(&proof.account);
        let all: Vec<SocketAddr> = self.0.iter().filter(of_them).map(|(at, _)| *at).collect();
        for at in &all {
            self.0.forget(at);
        }
        all
    }

    /// Notes a wrong proof for an account; `banned` where its source is banned for it. Gives the
    /// addresses that are a stranger's from now on: where whoever owns one account guesses at others,
    /// all that it proved at this source are.
    pub fn wrong(&mut self, at: SocketAddr, account: &str, banned: bool) -> Vec<SocketAddr> {
        let Some(proof) = self.0.get_mut(&at).filter(|proof| proof.account != account) else {
            return Vec::new();
        };
        proof.wrong = proof.wrong.saturating_add(1);
        if proof.wrong < FREE && !banned {
            return Vec::new();
        }
        let (guesser, source) = (proof.account.clone(), Source::of(at.ip()));
        let of_guesser = |(at, proof): &(&SocketAddr, &Proof)| {
            proof.account == guesser && Source::of(at.ip()) == source
        };
        let all: Vec<SocketAddr> = self.0.iter().filter(of_guesser).map(|(at, _)| *at).collect();
        for at in &all {
            self.0.forget(at);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_guesses_at_others_is_a_stranger_wherever_it_proved_its_own_account_before() {
        let mut proved = Proved::default();
        let (one, two, other) = (at("192.0.2.9:1"), at("192.0.2.9:2"), at("192.0.2.9:3"));
        for (at, account) in [(one, "8001"), (two, "8001"), (other, "8002")] {
            proved.note(at, account);
        }
        for _ in 1..FREE {
            assert_eq!(proved.wrong(one, "8003", false), []);
            // That it proves its own meanwhile makes nothing good.
            proved.note(one, "8001");
        }
        assert_eq!(proved.wrong(one, "8003", false), [one, two]);
        assert!(!proved.has(&one) && !proved.has(&two) && proved.is_of(&other, "8002"));
    }

    #[test]
    fn a_phone_that_forgot_its_own_password_is_no_guesser() {
        let mut proved = Proved::default();
        proved.note(at("192.0.2.9:1"), "8001");
        for _ in 0..2 * FREE {
            assert_eq!(proved.wrong(at("192.0.2.9:1"), "8001", true), []);
        }
    }
}
