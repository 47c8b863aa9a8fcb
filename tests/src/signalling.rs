//! The sockets of a phone's signalling: UDP, and connections over TCP or TLS that it opens and that a
//! story may cut.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sip::{FlowId, Peer, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;

/// How a phone speaks with its server.
#[derive(Clone, Debug, Default)]
pub enum Way {
    #[default]
    Udp,
    Tcp,
    /// Trusting the authority of this file.
    Tls(PathBuf),
}

impl Way {
    /// Its transport.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Udp => Transport::Udp,
            Self::Tcp => Transport::Tcp,
            Self::Tls(_) => Transport::Tls,
        }
    }
}

/// What came by a socket.
pub enum Came {
    Datagram(SocketAddr, Vec<u8>),
    /// A connection is being opened.
    Opened(FlowId, Peer),
    Bytes(FlowId, Vec<u8>),
    Closed(FlowId),
}

/// A phone's sockets.
pub struct Signalling {
    udp: UdpSocket,
    way: Way,
    open: BTreeMap<FlowId, (SocketAddr, Line)>,
    /// Connections that their other end takes to be open still.
    lost: Vec<Line>,
    news: VecDeque<Came>,
    next: u64,
}

enum Line {
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Signalling {
    /// Binds the socket for UDP; connections are opened as they are needed.
    pub fn bind(ip: IpAddr, way: Way) -> Result<Self> {
        let udp = UdpSocket::bind((ip, 0))?;
        udp.set_nonblocking(true)?;
        let (open, lost, news) = (BTreeMap::new(), Vec::new(), VecDeque::new());
        Ok(Self { udp, way, open, lost, news, next: 1 })
    }

    /// The phone's address, which its Contact names.
    pub fn address(&self) -> Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Sends to a peer, by a connection of its own where the peer is reached by one.
    pub fn send(&mut self, to: Peer, bytes: &[u8]) {
        if !to.transport.reliable() {
            // What a socket refuses is lost, as on any network.
            let _ = self.udp.send_to(bytes, to.addr);
            return;
        }
        let there = self.open.iter().find(|(_, (addr, _))| *addr == to.addr).map(|(id, _)| *id);
        let Some(flow) = to.flow.or(there).or_else(|| self.open(to)) else { return };
        let Some((_, line)) = self.open.get_mut(&flow) else { return };
        if line.write(bytes).is_err() {
            self.open.remove(&flow);
            self.news.push_back(Came::Closed(flow));
        }
    }

    /// What came next, if anything did.
    pub fn receive(&mut self) -> Option<Came> {
        if let Some(news) = self.news.pop_front() {
            return Some(news);
        }
        let mut bytes = vec![0_u8; 65_535];
        if let Ok((length, from)) = self.udp.recv_from(&mut bytes) {
            bytes.truncate(length);
            return Some(Came::Datagram(from, bytes));
        }
        for (flow, (_, line)) in &mut self.open {
            let flow = *flow;
            match line.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(length) if length > 0 => {
                    bytes.truncate(length);
                    return Some(Came::Bytes(flow, bytes));
                }
                Ok(_) | Err(_) => {
                    self.open.remove(&flow);
                    return Some(Came::Closed(flow));
                }
            }
        }
        None
    }

    /// Closes every connection of the phone's side.
    pub fn cut(&mut self) {
        self.forget();
        self.lost.clear();
    }

    /// Forgets every connection without a word to the other end, as where a router on the way forgot
    /// it.
    pub fn forget(&mut self) {
        for (flow, (_, line)) in std::mem::take(&mut self.open) {
            self.lost.push(line);
            self.news.push_back(Came::Closed(flow));
        }
    }

    /// Closes one.
    pub fn close(&mut self, flow: FlowId) {
        self.open.remove(&flow);
    }

    fn open(&mut self, to: Peer) -> Option<FlowId> {
        let flow = FlowId(self.next);
        self.next += 1;
        self.news.push_back(Came::Opened(flow, to));
        match Line::open(&self.way, to.addr) {
            Ok(line) => {
                self.open.insert(flow, (to.addr, line));
                Some(flow)
            }
            Err(_) => {
                self.news.push_back(Came::Closed(flow));
                None
            }
        }
    }
}

impl Line {
    fn open(way: &Way, to: SocketAddr) -> Result<Self> {
        let mut stream = TcpStream::connect(to)?;
        let Way::Tls(trusted) = way else {
            stream.set_nonblocking(true)?;
            return Ok(Self::Tcp(stream));
        };
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(trusted).map_err(Error::other)?;
        roots.add(authority).map_err(Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(to.ip());
        let mut session = ClientConnection::new(Arc::new(config), name).map_err(Error::other)?;
        session.complete_io(&mut stream)?;
        stream.set_nonblocking(true)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(bytes),
            Self::Tls(stream) => stream.read(bytes),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}
