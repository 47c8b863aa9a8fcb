//! A transfer that the far end of a call asked for, and how it is told how that goes: the
//! subscription that its REFER is (RFC 3515, RFC 4488, RFC 6665 section 4.1).
//!
//! ```text
//!   REFER --> 202 --NOTIFY 100--> trying --NOTIFY 180--> ... --NOTIFY 200 | 4xx-6xx--> over
//!     |                             |  SUBSCRIBE: the same again, until later
//!     |                             '--SUBSCRIBE Expires: 0--> NOTIFY terminated;timeout --> untold
//!     |                             '--a NOTIFY refused or lost--> untold
//!     '--Refer-Sub: false--> untold
//!   any: 180 s after REFER or SUBSCRIBE, BYE --> NOTIFY terminated, unless untold --> over
//! ```
//!
//! A transfer that nobody is told of still is one: another REFER waits for its end.

use super::cause;
use super::leg::{Within, reply};
use super::wire::{Owner, Wire};
use crate::dialog::Dialog;
use crate::events::package::ALLOW_EVENTS;
use crate::message::{Message, reason};
use model::{Instant, LegId, TransferStage};
use rsip::Method;
use std::time::Duration;

/// Longest that a transfer is told of without being asked again: a phone rings no longer.
pub const LASTS_MAX: Duration = Duration::from_secs(180);
/// Longest that it is told of at all, however often it is asked again.
pub const TOLD_MAX: Duration = Duration::from_secs(1800);

/// Where a transfer is told of: the leg of its REFER, and our Contact there.
pub struct Told<'a> {
    pub leg: LegId,
    pub dialog: &'a mut Dialog,
    pub contact: &'a str,
}

/// A transfer under way: the implicit subscription of its REFER.
#[derive(Debug)]
pub struct Transfer {
    /// The CSeq of the REFER, which is its `id` (RFC 3515 section 2.4.6).
    number: u32,
    /// It was the first of its dialog, whose `id` may be left out.
    first: bool,
    /// Nothing is to be told (any more).
    silent: bool,
    stage: u16,
    until: Instant,
    /// It is not told of beyond then.
    last: Instant,
}

impl Transfer {
    /// Begins; `silent` where nobody wants to be told.
    pub fn begin(now: Instant, number: u32, first: bool, silent: bool) -> Self {
        let (until, last) = (now + LASTS_MAX, now + TOLD_MAX);
        Self { number, first, silent, stage: 100, until, last }
    }

    /// When it is given up.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Tells how it goes; tells whether that was the last.
    pub fn tell(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        told: Told<'_>,
        stage: TransferStage,
    ) -> bool {
        let (code, over) = match stage {
            TransferStage::Trying => (100, false),
            TransferStage::Ringing => (180, false),
            TransferStage::Done => (200, true),
            TransferStage::Failed(cause) => (cause::status(cause), true),
        };
        self.stage = code;
        match over {
            true => self.terminate(now, wire, told, "noresource"),
            false => self.say(now, wire, told),
        }
        over
    }

    /// Tells the stage it came to, and that no more is told.
    pub fn terminate(&self, now: Instant, wire: &mut Wire, told: Told<'_>, why: &str) {
        self.notify(now, wire, told, &format!("terminated;reason={why}"));
    }

    /// Takes a SUBSCRIBE within the dialog: tells on until later, or no more (RFC 6665 section
    /// 4.1.2.2 and 4.1.2.3). 481 to one that is not of this transfer.
    pub fn asked_again(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        told: Told<'_>,
        request: &Within<'_>,
    ) {
        if self.silent || event_of(request.message).is_none_or(|id| !self.is(id)) {
            return reply(now, wire, request, 481);
        }
        let asked = request.message.expires().map_or(LASTS_MAX, |s| Duration::from_secs(s.into()));
        self.until = (now + asked.min(LASTS_MAX)).min(self.last);
        let left = self.until.since(now).as_secs();
        let response = wire
            .response(request.message, 200)
            .with("Contact", wire.contact_in(told.dialog, told.contact))
            .with("Expires", left.to_string())
            .with("Allow-Events", ALLOW_EVENTS);
        wire.transactions.respond(now, request.id, &response);
        if left > 0 {
            return self.say(now, wire, told);
        }
        self.terminate(now, wire, told, "timeout");
        self.hush(now);
    }

    /// Takes the refusal of a NOTIFY (RFC 6665 section 4.2.2): nobody is told any more, unless it is
    /// refused for now alone. `number` is the transfer's that it was of.
    pub fn refused(&mut self, now: Instant, number: u32, for_now: bool) {
        if number == self.number && !for_now {
            self.hush(now);
        }
    }

    fn hush(&mut self, now: Instant) {
        self.silent = true;
        self.until = self.last.min(now + LASTS_MAX);
    }

    /// Tells whether an `id` names it.
    fn is(&self, id: Option<&str>) -> bool {
        match id {
            Some(id) => id.parse() == Ok(self.number),
            None => self.first,
        }
    }

    fn say(&self, now: Instant, wire: &mut Wire, told: Told<'_>) {
        let left = self.until.since(now).as_secs();
        self.notify(now, wire, told, &format!("active;expires={left}"));
    }

    fn notify(&self, now: Instant, wire: &mut Wire, told: Told<'_>, state: &str) {
        if self.silent {
            return;
        }
        let hop = told.dialog.hop();
        let via = wire.via(&hop);
        let event = match self.first {
            true => "refer".to_owned(),
            false => format!("refer;id={}", self.number),
        };
        let line = format!("SIP/2.0 {} {}\r\n", self.stage, reason(self.stage));
        let contact = wire.contact_in(told.dialog, told.contact);
        let notify = told
            .dialog
            .request(Method::Notify, &via)
            .with("Contact", contact)
            .with("Event", event)
            .with("Subscription-State", state)
            .with_body("message/sipfrag;version=2.0", line);
        let owner = Owner::Referral { leg: told.leg, number: self.number };
        wire.request(now, notify, hop, owner);
    }
}

/// Makes the 202 of a REFER (RFC 3515 section 2.4.2, RFC 4488 section 4).
pub fn accepted(
    wire: &Wire,
    refer: &Message,
    dialog: &Dialog,
    contact: &str,
    silent: bool,
) -> Message {
    let response = wire.response(refer, 202).with("Contact", wire.contact_in(dialog, contact));
    if silent { response.with("Refer-Sub", "false") } else { response }
}

/// The `id` of a SUBSCRIBE's event, where that is `refer` (RFC 3515 section 2.4.6).
pub fn event_of(subscribe: &Message) -> Option<Option<&str>> {
    let mut parts = subscribe.headers.get("Event")?.split(';').map(str::trim);
    let name = parts.next()?;
    (name == "refer").then(|| parts.find_map(|part| part.strip_prefix("id=")))
}
