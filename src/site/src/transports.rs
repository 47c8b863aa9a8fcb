//! `[sip.tls]` and `[provision]`: encrypted signalling, and where phones fetch their settings.

use crate::read::{Field, Reader, Section, cut};
use model::site::{Provision, SipSite, Tls};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Longest path of a file of IT's.
const PATH_MAX: usize = 256;
/// Longest name in a certificate.
const NAME_MAX: usize = 255;

/// An address with a port that is not zero.
pub(crate) fn address(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    like: &str,
) -> Option<SocketAddr> {
    let read = field.value.as_str().and_then(|text| text.parse().ok());
    match read.filter(|bind: &SocketAddr| bind.port() != 0) {
        Some(bind) => Some(bind),
        None => field.must_be(reader, &format!("an address and port such as \"{like}\"")),
    }
}

/// Takes `[sip.tls]`. Whether the files are there and fit together is for who opens them.
pub(crate) fn tls(reader: &mut Reader<'_>, sip: &mut Section<'_>) -> Option<Tls> {
    let mut section = sip.section(reader, "tls")?;
    let bind = section.required(reader, "bind", "\"192.168.1.10:5061\"");
    let bind = bind.and_then(|field| address(reader, &field, "192.168.1.10:5061"));
    let certificate = file(reader, &mut section, "certificate");
    let key = file(reader, &mut section, "key");
    let spot = section.spot.clone();
    match (&certificate, &key) {
        (Some(_), None) => reader.fault(&spot, "names a certificate but no key; name both or none"),
        (None, Some(_)) => reader.fault(&spot, "names a key but no certificate; name both or none"),
        _ => {}
    }
    let clients = file(reader, &mut section, "clients");
    section.done(reader);
    Some(Tls { bind: bind?, certificate: certificate.zip(key), clients })
}

/// The name in the certificate of a phone or of a trunk's peers. It counts where certificates are
/// asked for.
pub(crate) fn certificate(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    sip: &SipSite,
) -> Option<String> {
    let field = section.field("certificate")?;
    let name = field.words(reader, NAME_MAX)?;
    if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        let rule = "write the name as the certificate has it, such as \"desk4.example\"";
        reader.fault(&field.spot, format!("'{}' is no name of a certificate; {rule}", cut(name)));
        return None;
    }
    if sip.tls.as_ref().is_none_or(|tls| tls.clients.is_none()) {
        let rule = "name their authorities as `clients` in [sip.tls], or leave this out";
        reader.fault(&field.spot, format!("no certificates are asked for; {rule}"));
    }
    Some(name.to_owned())
}

/// The whole path of a file. A site is kept in every version it ever had; a key is not.
fn file(reader: &mut Reader<'_>, section: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
    let field = section.field(key)?;
    let path = PathBuf::from(field.words(reader, PATH_MAX)?);
    if path.is_relative() {
        let path = cut(&path.to_string_lossy());
        let rule = "write the whole path, such as \"/etc/ringfence/box.pem\"";
        reader.fault(&field.spot, format!("'{path}' is no whole path; {rule}"));
        return None;
    }
    Some(path)
}

pub(crate) fn provision(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Option<Provision> {
    let mut section = root.section(reader, "provision")?;
    let bind = section.required(reader, "bind", "\"192.168.1.10:8443\"");
    let bind = bind.and_then(|field| address(reader, &field, "192.168.1.10:8443"));
    let multicast = section.field("multicast").and_then(|field| field.flag(reader));
    section.done(reader);
    Some(Provision { bind: bind?, multicast: multicast.unwrap_or(false) })
}
