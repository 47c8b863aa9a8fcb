//! `[sip]`: how phones and trunks reach the box.

use crate::basics::{WORDS_MAX, required_section};
use crate::read::{Field, Reader, Section, Spot, cut};
use crate::transports::{address, tls};
use model::site::{Guarding, Limits, SipSite};
use model::srtp::SrtpPolicy;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// UDP ports one call needs: RTP and RTCP for the caller and for the agent.
const RTP_PORTS_PER_CALL: u32 = 4;

/// What a site or a trunk may say of encrypted sound.
pub(crate) const POLICIES: [(&str, SrtpPolicy); 3] = [
    ("forbid", SrtpPolicy::Forbid),
    ("offer", SrtpPolicy::Offer),
    ("require", SrtpPolicy::Require),
];

/// Most networks that are trusted.
const TRUSTED_MAX: usize = 50;

pub(crate) fn sip(reader: &mut Reader<'_>, root: &mut Section<'_>, limits: &Limits) -> SipSite {
    let mut sip = SipSite {
        bind: SocketAddr::from(([127, 0, 0, 1], 5060)),
        realm: "ringfence".to_owned(),
        rtp_ports: (20_000, 20_999),
        register_s: (60, 3600),
        ..SipSite::default()
    };
    let Some(mut section) = required_section(reader, root, "sip") else { return sip };
    if let Some(field) = section.required(reader, "bind", "\"192.168.1.10:5060\"")
        && let Some(bind) = address(reader, &field, "192.168.1.10:5060")
    {
        sip.bind = bind;
    }
    sip.tcp = section.field("tcp").and_then(|f| address(reader, &f, "192.168.1.10:5060"));
    sip.tls = tls(reader, &mut section);
    if let Some(field) = section.field("srtp") {
        sip.srtp = field.one_of(reader, &POLICIES).unwrap_or_default();
        if sip.srtp == SrtpPolicy::Require && sip.tls.is_none() {
            let problem = "'require' needs [sip.tls]: keys are never sent in clear";
            reader.fault(&field.spot, problem);
        }
    }
    if let Some(field) = section.field("session-timer") {
        // 90 s is the least a session may expire in (RFC 4028 section 4).
        let range = Duration::from_secs(90)..=Duration::from_secs(24 * 3600);
        let span = field.span(reader, range).map(seconds);
        sip.session_s = span.unwrap_or(sip.session_s);
    }
    let connections = section.field("connections");
    let connections = connections.and_then(|field| field.whole(reader, 1..=20_000));
    sip.connections_max = connections.unwrap_or(sip.connections_max);
    sip.guarding = guarding(reader, &mut section);
    same_address(reader, &section, &sip);
    if let Some(field) = section.field("realm")
        && let Some(realm) = field.words(reader, WORDS_MAX)
    {
        if realm.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
            sip.realm = realm.to_owned();
        } else {
            let _: Option<()> = field.must_be(reader, "a host name: letters, digits, '.' and '-'");
        }
    }
    let spot = match section.field("rtp-ports") {
        None => section.spot.clone(),
        Some(field) => {
            let items = field.list(reader, 2);
            let ports: Vec<u16> =
                items.iter().filter_map(|item| item.whole(reader, 1024..=u16::MAX)).collect();
            match (&ports[..], items.len()) {
                (&[first, last], 2) => sip.rtp_ports = (first, last),
                (_, 2) => {}
                _ => reader.fault(&field.spot, "must be two ports, the first and the last"),
            }
            field.spot
        }
    };
    ports_fit(reader, &spot, &sip, limits);
    if let Some(field) = section.field("register") {
        let range = Duration::from_secs(30)..=Duration::from_secs(24 * 3600);
        let items = field.list(reader, 2);
        let spans: Vec<Duration> =
            items.iter().filter_map(|item| item.span(reader, range.clone())).collect();
        match (&spans[..], items.len()) {
            (&[short, long], 2) if short <= long => {
                sip.register_s = (seconds(short), seconds(long));
            }
            ([_, _], 2) => {
                reader.fault(&field.spot, "the shortest time is longer than the longest")
            }
            (_, 2) => {}
            _ => reader.fault(&field.spot, "must be two times, the shortest and the longest"),
        }
    }
    section.done(reader);
    sip
}

/// `[sip.guard]`: how hard the box is on whoever proved no password.
fn guarding(reader: &mut Reader<'_>, sip: &mut Section<'_>) -> Guarding {
    let mut guarding = Guarding::default();
    let Some(mut section) = sip.section(reader, "guard") else { return guarding };
    let rate = section.field("requests").and_then(|field| field.whole(reader, 5..=5000));
    guarding.requests_per_s = rate.unwrap_or(guarding.requests_per_s);
    let wrong = section.field("wrong-passwords").and_then(|field| field.whole(reader, 3..=100));
    guarding.wrong_passwords = wrong.unwrap_or(guarding.wrong_passwords);
    let range = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);
    let ban = section.field("ban").and_then(|field| field.span(reader, range));
    guarding.ban = ban.unwrap_or(guarding.ban);
    if let Some(field) = section.field("trusted") {
        for item in field.list(reader, TRUSTED_MAX) {
            guarding.trusted.extend(network(reader, &item));
        }
    }
    section.done(reader);
    guarding
}

/// A network: an address and how many of its bits count. All of them at once are no network.
fn network(reader: &mut Reader<'_>, item: &Field<'_>) -> Option<(IpAddr, u8)> {
    let text = item.text(reader)?;
    let read = || {
        let (net, bits) = text.split_once('/')?;
        let (net, bits) = (net.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
        let width = if net.is_ipv4() { 32 } else { 64 };
        (8..=width).contains(&bits).then_some((net, bits))
    };
    let network = read();
    if network.is_none() {
        let rule = "an address and 8 or more bits, such as \"192.168.1.0/24\"; of IPv6 64 at most";
        reader.fault(&item.spot, format!("'{}' is no network: {rule}", cut(text)));
    }
    network
}

/// TCP and TLS cannot answer at the same address; UDP and TCP can.
fn same_address(reader: &mut Reader<'_>, section: &Section<'_>, sip: &SipSite) {
    let tls = sip.tls.as_ref().map(|tls| tls.bind);
    if let Some(tcp) = sip.tcp.filter(|tcp| Some(*tcp) == tls) {
        let problem = format!("tcp and tls.bind are both {tcp}; give TLS another port");
        reader.fault(&section.spot, problem);
    }
}

/// Whole seconds of a length of time.
pub(crate) fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

/// RTP ports come in pairs, are enough for the calls allowed, and leave SIP its own.
fn ports_fit(reader: &mut Reader<'_>, spot: &Spot, sip: &SipSite, limits: &Limits) {
    let (first, last) = sip.rtp_ports;
    if !first.is_multiple_of(2) || last.is_multiple_of(2) || first > last {
        let rule = "the first must be even and the last odd, since ports come in pairs";
        return reader.fault(spot, format!("{first} to {last} is no range of RTP ports; {rule}"));
    }
    let there = u32::from(last - first) + 1;
    let needed = u32::from(limits.calls_max) * RTP_PORTS_PER_CALL;
    if there < needed {
        let calls = limits.calls_max;
        let problem = format!(
            "{first} to {last} is {there} ports; {calls} calls at once (limits.calls) need {needed}"
        );
        reader.fault(spot, problem);
    }
    if (first..=last).contains(&sip.bind.port()) {
        let port = sip.bind.port();
        reader
            .fault(spot, format!("{first} to {last} holds {port}, which is the port of sip.bind"));
    }
}
