//! What a phone's keys ask for: bodies of SUBSCRIBE for `as-feature-event` and hoteling.
//!
//! The shapes are CSTA's (ECMA-323) as BroadSoft's device feature key synchronisation and call
//! centre use them, which Yealink, Poly, Fanvil, Grandstream and Cisco phones send:
//!
//! ```text
//! <SetDoNotDisturb><device/><doNotDisturbOn>true</doNotDisturbOn></SetDoNotDisturb>
//! <SetForwarding><device/><forwardingType>forwardImmediate</forwardingType>
//!     <activateForward>true</activateForward><forwardDN>8002</forwardDN></SetForwarding>
//! <SetAgentState><device/><requestedAgentState>notReady</requestedAgentState>
//!     <extensions><privateData><private><AgentNotReadyReasonValue>1</...></SetAgentState>
//! <SetHoteling><guestAddress>8001</guestAddress><authenticationData>...</SetHoteling>
//! ```

use super::xml::{self, XmlError};
use crate::uri;
use model::feature::{FeatureWish, ForwardWhen};
use model::{AgentId, Secret};
use std::collections::BTreeMap;

/// Most digits of a number that calls are forwarded to.
const NUMBER_MAX: usize = 32;

/// Why a body asks for nothing we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// It may be meant for a newer box: answered, and otherwise passed over.
    #[error("the request is none we know")]
    Unknown,
    #[error("the request lacks a value, or has one that is none")]
    Value,
}

/// What a hoteling body asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hoteling {
    /// An agent sits down, with the proof of the PIN where the body has one.
    In {
        agent: AgentId,
        proof: Option<Proof>,
    },
    Out,
}

/// The proof that somebody knows a PIN: MD5 over `nonce:PIN`.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    pub nonce: String,
    pub response: String,
}

impl std::fmt::Debug for Proof {
    /// Hides what a PIN could be guessed with.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(…)")
    }
}

/// Reads the body of a SUBSCRIBE for `as-feature-event`. `reasons` gives the reasons of not ready by
/// the number that phones send for them.
pub fn feature(body: &[u8], reasons: &BTreeMap<String, String>) -> Result<FeatureWish, WishError> {
    let text = xml::text_of(body)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    let value = |name: &str| xml::child_text(root, name);
    match root.tag_name().name() {
        "SetDoNotDisturb" => Ok(FeatureWish::Dnd(truth(value("doNotDisturbOn"))?)),
        "SetForwarding" => {
            let when = match value("forwardingType").as_deref() {
                Some("forwardImmediate") => ForwardWhen::Always,
                Some("forwardBusy") => ForwardWhen::Busy,
                Some("forwardNoAns") => ForwardWhen::NoAnswer,
                _ => return Err(WishError::Value),
            };
            let to = match truth(value("activateForward"))? {
                true => Some(number(&value("forwardDN").ok_or(WishError::Value)?)?),
                false => None,
            };
            // How often it rings is a wish of its own; what is none is passed over.
            let rings = value("ringCount").and_then(|count| count.trim().parse().ok());
            let rings = rings.filter(|_| when == ForwardWhen::NoAnswer);
            Ok(FeatureWish::Forward { when, to, rings })
        }
        "SetAgentState" => match value("requestedAgentState").as_deref() {
            Some("loggedOn") => {
                let agent = value("agentID").map(|id| who(&id)).transpose()?;
                Ok(FeatureWish::LogIn { agent, pin: value("password").map(Secret::new) })
            }
            Some("loggedOff") => Ok(FeatureWish::LogOut),
            Some("ready") => Ok(FeatureWish::Ready),
            Some("notReady") => {
                let asked = value("AgentNotReadyReasonValue").unwrap_or_default();
                Ok(FeatureWish::NotReady { reason: reason(&asked, reasons) })
            }
            Some("workingAfterCall") => Ok(FeatureWish::WrapUp),
            _ => Err(WishError::Value),
        },
        _ => Err(WishError::Unknown),
    }
}

/// Reads the body of a SUBSCRIBE for hoteling: one person, any phone.
pub fn hoteling(body: &[u8]) -> Result<Hoteling, WishError> {
    let text = xml::text_of(body)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    if root.tag_name().name() != "SetHoteling" {
        return Err(WishError::Unknown);
    }
    let Some(guest) = xml::child_text(root, "guestAddress") else {
        return match xml::has_child(root, "guestAddress") {
            true => Ok(Hoteling::Out),
            false => Err(WishError::Value),
        };
    };
    let proof = match (xml::child_text(root, "nonce"), xml::child_text(root, "response")) {
        (Some(nonce), Some(response)) => {
            Some(Proof { nonce, response: response.to_ascii_lowercase() })
        }
        _ => None,
    };
    Ok(Hoteling::In { agent: who(&guest)?, proof })
}

fn truth(text: Option<String>) -> Result<bool, WishError> {
    match text.as_deref() {
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        _ => Err(WishError::Value),
    }
}

/// What is dialled: digits, `*`, `#` and a `+` before them, of a number or a `tel:` or `sip:`
/// address.
fn number(text: &str) -> Result<String, WishError> {
    let plain = match text.split_once(':') {
        Some(("tel", number)) => number.split(';').next().unwrap_or_default().to_owned(),
        Some(_) => uri::parse(text).ok().and_then(|uri| uri::user(&uri)).unwrap_or_default(),
        None => text.to_owned(),
    };
    let digits: String = plain.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let rest = digits.strip_prefix('+').unwrap_or(&digits);
    let dialled =
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b));
    (dialled && digits.len() <= NUMBER_MAX).then_some(digits).ok_or(WishError::Value)
}

/// An agent by a number, a name or an address whose user part it is.
fn who(text: &str) -> Result<AgentId, WishError> {
    let named = match text.contains(':') {
        true => uri::parse(text).ok().and_then(|uri| uri::user(&uri)).unwrap_or_default(),
        false => text.split('@').next().unwrap_or_default().to_owned(),
    };
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!named.is_empty() && named.chars().all(known))
        .then(|| AgentId::new(&named))
        .ok_or(WishError::Value)
}

/// The word of a reason: by its number, or by the word itself; empty where the site has none such.
fn reason(asked: &str, reasons: &BTreeMap<String, String>) -> String {
    let by_number = reasons.get(asked);
    let by_word = || reasons.values().find(|word| word.as_str() == asked);
    by_number.or_else(by_word).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n";
    const CSTA: &str = "xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed3\"";

    fn asked(root: &str, inner: &str) -> Result<FeatureWish, WishError> {
        let body = format!("{HEAD}<{root} {CSTA}>\r\n <device></device>{inner}</{root}>\r\n");
        let reasons = [("1", "break"), ("2", "lunch")].map(|(n, w)| (n.to_owned(), w.to_owned()));
        feature(body.as_bytes(), &reasons.into())
    }

    #[test]
    fn a_key_for_do_not_disturb_is_read() {
        let dnd = |on| asked("SetDoNotDisturb", &format!("<doNotDisturbOn>{on}</doNotDisturbOn>"));
        assert_eq!(dnd("true"), Ok(FeatureWish::Dnd(true)));
        assert_eq!(dnd("false"), Ok(FeatureWish::Dnd(false)));
        assert_eq!(dnd("perhaps"), Err(WishError::Value));
        assert_eq!(asked("SetDoNotDisturb", ""), Err(WishError::Value));
    }

    #[test]
    fn a_key_for_forwarding_is_read_with_its_kind_and_number() {
        let forward = |on: &str, kind: &str, to: &str| {
            let inner = format!(
                "<activateForward>{on}</activateForward><forwardingType>{kind}</forwardingType>\
                 <forwardDN>{to}</forwardDN><ringCount>3</ringCount>"
            );
            asked("SetForwarding", &inner)
        };
        let wish = |when, to: &str| {
            let rings = (when == ForwardWhen::NoAnswer).then_some(3);
            Ok(FeatureWish::Forward { when, to: Some(to.to_owned()), rings })
        };
        assert_eq!(forward("true", "forwardNoAns", "8002"), wish(ForwardWhen::NoAnswer, "8002"));
        assert_eq!(forward("true", "forwardImmediate", "8002"), wish(ForwardWhen::Always, "8002"));
        assert_eq!(
            forward("true", "forwardBusy", "tel:+86-21-6123"),
            wish(ForwardWhen::Busy, "+86216123")
        );
        let off =
            Ok(FeatureWish::Forward { when: ForwardWhen::NoAnswer, to: None, rings: Some(3) });
        assert_eq!(forward("false", "forwardNoAns", ""), off);
        assert_eq!(forward("true", "forwardNoAns", ""), Err(WishError::Value));
        assert_eq!(forward("true", "forwardBusy", "8002;rm -rf"), Err(WishError::Value));
        assert_eq!(forward("true", "forwardToTheMoon", "8002"), Err(WishError::Value));
    }

    #[test]
    fn the_keys_of_a_call_centre_are_read() {
        let state = |state: &str, more: &str| {
            let inner = format!("<requestedAgentState>{state}</requestedAgentState>{more}");
            asked("SetAgentState", &inner)
        };
        assert_eq!(state("ready", ""), Ok(FeatureWish::Ready));
        assert_eq!(state("workingAfterCall", ""), Ok(FeatureWish::WrapUp));
        assert_eq!(state("loggedOff", "<agentID></agentID>"), Ok(FeatureWish::LogOut));
        let alone = FeatureWish::LogIn { agent: None, pin: None };
        assert_eq!(state("loggedOn", "<agentID/><password/>"), Ok(alone));
        let with = FeatureWish::LogIn {
            agent: Some(AgentId::new("8001")),
            pin: Some(Secret::new("2468")),
        };
        let inner = "<agentID>8001</agentID><password>2468</password>";
        assert_eq!(state("loggedOn", inner), Ok(with));
        assert_eq!(state("asleep", ""), Err(WishError::Value));
    }

    #[test]
    fn a_reason_is_known_by_its_number_or_its_word() {
        let why = |value: &str| {
            let inner = format!(
                "<requestedAgentState>notReady</requestedAgentState><extensions><privateData>\
                 <private xmlns:pri=\"http://schema.broadsoft.com/CSTAPrivateData\">\
                 <pri:AgentNotReadyReasonValue>{value}</pri:AgentNotReadyReasonValue></private>\
                 </privateData></extensions>"
            );
            asked("SetAgentState", &inner)
        };
        let reason = |word: &str| Ok(FeatureWish::NotReady { reason: word.to_owned() });
        assert_eq!(why("2"), reason("lunch"));
        assert_eq!(why("break"), reason("break"));
        assert_eq!(why("1000"), reason(""), "none that the site has");
    }

    #[test]
    fn who_sits_down_is_read_by_number_or_address() {
        let body = |inner: &str| {
            format!(
                "{HEAD}<SetHoteling xmlns=\"http://schema.broadsoft.com/hoteling\">{inner}</SetHoteling>"
            )
        };
        let agent = AgentId::new("8001");
        for guest in ["8001", "sip:8001@box.example", "8001@box.example"] {
            let body = body(&format!("<guestAddress>{guest}</guestAddress>"));
            let wish = Hoteling::In { agent: agent.clone(), proof: None };
            assert_eq!(hoteling(body.as_bytes()), Ok(wish), "{guest}");
        }
        assert_eq!(hoteling(body("<guestAddress/>").as_bytes()), Ok(Hoteling::Out));
        assert_eq!(hoteling(body("").as_bytes()), Err(WishError::Value));
        let proved = body(
            "<guestAddress>8001</guestAddress><authenticationData><nonce>n1</nonce>\
             <algorithm>MD5</algorithm><response>ABC</response></authenticationData>",
        );
        let proof = Some(Proof { nonce: "n1".into(), response: "abc".into() });
        assert_eq!(hoteling(proved.as_bytes()), Ok(Hoteling::In { agent, proof }));
    }

    #[test]
    fn what_is_no_request_is_none() {
        assert_eq!(asked("SetFireToTheRain", ""), Err(WishError::Unknown));
        let broken = feature(b"<SetDoNotDisturb>", &BTreeMap::new());
        assert_eq!(broken, Err(WishError::Xml(XmlError::Malformed)));
    }
}
