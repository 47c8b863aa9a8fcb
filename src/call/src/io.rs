//! What the life of a call is told and what it says.

use model::site::{Lang, Limits, Marks};
use model::{
    AgentId, CallId, Cause, Digit, Fact, LegEvent, LegId, MenuId, Number, Order, PersonName,
    PhoneId, PlayId, PromptId, QueueId, Via, VisitId,
};

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
    /// Something happened on a leg of a call; `Arrived` and `Played` are said in other words.
    Leg { leg: LegId, event: LegEvent },
    /// What this stage had played on a leg came to its end.
    Played { leg: LegId, play: PlayId },
    /// The flow sent the caller to a queue, with the music that is heard there and on hold.
    ToQueue { visit: VisitId, queue: QueueId, music: PromptId, complaint: bool, lang: Lang },
    /// The flow came to its end, or could not go on.
    FlowEnded { visit: VisitId, cause: Cause },
    /// The queue offers the call to an agent, who sits at a phone.
    Offer { visit: VisitId, agent: AgentId, phone: PhoneId },
    /// The queue takes the offer back; the phone is no longer rung.
    Withdraw { visit: VisitId, agent: AgentId, cause: Cause },
    /// The queue would not have the caller, who heard why.
    Refused { visit: VisitId },
    /// The queue sends the caller to another node of the flow.
    Overflow { visit: VisitId, to: MenuId },
    /// New limits, for calls that arrive or are answered from now on.
    Limits(Limits),
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
    /// The agent's talk ended.
    Released {
        visit: VisitId,
        agent: AgentId,
    },
    /// The call is over; nothing more comes of it.
    Closed {
        call: CallId,
    },
}
