//! The sockets as they are: two boxes and plain clients on the loopback.

use super::*;
use crate::folders::Folders;
use crate::tls::Wanted;
use model::site::Tls as TlsSite;
use model::{PhoneId, Secret};
use sip::{Command, Config, Endpoint, Input, Output, Peer};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(20);

/// An endpoint behind real sockets; the test's thread is its exchange thread.
struct Box {
    net: Net,
    endpoint: Endpoint,
    clock: Clock,
    said: Vec<Output>,
    taken: usize,
    _runtime: Runtime,
}

fn any(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 0)
}

fn sip_site() -> SipSite {
    SipSite { bind: any("127.0.0.1"), tcp: Some(any("127.0.0.1")), ..SipSite::default() }
}

impl Box {
    fn start(sip: &SipSite, tls: Option<&Tls>, trunks: Trunks) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (clock, _) = Clock::start();
        let net = super::start(&Begin {
            sip,
            trunks,
            tls,
            clock,
            exchange: std::thread::current(),
            runtime: &runtime,
            handshake_max: Duration::from_millis(200),
        })
        .unwrap();
        let mut config = Config::new([7; 32], net.locals.main(), "box.example");
        config.locals = net.locals.clone();
        config.accounts.insert(PhoneId::new("8001"), Secret::new("correct horse"));
        let endpoint = Endpoint::new(clock.now(), config);
        Self { net, endpoint, clock, said: Vec::new(), taken: 0, _runtime: runtime }
    }

    fn at(&self, transport: Transport) -> SocketAddr {
        self.net.locals.towards(&Peer::new(transport, any("127.0.0.1")))
    }

    /// One turn of the exchange thread.
    fn turn(&mut self) {
        let now = self.clock.now();
        while let Some(arrived) = self.net.take(now) {
            self.taken += 1;
            self.net.outlet.take(now, &mut self.endpoint, arrived);
        }
        if self.endpoint.deadline().is_some_and(|(at, _)| at <= now) {
            self.endpoint.tick(now);
        }
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes } => {
                    self.net.outlet.send(now, &mut self.endpoint, to, bytes);
                }
                Output::Close { flow } => self.net.outlet.close(flow),
                Output::Known { peer } => self.net.outlet.known(now, &peer),
                other => self.said.push(other),
            }
        }
    }

    /// Turns until something is so.
    fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let start = std::time::Instant::now();
        loop {
            self.turn();
            if so(self) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

fn options(n: u32) -> String {
    format!(
        "OPTIONS sip:box.example SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKo{n};rport\r\n\
         From: <sip:e@x>;tag=e\r\nTo: <sip:box.example>\r\nCall-ID: o{n}@x\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// What a plain client has read so far, without waiting.
fn heard(stream: &mut TcpStream, text: &mut String) -> bool {
    let mut bytes = [0; 4096];
    match stream.read(&mut bytes) {
        Ok(0) => true,
        Ok(length) => {
            text.push_str(&String::from_utf8_lossy(&bytes[..length]));
            false
        }
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

fn client(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn certificate(dir: &std::path::Path) -> Tls {
    let folders = Folders::find(Some(dir.to_path_buf())).unwrap();
    folders.create().unwrap();
    let wanted = Wanted { names: vec!["127.0.0.1".to_owned()], ..Wanted::default() };
    Tls::read_or_make(&folders, wanted, crate::clock::wall_now()).unwrap()
}

#[test]
fn two_requests_on_one_connection_are_answered_on_it_in_their_order() {
    let mut boxed = Box::start(&sip_site(), None, Trunks::default());
    let mut stream = client(boxed.at(Transport::Tcp));
    stream.write_all(format!("{}{}", options(1), options(2)).as_bytes()).unwrap();
    let mut text = String::new();
    boxed.until("both are answered", |_| {
        heard(&mut stream, &mut text);
        text.matches("SIP/2.0 200 OK").count() == 2
    });
    let (one, two) = (text.find("z9hG4bKo1").unwrap(), text.find("z9hG4bKo2").unwrap());
    assert!(one < two, "{text}");
    drop(stream);
    boxed.until("the connection is gone", |b| b.endpoint.flows() == 0);
}

#[test]
fn what_breaks_the_framing_is_answered_and_the_connection_closed() {
    let mut boxed = Box::start(&sip_site(), None, Trunks::default());
    let mut stream = client(boxed.at(Transport::Tcp));
    let broken = options(1).replace("Content-Length: 0\r\n", "");
    stream.write_all(broken.as_bytes()).unwrap();
    let mut text = String::new();
    boxed.until("it is closed", |_| heard(&mut stream, &mut text));
    assert!(text.starts_with("SIP/2.0 400 "), "{text}");
}

#[test]
fn a_phone_registers_over_tls_by_a_connection_it_opens_and_is_rung_by_it() {
    let dir = tempfile::tempdir().unwrap();
    let tls = certificate(dir.path());
    let site = |tls: bool| {
        let bind = any("127.0.0.1");
        let tls = tls.then_some(TlsSite { bind, certificate: None, clients: None });
        SipSite { tls, ..sip_site() }
    };
    let mut boxed = Box::start(&site(true), Some(&tls), Trunks::default());
    // The phone trusts the box's authority, for it reads the same folder.
    let mut phone = Box::start(&site(false), Some(&tls), Trunks::default());
    let registrar = Peer::new(Transport::Tls, boxed.at(Transport::Tls));
    let register = Command::Register {
        registrar,
        user: PhoneId::new("8001"),
        secret: Secret::new("correct horse"),
        expires_s: 300,
    };
    phone.endpoint.handle(phone.clock.now(), Input::Command(register));
    let granted = Output::RegisterResult { user: PhoneId::new("8001"), result: Ok(300) };
    boxed.until("it is registered", |b| {
        phone.turn();
        b.endpoint.registrations().count() == 1 && phone.said.contains(&granted)
    });
    let ring = Command::Invite {
        leg: model::LegId::outbound(7),
        phone: PhoneId::new("8001"),
        rtp: any("127.0.0.1"),
        caller: model::Number::new("1"),
        name: model::PersonName::new("W"),
        auto_answer: false,
        referrer: model::Number::default(),
        codec: None,
    };
    boxed.endpoint.handle(boxed.clock.now(), Input::Command(ring));
    boxed.until("it rings", |_| {
        phone.turn();
        phone.endpoint.legs() == 1 || phone.endpoint.counters().challenged == 1
    });
    assert_eq!((boxed.endpoint.flows(), phone.endpoint.flows()), (1, 1));
}

#[test]
fn nobody_is_called_over_tls_whose_certificate_is_of_another_authority() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (tls, foreign) = (certificate(dir.path()), certificate(other.path()));
    let bind = any("127.0.0.1");
    let with_tls = TlsSite { bind, certificate: None, clients: None };
    let mut boxed = Box::start(
        &SipSite { tls: Some(with_tls), ..sip_site() },
        Some(&foreign),
        Trunks::default(),
    );
    let mut phone = Box::start(&sip_site(), Some(&tls), Trunks::default());
    let register = Command::Register {
        registrar: Peer::new(Transport::Tls, boxed.at(Transport::Tls)),
        user: PhoneId::new("8001"),
        secret: Secret::new("correct horse"),
        expires_s: 300,
    };
    phone.endpoint.handle(phone.clock.now(), Input::Command(register));
    let refused = Output::RegisterResult { user: PhoneId::new("8001"), result: Err(503) };
    boxed.until("it gave up", |_| {
        phone.turn();
        phone.said.contains(&refused)
    });
    assert_eq!(boxed.endpoint.registrations().count(), 0);
}

#[test]
fn a_handshake_that_never_comes_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let tls = certificate(dir.path());
    let bind = any("127.0.0.1");
    let with_tls = TlsSite { bind, certificate: None, clients: None };
    let site = SipSite { tls: Some(with_tls), ..sip_site() };
    let mut boxed = Box::start(&site, Some(&tls), Trunks::default());
    let mut stream = client(boxed.at(Transport::Tls));
    let mut text = String::new();
    boxed.until("it is closed", |_| heard(&mut stream, &mut text));
    assert_eq!(boxed.net.counters.handshakes_failed.load(Ordering::Relaxed), 1);
    assert_eq!(boxed.endpoint.flows(), 0);
}

#[test]
fn nobody_comes_in_without_a_certificate_where_mutual_tls_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let tls = certificate(dir.path());
    let ca = dir.path().join("clients.pem");
    std::fs::write(&ca, tls.trust_pem()).unwrap();
    let wanted = Wanted {
        names: vec!["127.0.0.1".to_owned()],
        authorities: Some(ca.clone()),
        ..Wanted::default()
    };
    let folders = Folders::find(Some(dir.path().to_path_buf())).unwrap();
    let tls = Tls::read_or_make(&folders, wanted, crate::clock::wall_now()).unwrap();
    let with_tls = TlsSite { bind: any("127.0.0.1"), certificate: None, clients: Some(ca) };
    let site = SipSite { tls: Some(with_tls), ..sip_site() };
    let mut boxed = Box::start(&site, Some(&tls), Trunks::default());
    let at = boxed.at(Transport::Tls);

    // A client that shows the certificate of the box itself is let in, and named by it.
    let mut phone = Box::start(&sip_site(), Some(&tls), Trunks::default());
    let register = |at| Command::Register {
        registrar: Peer::new(Transport::Tls, at),
        user: PhoneId::new("8001"),
        secret: Secret::new("correct horse"),
        expires_s: 300,
    };
    phone.endpoint.handle(phone.clock.now(), Input::Command(register(at)));
    boxed.until("it is registered", |b| {
        phone.turn();
        b.endpoint.registrations().count() == 1
    });

    // The same with a certificate that is not the account's.
    let refused = |b: &Box| {
        let wrong = |said: &Output| matches!(said, Output::WrongCertificate { .. });
        b.said.iter().filter(|said| wrong(said)).count()
    };
    assert_eq!(refused(&boxed), 0);
    let certificates = BTreeMap::from([(PhoneId::new("8001"), vec!["8001".to_owned()])]);
    let accounts = BTreeMap::from([(PhoneId::new("8001"), Secret::new("correct horse"))]);
    let configured = sip::Accounts {
        certificates,
        accounts,
        register_s: (60, 3600),
        ..sip::Accounts::default()
    };
    boxed.endpoint.handle(boxed.clock.now(), Input::Command(Command::Configure(configured)));
    phone.endpoint.handle(phone.clock.now(), Input::Command(register(at)));
    boxed.until("it is refused", |b| {
        phone.turn();
        refused(b) == 1
    });
    let answer = Output::RegisterResult { user: PhoneId::new("8001"), result: Err(403) };
    boxed.until("it knows", |_| {
        phone.turn();
        phone.said.contains(&answer)
    });

    // One that shows none is not.
    let mut roots = rustls::RootCertStore::empty();
    roots.add(tls.chain().pop().unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(at).unwrap();
    let _ = session.complete_io(&mut stream);
    let before = boxed.endpoint.flows();
    boxed.until("it is refused", |b| b.net.counters.handshakes_failed.load(Ordering::Relaxed) == 1);
    assert_eq!(boxed.endpoint.flows(), before);
}

#[test]
fn a_stranger_on_a_connection_is_read_no_faster_than_the_exchange_takes_it() {
    let boxed = Box::start(&sip_site(), None, Trunks::default());
    let mut stream = TcpStream::connect(boxed.at(Transport::Tcp)).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let noise = [b'x'; 65_536];
    while stream.write_all(&noise).is_ok() {}
    let waits = boxed.net.waiting.strangers();
    assert!(waits <= 2, "{waits} wait");
}

#[test]
fn a_flood_of_datagrams_costs_a_stranger_its_turn_and_no_trunk() {
    let flooder = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (addresses, most) in [(vec![], 260), (vec![any("127.0.0.1").ip()], 2000)] {
        let trunks = Trunks { addresses, ..Trunks::default() };
        let mut boxed = Box::start(&sip_site(), None, trunks);
        let at = boxed.at(Transport::Udp);
        for n in 0..2000 {
            flooder.send_to(options(n).as_bytes(), at).unwrap();
            if n % 50 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        boxed.until("all are seen", |b| b.taken as u64 + b.net.counters.all_shed() >= 2000);
        assert!(boxed.taken <= most && boxed.taken >= most / 2, "{} of {most}", boxed.taken);
    }
}

#[test]
fn a_flood_of_many_sources_is_told_and_leaves_nothing_behind() {
    let mut boxed = Box::start(&sip_site(), None, Trunks::default());
    let at = boxed.at(Transport::Udp);
    let sources: Vec<UdpSocket> =
        (1..=100).map(|n| UdpSocket::bind(any(&format!("127.0.1.{n}"))).unwrap()).collect();
    let mut n = 0;
    boxed.until("the flood is told", |b| {
        for _ in 0..20 {
            for source in &sources {
                n += 1;
                let _ = source.send_to(options(n).as_bytes(), at);
            }
        }
        let now = b.clock.now();
        b.net.is_flooded(now)
    });
    boxed.until("all is taken", |b| b.net.is_empty());
    let endpoint = &boxed.endpoint;
    assert_eq!((endpoint.transactions(), endpoint.legs(), endpoint.flows()), (0, 0, 0));
}

#[test]
fn both_families_are_served_where_every_ipv6_address_is_bound() {
    let site = SipSite { bind: any("::"), tcp: Some(any("::")), ..SipSite::default() };
    let mut boxed = Box::start(&site, None, Trunks::default());
    for (ip, family) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
        let socket = UdpSocket::bind(any(ip)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let far = Peer::udp(any(family));
        let port = boxed.net.locals.towards(&far).port();
        let request = options(1).replace("TCP 127.0.0.1:9", "UDP h.example");
        socket.send_to(request.as_bytes(), SocketAddr::new(any(ip).ip(), port)).unwrap();
        let mut bytes = [0; 2048];
        boxed.until("it is answered", |_| {
            socket.recv(&mut bytes).is_ok_and(|_| bytes.starts_with(b"SIP/2.0 200 OK"))
        });
    }
}

#[test]
fn a_line_nobody_reads_from_takes_no_more_than_its_limit() {
    let (line, _ends) = connection::line(false);
    let sent = (0..1000).filter(|_| line.send(vec![0; 2048])).count();
    assert_eq!(sent, 128, "256 KB");
}
