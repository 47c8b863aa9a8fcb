//! A SIP message: its start line, its header fields, its body as bytes, and typed views of it.

mod phrase;

pub use crate::method::{method_name, method_named};
pub use phrase::reason;

use crate::address::{Address, AddressError, seconds, split_list};
use crate::headers::Headers;
use crate::peer::Peer;
use crate::uri;
use crate::via::Via;
use rsip::{Method, Uri};

/// Hops a request may take (RFC 3261 section 8.1.1.6).
pub const MAX_FORWARDS: u8 = 70;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Request { method: Method, uri: Uri },
    Response { code: u16, reason: String },
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub start: Start,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// What the Contact headers of a message say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: all bindings (RFC 3261 section 10.2.2).
    All,
    /// The addresses in their order; empty where there is no Contact.
    List(Vec<Address>),
}

impl Message {
    /// Makes a request with `Max-Forwards` and nothing else.
    pub fn request(method: Method, uri: Uri) -> Self {
        let start = Start::Request { method, uri };
        let message = Self { start, headers: Headers::new(), body: Vec::new() };
        message.with("Max-Forwards", MAX_FORWARDS.to_string())
    }

    /// Makes the response to a request: Via list, From, To, Call-ID and CSeq are the request's
    /// (RFC 3261 section 8.2.6.2), and so is the recorded route where it makes a dialog. A tag for
    /// To is set apart, see `set_to_tag`.
    pub fn response(request: &Self, code: u16) -> Self {
        let start = Start::Response { code, reason: reason(code).to_owned() };
        let mut headers = Headers::new();
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in request.headers.get_all(name) {
                headers.push(name, value);
            }
        }
        // A 100 carries the request's timestamp back (RFC 3261 section 8.2.6.1).
        if let (100, Some(stamp)) = (code, request.headers.get("Timestamp")) {
            headers.push("Timestamp", stamp);
        }
        // Unchanged, to who wrote it (RFC 3261 section 12.1.1); the framer saw that each is an address.
        let makes_dialog = matches!(request.method(), Some(Method::Invite | Method::Subscribe));
        if makes_dialog && matches!(code, 101..300) {
            for value in request.headers.get_all("Record-Route") {
                headers.push("Record-Route", value);
            }
        }
        Self { start, headers, body: Vec::new() }
    }

    /// Sends a request to another address; a response has none.
    pub fn set_uri(&mut self, to: Uri) {
        if let Start::Request { uri, .. } = &mut self.start {
            *uri = to;
        }
    }

    /// Adds a header field.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets body and Content-Type.
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.replace("Content-Type", content_type);
        self.body = body.into();
        self
    }

    /// The method of a request, or of the request a response answers.
    pub fn method(&self) -> Option<Method> {
        match &self.start {
            Start::Request { method, .. } => Some(*method),
            Start::Response { .. } => self.cseq().map(|(_, method)| method),
        }
    }

    /// The request URI.
    pub fn uri(&self) -> Option<&Uri> {
        match &self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    /// The status code of a response.
    pub fn code(&self) -> Option<u16> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { code, .. } => Some(code),
        }
    }

    /// Tells whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// About how many bytes it has once it is written, and not fewer.
    pub fn size(&self) -> usize {
        let first = match &self.start {
            Start::Request { uri, .. } => crate::uri::write(uri).len() + 32,
            Start::Response { reason, .. } => reason.len() + 16,
        };
        let lines = self.headers.iter().map(|header| header.name.len() + header.value.len() + 4);
        first + lines.sum::<usize>() + 32 + self.body.len()
    }

    /// The topmost Via.
    pub fn via(&self) -> Option<Via> {
        let value = self.headers.get("Via")?;
        match value.contains(',') {
            false => Via::parse(value).ok(),
            true => Via::parse(split_list(value).first()?).ok(),
        }
    }

    /// Notes on the topmost Via where the request came from, and gives where its responses go
    /// (RFC 3581 section 4).
    pub fn stamp_via(&mut self, source: Peer) -> Option<Peer> {
        let mut via = self.via()?;
        via.stamp(source.addr);
        let first = self.headers.remove_first("Via")?;
        if first.contains(',') {
            let rest = split_list(&first)[1..].join(", ");
            if !rest.is_empty() {
                self.headers.push_front("Via", rest);
            }
        }
        self.headers.push_front("Via", via.to_string());
        Some(via.reply_to(source))
    }

    /// The From header.
    pub fn from(&self) -> Option<Address> {
        Address::parse(self.headers.get("From")?).ok()
    }

    /// The To header.
    pub fn to(&self) -> Option<Address> {
        Address::parse(self.headers.get("To")?).ok()
    }

    /// The tag of From.
    pub fn from_tag(&self) -> Option<String> {
        tag_of(self.headers.get("From")?)
    }

    /// The tag of To.
    pub fn to_tag(&self) -> Option<String> {
        tag_of(self.headers.get("To")?)
    }

    /// Sets the tag of To unless it has one.
    pub fn set_to_tag(&mut self, tag: &str) {
        if let Some(to) = self.to().filter(|to| to.tag().is_none()) {
            self.headers.replace("To", to.tagged(tag).to_string());
        }
    }

    /// The Call-ID; empty where there is none.
    pub fn call_id(&self) -> &str {
        self.headers.get("Call-ID").unwrap_or_default()
    }

    /// The CSeq's number and method (RFC 3261 section 20.16).
    pub fn cseq(&self) -> Option<(u32, Method)> {
        let (number, method) = cseq_parts(self.headers.get("CSeq")?)?;
        Some((number, method_named(method)?))
    }

    /// The Contact headers.
    pub fn contacts(&self) -> Result<Contacts, AddressError> {
        let values = || self.headers.get_all("Contact").flat_map(split_list);
        if values().eq(["*"]) {
            return Ok(Contacts::All);
        }
        values().map(Address::parse).collect::<Result<_, _>>().map(Contacts::List)
    }

    /// The first contact.
    pub fn contact(&self) -> Option<Address> {
        match self.contacts().ok()? {
            Contacts::All => None,
            Contacts::List(list) => list.into_iter().next(),
        }
    }

    /// Where a dialog's requests go: the first contact, which has to be sip or sips (RFC 3261
    /// 12.1.1); another name says nothing of where to send to.
    pub fn target(&self) -> Option<Uri> {
        self.contact().map(|contact| contact.uri).filter(uri::is_sip)
    }

    /// Hops left.
    pub fn max_forwards(&self) -> Option<u8> {
        self.headers.get("Max-Forwards")?.parse().ok()
    }

    /// Seconds of Expires (RFC 3261 section 20.19).
    pub fn expires(&self) -> Option<u32> {
        seconds(self.headers.get("Expires")?)
    }

    /// Seconds of Min-Expires (RFC 3261 section 20.23).
    pub fn min_expires(&self) -> Option<u32> {
        seconds(self.headers.get("Min-Expires")?)
    }

    /// Seconds of Retry-After, without its comment and parameters (RFC 3261 section 20.33).
    pub fn retry_after(&self) -> Option<u32> {
        let value = self.headers.get("Retry-After")?;
        seconds(value.split([';', '(', ' ']).next()?)
    }

    /// The Route list; what is malformed is left out.
    pub fn routes(&self) -> Vec<Address> {
        self.addresses("Route")
    }

    /// The Record-Route list, as it stands: a caller of ours turns it round (RFC 3261 section
    /// 12.1.2).
    pub fn record_routes(&self) -> Vec<Address> {
        let mut routes = self.addresses("Record-Route");
        routes.retain(|route| uri::is_sip(&route.uri));
        routes
    }

    /// The media type in lower case, without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.headers.get("Content-Type")?;
        Some(value.split(';').next()?.trim().to_ascii_lowercase())
    }

    /// The methods of Allow that we know.
    pub fn allow(&self) -> Vec<Method> {
        self.headers.words("Allow").filter_map(method_named).collect()
    }

    /// The option tags of Supported.
    pub fn supported(&self) -> Vec<&str> {
        self.headers.words("Supported").collect()
    }

    /// The option tags of Require.
    pub fn require(&self) -> Vec<&str> {
        self.headers.words("Require").collect()
    }

    fn addresses(&self, name: &str) -> Vec<Address> {
        let values = self.headers.get_all(name).flat_map(split_list);
        values.filter_map(|value| Address::parse(value).ok()).collect()
    }
}

/// The tag of a From or To: what stands behind the address is looked at alone, unless quotes there
/// call for care.
fn tag_of(value: &str) -> Option<String> {
    let params = value.rsplit_once('>').map_or(value, |(_, params)| params);
    if params.contains('"') {
        return Address::parse(value).ok()?.tag().map(str::to_owned);
    }
    params.split(';').skip(1).find_map(|param| {
        let (name, tag) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("tag").then(|| tag.trim().to_owned())
    })
}

/// Number and method's name of a CSeq; the number is less than 2^31 (RFC 3261 section 8.1.1.5).
pub fn cseq_parts(value: &str) -> Option<(u32, &str)> {
    let (number, method) = value.split_once([' ', '\t'])?;
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number: u32 = if digits { number.parse().ok()? } else { return None };
    (number < 1 << 31).then_some((number, method.trim_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_as_the_whole_address_has_it() {
        for value in [
            "<sip:a@x>;tag=1",
            "\"W; tag=9 > x\" <sip:a;tag=8@x;tag=7>;x=y;TAG = 1",
            "sip:a@x;tag=1;y",
            "<sip:a@x>",
            "Wang <sip:a@x>;x=\"<q>;tag=2\";tag=1",
            "<sip:a@x>;tag=\"1\"",
            "<sip:a@x>;tags=1",
        ] {
            let whole = Address::parse(value).unwrap();
            assert_eq!(tag_of(value).as_deref(), whole.tag(), "{value}");
        }
    }
}
