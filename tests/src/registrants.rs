//! Thousands of desk phones that do nothing but register, from many addresses of the loopback.
//!
//! Each goes on with the challenge it has (`nc` counts up), as phones do, and proves itself anew
//! when that has become stale. Requests are text of our own: nothing here is the product's but the
//! hash.

use model::Secret;
use sip::digest::Challenge;
use sip::message::method_named;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Phones behind one address.
const PHONES_A_SOCKET: usize = 40;
/// A request is sent again after this (RFC 3261 T1), doubling, and given up after `GIVEN_UP`.
const AGAIN: Duration = Duration::from_millis(500);
const GIVEN_UP: Duration = Duration::from_secs(16);

/// What a round came to.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub granted: usize,
    pub failed: usize,
    /// Challenges answered.
    pub challenged: usize,
    pub sent_again: usize,
    /// REGISTER to 200 in ms, sorted.
    pub times: Vec<f64>,
    /// A response that was neither 401 nor 200.
    pub odd: Option<String>,
}

impl Round {
    /// The time that a share of the phones stayed below.
    pub fn ms(&self, share: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    }
}

struct Registrant {
    user: String,
    socket: usize,
    challenge: Option<Challenge>,
    nc: u32,
    cseq: u32,
}

/// A registration under way.
struct Asked {
    begun: Instant,
    again_at: Instant,
    wait: Duration,
    bytes: Vec<u8>,
}

/// All the phones, and where the next part begins.
pub struct Registrants {
    server: SocketAddr,
    secret: Secret,
    sockets: Vec<UdpSocket>,
    phones: Vec<Registrant>,
    next: usize,
    under_way: BTreeMap<usize, Asked>,
}

impl Registrants {
    /// Phones for the accounts `first` and up. They have not registered yet.
    pub fn new(
        server: SocketAddr,
        first: usize,
        count: usize,
        password: &str,
    ) -> std::io::Result<Self> {
        let mut sockets = Vec::new();
        for no in 0..count.div_ceil(PHONES_A_SOCKET) {
            let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + no as u32);
            let socket = UdpSocket::bind((ip, 0))?;
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        let phones = (0..count).map(|no| Registrant {
            user: (first + no).to_string(),
            socket: no / PHONES_A_SOCKET,
            challenge: None,
            nc: 0,
            cseq: 0,
        });
        let secret = Secret::new(password.to_owned());
        let (phones, under_way) = (phones.collect(), BTreeMap::new());
        Ok(Self { server, secret, sockets, phones, next: 0, under_way })
    }

    /// Has every phone register, evenly over a while.
    pub fn round(&mut self, over: Duration) -> std::io::Result<Round> {
        self.part(1.0, over)
    }

    /// Has a share of the phones register, the next ones, evenly over a while.
    pub fn part(&mut self, share: f64, over: Duration) -> std::io::Result<Round> {
        let count = (self.phones.len() as f64 * share) as usize;
        let (begun, mut sent, mut round) = (Instant::now(), 0, Round::default());
        while sent < count || !self.under_way.is_empty() || begun.elapsed() < over {
            let due = (begun.elapsed().as_secs_f64() / over.as_secs_f64() * count as f64) as usize;
            while sent < due.min(count) {
                let no = self.next;
                self.next = (self.next + 1) % self.phones.len();
                self.begin(no)?;
                sent += 1;
            }
            self.receive(&mut round)?;
            self.again(&mut round)?;
            std::thread::sleep(Duration::from_micros(500));
        }
        round.times.sort_by(f64::total_cmp);
        Ok(round)
    }

    fn begin(&mut self, no: usize) -> std::io::Result<()> {
        let bytes = self.request(no)?;
        let now = Instant::now();
        self.sockets[self.phones[no].socket].send_to(&bytes, self.server)?;
        self.under_way.insert(no, Asked { begun: now, again_at: now + AGAIN, wait: AGAIN, bytes });
        Ok(())
    }

    /// Makes the next REGISTER of a phone.
    fn request(&mut self, no: usize) -> std::io::Result<Vec<u8>> {
        let own = self.sockets[self.phones[no].socket].local_addr()?;
        let (server, phone) = (self.server, &mut self.phones[no]);
        phone.cseq += 1;
        let (user, cseq) = (&phone.user, phone.cseq);
        let uri = format!("sip:{server}");
        let mut text = format!(
            "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{no}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag=r{no}\r\n\
             To: <sip:{user}@{server}>\r\nCall-ID: {no}-registrant@{own}\r\n\
             CSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{own}>\r\nExpires: 3600\r\n\
             User-Agent: Registrant\r\n"
        );
        if let (Some(challenge), Some(method)) = (&phone.challenge, method_named("REGISTER")) {
            phone.nc += 1;
            let (cnonce, nc) = (format!("{no:x}{cseq:x}"), phone.nc);
            let proof = challenge.answer(user, &self.secret, method, &uri, &cnonce, nc);
            let _ = write!(text, "Authorization: {proof}\r\n");
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        Ok(text.into_bytes())
    }

    fn receive(&mut self, round: &mut Round) -> std::io::Result<()> {
        let mut bytes = [0; 4096];
        for socket in 0..self.sockets.len() {
            while let Ok((length, _)) = self.sockets[socket].recv_from(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                self.response(&text, round)?;
            }
        }
        Ok(())
    }

    fn response(&mut self, text: &str, round: &mut Round) -> std::io::Result<()> {
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let no = value("Call-ID: ").and_then(|id| id.split('-').next()?.parse::<usize>().ok());
        let cseq = value("CSeq: ").and_then(|seq| seq.split(' ').next()?.parse::<u32>().ok());
        let Some(no) = no.filter(|no| self.under_way.contains_key(no)) else { return Ok(()) };
        if cseq != Some(self.phones[no].cseq) {
            return Ok(());
        }
        match text.get(8..11) {
            Some("200") => {
                if let Some(asked) = self.under_way.remove(&no) {
                    round.granted += 1;
                    round.times.push(asked.begun.elapsed().as_secs_f64() * 1000.0);
                }
            }
            Some("401") => {
                let offers = text.lines().filter_map(|l| l.strip_prefix("WWW-Authenticate: "));
                let challenge = offers.filter_map(|offer| Challenge::parse(offer).ok()).next();
                // A proof that was refused though its challenge was fresh is no proof.
                let again = self.phones[no].nc != 1 || self.phones[no].challenge.is_none();
                (self.phones[no].challenge, self.phones[no].nc) = (challenge, 0);
                round.challenged += 1;
                if !again {
                    round.failed += 1;
                    self.under_way.remove(&no);
                    return Ok(());
                }
                let bytes = self.request(no)?;
                self.sockets[self.phones[no].socket].send_to(&bytes, self.server)?;
                if let Some(asked) = self.under_way.get_mut(&no) {
                    (asked.bytes, asked.wait) = (bytes, AGAIN);
                    asked.again_at = Instant::now() + AGAIN;
                }
            }
            Some(code) if code.starts_with('1') => {}
            _ => {
                round.failed += 1;
                round.odd.get_or_insert_with(|| text.lines().next().unwrap_or_default().to_owned());
                self.under_way.remove(&no);
            }
        }
        Ok(())
    }

    fn again(&mut self, round: &mut Round) -> std::io::Result<()> {
        let now = Instant::now();
        let mut given_up = Vec::new();
        for (&no, asked) in self.under_way.iter_mut().filter(|(_, asked)| asked.again_at <= now) {
            if now - asked.begun > GIVEN_UP {
                given_up.push(no);
                continue;
            }
            self.sockets[self.phones[no].socket].send_to(&asked.bytes, self.server)?;
            asked.wait *= 2;
            asked.again_at = now + asked.wait;
            round.sent_again += 1;
        }
        for no in given_up {
            round.failed += 1;
            self.under_way.remove(&no);
        }
        Ok(())
    }
}
