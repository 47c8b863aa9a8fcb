//! The gate of the datagrams: in whose queue each goes, or that it is shed.

use super::friends::{Friends, Who};
use model::Instant;
use sip::source::Bucket;
use sip::{Buckets, Rate, Source};
use std::net::SocketAddr;
use std::sync::Arc;

/// Of phones at one source: a busy one sends some 20 a second, and a branch office with hundreds of
/// them shares an address.
const PHONE: Rate = Rate { per_s: 5000, burst: 5000 };
/// Of all strangers together: what a core answers with a fifth of its time.
const STRANGERS: Rate = Rate { per_s: 3000, burst: 1500 };
/// Sources whose rate is remembered.
const SOURCES_MAX: usize = 16_384;

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Known,
    Stranger,
    TooFast,
    Banned,
}

/// Judges the datagrams of one socket.
pub struct Gate {
    friends: Arc<Friends>,
    phones: Buckets,
    strangers: Buckets,
    all: Bucket,
}

impl Gate {
    /// Begins with nobody heard of; of one strange source so many a second are taken, and for a
    /// moment twice as many.
    pub fn new(friends: Arc<Friends>, per_s: u32) -> Self {
        let stranger = Rate { per_s: per_s.max(1), burst: per_s.max(1).saturating_mul(2) };
        Self {
            friends,
            phones: Buckets::new(PHONE, SOURCES_MAX),
            strangers: Buckets::new(stranger, SOURCES_MAX),
            all: Bucket::new(Instant::START),
        }
    }

    /// Judges one.
    pub fn judge(&mut self, now: Instant, from: SocketAddr) -> Verdict {
        let source = Source::of(from.ip());
        match self.friends.who(now, from) {
            Who::Trunk => Verdict::Known,
            // A forged flood in a phone's name goes where strangers are, and the phone with it.
            Who::Phone if self.phones.take(now, source) => Verdict::Known,
            Who::Banned => Verdict::Banned,
            Who::Phone | Who::Stranger => {
                let fits = self.strangers.take(now, source) && self.all.take(now, STRANGERS);
                if fits { Verdict::Stranger } else { Verdict::TooFast }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::time::Duration;

    const NOW: Instant = Instant::from_millis(1000);

    fn addr(n: u32) -> SocketAddr {
        SocketAddr::new(IpAddr::from((0x0A00_0000 + n).to_be_bytes()), 5060)
    }

    /// What passes of `per_s` datagrams a second, for a minute, from that many sources in turn.
    fn passed(gate: &mut Gate, sources: u32, per_s: u32) -> u32 {
        let mut passed = 0;
        for n in 0..60 * per_s {
            let at = NOW + Duration::from_secs(1) * n / per_s;
            passed += u32::from(gate.judge(at, addr(n % sources)) == Verdict::Stranger);
        }
        passed
    }

    #[test]
    fn a_flood_of_one_source_is_cut_to_its_rate() {
        let mut gate = Gate::new(Arc::default(), 100);
        let passed = passed(&mut gate, 1, 5000);
        assert!((6000..=6300).contains(&passed), "{passed}");
    }

    #[test]
    fn a_flood_of_1000_sources_is_cut_to_what_a_core_bears() {
        let mut gate = Gate::new(Arc::default(), 100);
        let passed = passed(&mut gate, 1000, 5000);
        assert!((180_000..=182_000).contains(&passed), "{passed}");
    }

    #[test]
    fn a_phone_that_is_known_passes_while_strangers_are_cut() {
        let friends = Arc::new(Friends::default());
        friends.phone(NOW, addr(0x00FF_FFFF));
        let mut gate = Gate::new(friends, 100);
        passed(&mut gate, 1000, 5000);
        let end = NOW + Duration::from_secs(60);
        assert_eq!(gate.judge(end, addr(0x00FF_FFFF)), Verdict::Known);
    }
}
