//! What everybody else gets: nothing.

use super::world::*;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn source(n: u16) -> IpAddr {
    let [high, low] = n.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 1, high, low))
}

#[tokio::test]
async fn an_unknown_device_and_a_wrong_credential_get_the_same_answer() {
    let world = World::new().await;
    let stranger = keys().credential(STRANGER, 0);
    let known = YEALINK.to_string();
    let own = "/phones/001565008001.cfg";
    let answers = [
        world.fetch(own, None).await,
        world.fetch(own, Some((&known, "wrong"))).await,
        world.fetch(own, Some(("", ""))).await,
        world.fetch(own, Some((&stranger.user, stranger.secret.reveal()))).await,
        world.fetch("/phones/001565009909.cfg", None).await,
        world.fetch("/phones/001565009909.cfg", Some((&known, "wrong"))).await,
        world.fetch("/", None).await,
        world.fetch("/phones/../../etc/passwd", None).await,
    ];
    for answer in &answers {
        assert_eq!(*answer, answers[0]);
    }
    assert_eq!((answers[0].status, answers[0].body.as_str()), (401, ""));
}

#[tokio::test]
async fn a_proven_device_gets_no_file_but_its_own() {
    let world = World::new().await;
    let paths = [
        "/phones/64167f008002.cfg",
        "/phones/001565009909.cfg",
        "/phones/../phones/001565008001.cfg",
        "/phones//001565008001.cfg",
        "/phones/%30%3001565008001.cfg",
        "/phones/..%2f..%2fetc%2fpasswd",
        "/phones/001565008001.cfg/",
        "/phones/",
        "/phones",
        "/etc/passwd",
        "/phones/box.key",
    ];
    let mut answers = Vec::new();
    for path in paths {
        answers.push(world.own(YEALINK, path).await);
    }
    for (path, answer) in paths.iter().zip(&answers) {
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn plain_http_on_the_port_is_answered_by_not_a_byte() {
    let world = World::new().await;
    for words in ["GET /phones/ca.pem HTTP/1.1\r\nHost: box\r\n\r\n", "\0\0\0\0", "SSH-2.0-x\r\n"] {
        let mut stream = world.plain(LOOPBACK).await.unwrap();
        stream.write_all(words.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes));
        // Closed or reset, but not kept and not answered.
        let _ = ended.await.expect("the connection ends");
        assert!(bytes.is_empty(), "{words:?} got {bytes:?}");
    }
}

#[tokio::test]
async fn guessing_bans_its_source_and_nobody_else() {
    let world = World::new().await;
    let known = YEALINK.to_string();
    let (guesser, phone) = (source(1), source(2));
    for n in 0..10 {
        let wrong = format!("guess{n}");
        let path = "/phones/001565008001.cfg";
        let got = world.fetch_from(guesser, path, Some((&known, &wrong))).await.unwrap();
        assert_eq!(got.status, 401);
    }
    let own = keys().credential(YEALINK, 0);
    let credential = Some((own.user.as_str(), own.secret.reveal()));
    let path = "/phones/001565008001.cfg";
    assert!(world.fetch_from(guesser, path, credential).await.is_err(), "even with the right one");
    assert_eq!(world.fetch_from(phone, path, credential).await.unwrap().status, 200);
    assert_eq!(*world.banned.lock().unwrap(), [guesser]);
    assert_eq!(world.count(|counters| &counters.banned), 1);
}

#[tokio::test]
async fn a_source_that_asks_too_fast_is_cut_off() {
    let world = World::new().await;
    let mut stream = world.connect(source(3)).await.unwrap();
    let one = "GET /phones/ca.pem HTTP/1.1\r\nHost: box\r\n\r\n";
    let got = exchange(&mut stream, one.repeat(100).as_bytes()).await.unwrap();
    let answered = got.body.matches("HTTP/1.1 200 OK").count() + 1;
    assert!((30..40).contains(&answered), "{answered} answers");
    assert!(world.count(|counters| &counters.shed) >= 1);
}

/// Short limits, so that the test does not wait as long as a phone may.
fn hasty() -> super::super::Limits {
    super::super::Limits {
        connections_max: 16,
        handshake: Duration::from_millis(300),
        headers: Duration::from_millis(300),
        connection: Duration::from_millis(1500),
        unproven: Duration::from_millis(1500),
    }
}

#[tokio::test]
async fn who_proves_nothing_holds_a_place_for_a_moment_and_who_did_may_stay() {
    let second = Duration::from_secs(1);
    let slow = Duration::from_secs(30);
    let limits =
        super::super::Limits { headers: slow, connection: slow, unproven: second, ..hasty() };
    let world = World::with(limits, None).await;
    let own = keys().credential(YEALINK, 0);
    let text = format!("{}:{}", own.user, own.secret.reveal());
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let proof = format!("Authorization: Basic {text}\r\n");
    let (settings, public) = ("001565008001.cfg", "ca.pem");
    let mut places = Vec::new();
    for (file, proof) in [(settings, ""), (public, ""), (settings, proof.as_str())] {
        let asks = format!("GET /phones/{file} HTTP/1.1\r\nHost: box\r\n{proof}\r\n");
        let mut stream = world.connect(LOOPBACK).await.unwrap();
        stream.write_all(asks.as_bytes()).await.unwrap();
        places.push(tokio::spawn(async move {
            let mut all = Vec::new();
            let end = tokio::time::timeout(3 * second, stream.read_to_end(&mut all)).await;
            (String::from_utf8_lossy(&all).contains("200 OK"), end.is_ok())
        }));
    }
    let mut stood = Vec::new();
    for place in places {
        stood.push(place.await.unwrap());
    }
    let meant = [(false, true), (true, true), (true, false)];
    assert_eq!(stood, meant, "served, and closed within 3 s");
}

#[tokio::test]
async fn who_sends_a_byte_now_and_then_keeps_no_phone_out() {
    let world = Arc::new(World::with(hasty(), None).await);
    // Every place is taken by somebody who begins and does not go on: before TLS, and within it.
    let mut slow = Vec::new();
    for n in 0..8 {
        slow.push(world.plain(source(100 + n)).await.unwrap());
    }
    let mut slower = Vec::new();
    for n in 0..8 {
        let mut stream = world.connect(source(200 + n)).await.unwrap();
        stream.write_all(b"GET /phones/ca.pem HTTP/1.1\r\nX: ").await.unwrap();
        slower.push(stream);
    }
    let dripping = tokio::spawn(async move {
        for _ in 0..40 {
            for stream in &mut slower {
                let _ = stream.write_all(b"a").await;
                let _ = stream.flush().await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let begun = Instant::now();
    let got = world.own(YEALINK, "/phones/001565008001.cfg").await;
    assert_eq!(got.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    dripping.abort();
    drop(slow);
}

#[tokio::test]
async fn a_request_that_is_too_big_or_has_a_body_is_not_read() {
    let world = World::new().await;
    let own = keys().credential(YEALINK, 0);
    let text = format!("{}:{}", own.user, own.secret.reveal());
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let head =
        format!("/phones/001565008001.cfg HTTP/1.1\r\nHost: box\r\nAuthorization: Basic {text}");
    let many = "X: y\r\n".repeat(40);
    let long = "x".repeat(20_000);
    for (request, status) in [
        (format!("GET {head}\r\n{many}\r\n"), 431),
        (format!("GET {head}\r\nX: {long}\r\n\r\n"), 431),
        (format!("PUT {head}\r\nContent-Length: 5\r\n\r\nhello"), 405),
        (format!("POST {head}\r\nContent-Length: 1000000\r\n\r\n"), 405),
        ("nonsense\r\n\r\n".to_owned(), 400),
    ] {
        let mut stream = world.connect(LOOPBACK).await.unwrap();
        let got = exchange(&mut stream, request.as_bytes()).await.unwrap();
        assert_eq!(got.status, status, "{}", request.get(..60).unwrap_or(&request));
        assert!(!got.body.contains("account.1"), "{}", got.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_phones_at_once_all_get_their_settings() {
    let world = Arc::new(World::new().await);
    let mut phones = tokio::task::JoinSet::new();
    for n in 0..1000 {
        let world = world.clone();
        phones.spawn(async move {
            let own = keys().credential(YEALINK, 0);
            let credential = Some((own.user.as_str(), own.secret.reveal()));
            let path = "/phones/001565008001.cfg";
            world.fetch_from(source(1000 + n), path, credential).await.map(|got| got.status)
        });
    }
    let mut served = 0;
    while let Some(status) = phones.join_next().await {
        served += usize::from(status.unwrap().is_ok_and(|status| status == 200));
    }
    assert_eq!(served, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_of_one_source_leave_room_for_a_phone() {
    let world = World::new().await;
    let mut flood = Vec::new();
    for _ in 0..1000 {
        flood.extend(world.plain(source(9)).await);
    }
    assert_eq!(world.own(YEALINK, "/phones/001565008001.cfg").await.status, 200);
    assert!(world.count(|counters| &counters.shed) >= 900);
    drop(flood);
}
