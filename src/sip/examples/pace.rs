//! How much one core does: challenges, registrations and answered calls a second, and the memory of
//! a registered phone. `cargo run --example pace -p sip`, with `--profile release` for figures.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // it measures time, and may fall

use model::{Instant, LegEvent, PhoneId, Secret, TrunkId};
use sip::digest::{Challenge, Credentials};
use sip::framer::parse_datagram;
use sip::{Command, Config, Endpoint, Input, Output, TrunkConfig};
use std::net::SocketAddr;
use std::time::Duration;

const PHONES: u32 = 10_000;
const PASSWORD: &str = "correct horse";

fn main() {
    let mut config = Config::new([7; 32], addr(0), "box.example");
    for n in 0..PHONES {
        config.accounts.insert(account(n), Secret::new(PASSWORD));
    }
    let peers = vec![addr(TRUNK).ip()];
    config.trunks.insert(TrunkId::new("t"), TrunkConfig::from_peers(peers, 1000));
    let mut pace = Pace { endpoint: Endpoint::new(Instant::START, config), now: Instant::START };
    pace.run();
}

const TRUNK: u32 = 0x00FF_0000;

struct Pace {
    endpoint: Endpoint,
    now: Instant,
}

impl Pace {
    fn run(&mut self) {
        let before = resident_kb();
        let first = measured("register anew", PHONES, || {
            for n in 0..PHONES {
                self.register(n, 1);
            }
        });
        let kb = (resident_kb() - before) as f64 / f64::from(PHONES);
        println!("{kb:.1} KB a registered phone, its transactions of 32 s within");
        self.pass(Duration::from_secs(40));
        let kb = (resident_kb() - before) as f64 / f64::from(PHONES);
        println!("{kb:.1} KB a registered phone at rest");
        let again = measured("register again", PHONES, || {
            for n in 0..PHONES {
                self.register(n, 3);
            }
        });
        let share = again.max(first).as_secs_f64() / 60.0 * 100.0;
        println!("{share:.2} % of a core for {PHONES} phones that refresh each minute");
        self.pass(Duration::from_secs(40));
        measured("challenge a stranger", 50_000, || {
            for n in 0..50_000 {
                self.ask(0x0040_0000 + n % 1000, &register(n, 0x0040_0000 + n % 1000, 1, ""));
                self.pass(Duration::from_micros(200));
            }
        });
        measured("answer a call and hear its end", 10_000, || {
            for n in 0..10_000 {
                self.call(n);
                self.pass(Duration::from_micros(500));
            }
        });
        println!("{} transactions, {} KB resident", self.endpoint.transactions(), resident_kb());
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some((at, _)) = self.endpoint.deadline().filter(|(at, _)| *at <= end) {
            self.now = at.max(self.now);
            self.endpoint.tick(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.endpoint.poll()).collect()
    }

    fn ask(&mut self, from: u32, text: &str) -> Vec<Output> {
        let input = Input::Datagram { from: addr(from), bytes: text.as_bytes() };
        self.endpoint.handle(self.now, input);
        self.drain()
    }

    fn register(&mut self, n: u32, cseq: u32) {
        let from = 0x0001_0000 + n;
        let said = self.ask(from, &register(n, from, cseq, ""));
        let challenged = sent(&said).and_then(|bytes| parse_datagram(bytes).ok()).unwrap();
        let (challenge, _) = Challenge::of_response(&challenged).unwrap();
        let user = account(n);
        let secret = Secret::new(PASSWORD);
        let proof: Credentials = challenge.answer(
            user.as_str(),
            &secret,
            rsip::Method::Register,
            "sip:box.example",
            "0a4f113b",
            1,
        );
        let said =
            self.ask(from, &register(n, from, cseq + 1, &format!("Authorization: {proof}\r\n")));
        assert!(said.iter().any(|o| matches!(o, Output::Registered { .. })), "{said:?}");
    }

    fn call(&mut self, n: u32) {
        let far = addr(TRUNK);
        let sdp = "v=0\r\no=- 1 1 IN IP4 10.255.0.0\r\ns=-\r\nc=IN IP4 10.255.0.0\r\nt=0 0\r\n\
                   m=audio 9000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
        let message = |method: &str, cseq: u32, to: &str, body: &str| {
            format!(
                "{method} sip:95000@10.0.0.0 SIP/2.0\r\nVia: SIP/2.0/UDP {far};branch=z9hG4bK{method}{n}\r\n\
                 Max-Forwards: 70\r\nFrom: \"Wang\" <sip:13912345678@{far}>;tag=f{n}\r\n\
                 To: <sip:95000@10.0.0.0>{to}\r\nCall-ID: c{n}@{far}\r\nCSeq: {cseq} {method}\r\n\
                 Contact: <sip:gw@{far}>\r\nUser-Agent: pace\r\nAllow: INVITE, ACK, BYE, CANCEL\r\n\
                 Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let said = self.ask(TRUNK, &message("INVITE", 1, "", sdp));
        let leg = said.iter().find_map(|o| match o {
            Output::Leg { leg, event: LegEvent::Arrived { .. } } => Some(*leg),
            _ => None,
        });
        let rtp = SocketAddr::from(([10, 0, 0, 0], 20_000));
        let answer = Command::Answer { leg: leg.unwrap(), rtp };
        self.endpoint.handle(self.now, Input::Command(answer));
        let said = self.drain();
        let answer = sent(&said).and_then(|bytes| parse_datagram(bytes).ok()).unwrap();
        let tag = format!(";tag={}", answer.to_tag().unwrap());
        self.ask(TRUNK, &message("ACK", 1, &tag, ""));
        let said = self.ask(TRUNK, &message("BYE", 2, &tag, ""));
        assert!(said.iter().any(|o| matches!(o, Output::Leg { event: LegEvent::Gone(_), .. })));
    }
}

fn sent(said: &[Output]) -> Option<&[u8]> {
    said.iter().find_map(|output| match output {
        Output::Send { bytes, .. } => Some(bytes.as_slice()),
        _ => None,
    })
}

fn register(n: u32, from: u32, cseq: u32, more: &str) -> String {
    let (user, from) = (account(n % PHONES), addr(from));
    format!(
        "REGISTER sip:box.example SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKr{n}x{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@box.example>;tag=t{n}\r\nTo: <sip:{user}@box.example>\r\n\
         Call-ID: r{n}@{from}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{from}>\r\n\
         User-Agent: pace\r\nExpires: 3600\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn account(n: u32) -> PhoneId {
    PhoneId::new(&format!("{}", 10_000 + n))
}

fn addr(n: u32) -> SocketAddr {
    SocketAddr::from(((0x0A00_0000 + n).to_be_bytes(), 5060))
}

fn measured(what: &str, times: u32, work: impl FnOnce()) -> Duration {
    let (start, cpu) = (std::time::Instant::now(), cpu_ms());
    work();
    let (took, cpu) = (start.elapsed(), Duration::from_millis(cpu_ms() - cpu));
    let each = cpu / times;
    println!(
        "{what}: {each:?} of a core each, {:.0} a second ({took:?} in all)",
        1.0 / each.as_secs_f64()
    );
    cpu
}

/// Time of the processor this process had, in steps of 10 ms.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok());
    ticks.sum::<u64>() * 10
}

fn resident_kb() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0) * 4
}
