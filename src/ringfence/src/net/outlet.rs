//! The way out: datagrams from the socket of their family, bytes to their connection, and
//! connections opened where there is none yet.

use super::connection::{self, Ends, Line, Opened, carry};
use super::friends::Friends;
use super::intake::Intake;
use super::{Arrived, Trunks, listen, udp};
use model::Instant;
use rustls::pki_types::ServerName;
use sip::{Endpoint, FlowId, Input, Peer, Source, Transport};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest a connection may take to open, its handshake within. A trunk that is silent is left for
/// the next one in 4 s.
const CONNECT_MAX: Duration = Duration::from_secs(4);

/// What there is to send by.
pub struct Ways {
    /// The sockets of datagrams, by their own address.
    pub sockets: Vec<(SocketAddr, UdpSocket)>,
    pub connector: Option<TlsConnector>,
    /// The host names that peers prove over TLS, by their address; others prove the address.
    pub names: BTreeMap<SocketAddr, String>,
    pub runtime: tokio::runtime::Handle,
    pub intake: Intake,
    pub ids: Arc<AtomicU64>,
    pub friends: Arc<Friends>,
    pub connections_max: usize,
}

/// The exchange thread's end of all sockets.
pub struct Outlet {
    ways: Ways,
    lines: BTreeMap<FlowId, Open>,
    /// Those we opened, by where they lead.
    ours: BTreeMap<(Transport, SocketAddr), FlowId>,
    /// Datagrams that the system did not take.
    pub failed: u64,
}

struct Open {
    line: Line,
    transport: Transport,
    addr: SocketAddr,
}

impl Outlet {
    pub fn new(ways: Ways) -> Self {
        Self { ways, lines: BTreeMap::new(), ours: BTreeMap::new(), failed: 0 }
    }

    /// Hands what came to the endpoint.
    pub fn take(&mut self, now: Instant, endpoint: &mut Endpoint, arrived: Arrived) {
        match arrived {
            Arrived::Datagram { from, bytes, .. } => {
                endpoint.handle(now, Input::Datagram { from, bytes: &bytes });
            }
            Arrived::Opened(opened) => {
                let Opened { flow, transport, addr, certificate, line, held } = *opened;
                self.lines.insert(flow, Open { line, transport, addr });
                let outgoing = false;
                let input = Input::Opened { flow, transport, addr, outgoing, certificate };
                endpoint.handle(now, input);
                drop(held);
            }
            Arrived::Bytes { flow, bytes, held, .. } => {
                if self.lines.contains_key(&flow) {
                    endpoint.handle(now, Input::Bytes { flow, bytes: &bytes });
                }
                drop(held);
            }
            Arrived::Closed { flow } => {
                self.close(flow);
                endpoint.handle(now, Input::Closed { flow });
            }
        }
    }

    /// Sends a datagram, or bytes by the connection named or one to the address.
    pub fn send(&mut self, now: Instant, endpoint: &mut Endpoint, to: Peer, bytes: Vec<u8>) {
        if !to.transport.reliable() {
            return self.send_datagram(to.addr, &bytes);
        }
        let flow = match to.flow {
            Some(flow) => flow,
            None => match self.ours.get(&(to.transport, to.addr)) {
                Some(flow) => *flow,
                None => self.open(now, endpoint, to.transport, to.addr),
            },
        };
        let Some(open) = self.lines.get(&flow) else { return };
        if !open.line.send(bytes) {
            // It takes nothing any more: whoever waits for it is told at once.
            self.ways.intake.counters.slow.fetch_add(1, Ordering::Relaxed);
            self.close(flow);
            endpoint.handle(now, Input::Closed { flow });
        }
    }

    /// Closes a connection once what waits for it is written.
    pub fn close(&mut self, flow: FlowId) {
        let Some(open) = self.lines.remove(&flow) else { return };
        let place = (open.transport, open.addr);
        if self.ours.get(&place) == Some(&flow) {
            self.ours.remove(&place);
        }
    }

    /// Closes every connection once what waits for it is written.
    pub fn close_all(&mut self) {
        self.lines.clear();
        self.ours.clear();
    }

    /// Somebody proved a password from there: it passes before strangers from now on.
    pub fn known(&self, now: Instant, peer: &Peer) {
        match peer.flow {
            Some(flow) => {
                if let Some(open) = self.lines.get(&flow) {
                    open.line.known();
                }
            }
            None => self.ways.friends.phone(now, peer.addr),
        }
    }

    /// Somebody proved a password from there and guessed at others: it is a stranger again.
    pub fn estranged(&self, addr: SocketAddr) {
        self.ways.friends.estrange(addr);
    }

    /// Nothing of a source is taken until then.
    pub fn ban(&self, now: Instant, source: Source, until: Instant) {
        self.ways.friends.ban(now, source, until);
    }

    /// Uses the trunks of another site.
    pub fn set_trunks(&mut self, trunks: Trunks) {
        self.ways.friends.set_trunks(trunks.addresses);
        self.ways.names = trunks.names;
    }

    fn send_datagram(&mut self, to: SocketAddr, bytes: &[u8]) {
        let of_family = |(local, _): &&(SocketAddr, UdpSocket)| local.is_ipv4() == to.is_ipv4();
        let socket = self.ways.sockets.iter().find(of_family);
        if socket.is_none_or(|(_, socket)| udp::send(socket, to, bytes).is_err()) {
            self.failed += 1;
        }
    }

    /// Begins to open a connection, and tells the endpoint at once.
    fn open(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        transport: Transport,
        addr: SocketAddr,
    ) -> FlowId {
        let flow = FlowId(self.ways.ids.fetch_add(1, Ordering::Relaxed));
        let (line, ends) = connection::line(true);
        let full = self.lines.len() >= self.ways.connections_max;
        self.lines.insert(flow, Open { line, transport, addr });
        self.ours.insert((transport, addr), flow);
        let (outgoing, certificate) = (true, Vec::new());
        endpoint.handle(now, Input::Opened { flow, transport, addr, outgoing, certificate });
        let intake = self.ways.intake.clone();
        let name = self.ways.names.get(&addr).cloned();
        match (transport, self.ways.connector.clone()) {
            (Transport::Tcp, _) if !full => {
                self.ways.runtime.spawn(by_tcp(addr, flow, ends, intake));
            }
            (Transport::Tls, Some(connector)) if !full => {
                self.ways.runtime.spawn(by_tls(connector, name, addr, flow, ends, intake));
            }
            _ => drop(self.ways.runtime.spawn(connection::failed(flow, ends, intake))),
        }
        flow
    }
}

async fn by_tcp(addr: SocketAddr, flow: FlowId, ends: Ends, intake: Intake) {
    let connecting = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(addr));
    match connecting.await {
        Ok(Ok(stream)) => {
            listen::prepare(&stream);
            carry(stream, flow, ends, intake, None).await;
        }
        _ => connection::failed(flow, ends, intake).await,
    }
}

async fn by_tls(
    connector: TlsConnector,
    name: Option<String>,
    addr: SocketAddr,
    flow: FlowId,
    ends: Ends,
    intake: Intake,
) {
    let named = name.and_then(|name| ServerName::try_from(name).ok());
    let name = named.unwrap_or_else(|| ServerName::IpAddress(addr.ip().into()));
    let connecting = tokio::time::timeout(CONNECT_MAX, async {
        let stream = TcpStream::connect(addr).await?;
        listen::prepare(&stream);
        connector.connect(name, stream).await
    });
    match connecting.await {
        Ok(Ok(stream)) => carry(stream, flow, ends, intake, None).await,
        _ => {
            intake.counters.handshakes_failed.fetch_add(1, Ordering::Relaxed);
            connection::failed(flow, ends, intake).await;
        }
    }
}
