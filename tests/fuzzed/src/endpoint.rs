//! A whole endpoint among peers who send anything in any order: phones with their password, a
//! carrier, strangers; over datagrams and connections; answered, refused and left alone.
//!
//! Promises: what it sends is well-formed; time that is due passes; a leg says `Gone` once and
//! nothing after it; and when all have gone, nothing is left.

use super::Dice;
use model::{Cause, Instant, LegEvent, LegId, Number, PersonName, PhoneId, Secret, TrunkId};
use sip::digest::Challenge;
use sip::framer::parse_datagram;
use sip::message::{Message, method_named};
use sip::{Command, Config, Endpoint, FlowId, Input, Output, Peer, Transport, TrunkConfig};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

const PASSWORD: &str = "correct horse";
const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "REFER",
    "INFO",
    "UPDATE",
    "PRACK",
    "MESSAGE",
    "PUBLISH",
];
const EVENTS: [&str; 6] =
    ["dialog", "presence", "message-summary", "as-feature-event", "x-broadworks-hoteling", "refer"];
/// Header lines that change what is asked.
const MORE: [&str; 16] = [
    "",
    "Require: 100rel",
    "Supported: 100rel, timer, replaces",
    "Session-Expires: 90;refresher=uas",
    "Session-Expires: 90;refresher=uac",
    "Min-SE: 3600",
    "Expires: 0",
    "Expires: 60",
    "Replaces: c1@x;to-tag=a;from-tag=b",
    "Refer-To: <sip:8002@192.0.2.1>",
    "P-Asserted-Identity: <sip:13912345678@198.51.100.7>",
    "Privacy: id",
    "RAck: 1 1 INVITE",
    "Accept: application/rlmi+xml, multipart/related",
    "Content-Encoding: gzip",
    "Max-Forwards: 0",
];
const CODES: [u16; 16] =
    [100, 180, 183, 200, 202, 302, 401, 407, 404, 408, 422, 423, 481, 486, 491, 503];
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
                   m=audio 9000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

pub fn endpoint(bytes: &[u8]) {
    let mut world = World::new();
    let mut dice = Dice(bytes);
    // Longer inputs find nothing that shorter ones do not, and cost time.
    for _ in 0..200 {
        if dice.is_over() {
            break;
        }
        world.step(&mut dice);
        world.listen();
    }
    world.end();
}

struct World {
    now: Instant,
    endpoint: Endpoint,
    peers: Vec<Peer>,
    /// Challenges each peer was given last.
    challenges: BTreeMap<Peer, (Challenge, u32)>,
    /// Requests and answers of the box, the last ones: what peers can answer and go on from.
    heard: VecDeque<(Peer, Message)>,
    legs: BTreeSet<LegId>,
    gone: BTreeSet<LegId>,
    flows: BTreeSet<FlowId>,
    next_leg: u64,
    cseq: u32,
}

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

impl World {
    fn new() -> Self {
        let now = Instant::from_millis(1000);
        let mut config = Config::new([7; 32], addr("192.0.2.1:5060"), "box.example");
        for account in ["8001", "8002"] {
            config.accounts.insert(PhoneId::new(account), Secret::new(PASSWORD.to_owned()));
        }
        let peers = vec![addr("198.51.100.7:0").ip()];
        config.trunks.insert(TrunkId::new("carrier"), TrunkConfig::from_peers(peers, 4));
        let peers = vec![
            Peer::udp(addr("198.51.100.7:5060")),
            Peer::udp(addr("192.0.2.11:5060")),
            Peer::udp(addr("203.0.113.66:5060")),
            Peer::by(Transport::Tcp, addr("192.0.2.12:40000"), FlowId(1)),
            Peer::by(Transport::Tls, addr("192.0.2.13:40000"), FlowId(2)),
        ];
        let mut world = Self {
            now,
            endpoint: Endpoint::new(now, config),
            peers,
            challenges: BTreeMap::new(),
            heard: VecDeque::new(),
            legs: BTreeSet::new(),
            gone: BTreeSet::new(),
            flows: BTreeSet::new(),
            next_leg: 1,
            cseq: 0,
        };
        for flow in [1, 2] {
            world.open(FlowId(flow));
        }
        world
    }

    fn open(&mut self, flow: FlowId) {
        let Some(peer) = self.peers.iter().find(|peer| peer.flow == Some(flow)).copied() else {
            return;
        };
        if self.flows.insert(flow) {
            let (transport, addr) = (peer.transport, peer.addr);
            let opened =
                Input::Opened { flow, transport, addr, outgoing: false, certificate: Vec::new() };
            self.endpoint.handle(self.now, opened);
        }
    }

    fn step(&mut self, dice: &mut Dice<'_>) {
        let choice = dice.byte();
        let peer = self.peers[usize::from(choice >> 4) % self.peers.len()];
        match choice & 15 {
            0 => self.say(peer, dice.piece()),
            1..=4 => {
                let text = self.request(peer, dice);
                self.say(peer, text.as_bytes());
            }
            // The same with one byte changed.
            5 => {
                let mut bytes = self.request(peer, dice).into_bytes();
                let at = (usize::from(dice.byte()) * 256 + usize::from(dice.byte())) % bytes.len();
                bytes[at] = dice.byte();
                self.say(peer, &bytes);
            }
            6..=8 => self.respond(dice),
            9 => self.within(dice),
            10 | 11 => {
                let wait = Duration::from_millis(1 << dice.below(18));
                self.pass(wait);
            }
            12 | 13 => self.order(dice),
            14 => {
                let flow = FlowId(1 + dice.below(2) as u64);
                if self.flows.remove(&flow) {
                    self.endpoint.handle(self.now, Input::Closed { flow });
                } else {
                    self.open(flow);
                }
            }
            _ => {
                let command = Command::Drain(dice.byte() & 1 == 1);
                self.endpoint.handle(self.now, Input::Command(command));
            }
        }
    }

    /// Hands bytes in as the peer's transport does.
    fn say(&mut self, peer: Peer, bytes: &[u8]) {
        match peer.flow {
            Some(flow) if self.flows.contains(&flow) => {
                self.endpoint.handle(self.now, Input::Bytes { flow, bytes });
            }
            Some(_) => {}
            None => {
                self.endpoint.handle(self.now, Input::Datagram { from: peer.addr, bytes });
            }
        }
    }

    /// A request out of few parts, with the password's proof if the peer was asked for it.
    fn request(&mut self, peer: Peer, dice: &mut Dice<'_>) -> String {
        let method = METHODS[dice.below(METHODS.len())];
        let choice = dice.byte();
        let account = if choice & 1 == 0 { "8001" } else { "8002" };
        let number = ["8002", "*11", "95000", "8001"][usize::from(choice >> 1 & 3)];
        let call = choice >> 3 & 3;
        let more = MORE[dice.below(MORE.len())];
        self.cseq += u32::from(choice & 0x80 == 0);
        let (cseq, own, way) = (self.cseq, peer.addr, peer.transport);
        let uri = match method {
            "REGISTER" => "sip:192.0.2.1".to_owned(),
            _ => format!("sip:{number}@192.0.2.1"),
        };
        let to = if method == "REGISTER" { account } else { number };
        let mut text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{way} {own};branch=z9hG4bK{cseq}{method};rport\r\n\
             From: <sip:{account}@192.0.2.1>;tag=f{call}\r\nTo: <sip:{to}@192.0.2.1>\r\n\
             Call-ID: c{call}@{own}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{account}@{own}>\r\n"
        );
        if method == "SUBSCRIBE" {
            let _ = write!(text, "Event: {}\r\n", EVENTS[dice.below(EVENTS.len())]);
        }
        if !more.is_empty() {
            let _ = write!(text, "{more}\r\n");
        }
        if let (Some((challenge, nc)), Some(known)) =
            (self.challenges.get_mut(&peer), method_named(method))
        {
            *nc += 1;
            let secret = Secret::new(PASSWORD.to_owned());
            let proof = challenge.answer(account, &secret, known, &uri, "cnonce", *nc);
            let _ = write!(text, "Authorization: {proof}\r\n");
        }
        let (kind, body) = match (method, choice >> 5 & 3) {
            ("INVITE" | "UPDATE" | "PRACK" | "ACK", 0..=2) => ("application/sdp", SDP.to_owned()),
            ("SUBSCRIBE", 1) => {
                let body = String::from_utf8_lossy(dice.piece()).into_owned();
                ("application/x-as-feature-event+xml", body)
            }
            ("INFO", _) => ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n".to_owned()),
            _ => ("text/plain", String::new()),
        };
        if !body.is_empty() {
            let _ = write!(text, "Content-Type: {kind}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        text
    }

    /// A response to one of the box's last requests.
    fn respond(&mut self, dice: &mut Dice<'_>) {
        let requests: Vec<_> =
            self.heard.iter().filter(|(_, message)| message.is_request()).collect();
        if requests.is_empty() {
            return;
        }
        let (peer, request) = requests[requests.len() - 1 - dice.below(requests.len().min(4))];
        let (peer, choice) = (*peer, dice.byte());
        let mut response = Message::response(request, CODES[usize::from(choice & 15)]);
        response.set_to_tag(if choice & 16 == 0 { "t1" } else { "t2" });
        if choice & 32 == 0 {
            response.headers.push("Contact", format!("<sip:peer@{}>", peer.addr));
        }
        if choice & 64 == 0 {
            response = response.with_body("application/sdp", SDP);
        }
        let more = MORE[dice.below(MORE.len())];
        if let Some((name, value)) = more.split_once(": ") {
            response.headers.push(name, value);
        }
        let from = self.peers.iter().find(|known| known.addr == peer.addr).copied();
        self.say(from.unwrap_or(Peer::udp(peer.addr)), &response.encode());
    }

    /// A request within a dialog that one of the box's last messages belongs to.
    fn within(&mut self, dice: &mut Dice<'_>) {
        let Some((peer, message)) = self.heard.iter().rev().nth(dice.below(8)).cloned() else {
            return;
        };
        let method = METHODS[dice.below(METHODS.len())];
        let choice = dice.byte();
        let more = MORE[dice.below(MORE.len())];
        let header = |name: &str| message.headers.get(name).unwrap_or_default().to_owned();
        // A dialog's far end is From in what it sent and To in what it was answered.
        let (from, to) = match message.is_request() {
            true => (header("To"), header("From")),
            false => (header("From"), header("To")),
        };
        let (call_id, known) = (header("Call-ID"), message.cseq().map_or(1, |(cseq, _)| cseq));
        let cseq = known + u32::from(choice & 3);
        let (own, way) = (peer.addr, peer.transport);
        let body = if choice & 4 == 0 { "" } else { SDP };
        let text = format!(
            "{method} sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/{way} {own};branch=z9hG4bKd{cseq}{method};\
             rport\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:peer@{own}>\r\n{more}{}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            if more.is_empty() { "" } else { "\r\n" },
            body.len()
        );
        let from = self.peers.iter().find(|known| known.addr == own).copied();
        self.say(from.unwrap_or(Peer::udp(own)), text.as_bytes());
    }

    /// An order of the daemon.
    fn order(&mut self, dice: &mut Dice<'_>) {
        let leg = self.legs.iter().nth(dice.below(self.legs.len())).copied();
        let rtp = addr("192.0.2.1:20000");
        let command = match (dice.below(8), leg) {
            (0 | 1, Some(leg)) => Command::Answer { leg, rtp },
            (2, Some(leg)) => Command::Refuse { leg, cause: Cause::Busy },
            (3, Some(leg)) => Command::HangUp { leg, cause: Cause::Normal },
            (4, Some(leg)) => Command::Hold { leg, send: true },
            (5, Some(leg)) => Command::Resume { leg },
            _ => {
                let leg = LegId::outbound(self.next_leg);
                self.next_leg += 1;
                self.legs.insert(leg);
                let (caller, name) = (Number::new("13912345678"), PersonName::new("Wang Fang"));
                Command::InviteUri {
                    leg,
                    uri: "sip:95000@198.51.100.7".to_owned(),
                    to: self.peers[dice.below(self.peers.len())],
                    rtp,
                    caller,
                    name,
                    user: PhoneId::new("8001"),
                    secret: Secret::new(PASSWORD.to_owned()),
                    offer: dice.byte() & 1 == 0,
                }
            }
        };
        self.endpoint.handle(self.now, Input::Command(command));
    }

    /// Lets time pass.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        for turn in 0.. {
            let Some((at, why)) = self.endpoint.deadline().filter(|(at, _)| *at <= end) else {
                break;
            };
            assert!(turn < 100_000, "{why} is due again and again");
            self.now = self.now.max(at);
            self.endpoint.tick(self.now);
            self.listen();
        }
        self.now = end;
    }

    /// Takes what the endpoint says.
    fn listen(&mut self) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes } => self.sent(to, &bytes),
                Output::Leg { leg, event } => {
                    assert!(!self.gone.contains(&leg), "{leg:?} said {event:?} after it had gone");
                    self.legs.insert(leg);
                    if let LegEvent::Gone(_) = event {
                        self.legs.remove(&leg);
                        self.gone.insert(leg);
                    }
                }
                Output::Close { flow } => {
                    self.flows.remove(&flow);
                }
                _ => {}
            }
        }
    }

    fn sent(&mut self, to: Peer, bytes: &[u8]) {
        if sip::framer::is_keep_alive(bytes) {
            return;
        }
        let message = match parse_datagram(bytes) {
            Ok(message) => message,
            // What was malformed is refused with the headers it came with (RFC 3261 8.2.6.2).
            Err(_) if bytes.starts_with(b"SIP/2.0 4") || bytes.starts_with(b"SIP/2.0 5") => return,
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(bytes)),
        };
        if let Some((challenge, _)) = Challenge::of_response(&message) {
            self.challenges.insert(to, (challenge, 0));
        }
        self.heard.push_back((to, message));
        if self.heard.len() > 32 {
            self.heard.pop_front();
        }
    }

    /// Everybody goes; nothing is left.
    fn end(mut self) {
        for leg in self.legs.clone() {
            let command = Command::HangUp { leg, cause: Cause::Normal };
            self.endpoint.handle(self.now, Input::Command(command));
            self.listen();
        }
        for flow in self.flows.clone() {
            self.endpoint.handle(self.now, Input::Closed { flow });
        }
        self.listen();
        // The longest registration or subscription is an hour, the longest transaction a minute.
        self.pass(Duration::from_secs(2 * 3600));
        self.listen();
        let left = (self.endpoint.transactions(), self.endpoint.dialogs(), self.endpoint.legs());
        assert_eq!(left, (0, 0, 0), "(transactions, dialogs, legs) are left");
    }
}
