//! `[trunk.NAME]`: carriers and PBXs, which calls come from and go to.

use crate::lines;
use crate::names::{self, is_telephone_number};
use crate::numbering::number;
use crate::passwords::secret;
use crate::queues::never_or;
use crate::read::{Field, Reader, Section, cut};
use crate::refs;
use crate::sip::{POLICIES, seconds};
use crate::transports;
use model::site::{
    CallerId, Entry, Limits, NumberForm, Port, SipSite, SpanLine, Target, Transport, Trunk,
    TrunkAccount, TrunkOut,
};
use model::srtp::SrtpPolicy;
use model::{MenuId, PortId, TrunkId};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const TRUNKS_MAX: usize = 32;
const PEERS_MAX: usize = 32;
const NUMBERS_MAX: usize = 1000;
const TARGETS_MAX: usize = 8;
/// Lines of which the clock may be taken.
const CLOCKS_MAX: u8 = 32;
/// Of T309: ETSI's least (EN 300 403-1 table 9.1), and three times the standard's.
const T309_MIN: Duration = Duration::from_secs(6);
const T309_MAX: Duration = Duration::from_secs(270);
/// Longest name of an account or a domain.
const ACCOUNT_MAX: usize = 128;

pub(crate) fn trunks(
    reader: &mut Reader<'_>,
    root: &mut Section<'_>,
    limits: &Limits,
    sip: &SipSite,
    ports: &BTreeMap<PortId, Port>,
) -> BTreeMap<TrunkId, Trunk> {
    let mut trunks = BTreeMap::new();
    let mut owners = BTreeMap::<IpAddr, &str>::new();
    let (mut spans, mut lines) = (Spans::default(), BTreeMap::new());
    let Some(section) = root.section(reader, "trunk") else { return trunks };
    for (name, mut section) in section.tables(reader, TRUNKS_MAX) {
        names::name(reader, &section.spot, name);
        if let Some(group) = lines::of_trunk(reader, &mut section, name, ports, &mut lines) {
            let trunk = of_ports(reader, &mut section, group, ports);
            section.done(reader);
            trunks.insert(TrunkId::new(name), trunk);
            continue;
        }
        let span = span_line(reader, &mut section, name, &mut spans);
        let mut peers = Vec::new();
        let wanted = match span {
            // A line is known by where it is plugged in.
            Some(_) => None,
            None => section.required(reader, "peers", "[\"203.0.113.7\"]"),
        };
        if let Some(field) = wanted {
            for item in field.list(reader, PEERS_MAX) {
                let address = item.value.as_str().and_then(|text| text.parse::<IpAddr>().ok());
                let Some(peer) = address.filter(|peer| !peer.is_unspecified()) else {
                    let _: Option<()> = item
                        .must_be(reader, "an IP address without a port, such as \"203.0.113.7\"");
                    continue;
                };
                if let Some(owner) = owners.insert(peer, name) {
                    reader
                        .fault(&item.spot, format!("'{peer}' is a peer of trunk.{owner} already"));
                }
                if peer.is_loopback() && peer == sip.bind.ip() {
                    let why = "any phone on this very machine may call without a password";
                    reader.note(&item.spot, format!("'{peer}' is a trunk's peer: {why}"));
                }
                peers.push(peer);
            }
            if peers.is_empty() {
                reader.fault(&field.spot, "names no address to take calls from");
            }
        }
        let calls_max = match section.field("calls") {
            Some(field) => field.whole(reader, 1..=limits.calls_max).unwrap_or(1),
            None => limits.calls_max.min(30),
        };
        let calls_max = calls_max.min(span.map_or(u16::MAX, |_| SpanLine::BEARERS));
        let default = refs::node(reader, &mut section, "entry");
        let mut by_number = BTreeMap::new();
        if let Some(numbers) = section.section(reader, "numbers") {
            for (number, spot, field) in numbers.entries().into_iter().take(NUMBERS_MAX) {
                if !is_telephone_number(number) {
                    let number = cut(number);
                    let rule = "digits, perhaps after a +";
                    reader.fault(&spot, format!("'{number}' is no telephone number: {rule}"));
                }
                by_number.insert(number.to_owned(), refs::node_of(reader, &field));
            }
        }
        let out = match span {
            Some(_) => out_by_line(reader, &mut section),
            None => out(reader, &mut section, sip),
        };
        section.done(reader);
        let entry = Entry { default, by_number };
        let trunk = Trunk { span, ports: Vec::new(), peers, calls_max, entry, out };
        trunks.insert(TrunkId::new(name), trunk);
    }
    trunks
}

/// A trunk of analogue lines. Who calls over one begins where its port says, and the exchange shows
/// whose line it is; so neither is the trunk's to say, and numbers are dialled as one does at home.
fn of_ports(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    group: Vec<PortId>,
    ports: &BTreeMap<PortId, Port>,
) -> Trunk {
    let lines = u16::try_from(group.len()).unwrap_or(u16::MAX).max(1);
    let calls = section.field("calls").and_then(|field| field.whole(reader, 1..=lines));
    let order = section.field("order").and_then(|field| field.whole(reader, 0..=999));
    let suppress_noise = section.field("suppress-noise").and_then(|f| f.flag(reader));
    let first = group.first().and_then(|id| ports.get(id));
    let default = first.map_or_else(|| MenuId::new(""), |port| port.entry.default.clone());
    let out = TrunkOut { order: order.unwrap_or(0), suppress_noise, ..TrunkOut::default() };
    Trunk {
        span: None,
        calls_max: calls.unwrap_or(lines),
        entry: Entry { default, by_number: BTreeMap::new() },
        ports: group,
        peers: Vec::new(),
        out,
    }
}

/// What the spans read so far have taken.
#[derive(Default)]
struct Spans<'a> {
    firsts: Vec<(u16, &'a str)>,
    /// Ranks by which the card takes its clock.
    clocks: BTreeMap<u8, &'a str>,
}

/// `first-channel = 1`: the span of a card that the trunk runs over.
fn span_line<'a>(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    name: &'a str,
    spans: &mut Spans<'a>,
) -> Option<SpanLine> {
    let field = section.field("first-channel")?;
    let first_channel = field.whole(reader, 1..=1024 - SpanLine::CHANNELS + 1).unwrap_or(1);
    let near = |other: u16| other.abs_diff(first_channel) < SpanLine::CHANNELS;
    if let Some((_, owner)) = spans.firsts.iter().find(|(other, _)| near(*other)) {
        let problem = format!("{first_channel} and the 30 behind it are trunk.{owner}'s in part");
        reader.fault(&field.spot, problem);
    }
    spans.firsts.push((first_channel, name));
    let usual = SpanLine::new(first_channel);
    let driver = section.field("driver").and_then(|field| field.one_of(reader, &lines::DRIVERS));
    let sides = [("user", false), ("network", true)];
    let side = section.field("side").and_then(|field| field.one_of(reader, &sides));
    let digits = section.field("overlap-digits");
    let overlap_digits = digits.and_then(|field| field.whole(reader, 1..=20));
    let network = side.unwrap_or(false);
    let crc4 = section.field("crc4").and_then(|field| field.flag(reader)).unwrap_or(usual.crc4);
    let clock = clock(reader, section, name, network, &mut spans.clocks);
    let build_out = section.field("build-out").and_then(|field| field.whole(reader, 0..=7));
    let echo_ms = section.field("echo-ms").and_then(|field| lines::echo_ms(reader, &field));
    let span = section.field("t309").and_then(|field| field.span(reader, T309_MIN..=T309_MAX));
    let t309_s = span.and_then(|span| u16::try_from(span.as_secs()).ok());
    Some(SpanLine {
        driver: driver.unwrap_or(usual.driver),
        network,
        overlap_digits,
        crc4,
        clock,
        build_out: build_out.unwrap_or(usual.build_out),
        echo_ms: echo_ms.unwrap_or(usual.echo_ms),
        t309_s: t309_s.unwrap_or(usual.t309_s),
        ..usual
    })
}

/// By which rank the card takes its clock of a line. A carrier gives the clock, in the order the lines are
/// read where it does not matter; a PBX takes it.
fn clock<'a>(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    name: &'a str,
    network: bool,
    clocks: &mut BTreeMap<u8, &'a str>,
) -> u8 {
    let field = section.field("clock");
    let rank = field.as_ref().and_then(|field| field.whole(reader, 0..=CLOCKS_MAX));
    let next = (1..=CLOCKS_MAX).find(|rank| !clocks.contains_key(rank)).unwrap_or(0);
    let rank = rank.unwrap_or(if network { 0 } else { next });
    if rank > 0
        && let Some(owner) = clocks.insert(rank, name)
        && let Some(field) = field
    {
        reader.fault(&field.spot, format!("{rank} is the clock's rank of trunk.{owner} already"));
    }
    rank
}

/// What the box sends to a trunk that is a line: what is SIP's alone is refused as unknown.
fn out_by_line(reader: &mut Reader<'_>, section: &mut Section<'_>) -> TrunkOut {
    let mut out = TrunkOut::default();
    numbers_out(reader, section, &mut out);
    out.suppress_noise = section.field("suppress-noise").and_then(|f| f.flag(reader));
    out
}

/// Which trunk goes first, and how numbers are written and shown.
fn numbers_out(reader: &mut Reader<'_>, section: &mut Section<'_>, out: &mut TrunkOut) {
    let order = section.field("order").and_then(|field| field.whole(reader, 0..=999));
    out.order = order.unwrap_or(0);
    if let Some(field) = section.field("caller-id") {
        out.caller_id = match field.value.as_str() {
            Some("agent") => CallerId::Agent,
            Some("withheld") => CallerId::Withheld,
            Some(text) if is_telephone_number(text) => {
                number(reader, &field).map(CallerId::Fixed).unwrap_or_default()
            }
            _ => {
                let known = "\"agent\", \"withheld\" or a number in quotes";
                field.must_be::<()>(reader, known);
                CallerId::default()
            }
        };
    }
    let forms = [
        ("national", NumberForm::National),
        ("e164", NumberForm::E164),
        ("e164-without-plus", NumberForm::E164WithoutPlus),
    ];
    let form = section.field("number-form").and_then(|field| field.one_of(reader, &forms));
    out.form = form.unwrap_or_default();
}

/// What the box sends to a trunk.
fn out(reader: &mut Reader<'_>, section: &mut Section<'_>, sip: &SipSite) -> TrunkOut {
    let mut out = TrunkOut { options_every: Duration::from_secs(30), ..TrunkOut::default() };
    if let Some(field) = section.field("targets") {
        for item in field.list(reader, TARGETS_MAX) {
            out.targets.extend(target(reader, &item));
        }
    }
    out.account = account(reader, section);
    numbers_out(reader, section, &mut out);
    out.trusted = section.field("trusted").and_then(|f| f.flag(reader)).unwrap_or(false);
    let ways = [("tones", false), ("info", true)];
    let keys = section.field("keys").and_then(|field| field.one_of(reader, &ways));
    out.keys_by_info = keys.unwrap_or(false);
    out.srtp = srtp(reader, section, sip, &out.targets);
    out.certificate = transports::certificate(reader, section, sip);
    out.options_every = never_or(reader, section, "options-every", 5..=3600, 30);
    out.suppress_noise = section.field("suppress-noise").and_then(|f| f.flag(reader));
    out
}

/// `udp:203.0.113.7:5060`: how, where, and at which port; the port of the trade where none is said.
fn target(reader: &mut Reader<'_>, item: &Field<'_>) -> Option<Target> {
    let ways = [("udp", Transport::Udp), ("tcp", Transport::Tcp), ("tls", Transport::Tls)];
    let read = item.value.as_str().and_then(|text| {
        let (way, place) = text.split_once(':')?;
        let (_, transport) = ways.into_iter().find(|(name, _)| *name == way)?;
        let port = if transport.secure() { 5061 } else { 5060 };
        let bare = place.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let addr = place.parse().or_else(|_| bare.map(|ip| SocketAddr::new(ip, port))).ok()?;
        Some(Target { addr, transport })
    });
    let usable = read.filter(|to| to.addr.port() != 0 && !to.addr.ip().is_unspecified());
    match usable {
        Some(target) => Some(target),
        None => item.must_be(
            reader,
            "udp, tcp or tls, an IP address and a port, such as \"udp:203.0.113.7:5060\"",
        ),
    }
}

fn account(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<TrunkAccount> {
    let lost = section.field("targets").is_none();
    let mut section = section.section(reader, "account")?;
    let spot = section.spot.clone();
    if lost {
        reader.fault(&spot, "has nowhere to go; name the trunk's targets");
    }
    let user = section.required(reader, "user", "\"02160000000\"");
    let user = user.and_then(|field| field.words(reader, ACCOUNT_MAX)).unwrap_or_default();
    let password = section.required(reader, "password", "\"as the carrier gave it\"");
    let password = password.and_then(|field| secret(reader, &field, 1)).unwrap_or_default();
    let mut domain = "";
    if let Some(field) = section.field("domain")
        && let Some(text) = field.words(reader, ACCOUNT_MAX)
    {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
        match text.bytes().all(fits) {
            true => domain = text,
            false => reader.fault(&field.spot, "must be a host name: letters, digits, '.' and '-'"),
        }
    }
    let realm = section.field("realm").and_then(|field| field.words(reader, ACCOUNT_MAX));
    let register = section.field("register").and_then(|field| field.flag(reader));
    let range = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);
    let expires = section.field("expires").and_then(|field| field.span(reader, range));
    section.done(reader);
    Some(TrunkAccount {
        user: user.to_owned(),
        password,
        domain: domain.to_owned(),
        realm: realm.map(str::to_owned),
        register: register.unwrap_or(true),
        expires_s: expires.map_or(3600, seconds),
    })
}

/// What holds on this trunk instead of the site's policy: keys go over TLS alone, so the trunk must
/// have it where encryption is required, and no clear way beside it.
fn srtp(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    sip: &SipSite,
    targets: &[Target],
) -> Option<SrtpPolicy> {
    let field = section.field("srtp");
    let own = field.as_ref().and_then(|field| field.one_of(reader, &POLICIES));
    if own.unwrap_or(sip.srtp) == SrtpPolicy::Require {
        let clear = targets.iter().find(|target| !target.transport.secure());
        let spot = field.map_or_else(|| section.spot.clone(), |field| field.spot);
        if let Some(clear) = clear {
            let problem = format!(
                "encryption is required, and target {} would have its keys in clear; \
                 reach it by tls, or say srtp = \"offer\" for this trunk",
                clear.addr
            );
            reader.fault(&spot, problem);
        }
    }
    own
}
