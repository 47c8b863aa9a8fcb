//! Strangers who send requests as fast as they are told, from one address of the loopback or from
//! many.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the strangers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Register,
    Invite,
}

/// What a flood sent and got back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    pub requests: u64,
    pub answers: u64,
}

/// A flood that runs. Dropped or stopped, it ends.
pub struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Sent>>,
}

impl Flood {
    /// Starts a flood of `rate` requests a second from 127.3.0.1 and up.
    pub fn start(server: SocketAddr, ask: Ask, sources: usize, rate: u32) -> std::io::Result<Self> {
        let mut sockets = Vec::new();
        for no in 0..sources {
            let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 3, 0, 1)) + no as u32);
            let socket = UdpSocket::bind((ip, 0))?;
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let thread = std::thread::Builder::new()
            .name("flood".into())
            .spawn(move || run(&sockets, server, ask, rate, &told))?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends it and tells what it did.
    pub fn stop(mut self) -> Sent {
        self.end()
    }

    fn end(&mut self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(sockets: &[UdpSocket], server: SocketAddr, ask: Ask, rate: u32, stop: &AtomicBool) -> Sent {
    let own: Vec<_> = sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
    let (begun, mut sent, mut bytes) = (Instant::now(), Sent::default(), [0; 2048]);
    while !stop.load(Ordering::Relaxed) {
        let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u64;
        // What the machine made late is left out, not sent in one heap.
        let heap = due.saturating_sub(sent.requests).min(u64::from(rate) / 20);
        for _ in 0..heap {
            let at = sent.requests as usize % sockets.len();
            let text = request(ask, own[at], server, sent.requests);
            let _ = sockets[at].send_to(text.as_bytes(), server);
            sent.requests += 1;
            while sockets[at].recv_from(&mut bytes).is_ok() {
                sent.answers += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    sent
}

fn request(ask: Ask, own: SocketAddr, server: SocketAddr, no: u64) -> String {
    let (method, body) = match ask {
        Ask::Register => ("REGISTER", String::new()),
        Ask::Invite => {
            let ip = own.ip();
            let body = format!(
                "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
                 m=audio 9000 RTP/AVP 8 0\r\n"
            );
            ("INVITE", body)
        }
    };
    let user = 8001 + no % 1000;
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKf{no};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag=f{no}\r\nTo: <sip:{user}@{server}>\r\n\
         Call-ID: flood-{no}\r\nCSeq: 1 {method}\r\nContact: <sip:{user}@{own}>\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
