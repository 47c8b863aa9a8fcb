//! The multicast socket: hears phones out of their box ask where their settings are.

use super::shelf::Shelf;
use crate::net::facing;
use crate::service::{Severity, log};
use anyhow::Context as _;
use phone::pnp::{Asked, BYTES_MAX, GROUP, PORT};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::UdpSocket;

/// Questions answered a second, whoever asks; a building's phones after a power cut ask again.
const ANSWERS_PER_S: usize = 20;
/// Questions remembered, so that one that was sent again is answered with the same words.
const REMEMBERED_MAX: usize = 64;

/// Joins the group on the interface of `local`, on every one where it is unspecified, and answers
/// until the runtime ends. Errors at the start are given; later ones are slept over.
pub async fn answer_multicast(shelf: Arc<Shelf>, local: Ipv4Addr) -> anyhow::Result<()> {
    let socket = bind(local, PORT)?;
    run(shelf, socket, SocketAddr::from((local, PORT))).await;
    Ok(())
}

/// A socket that hears the group beside the box's own signalling socket on the same port.
pub(super) fn bind(local: Ipv4Addr, port: u16) -> anyhow::Result<UdpSocket> {
    let kind = socket2::Type::DGRAM;
    let socket = socket2::Socket::new(socket2::Domain::IPV4, kind, Some(socket2::Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    // Bound to the group itself, so that nothing sent to the box's own address comes here.
    socket
        .bind(&SocketAddrV4::new(GROUP, port).into())
        .with_context(|| format!("cannot bind {GROUP}:{port} for plug and play"))?;
    let interfaces = if local.is_unspecified() { facing::interfaces() } else { Vec::new() };
    if interfaces.is_empty() {
        socket
            .join_multicast_v4(&GROUP, &local)
            .with_context(|| format!("cannot join {GROUP} on the interface of {local}"))?;
        socket.set_multicast_if_v4(&local)?;
    }
    for interface in interfaces {
        let index = socket2::InterfaceIndexOrAddress::Index(interface);
        socket
            .join_multicast_v4_n(&GROUP, &index)
            .with_context(|| format!("cannot join {GROUP} on interface {interface}"))?;
    }
    socket.set_nonblocking(true)?;
    Ok(UdpSocket::from_std(socket.into())?)
}

/// Answers what comes in. The answers leave from a socket of their own, bound to `local`'s address,
/// so that they come from an address that phones can answer.
pub(super) async fn run(shelf: Arc<Shelf>, socket: UdpSocket, local: SocketAddr) {
    let sender = match UdpSocket::bind((local.ip(), 0)).await {
        Ok(sender) => sender,
        Err(error) => {
            log(Severity::Error, &format!("plug and play cannot answer from {local}: {error}"));
            return;
        }
    };
    let Ok(ours) = sender.local_addr() else { return };
    let mut bytes = vec![0; BYTES_MAX + 1];
    let mut recent: VecDeque<(SocketAddr, String)> = VecDeque::new();
    let mut due = tokio::time::interval(Duration::from_secs(1));
    let mut left = ANSWERS_PER_S;
    loop {
        let received = tokio::select! {
            _ = due.tick() => { left = ANSWERS_PER_S; continue }
            received = socket.recv_from(&mut bytes) => received,
        };
        let Ok((length, from)) = received else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Some(asked) = bytes.get(..length).and_then(Asked::parse) else { continue };
        // Only a device of the site is told anything, and not from beyond the network.
        if !shelf.knows(asked.mac) || left == 0 {
            continue;
        }
        left -= 1;
        let Ok(random) = crate::boxkey::random_32() else { continue };
        let known = recent.iter().find(|(source, call)| *source == from && *call == asked.key());
        let again = known.is_some();
        let (tag, branch) = (letters(&random, 0), letters(&random, 16));
        // A phone is told the address it can reach, where the box has several.
        let mut place = shelf.place().clone();
        let mut ours = ours;
        if ours.ip().is_unspecified()
            && let Some(own) = facing::facing(from.ip())
        {
            ours.set_ip(own);
            place.host = own;
        }
        let _ = sender.send_to(asked.accept(ours, &tag).as_bytes(), from).await;
        let notify = asked.notify(ours, &tag, &branch, &place.url());
        let _ = sender.send_to(notify.as_bytes(), from).await;
        if !again {
            shelf.counters.pnp_answered.fetch_add(1, Ordering::Relaxed);
            let (mac, vendor, model) = (asked.mac, &asked.vendor, &asked.model);
            log(Severity::Notice, &format!("{vendor} {model} {mac} at {from} was told the URL"));
            recent.push_back((from, asked.key()));
            if recent.len() > REMEMBERED_MAX {
                recent.pop_front();
            }
        }
    }
}

/// 16 letters and digits out of random bytes.
fn letters(random: &[u8; 32], from: usize) -> String {
    random.iter().skip(from).take(8).map(|byte| format!("{byte:02x}")).collect()
}
