//! Who is to be called back: what a restarted daemon lights the lamps by.

use model::{Fact, Owed, Owner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What every agent, phone and queue has waiting. Bounded by those of the site, each by
/// `model::owed::OWED_MAX`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwedView(pub BTreeMap<Owner, Owed>);

impl OwedView {
    /// Whose row a fact gives, and the row: a fact tells all that waits.
    pub(crate) fn row_of(fact: &Fact) -> Option<(Owner, Owed)> {
        let Fact::CallsOwed { by, new, seen } = fact else { return None };
        Some((by.clone(), Owed { new: new.clone(), seen: seen.clone() }))
    }
}
