//! Presence as `application/pidf+xml` (RFC 3856, RFC 3863), with the activity of RFC 4480 and the
//! reason of not ready as a note.

use super::board::Board;
use super::directory::user_of;
use super::xml::escape;
use model::fact::AgentState;
use model::feature::{Lamp, Watched};

/// What is known of somebody: can be reached, what they do, in one word of ours.
struct Known<'a> {
    open: bool,
    activity: Option<&'static str>,
    note: &'a str,
}

/// Writes the presence of an agent or a phone.
pub fn body(board: &Board, watched: &Watched) -> String {
    let lamp = board.lamp(watched).lamp;
    let state = match watched {
        Watched::Agent(agent) => Some(board.agent(agent).cloned().unwrap_or(AgentState::LoggedOut)),
        Watched::Phone(_) | Watched::Slot(_) => None,
    };
    let known = match &state {
        Some(state) => of_agent(state),
        None => of_lamp(&lamp),
    };
    let entity = escape(&board.address(user_of(watched)));
    let basic = if known.open { "open" } else { "closed" };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
         xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"{entity}\">\r\n\
         <tuple id=\"t\"><status><basic>{basic}</basic></status>\
         <contact>{entity}</contact><note>{}</note></tuple>\r\n",
        escape(known.note)
    );
    if let Some(activity) = known.activity {
        text.push_str(&format!(
            "<dm:person id=\"p\"><rpid:activities><rpid:{activity}/></rpid:activities>\
             <dm:note>{}</dm:note></dm:person>\r\n",
            escape(known.note)
        ));
    }
    text.push_str("</presence>\r\n");
    text
}

/// An agent is open while logged in: colleagues call whoever is not ready, too. The note is the
/// state's word, or the reason's.
fn of_agent(state: &AgentState) -> Known<'_> {
    let (activity, note) = match state {
        AgentState::LoggedOut => return Known { open: false, activity: None, note: state.key() },
        AgentState::Ready => (None, state.key()),
        AgentState::Ringing { .. } | AgentState::Talking { .. } => {
            (Some("on-the-phone"), state.key())
        }
        AgentState::WrapUp { .. } => (Some("busy"), state.key()),
        AgentState::NotReady { reason } => {
            let activity = match reason.as_str() {
                "lunch" => "meal",
                "meeting" => "meeting",
                "training" => "busy",
                _ => "away",
            };
            (Some(activity), if reason.is_empty() { state.key() } else { reason.as_str() })
        }
    };
    Known { open: true, activity, note }
}

fn of_lamp(lamp: &Lamp) -> Known<'static> {
    match lamp {
        Lamp::Idle => Known { open: true, activity: None, note: "idle" },
        Lamp::Ringing { .. } => {
            Known { open: true, activity: Some("on-the-phone"), note: "ringing" }
        }
        Lamp::Talking { .. } => {
            Known { open: true, activity: Some("on-the-phone"), note: "talking" }
        }
        Lamp::Away => Known { open: false, activity: None, note: "away" },
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml::{child_text, has_child, parse};
    use super::*;
    use model::feature::Features;
    use model::{AgentId, PhoneId};

    fn shown(state: Option<AgentState>) -> (Option<String>, Option<String>, String) {
        let mut board = Board::new("box.example", "192.0.2.1:5060".parse().unwrap());
        let agent = AgentId::new("8001");
        let features =
            Features { agent: state.map(|state| (agent.clone(), state)), ..Features::default() };
        board.set_features(&PhoneId::new("8003"), features);
        let text = body(&board, &Watched::Agent(agent));
        let document = parse(&text).unwrap();
        let root = document.root_element();
        (child_text(root, "basic"), child_text(root, "note"), text.clone())
    }

    #[test]
    fn rfc_3863_4_1_an_agent_who_sits_somewhere_is_open_and_one_who_does_not_is_closed() {
        let open = Some("open".to_owned());
        assert_eq!(shown(Some(AgentState::Ready)).0, open);
        assert_eq!(shown(Some(AgentState::LoggedOut)).0.as_deref(), Some("closed"));
        assert_eq!(shown(None).0.as_deref(), Some("closed"));
    }

    #[test]
    fn rfc_4480_3_2_the_reason_of_not_ready_is_an_activity_and_a_note() {
        let (basic, note, text) = shown(Some(AgentState::NotReady { reason: "lunch".into() }));
        assert_eq!((basic.as_deref(), note.as_deref()), (Some("open"), Some("lunch")));
        assert!(has_child(parse(&text).unwrap().root_element(), "meal"));
    }

    #[test]
    fn a_phone_without_a_registration_is_closed() {
        let mut board = Board::new("192.0.2.1", "192.0.2.1:5060".parse().unwrap());
        let phone = Watched::Phone(PhoneId::new("8003"));
        board.set_lamp(phone.clone(), Lamp::Away);
        let text = body(&board, &phone);
        assert!(text.contains("<basic>closed</basic>"), "{text}");
        assert!(text.contains("entity=\"sip:8003@192.0.2.1\""), "{text}");
    }
}
