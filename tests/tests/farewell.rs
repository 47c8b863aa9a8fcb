//! The box stops: its carriers are told before it is gone, over datagrams and connections, though
//! they ask for a password anew.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::refer::header;
use tests::scene::{SOON, Scene};

/// What a carrier was asked: `Expires`, and whether with a password.
type Asked = Arc<Mutex<Vec<(String, bool)>>>;

/// The carrier's answer to a REGISTER: a challenge of its own to each that brings none for it.
fn answer(request: &str, asked: &Asked) -> Option<String> {
    if !request.starts_with("REGISTER ") {
        return None;
    }
    let mut asked = asked.lock().unwrap();
    let nonce = format!("nonce-{}", asked.len() / 2);
    let expires = header(request, "Expires").unwrap_or_default().to_owned();
    let proved = header(request, "Authorization").is_some_and(|proof| proof.contains(&nonce));
    asked.push((expires.clone(), proved));
    let (status, more) = match proved {
        true => {
            ("200 OK", format!("Contact: {};expires={expires}\r\n", header(request, "Contact")?))
        }
        false => (
            "401 Unauthorized",
            format!(
                "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"{nonce}\", qop=\"auth\"\r\n"
            ),
        ),
    };
    let answer = tests::refer::accept(request).replacen("200 OK", status, 1);
    Some(answer.replacen("Content-Length", &format!("{more}Content-Length"), 1))
}

fn by_udp(asked: Asked) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    let at = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 65_535];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if let Some(answer) = answer(&request, &asked) {
                let _ = socket.send_to(answer.as_bytes(), from);
            }
        }
    });
    at
}

fn by_tcp(asked: Asked) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let (mut text, mut bytes) = (String::new(), [0; 4096]);
            while let Ok(length) = stream.read(&mut bytes) {
                if length == 0 {
                    break;
                }
                text.push_str(&String::from_utf8_lossy(&bytes[..length]));
                // None of these has a body.
                while let Some((request, rest)) = text.split_once("\r\n\r\n") {
                    let answer = answer(&format!("{request}\r\n\r\n"), &asked);
                    text = rest.to_owned();
                    let Some(answer) = answer else { continue };
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        }
    });
    at
}

fn told(transport: &str, carrier: impl Fn(Asked) -> SocketAddr) {
    let asked = Asked::default();
    let at = carrier(asked.clone());
    let scene = Scene::hospital(|text| {
        let account =
            "[trunk.carrier.account]\nuser = \"box\"\npassword = \"as the carrier gave it\"\n";
        let text = text.replace("\"udp:127.0.0.2:5060\"", &format!("\"{transport}:{at}\""));
        format!("{text}\n{account}")
    })
    .unwrap();
    let begun = Instant::now();
    let registered =
        || asked.lock().unwrap().iter().any(|(expires, proved)| expires != "0" && *proved);
    while !registered() {
        assert!(begun.elapsed() < SOON, "never registered: {:?}", asked.lock().unwrap());
        std::thread::sleep(Duration::from_millis(20));
    }
    scene.over().unwrap();
    // The box is gone: what it sent is with the carrier, the second try with the password too.
    let asked = asked.lock().unwrap().clone();
    let left: Vec<bool> =
        asked.iter().filter(|(expires, _)| expires == "0").map(|(_, proved)| *proved).collect();
    assert_eq!(left.last(), Some(&true), "{asked:?}");
}

#[test]
fn a_carrier_is_unregistered_before_the_box_is_gone_though_it_asks_for_a_password() {
    told("udp", by_udp);
}

#[test]
fn a_carrier_over_tcp_is_too() {
    told("tcp", by_tcp);
}
