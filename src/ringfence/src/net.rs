//! Signalling sockets: what phones and trunks send, brought to the exchange thread, and what it has
//! for them.
//!
//! ```text
//!   UDP --gate--> within -----> +-----------------+
//!          |  |-> begins -----> | exchange thread | --> UDP, or the connection's own queue
//!          |  \-> strangers --> |                 |
//!          '-- shed, counted    |                 |
//!   TCP, TLS --door--> one task |                 |
//!      a connection, a chunk at | a time          |
//!                               +-----------------+
//! ```
//!
//! Whoever registered, calls, or is a trunk passes before strangers, who share what room is left; so
//! a flood costs strangers their turn and nobody else. Every queue is bounded: datagrams beyond it
//! are shed, for SIP sends again; a connection is not read on until its last bytes were taken.

mod connection;
mod door;
pub mod facing;
mod flood;
mod friends;
mod gate;
mod intake;
mod listen;
mod load;
mod outlet;
mod udp;

pub use door::DoorLimits;
pub use load::Load;
pub use outlet::Outlet;

use crate::clock::Clock;
use crate::service::{Severity, log};
use crate::tls::{Clients, Tls};
use anyhow::Context as _;
use friends::Friends;
use intake::Waiting;
use model::Instant;
use model::site::{SipSite, Site};
use sip::{FlowId, Locals, Transport};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// What came from the network.
pub enum Arrived {
    Datagram {
        from: SocketAddr,
        bytes: Vec<u8>,
        at: Instant,
    },
    Opened(Box<connection::Opened>),
    /// The connection's next bytes are read once `held` is dropped.
    Bytes {
        flow: FlowId,
        bytes: Vec<u8>,
        at: Instant,
        held: OwnedSemaphorePermit,
    },
    Closed {
        flow: FlowId,
    },
}

/// What the sockets counted.
#[derive(Debug, Default)]
pub struct NetCounters {
    /// Datagrams shed because a queue was full.
    pub shed: AtomicU64,
    /// Datagrams shed because their source came too fast, or all strangers together did.
    pub too_fast: AtomicU64,
    /// Datagrams and connections of banned sources.
    pub banned: AtomicU64,
    /// Connections refused at the door by a limit.
    pub refused: AtomicU64,
    /// Handshakes that failed or took too long.
    pub handshakes_failed: AtomicU64,
    /// Connections dropped because the other end did not take what it was sent.
    pub slow: AtomicU64,
    /// Connections open.
    pub open: AtomicU64,
}

impl NetCounters {
    /// Everything that was shed so far.
    pub fn all_shed(&self) -> u64 {
        [&self.shed, &self.too_fast, &self.banned, &self.refused]
            .map(|counter| counter.load(Ordering::Relaxed))
            .iter()
            .sum()
    }
}

/// What the exchange thread holds of the network.
pub struct Net {
    waiting: Waiting,
    pub outlet: Outlet,
    pub counters: Arc<NetCounters>,
    flood: flood::Flood,
    /// Our addresses as others reach them.
    pub locals: Locals,
}

impl Net {
    /// Connections that are open now.
    pub fn connections(&self) -> u64 {
        self.counters.open.load(Ordering::Relaxed)
    }

    /// What to do next.
    pub fn take(&mut self, now: Instant) -> Option<Arrived> {
        self.waiting.take(now)
    }

    /// Tells whether strangers come faster than they are taken.
    pub fn is_flooded(&mut self, now: Instant) -> bool {
        self.flood.look(now, self.counters.all_shed())
    }

    /// How much there is to do.
    pub fn load(&self) -> &Load {
        self.waiting.load()
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// What the network begins with.
pub struct Begin<'a> {
    pub sip: &'a SipSite,
    pub trunks: Trunks,
    pub tls: Option<&'a Tls>,
    pub clock: Clock,
    pub exchange: std::thread::Thread,
    pub runtime: &'a tokio::runtime::Runtime,
    /// Longest a TLS handshake of theirs may take.
    pub handshake_max: Duration,
}

/// What `handshake_max` is of a box: a phone over a bad line has time for it.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Binds every socket of the site and starts reading them.
pub fn start(begin: &Begin<'_>) -> anyhow::Result<Net> {
    let sip = begin.sip;
    raise_file_limit();
    let counters = Arc::new(NetCounters::default());
    let (intake, waiting) = intake::queues(begin.exchange.clone(), counters.clone(), begin.clock);
    let friends = Arc::new(Friends::default());
    friends.set_trunks(begin.trunks.addresses.clone());
    let _entered = begin.runtime.enter();

    let mut sockets = Vec::new();
    let shared = sip.provision.as_ref().is_some_and(|provision| provision.multicast);
    for bind in families(sip.bind) {
        let socket =
            udp::bind(bind, shared).with_context(|| format!("cannot bind sip.bind {bind}"))?;
        let gate = gate::Gate::new(friends.clone(), sip.guarding.requests_per_s);
        udp::read(socket.try_clone()?, gate, intake.clone(), begin.clock)?;
        sockets.push((socket.local_addr()?, socket));
    }
    let main = main_addr(sockets.iter().map(|(at, _)| *at))?;
    let mut locals = Locals::udp(crate::switch::reachable(main)).sounding(sip.bind.ip());
    for (at, _) in &sockets {
        locals = locals.and(Transport::Udp, crate::switch::reachable(*at));
    }

    if sip.bind.ip().is_unspecified() {
        locals = locals.facing(facing::networks());
    }
    let limits = DoorLimits::of(sip);
    let door = Arc::new(door::Door::new(limits, friends.clone(), begin.clock));
    let handshake_max = begin.handshake_max;
    let ids = Arc::new(AtomicU64::new(1));
    let server = match (begin.tls, &sip.tls) {
        (Some(tls), Some(wanted)) => {
            let clients =
                if wanted.clients.is_some() { Clients::Required } else { Clients::NotAsked };
            Some((wanted.bind, tls.server(clients)?))
        }
        _ => None,
    };
    let tcp = sip.tcp.map(|bind| (bind, None));
    let tls = server.map(|(bind, config)| (bind, Some(config)));
    for (bind, config) in tcp.into_iter().chain(tls) {
        let transport = if config.is_some() { Transport::Tls } else { Transport::Tcp };
        for bind in families(bind) {
            let listener = listen::bind(bind)
                .with_context(|| format!("cannot listen at {bind} for {transport}"))?;
            locals = locals.and(transport, crate::switch::reachable(listener.local_addr()?));
            let acceptor = config.clone().map(tokio_rustls::TlsAcceptor::from);
            let at = listen::At {
                listener: tokio::net::TcpListener::from_std(listener)?,
                transport,
                acceptor,
                door: door.clone(),
                intake: intake.clone(),
                ids: ids.clone(),
                handshake_max,
            };
            begin.runtime.spawn(listen::accept(at));
        }
    }
    let connector = match begin.tls.map(Tls::client).transpose() {
        Ok(config) => config.map(tokio_rustls::TlsConnector::from),
        Err(error) => {
            log(Severity::Error, &format!("no trunk is called over TLS: {error:#}"));
            None
        }
    };
    let outlet = Outlet::new(outlet::Ways {
        sockets,
        connector,
        names: begin.trunks.names.clone(),
        runtime: begin.runtime.handle().clone(),
        intake,
        ids,
        friends,
        connections_max: limits.connections_max,
    });
    let flood = flood::Flood::default();
    Ok(Net { waiting, outlet, counters, flood, locals })
}

/// Each connection is an open file, and most systems begin with 1,024 of them.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log(Severity::Warning, &format!("the limit of open files stays as it is: {error}"));
    }
}

/// The addresses to bind for one: an unspecified IPv6 address means IPv4 too, on its own socket.
fn families(bind: SocketAddr) -> Vec<SocketAddr> {
    match bind.ip() {
        IpAddr::V6(v6) if v6.is_unspecified() => {
            vec![bind, SocketAddr::new(IpAddr::from([0, 0, 0, 0]), bind.port())]
        }
        _ => vec![bind],
    }
}

/// The main address is one of IPv4 where there is one, for media is.
fn main_addr(mut all: impl Iterator<Item = SocketAddr> + Clone) -> anyhow::Result<SocketAddr> {
    let v4 = all.clone().find(SocketAddr::is_ipv4);
    v4.or(all.next()).context("no signalling socket is bound")
}

/// What the sockets know of trunks.
#[derive(Clone, Debug, Default)]
pub struct Trunks {
    /// Where they call from and are called at: they pass before strangers.
    pub addresses: Vec<IpAddr>,
    /// The host names they prove over TLS, by where they are called: that of the account.
    pub names: BTreeMap<SocketAddr, String>,
}

impl Trunks {
    /// Those of a site.
    pub fn of(site: &Site) -> Self {
        let trunks = || site.trunks.values();
        let peers = trunks().flat_map(|trunk| trunk.peers.iter().copied());
        let targets = trunks().flat_map(|trunk| trunk.out.targets.iter().map(|t| t.addr.ip()));
        let named = trunks().filter_map(|trunk| {
            let domain = &trunk.out.account.as_ref()?.domain;
            (!domain.is_empty()).then_some((domain, &trunk.out.targets))
        });
        Self {
            addresses: peers.chain(targets).collect(),
            names: named
                .flat_map(|(name, targets)| targets.iter().map(|t| (t.addr, name.clone())))
                .collect(),
        }
    }
}

/// Most connections of a site, for the endpoint.
pub fn flow_limits(sip: &SipSite) -> sip::flows::FlowLimits {
    let flows_max = usize::from(sip.connections_max);
    sip::flows::FlowLimits { flows_max, ..sip::flows::FlowLimits::default() }
}

#[cfg(test)]
mod tests;
