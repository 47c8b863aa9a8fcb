//! `[sip]`: how phones and trunks reach the box.

use crate::basics::{WORDS_MAX, required_section};
use crate::read::{Reader, Section, Spot};
use model::site::{Limits, SipSite};
use std::net::SocketAddr;
use std::time::Duration;

/// UDP ports one call needs: RTP and RTCP for the caller and for the agent.
const RTP_PORTS_PER_CALL: u32 = 4;

pub(crate) fn sip(reader: &mut Reader<'_>, root: &mut Section<'_>, limits: &Limits) -> SipSite {
    let mut sip = SipSite {
        bind: SocketAddr::from(([127, 0, 0, 1], 5060)),
        realm: "ringfence".to_owned(),
        rtp_ports: (20_000, 20_999),
        register_s: (60, 3600), ..SipSite::default()
    };
    let Some(mut section) = required_section(reader, root, "sip") else { return sip };
    if let Some(field) = section.required(reader, "bind", "\"192.168.1.10:5060\"") {
        let read = field.value.as_str().and_then(|text| text.parse().ok());
        match read.filter(|bind: &SocketAddr| bind.port() != 0) {
            Some(bind) => sip.bind = bind,
            None => {
                let wanted = "an address and port such as \"192.168.1.10:5060\"";
                let _: Option<()> = field.must_be(reader, wanted);
            }
        }
    }
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
        let seconds = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
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
