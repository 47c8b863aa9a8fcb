//! Both ways of using sockets, over sockets of this machine.

use super::*;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn both(slots: usize) -> [Sockets; 2] {
    [Sockets::new(slots).unwrap(), Sockets::each(slots).unwrap()]
}

fn read(sockets: &mut Sockets) -> Vec<(u16, Vec<u8>)> {
    let mut read = Vec::new();
    sockets.read(|slot, _, bytes| read.push((slot.0, bytes.to_vec())));
    read
}

#[test]
fn what_came_is_read_in_turns_and_a_flood_waits_for_the_next_tick() {
    for mut sockets in both(4) {
        let peer = socket();
        for slot in [1, 3] {
            let socket = socket();
            let at = socket.local_addr().unwrap();
            assert!(sockets.open(Slot(slot), socket));
            for n in 0..if slot == 1 { 20 } else { 2 } {
                peer.send_to(&[slot as u8, n], at).unwrap();
            }
        }
        let first = read(&mut sockets);
        assert_eq!(first.iter().filter(|(slot, _)| *slot == 1).count(), ROUNDS);
        assert_eq!(first.iter().filter(|(slot, _)| *slot == 3).count(), 2);
        assert!(first[..4].iter().any(|(slot, _)| *slot == 3), "the other has its turn");
        assert_eq!(read(&mut sockets).len(), 4);
        assert_eq!(read(&mut sockets), []);
    }
}

#[test]
fn a_socket_that_was_shut_or_replaced_is_not_read_any_more() {
    for mut sockets in both(2) {
        let (peer, old, new) = (socket(), socket(), socket());
        let addresses = [old.local_addr().unwrap(), new.local_addr().unwrap()];
        assert!(sockets.open(Slot(0), old));
        assert!(sockets.open(Slot(0), new));
        peer.send_to(b"old", addresses[0]).ok();
        peer.send_to(b"new", addresses[1]).unwrap();
        assert_eq!(read(&mut sockets), [(0, b"new".to_vec())]);
        sockets.shut(Slot(0));
        peer.send_to(b"late", addresses[1]).ok();
        assert_eq!(read(&mut sockets), []);
        assert!(!sockets.open(Slot(9), socket()), "a slot that is not there");
    }
}

#[test]
fn a_socket_of_both_families_exchanges_with_either_and_shows_addresses_as_everybody_knows_them() {
    let of_both = || {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::DGRAM, None).unwrap();
        socket.set_only_v6(false).unwrap();
        socket.set_nonblocking(true).unwrap();
        // By number, as the box binds: only such a port outlives a connection.
        let bound = (23_000..24_000_u16)
            .any(|port| socket.bind(&SocketAddr::from(([0_u16; 8], port)).into()).is_ok());
        assert!(bound);
        UdpSocket::from(socket)
    };
    for mut sockets in both(2) {
        let sound = of_both();
        let port = sound.local_addr().unwrap().port();
        assert!(sockets.open(Slot(0), sound));
        for ip in ["127.0.0.1", "::1"] {
            let ip: std::net::IpAddr = ip.parse().unwrap();
            let peer = UdpSocket::bind((ip, 0)).unwrap();
            peer.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
            let at = peer.local_addr().unwrap();
            let exchange = |sockets: &mut Sockets| {
                peer.send_to(b"in", (ip, port)).unwrap();
                let mut from = Vec::new();
                sockets.read(|_, addr, _| from.push(addr));
                assert_eq!(from, [at]);
                sockets.send(Slot(0), at, b"out");
                assert_eq!(sockets.flush().sent, 1);
                assert_eq!(peer.recv_from(&mut [0; 9]).unwrap().1, (ip, port).into());
            };
            exchange(&mut sockets);
            sockets.connect(Slot(0), Some(at));
            exchange(&mut sockets);
            exchange(&mut sockets);
            sockets.connect(Slot(0), None);
        }
    }
}

#[test]
fn what_is_sent_is_on_the_wire_after_the_flush_and_what_cannot_be_is_counted() {
    for mut sockets in both(1) {
        let (peer, here) = (socket(), socket());
        let to = peer.local_addr().unwrap();
        assert!(sockets.open(Slot(0), here));
        sockets.send(Slot(0), to, b"sound");
        sockets.send(Slot(7), to, b"of nobody");
        assert_eq!(sockets.flush(), Sent { sent: 1, failed: 1, refused: 0 });
        let mut bytes = [0; 16];
        assert_eq!(peer.recv(&mut bytes).unwrap(), 5);
        assert_eq!(sockets.flush(), Sent::default());
    }
}

#[test]
fn without_its_ring_a_box_goes_on_with_the_same_sockets() {
    let mut sockets = Sockets::new(2).unwrap();
    let (peer, here) = (socket(), socket());
    let at = here.local_addr().unwrap();
    assert!(sockets.open(Slot(1), here));
    sockets.give_up_batches();
    assert!(!sockets.in_batches());
    assert_eq!(sockets.lost_ring(), 1, "and says so");
    peer.send_to(b"still", at).unwrap();
    assert_eq!(read(&mut sockets), [(1, b"still".to_vec())]);
}

#[test]
fn reports_come_and_go_over_a_socket_of_their_own() {
    for mut sockets in both(2) {
        let (peer, here) = (socket(), socket());
        let (to, at) = (peer.local_addr().unwrap(), here.local_addr().unwrap());
        assert!(sockets.open(Slot(1), socket()));
        assert!(sockets.open_reports(Slot(1), here));
        peer.send_to(b"report", at).unwrap();
        assert_eq!(read(&mut sockets), [], "no sound");
        let mut came = Vec::new();
        sockets.read_reports(|slot, from, bytes| came.push((slot, from, bytes.to_vec())));
        assert_eq!(came, [(Slot(1), to, b"report".to_vec())]);
        sockets.send_report(Slot(1), to, b"ours");
        assert_eq!(sockets.flush(), Sent { sent: 1, failed: 0, refused: 0 });
        let mut bytes = [0; 16];
        assert_eq!(peer.recv_from(&mut bytes).unwrap(), (4, at));
        sockets.shut(Slot(1));
        sockets.send_report(Slot(1), to, b"late");
        assert_eq!(sockets.flush().failed, 1);
    }
}
