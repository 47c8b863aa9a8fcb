//! Desk phones as devices: what is wrong with serving them, and asking them to fetch anew.

use super::Switch;
use crate::clock::wall_now;
use crate::provision::Shelf;
use crate::tls::Tls;
use model::{Instant, PhoneId};
use std::sync::Arc;
use std::time::Duration;

/// How often the certificate's end is looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(3600);

/// What the thread holds of the phones' settings and the box's certificate.
pub struct Desks {
    pub shelf: Arc<Shelf>,
    pub tls: Option<Tls>,
    looked: Option<Instant>,
}

impl Desks {
    pub fn new(shelf: Arc<Shelf>, tls: Option<Tls>) -> Self {
        Self { shelf, tls, looked: None }
    }
}

impl Switch {
    /// Raises and clears what stands about provisioning and the certificate.
    pub(super) fn watch_desks(&mut self, now: Instant) {
        let desks = &mut self.parts.desks;
        for source in desks.shelf.take_banned() {
            let about = source.to_string();
            self.alarms.raise(now, "credentials-guessed", &about, control::Level::Critical);
        }
        let failed = desks.shelf.has_failed();
        self.alarms.set(now, "provision-down", "box", failed);
        let looked = desks.looked.is_some_and(|at| now.since(at) < CERTIFICATE_EVERY);
        if looked {
            return;
        }
        desks.looked = Some(now);
        let ends = desks.tls.as_ref().is_some_and(|tls| tls.expiring(wall_now()));
        let failed = desks.shelf.has_failed();
        self.alarms.set(now, "certificate-ends", "box", ends);
        self.alarms.set(now, "provision-down", "box", failed);
    }

    /// Asks one phone or all of them to fetch their settings anew. Tells how many may do so.
    pub(super) fn check_sync(&mut self, now: Instant, phone: Option<PhoneId>) -> usize {
        let phones = &self.parts.site.phones;
        let known = match &phone {
            Some(phone) => usize::from(phones.contains_key(phone)),
            None => phones.len(),
        };
        if known > 0 {
            let command = sip::Command::CheckSync { phone };
            self.parts.endpoint.handle(now, sip::Input::Command(command));
        }
        known
    }
}
