//! Facts: what happened, in the past tense, never changed afterwards.
//!
//! A report is a fold over these and nothing else. New variants and fields are added at the end and
//! `VERSION` counts up with them; a stored fact keeps the version it was written in.

use crate::feature::ForwardWhen;
use crate::id::{
    AgentId, CallId, LegId, MenuId, PhoneId, PortId, QueueId, RecordingId, SkillId, TrunkId,
    VisitId,
};
use crate::leg::{Cause, Digit, Via};
use crate::owed::{Missed, Owner};
use crate::person::{Number, PersonName};
use crate::port::{Alarm, Loudness};
use crate::quality::Figures;
use crate::site::{Lang, Marks};
use crate::supervising::Supervising;
use crate::time::WallTime;
use serde::{Deserialize, Serialize};

/// The version of the encoding written today.
pub const VERSION: u8 = 8;

/// A fact with its place in the journal and its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 without a gap for the life of the box.
    pub seq: u64,
    pub at: WallTime,
    pub fact: Fact,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Party {
    Caller,
    Agent,
    /// The flow came to its end, or a limit or the draining box ended it.
    Box,
}

/// Why a menu was left the way it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chosen {
    Key(Digit),
    /// Nothing was pressed for the site's `silence`.
    Silence,
    /// Too many wrong keys.
    Invalid,
}

/// The state of an agent; the states of a logged-in agent partition the time exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AgentState {
    LoggedOut,
    /// 示忙, with the reason's word or an empty one.
    NotReady {
        reason: String,
    },
    /// 示闲
    Ready,
    /// A call is offered: the phone rings.
    Ringing {
        visit: VisitId,
    },
    Talking {
        visit: VisitId,
    },
    /// 话后处理
    WrapUp {
        visit: VisitId,
    },
}

impl AgentState {
    /// The key under which a person reads the state.
    pub fn key(&self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::NotReady { .. } => "not-ready",
            Self::Ready => "ready",
            Self::Ringing { .. } => "ringing",
            Self::Talking { .. } => "talking",
            Self::WrapUp { .. } => "wrap-up",
        }
    }
}

/// Why this call was offered to this agent now: every choice can be explained afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferWhy {
    /// The queue's priority and the marks' points together.
    pub priority: u16,
    pub marks: Marks,
    /// How long the caller had waited.
    pub waited_ms: u64,
    /// Callers of the queue who waited at that moment, this one included.
    pub waiting: u16,
    pub skills: Vec<SkillId>,
    /// Agents who were free and fit, this one included.
    pub fit: u16,
    /// How long the agent had been idle: the longest of the fit.
    pub idle_ms: u64,
    /// Which offer of this visit it is, from 1.
    pub attempt: u16,
}

/// Why a number that was dialled is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Barred {
    /// What was dialled is no number.
    NoNumber,
    /// A number of no kind that the site knows.
    UnknownKind,
    /// Nobody sits at the phone, and it has no role of its own.
    NoRole,
    /// The role may not dial numbers of this kind.
    NotAllowed,
    /// The calls of the day are used up: the agent's, or the phone's.
    CallsADay,
    /// The minutes of the day are used up.
    MinutesADay,
    /// The calls of the whole site are used up for the day.
    SiteCallsADay,
    SiteMinutesADay,
    /// No trunk takes calls out, or every one has all the calls it may.
    NoTrunk,
    /// The box takes no new calls.
    Draining,
    /// Too many calls out are being made at once.
    TooMany,
    /// The role has as many calls at once over every trunk as it may.
    CallsAtOnce,
}

impl Barred {
    /// The key under which a person reads why.
    pub fn key(self) -> &'static str {
        match self {
            Self::NoNumber => "no-number",
            Self::UnknownKind => "unknown-kind",
            Self::NoRole => "no-role",
            Self::NotAllowed => "not-allowed",
            Self::CallsADay => "calls-a-day",
            Self::MinutesADay => "minutes-a-day",
            Self::SiteCallsADay => "site-calls-a-day",
            Self::SiteMinutesADay => "site-minutes-a-day",
            Self::NoTrunk => "no-trunk",
            Self::Draining => "draining",
            Self::TooMany => "too-many",
            Self::CallsAtOnce => "calls-at-once",
        }
    }
    /// How the leg that asked is refused.
    pub fn cause(self) -> Cause {
        match self {
            Self::NoNumber | Self::UnknownKind => Cause::NotFound,
            Self::NoRole
            | Self::NotAllowed
            | Self::CallsADay
            | Self::MinutesADay
            | Self::SiteCallsADay
            | Self::SiteMinutesADay
            | Self::CallsAtOnce => Cause::Forbidden,
            Self::NoTrunk | Self::Draining | Self::TooMany => Cause::Congestion,
        }
    }
}

/// One end of a talk that no queue made: a desk phone, or a number outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Who {
    pub via: Via,
    /// The phone's own number, or the one outside.
    pub number: Number,
    /// Who sits at the phone.
    pub agent: Option<AgentId>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    BoxStarted {
        version: String,
        site_digest: String,
    },
    BoxStopped,
    SiteApplied {
        site_digest: String,
    },

    /// A call rang at the box.
    CallArrived {
        call: CallId,
        via: Via,
        caller: Number,
        name: PersonName,
        dialled: String,
        vip: bool,
    },
    /// The call was refused before an answer.
    CallRefused {
        call: CallId,
        cause: Cause,
    },
    /// The box answered.
    CallAnswered {
        call: CallId,
    },
    CallEnded {
        call: CallId,
        by: Party,
        cause: Cause,
    },

    VisitOpened {
        visit: VisitId,
        lang: Lang,
    },
    MenuEntered {
        visit: VisitId,
        menu: MenuId,
    },
    MenuLeft {
        visit: VisitId,
        menu: MenuId,
        chosen: Chosen,
    },
    /// Digits were collected; empty where the site calls them secret.
    Collected {
        visit: VisitId,
        name: String,
        digits: Number,
    },
    VisitEnded {
        visit: VisitId,
    },

    Queued {
        visit: VisitId,
        queue: QueueId,
        marks: Marks,
        lang: Lang,
    },
    Announced {
        visit: VisitId,
        position: u16,
    },
    /// The call was offered: the agent's phone is being rung.
    Offered {
        visit: VisitId,
        agent: AgentId,
        why: OfferWhy,
    },
    /// The offer came to nothing and the caller waits on.
    OfferFailed {
        visit: VisitId,
        agent: AgentId,
        cause: Cause,
    },
    /// The agent answered: talk begins.
    Connected {
        visit: VisitId,
        queue: QueueId,
        agent: AgentId,
        waited_ms: u64,
    },
    Held {
        visit: VisitId,
    },
    Resumed {
        visit: VisitId,
    },
    /// Talk ended.
    Released {
        visit: VisitId,
        agent: AgentId,
        talked_ms: u64,
    },
    /// The caller hung up while waiting.
    Abandoned {
        visit: VisitId,
        queue: QueueId,
        waited_ms: u64,
    },
    /// The caller left the queue for another node of the flow.
    Overflowed {
        visit: VisitId,
        queue: QueueId,
        to: MenuId,
        waited_ms: u64,
    },

    RecordingStarted {
        recording: RecordingId,
    },
    RecordingEnded {
        recording: RecordingId,
        ms: u64,
    },
    /// Seconds of an answered call that are not recorded, and why.
    RecordingMissed {
        call: CallId,
        ms: u64,
        why: String,
    },

    AgentChanged {
        agent: AgentId,
        state: AgentState,
    },
    PhoneRegistered {
        phone: PhoneId,
    },
    PhoneGone {
        phone: PhoneId,
    },
    PortAlarm {
        port: PortId,
        alarm: Alarm,
        raised: bool,
    },
    /// The queue was full and names no overflow: the caller was told so and hung up on.
    TurnedAway {
        visit: VisitId,
        queue: QueueId,
    },

    /// A call out took a trunk. Another trunk after a failure is told again, with `attempt` 2 …
    Dialled {
        call: Option<CallId>,
        agent: Option<AgentId>,
        phone: Option<PhoneId>,
        trunk: TrunkId,
        /// In the form of E.164 where there is one.
        number: Number,
        /// A name of the site's kinds, or `emergency`.
        kind: String,
        attempt: u16,
    },
    /// A call out is over: it talked so long, zero where it was never answered.
    DialledEnded {
        call: Option<CallId>,
        agent: Option<AgentId>,
        phone: Option<PhoneId>,
        talked_ms: u64,
        emergency: bool,
    },
    /// A call out was not allowed.
    DialBarred {
        call: Option<CallId>,
        agent: Option<AgentId>,
        phone: Option<PhoneId>,
        number: Number,
        why: Barred,
    },
    /// A ceiling of calls out was reached today: an alarm, told once a day for each.
    CeilingReached {
        /// None of both: the whole site's.
        agent: Option<AgentId>,
        phone: Option<PhoneId>,
        why: Barred,
    },
    /// A trunk can be reached again, or no longer.
    TrunkChanged {
        trunk: TrunkId,
        up: bool,
        why: String,
    },

    /// A party is rung for the call, by no queue: it was dialled, asked or sent to.
    Called {
        visit: VisitId,
        who: Who,
    },
    /// The party that was rung did not come.
    CalledInVain {
        visit: VisitId,
        who: Who,
        cause: Cause,
    },
    /// The party came: talk begins.
    Reached {
        visit: VisitId,
        who: Who,
    },
    /// Talk with a party that no queue had found ended.
    Parted {
        visit: VisitId,
        who: Who,
        talked_ms: u64,
    },
    /// A party asked that the other be sent elsewhere. The visit in which the other gets there is
    /// the next one.
    TransferAsked {
        visit: VisitId,
        by: Who,
        to: String,
    },
    /// It came to nothing.
    TransferFailed {
        visit: VisitId,
        cause: Cause,
    },
    /// This visit began by a transfer.
    Transferred {
        visit: VisitId,
        by: Who,
    },
    Parked {
        visit: VisitId,
        slot: String,
        by: Who,
    },
    /// The caller is in the slot no more: taken out, sent on, or gone.
    Unparked {
        visit: VisitId,
        slot: String,
        parked_ms: u64,
    },
    /// A phone took the call of another that rang, or of the queue the caller waited in:
    /// `Connected` follows without an offer, or `Reached`.
    PickedUp {
        visit: VisitId,
        who: Who,
    },
    ConferenceBegan {
        visit: VisitId,
    },
    ConferenceJoined {
        visit: VisitId,
        who: Who,
    },
    ConferenceLeft {
        visit: VisitId,
        who: Who,
    },
    /// Two are left, or none.
    ConferenceEnded {
        visit: VisitId,
    },
    /// What the call had of parties goes on in another call.
    Merged {
        call: CallId,
        into: CallId,
    },
    /// A phone's own features changed.
    PhoneSet {
        phone: PhoneId,
        dnd: bool,
        call_waiting: bool,
        forwards: Vec<(ForwardWhen, String)>,
    },
    /// An agent sat down at a phone that is not the agent's own, or at the own again.
    Seated {
        agent: AgentId,
        phone: PhoneId,
    },

    /// After so many rings without an answer a phone's calls are sent on; none for the site's.
    RingsSet {
        phone: PhoneId,
        rings: Option<u8>,
    },
    /// The calls that somebody is to call back are these now, the oldest first.
    CallsOwed {
        by: Owner,
        new: Vec<Missed>,
        seen: Vec<Missed>,
    },
    /// PINs were wrong so often that none is looked at for a while: of an agent, whom the site may
    /// not have, or at a phone.
    PinsLocked {
        agent: Option<AgentId>,
        phone: PhoneId,
        seconds: u32,
    },
    /// A call out was ended because a ceiling was reached.
    DialCut {
        call: Option<CallId>,
        agent: Option<AgentId>,
        phone: Option<PhoneId>,
        why: Barred,
    },
    /// How a leg of a call sounded, each ten seconds for up to a minute; the last ends now. `via` is
    /// the leg's own line, and `agent` who sits at it.
    LegQuality {
        call: CallId,
        leg: LegId,
        via: Via,
        agent: Option<AgentId>,
        figures: Vec<Figures>,
    },
    /// A supervisor came into an agent's talk, or does otherwise there than before.
    Supervised {
        visit: VisitId,
        agent: AgentId,
        by: Who,
        how: Supervising,
    },
    /// The supervisor is out of the talk: it ended, or the supervisor hung up or took it over.
    SupervisionEnded {
        visit: VisitId,
        agent: AgentId,
        by: Who,
        ms: u64,
    },
    /// Somebody heard a recording at a headset of the box.
    RecordingHeard {
        recording: RecordingId,
        by: Who,
    },
    /// A text told somebody of an alarm, or never went.
    AlarmTexted {
        alarm: String,
        about: String,
        to: Number,
        sent: bool,
    },
    /// A call on a port is over; how loud the port's far side was over its last ones.
    PortHeard {
        port: PortId,
        heard: Loudness,
    },
}
