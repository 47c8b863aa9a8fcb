//! What the life of a call is told and what it says.

use model::fact::Who;
use model::site::{Lang, Limits, Marks};
use model::{
    AgentId, CallId, Cause, Digit, Fact, LegEvent, LegId, MenuId, Number, Order, PersonName,
    PhoneId, PlayId, Pop, PromptId, QueueId, RecordingId, TrunkId, Via, VisitId,
};
use std::time::Duration;

/// How a party is rung.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    Phone { phone: PhoneId, caller: Number, name: PersonName, pop: Pop },
    Trunk { trunk: TrunkId, number: Number, caller: Number, name: PersonName, diverted: Number },
}

/// Where a caller is sent beside a party.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Menu(MenuId),
    Queue {
        queue: QueueId,
        music: PromptId,
    },
    Slot(String),
    /// A conference of its own.
    Conference,
}

/// What a party may ask during a talk, by a code or a key of the phone.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Send the other party to a number, an agent, a queue, a slot …
    Transfer { to: String },
    /// Ask another first.
    Consult { to: String },
    /// Talk with the other one of a consultation.
    Swap,
    /// Join the other two of a consultation and leave.
    Complete,
    /// Let all three of a consultation hear each other.
    Conference,
}

/// Rules of the site that calls keep.
#[derive(Clone, Debug)]
pub struct Rules {
    pub limits: Limits,
    /// Heard on hold by who was in no queue.
    pub music: PromptId,
    /// Where a caller ends up for whom nobody else is left.
    pub to_agent: MenuId,
    /// Longest time in a slot.
    pub park: Duration,
}

/// Something the calls are told. A visit or leg that is over is named in vain: nothing happens.
#[derive(Clone, Debug)]
pub enum Input {
    /// A leg rings at the box; it shall begin at a node of the flow.
    Arrived {
        leg: LegId,
        via: Via,
        caller: Number,
        name: PersonName,
        dialled: String,
        vip: bool,
        node: MenuId,
        lang: Lang,
    },
    /// A desk phone calls; `Output::Seek` asks where to.
    Dialled { leg: LegId, who: Who, name: PersonName, dialled: String, lang: Lang, emergency: bool },
    /// Something happened on a leg of a call; `Arrived` and `Played` are said in other words.
    Leg { leg: LegId, event: LegEvent },
    /// What this stage had played on a leg came to its end.
    Played { leg: LegId, play: PlayId },
    /// The flow sent the caller to a queue, with the music that is heard there and on hold.
    ToQueue { visit: VisitId, queue: QueueId, music: PromptId, complaint: bool, lang: Lang },
    /// The flow came to its end, or could not go on.
    FlowEnded { visit: VisitId, cause: Cause },
    /// The queue offers the call to an agent, whose phone is rung.
    Offer { visit: VisitId, agent: AgentId, how: How },
    /// The queue takes the offer back; the phone is no longer rung.
    Withdraw { visit: VisitId, agent: AgentId, cause: Cause },
    /// The queue would not have the caller, who heard why.
    Refused { visit: VisitId },
    /// The queue sends the caller to another node of the flow.
    Overflow { visit: VisitId, to: MenuId },
    /// Rings a party for a call that asked for one, for so long.
    Ring { call: CallId, who: Who, how: How, longest: Duration },
    /// Sends the caller of a call that asked to a place.
    Send { call: CallId, to: Place },
    /// Nobody can be had: the next way back.
    GiveUp { call: CallId, cause: Cause },
    /// The minutes of who pays for it are used up: everybody is told goodbye.
    Cut { call: CallId },
    /// A part came to nothing on the disk, which takes recordings again: begin the next one.
    RecordAnew { recording: RecordingId },
    /// A party asks something during a talk.
    Wish { leg: LegId, wish: Wish },
    /// Two legs of one phone: join their other sides. `conference` keeps the phone in it.
    Join { leg: LegId, other: LegId, conference: bool },
    /// Puts the other party into a slot. A leg that is `kept` is let go of, not hung up.
    Park { leg: LegId, slot: String, kept: bool },
    /// A leg that rings at the box takes a place in a call: that of `old`, or of whoever is rung,
    /// or beside one who is parked. It is answered first.
    Attach { call: CallId, leg: LegId, who: Who, old: Option<LegId> },
    /// An answered leg of no call has the talk of `old` instead of it.
    TakeOver { call: CallId, leg: LegId, who: Who, old: LegId },
    /// New rules, for what happens from now on.
    Rules(Rules),
    /// No new calls; whoever waits is told, whoever talks has `DRAIN_TALK_MAX`.
    Drain,
}

/// Something the calls say.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The `PlayId`s in it are this stage's own numbers.
    Order(Order),
    Fact(Fact),
    /// Walk the caller through the flow.
    BeginMenu {
        visit: VisitId,
        node: MenuId,
        lang: Lang,
    },
    /// The caller pressed a key while in the flow.
    Digit {
        visit: VisitId,
        digit: Digit,
    },
    /// The caller is in the flow no more.
    EndMenu {
        visit: VisitId,
    },
    /// Put the caller into a queue; `first` for one who lost the agent and goes before all others.
    Join {
        visit: VisitId,
        queue: QueueId,
        marks: Marks,
        lang: Lang,
        first: bool,
    },
    /// The caller waits no more.
    Leave {
        visit: VisitId,
    },
    /// The agent's leg is answered.
    OfferAnswered {
        visit: VisitId,
        agent: AgentId,
    },
    /// The agent's leg came to its end before an answer.
    OfferFailed {
        visit: VisitId,
        agent: AgentId,
        cause: Cause,
    },
    /// An agent took the caller out of the queue.
    PickedUp {
        visit: VisitId,
        agent: AgentId,
    },
    /// An agent talks by no queue, or goes on in another visit.
    Engaged {
        visit: VisitId,
        agent: AgentId,
    },
    /// The agent's talk ended.
    Released {
        visit: VisitId,
        agent: AgentId,
    },
    /// Find out where this leads: `Ring`, `Send` or `GiveUp` answers. `by` asks.
    Seek {
        call: CallId,
        by: Who,
        to: String,
    },
    /// Ring a party again that had the caller before: `Ring` or `GiveUp` answers.
    Recall {
        call: CallId,
        who: Who,
    },
    /// The party that was rung did not come, or sends the call on: `Ring` or `GiveUp` answers.
    Unreached {
        call: CallId,
        leg: LegId,
        who: Who,
        cause: Cause,
        forward: Option<String>,
    },
    /// The leg belongs to no call any more and stands.
    LetGo {
        leg: LegId,
    },
    /// The call is over; nothing more comes of it.
    Closed {
        call: CallId,
    },
}
