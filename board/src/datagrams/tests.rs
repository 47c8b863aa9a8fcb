//! Batches over sockets of this machine.

use super::*;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Says that this machine refuses io_uring; without it such a machine fails a test.
const REFUSED: &str = "RINGFENCE_NO_IO_URING";

/// Nothing where this machine refuses io_uring: the fallback's tests hold there.
fn batches(places: usize) -> Option<Batches> {
    Batches::new(places).inspect_err(|error| eprintln!("no io_uring: {error}")).ok()
}

fn read(batches: &mut Batches, rounds: usize) -> Vec<(u16, Vec<u8>)> {
    let mut read = Vec::new();
    batches.receive(rounds, |place, _, bytes| read.push((place, bytes.to_vec())));
    read
}

#[test]
fn the_kernel_grants_batches_unless_the_environment_says_that_it_does_not() {
    let granted = Batches::new(1).map(drop);
    let refused = std::env::var_os(REFUSED).is_some();
    assert!(granted.is_ok() || refused, "{granted:?}; where that is so, set {REFUSED}=1");
}

#[test]
fn more_datagrams_than_a_batch_go_out_and_come_in_each_at_its_socket() {
    let places = 3 * BATCH as u16 / 2;
    let Some(mut batches) = batches(usize::from(places)) else { return };
    let sockets: Vec<_> = (0..places).map(|_| socket()).collect();
    let at: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
    for (place, socket) in sockets.into_iter().enumerate() {
        assert!(batches.open(place as u16, socket));
    }
    for place in 0..places {
        let to = at[usize::from((place + 1) % places)];
        batches.send(place, to, &place.to_be_bytes());
    }
    assert_eq!(batches.flush(), Sent { sent: u64::from(places), failed: 0, refused: 0 });
    let mut seen = 0;
    let count = batches.receive(1, |place, from, bytes| {
        let before = (place + places - 1) % places;
        assert_eq!((from, bytes), (at[usize::from(before)], &before.to_be_bytes()[..]));
        seen += 1;
    });
    assert_eq!((seen, count), (places, u64::from(places)));
    assert_eq!(read(&mut batches, 1), []);
}

#[test]
fn a_socket_with_more_is_looked_at_again_up_to_its_rounds() {
    let Some(mut batches) = batches(2) else { return };
    let (peer, here) = (socket(), socket());
    let at = here.local_addr().unwrap();
    assert!(batches.open(0, here));
    assert!(batches.open(1, socket()));
    for n in 0..5 {
        peer.send_to(&[n], at).unwrap();
    }
    let three: Vec<_> = (0..3).map(|n| (0, vec![n])).collect();
    assert_eq!(read(&mut batches, 3), three);
    assert_eq!(read(&mut batches, 3), [(0, vec![3]), (0, vec![4])]);
}

#[test]
fn addresses_of_both_families_come_and_go() {
    let Some(mut batches) = batches(1) else { return };
    let Ok(here) = UdpSocket::bind("[::1]:0") else { return };
    here.set_nonblocking(true).unwrap();
    let at = here.local_addr().unwrap();
    assert!(batches.open(0, here));
    batches.send(0, at, b"six");
    assert_eq!(batches.flush().sent, 1);
    let mut from = None;
    batches.receive(1, |_, address, bytes| from = (bytes == b"six").then_some(address));
    assert_eq!(from, Some(at));
}

#[test]
fn a_place_that_is_shut_or_not_there_neither_sends_nor_receives() {
    let Some(mut batches) = batches(1) else { return };
    let (peer, here) = (socket(), socket());
    let (at, to) = (here.local_addr().unwrap(), peer.local_addr().unwrap());
    assert!(!batches.open(1, socket()));
    assert!(batches.open(0, here));
    batches.send(0, to, b"before");
    batches.shut(0);
    batches.send(0, to, b"after");
    batches.send(9, to, b"nowhere");
    assert_eq!(batches.flush(), Sent { sent: 1, failed: 2, refused: 0 });
    peer.send_to(b"late", at).ok();
    assert_eq!(read(&mut batches, 1), []);
    let mut bytes = [0; 16];
    assert_eq!(peer.recv(&mut bytes).unwrap(), 6);
}

#[test]
fn what_is_too_long_is_not_sent_and_what_comes_too_long_is_cut() {
    let Some(mut batches) = batches(1) else { return };
    let (peer, here) = (socket(), socket());
    let (at, to) = (here.local_addr().unwrap(), peer.local_addr().unwrap());
    assert!(batches.open(0, here));
    batches.send(0, to, &[0; DATAGRAM_BYTES_MAX + 1]);
    assert_eq!(batches.flush(), Sent { sent: 0, failed: 1, refused: 0 });
    peer.send_to(&[1; DATAGRAM_BYTES_MAX + 500], at).unwrap();
    assert_eq!(read(&mut batches, 1), [(0, vec![1; DATAGRAM_BYTES_MAX])]);
}

fn pair() -> Option<(Batches, UdpSocket, SocketAddr)> {
    let mut batches = batches(1)?;
    let (peer, here) = (socket(), socket());
    let at = here.local_addr().unwrap();
    // Bound by number, as RTP is: a port the system chose is lost when the peer is let go.
    drop(here);
    let here = UdpSocket::bind(at).unwrap();
    here.set_nonblocking(true).unwrap();
    assert!(batches.open(0, here));
    batches.connect(0, Some(peer.local_addr().unwrap()));
    Some((batches, peer, at))
}

#[test]
fn a_connected_socket_hears_and_reaches_its_peer_alone_until_it_is_let_go() {
    let Some((mut batches, peer, at)) = pair() else { return };
    let (to, other) = (peer.local_addr().unwrap(), socket());
    let elsewhere = other.local_addr().unwrap();
    peer.send_to(b"mine", at).unwrap();
    other.send_to(b"not mine", at).unwrap();
    let mut heard = Vec::new();
    batches.receive(4, |_, from, bytes| heard.push((from, bytes.to_vec())));
    assert_eq!(heard, [(to, b"mine".to_vec())]);
    batches.send(0, to, b"yours");
    batches.send(0, elsewhere, b"to another, as reports go");
    assert_eq!(batches.flush(), Sent { sent: 2, failed: 0, refused: 0 });
    let mut bytes = [0; 32];
    assert_eq!(peer.recv(&mut bytes).unwrap(), 5);
    assert_eq!(other.recv(&mut bytes).unwrap(), 25);
    batches.connect(0, None);
    other.send_to(b"now", at).unwrap();
    let mut heard = Vec::new();
    batches.receive(4, |_, from, bytes| heard.push((from, bytes.to_vec())));
    assert_eq!(heard, [(elsewhere, b"now".to_vec())]);
}

#[test]
fn what_others_sent_before_the_connection_is_not_taken_for_the_peers() {
    let Some(mut batches) = batches(1) else { return };
    let (peer, other, here) = (socket(), socket(), socket());
    let at = here.local_addr().unwrap();
    assert!(batches.open(0, here));
    for n in 0..20 {
        other.send_to(&[n], at).unwrap();
    }
    batches.connect(0, Some(peer.local_addr().unwrap()));
    let mut heard = Vec::new();
    for _ in 0..3 {
        peer.send_to(b"peer", at).unwrap();
        batches.receive(16, |_, from, bytes| heard.push((from, bytes.len())));
    }
    let from = |from: &UdpSocket| from.local_addr().unwrap();
    assert_eq!(heard.iter().filter(|it| **it == (from(&other), 1)).count(), 20);
    assert_eq!(heard.iter().filter(|it| **it == (from(&peer), 4)).count(), 3);
}

#[test]
fn a_peer_that_is_not_there_is_counted_and_heard_when_it_comes_back() {
    let Some((mut batches, peer, at)) = pair() else { return };
    let to = peer.local_addr().unwrap();
    drop(peer);
    let mut told = Sent::default();
    for _ in 0..3 {
        batches.send(0, to, b"anybody?");
        let sent = batches.flush();
        told.sent += sent.sent;
        told.refused += sent.refused;
        assert_eq!(sent.failed, 0);
    }
    assert!(told.sent >= 1 && told.refused >= 1, "{told:?}");
    let back = UdpSocket::bind(to).unwrap();
    back.send_to(b"here", at).unwrap();
    assert_eq!(read(&mut batches, 2), [(0, b"here".to_vec())]);
    batches.send(0, to, b"good");
    assert_eq!(batches.flush().sent, 1);
}

#[test]
fn of_a_steady_sender_nothing_waits_longer_than_a_tick_and_two_looks_are_the_exception() {
    let Some((mut batches, peer, at)) = pair() else { return };
    let mut looks = |datagrams: usize| {
        (0..datagrams).for_each(|_| assert_eq!(peer.send_to(b"frame", at).unwrap(), 5));
        read(&mut batches, 16).len()
    };
    // After a pause both of what came meanwhile and now are taken at once.
    let came = [1, 1, 0, 2, 1, 1, 0, 3, 1].map(&mut looks);
    assert_eq!(came, [1, 1, 0, 2, 1, 1, 0, 3, 1]);
    // A sender that is a little fast: the frame too many is taken within eight ticks.
    let came: usize = [2, 1, 1, 1, 1, 1, 1, 1].map(&mut looks).iter().sum();
    assert_eq!(came, 9);
}
