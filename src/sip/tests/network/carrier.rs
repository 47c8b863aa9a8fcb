//! A carrier with two hosts, whose part the test itself plays.

#![allow(dead_code, clippy::unwrap_used)]

use super::{BOX, Network, at, box_config, header, line, ringing, rtp};
use model::site::{Target, TrunkAccount, TrunkOut};
use model::{Number, PersonName, Secret, TrunkId};
use sip::{Config, Output, Transport, TrunkCall, TrunkConfig};
use std::collections::BTreeSet;

/// The carrier's two hosts: the test itself speaks for them.
pub const ONE: &str = "198.51.100.21:5060";
pub const TWO: &str = "198.51.100.22:5060";

pub fn way_out() -> TrunkOut {
    let target = |addr: &str| Target { addr: at(addr), transport: Transport::Udp };
    TrunkOut { targets: vec![target(ONE), target(TWO)], ..TrunkOut::default() }
}

pub fn account(register: bool) -> TrunkAccount {
    TrunkAccount {
        user: "02160000000".into(),
        password: Secret::new("of the carrier"),
        domain: "ims.carrier.example".into(),
        realm: None,
        register,
        expires_s: 600,
    }
}

pub fn config(out: TrunkOut) -> Config {
    let mut config = box_config();
    let trunk = TrunkConfig { out, ..TrunkConfig::from_peers(vec![at(ONE).ip()], 10) };
    config.trunks.insert(TrunkId::new("line"), trunk);
    config
}

pub fn network(change: impl Fn(&mut TrunkOut)) -> Network {
    let mut out = way_out();
    change(&mut out);
    Network::with(1, config(out))
}

pub fn call() -> TrunkCall {
    TrunkCall {
        leg: ringing(),
        trunk: TrunkId::new("line"),
        rtp: rtp(1),
        number: Number::new("+8613912345678"),
        caller: Number::new("+862160008001"),
        name: PersonName::default(),
        diverted: Number::default(),
        referrer: Number::default(),
        asserted: Number::default(),
        codec: None,
    }
}

/// What came to a host, shortened; what came again counts once.
pub fn got(net: &Network, host: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let new = |w: &&(_, _, String)| seen.insert((line(&w.2), header(&w.2, "Via")));
    net.wire.iter().filter(|w| w.1 == at(host)).filter(new).map(|w| line(&w.2)).collect()
}

/// The last request of a kind that came to a host.
pub fn last(net: &Network, host: &str, method: &str) -> String {
    let came = net.wire.iter().rev().filter(|w| w.1 == at(host));
    came.map(|w| w.2.clone()).find(|text| line(text) == method).unwrap()
}

/// A host answers the last request of a kind, with more headers.
pub fn answer(net: &mut Network, host: &str, method: &str, status: &str, more: &str) {
    let request = last(net, host, method);
    reply(net, host, &request, status, more, "");
}

pub fn reply(net: &mut Network, host: &str, request: &str, status: &str, more: &str, body: &str) {
    let value = |name: &str| header(request, name).unwrap();
    let tagged = status.starts_with("100") || value("To").contains("tag=");
    let tag = if tagged { "" } else { ";tag=far" };
    let text = format!(
        "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: {}{tag}\nCall-ID: {}\nCSeq: {}\n{more}\
         Content-Length: {}\n\n",
        value("Via"),
        value("From"),
        value("To"),
        value("Call-ID"),
        value("CSeq"),
        body.len(),
    );
    let bytes = text.replace('\n', "\r\n") + body;
    net.inject(host, BOX, bytes.as_bytes());
    net.run_ms(10);
}

/// A host picks up.
pub fn pick_up(net: &mut Network, host: &str) {
    let request = last(net, host, "INVITE");
    let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.21\r\ns=-\r\nc=IN IP4 198.51.100.21\r\nt=0 0\r\n\
               m=audio 30000 RTP/AVP 8\r\n";
    let more = format!("Contact: <sip:far@{host}>\nContent-Type: application/sdp\n");
    reply(net, host, &request, "200 OK", &more, sdp);
}

pub fn health(net: &Network) -> Vec<(bool, String)> {
    let of = |output| match output {
        Output::TrunkHealth { trunk, up, why } if trunk.as_str() == "line" => Some((up, why)),
        _ => None,
    };
    net.news(BOX).into_iter().filter_map(of).collect()
}

pub const CHALLENGE: &str =
    "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n";

pub const GRANTED: &str = "Contact: <sip:02160000000@192.0.2.1:5060>;expires=300\n";

pub fn registering() -> Network {
    let mut net = network(|out| out.account = Some(account(true)));
    net.run_ms(20);
    net
}
