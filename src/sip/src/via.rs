//! Via: the way a request took, and so the way its responses go (RFC 3261 section 20.42, RFC 3581).

use crate::normalise::is_token;
use crate::param::{self, ParamError};
use crate::peer::{Peer, Transport as Way};
use crate::uri::{self, DEFAULT_PORT, UriError};
use rsip::{Host, HostWithPort, Param, Transport};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// What a branch begins with that is unique by itself (RFC 3261 section 8.1.1.7).
pub const MAGIC: &str = "z9hG4bK";

/// Why a text is no Via.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViaError {
    #[error("via does not begin with SIP/2.0 and a transport")]
    Protocol,
    #[error("via names the transport '{0}', which is none")]
    Transport(String),
    #[error(transparent)]
    Uri(#[from] UriError),
    #[error(transparent)]
    Param(#[from] ParamError),
}

/// One Via value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    pub transport: Transport,
    /// The sent-by: where the sender says it is.
    pub sent_by: HostWithPort,
    pub params: Vec<Param>,
}

impl Via {
    /// Makes the Via of a request we send, asking for `rport` (RFC 3581 section 3).
    pub fn new(way: Way, local: SocketAddr, branch: &str) -> Self {
        Self {
            transport: match way {
                Way::Udp => Transport::Udp,
                Way::Tcp => Transport::Tcp,
                Way::Tls => Transport::Tls,
            },
            sent_by: HostWithPort {
                host: Host::IpAddr(local.ip()),
                port: Some(local.port().into()),
            },
            params: vec![Param::Other("rport".into(), None), Param::Branch(branch.into())],
        }
    }

    /// The branch, which with method and sent-by names a transaction (RFC 3261 section 17.2.3).
    pub fn branch(&self) -> Option<&str> {
        self.params.iter().find_map(|param| match param {
            Param::Branch(branch) => Some(branch.value()),
            _ => None,
        })
    }

    /// Tells whether the sender asks for a response to the port its request came from (RFC 3581).
    pub fn wants_rport(&self) -> bool {
        self.params.iter().any(|p| param::name_of(p).eq_ignore_ascii_case("rport"))
    }

    /// The port the receiver saw, if it told.
    pub fn rport(&self) -> Option<u16> {
        param::value_of(&self.params, "rport")??.parse().ok()
    }

    /// The address the receiver saw, if it told. Brackets around an IPv6 address are taken too.
    pub fn received(&self) -> Option<IpAddr> {
        param::value_of(&self.params, "received")??.trim_matches(['[', ']']).parse().ok()
    }

    /// The sent-by as text, lower case, with its port: a part of the transaction's key.
    pub fn sent_by_key(&self) -> String {
        let mut sent_by = self.sent_by.clone();
        sent_by.port = Some(sent_by.port.unwrap_or_else(|| DEFAULT_PORT.into()));
        uri::write_host_port(&sent_by).to_ascii_lowercase()
    }

    /// Notes where the request came from: `received` where it differs from the sent-by or `rport`
    /// is asked for, and `rport` (RFC 3261 section 18.2.1, RFC 3581 section 4).
    pub fn stamp(&mut self, source: SocketAddr) {
        let wants_rport = self.wants_rport();
        let ours = |param: &Param| param::name_of(param).eq_ignore_ascii_case("received");
        self.params.retain(|param| !ours(param));
        if wants_rport || self.sent_by.host != Host::IpAddr(source.ip()) {
            self.params.push(Param::Received(source.ip().to_string().into()));
        }
        if wants_rport {
            self.params.retain(|p| !param::name_of(p).eq_ignore_ascii_case("rport"));
            let port = source.port().to_string();
            self.params.push(Param::Other("rport".into(), Some(port.into())));
        }
    }

    /// Where the response goes, after `stamp`: back by the connection it came by, or to the port of
    /// the sent-by once that is closed (RFC 3261 section 18.2.2, RFC 3581 section 4). A `maddr` is
    /// not followed: a sender could aim our responses at anyone with it.
    pub fn reply_to(&self, source: Peer) -> Peer {
        if self.wants_rport() && !source.transport.reliable() {
            return source;
        }
        let port = self.sent_by.port.map_or(source.transport.default_port(), u16::from);
        source.at_port(port)
    }

    /// Reads one Via value.
    pub fn parse(text: &str) -> Result<Self, ViaError> {
        let mut parts = text.trim().splitn(3, '/').map(str::trim);
        let (name, version, rest) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some("2.0"), Some(rest)) = (name, version, rest) else {
            return Err(ViaError::Protocol);
        };
        if !name.eq_ignore_ascii_case("SIP") {
            return Err(ViaError::Protocol);
        }
        let (transport, rest) = rest.split_once([' ', '\t']).ok_or(ViaError::Protocol)?;
        let transport = Transport::from_str(transport)
            .map_err(|_| ViaError::Transport(transport.to_owned()))?;
        let (sent_by, params) = match rest.split_once(';') {
            Some((sent_by, params)) => (sent_by, param::parse(params)?),
            None => (rest, Vec::new()),
        };
        // White space may stand around the colon (RFC 3261 section 25.1, COLON).
        let sent_by: String = sent_by.chars().filter(|c| !matches!(c, ' ' | '\t')).collect();
        Ok(Self { transport, sent_by: uri::host_port(&sent_by)?, params })
    }

    /// Saves of a malformed Via, or of one of another version, what a refusal needs to find its way:
    /// transport, sent-by, and the branch where it can be read (RFC 4475 3.1.2.1, 3.1.2.16).
    pub fn salvage(text: &str) -> Option<Self> {
        let (head, params) = text.split_once(';').unwrap_or((text, ""));
        let (protocol, rest) = head.rsplit_once('/')?;
        let (name, _version) = protocol.split_once('/')?;
        if !name.trim().eq_ignore_ascii_case("SIP") {
            return None;
        }
        let mut via = Self::parse(&format!("SIP/2.0/{}", rest.trim_start())).ok()?;
        let branch = params.split(';').find_map(|param| param.trim().strip_prefix("branch="));
        if let Some(branch) = branch.filter(|branch| is_token(branch)) {
            via.params.push(Param::Branch(branch.into()));
        }
        Some(via)
    }
}

impl fmt::Display for Via {
    /// Writes it so that `parse` reads the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, uri::write_host_port(&self.sent_by))?;
        self.params.iter().try_for_each(|param| write!(f, "{param}"))
    }
}
