//! The requests that are made of an INVITE hop by hop: CANCEL, and the ACK of a refusal.

use crate::message::{Message, Start};
use rsip::Method;

/// Makes the ACK of a refusal: the INVITE's own address, Via and route, and the refusal's To
/// (RFC 3261 17.1.1.3).
pub fn ack(invite: &Message, refusal: &Message) -> Option<Message> {
    let mut ack = same_hop(invite, Method::Ack)?;
    ack.headers.replace("To", refusal.headers.get("To")?);
    Some(ack)
}

/// Makes the CANCEL of an INVITE (RFC 3261 9.1).
pub fn cancel(invite: &Message) -> Option<Message> {
    same_hop(invite, Method::Cancel)
}

fn same_hop(invite: &Message, method: Method) -> Option<Message> {
    let Start::Request { uri, .. } = &invite.start else { return None };
    let mut request = Message::request(method, uri.clone());
    request.headers.push_front("Via", invite.via()?.to_string());
    for name in ["Route", "From", "To", "Call-ID"] {
        for value in invite.headers.get_all(name) {
            request.headers.push(name, value);
        }
    }
    Some(request.with("CSeq", format!("{} {method}", invite.cseq()?.0)))
}
