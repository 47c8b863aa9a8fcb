//! A subscription: one phone's wish to be told of one thing, from its SUBSCRIBE to its end (RFC 6665
//! section 4.2).
//!
//! ```text
//!   SUBSCRIBE --200, NOTIFY--> active --SUBSCRIBE--> active until later
//!                                |--Expires: 0, nobody refreshed--> NOTIFY terminated;timeout --> over
//!                                |--the thing is gone, the account, the box stops--> NOTIFY
//!                                |            terminated;noresource, rejected, deactivated --> over
//!                                '--NOTIFY refused or unanswered--> over
//!
//!   NOTIFY:  nothing to say --something changed--> due --sent--> outstanding --2xx--> due or quiet
//! ```
//!
//! One NOTIFY is outstanding at a time, so they arrive in order; what changes meanwhile is told by the
//! next one, once. The state `pending` is not used: who may watch is known at once.

mod notifying;

use super::content::{Content, Due};
use super::directory::{Resource, user_of_resource};
use super::package::Event;
use crate::dialog::Dialog;
use crate::message::Message;
use crate::peer::{FlowId, Peer};
use crate::uri;
use model::feature::{FeatureWish, Watched};
use model::{Instant, PhoneId};
use rsip::Uri;
use std::time::Duration;

/// How long changes are gathered before a NOTIFY: a turn of the exchange changes several lamps.
const GATHER: Duration = Duration::from_millis(20);
/// How long a NOTIFY waits for what comes of the wish in its SUBSCRIBE.
const WISH_WAIT: Duration = Duration::from_millis(200);
/// Why a subscription ends with a NOTIFY (RFC 6665 section 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody refreshed it, or it was taken back.
    Timeout,
    /// The box stops: subscribe again.
    Deactivated,
    /// The account is gone or has another password.
    Rejected,
    /// What was watched is gone.
    NoResource,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Deactivated => "deactivated",
            Self::Rejected => "rejected",
            Self::NoResource => "noresource",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Active,
    /// A last NOTIFY is to be sent.
    Ending(Reason),
    Over,
}

/// One phone's wish to be told of one thing.
#[derive(Debug)]
pub struct Subscription {
    no: u64,
    phone: PhoneId,
    resource: Resource,
    event: Event,
    dialog: Dialog,
    contact: Uri,
    expires_at: Instant,
    phase: Phase,
    outstanding: bool,
    /// NOTIFYs lost in a row because their connection closed.
    lost: u8,
    /// The connection it went by is closed, and the phone cannot be connected to.
    cut_off: bool,
    quiet_until: Instant,
    /// Its last NOTIFY found no room.
    no_room_until: Instant,
    due: Due,
    content: Content,
}

impl Subscription {
    /// Begins one; its first NOTIFY is due. `mixed` tells that the phone reads several documents in
    /// one body.
    pub fn new(
        no: u64,
        phone: PhoneId,
        resource: Resource,
        event: Event,
        dialog: Dialog,
        contact: Uri,
        mixed: bool,
    ) -> Self {
        let content = Content::new(event.package, &resource, mixed);
        Self {
            no,
            phone,
            resource,
            event,
            dialog,
            contact,
            expires_at: Instant::START,
            phase: Phase::Active,
            outstanding: false,
            lost: 0,
            cut_off: false,
            quiet_until: Instant::START,
            no_room_until: Instant::START,
            due: Due::Everything,
            content,
        }
    }

    /// Who subscribed.
    pub fn phone(&self) -> &PhoneId {
        &self.phone
    }

    /// What it is for.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The package and id.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The dialog it lives in.
    pub fn dialog(&self) -> &Dialog {
        &self.dialog
    }

    /// The connection its NOTIFYs go by.
    pub fn flow(&self) -> Option<FlowId> {
        self.dialog.hop().flow
    }

    /// The name under which the box is asked for it.
    pub fn user(&self) -> String {
        user_of_resource(&self.resource)
    }

    /// Tells whether a new SUBSCRIBE of the same phone takes its place: a phone that was started
    /// anew has forgotten it.
    pub fn is_replaced_by(
        &self,
        phone: &PhoneId,
        event: &Event,
        resource: &Resource,
        at: &Uri,
    ) -> bool {
        self.phone == *phone
            && self.event == *event
            && self.resource == *resource
            && uri::same(&self.contact, at)
    }

    /// Tells whether a SUBSCRIBE within its dialog may still refresh it.
    pub fn is_active(&self) -> bool {
        self.phase == Phase::Active
    }

    /// Tells whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Tells whether the SUBSCRIBE comes in order, and remembers its number (RFC 3261 12.2.2).
    pub fn is_in_order(&mut self, request: &Message) -> bool {
        self.dialog.sequence(request).is_ok()
    }

    /// Lasts until `until`; the next NOTIFY holds everything, once `wish` had its effect.
    pub fn refresh(
        &mut self,
        now: Instant,
        until: Instant,
        request: &Message,
        from: Peer,
        wish: Option<&FeatureWish>,
    ) {
        self.dialog.refresh(request, from);
        if let Some(contact) = request.target() {
            self.contact = contact;
        }
        self.cut_off = false;
        self.expires_at = until;
        if until <= now {
            self.end(Reason::Timeout);
        }
        match wish {
            Some(wish) if self.content.asked(wish) => {
                self.change(now, None);
                self.quiet_until = now + WISH_WAIT;
            }
            Some(_) => {
                self.due = Due::Everything;
                self.quiet_until = now + WISH_WAIT;
            }
            None => {
                self.due = Due::Everything;
                self.quiet_until = now;
            }
        }
    }

    /// Asks for the proof of a PIN by the next NOTIFY.
    pub fn ask_proof(&mut self, now: Instant, fresh: String) {
        self.content.ask_proof(fresh);
        self.quiet_until = now;
    }

    /// The nonce that a proof has to be made with; good for one.
    pub fn take_nonce(&mut self) -> Option<String> {
        self.content.take_nonce()
    }

    /// Something changed; of a list, the entry given.
    pub fn change(&mut self, now: Instant, watched: Option<&Watched>) {
        match &mut self.due {
            Due::Nothing => {
                self.due = Due::Changed(watched.cloned().into_iter().collect());
                self.quiet_until = self.quiet_until.max(now + GATHER);
            }
            Due::Changed(changed) => changed.extend(watched.cloned()),
            Due::Everything => {}
        }
    }

    /// Everything is to be told, as when the keys of a list are others now.
    pub fn change_all(&mut self, now: Instant) {
        self.due = Due::Everything;
        self.quiet_until = self.quiet_until.max(now + GATHER);
    }

    /// What the phone asked for is done or refused: its NOTIFY waits no longer.
    pub fn granted(&mut self, now: Instant) {
        self.quiet_until = self.quiet_until.min(now + GATHER);
    }

    /// Ends it with a last NOTIFY.
    pub fn end(&mut self, reason: Reason) {
        if self.phase == Phase::Active {
            self.phase = if self.cut_off { Phase::Over } else { Phase::Ending(reason) };
        }
    }

    /// Ends it without a word.
    pub fn drop_it(&mut self) {
        self.phase = Phase::Over;
    }

    /// Its connection is closed. It goes on where the phone can be connected to anew, and else waits
    /// for the phone to come again.
    pub fn flow_closed(&mut self, flow: Peer) {
        let hop = self.dialog.hop();
        if hop.flow == flow.flow {
            self.cut_off = hop.addr == flow.addr || flow.transport.secure();
        }
        if self.cut_off && self.phase != Phase::Active {
            self.phase = Phase::Over;
        }
    }

    /// The phone registered from there: a subscription of the same phone goes there too.
    pub fn moved(&mut self, now: Instant, contacts: &[Uri], from: Peer) {
        let hop = self.dialog.hop();
        let same = contacts.iter().any(|contact| uri::same(contact, &self.contact));
        let back = self.cut_off && hop.transport == from.transport && hop.ip() == from.ip();
        if (same && hop.transport == from.transport) || back {
            self.dialog.moved(from);
            if std::mem::replace(&mut self.cut_off, false) {
                self.change_all(now);
            }
        }
    }
}
