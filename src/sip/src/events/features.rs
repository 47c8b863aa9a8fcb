//! A phone's own keys as `as-feature-event` shows them: do not disturb, forwards, and the agent who
//! sits there; one CSTA document (ECMA-323, as BroadSoft uses it) for each.
//!
//! A NOTIFY holds one document, or several as `multipart/mixed` where the phone's Accept names that:
//! phones that read one document alone are the rule.

use super::directory::Directory;
use super::xml::escape;
use model::fact::AgentState;
use model::feature::{FeatureWish, Features, ForwardWhen};
use model::{AgentId, PhoneId};
use std::collections::BTreeMap;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n";
const CSTA: &str = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";
const PRIVATE: &str = "http://schema.broadsoft.com/CSTAPrivateData";
const HOTELING: &str = "http://schema.broadsoft.com/hoteling";
/// The kinds of forwards, each a document of its own.
const FORWARDS: [(ForwardWhen, &str); 3] = [
    (ForwardWhen::Always, "forwardImmediate"),
    (ForwardWhen::Busy, "forwardBusy"),
    (ForwardWhen::NoAnswer, "forwardNoAns"),
];
/// What one subscriber was told; nothing where it was told nothing, or asked for a change and waits
/// for what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    dnd: Option<bool>,
    /// With how often the phone rings before.
    forwards: BTreeMap<ForwardWhen, (Option<String>, u8)>,
    agent: Option<Seat>,
}

/// Who sits at a phone and how the agent is; nothing where nobody does.
type Seat = Option<(AgentId, AgentState)>;

impl Known {
    /// Forgets what a wish is about: whatever comes of it is told.
    pub fn asked(&mut self, wish: &FeatureWish) {
        match wish {
            FeatureWish::Dnd(_) => self.dnd = None,
            FeatureWish::Forward { when, .. } => {
                self.forwards.remove(when);
            }
            _ => self.agent = None,
        }
    }

    /// The documents that tell what is not known yet; it is known afterwards. An agent's come last,
    /// the log-in before the state.
    pub fn learn(
        &mut self,
        directory: &Directory,
        phone: &PhoneId,
        features: &Features,
    ) -> Vec<String> {
        let device = format!("<device>{}</device>", escape(phone.as_str()));
        let mut all = Vec::new();
        if self.dnd.replace(features.dnd) != Some(features.dnd) {
            let inner = format!("{device}<doNotDisturbOn>{}</doNotDisturbOn>", features.dnd);
            all.push(document("DoNotDisturbEvent", &inner));
        }
        for (when, kind) in FORWARDS {
            let to = features.forwards.get(&when).cloned();
            let rings = if when == ForwardWhen::NoAnswer { features.rings } else { 0 };
            let before = self.forwards.insert(when, (to.clone(), rings));
            if before != Some((to.clone(), rings)) {
                all.push(forwarding(&device, kind, to.as_deref(), rings));
            }
        }
        let seat = features.agent.clone().filter(|(_, state)| *state != AgentState::LoggedOut);
        let before = self.agent.replace(seat.clone());
        if before.as_ref() != Some(&seat) {
            all.extend(agent(directory, &device, before, seat));
        }
        all
    }
}

/// One kind of forward; `rings` is 0 for those that wait for none.
fn forwarding(device: &str, kind: &str, to: Option<&str>, rings: u8) -> String {
    let on = to.is_some();
    let mut inner = format!(
        "{device}<forwardingType>{kind}</forwardingType><forwardStatus>{on}</forwardStatus>\
         <forwardTo>{}</forwardTo>",
        escape(to.unwrap_or_default())
    );
    if rings > 0 {
        inner.push_str(&format!("<ringCount>{rings}</ringCount>"));
    }
    document("ForwardingEvent", &inner)
}

/// The agent's documents.
fn agent(directory: &Directory, device: &str, before: Option<Seat>, seat: Seat) -> Vec<String> {
    let before = before.flatten();
    let Some((id, state)) = seat else {
        let id = before.map_or(String::new(), |(id, _)| agent_id(&id));
        return vec![document("AgentLoggedOffEvent", &format!("{device}{id}"))];
    };
    let inner = format!("{device}{}", agent_id(&id));
    let mut all = Vec::new();
    if before.as_ref().is_none_or(|(was, _)| *was != id) {
        all.push(document("AgentLoggedOnEvent", &inner));
    }
    let now = agent_state(directory, &inner, &state);
    let was = before.filter(|(was, _)| *was == id);
    if was.is_none_or(|(_, state)| agent_state(directory, &inner, &state) != now) {
        all.push(now);
    }
    all
}

fn agent_id(id: &AgentId) -> String {
    format!("<agentID>{}</agentID>", escape(id.as_str()))
}

fn agent_state(directory: &Directory, inner: &str, state: &AgentState) -> String {
    match state {
        AgentState::NotReady { reason } => {
            let number = escape(directory.reason_number(reason));
            let private = match number.is_empty() {
                true => String::new(),
                false => format!(
                    "<extensions><privateData><private xmlns:pri=\"{PRIVATE}\">\
                     <pri:AgentNotReadyReasonValue>{number}</pri:AgentNotReadyReasonValue>\
                     </private></privateData></extensions>"
                ),
            };
            document("AgentNotReadyEvent", &format!("{inner}{private}"))
        }
        AgentState::WrapUp { .. } => document("AgentWorkingAfterCallEvent", inner),
        // Whoever is rung or talks was ready; the phone itself knows about its call.
        _ => document("AgentReadyEvent", inner),
    }
}

/// Who sits at a phone, for its hoteling key.
pub fn guest(features: &Features) -> String {
    let guest = match &features.agent {
        Some((agent, state)) if *state != AgentState::LoggedOut => {
            format!("<guestAddress>{}</guestAddress>", escape(agent.as_str()))
        }
        _ => "<guestAddress/>".to_owned(),
    };
    hoteling(&guest)
}

/// Asks for the proof of a PIN.
pub fn guest_challenge(nonce: &str) -> String {
    hoteling(&format!(
        "<authenticationData><nonce>{}</nonce><algorithm>MD5</algorithm></authenticationData>",
        escape(nonce)
    ))
}

fn hoteling(inner: &str) -> String {
    format!("{HEAD}<HotelingEvent xmlns=\"{HOTELING}\">{inner}</HotelingEvent>\r\n")
}

fn document(root: &str, inner: &str) -> String {
    format!("{HEAD}<{root} xmlns=\"{CSTA}\">{inner}</{root}>\r\n")
}

#[cfg(test)]
mod tests {
    use super::super::xml::{child_text, parse};
    use super::*;
    use model::{CallId, VisitId};

    fn with(state: AgentState) -> Features {
        Features { agent: Some((AgentId::new("8001"), state)), ..Features::default() }
    }

    fn directory() -> Directory {
        let reasons = [("2".to_owned(), "lunch".to_owned())].into();
        Directory { reasons, ..Directory::default() }
    }

    fn names(documents: &[String]) -> Vec<String> {
        let name = |text: &String| {
            let document = parse(text).unwrap();
            let root = document.root_element();
            let value = ["doNotDisturbOn", "forwardTo", "AgentNotReadyReasonValue"];
            let value = value.iter().find_map(|name| child_text(root, name));
            format!("{} {}", root.tag_name().name(), value.unwrap_or_default()).trim().to_owned()
        };
        documents.iter().map(name).collect()
    }

    fn told(old: Option<&Features>, new: &Features) -> Vec<String> {
        let mut known = Known::default();
        if let Some(old) = old {
            known.learn(&directory(), &PhoneId::new("8003"), old);
        }
        names(&known.learn(&directory(), &PhoneId::new("8003"), new))
    }

    #[test]
    fn a_phone_that_knows_nothing_is_told_everything() {
        let all = told(None, &with(AgentState::NotReady { reason: "lunch".into() }));
        let forward = "ForwardingEvent";
        assert_eq!(
            all,
            [
                "DoNotDisturbEvent false",
                forward,
                forward,
                forward,
                "AgentLoggedOnEvent",
                "AgentNotReadyEvent 2"
            ]
        );
        assert_eq!(told(None, &Features::default()).last().unwrap(), "AgentLoggedOffEvent");
    }

    #[test]
    fn afterwards_a_phone_is_told_what_changed_alone() {
        let ready = with(AgentState::Ready);
        let not_ready = with(AgentState::NotReady { reason: String::new() });
        assert_eq!(told(Some(&ready), &not_ready), ["AgentNotReadyEvent"]);
        let dnd = Features { dnd: true, ..ready.clone() };
        assert_eq!(told(Some(&ready), &dnd), ["DoNotDisturbEvent true"]);
        let mut forwarded = ready.clone();
        forwarded.forwards.insert(ForwardWhen::Busy, "8002".into());
        assert_eq!(told(Some(&ready), &forwarded), ["ForwardingEvent 8002"]);
        assert_eq!(told(Some(&ready), &Features::default()), ["AgentLoggedOffEvent"]);
        assert_eq!(
            told(Some(&Features::default()), &ready),
            ["AgentLoggedOnEvent", "AgentReadyEvent"]
        );
    }

    #[test]
    fn a_call_that_rings_and_is_talked_changes_no_key() {
        let visit = VisitId { call: CallId(1), no: 1 };
        let (ready, rung) = (with(AgentState::Ready), with(AgentState::Ringing { visit }));
        assert_eq!(told(Some(&ready), &rung), [""; 0]);
    }

    #[test]
    fn whoever_asked_for_a_change_is_told_what_came_of_it_though_nothing_changed() {
        let (mut known, phone) = (Known::default(), PhoneId::new("8003"));
        let features = with(AgentState::Ready);
        known.learn(&directory(), &phone, &features);
        known.asked(&FeatureWish::Dnd(true));
        let told = names(&known.learn(&directory(), &phone, &features));
        assert_eq!(told, ["DoNotDisturbEvent false"]);
        known.asked(&FeatureWish::WrapUp);
        let told = names(&known.learn(&directory(), &phone, &features));
        assert_eq!(told, ["AgentLoggedOnEvent", "AgentReadyEvent"]);
    }

    #[test]
    fn another_agent_at_the_phone_is_logged_on_anew() {
        let mut other = with(AgentState::Ready);
        other.agent = Some((AgentId::new("8009"), AgentState::Ready));
        let all = told(Some(&with(AgentState::Ready)), &other);
        assert_eq!(all, ["AgentLoggedOnEvent", "AgentReadyEvent"]);
    }

    #[test]
    fn who_sits_there_is_named_to_the_hoteling_key() {
        assert!(guest(&with(AgentState::Ready)).contains("<guestAddress>8001</guestAddress>"));
        assert!(guest(&with(AgentState::LoggedOut)).contains("<guestAddress/>"));
        assert!(guest_challenge("n<1").contains("<nonce>n&lt;1</nonce>"));
    }
}
