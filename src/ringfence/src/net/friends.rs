//! Who passes before strangers, and who does not pass at all; told by the exchange thread, asked by
//! every socket.

use model::Instant;
use sip::Source;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Most phones remembered; those not heard of longest make room in one sweep.
const PHONES_MAX: usize = 32_768;
/// How long a phone is remembered after it proved its password.
const PHONE_LIFE: Duration = Duration::from_secs(2 * 3600);
/// Most sources banned at once; beyond it the ban that ends first is lifted.
const BANNED_MAX: usize = 16_384;

/// Who somebody is to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A trunk's address: nothing limits it but the queue.
    Trunk,
    /// A phone that proved its password from this very address.
    Phone,
    Stranger,
    Banned,
}

/// The lists.
#[derive(Debug, Default)]
pub struct Friends(RwLock<Lists>);

#[derive(Debug, Default)]
struct Lists {
    trunks: Vec<IpAddr>,
    phones: HashMap<SocketAddr, Instant>,
    banned: HashMap<Source, Instant>,
}

impl Friends {
    /// Tells who an address is. Who proved a password is never banned for a neighbour's guessing.
    pub fn who(&self, now: Instant, addr: SocketAddr) -> Who {
        let lists = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ip = addr.ip().to_canonical();
        if lists.trunks.contains(&ip) {
            return Who::Trunk;
        }
        if lists.phones.get(&SocketAddr::new(ip, addr.port())).is_some_and(|until| *until > now) {
            return Who::Phone;
        }
        match lists.banned.get(&Source::of(ip)).is_some_and(|until| *until > now) {
            true => Who::Banned,
            false => Who::Stranger,
        }
    }

    /// Uses other trunks.
    pub fn set_trunks(&self, trunks: Vec<IpAddr>) {
        let trunks = trunks.into_iter().map(|ip| ip.to_canonical()).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).trunks = trunks;
    }

    /// A phone proved its password from this address.
    pub fn phone(&self, now: Instant, addr: SocketAddr) {
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let phones = &mut lists.phones;
        if phones.len() >= PHONES_MAX && !phones.contains_key(&addr) {
            phones.retain(|_, until| until.since(now) > PHONE_LIFE / 2);
            if phones.len() >= PHONES_MAX {
                return;
            }
        }
        phones.insert(addr, now + PHONE_LIFE);
    }

    /// Whoever proved a password from this address is a stranger again.
    pub fn estrange(&self, addr: SocketAddr) {
        let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        self.0.write().unwrap_or_else(PoisonError::into_inner).phones.remove(&addr);
    }

    /// Nothing of a source is taken until then.
    pub fn ban(&self, now: Instant, source: Source, until: Instant) {
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let banned = &mut lists.banned;
        if banned.len() >= BANNED_MAX {
            banned.retain(|_, until| *until > now);
        }
        if banned.len() >= BANNED_MAX {
            // Whichever goes is soon banned again if it goes on.
            let first = banned.iter().min_by_key(|(_, until)| **until).map(|(of, _)| *of);
            first.map(|of| banned.remove(&of));
        }
        banned.insert(source, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1000);

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_banned_source_is_shut_out_until_its_time_is_over_and_its_phones_are_not() {
        let friends = Friends::default();
        let (phone, guesser) = (addr("192.0.2.9:5060"), addr("192.0.2.9:7777"));
        friends.phone(NOW, phone);
        friends.ban(NOW, Source::of(guesser.ip()), NOW + Duration::from_secs(60));
        assert_eq!(friends.who(NOW, phone), Who::Phone);
        assert_eq!(friends.who(NOW, guesser), Who::Banned);
        assert_eq!(friends.who(NOW + Duration::from_secs(60), guesser), Who::Stranger);
    }

    #[test]
    fn a_phone_that_guesses_at_others_is_shut_out_with_its_source() {
        let friends = Friends::default();
        let phone = addr("192.0.2.9:5060");
        friends.phone(NOW, phone);
        friends.estrange(phone);
        assert_eq!(friends.who(NOW, phone), Who::Stranger);
        friends.ban(NOW, Source::of(phone.ip()), NOW + Duration::from_secs(60));
        assert_eq!(friends.who(NOW, phone), Who::Banned);
    }

    #[test]
    fn a_phone_that_proved_nothing_for_two_hours_is_a_stranger_again() {
        let friends = Friends::default();
        friends.phone(NOW, addr("192.0.2.9:5060"));
        let later = NOW + Duration::from_secs(2 * 3600);
        assert_eq!(friends.who(later, addr("192.0.2.9:5060")), Who::Stranger);
    }

    #[test]
    fn a_trunk_is_known_by_its_address_whatever_its_port() {
        let friends = Friends::default();
        friends.set_trunks(vec![addr("198.51.100.7:0").ip()]);
        assert_eq!(friends.who(NOW, addr("198.51.100.7:1234")), Who::Trunk);
        assert_eq!(friends.who(NOW, addr("[::ffff:198.51.100.7]:1234")), Who::Trunk);
    }

    #[test]
    fn the_list_of_the_banned_has_an_end() {
        let friends = Friends::default();
        for n in 0..=BANNED_MAX as u32 {
            let source = Source::of(IpAddr::from(n.to_be_bytes()));
            friends.ban(NOW, source, NOW + Duration::from_secs(60 + u64::from(n)));
        }
        assert_eq!(friends.0.read().unwrap().banned.len(), BANNED_MAX);
        assert_eq!(friends.who(NOW, addr("0.0.0.0:1")), Who::Stranger, "the first went");
    }
}
