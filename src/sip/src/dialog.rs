//! A dialog: what two ends of a call know of each other (RFC 3261 12).
//!
//! ```text
//!   INVITE in  --of_server--> early --2xx sent------> confirmed --BYE--> over
//!   2xx came   --of_client-------------------------->
//! ```
//!
//! The dialog numbers what we send, refuses what comes out of order, follows the far end's address
//! and the route to it.

use crate::address::Address;
use crate::message::{Message, method_name};
use crate::param;
use crate::peer::{Peer, Transport};
use crate::uri;
use crate::via::Via;
use rsip::{Host, Method, Uri};
use std::net::IpAddr;

/// A dialog's name, seen from our end (RFC 3261 12).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialogId {
    pub call_id: String,
    pub local_tag: String,
    /// Empty for a peer of RFC 2543, which has none.
    pub remote_tag: String,
}

impl DialogId {
    /// The dialog that a request which came is sent within; none outside any.
    pub fn of_request(request: &Message) -> Option<Self> {
        Some(Self {
            call_id: request.call_id().to_owned(),
            local_tag: request.to_tag()?,
            remote_tag: request.from_tag().unwrap_or_default(),
        })
    }

    /// Tells whether a response to a request of ours belongs to it.
    pub fn is_of(&self, response: &Message) -> bool {
        self.call_id == response.call_id()
            && Some(&self.local_tag) == response.from_tag().as_ref()
            && self.remote_tag == response.to_tag().unwrap_or_default()
    }
}

/// A request whose CSeq is not above the last one's (RFC 3261 12.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is number {came}, after number {last}")]
pub struct OutOfOrder {
    pub came: u32,
    pub last: u32,
}

/// What our end keeps of a dialog.
#[derive(Clone, Debug)]
pub struct Dialog {
    id: DialogId,
    local: Address,
    remote: Address,
    local_seq: u32,
    remote_seq: Option<u32>,
    target: Uri,
    routes: Vec<Address>,
    /// Where the far end's last message came from.
    source: Peer,
    /// Whether the far end's own idea of its address is not the one we see.
    behind_nat: bool,
}

impl Dialog {
    /// Makes our end of the dialog that an INVITE which came asks for (RFC 3261 12.1.1). Nothing
    /// where the INVITE has no Contact that is sip or sips, unless it is of RFC 2543.
    pub fn of_server(invite: &Message, local_tag: &str, source: Peer) -> Option<Self> {
        let mut local = invite.to()?;
        if local.tag().is_none() {
            local = local.tagged(local_tag);
        }
        let remote = invite.from()?;
        let target = match invite.target() {
            Some(target) => target,
            // RFC 2543 knew neither tags nor that a caller has to be reachable.
            None if remote.tag().is_none() && uri::is_sip(&remote.uri) => remote.uri.clone(),
            None => return None,
        };
        Some(Self {
            id: DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: local_tag.to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            local,
            remote,
            local_seq: 0,
            remote_seq: Some(invite.cseq()?.0),
            target,
            routes: invite.record_routes(),
            source,
            behind_nat: invite.via().is_none_or(|via| says_another(&via, source.ip())),
        })
    }

    /// Makes our end of the dialog that a response to our INVITE opened (RFC 3261 12.1.2).
    pub fn of_client(invite: &Message, response: &Message, source: Peer) -> Option<Self> {
        let local = invite.from()?;
        let remote = response.to()?;
        let mut routes = response.record_routes();
        routes.reverse();
        let asked = uri::socket_addr(invite.uri()?);
        Some(Self {
            id: DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: local.tag().unwrap_or_default().to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            local,
            remote,
            local_seq: invite.cseq()?.0,
            remote_seq: None,
            // A 2xx without Contact is the peer's fault; what we called is the best guess then.
            target: response.target().or_else(|| invite.uri().cloned())?,
            routes,
            source,
            behind_nat: asked.is_none_or(|asked| asked.ip() != source.ip()),
        })
    }

    /// The dialog's name.
    pub fn id(&self) -> &DialogId {
        &self.id
    }

    /// Where requests are sent: the first route or the far end's contact, if it is a number; where
    /// its messages come from, if it is a name or the far end is behind a translator. A connection
    /// is used as long as it is open, and a call over TLS never leaves it.
    pub fn hop(&self) -> Peer {
        let (first, seen) = (self.first_hop(), self.source);
        let asked = match seen.transport.secure() {
            true => Some(Transport::Tls),
            false => uri::transport(first),
        };
        // RFC 5626 section 5.3: it is reached by its own flow and no other way.
        if param::value_of(&first.params, "ob").is_some() {
            return seen;
        }
        match uri::socket_addr(first) {
            Some(named) if named.ip() == seen.ip() => match asked {
                Some(other) if other != seen.transport => {
                    Peer { transport: other, flow: None, ..seen.at_port(named.port()) }
                }
                _ => seen.at_port(named.port()),
            },
            Some(named) if !self.behind_nat && reachable(named.ip()) => {
                Peer::new(asked.unwrap_or(Transport::Udp), named)
            }
            _ => seen,
        }
    }

    /// Where the far end's last message came from.
    pub fn source(&self) -> Peer {
        self.source
    }

    /// Tells whether the call was asked to be protected on the whole way (RFC 3261 12.1.1), so that
    /// our Contact has to be sips.
    pub fn is_sips(&self) -> bool {
        uri::is_sips(self.first_hop())
    }

    fn first_hop(&self) -> &Uri {
        self.routes.first().map_or(&self.target, |route| &route.uri)
    }

    /// Makes the next request of ours (RFC 3261 12.2.1.1).
    pub fn request(&mut self, method: Method, via: &Via) -> Message {
        self.local_seq += 1;
        self.numbered(method, via, self.local_seq)
    }

    /// Makes the ACK of a 2xx to our INVITE of that number (RFC 3261 13.2.2.4).
    pub fn ack(&self, via: &Via, cseq: u32) -> Message {
        self.numbered(Method::Ack, via, cseq)
    }

    /// Takes over the numbers of the early dialog that this one confirms.
    pub fn continuing(mut self, early: &Self) -> Self {
        self.local_seq = self.local_seq.max(early.local_seq);
        self.remote_seq = self.remote_seq.max(early.remote_seq);
        self
    }

    /// A request of ours went out under that number, made elsewhere.
    pub fn counted(&mut self, cseq: u32) {
        self.local_seq = self.local_seq.max(cseq);
    }

    /// The number of our last request.
    pub fn local_seq(&self) -> u32 {
        self.local_seq
    }

    /// Takes the number of a request that came (RFC 3261 12.2.2). Gaps are fine.
    pub fn sequence(&mut self, request: &Message) -> Result<(), OutOfOrder> {
        let came = request.cseq().map_or(0, |(number, _)| number);
        match self.remote_seq {
            Some(last) if came <= last => Err(OutOfOrder { came, last }),
            _ => {
                self.remote_seq = Some(came);
                Ok(())
            }
        }
    }

    /// Follows the far end to the Contact of a re-INVITE or of its 2xx (RFC 3261 12.2). The route
    /// stays.
    pub fn refresh(&mut self, message: &Message, source: Peer) {
        self.source = source;
        if let Some(target) = message.target() {
            self.target = target;
        }
    }

    /// The far end is reached there from now on, as its registration says.
    pub fn moved(&mut self, source: Peer) {
        self.source = source;
    }

    fn numbered(&self, method: Method, via: &Via, cseq: u32) -> Message {
        let strict = self.routes.first().filter(|first| !first.is_loose());
        let uri = strict.map_or_else(|| self.target.clone(), |first| first.uri.clone());
        let mut request = Message::request(method, uri);
        request.headers.push_front("Via", via.to_string());
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            request.headers.push("Route", route.to_string());
        }
        if strict.is_some() {
            request.headers.push("Route", Address::new(self.target.clone()).to_string());
        }
        request
            .with("From", self.local.to_string())
            .with("To", self.remote.to_string())
            .with("Call-ID", self.id.call_id.clone())
            .with("CSeq", format!("{cseq} {}", method_name(method)))
    }
}

/// Tells whether a sender names another address than the one its packets come from.
fn says_another(via: &Via, seen: IpAddr) -> bool {
    matches!(via.sent_by.host, Host::IpAddr(named) if named != seen)
}

/// Tells whether packets can go there at all.
fn reachable(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framer::parse_datagram;

    const SOURCE: &str = "198.51.100.7:5060";

    fn invite(via: &str, contact: &str, routes: &str) -> Message {
        let text = format!(
            "INVITE sip:95@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {via};branch=z9hG4bKa\n{routes}\
             From: <sip:a@x>;tag=far\nTo: <sip:95@192.0.2.1>\nCall-ID: c\nCSeq: 7 INVITE\n\
             Contact: <{contact}>\nContent-Length: 0\n\n"
        );
        parse_datagram(text.replace('\n', "\r\n").as_bytes()).unwrap()
    }

    fn server(via: &str, contact: &str, routes: &str) -> Dialog {
        let source = peer(SOURCE);
        Dialog::of_server(&invite(via, contact, routes), "near", source).unwrap()
    }

    fn peer(text: &str) -> Peer {
        Peer::udp(text.parse().unwrap())
    }

    fn via() -> Via {
        Via::new(Transport::Udp, "192.0.2.1:5060".parse().unwrap(), "z9hG4bKb")
    }

    #[test]
    fn a_request_has_the_ends_the_call_and_the_next_number() {
        let mut dialog = server(SOURCE, "sip:a@198.51.100.7", "");
        let bye = dialog.request(Method::Bye, &via());
        assert_eq!(bye.headers.get("From"), Some("<sip:95@192.0.2.1>;tag=near"));
        assert_eq!(bye.headers.get("To"), Some("<sip:a@x>;tag=far"));
        assert_eq!((bye.call_id(), bye.cseq()), ("c", Some((1, Method::Bye))));
        assert_eq!(dialog.request(Method::Bye, &via()).cseq(), Some((2, Method::Bye)));
    }

    #[test]
    fn a_strict_router_is_named_in_the_request_line_and_the_target_goes_last() {
        let routes = "Record-Route: <sip:198.51.100.8>, <sip:198.51.100.9;lr>\n";
        let mut dialog = server(SOURCE, "sip:a@198.51.100.7", routes);
        let bye = dialog.request(Method::Bye, &via());
        assert_eq!(uri::write(bye.uri().unwrap()), "sip:198.51.100.8");
        let routes: Vec<_> = bye.routes().iter().map(ToString::to_string).collect();
        assert_eq!(routes, ["<sip:198.51.100.9;lr>", "<sip:a@198.51.100.7>"]);
        assert_eq!(dialog.hop(), peer("198.51.100.8:5060"));
    }

    #[test]
    fn a_caller_of_ours_turns_the_recorded_route_round() {
        let request = invite("192.0.2.1:5060", "sip:192.0.2.1", "");
        let mut answer = Message::response(&request, 200);
        answer.set_to_tag("far");
        for route in ["<sip:198.51.100.8;lr>", "<sip:198.51.100.9;lr>"] {
            answer.headers.push("Record-Route", route);
        }
        let source = peer(SOURCE);
        let mut dialog = Dialog::of_client(&request, &answer, source).unwrap();
        let bye = dialog.request(Method::Bye, &via());
        let routes: Vec<_> = bye.routes().iter().map(ToString::to_string).collect();
        assert_eq!(routes, ["<sip:198.51.100.9;lr>", "<sip:198.51.100.8;lr>"]);
        assert_eq!(bye.cseq(), Some((8, Method::Bye)), "after the INVITE's");
    }

    #[test]
    fn requests_go_to_the_contact_or_to_where_packets_come_from() {
        for (via, contact, hop) in [
            (SOURCE, "sip:a@198.51.100.7:5080", "198.51.100.7:5080"),
            (SOURCE, "sip:a@198.51.100.20", "198.51.100.20:5060"),
            (SOURCE, "sip:a@phone.example", SOURCE),
            (SOURCE, "sip:a@0.0.0.0", SOURCE),
            ("10.0.0.5", "sip:a@10.0.0.5", SOURCE),
        ] {
            assert_eq!(server(via, contact, "").hop(), peer(hop), "{via} {contact}");
        }
    }

    #[test]
    fn a_number_that_is_not_above_the_last_is_out_of_order() {
        let mut dialog = server(SOURCE, "sip:a@198.51.100.7", "");
        let request = invite(SOURCE, "sip:a@198.51.100.7", "");
        assert_eq!(dialog.sequence(&request), Err(OutOfOrder { came: 7, last: 7 }));
        let mut later = request;
        later.headers.replace("CSeq", "99 INVITE");
        assert_eq!(dialog.sequence(&later), Ok(()));
    }

    #[test]
    fn a_contact_that_is_not_sip_is_no_target() {
        let invite = invite(SOURCE, "syp:a@198.51.100.7", "");
        assert!(Dialog::of_server(&invite, "near", peer(SOURCE)).is_none());
        let mut dialog = server(SOURCE, "sip:a@198.51.100.7", "");
        dialog.refresh(&invite, peer(SOURCE));
        let bye = dialog.request(Method::Bye, &via());
        assert_eq!(uri::write(bye.uri().unwrap()), "sip:a@198.51.100.7");
    }

    #[test]
    fn a_contact_that_moved_is_followed() {
        let mut dialog = server(SOURCE, "sip:a@198.51.100.7", "");
        let moved = invite(SOURCE, "sip:a@198.51.100.7:5090", "");
        dialog.refresh(&moved, peer(SOURCE));
        assert_eq!(dialog.hop(), peer("198.51.100.7:5090"));
    }
}
