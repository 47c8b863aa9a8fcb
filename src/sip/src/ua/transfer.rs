//! A transfer that the far end of a call asked for, and how it is told how that goes (RFC 3515,
//! RFC 4488).
//!
//! ```text
//!   REFER --> 202 --NOTIFY 100--> trying --NOTIFY 180--> ... --NOTIFY 200 | 4xx-6xx--> over
//!                (Refer-Sub: false: nothing is told)   180 s, 481 to a NOTIFY, BYE --> over
//! ```

use super::cause;
use super::wire::{Owner, Wire};
use crate::dialog::Dialog;
use crate::message::{Message, reason};
use model::{Instant, LegId, TransferStage};
use rsip::Method;
use std::time::Duration;

/// Longest that a transfer is told of: a phone rings no longer.
const LASTS: Duration = Duration::from_secs(180);

/// A transfer under way: the implicit subscription of its REFER.
#[derive(Debug)]
pub struct Transfer {
    /// The number of the REFER, where it was not the first (RFC 3515 section 2.4.6).
    id: Option<u32>,
    /// Nothing is to be told.
    silent: bool,
    stage: u16,
    until: Instant,
}

impl Transfer {
    /// Begins; `silent` where nobody wants to be told.
    pub fn begin(now: Instant, id: Option<u32>, silent: bool) -> Self {
        Self { id, silent, stage: 100, until: now + LASTS }
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
        leg: LegId,
        dialog: &mut Dialog,
        contact: &str,
        stage: TransferStage,
    ) -> bool {
        let (code, over) = match stage {
            TransferStage::Trying => (100, false),
            TransferStage::Ringing => (180, false),
            TransferStage::Done => (200, true),
            TransferStage::Failed(cause) => (cause::status(cause), true),
        };
        self.stage = code;
        let state = match over {
            true => "terminated;reason=noresource".to_owned(),
            false => format!("active;expires={}", self.until.since(now).as_secs()),
        };
        self.notify(now, wire, leg, dialog, contact, &state);
        over
    }

    /// Tells the stage it came to, and that no more is told.
    pub fn terminate(
        &self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        dialog: &mut Dialog,
        contact: &str,
        why: &str,
    ) {
        self.notify(now, wire, leg, dialog, contact, &format!("terminated;reason={why}"));
    }

    fn notify(
        &self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        dialog: &mut Dialog,
        contact: &str,
        state: &str,
    ) {
        if self.silent {
            return;
        }
        let hop = dialog.hop();
        let via = wire.via(&hop);
        let event = self.id.map_or_else(|| "refer".to_owned(), |id| format!("refer;id={id}"));
        let line = format!("SIP/2.0 {} {}\r\n", self.stage, reason(self.stage));
        let contact = wire.contact_in(dialog, contact);
        let notify = dialog
            .request(Method::Notify, &via)
            .with("Contact", contact)
            .with("Event", event)
            .with("Subscription-State", state)
            .with_body("message/sipfrag;version=2.0", line);
        wire.request(now, notify, hop, Owner::Referral { leg });
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
