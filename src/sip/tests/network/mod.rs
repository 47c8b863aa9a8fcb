//! Endpoints over a simulated network: seeded loss, copies, delay and, by delay, disorder; and
//! connections, which only delay. Time jumps from one arrival or deadline to the next.

#![allow(dead_code, clippy::unwrap_used)]

pub mod carrier;
pub mod far;
pub mod watcher;

use model::{Cause, Instant, LegEvent, LegId, Number, PersonName, PhoneId, Secret, TrunkId};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use sip::{
    Command, Config, Endpoint, FlowId, Input, MediaPlan, Output, Peer, Transport, TrunkConfig,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The box.
pub const BOX: &str = "192.0.2.1:5060";
/// The desk phones: both may register as 8001.
pub const PHONE: &str = "192.0.2.11:5060";
pub const OTHER: &str = "192.0.2.12:5060";
/// A trunk's gateway.
pub const TRUNK: &str = "198.51.100.7:5060";
/// Nobody we know.
pub const STRANGER: &str = "203.0.113.66:5060";
pub const PASSWORD: &str = "correct horse";

/// How the network treats datagrams, in thousandths and milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub loss: u64,
    pub copies: u64,
    pub delay_ms: (u64, u64),
}

pub const CALM: Weather = Weather { loss: 0, copies: 0, delay_ms: (5, 5) };

/// Changes a datagram on its way, or loses it.
pub type Tamper = Box<dyn FnMut(SocketAddr, SocketAddr, Vec<u8>) -> Option<Vec<u8>>>;

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// The endpoint, or the address of a test that connected.
    pub who: SocketAddr,
    pub transport: Transport,
    /// The far address, as this end sees it.
    pub far: SocketAddr,
    pub other: FlowId,
}

/// What is on its way.
#[derive(Clone, Debug)]
enum Flying {
    Datagram(SocketAddr, SocketAddr, Vec<u8>),
    /// Bytes for an end of a connection.
    Bytes(FlowId, Vec<u8>),
    /// The news that the connection of an end is closed.
    Closed(FlowId),
}

/// Who said what, when.
#[derive(Clone, Debug)]
pub struct Said {
    pub at: Instant,
    pub who: SocketAddr,
    pub output: Output,
}

pub struct Network {
    pub now: Instant,
    pub weather: Weather,
    pub endpoints: BTreeMap<SocketAddr, Endpoint>,
    pub said: Vec<Said>,
    /// What came to addresses where no endpoint is.
    pub wire: Vec<(SocketAddr, SocketAddr, String)>,
    /// Every datagram as it was sent.
    pub sent: Vec<(Instant, SocketAddr, SocketAddr, String)>,
    pub tamper: Option<Tamper>,
    /// The open ends of connections.
    pub ends: BTreeMap<FlowId, End>,
    /// The names in the certificate of whoever connects next.
    pub certificate: Vec<String>,
    /// Who is to pass before strangers.
    pub known: Vec<Peer>,
    flying: BTreeMap<(Instant, u64), Flying>,
    count: u64,
    rng: ChaCha12Rng,
}

pub fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn rtp(n: u16) -> SocketAddr {
    SocketAddr::new(at(BOX).ip(), 10_000 + 2 * n)
}

pub fn phone_config(who: &str) -> Config {
    let mut config =
        Config::new([who.len() as u8 ^ who.as_bytes()[who.len() - 6]; 32], at(who), "phone");
    config.trunks.insert(TrunkId::new("box"), TrunkConfig::from_peers(vec![at(BOX).ip()], 100));
    config
}

pub fn box_config() -> Config {
    let mut config = Config::new([7; 32], at(BOX), "box.example");
    for account in ["8001", "8002"] {
        config.accounts.insert(PhoneId::new(account), Secret::new(PASSWORD));
    }
    config.trunks.insert(TrunkId::new("carrier"), TrunkConfig::from_peers(vec![at(TRUNK).ip()], 2));
    config
}

impl Network {
    /// The box, two phones and a gateway on a calm network.
    pub fn new(seed: u64) -> Self {
        Self::with(seed, box_config())
    }

    pub fn with(seed: u64, config: Config) -> Self {
        let now = Instant::from_millis(1000);
        let mut endpoints = BTreeMap::new();
        endpoints.insert(at(BOX), Endpoint::new(now, config));
        for who in [PHONE, OTHER, TRUNK] {
            endpoints.insert(at(who), Endpoint::new(now, phone_config(who)));
        }
        Self {
            now,
            weather: CALM,
            endpoints,
            said: Vec::new(),
            wire: Vec::new(),
            sent: Vec::new(),
            tamper: None,
            ends: BTreeMap::new(),
            certificate: Vec::new(),
            known: Vec::new(),
            flying: BTreeMap::new(),
            count: 0,
            rng: ChaCha12Rng::seed_from_u64(seed),
        }
    }

    pub fn tell(&mut self, who: &str, command: Command) {
        let now = self.now;
        self.endpoint(who).handle(now, Input::Command(command));
        self.drain(at(who));
    }

    /// Hands a datagram to an endpoint now, whoever it claims to be from.
    pub fn inject(&mut self, from: &str, to: &str, bytes: &[u8]) {
        let now = self.now;
        self.endpoint(to).handle(now, Input::Datagram { from: at(from), bytes });
        self.drain(at(to));
    }

    /// Sends text as an address without an endpoint does and gives what came back to it by then.
    pub fn ask(&mut self, from: &str, to: &str, text: &str) -> Vec<String> {
        let before = self.wire.len();
        let bytes = text.replace('\n', "\r\n").into_bytes();
        self.inject(from, to, &bytes);
        self.run(Duration::from_millis(20));
        self.wire[before..].iter().filter(|w| w.1 == at(from)).map(|w| w.2.clone()).collect()
    }

    pub fn endpoint(&mut self, who: &str) -> &mut Endpoint {
        self.endpoints.get_mut(&at(who)).unwrap()
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let datagram = self.flying.keys().next().map(|(at, _)| *at);
            let deadlines = self.endpoints.values().filter_map(|e| e.deadline()).map(|(at, _)| at);
            let Some(next) = datagram.into_iter().chain(deadlines).min().filter(|at| *at <= end)
            else {
                break;
            };
            assert!(next >= self.now, "time never goes back");
            self.now = next;
            self.step();
        }
        self.now = end;
    }

    pub fn run_ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some((&key, _)) = self.flying.iter().next().filter(|((at, _), _)| *at <= now) {
            match self.flying.remove(&key) {
                Some(Flying::Datagram(from, to, bytes)) => match self.endpoints.get_mut(&to) {
                    Some(endpoint) => {
                        endpoint.handle(now, Input::Datagram { from, bytes: &bytes });
                        self.drain(to);
                    }
                    None => {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        self.wire.push((from, to, text));
                    }
                },
                Some(Flying::Bytes(flow, bytes)) => {
                    let Some(end) = self.ends.get(&flow).copied() else { continue };
                    match self.endpoints.get_mut(&end.who) {
                        Some(endpoint) => {
                            endpoint.handle(now, Input::Bytes { flow, bytes: &bytes });
                            self.drain(end.who);
                        }
                        None => {
                            let text = String::from_utf8_lossy(&bytes).into_owned();
                            self.wire.push((end.far, end.who, text));
                        }
                    }
                }
                Some(Flying::Closed(flow)) => {
                    let Some(end) = self.ends.remove(&flow) else { continue };
                    if let Some(endpoint) = self.endpoints.get_mut(&end.who) {
                        endpoint.handle(now, Input::Closed { flow });
                        self.drain(end.who);
                    }
                }
                None => break,
            }
        }
        let all: Vec<SocketAddr> = self.endpoints.keys().copied().collect();
        for who in all {
            let Some(endpoint) = self.endpoints.get_mut(&who) else { continue };
            for turn in 0.. {
                if endpoint.deadline().is_none_or(|(at, _)| at > now) {
                    break;
                }
                assert!(turn < 100, "tick leaves {:?} due", endpoint.deadline());
                endpoint.tick(now);
            }
            self.drain(who);
        }
    }

    fn drain(&mut self, who: SocketAddr) {
        while let Some(output) = self.endpoints.get_mut(&who).and_then(|e| e.poll()) {
            match output {
                Output::Send { to, bytes } if !to.transport.reliable() => {
                    self.send(who, to.addr, bytes);
                }
                Output::Send { to, bytes } => self.stream(who, to, bytes),
                Output::Close { flow } => self.close(flow),
                Output::Known { peer } => self.known.push(peer),
                output => self.said.push(Said { at: self.now, who, output }),
            }
        }
    }

    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.sent.push((self.now, from, to, String::from_utf8_lossy(&bytes).into_owned()));
        let bytes = match &mut self.tamper {
            Some(tamper) => match tamper(from, to, bytes) {
                Some(bytes) => bytes,
                None => return,
            },
            None => bytes,
        };
        let copies = if self.chance(self.weather.copies) { 2 } else { 1 };
        for _ in 0..copies {
            if self.chance(self.weather.loss) {
                continue;
            }
            let (least, most) = self.weather.delay_ms;
            let delay = least + self.rng.next_u64() % (most - least + 1);
            self.count += 1;
            let at = self.now + Duration::from_millis(delay);
            self.flying.insert((at, self.count), Flying::Datagram(from, to, bytes.clone()));
        }
    }

    /// Sends bytes by the connection named, or by one to the address.
    fn stream(&mut self, who: SocketAddr, to: Peer, bytes: Vec<u8>) {
        let open = |(_, e): &(&FlowId, &End)| {
            e.who == who && (e.transport, e.far) == (to.transport, to.addr)
        };
        let flow = match to.flow.or_else(|| self.ends.iter().find(open).map(|(flow, _)| *flow)) {
            Some(flow) => flow,
            None => {
                let far = self.endpoints.keys().copied().find(|k| k.ip() == to.addr.ip());
                let near = self.connect(who, to.transport, to.addr, far);
                if far.is_none() {
                    self.fly(Flying::Closed(near));
                }
                near
            }
        };
        if let Some(end) = self.ends.get(&flow).copied() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.sent.push((self.now, who, end.far, text));
            self.fly(Flying::Bytes(end.other, bytes));
        }
    }

    /// Opens a connection from `who` to `addr`, behind which `far` is, and gives the near end.
    pub fn connect(
        &mut self,
        who: SocketAddr,
        transport: Transport,
        addr: SocketAddr,
        far: Option<SocketAddr>,
    ) -> FlowId {
        self.count += 2;
        let (near, other) = (FlowId(self.count), FlowId(self.count + 1));
        self.ends.insert(near, End { who, transport, far: addr, other });
        let now = self.now;
        if let Some(endpoint) = self.endpoints.get_mut(&who) {
            let (flow, outgoing, certificate) = (near, true, Vec::new());
            endpoint.handle(now, Input::Opened { flow, transport, addr, outgoing, certificate });
        }
        if let Some(far) = far {
            let addr = match self.endpoints.contains_key(&who) {
                true => SocketAddr::new(who.ip(), 40_000 + (self.count % 20_000) as u16),
                false => who,
            };
            self.ends.insert(other, End { who: far, transport, far: addr, other: near });
            let (flow, outgoing, certificate) = (other, false, self.certificate.clone());
            let opened = Input::Opened { flow, transport, addr, outgoing, certificate };
            self.endpoint(&far.to_string()).handle(now, opened);
            self.drain(far);
        }
        near
    }

    /// Opens a connection to the box from an address without an endpoint.
    pub fn dial(&mut self, from: &str, transport: Transport) -> FlowId {
        self.connect(at(from), transport, at(BOX), Some(at(BOX)))
    }

    /// Writes to a connection that `dial` opened.
    pub fn write(&mut self, flow: FlowId, text: &str) {
        let other = self.ends.get(&flow).unwrap().other;
        self.fly(Flying::Bytes(other, text.replace('\n', "\r\n").into_bytes()));
    }

    /// Writes, and gives what came back within 20 ms.
    pub fn ask_by(&mut self, flow: FlowId, text: &str) -> Vec<String> {
        let (who, before) = (self.ends.get(&flow).unwrap().who, self.wire.len());
        self.write(flow, text);
        self.run(Duration::from_millis(20));
        self.wire[before..].iter().filter(|w| w.1 == who).map(|w| w.2.clone()).collect()
    }

    /// Closes a connection at one end.
    pub fn close(&mut self, flow: FlowId) {
        if let Some(end) = self.ends.remove(&flow) {
            self.fly(Flying::Closed(end.other));
        }
    }

    /// Tells whether an end is still open.
    pub fn is_open(&self, flow: FlowId) -> bool {
        self.ends.contains_key(&flow)
    }

    fn fly(&mut self, what: Flying) {
        self.count += 2;
        let at = self.now + Duration::from_millis(self.weather.delay_ms.0);
        self.flying.insert((at, self.count), what);
    }

    fn chance(&mut self, thousandths: u64) -> bool {
        thousandths > 0 && self.rng.next_u64() % 1000 < thousandths
    }

    // What a test asks.

    /// Registers a phone as an account.
    pub fn register(&mut self, who: &str, account: &str) {
        self.tell(who, registration(account, PASSWORD, 300));
        self.run_ms(100);
    }

    /// The events of a leg at an endpoint, in order.
    pub fn events(&self, who: &str, leg: LegId) -> Vec<LegEvent> {
        let of_leg = |said: &Said| match &said.output {
            Output::Leg { leg: l, event } if *l == leg && said.who == at(who) => {
                Some(event.clone())
            }
            _ => None,
        };
        self.said.iter().filter_map(of_leg).collect()
    }

    /// The events but their contents, e.g. `Arrived Answered Gone(Normal)`.
    pub fn story(&self, who: &str, leg: LegId) -> String {
        let word = |event: &LegEvent| match event {
            LegEvent::Arrived { .. } => "Arrived".to_owned(),
            LegEvent::Digit(digit) => format!("Digit({})", digit.as_char()),
            other => format!("{other:?}"),
        };
        self.events(who, leg).iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// The media plans of a leg, in order.
    pub fn media(&self, who: &str, leg: LegId) -> Vec<MediaPlan> {
        let of_leg = |said: &Said| match &said.output {
            Output::Media { leg: l, media, .. } if *l == leg && said.who == at(who) => {
                Some(media.clone())
            }
            _ => None,
        };
        self.said.iter().filter_map(of_leg).collect()
    }

    /// The legs that arrived at an endpoint.
    pub fn arrived(&self, who: &str) -> Vec<LegId> {
        let of = |said: &Said| match &said.output {
            Output::Leg { leg, event: LegEvent::Arrived { .. } } if said.who == at(who) => {
                Some(*leg)
            }
            _ => None,
        };
        self.said.iter().filter_map(of).collect()
    }

    /// What an endpoint said besides legs and media.
    pub fn news(&self, who: &str) -> Vec<Output> {
        let of = |said: &&Said| {
            said.who == at(who) && !matches!(said.output, Output::Leg { .. } | Output::Media { .. })
        };
        self.said.iter().filter(of).map(|said| said.output.clone()).collect()
    }

    /// First lines of what one address sent another, e.g. `INVITE`, `200 INVITE`.
    pub fn lines(&self, from: &str, to: &str) -> Vec<String> {
        let sent = self.sent.iter().filter(|s| s.1 == at(from) && s.2 == at(to));
        sent.map(|(.., text)| line(text)).collect()
    }

    /// Asserts that nothing is left open anywhere.
    pub fn assert_torn_down(&mut self) {
        for (who, endpoint) in &self.endpoints {
            let left = (endpoint.transactions(), endpoint.dialogs(), endpoint.legs());
            assert_eq!(left, (0, 0, 0), "{who} keeps (transactions, dialogs, legs)");
            assert_eq!(endpoint.ringing(), 0, "{who} keeps names for lamps");
        }
    }

    /// Waits 64*T1 and a little, then asserts that nothing is left open anywhere.
    pub fn tear_down(&mut self) {
        self.run(Duration::from_millis(33_000));
        self.assert_torn_down();
    }

    // Calls that many tests begin with.

    /// A caller of the trunk rings at the box; gives the leg there.
    pub fn call_in(&mut self) -> LegId {
        self.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", true));
        self.run_ms(100);
        *self.arrived(BOX).last().unwrap()
    }

    /// A caller of the trunk is answered; gives the leg at the box.
    pub fn talk_in(&mut self) -> LegId {
        let leg = self.call_in();
        self.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
        self.run_ms(100);
        leg
    }

    /// The box rings phone 8001 as `RING`; gives the leg at the phone.
    pub fn ring_phone(&mut self) -> LegId {
        self.register(PHONE, "8001");
        self.tell(BOX, ring("8001"));
        self.run_ms(100);
        *self.arrived(PHONE).last().unwrap()
    }
}

/// The leg of a call that a phone or gateway places.
pub const OUT: u64 = 1;
/// The leg of a call that the box places.
pub const RING: u64 = 7;

pub fn out() -> LegId {
    LegId::outbound(OUT)
}

pub fn ringing() -> LegId {
    LegId::outbound(RING)
}

pub fn ring(phone: &str) -> Command {
    Command::Invite {
        leg: ringing(),
        phone: PhoneId::new(phone),
        rtp: rtp(1),
        caller: Number::new("13912345678"),
        name: PersonName::new("Wang \"W\" Fang"),
        auto_answer: false,
        referrer: Number::default(),
        codec: None,
    }
}

pub fn hang_up(leg: LegId) -> Command {
    Command::HangUp { leg, cause: Cause::Normal }
}

pub fn uri_call(leg: u64, uri: &str, offer: bool) -> Command {
    Command::InviteUri {
        leg: LegId::outbound(leg),
        uri: uri.to_owned(),
        to: Peer::udp(at(BOX)),
        rtp: "198.51.100.7:20000".parse().unwrap(),
        caller: Number::new("13912345678"),
        name: PersonName::new("Wang Fang"),
        user: PhoneId::new("8001"),
        secret: Secret::new(PASSWORD),
        offer,
    }
}

pub fn registration(account: &str, password: &str, expires_s: u32) -> Command {
    Command::Register {
        registrar: Peer::udp(at(BOX)),
        user: PhoneId::new(account),
        secret: Secret::new(password),
        expires_s,
    }
}

/// The first line of a message, shortened: method, or code and the method it answers.
pub fn line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let method = header(text, "CSeq").and_then(|v| v.split(' ').nth(1).map(str::to_owned));
            format!("{} {}", &status[..3], method.unwrap_or_default())
        }
        None => first.split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// A header's first value.
pub fn header(text: &str, name: &str) -> Option<String> {
    let prefix = format!("{name}:");
    let line = text.lines().find(|line| line.starts_with(&prefix))?;
    Some(line[prefix.len()..].trim().to_owned())
}
