//! Plug and play over a real multicast group on the loopback.

use super::super::pnp;
use super::world::*;
use phone::pnp::GROUP;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// A phone's socket that sends to the group over the loopback.
async fn phone_socket() -> UdpSocket {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let socket = socket2::Socket::from(socket);
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    socket.set_multicast_loop_v4(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    UdpSocket::from_std(socket.into()).unwrap()
}

fn question(mac: phone::Mac, at: SocketAddr, call: &str) -> String {
    format!(
        "SUBSCRIBE sip:MAC%3A{mac}@224.0.1.75 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {at};branch=z9hG4bK1\r\n\
         From: <sip:MAC%3A{mac}@224.0.1.75>;tag=1\r\nTo: <sip:MAC%3A{mac}@224.0.1.75>\r\n\
         Call-ID: {call}\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:{at}>\r\nExpires: 0\r\n\
         Event: ua-profile;profile-type=\"device\";vendor=\"yealink\";model=\"T46U\";version=\"1\"\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

async fn heard(socket: &UdpSocket) -> Option<String> {
    let mut bytes = vec![0; 4096];
    let received = tokio::time::timeout(Duration::from_millis(500), socket.recv_from(&mut bytes));
    let (length, _) = received.await.ok()?.unwrap();
    bytes.truncate(length);
    Some(String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn a_phone_of_the_site_that_asks_the_network_is_told_the_url_and_no_secret() {
    let world = World::new().await;
    // A port of the test's own, so that two runs do not hear each other.
    let port =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    let socket = pnp::bind(Ipv4Addr::LOCALHOST, port).unwrap();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let task = tokio::spawn(pnp::run(world.shelf.clone(), socket, local));
    let phone = phone_socket().await;
    let at = phone.local_addr().unwrap();
    let group = SocketAddr::from((GROUP, port));

    phone.send_to(question(STRANGER, at, "0@phone").as_bytes(), group).await.unwrap();
    phone.send_to(b"SUBSCRIBE nonsense", group).await.unwrap();
    phone.send_to(question(YEALINK, at, "1@phone").as_bytes(), group).await.unwrap();
    let accepted = heard(&phone).await.expect("an answer");
    assert!(accepted.starts_with("SIP/2.0 200 OK\r\n"), "{accepted}");
    assert!(accepted.contains("Call-ID: 1@phone\r\n"), "the stranger is not answered");
    let told = heard(&phone).await.expect("a NOTIFY");
    assert!(told.starts_with(&format!("NOTIFY sip:{at} SIP/2.0\r\n")), "{told}");
    assert!(told.ends_with(&format!("\r\n\r\nhttps://{}/phones/", world.at)), "{told}");
    let secret = keys().credential(YEALINK, 0).secret;
    assert!(!told.contains(secret.reveal()));
    assert_eq!(heard(&phone).await, None, "nobody else is answered");
    assert_eq!(world.count(|counters| &counters.pnp_answered), 1);
    task.abort();
}

#[tokio::test]
async fn a_box_bound_to_every_address_names_the_one_that_faces_the_phone() {
    let world = World::new().await;
    let port =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    // Joined on the loopback, where the phone of the test is; answered as from anywhere.
    let socket = pnp::bind(Ipv4Addr::LOCALHOST, port).unwrap();
    let local = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let task = tokio::spawn(pnp::run(world.shelf.clone(), socket, local));
    let phone = phone_socket().await;
    let at = phone.local_addr().unwrap();
    let group = SocketAddr::from((GROUP, port));
    phone.send_to(question(YEALINK, at, "1@phone").as_bytes(), group).await.unwrap();
    let accepted = heard(&phone).await.expect("an answer");
    assert!(accepted.contains("Contact: <sip:127.0.0.1:"), "{accepted}");
    let told = heard(&phone).await.expect("a NOTIFY");
    assert!(told.contains("Via: SIP/2.0/UDP 127.0.0.1:"), "{told}");
    assert!(!told.contains("0.0.0.0"), "{told}");
    assert!(
        told.ends_with(&format!("\r\n\r\nhttps://127.0.0.1:{}/phones/", world.at.port())),
        "{told}"
    );
    task.abort();
}
