//! Keys and certificates on the disk: read whole, written whole, for this user alone.

use super::Current;
use super::shown::fingerprint;
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::WallTime;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use zeroize::Zeroizing;

pub(super) const OWN_AUTHORITY: &str = "ca.pem";
pub(super) const OWN: &str = "box.pem";
/// Longest file of keys and certificates that is read.
const PEM_BYTES_MAX: u64 = 256 * 1024;
/// Certificates a file may hold: a chain is 2 or 3, an IT's list of authorities a few dozen.
const CERTIFICATES_MAX: usize = 64;

const A_KEY: &str = "private key in PEM without a password";

/// A private key with the chain of its certificate, the key's own first.
pub(super) struct Pair {
    pub key: PrivateKeyDer<'static>,
    pub chain: Vec<CertificateDer<'static>>,
}

impl Pair {
    /// Reads a file of the state folder, which nobody else may read.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let pem = read_key_file(path)?;
        Self::parse(&pem).with_context(|| format!("in {}", path.display()))
    }

    /// Reads a chain and its key where IT put them.
    pub fn read_two(chain: &Path, key: &Path) -> anyhow::Result<Self> {
        let pem = read_key_file(key)?;
        let shown = key.display();
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|_| anyhow::anyhow!("{shown} holds no {A_KEY}"))?;
        let chain = authorities(chain)?;
        Ok(Self { key, chain })
    }

    /// Reads key and chain out of PEM text.
    pub fn parse(pem: &[u8]) -> anyhow::Result<Self> {
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| anyhow::anyhow!("there is no {A_KEY}"))?;
        Ok(Self { key, chain: certificates(pem)? })
    }

    /// Puts key and chain on the disk under a temporary name first, so that both change at once.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let kind = match &self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        let mut text = Zeroizing::new(pem(kind, self.key.secret_der()));
        for certificate in &self.chain {
            text.push_str(&pem("CERTIFICATE", certificate));
        }
        write_private(path, text.as_bytes())
    }

    /// The last certificate of the chain in PEM: what a phone must trust to trust the first.
    pub fn last_pem(&self) -> String {
        self.chain.last().map_or_else(String::new, |last| pem("CERTIFICATE", last))
    }

    /// The names and addresses of the first certificate, sorted, each once.
    pub fn names(&self) -> anyhow::Result<Vec<String>> {
        let first = self.chain.first().context("no certificate")?;
        let (_, first) = X509Certificate::from_der(first)?;
        let mut names = Vec::new();
        let alternatives = first.subject_alternative_name()?;
        for name in alternatives.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => names.extend(address(bytes)),
                _ => {}
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Tells whether the first certificate says that `authority` signed it.
    pub fn issued_by(&self, authority: &Self) -> bool {
        let issuer =
            self.chain.first().and_then(|der| Some(X509Certificate::from_der(der).ok()?.1));
        let subject =
            authority.chain.first().and_then(|der| Some(X509Certificate::from_der(der).ok()?.1));
        match (issuer, subject) {
            (Some(leaf), Some(authority)) => leaf.issuer() == authority.subject(),
            _ => false,
        }
    }

    /// Checks that key and certificate belong together and reads when they end.
    pub fn check(
        self,
        provider: &CryptoProvider,
        brought: bool,
        trust_pem: String,
    ) -> anyhow::Result<Current> {
        let first = self.chain.first().context("no certificate")?;
        let (expires, fingerprint) = (expires(first)?, fingerprint(first));
        let key = CertifiedKey::from_der(self.chain, self.key, provider)
            .context("key and certificate do not belong together")?;
        Ok(Current { key: Arc::new(key), expires, fingerprint, trust_pem, brought })
    }
}

/// Keeps others from making an authority beside the one that is being made.
pub(super) fn lock(dir: &Path) -> anyhow::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(dir.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// The authorities in a file of IT's.
pub(super) fn authorities(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let pem = crate::plain_file::read(path, PEM_BYTES_MAX)?;
    certificates(&pem).with_context(|| format!("in {shown}"))
}

/// Tells whether a text can stand in a certificate as a host's name (RFC 1123 2.1).
pub(super) fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

pub(super) fn own_authority(dir: &Path) -> anyhow::Result<Option<CertificateDer<'static>>> {
    let path = dir.join(OWN_AUTHORITY);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Pair::read(&path)?.chain.into_iter().next())
}

/// The moment from which a certificate is no longer good.
pub(super) fn expires(certificate: &CertificateDer<'_>) -> anyhow::Result<WallTime> {
    let (_, certificate) = X509Certificate::from_der(certificate).context("no certificate")?;
    Ok(WallTime(certificate.validity().not_after.timestamp().saturating_mul(1000)))
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let mut list = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        list.push(certificate.map_err(|error| anyhow::anyhow!("no PEM text: {error}"))?);
        if list.len() > CERTIFICATES_MAX {
            bail!("there are more than {CERTIFICATES_MAX} certificates");
        }
    }
    if list.is_empty() {
        bail!("there is no certificate in PEM");
    }
    Ok(list)
}

fn read_key_file(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let pem = Zeroizing::new(crate::plain_file::read(path, PEM_BYTES_MAX)?);
    if std::fs::metadata(path)?.mode() & 0o007 != 0 {
        bail!("the key {} may be read by everybody: chmod 600 it", path.display());
    }
    Ok(pem)
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(sixteen).to_string())
}

/// PEM of RFC 7468: base64 in lines of 64 between two marks.
fn pem(kind: &str, der: &[u8]) -> String {
    let text = Zeroizing::new(BASE64.encode(der));
    let mut lines = format!("-----BEGIN {kind}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines.push_str(&format!("-----END {kind}-----\n"));
    lines
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("cannot write {}", fresh.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    if let Some(dir) = path.parent() {
        std::fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}
