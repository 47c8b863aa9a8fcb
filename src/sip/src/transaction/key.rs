//! What a message is matched to its transaction by (RFC 3261 17.1.3 and 17.2.3).

use crate::message::{Message, method_name};
use crate::uri;
use crate::via::MAGIC;
use rsip::Method;

/// The name of a transaction on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// One of ours, by its branch and method.
    Client { branch: String, method: &'static str },
    /// One of a peer, by branch, sent-by and method; where the branch is not unique by itself, by
    /// the fields RFC 2543 compared.
    Server { branch: String, sent_by: String, method: &'static str },
}

impl Key {
    /// The key of a request we are about to send, or of the request a response answers.
    pub fn client(message: &Message) -> Option<Self> {
        let branch = message.via()?.branch()?.to_owned();
        Some(Self::Client { branch, method: method_name(message.method()?) })
    }

    /// The key of a request that came; an ACK has that of its INVITE.
    pub fn server(request: &Message) -> Option<Self> {
        let method = match request.method()? {
            Method::Ack => Method::Invite,
            method => method,
        };
        Self::server_as(request, method)
    }

    /// The key of the INVITE that a CANCEL means (RFC 3261 9.2).
    pub fn cancelled(cancel: &Message) -> Option<Self> {
        Self::server_as(cancel, Method::Invite)
    }

    fn server_as(request: &Message, method: Method) -> Option<Self> {
        let via = request.via()?;
        let sent_by = via.sent_by_key();
        let method = method_name(method);
        match via.branch() {
            Some(branch) if branch.starts_with(MAGIC) && branch.len() > MAGIC.len() => {
                Some(Self::Server { branch: branch.to_owned(), sent_by, method })
            }
            old => {
                let branch = format!(
                    "{} {} {} {} {}",
                    old.unwrap_or_default(),
                    uri::write(request.uri()?),
                    request.from_tag().unwrap_or_default(),
                    request.call_id(),
                    request.cseq()?.0,
                );
                Some(Self::Server { branch, sent_by, method })
            }
        }
    }
}

/// What is equal in two requests that are one request come by two ways (RFC 3261 8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MergeKey {
    from_tag: String,
    call_id: String,
    cseq: u32,
    method: &'static str,
}

impl MergeKey {
    /// The key of a request outside any dialog; none for one within.
    pub fn of(request: &Message) -> Option<Self> {
        if request.to_tag().is_some() {
            return None;
        }
        let (cseq, method) = request.cseq()?;
        Some(Self {
            from_tag: request.from_tag()?,
            call_id: request.call_id().to_owned(),
            cseq,
            method: method_name(method),
        })
    }
}
