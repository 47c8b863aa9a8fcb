//! The phones' own features: what a restarted daemon takes up again.

use model::feature::ForwardWhen;
use model::{Fact, PhoneId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a phone was last set to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhoneRow {
    pub dnd: bool,
    pub call_waiting: bool,
    pub forwards: Vec<(ForwardWhen, String)>,
    /// Before calls are sent on; none for the site's.
    pub rings: Option<u8>,
}

impl PhoneRow {
    /// The phone a fact sets.
    pub(crate) fn phone_of(fact: &Fact) -> Option<&PhoneId> {
        match fact {
            Fact::PhoneSet { phone, .. } | Fact::RingsSet { phone, .. } => Some(phone),
            _ => None,
        }
    }

    /// The row after a fact of the phone. Calls wait on a phone that was never set otherwise.
    pub(crate) fn after(before: Option<&Self>, fact: &Fact) -> Self {
        let unset = || Self { call_waiting: true, ..Self::default() };
        let mut row = before.cloned().unwrap_or_else(unset);
        match fact {
            Fact::PhoneSet { dnd, call_waiting, forwards, .. } => {
                (row.dnd, row.call_waiting) = (*dnd, *call_waiting);
                row.forwards = forwards.clone();
            }
            Fact::RingsSet { rings, .. } => row.rings = *rings,
            _ => {}
        }
        row
    }
}

/// Every phone that was ever set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhonesView(pub BTreeMap<PhoneId, PhoneRow>);
