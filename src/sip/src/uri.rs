//! SIP addresses: a strict parser into `rsip::Uri` and a writer of our own.
//!
//! `rsip` loses IPv6 hosts, users with a dot in them and whatever follows a `?`; so the text is
//! taken apart here (RFC 3261 section 25.1) and only its parts are handed to `rsip`'s types.

use crate::param::{self, ParamError, name_value};
use crate::peer::Transport;
use rsip::{Auth, Host, HostWithPort, Param, Scheme, Uri};
use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The port of SIP over UDP where none is given (RFC 3261 section 19.1.2).
pub const DEFAULT_PORT: u16 = 5060;

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    #[error("the address has no scheme")]
    NoScheme,
    #[error("the address has no host")]
    NoHost,
    #[error("the address' host '{0}' is none")]
    Host(String),
    #[error("the address' port '{0}' is none")]
    Port(String),
    #[error("the address' user part is malformed")]
    User,
    #[error(transparent)]
    Param(#[from] ParamError),
    #[error("a character that no address holds")]
    Character,
}

/// Reads an address. What follows a `?` is checked for its characters and dropped: nothing of it is
/// ever acted upon (RFC 3261 section 19.1.5 allows to ignore it).
pub fn parse(text: &str) -> Result<Uri, UriError> {
    let foreign = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"');
    if text.contains(foreign) {
        return Err(UriError::Character);
    }
    let (scheme, rest) = text.split_once(':').ok_or(UriError::NoScheme)?;
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let holds = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !starts || !holds {
        return Err(UriError::NoScheme);
    }
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "sip" => Scheme::Sip,
        "sips" => Scheme::Sips,
        other => return opaque(other, rest),
    };
    let (auth, rest) = match rest.split_once('@') {
        Some((user, rest)) => (Some(userinfo(user)?), rest),
        None => (None, rest),
    };
    let rest = rest.split_once('?').map_or(rest, |(rest, _headers)| rest);
    let (host, params) = match rest.split_once(';') {
        Some((host, params)) => (host, param::parse(params)?),
        None => (rest, Vec::new()),
    };
    let host_with_port = host_port(host)?;
    Ok(Uri { scheme: Some(scheme), auth, host_with_port, params, headers: Vec::new() })
}

/// Writes an address so that `parse` reads the same one.
pub fn write(uri: &Uri) -> String {
    let mut text = String::new();
    match &uri.scheme {
        Some(Scheme::Sips) => text.push_str("sips:"),
        Some(Scheme::Other(scheme)) => {
            text.push_str(scheme);
            text.push(':');
        }
        Some(Scheme::Sip) | None => text.push_str("sip:"),
    }
    if let Some(auth) = &uri.auth {
        text.push_str(&auth.user);
        if let Some(password) = &auth.password {
            text.push(':');
            text.push_str(password);
        }
        text.push('@');
    }
    text.push_str(&write_host_port(&uri.host_with_port));
    for param in &uri.params {
        let _ = write!(text, "{param}");
    }
    text
}

/// Makes `sip:user@address`.
pub fn of_user(user: &str, at: SocketAddr) -> Uri {
    let mut uri = of_host(at);
    uri.auth = Some(Auth { user: escape_user(user), password: None });
    uri
}

/// Makes `sip:address`.
pub fn of_host(at: SocketAddr) -> Uri {
    Uri {
        scheme: Some(Scheme::Sip),
        host_with_port: HostWithPort { host: Host::IpAddr(at.ip()), port: Some(at.port().into()) },
        ..Uri::default()
    }
}

/// The user part with its escapes undone, or the number of a `tel:` address. Nothing where the text
/// within the escapes is not UTF-8 or holds control characters.
pub fn user(uri: &Uri) -> Option<String> {
    match (&uri.auth, &uri.scheme, &uri.host_with_port.host) {
        (Some(auth), _, _) => {
            // A phone may append parameters to the user part (RFC 3261 section 19.1.6).
            unescape(auth.user.split(';').next().unwrap_or_default())
        }
        (None, Some(Scheme::Other(scheme)), Host::Domain(number)) if scheme == "tel" => {
            unescape(number.to_string().split(';').next().unwrap_or_default())
        }
        _ => None,
    }
}

/// Makes `sip:user@address;transport=tls`, or `sip:address` where the user is empty. UDP needs no
/// parameter.
pub fn of_ours(user: &str, transport: Transport, at: SocketAddr) -> Uri {
    let mut uri = if user.is_empty() { of_host(at) } else { of_user(user, at) };
    if transport != Transport::Udp {
        uri.params.push(Param::Other("transport".into(), Some(transport.param().into())));
    }
    uri
}

/// Where a request to this address is sent, if its host is a number: names are not resolved here.
pub fn socket_addr(uri: &Uri) -> Option<SocketAddr> {
    let default = transport(uri).map_or(DEFAULT_PORT, Transport::default_port);
    match uri.host_with_port.host {
        Host::IpAddr(ip) => Some(SocketAddr::new(ip, port(uri).unwrap_or(default))),
        Host::Domain(_) => None,
    }
}

/// The transport that the address asks for: TLS by its scheme, or by its parameter; nothing where
/// it says none that we have (RFC 3261 sections 19.1.1 and 26.2.2).
pub fn transport(uri: &Uri) -> Option<Transport> {
    if is_sips(uri) {
        return Some(Transport::Tls);
    }
    Transport::from_name(&param::value_of(&uri.params, "transport")??)
}

/// Tells whether the address is to be reached by TLS all the way.
pub fn is_sips(uri: &Uri) -> bool {
    matches!(uri.scheme, Some(Scheme::Sips))
}

/// The port, if one is written.
pub fn port(uri: &Uri) -> Option<u16> {
    uri.host_with_port.port.map(u16::from)
}

/// Tells whether the address is `sip:` or `sips:`.
pub fn is_sip(uri: &Uri) -> bool {
    matches!(uri.scheme, Some(Scheme::Sip | Scheme::Sips))
}

/// Tells whether two addresses are equivalent (RFC 3261 section 19.1.4): user and password to the
/// letter, host without case, written ports, and the parameters that both have or that count alone.
pub fn same(a: &Uri, b: &Uri) -> bool {
    let host = |uri: &Uri| write_host(&uri.host_with_port.host).to_ascii_lowercase();
    let scheme = |uri: &Uri| match &uri.scheme {
        Some(Scheme::Sips) => "sips".to_owned(),
        Some(Scheme::Other(other)) => other.clone(),
        Some(Scheme::Sip) | None => "sip".to_owned(),
    };
    let auth = |uri: &Uri| {
        uri.auth
            .as_ref()
            .map(|auth| (unescape(&auth.user), auth.user.clone(), auth.password.clone()))
    };
    let auth_same = match (auth(a), auth(b)) {
        (Some((ua, ra, pa)), Some((ub, rb, pb))) => {
            pa == pb && (ra == rb || ua.is_some() && ua == ub)
        }
        (None, None) => true,
        _ => false,
    };
    let alone = ["user", "ttl", "method", "maddr", "transport"];
    let within = |one: &[Param], other: &[Param]| {
        one.iter().map(name_value).all(|(name, value)| match param::value_of(other, &name) {
            Some(found) => match (value, found) {
                (Some(v), Some(f)) => v.eq_ignore_ascii_case(&f),
                (v, f) => v == f,
            },
            None => !alone.iter().any(|counts| counts.eq_ignore_ascii_case(&name)),
        })
    };
    scheme(a) == scheme(b)
        && auth_same
        && host(a) == host(b)
        && port(a) == port(b)
        && within(&a.params, &b.params)
        && within(&b.params, &a.params)
}

/// Reads `host[:port]`, with an IPv6 address in brackets.
pub fn host_port(text: &str) -> Result<HostWithPort, UriError> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, after) =
            rest.split_once(']').ok_or_else(|| UriError::Host(text.to_owned()))?;
        let v6: Ipv6Addr = address.parse().map_err(|_| UriError::Host(text.to_owned()))?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err(UriError::Host(text.to_owned())),
        };
        (Host::IpAddr(IpAddr::V6(v6)), port)
    } else {
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        if name.is_empty() {
            return Err(UriError::NoHost);
        }
        let of_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if !name.chars().all(of_name) {
            return Err(UriError::Host(name.to_owned()));
        }
        (Host::from(name), port)
    };
    let port = match port {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let number: u16 = digits.parse().map_err(|_| UriError::Port(digits.to_owned()))?;
            Some(number.into())
        }
        Some(other) => return Err(UriError::Port(other.to_owned())),
        None => None,
    };
    Ok(HostWithPort { host, port })
}

/// Writes `host[:port]`, with an IPv6 address in brackets.
pub fn write_host_port(host: &HostWithPort) -> String {
    let name = write_host(&host.host);
    match host.port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    }
}

/// An address of another scheme: its rest is kept as it stands, in the host's place.
fn opaque(scheme: &str, rest: &str) -> Result<Uri, UriError> {
    if rest.is_empty() {
        return Err(UriError::NoHost);
    }
    Ok(Uri {
        scheme: Some(Scheme::Other(scheme.to_owned())),
        host_with_port: HostWithPort { host: Host::Domain(rest.into()), port: None },
        ..Uri::default()
    })
}

fn userinfo(text: &str) -> Result<Auth, UriError> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    let of_user = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/%#".contains(c);
    let of_password = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,%".contains(c);
    let escapes = |text: &str| {
        text.split('%')
            .skip(1)
            .all(|after| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit()))
    };
    let password_whole = password.is_none_or(|p| p.chars().all(of_password) && escapes(p));
    if user.is_empty() || !user.chars().all(of_user) || !escapes(user) || !password_whole {
        return Err(UriError::User);
    }
    Ok(Auth { user: user.to_owned(), password: password.map(str::to_owned) })
}

pub fn write_host(host: &Host) -> String {
    match host {
        Host::IpAddr(IpAddr::V6(v6)) => format!("[{v6}]"),
        Host::IpAddr(v4) => v4.to_string(),
        Host::Domain(name) => name.to_string(),
    }
}

fn escape_user(user: &str) -> String {
    let mut text = String::new();
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Undoes `%HH`; nothing where the result is not UTF-8 or holds control characters.
/// Undoes the escapes. Nothing where what is within them is not UTF-8 or holds control characters.
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut pair = [0; 1];
        let digits = [rest.next()?, rest.next()?];
        hex::decode_to_slice(digits, &mut pair).ok()?;
        bytes.extend(pair);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}
