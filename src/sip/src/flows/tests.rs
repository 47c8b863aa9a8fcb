//! What becomes of connections as time goes by.

use super::*;
use crate::peer::Transport;
use std::time::Duration;

const NOW: Instant = Instant::from_millis(1000);

fn peer(n: u8) -> Peer {
    Peer::new(Transport::Tcp, SocketAddr::from(([192, 0, 2, n], 5060)))
}

fn flows(flows_max: usize, bytes_max: usize) -> Flows {
    Flows::new(FlowLimits { flows_max, bytes_max })
}

fn after(seconds: u64) -> Instant {
    NOW + Duration::from_secs(seconds)
}

#[test]
fn at_the_limit_the_stranger_that_is_open_longest_gives_way_and_never_who_is_known() {
    let mut flows = flows(2, 1000);
    assert_eq!(flows.opened(NOW, FlowId(1), peer(1), false, Vec::new()), None);
    assert_eq!(flows.opened(NOW, FlowId(2), peer(2), false, Vec::new()), None);
    let first = flows.peer(FlowId(1)).unwrap();
    flows.known(&first);
    assert_eq!(flows.opened(NOW, FlowId(3), peer(3), false, Vec::new()), Some(FlowId(2)));
    flows.closed(FlowId(2));
    let third = flows.peer(FlowId(3)).unwrap();
    flows.known(&third);
    assert_eq!(flows.opened(NOW, FlowId(4), peer(4), false, Vec::new()), Some(FlowId(4)));
    assert_eq!(flows.len(), 2);
}

#[test]
fn nothing_goes_to_a_stranger_that_only_has_the_address_it_is_for() {
    let mut flows = flows(9, 1000);
    flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
    assert_eq!(flows.resolve(peer(1)).flow, None);
    let stranger = flows.peer(FlowId(1)).unwrap();
    assert_eq!(flows.resolve(stranger), stranger, "but its own answers");
    flows.known(&stranger);
    assert_eq!(flows.resolve(peer(1)), stranger);
    flows.opened(NOW, FlowId(2), peer(1), false, Vec::new());
    assert_eq!(flows.resolve(peer(1)), stranger, "who comes later takes nothing over");
    flows.opened(NOW, FlowId(3), peer(3), true, Vec::new());
    assert_eq!(flows.resolve(peer(3)).flow, Some(FlowId(3)), "we opened it");
}

#[test]
fn a_stranger_that_is_silent_for_30_s_is_closed_and_a_known_peer_is_not() {
    let mut flows = flows(9, 1000);
    flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
    flows.opened(NOW, FlowId(2), peer(2), false, Vec::new());
    let known = flows.peer(FlowId(2)).unwrap();
    flows.known(&known);
    assert_eq!(flows.due(after(29)), None);
    assert_eq!(flows.due(after(30)), Some(Due::Close(FlowId(1))));
    flows.closed(FlowId(1));
    assert_eq!(flows.due(after(31)), None);
    assert_eq!(flows.due(after(3 * 3600)), Some(Due::Close(FlowId(2))));
}

#[test]
fn half_a_message_is_waited_for_10_s_however_often_a_byte_comes() {
    let mut flows = flows(9, 1000);
    flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
    for second in 0..10 {
        assert!(flows.push(after(second), FlowId(1), b"I"));
        assert_eq!(flows.piece(after(second), FlowId(1)), Ok(None));
        assert_eq!(flows.due(after(second)), None);
    }
    assert_eq!(flows.due(after(10)), Some(Due::Close(FlowId(1))));
}

#[test]
fn unfinished_messages_together_have_a_limit() {
    let mut flows = flows(9, 100);
    for id in [1, 2] {
        flows.opened(NOW, FlowId(id), peer(id as u8), false, Vec::new());
        assert!(flows.push(NOW, FlowId(id), &[b'x'; 45]));
    }
    assert!(!flows.push(NOW, FlowId(2), &[b'x'; 45]));
    flows.closed(FlowId(1));
    assert!(flows.push(NOW, FlowId(2), &[b'x'; 45]));
    assert_eq!(flows.bytes(), 90);
}

#[test]
fn a_connection_of_ours_is_pinged_and_dropped_when_who_answered_once_does_not() {
    let mut flows = flows(9, 100);
    flows.opened(NOW, FlowId(1), peer(1), true, Vec::new());
    assert_eq!(flows.due(after(110)), Some(Due::Ping(FlowId(1))));
    assert_eq!(flows.due(after(121)), None, "it may never have heard of RFC 5626");
    assert_eq!(flows.due(after(220)), Some(Due::Ping(FlowId(1))));
    flows.push(after(221), FlowId(1), b"\r\n");
    assert_eq!(flows.piece(after(221), FlowId(1)), Ok(None));
    assert_eq!(flows.due(after(330)), Some(Due::Ping(FlowId(1))));
    assert_eq!(flows.due(after(339)), None);
    assert_eq!(flows.due(after(340)), Some(Due::Close(FlowId(1))));
}

#[test]
fn what_was_for_a_connection_goes_by_its_successor_and_never_round() {
    let mut flows = flows(9, 100);
    for id in 1..=4 {
        flows.opened(NOW, FlowId(id), peer(id as u8), false, Vec::new());
    }
    let first = flows.peer(FlowId(1)).unwrap();
    flows.closed(FlowId(1));
    flows.succeed(FlowId(1), FlowId(2));
    assert_eq!(flows.resolve(first).flow, Some(FlowId(2)));
    flows.succeed(FlowId(2), FlowId(3));
    assert_eq!(flows.resolve(first).flow, Some(FlowId(3)));
    flows.succeed(FlowId(3), FlowId(2));
    assert_eq!(flows.resolve(first).flow, Some(FlowId(2)));
    let protected = Peer { transport: Transport::Tls, ..first };
    assert_eq!(flows.resolve(protected).flow, None, "what was protected never goes in clear");
}

#[test]
fn a_connection_that_is_kept_alive_and_falls_silent_is_closed_after_150_s() {
    let mut flows = flows(9, 100);
    flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
    let known = flows.peer(FlowId(1)).unwrap();
    flows.known(&known);
    flows.keep(FlowId(1));
    flows.push(after(100), FlowId(1), b"\r\n\r\n");
    assert_eq!(flows.piece(after(100), FlowId(1)), Ok(Some(Piece::Ping)));
    assert_eq!(flows.due(after(249)), None);
    assert_eq!(flows.due(after(250)), Some(Due::Close(FlowId(1))));
}

#[test]
fn a_peer_whose_connection_is_gone_is_reached_by_another_one_to_its_address() {
    let mut flows = flows(9, 100);
    flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
    let old = flows.peer(FlowId(1)).unwrap();
    assert_eq!(flows.resolve(old), old);
    flows.closed(FlowId(1));
    assert_eq!(flows.resolve(old), peer(1));
    flows.opened(NOW, FlowId(2), peer(1), true, Vec::new());
    assert_eq!(flows.resolve(old).flow, Some(FlowId(2)));
}
