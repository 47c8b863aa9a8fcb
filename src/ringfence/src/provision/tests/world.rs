//! A provisioning server on the loopback, and phones that speak to it.

use super::super::{Counters, Generations, Shelf, serve};
use crate::clock::Clock;
use crate::folders::Folders;
use crate::tls::{Clients, Tls, Wanted};
use base64::Engine as _;
use model::site::*;
use model::time::Zone;
use model::{MenuId, PhoneId, Secret, WallTime};
use phone::{Keys, Mac, Place};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub const NOW: WallTime = WallTime(1_795_300_000_000);
pub const YEALINK: Mac = Mac([0x00, 0x15, 0x65, 0, 0x80, 1]);
pub const POLY: Mac = Mac([0x64, 0x16, 0x7f, 0, 0x80, 2]);
pub const STRANGER: Mac = Mac([0x00, 0x15, 0x65, 0, 0x99, 9]);
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub fn site(name: &str) -> Site {
    let phone = |vendor, mac: Mac| Phone {
        vendor,
        mac: Some(mac.0),
        name: name.to_owned(),
        ..Phone::with_password(Secret::new("the password of SIP"))
    };
    Site {
        name: Words::from([(Lang::En, "Hospital")]),
        digest: String::new(),
        zone: Zone::named("Asia/Shanghai").unwrap(),
        lang: Lang::En,
        sip: SipSite::default(),
        trunks: BTreeMap::new(),
        ports: BTreeMap::new(),
        agents: BTreeMap::new(),
        queues: BTreeMap::new(),
        flow: Flow {
            nodes: BTreeMap::new(),
            silence: Duration::from_secs(30),
            to_agent: MenuId::new("queue"),
            schedules: BTreeMap::new(),
        },
        vip: BTreeSet::new(),
        codes: Codes::default(),
        phones: BTreeMap::from([
            (PhoneId::new("8001"), phone(Vendor::Yealink, YEALINK)),
            (PhoneId::new("8002"), phone(Vendor::Poly, POLY)),
        ]),
        roles: BTreeMap::new(),
        numbering: Numbering::default(),
        parking: Parking::default(),
        ringing: Default::default(),
        supervision: Default::default(),
        sms: None,
        limits: model::site::Limits::default(),
    }
}

pub struct World {
    pub dir: tempfile::TempDir,
    pub tls: Tls,
    pub shelf: Arc<Shelf>,
    pub at: SocketAddr,
    pub banned: Arc<Mutex<Vec<IpAddr>>>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

pub fn keys() -> Keys {
    Keys::new([9; 32])
}

impl World {
    pub async fn new() -> Self {
        Self::with(super::super::Limits::default(), None).await
    }

    /// A server with limits of its own, and perhaps the authority of a phones' maker.
    pub async fn with(limits: super::super::Limits, maker: Option<PathBuf>) -> Self {
        let clients = if maker.is_some() { Clients::Asked } else { Clients::NotAsked };
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::find(Some(dir.path().to_owned())).unwrap();
        let names = vec!["127.0.0.1".into()];
        let wanted = Wanted { names, authorities: maker, ..Wanted::default() };
        let tls = Tls::read_or_make(&folders, wanted, NOW).unwrap();
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let place = Place { host: LOOPBACK, provision_port: at.port(), trust_pem: tls.trust_pem() };
        let site = Arc::new(site("Desk 1"));
        let shelf = Arc::new(Shelf::new(keys(), place, Generations::new(&folders), site));
        let banned = Arc::new(Mutex::new(Vec::new()));
        let acceptor = TlsAcceptor::from(tls.server(clients).unwrap());
        let (clock, _) = Clock::start();
        let told = {
            let banned = banned.clone();
            Box::new(move |source| banned.lock().unwrap().push(source))
        };
        tokio::spawn(serve(listener, acceptor, shelf.clone(), clock, limits, told));
        Self { dir, tls, shelf, at, banned }
    }

    pub fn generations(&self) -> Generations {
        Generations::new(&Folders::find(Some(self.dir.path().to_owned())).unwrap())
    }

    /// A phone that trusts what it was told to trust, on a connection from an address.
    pub async fn connect(&self, from: IpAddr) -> std::io::Result<TlsStream> {
        self.connect_with(from, None).await
    }

    /// The same, with a factory certificate: a file of key and chain.
    pub async fn connect_with(
        &self,
        from: IpAddr,
        factory: Option<&Path>,
    ) -> std::io::Result<TlsStream> {
        let mut roots = rustls::RootCertStore::empty();
        let pem = self.tls.trust_pem();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match factory {
            None => config.with_no_client_auth(),
            Some(file) => {
                let chain = CertificateDer::pem_file_iter(file).unwrap();
                let chain = chain.map(Result::unwrap).collect();
                let key = PrivateKeyDer::from_pem_file(file).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = self.plain(from).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    pub async fn plain(&self, from: IpAddr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect(self.at).await
    }

    /// Fetches a file as a device with a secret.
    pub async fn fetch(&self, path: &str, credential: Option<(&str, &str)>) -> Got {
        self.fetch_from(LOOPBACK, path, credential).await.unwrap()
    }

    pub async fn fetch_from(
        &self,
        from: IpAddr,
        path: &str,
        credential: Option<(&str, &str)>,
    ) -> std::io::Result<Got> {
        let mut stream = self.connect(from).await?;
        let authorization = credential.map_or_else(String::new, |(user, secret)| {
            let text = format!("{user}:{secret}");
            let text = base64::engine::general_purpose::STANDARD.encode(text);
            format!("Authorization: Basic {text}\r\n")
        });
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: box\r\n{authorization}Connection: close\r\n\r\n");
        exchange(&mut stream, request.as_bytes()).await
    }

    /// Fetches a file with the device's own credential of its first life.
    pub async fn own(&self, mac: Mac, path: &str) -> Got {
        let credential = keys().credential(mac, 0);
        self.fetch(path, Some((&credential.user, credential.secret.reveal()))).await
    }

    pub fn count(&self, of: impl Fn(&Counters) -> &AtomicU64) -> u64 {
        of(&self.shelf.counters).load(std::sync::atomic::Ordering::Relaxed)
    }
}

pub type TlsStream = tokio_rustls::client::TlsStream<TcpStream>;

/// Sends bytes and reads until the other side ends.
pub async fn exchange(stream: &mut TlsStream, request: &[u8]) -> std::io::Result<Got> {
    stream.write_all(request).await?;
    let mut bytes = Vec::new();
    // A side that ends without saying so in TLS still said what it said.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    // The moment of an answer is its own; the rest of two answers can be compared.
    let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("date:")).collect();
    Ok(Got { status, head: head.join("\n"), body: body.to_owned() })
}
