//! A look at a socket, and what an outcome without a datagram says.

use super::DATAGRAM_BYTES_MAX;
use super::place::Place;
use super::room::Room;
use io_uring::opcode::{Recv, RecvMsg};
use io_uring::squeue;
use io_uring::types::{Fd, Fixed};

/// A look at a socket, for one datagram; of a connected one the address is known.
pub fn look(place: &Place, fixed: Option<Fixed>, room: &mut Room) -> squeue::Entry {
    if place.sender().is_some() {
        let (to, len) = (room.bytes.as_mut_ptr(), DATAGRAM_BYTES_MAX as u32);
        let look = match fixed {
            Some(fixed) => Recv::new(fixed, to, len),
            None => Recv::new(Fd(place.fd()), to, len),
        };
        return look.flags(libc::MSG_DONTWAIT).build();
    }
    let head = room.head();
    let look = match fixed {
        Some(fixed) => RecvMsg::new(fixed, head),
        None => RecvMsg::new(Fd(place.fd()), head),
    };
    look.flags(libc::MSG_DONTWAIT as u32).build()
}

/// Tells whether an outcome is what the peer's machine, or one on the way, said of datagrams before
/// (ICMP over connected sockets, udp(7)), and nothing about this one.
pub fn tells_of_peer(result: i32) -> bool {
    matches!(
        -result,
        libc::ECONNREFUSED
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::EHOSTDOWN
            | libc::ENOPROTOOPT
            | libc::EPROTO
    )
}
