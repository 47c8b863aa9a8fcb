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
}

impl PhoneRow {
    /// The phone a fact sets, and to what.
    pub(crate) fn of(fact: &Fact) -> Option<(PhoneId, Self)> {
        let Fact::PhoneSet { phone, dnd, call_waiting, forwards } = fact else { return None };
        let row = Self { dnd: *dnd, call_waiting: *call_waiting, forwards: forwards.clone() };
        Some((phone.clone(), row))
    }
}

/// Every phone that was ever set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhonesView(pub BTreeMap<PhoneId, PhoneRow>);
