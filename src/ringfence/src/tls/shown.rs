//! What a person sees of a certificate, and whom a peer's names.

use super::Tls;
use crate::folders::Folders;
use model::WallTime;
use model::time::Zone;
use rustls::pki_types::CertificateDer;
use sha2::Digest as _;
use std::net::IpAddr;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Most names of a certificate that are looked at.
const NAMES_MAX: usize = 16;

/// What `ringfence tls` prints.
pub fn show(tls: &Tls, folders: &Folders, zone: &Zone, now: WallTime) -> String {
    let whose = if tls.brought() { "brought by IT" } else { "made by the box" };
    let names = tls.wanted.names.join(", ");
    let ends = zone.civil(tls.expires()).date;
    let left_days = (tls.expires().0 - now.0).div_euclid(super::DAY_MS);
    let soon = if tls.expiring(now) { "  <- bring a new one" } else { "" };
    format!(
        "certificate  {whose}\nfor          {names}\nsha-256      {}\nends         {ends} \
         ({left_days} days){soon}\nfolder       {}\n",
        tls.fingerprint(),
        folders.tls().display()
    )
}

/// SHA-256 of a certificate as people compare it.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = sha2::Sha256::digest(certificate);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// Whom a verified certificate names: its first host name, else its common name. Nothing that is
/// not printable ASCII is taken for a name.
pub fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    let host = alternatives.and_then(|names| {
        names.value.general_names.iter().find_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
    });
    let common = || Some(parsed.subject().iter_common_name().next()?.as_str().ok()?.to_owned());
    host.or_else(common)
        .filter(|name| name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// All that a verified certificate names: its host names and addresses, its common names, and the
/// hardware addresses in those, as makers write them; at most `NAMES_MAX`. Nothing that is not
/// printable ASCII is taken for a name.
pub fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    let listed = alternatives.iter().flat_map(|names| &names.value.general_names);
    let mut names: Vec<String> = listed.filter_map(host).collect();
    for common in parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok()) {
        names.push(common.to_owned());
        let device = |word: &&str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let words = common.split(|sign: char| !sign.is_ascii_alphanumeric());
        names.extend(words.filter(device).map(str::to_owned));
    }
    names.retain(|name| name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic()));
    names.truncate(NAMES_MAX);
    names
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or(v6).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}
