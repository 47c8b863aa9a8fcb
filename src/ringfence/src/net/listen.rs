//! The listeners: who connects is let in by the door, shakes hands in time, and is carried.

use super::Arrived;
use super::connection::{self, Opened, carry};
use super::door::{Door, Refused};
use super::intake::Intake;
use crate::tls;
use sip::{FlowId, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Silence after which the system asks whether the other end is there, and how often.
const ALIVE: Duration = Duration::from_secs(60);
/// Connections the system keeps for us.
const BACKLOG: i32 = 1024;

/// One listener.
pub struct At {
    pub listener: tokio::net::TcpListener,
    pub transport: Transport,
    pub acceptor: Option<TlsAcceptor>,
    pub door: Arc<Door>,
    pub intake: Intake,
    pub ids: Arc<AtomicU64>,
    pub handshake_max: Duration,
}

/// Binds one listener. An IPv6 socket is of IPv6 alone.
pub fn bind(at: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let domain = socket2::Domain::for_address(at);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Accepts for ever.
pub async fn accept(at: At) {
    loop {
        let (stream, from) = match at.listener.accept().await {
            Ok(arrived) => arrived,
            Err(error) => {
                // No file handle is left, or the other end is gone already.
                crate::files::took_none("the SIP socket", &error);
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = match at.door.enter(from) {
            Ok(place) => place,
            Err(refused) => {
                let counter = match refused {
                    Refused::Banned => &at.intake.counters.banned,
                    Refused::Full => &at.intake.counters.refused,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                continue;
            }
        };
        prepare(&stream);
        let flow = FlowId(at.ids.fetch_add(1, Ordering::Relaxed));
        let (transport, intake) = (at.transport, at.intake.clone());
        let Some(acceptor) = at.acceptor.clone() else {
            tokio::spawn(async move {
                let (opened, ends) = open(flow, transport, from, Vec::new());
                if let Some(opened) = opened
                    && intake.bring(false, Arrived::Opened(Box::new(opened))).await
                {
                    carry(stream, flow, ends, intake, Some(place)).await;
                }
            });
            continue;
        };
        let handshake_max = at.handshake_max;
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(handshake_max, acceptor.accept(stream)).await;
            let Ok(Ok(stream)) = shaken else {
                intake.counters.handshakes_failed.fetch_add(1, Ordering::Relaxed);
                return;
            };
            let shown = stream.get_ref().1.peer_certificates().and_then(|all| all.first());
            let (opened, ends) =
                open(flow, transport, from, shown.map(tls::names).unwrap_or_default());
            if let Some(opened) = opened
                && intake.bring(false, Arrived::Opened(Box::new(opened))).await
            {
                carry(stream, flow, ends, intake, Some(place)).await;
            }
        });
    }
}

/// Sends at once, and finds out when the other end is gone.
pub fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = socket2::SockRef::from(stream);
    let alive = socket2::TcpKeepalive::new().with_time(ALIVE).with_interval(ALIVE / 4);
    let _ = socket.set_tcp_keepalive(&alive);
}

fn open(
    flow: FlowId,
    transport: Transport,
    addr: SocketAddr,
    certificate: Vec<String>,
) -> (Option<Opened>, connection::Ends) {
    let (line, ends) = connection::line(false);
    let held = ends.hold();
    let opened = held.map(|held| Opened { flow, transport, addr, certificate, line, held });
    (opened, ends)
}
