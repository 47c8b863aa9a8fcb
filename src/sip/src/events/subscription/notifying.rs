//! The NOTIFYs of a subscription: when one is due, what it says, and what its answer means (RFC 6665
//! section 4.2.2).

use super::{Phase, Reason, Subscription};
use crate::events::content::{Due, Source};
use crate::events::list::Related;
use crate::events::package::{ALLOW_EVENTS, EVENT_LIST};
use crate::message::Message;
use crate::ua::wire::{Owner, Wire};
use model::Instant;
use rsip::Method;
use std::collections::BTreeSet;
use std::time::Duration;

/// When a NOTIFY that found no room is tried again.
const NO_ROOM_WAIT: Duration = Duration::from_secs(1);
/// NOTIFYs lost with their connections in a row before the subscription is given up.
const LOST_MAX: u8 = 2;
/// Longest a subscriber may put its NOTIFY off by Retry-After.
const RETRY_MAX_S: u32 = 300;

impl Subscription {
    /// Takes the answer to its NOTIFY.
    pub fn answered(&mut self, now: Instant, response: &Message) {
        match response.code().unwrap_or(500) {
            100..=199 => {}
            200..=299 => (self.outstanding, self.lost) = (false, 0),
            481 => self.drop_it(),
            _ => match response.retry_after() {
                // RFC 6665 section 4.2.2: refused for now alone.
                Some(seconds) => {
                    self.outstanding = false;
                    self.forget_told();
                    let wait = Duration::from_secs(u64::from(seconds.clamp(1, RETRY_MAX_S)));
                    self.quiet_until = now + wait;
                }
                None => self.drop_it(),
            },
        }
    }

    /// Nobody answered its NOTIFY (RFC 6665 section 4.2.2): `code` is 408, or 503 where a connection
    /// closed under it. A phone may come again by another one, or be connected to once more.
    pub fn unanswered(&mut self, now: Instant, code: u16) {
        self.outstanding = false;
        self.lost = self.lost.saturating_add(1);
        let again = self.cut_off || code == 503 && self.lost <= LOST_MAX;
        match again {
            true => {
                self.forget_told();
                self.quiet_until = now + NO_ROOM_WAIT;
            }
            false => self.drop_it(),
        }
    }

    /// When it wants to be looked at.
    pub fn next(&self) -> Option<Instant> {
        let sends = !self.outstanding && !self.cut_off;
        let wants = match self.phase {
            Phase::Over => return Some(Instant::START),
            Phase::Ending(_) if sends => return Some(self.no_room_until),
            Phase::Ending(_) => return None,
            Phase::Active => sends && self.due != Due::Nothing,
        };
        let expires = Some(self.expires_at);
        wants.then_some(self.quiet_until).into_iter().chain(expires).min()
    }

    /// Sends what is due, and ends what ran out.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire, source: Source<'_>) {
        if self.phase == Phase::Active && self.expires_at <= now {
            self.end(Reason::Timeout);
            // Its last state is known; only the end is news.
            self.due = Due::Nothing;
        }
        if self.outstanding || self.cut_off || self.phase == Phase::Over {
            return;
        }
        match self.phase {
            Phase::Ending(Reason::Deactivated) => self.say_last(now, wire, source, None),
            Phase::Ending(_) if self.no_room_until > now => {}
            Phase::Active if self.due == Due::Nothing || self.quiet_until > now => {}
            _ if !wire.transactions.has_spare() => {
                wire.counters.limited += 1;
                self.quiet_until = now + NO_ROOM_WAIT;
                self.no_room_until = now + NO_ROOM_WAIT;
            }
            Phase::Ending(_) => self.say_last(now, wire, source, Some(Owner::Nobody)),
            _ => {
                let Some(body) = self.body(source) else { return };
                let left = self.expires_at.since(now).as_secs().max(1);
                let state = format!("active;expires={left}");
                let owner = Some(Owner::Notify { subscription: self.no });
                self.outstanding = self.notify(now, wire, &state, Some(body), owner);
                self.quiet_until = now + self.event.package.apart();
                if !self.outstanding {
                    self.forget_told();
                    self.quiet_until = now + NO_ROOM_WAIT;
                }
            }
        }
    }

    fn say_last(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        source: Source<'_>,
        owner: Option<Owner>,
    ) {
        let Phase::Ending(reason) = std::mem::replace(&mut self.phase, Phase::Over) else { return };
        let body = self.body(source);
        self.notify(now, wire, &format!("terminated;reason={}", reason.name()), body, owner);
    }

    /// Sends a NOTIFY in a transaction of its own, or once where nobody will be there for the answer.
    fn notify(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        state: &str,
        body: Option<Related>,
        owner: Option<Owner>,
    ) -> bool {
        let hop = self.dialog.hop();
        let via = wire.via(&hop);
        let contact = wire.contact_in(&self.dialog, &self.user());
        let mut request = self
            .dialog
            .request(Method::Notify, &via)
            .with("Contact", contact)
            .with("Event", self.event.header())
            .with("Subscription-State", state)
            .with("Allow-Events", ALLOW_EVENTS);
        // RFC 4662 section 5.1.
        if self.content.is_list() {
            request.headers.push("Require", EVENT_LIST);
        }
        if let Some(body) = body {
            request = request.with_body(&body.content_type, body.body);
        }
        wire.counters.notified += 1;
        match owner {
            Some(owner) => wire.request(now, request, hop, owner).is_some(),
            None => {
                let hop = wire.flows.resolve(hop);
                wire.send(hop, &request);
                true
            }
        }
    }

    /// Takes what is due as a body. Nothing where there is nothing to say after all.
    fn body(&mut self, source: Source<'_>) -> Option<Related> {
        let due = std::mem::take(&mut self.due);
        let last = self.phase != Phase::Active;
        let body = self.content.next(self.event.package, &self.resource, due, last, source);
        if body.is_some() && self.content.has_more() {
            self.due = Due::Changed(BTreeSet::new());
        }
        body
    }

    /// What was told last may not have arrived: everything is due.
    fn forget_told(&mut self) {
        self.due = Due::Everything;
    }
}
