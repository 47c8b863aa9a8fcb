//! The last words: carriers and watching phones are told that the box goes, and it is waited for a
//! moment until they have heard it.

use super::Switch;
use model::Instant;
use std::time::Duration;

/// Longest the box waits for the answers: a datagram that is lost is sent again after 0.5 and 1.5 s.
const HEARD_MAX: Duration = Duration::from_secs(2);
/// Longest it waits for connections to take what was written and close.
const CLOSED_MAX: Duration = Duration::from_secs(1);
/// How often it is looked whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(5);

impl Switch {
    /// Takes every registration with a carrier back and ends every subscription (RFC 6665 section
    /// 4.4.1: `deactivated`, so that phones ask the next run anew), then closes the connections.
    pub(super) fn farewell(&mut self) {
        let began = self.parts.clock.now();
        self.parts.endpoint.handle(began, sip::Input::Command(sip::Command::Farewell));
        self.settle(began);
        loop {
            let now = self.parts.clock.now();
            if self.parts.endpoint.has_parted() || now.since(began) >= HEARD_MAX {
                break;
            }
            std::thread::park_timeout(LOOK_EVERY);
            self.take_in(self.parts.clock.now());
            self.settle(self.parts.clock.now());
        }
        self.parts.net.outlet.close_all();
        self.closed_by(self.parts.clock.now() + CLOSED_MAX);
    }

    /// Waits until every connection is written out and closed, at most until then.
    fn closed_by(&mut self, until: Instant) {
        while self.parts.net.connections() > 0 && self.parts.clock.now() < until {
            // Whatever still comes is nobody's any more; taking it lets its connection close.
            while self.parts.net.take(until).is_some() {}
            std::thread::park_timeout(LOOK_EVERY);
        }
    }
}
