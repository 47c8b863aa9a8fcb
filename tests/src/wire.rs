//! A caller by hand: SIP messages as text, sent when the story wants, lost where it wants.

use anyhow::{bail, ensure};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A caller behind the trunk with one call at a time.
pub struct HandCaller {
    socket: UdpSocket,
    server: SocketAddr,
    own: SocketAddr,
    call: u32,
}

impl HandCaller {
    pub fn new(server: SocketAddr) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0))?;
        let own = socket.local_addr()?;
        Ok(Self { socket, server, own, call: 0 })
    }

    /// Begins another call; what is sent from now on is about it.
    pub fn next_call(&mut self) {
        self.call += 1;
    }

    pub fn send(&self, message: &str) -> anyhow::Result<()> {
        self.socket.send_to(message.as_bytes(), self.server)?;
        Ok(())
    }

    /// Waits for the next message that begins so; earlier ones are passed over.
    pub fn receive(&self, start: &str, about: &str, within: Duration) -> anyhow::Result<String> {
        let deadline = Instant::now() + within;
        let mut seen = String::new();
        let mut bytes = [0; 65_535];
        self.socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        loop {
            if let Ok((length, _)) = self.socket.recv_from(&mut bytes) {
                let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
                if message.starts_with(start) && message.contains(about) {
                    return Ok(message);
                }
                seen.push_str(&message);
            }
            ensure!(Instant::now() < deadline, "no '{start}' about '{about}' came, but:\n{seen}");
        }
    }

    /// The INVITE of the call, the same every time.
    pub fn invite(&self, dialled: &str) -> String {
        let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                       m=audio 4000 RTP/AVP 8\r\n";
        let own = self.own;
        let head = self.head("INVITE", dialled, "invite", 1, "");
        format!(
            "{head}Contact: <sip:{own}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{session}",
            session.len()
        )
    }

    pub fn cancel(&self, dialled: &str) -> String {
        self.bare("CANCEL", dialled, "invite", 1, "")
    }

    /// The ACK of a refusal, which belongs to the INVITE's transaction (RFC 3261 17.1.1.3).
    pub fn ack_refusal(&self, dialled: &str, response: &str) -> anyhow::Result<String> {
        Ok(self.bare("ACK", dialled, "invite", 1, &tag(response)?))
    }

    /// The ACK of an answer, a transaction of its own.
    pub fn ack(&self, dialled: &str, response: &str) -> anyhow::Result<String> {
        Ok(self.bare("ACK", dialled, "ack", 1, &tag(response)?))
    }

    pub fn bye(&self, dialled: &str, response: &str) -> anyhow::Result<String> {
        Ok(self.bare("BYE", dialled, "bye", 2, &tag(response)?))
    }

    fn bare(&self, method: &str, dialled: &str, branch: &str, cseq: u32, tag: &str) -> String {
        format!("{}Content-Length: 0\r\n\r\n", self.head(method, dialled, branch, cseq, tag))
    }

    fn head(&self, method: &str, dialled: &str, branch: &str, cseq: u32, tag: &str) -> String {
        let Self { server, own, call, .. } = self;
        let cseq = format!("{cseq} {method}");
        format!(
            "{method} sip:{dialled}@{server} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK-{branch}-{call};rport\r\n\
             From: <sip:13900000000@{own}>;tag=hand-{call}\r\nTo: <sip:{dialled}@{server}>{tag}\r\n\
             Call-ID: hand-{call}-{own}\r\nCSeq: {cseq}\r\nMax-Forwards: 70\r\n"
        )
    }
}

/// The tag the box gave itself, as a parameter of To.
fn tag(response: &str) -> anyhow::Result<String> {
    let to = response.lines().find(|line| line.starts_with("To:"));
    match to.and_then(|to| to.split_once(";tag=")) {
        Some((_, tag)) => Ok(format!(";tag={tag}")),
        None => bail!("no tag in {response}"),
    }
}
