//! The UDP sockets: many datagrams a wake, each to the queue it belongs in.

use super::Intake;
use super::gate::{Gate, Verdict};
use crate::clock::Clock;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Receive buffer asked for.
const BUFFER_BYTES: usize = 8 << 20;
/// Longest datagram taken.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Datagrams read before other tasks have their turn.
const BATCH: usize = 128;

/// Binds one socket. An IPv6 socket is of IPv6 alone. One that is `shared` leaves the port to the
/// socket that hears phones ask by multicast: where it takes every address it would keep that out.
pub fn bind(at: SocketAddr, shared: bool) -> std::io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(at);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if shared && at.is_ipv4() && at.ip().is_unspecified() {
        socket.set_reuse_address(true)?;
        // Questions to the group are for the other socket alone.
        socket.set_multicast_all_v4(false)?;
    }
    // A smaller buffer than asked for is what the system grants; a flood is shed earlier then.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.bind(&at.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Reads a socket for ever.
pub async fn read(socket: tokio::net::UdpSocket, mut gate: Gate, intake: Intake, clock: Clock) {
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        if socket.readable().await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let now = clock.now();
        let mut any = false;
        for _ in 0..BATCH {
            match socket.try_recv_from(&mut bytes) {
                Ok((length, from)) => {
                    let bytes = bytes.get(..length).unwrap_or_default();
                    any |= take(&mut gate, &intake, now, from, bytes);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // An ICMP error of an earlier send comes back here; the socket goes on.
                Err(_) => {}
            }
        }
        if any {
            intake.wake();
        }
        tokio::task::yield_now().await;
    }
}

/// Passes one datagram on; tells whether the exchange has something new to look at.
fn take(
    gate: &mut Gate,
    intake: &Intake,
    now: model::Instant,
    from: SocketAddr,
    bytes: &[u8],
) -> bool {
    let count = |counter: &AtomicU64| _ = counter.fetch_add(1, Ordering::Relaxed);
    let known = match gate.judge(now, from) {
        Verdict::Known => true,
        Verdict::Stranger => false,
        Verdict::TooFast => {
            count(&intake.counters.too_fast);
            return false;
        }
        Verdict::Banned => {
            count(&intake.counters.banned);
            return false;
        }
    };
    if !intake.offer(known, from, bytes) {
        count(&intake.counters.shed);
    }
    true
}
