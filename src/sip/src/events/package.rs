//! Event packages: what can be subscribed to, by which name, in which format (RFC 6665 section 5.2).

use crate::message::Message;
use crate::param::split_outside_quotes;
use std::time::Duration;

/// What a NOTIFY in several parts is made of.
pub const MULTIPART: &str = "multipart/related";
/// The format of a list's parts (RFC 4662 section 5).
pub const RLMI: &str = "application/rlmi+xml";
/// Names every package in Allow-Events (RFC 6665 section 8.2.2).
pub const ALLOW_EVENTS: &str =
    "dialog, presence, message-summary, as-feature-event, x-broadworks-hoteling";
/// The extension of who reads lists (RFC 4662 section 4.1).
pub const EVENT_LIST: &str = "eventlist";
/// Longest `id` of an Event header that is echoed; a longer one is refused.
const ID_MAX: usize = 64;

/// An event package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Package {
    /// Lamps: who rings and who talks (RFC 4235).
    Dialog,
    /// Agents: there or not, ready or not (RFC 3856).
    Presence,
    /// Who to call back (RFC 3842).
    Summary,
    /// The phone's own keys (BroadSoft's device feature key synchronisation).
    Features,
    /// One person, any phone (BroadSoft's hoteling).
    Hoteling,
}

impl Package {
    /// Every package.
    pub const ALL: [Self; 5] =
        [Self::Dialog, Self::Presence, Self::Summary, Self::Features, Self::Hoteling];

    /// The name in the Event header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dialog => "dialog",
            Self::Presence => "presence",
            Self::Summary => "message-summary",
            Self::Features => "as-feature-event",
            Self::Hoteling => "x-broadworks-hoteling",
        }
    }

    /// The format of its bodies.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Dialog => "application/dialog-info+xml",
            Self::Presence => "application/pidf+xml",
            Self::Summary => "application/simple-message-summary",
            Self::Features => "application/x-as-feature-event+xml",
            Self::Hoteling => "application/x-broadworks-hoteling+xml",
        }
    }

    /// The least time between two NOTIFYs of one subscription: a second for lamps (RFC 4235
    /// section 3.10) and summaries (RFC 3842 section 3.10), longer for presence, whose changes are
    /// slower (RFC 3856 section 6.10), next to none for what a finger waits for.
    pub fn apart(self) -> Duration {
        match self {
            Self::Dialog | Self::Summary => Duration::from_secs(1),
            Self::Presence => Duration::from_secs(5),
            Self::Features | Self::Hoteling => Duration::from_millis(20),
        }
    }
}

/// What an Event header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub package: Package,
    /// Tells apart subscriptions of one dialog; echoed (RFC 6665 section 8.2.1).
    pub id: Option<String>,
}

impl Event {
    /// Reads the Event header; nothing where it names no package of ours, which is 489.
    pub fn of(request: &Message) -> Option<Self> {
        let mut values = request.headers.get_all("Event");
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        let mut parts = split_outside_quotes(value, ';').into_iter().map(str::trim);
        // Names of packages count by their case (RFC 6665 section 8.4 has them as tokens compared
        // byte by byte).
        let name = parts.next()?;
        let package = Package::ALL.into_iter().find(|package| package.name() == name)?;
        let id = parts.find_map(|part| part.strip_prefix("id="));
        let is_fit = |id: &str| {
            !id.is_empty()
                && id.len() <= ID_MAX
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
        };
        match id {
            Some(id) if !is_fit(id) => None,
            id => Some(Self { package, id: id.map(str::to_owned) }),
        }
    }

    /// The value of the Event header of its NOTIFYs.
    pub fn header(&self) -> String {
        match &self.id {
            Some(id) => format!("{};id={id}", self.package.name()),
            None => self.package.name().to_owned(),
        }
    }
}

/// Tells whether a request takes a format: by its Accept header, or by not having one (RFC 6665
/// section 3.1.3).
pub fn accepts(request: &Message, format: &str) -> bool {
    let mut any = false;
    for range in request.headers.words("Accept") {
        any = true;
        let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let kind = range.strip_suffix("/*");
        let whole = kind.is_some_and(|kind| kind == "*" || format.split('/').next() == Some(kind));
        if whole || range == format {
            return true;
        }
    }
    !any
}

/// Tells whether a request names a format in its Accept header.
pub fn names(request: &Message, format: &str) -> bool {
    request.headers.words("Accept").any(|range| {
        range.split(';').next().is_some_and(|range| range.trim().eq_ignore_ascii_case(format))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsip::Method;

    fn subscribe(headers: &[(&str, &str)]) -> Message {
        let mut message =
            Message::request(Method::Subscribe, crate::uri::parse("sip:8002@box").unwrap());
        headers.iter().for_each(|(name, value)| message.headers.push(name, *value));
        message
    }

    #[test]
    fn an_event_is_known_by_its_name_and_keeps_its_id() {
        let event = |value: &str| Event::of(&subscribe(&[("o", value)]));
        assert_eq!(event("dialog").unwrap().header(), "dialog");
        assert_eq!(event("dialog;sla; id=7").unwrap().header(), "dialog;id=7");
        assert_eq!(event("Dialog"), None, "names count by their case");
        assert_eq!(event("conference"), None);
        assert_eq!(event("dialog;id=\"a\r\nb\""), None);
        assert_eq!(Event::of(&subscribe(&[])), None);
        assert_eq!(Event::of(&subscribe(&[("Event", "dialog"), ("o", "presence")])), None);
    }

    #[test]
    fn a_request_without_accept_takes_the_format_of_the_package() {
        let format = Package::Dialog.content_type();
        assert!(accepts(&subscribe(&[]), format));
        for fits in [
            "application/dialog-info+xml",
            "application/*",
            "*/*",
            "a/b, Application/Dialog-Info+XML;q=1",
        ] {
            assert!(accepts(&subscribe(&[("Accept", fits)]), format), "{fits}");
        }
        for other in ["application/pidf+xml", "text/*", "application/dialog-info"] {
            assert!(!accepts(&subscribe(&[("Accept", other)]), format), "{other}");
        }
    }

    #[test]
    fn every_package_is_named_in_allow_events() {
        let named: Vec<&str> = ALLOW_EVENTS.split(", ").collect();
        assert_eq!(named, Package::ALL.map(Package::name));
    }
}
