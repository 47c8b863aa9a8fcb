//! What the exchange is made from, what it is told and what it says.

use crate::phones::Setting;
use model::fact::AgentState;
use model::feature::{FeatureWish, Features, Lamp, Watched};
use model::port::Alarm;
use model::site::Site;
use model::time::Anchor;
use model::{
    AgentId, Fact, LegEvent, LegId, Order, Owed, Owner, PhoneId, PortId, RecordingId, TrunkId,
    WallTime,
};
use std::sync::Arc;

/// What an exchange begins with.
#[derive(Clone, Debug)]
pub struct Config {
    pub site: Arc<Site>,
    /// Ties `now` to the wall time of facts, opening hours and holidays.
    pub anchor: Anchor,
    /// The number of the next call: one more than the last in the journal, 1 on a new box.
    pub next_call: u64,
    /// The states the agents were in when the box stopped and since when, as the journal has
    /// them. Nobody rings or talks after a restart; an agent who is not named is logged out.
    pub agents: Vec<(AgentId, AgentState, WallTime)>,
    /// Where agents sat who were not at their own phones.
    pub seats: Vec<(AgentId, PhoneId)>,
    /// What the phones were set to.
    pub phones: Vec<(PhoneId, Setting)>,
    /// Who is to be called back.
    pub owed: Vec<(Owner, Owed)>,
    /// What of the ceilings of calls out was used today.
    pub spent: dial::Spent,
}

/// Something the exchange is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Something happened on a leg. An event of a leg nobody knows is counted and ignored.
    Leg { leg: LegId, event: LegEvent },
    /// A desk phone's account has its first contact, or lost its last.
    Phone { phone: PhoneId, up: bool },
    /// A port raised or cleared an alarm.
    PortAlarm { port: PortId, alarm: Alarm, raised: bool },
    /// A phone's own key asks for a feature.
    Feature { phone: PhoneId, wish: FeatureWish },
    /// A phone's own key gave a wrong proof of an agent's PIN.
    WrongPin { phone: PhoneId, agent: AgentId },
    /// A trunk can be reached, or not.
    TrunkHealth { trunk: TrunkId, up: bool, why: String },
    /// A recording failed, and the disk takes recordings again: its call is to get a new part. One
    /// that does not run any more is ignored.
    RecordAnew { recording: RecordingId },
    /// Take no new calls, tell those who wait, let those who talk finish; ends in
    /// `Output::Drained`.
    Drain,
    /// Use another site from now on. A visit keeps the flow it began with. Whoever stores the site
    /// tells the fact of it.
    Site(Arc<Site>),
}

/// Something the exchange says.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// To be carried out by sip, line, media and vault, in this order.
    Order(Order),
    /// To be written to the journal. Facts come before the orders that acknowledge them.
    Fact(WallTime, Fact),
    /// A phone shows its features otherwise than before.
    Show { phone: PhoneId, features: Features },
    /// So many calls wait at a phone to be called back: new ones, and those that were seen.
    Waiting { phone: PhoneId, new: u32, old: u32 },
    /// A lamp changed.
    Lamp { watched: Watched, lamp: Lamp },
    /// Said once, after `Input::Drain`, when no leg is left.
    Drained,
}
