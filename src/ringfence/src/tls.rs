//! The box's certificate and key: made by the box itself or brought by IT, one for phones, trunks
//! and provisioning alike.
//!
//! ```text
//! state/tls/  ca.pem       key and certificate of the box's own authority; made once, phones trust it
//!             box.pem      key and certificate for the box's addresses; made anew when they change
//!                          and 60 days before it ends
//! ```
//!
//! What IT brought is read where the site says it lies and is used instead; so are the authorities
//! of trunks and phones that prove themselves (mutual TLS).
//!
//! Key and certificate share a file, so that a power cut leaves both old or both new. RSA with 2048
//! bits, since every desk phone that speaks TLS verifies it; old ones do not verify ECDSA.

mod files;
mod mint;
mod shown;

pub use shown::{names, show, subject};

use crate::folders::Folders;
use crate::service::{Severity, log};
use anyhow::Context as _;
use files::Pair;
use model::WallTime;
use model::site::Site;
use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SignatureScheme};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// An alarm stands this long before a certificate ends.
const WARNED_BEFORE_MS: i64 = 30 * DAY_MS;
/// The box makes its own certificate anew this long before it ends.
const RENEWED_BEFORE_MS: i64 = 60 * DAY_MS;

/// Whether peers that connect are asked for a certificate of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    NotAsked,
    /// One that is shown must verify; none is let in all the same.
    Asked,
    /// Nobody comes in without one (mutual TLS).
    Required,
}

/// What a site asks of its certificate.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Host names and addresses of the box; the first one is the common name.
    pub names: Vec<String>,
    /// Chain and key that IT brought.
    pub brought: Option<(PathBuf, PathBuf)>,
    /// Authorities of peers that prove themselves, beside the box's own.
    pub authorities: Option<PathBuf>,
}

impl Wanted {
    /// What a site says, for a box that is reached at `addresses`.
    pub fn of(site: &Site, addresses: &[IpAddr]) -> Self {
        let realm = Some(&site.sip.realm).filter(|realm| files::is_host_name(realm));
        let mut names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        names.extend(realm.cloned());
        let tls = site.sip.tls.as_ref();
        Self {
            names,
            brought: tls.and_then(|tls| tls.certificate.clone()),
            authorities: tls.and_then(|tls| tls.clients.clone()),
        }
    }
}

/// The certificate in use. Every configuration made from it follows a renewal at once.
#[derive(Clone, Debug)]
pub struct Tls {
    dir: PathBuf,
    wanted: Wanted,
    provider: Arc<CryptoProvider>,
    shown: Arc<Shown>,
}

/// What a peer is shown when it connects.
struct Shown(RwLock<Arc<Current>>);

/// One certificate with what is known of it.
struct Current {
    key: Arc<CertifiedKey>,
    expires: WallTime,
    fingerprint: String,
    /// In PEM: what a phone must trust to trust the box.
    trust_pem: String,
    brought: bool,
}

impl Tls {
    /// Takes the certificate that IT brought, else the box's own, which is made when it is missing,
    /// unreadable, near its end, or for other addresses.
    pub fn read_or_make(folders: &Folders, wanted: Wanted, now: WallTime) -> anyhow::Result<Self> {
        let dir = folders.tls();
        crate::folders::make_private_dir(&dir)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let _lock = files::lock(&dir)?;
        let current = current(&dir, &wanted, now, &provider)?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(current))));
        Ok(Self { dir, wanted, provider, shown })
    }

    /// Looks at the files again and shows what they hold now: to be called once a day.
    pub fn refresh(&self, now: WallTime) -> anyhow::Result<()> {
        let _lock = files::lock(&self.dir)?;
        let fresh = Arc::new(current(&self.dir, &self.wanted, now, &self.provider)?);
        let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        if shown.fingerprint != fresh.fingerprint {
            log(Severity::Notice, &format!("certificate {} is shown now", fresh.fingerprint));
        }
        *shown = fresh;
        Ok(())
    }

    /// The server's side of TLS 1.2 and 1.3.
    pub fn server(&self, clients: Clients) -> anyhow::Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?;
        let config = match clients {
            Clients::NotAsked => builder.with_no_client_auth(),
            Clients::Asked | Clients::Required => {
                let roots = Arc::new(self.trusted()?);
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots, self.provider.clone());
                let verifier = match clients {
                    Clients::Required => verifier,
                    Clients::Asked | Clients::NotAsked => verifier.allow_unauthenticated(),
                };
                builder.with_client_cert_verifier(verifier.build()?)
            }
        };
        Ok(Arc::new(config.with_cert_resolver(self.shown.clone())))
    }

    /// The client's side, for trunks that are called over TLS: the box trusts its own authority and
    /// those that IT brought, never the world's, and shows its certificate when it is asked.
    pub fn client(&self) -> anyhow::Result<Arc<ClientConfig>> {
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.trusted()?)
            .with_client_cert_resolver(self.shown.clone());
        Ok(Arc::new(config))
    }

    /// SHA-256 of the certificate as people compare it: `AB:CD:…`.
    pub fn fingerprint(&self) -> String {
        self.current().fingerprint.clone()
    }
    /// The moment from which the certificate is no longer good.
    pub fn expires(&self) -> WallTime {
        self.current().expires
    }
    /// Tells whether the alarm about the certificate's end is due: 30 days before it.
    pub fn expiring(&self, now: WallTime) -> bool {
        now.0 >= self.current().expires.0 - WARNED_BEFORE_MS
    }
    /// Tells whether IT brought the certificate.
    pub fn brought(&self) -> bool {
        self.current().brought
    }
    /// In PEM: the authority that a phone must trust to trust the box.
    pub fn trust_pem(&self) -> String {
        self.current().trust_pem.clone()
    }

    /// The chain that is shown, the box's own certificate first.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.current().key.cert.clone()
    }

    fn current(&self) -> Arc<Current> {
        self.shown.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The box's own authority and those that IT brought.
    fn trusted(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.wanted.authorities {
            for certificate in files::authorities(path)? {
                let shown = path.display();
                roots.add(certificate).with_context(|| format!("{shown} holds no authority"))?;
            }
        }
        if let Some(own) = files::own_authority(&self.dir)? {
            roots.add(own).context("the box's own authority is damaged")?;
        }
        Ok(roots)
    }
}

/// Reads the files that IT brought for a site, so that a check of the site finds what is wrong with
/// them before it is applied.
pub fn check_brought(site: &Site) -> anyhow::Result<()> {
    let wanted = Wanted::of(site, &[]);
    if let Some((chain, key)) = &wanted.brought {
        let pair = Pair::read_two(chain, key).context("sip.tls.certificate and key")?;
        pair.check(&aws_lc_rs::default_provider(), true, String::new())
            .context("sip.tls.certificate and key")?;
    }
    if let Some(path) = &wanted.authorities {
        let mut roots = RootCertStore::empty();
        for certificate in files::authorities(path).context("sip.tls.clients")? {
            roots.add(certificate).context("sip.tls.clients holds no authority")?;
        }
    }
    Ok(())
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner).key.clone();
        key.key.choose_scheme(schemes).is_some().then_some(key)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown(…)")
    }
}

/// The certificate to show now.
fn current(
    dir: &std::path::Path,
    wanted: &Wanted,
    now: WallTime,
    provider: &CryptoProvider,
) -> anyhow::Result<Current> {
    if let Some((chain, key)) = &wanted.brought {
        let pair = Pair::read_two(chain, key)?;
        let trust_pem = pair.last_pem();
        return pair.check(provider, true, trust_pem);
    }
    let names = &wanted.names;
    let authority = mint::authority(&dir.join(files::OWN_AUTHORITY), now)?;
    let own = dir.join(files::OWN);
    if own.exists() {
        let kept = Pair::read(&own).and_then(|pair| {
            let fits = pair.names()? == mint::sorted(names) && pair.issued_by(&authority.pair);
            Ok((pair.check(provider, false, authority.pair.last_pem())?, fits))
        });
        match kept {
            Ok((kept, true)) if now.0 < kept.expires.0 - RENEWED_BEFORE_MS => return Ok(kept),
            Ok(_) => log(Severity::Notice, "the box's certificate is made anew"),
            Err(error) => log(Severity::Warning, &format!("tls/box.pem is made anew: {error:#}")),
        }
    }
    let pair = mint::leaf(&authority, names, now)?;
    pair.write(&own)?;
    pair.check(provider, false, authority.pair.last_pem())
}

#[cfg(test)]
mod tests;
