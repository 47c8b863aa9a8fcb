//! The UDP sockets: a thread each reads what comes and puts it into the queue it belongs in.
//!
//! ```text
//!   recv (waits) --gate--> shed, counted
//!     ^            '-----> its queue --wakes--> exchange thread, if it sleeps
//!     '---------------------------'
//! ```
//!
//! A thread of its own waits in the read itself: a datagram that comes alone costs one wake and one
//! call of the system, where a task would be woken by its poller and then ask twice.

use super::gate::{Gate, Verdict};
use super::intake::{Intake, Queue};
use crate::clock::Clock;
use rustix::io::Errno;
use rustix::net::{SendFlags, sendto};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Receive buffer asked for.
const BUFFER_BYTES: usize = 8 << 20;
/// Longest datagram taken.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Longest a read waits, so that the thread ends soon after its box.
const READ_MAX: Duration = Duration::from_secs(1);

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
    socket.set_read_timeout(Some(READ_MAX))?;
    socket.bind(&at.into())?;
    Ok(socket.into())
}

/// Sends a datagram, or not at all: a full buffer is not waited for, SIP sends again.
pub fn send(socket: &UdpSocket, to: SocketAddr, bytes: &[u8]) -> Result<(), Errno> {
    sendto(socket, bytes, SendFlags::DONTWAIT, &to).map(drop)
}

/// Starts the thread that reads a socket until its box is gone.
pub fn read(socket: UdpSocket, gate: Gate, intake: Intake, clock: Clock) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("sip-udp".into());
    thread.spawn(move || run(&socket, gate, &intake, clock)).map(drop)
}

fn run(socket: &UdpSocket, mut gate: Gate, intake: &Intake, clock: Clock) {
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    while !intake.is_over() {
        // Nothing came for a while, or an ICMP error of an earlier send comes back here.
        let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
        let bytes = bytes.get(..length).unwrap_or_default();
        if take(&mut gate, intake, clock.now(), from, bytes) {
            intake.wake();
        }
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
    let queue = match gate.judge(now, from) {
        Verdict::Known => Queue::of_known(bytes),
        Verdict::Stranger => Queue::Strangers,
        Verdict::TooFast => {
            count(&intake.counters.too_fast);
            return false;
        }
        Verdict::Banned => {
            count(&intake.counters.banned);
            return false;
        }
    };
    if !intake.offer(queue, now, from, bytes) {
        count(&intake.counters.shed);
    }
    true
}
