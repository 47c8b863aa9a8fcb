//! Starts what serves phones: the HTTPS server, the multicast socket, the certificate's renewal.

use super::generations::Generations;
use super::server::{Limits, serve};
use super::shelf::Shelf;
use crate::clock::{Clock, wall_now};
use crate::folders::Folders;
use crate::service::{Severity, log};
use crate::tls::{Clients, Tls};
use anyhow::Context as _;
use model::site::{Provision, Site};
use phone::{Keys, Place};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// How often the certificate's files are looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How far the thread that serves phones yields to others (`nice(2)`).
const NICE: i32 = 10;

/// What is needed to begin.
pub struct Begin<'a> {
    pub site: Arc<Site>,
    pub folders: &'a Folders,
    pub key: &'a vault::BoxKey,
    pub tls: Option<&'a Tls>,
    /// Where phones reach the box that binds to every address.
    pub host: IpAddr,
    pub clock: Clock,
    pub runtime: &'a Runtime,
}

/// Begins to serve phones as the site says. A box whose provisioning does not come up answers its
/// telephones all the same; what is wrong is logged and stands as an alarm.
pub fn begin(begin: &Begin<'_>) -> Arc<Shelf> {
    let provision = begin.site.sip.provision.as_ref();
    let bind = provision.map_or(SocketAddr::from(([127, 0, 0, 1], 0)), |provision| provision.bind);
    let place = Place {
        host: if bind.ip().is_unspecified() { begin.host } else { bind.ip() },
        provision_port: bind.port(),
        trust_pem: begin.tls.map(Tls::trust_pem).unwrap_or_default(),
    };
    let host = place.host;
    let keys = Keys::new(*begin.key.phones());
    let generations = Generations::new(begin.folders);
    let shelf = Arc::new(Shelf::new(keys, place, generations, begin.site.clone()));
    if let Some(tls) = begin.tls {
        begin.runtime.spawn(renew(tls.clone()));
    }
    if let Some(provision) = provision
        && let Err(error) = serve_phones(begin, provision, host, &shelf)
    {
        log(Severity::Error, &format!("phones are not served: {error:#}"));
        shelf.fail();
    }
    shelf
}

fn serve_phones(
    begin: &Begin<'_>,
    provision: &Provision,
    host: IpAddr,
    shelf: &Arc<Shelf>,
) -> anyhow::Result<()> {
    let tls = begin.tls.context("there is no certificate")?;
    // Phones have certificates of their makers; asking for one makes sense only to a box that
    // knows a maker's authority, for a certificate that does not verify ends the handshake.
    let maker = begin.site.sip.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
    let acceptor =
        TlsAcceptor::from(tls.server(if maker { Clients::Asked } else { Clients::NotAsked })?);
    let listener = std::net::TcpListener::bind(provision.bind)
        .with_context(|| format!("cannot bind provision.bind {}", provision.bind))?;
    listener.set_nonblocking(true)?;
    let heard_at = if provision.bind.ip().is_unspecified() { provision.bind.ip() } else { host };
    // The host is of IPv4 where the box has any such address.
    let heard_at = match heard_at {
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        heard_at => heard_at,
    };
    let multicast = match (provision.multicast, heard_at) {
        (false, _) => None,
        (true, IpAddr::V4(local)) => Some(local),
        (true, IpAddr::V6(_)) => anyhow::bail!("plug and play is of IPv4 alone"),
    };
    let (shelf, clock) = (shelf.clone(), begin.clock);
    // A thread of its own that yields to every other: handshakes cost a millisecond each, and
    // signalling shall not wait for those of a flood.
    let thread = std::thread::Builder::new().name("phones".into());
    thread.spawn(move || {
        // A system that does not let us yield shares evenly; that is no reason to serve nobody.
        let _ = rustix::process::nice(NICE);
        if let Err(error) = run(listener, acceptor, multicast, &shelf, clock) {
            log(Severity::Error, &format!("phones are not served: {error:#}"));
            shelf.fail();
        }
    })?;
    Ok(())
}

/// Serves phones and answers their questions until the process ends.
fn run(
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    multicast: Option<Ipv4Addr>,
    shelf: &Arc<Shelf>,
    clock: Clock,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        log(Severity::Notice, &format!("phones fetch their settings at {}", shelf.place().url()));
        if let Some(local) = multicast {
            let shelf = shelf.clone();
            tokio::spawn(async move {
                if let Err(error) = super::pnp::answer_multicast(shelf.clone(), local).await {
                    log(Severity::Error, &format!("plug and play is off: {error:#}"));
                    shelf.fail();
                }
            });
        }
        let banned = {
            let shelf = shelf.clone();
            Box::new(move |source| shelf.ban(source))
        };
        serve(listener, acceptor, shelf.clone(), clock, Limits::default(), banned).await;
        Ok(())
    })
}

/// Looks at the certificate's files once a day, off the runtime's own threads.
async fn renew(tls: Tls) {
    loop {
        tokio::time::sleep(CERTIFICATE_EVERY).await;
        let tls = tls.clone();
        let looked = tokio::task::spawn_blocking(move || tls.refresh(wall_now())).await;
        if let Ok(Err(error)) = looked {
            log(Severity::Error, &format!("the certificate is shown as it was: {error:#}"));
        }
    }
}
