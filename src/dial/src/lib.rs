//! Calls out: which numbers may be called, by whom, over which trunk and in which form.
//!
//! ```text
//!          ┌─ no number, no kind, not allowed, ceiling, draining ─▶ Refused
//!   Asked ─┤
//!          └▶ Route ──Failed, another trunk is left──▶ Route
//!               │ └───Failed, none is left───────────▶ Failed
//!            Answered ──▶ Ended        (Ended at any time: the caller gave up)
//! ```
//!
//! A number has one kind and one price whichever way it is dialled: it is brought to the form of
//! E.164 before anything is asked of it. An emergency number is never refused while there is a
//! trunk: not for want of a role or an agent, not by a ceiling, not by a draining box, and it is
//! tried over every trunk in turn.
//!
//! Ceilings are of the site's local day. At one no further call is made and a fact raises the alarm;
//! a call that runs goes on, or is ended with a warning a minute before, as the site says. A role
//! may have so many calls at once over one trunk; what is more goes over another, or not at all.

mod ceiling;
mod cut;
mod dialling;
mod plan;
#[cfg(test)]
mod tests;
mod trunks;

pub use ceiling::{Spent, Used};
pub use cut::WARNED_BEFORE;
pub use dialling::{ASKS_MAX, Counters, Dialling, EMERGENCIES_MAX, ROUTE_TIME_MAX};
pub use plan::{EMERGENCY, Plan, Reading};

use model::fact::Barred;
use model::site::Site;
use model::time::Anchor;
use model::{AgentId, CallId, Cause, Fact, Number, PhoneId, RoleId, TrunkId};
use std::sync::Arc;

/// What dialling begins with.
#[derive(Clone, Debug)]
pub struct Config {
    pub site: Arc<Site>,
    /// Ties `now` to the day that ceilings are of.
    pub anchor: Anchor,
    /// What was used today before the box stopped.
    pub spent: Spent,
}

/// Who calls out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Who sits at the phone; pays where there is one.
    pub agent: Option<AgentId>,
    pub phone: Option<PhoneId>,
    /// The agent's role, else the phone's.
    pub role: Option<RoleId>,
}

/// What dialling is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Somebody wants a line out. `ask` is the caller's own number for it, in use until `Refused`,
    /// `Failed` or `Ended`.
    Asked { ask: u64, call: Option<CallId>, who: Who, dialled: String },
    /// The leg of the route came to nothing. The same or another trunk may follow.
    Failed { ask: u64, cause: Cause },
    /// The far side answered: minutes count from here.
    Answered { ask: u64 },
    /// The call out is over, or was given up before an answer.
    Ended { ask: u64 },
    /// So many calls that came in hold a trunk now; they count for its limit.
    Incoming { trunk: TrunkId, calls: u16 },
    /// A trunk can be reached, or not.
    TrunkHealth { trunk: TrunkId, up: bool, why: String },
    /// Emergency calls alone from now on.
    Drain,
    /// Another configuration holds from now on; calls that run go on.
    Site(Arc<Site>),
}

/// What dialling says.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Call this number, in the form the trunk takes it. `caller` is shown, empty for withheld.
    Route { ask: u64, trunk: TrunkId, number: Number, caller: Number, emergency: bool },
    /// It may not be called; `why.cause()` is for the leg.
    Refused { ask: u64, why: Barred },
    /// It was tried and came to nothing.
    Failed { ask: u64, cause: Cause },
    /// A minute is left of what may be talked today: who pays is to be told.
    Warn { ask: u64 },
    /// The minutes are used up: the call is to be ended.
    Cut { ask: u64 },
    /// Of `Dialled`, `DialledEnded`, `DialBarred`, `CeilingReached`, `DialCut` and `TrunkChanged`.
    Fact(Fact),
}
