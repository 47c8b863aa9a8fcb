//! A far end that says what a test writes: it takes an endpoint's place, in a call that stands or
//! while it is rung.

#![allow(dead_code, clippy::unwrap_used)]

use super::{BOX, Network, at, header, line};

/// A description of an address of its own.
pub const SDP: &str = "v=0\no=far 1 1 IN IP4 198.51.100.9\ns=-\nc=IN IP4 198.51.100.9\nt=0 0\n\
                       m=audio 30000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n";

/// One end of a dialog with the box.
pub struct Far {
    pub who: &'static str,
    pub call_id: String,
    /// Its own address with its tag, and the box's.
    pub own: String,
    pub boxes: String,
    /// Where the box takes requests.
    target: String,
    cseq: u32,
}

impl Far {
    /// The end that called the box and was answered.
    pub fn caller(net: &mut Network, who: &'static str) -> Self {
        let answer = last(net, BOX, who, "200 INVITE");
        net.endpoints.remove(&at(who));
        let cseq: u32 =
            header(&answer, "CSeq").unwrap().split(' ').next().unwrap().parse().unwrap();
        Self::new(who, &answer, ("From", "To"), &answer, cseq)
    }

    /// The end that the box called and that answered.
    pub fn callee(net: &mut Network, who: &'static str) -> Self {
        let answer = last(net, who, BOX, "200 INVITE");
        let invite = last(net, BOX, who, "INVITE");
        net.endpoints.remove(&at(who));
        Self::new(who, &answer, ("To", "From"), &invite, 0)
    }

    fn new(
        who: &'static str,
        text: &str,
        (own, boxes): (&str, &str),
        with_contact: &str,
        cseq: u32,
    ) -> Self {
        let contact = header(with_contact, "Contact").unwrap();
        Self {
            who,
            call_id: header(text, "Call-ID").unwrap(),
            own: header(text, own).unwrap(),
            boxes: header(text, boxes).unwrap(),
            target: contact.trim_matches(['<', '>']).to_owned(),
            cseq,
        }
    }

    /// Its tag.
    pub fn tag(&self) -> &str {
        tag(&self.own)
    }

    /// The box's tag.
    pub fn box_tag(&self) -> &str {
        tag(&self.boxes)
    }

    /// Makes the next request; `more` are headers, each with its line's end.
    pub fn request(&mut self, method: &str, more: &str, body: &str) -> String {
        self.cseq += 1;
        let (cseq, who) = (self.cseq, self.who);
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
        format!(
            "{method} {} SIP/2.0\nVia: SIP/2.0/UDP {who};branch=z9hG4bKf{method}{cseq}\n\
             Max-Forwards: 70\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} {method}\n\
             Contact: <sip:far@{who}>\n{more}{kind}\n{body}",
            self.target, self.own, self.boxes, self.call_id,
        )
    }

    /// Sends the next request and gives what came within 20 ms.
    pub fn ask(&mut self, net: &mut Network, method: &str, more: &str, body: &str) -> Vec<String> {
        let text = self.request(method, more, body);
        net.ask(self.who, BOX, &text)
    }
}

/// Answers a request of the box and gives what came within 20 ms. A tag is added to To where the
/// request has none and `tag` is one.
pub fn answer(
    net: &mut Network,
    who: &'static str,
    request: &str,
    code: u16,
    tag: &str,
    more: &str,
    body: &str,
) -> Vec<String> {
    let of = |name: &str| header(request, name).unwrap();
    let to = match of("To") {
        to if to.contains("tag=") || tag.is_empty() => to,
        to => format!("{to};tag={tag}"),
    };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    let text = format!(
        "SIP/2.0 {code} Whatever\nVia: {}\nFrom: {}\nTo: {to}\nCall-ID: {}\nCSeq: {}\n\
         Contact: <sip:far@{who}>\n{more}{kind}\n{body}",
        of("Via"),
        of("From"),
        of("Call-ID"),
        of("CSeq"),
    );
    net.ask(who, BOX, &text)
}

/// The proof of a password that a refusal asks for, as a header with its line's end.
pub fn proof(refusal: &str, user: &str, method: rsip::Method, uri: &str) -> String {
    let asked = header(refusal, "WWW-Authenticate").unwrap();
    let challenge = sip::digest::Challenge::parse(&asked).unwrap();
    let secret = model::Secret::new(super::PASSWORD);
    let proof = challenge.answer(user, &secret, method, uri, "cnonce", 1);
    format!("Authorization: {proof}\n")
}

/// The last message of that first line that one address sent another.
pub fn last(net: &Network, from: &str, to: &str, first: &str) -> String {
    let mut sent = net.sent.iter().rev().filter(|s| s.1 == at(from) && s.2.ip() == at(to).ip());
    sent.find(|s| line(&s.3) == first)
        .unwrap_or_else(|| panic!("no {first} {from} -> {to}"))
        .3
        .clone()
}

/// The first lines of messages.
pub fn lines(messages: &[String]) -> Vec<String> {
    messages.iter().map(|text| line(text)).collect()
}

/// A message's body.
pub fn body(text: &str) -> &str {
    text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn tag(address: &str) -> &str {
    address.split("tag=").nth(1).unwrap().split(';').next().unwrap()
}
