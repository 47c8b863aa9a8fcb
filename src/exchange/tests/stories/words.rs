//! Facts as short words, so that a story can be compared with what was told.

use model::Fact;
use model::fact::{Chosen, Party};

/// The fact in a word or two; nothing for those that most stories do not care about.
pub fn word(fact: &Fact) -> Option<String> {
    let word = match fact {
        Fact::CallArrived { call, vip, .. } => {
            format!("call {} arrived{}", call.0, if *vip { ", vip" } else { "" })
        }
        Fact::CallRefused { cause, .. } => format!("refused {}", cause.key()),
        Fact::CallAnswered { .. } => "answered".into(),
        Fact::CallEnded { by, cause, .. } => {
            let by = match by {
                Party::Caller => "caller",
                Party::Agent => "agent",
                Party::Box => "box",
            };
            format!("ended by {by}, {}", cause.key())
        }
        Fact::VisitOpened { visit, .. } => format!("visit {}", visit.no),
        Fact::VisitEnded { visit } => format!("visit {} over", visit.no),
        Fact::MenuEntered { menu, .. } => format!("menu {menu}"),
        Fact::MenuLeft { menu, chosen, .. } => match chosen {
            Chosen::Key(key) => format!("left {menu} by {}", key.as_char()),
            Chosen::Silence => format!("left {menu} by silence"),
            Chosen::Invalid => format!("left {menu} by wrong keys"),
        },
        Fact::Queued { queue, marks, .. } => {
            let complaint = if marks.complaint { ", complaint" } else { "" };
            format!("queued {queue}{complaint}")
        }
        Fact::Offered { agent, .. } => format!("offered {agent}"),
        Fact::OfferFailed { agent, cause, .. } => format!("failed {agent}, {}", cause.key()),
        Fact::Connected { agent, .. } => format!("connected {agent}"),
        Fact::Held { .. } => "held".into(),
        Fact::Resumed { .. } => "resumed".into(),
        Fact::Released { agent, .. } => format!("released {agent}"),
        Fact::Abandoned { queue, .. } => format!("abandoned {queue}"),
        Fact::Overflowed { queue, to, .. } => format!("overflowed {queue} to {to}"),
        Fact::TurnedAway { queue, .. } => format!("turned away {queue}"),
        Fact::RecordingStarted { recording } => format!("recording {}", recording.part),
        Fact::RecordingEnded { recording, .. } => format!("recorded {}", recording.part),
        Fact::Called { who, .. } => format!("called {}", who.number.reveal()),
        Fact::CalledInVain { who, cause, .. } => {
            format!("in vain {}, {}", who.number.reveal(), cause.key())
        }
        Fact::Reached { who, .. } => format!("reached {}", who.number.reveal()),
        Fact::Parted { who, .. } => format!("parted {}", who.number.reveal()),
        Fact::TransferAsked { by, to, .. } => format!("{} sends to {to}", by.number.reveal()),
        Fact::TransferFailed { cause, .. } => format!("not sent, {}", cause.key()),
        Fact::Transferred { by, .. } => format!("sent by {}", by.number.reveal()),
        Fact::Parked { slot, .. } => format!("parked {slot}"),
        Fact::Unparked { slot, .. } => format!("unparked {slot}"),
        Fact::PickedUp { who, .. } => format!("picked up by {}", who.number.reveal()),
        Fact::ConferenceBegan { .. } => "conference".into(),
        Fact::ConferenceJoined { who, .. } => format!("joins {}", who.number.reveal()),
        Fact::ConferenceLeft { who, .. } => format!("leaves {}", who.number.reveal()),
        Fact::ConferenceEnded { .. } => "conference over".into(),
        Fact::Merged { call, into } => format!("call {} into {}", call.0, into.0),
        Fact::PhoneSet { phone, dnd, .. } => format!("phone {phone} set, dnd {dnd}"),
        Fact::Seated { agent, phone } => format!("{agent} sits at {phone}"),
        Fact::Dialled { number, kind, .. } => format!("out {kind} {}", number.reveal()),
        Fact::DialledEnded { .. } => "out over".into(),
        Fact::DialBarred { why, .. } => format!("barred {}", why.key()),
        Fact::Supervised { agent, by, how, .. } => {
            format!("{} has {agent}: {}", by.number.reveal(), how.key())
        }
        Fact::SupervisionEnded { agent, by, .. } => {
            format!("{} has {agent} no more", by.number.reveal())
        }
        Fact::AgentChanged { agent, state } => format!("{agent} {}", state.key()),
        _ => return None,
    };
    Some(word)
}
