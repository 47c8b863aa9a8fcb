#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const NOW: WallTime = WallTime(1_795_000_000_000);

fn folders(dir: &Path) -> Folders {
    Folders::find(Some(dir.to_owned())).unwrap()
}

fn wanted(names: &[&str]) -> Wanted {
    Wanted { names: names.iter().map(|name| (*name).to_owned()).collect(), ..Wanted::default() }
}

fn made(dir: &Path, names: &[&str], now: WallTime) -> Tls {
    Tls::read_or_make(&folders(dir), wanted(names), now).unwrap()
}

/// Drives both sides of a handshake in memory.
fn shake(client: Arc<ClientConfig>, server: Arc<ServerConfig>, name: &str) -> Result<(), String> {
    let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(client, name).unwrap();
    let mut server = rustls::ServerConnection::new(server).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets().map_err(|error| error.to_string())?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets().map_err(|error| error.to_string())?;
        }
    }
    if client.is_handshaking() || server.is_handshaking() { Err("hangs".into()) } else { Ok(()) }
}

/// A client that trusts what a phone is told to trust, and has no certificate.
fn phone(tls: &Tls) -> Arc<ClientConfig> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(tls.trust_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(tls.provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

#[test]
fn a_phone_that_trusts_the_boxs_authority_trusts_its_addresses_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["192.0.2.1", "2001:db8::1", "box.hospital.test"], NOW);
    let server = tls.server(Clients::NotAsked).unwrap();
    for name in ["192.0.2.1", "2001:db8::1", "box.hospital.test"] {
        assert_eq!(shake(phone(&tls), server.clone(), name), Ok(()));
    }
    assert!(shake(phone(&tls), server, "192.0.2.2").is_err());
}

#[test]
fn rfc_8446_phones_of_tls_1_2_and_of_1_3_are_taken() {
    use rustls::pki_types::pem::PemObject as _;
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["192.0.2.1"], NOW);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(tls.trust_pem().as_bytes()).unwrap()).unwrap();
        let phone = ClientConfig::builder_with_provider(tls.provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = tls.server(Clients::NotAsked).unwrap();
        assert_eq!(shake(Arc::new(phone), server, "192.0.2.1"), Ok(()), "{version:?}");
    }
}

#[test]
fn a_phone_that_reads_no_addresses_in_a_certificate_finds_an_ipv4_address_among_the_names() {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
    let dir = tempfile::tempdir().unwrap();
    let chain = made(dir.path(), &["192.0.2.1", "2001:db8::1"], NOW).chain();
    let (_, certificate) = X509Certificate::from_der(&chain[0]).unwrap();
    let alternatives = certificate.subject_alternative_name().unwrap().unwrap();
    let names = &alternatives.value.general_names;
    assert!(names.contains(&GeneralName::DNSName("192.0.2.1")));
    // A colon is in no name of a host; a strict reader would refuse the certificate.
    assert_eq!(names.iter().filter(|name| matches!(name, GeneralName::DNSName(_))).count(), 1);
}

#[test]
fn the_same_certificate_is_shown_after_a_restart_and_nobody_else_can_read_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let first = made(dir.path(), &["192.0.2.1"], NOW).fingerprint();
    assert_eq!(made(dir.path(), &["192.0.2.1"], NOW).fingerprint(), first);
    for file in ["tls/ca.pem", "tls/box.pem"] {
        let meta = std::fs::metadata(dir.path().join(file)).unwrap();
        assert_eq!(meta.mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn another_address_or_a_near_end_makes_another_certificate_under_the_same_authority() {
    let dir = tempfile::tempdir().unwrap();
    let old = made(dir.path(), &["192.0.2.1"], NOW);
    let moved = made(dir.path(), &["192.0.2.9"], NOW);
    assert_ne!(moved.fingerprint(), old.fingerprint());
    let trusts_old = phone(&old);
    let server = moved.server(Clients::NotAsked).unwrap();
    assert_eq!(shake(trusts_old, server, "192.0.2.9"), Ok(()));
    let late = WallTime(moved.expires().0 - RENEWED_BEFORE_MS);
    let renewed = made(dir.path(), &["192.0.2.9"], late);
    assert!(renewed.expires() > moved.expires());
    assert!(!renewed.expiring(late));
}

#[test]
fn a_renewal_is_shown_by_servers_that_already_run() {
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["192.0.2.1"], NOW);
    let before = tls.fingerprint();
    tls.refresh(NOW).unwrap();
    assert_eq!(tls.fingerprint(), before);
    tls.refresh(WallTime(tls.expires().0 - RENEWED_BEFORE_MS)).unwrap();
    assert_ne!(tls.fingerprint(), before);
}

#[test]
fn a_renewal_is_shown_to_trunks_by_what_already_runs() {
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["192.0.2.1"], NOW);
    let client = tls.client().unwrap();
    let shown = || {
        let schemes = [rustls::SignatureScheme::RSA_PSS_SHA256];
        let key = client.client_auth_cert_resolver.resolve(&[], &schemes).unwrap();
        key.cert[0].clone()
    };
    assert_eq!(shown(), tls.chain()[0]);
    let before = shown();
    tls.refresh(WallTime(tls.expires().0 - RENEWED_BEFORE_MS)).unwrap();
    assert_ne!(shown(), before);
    assert_eq!(shown(), tls.chain()[0]);
}

#[test]
fn a_torn_certificate_is_made_anew_and_a_damaged_authority_is_not() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path(), &["192.0.2.1"], NOW);
    std::fs::write(dir.path().join("tls/box.pem"), "-----BEGIN").unwrap();
    made(dir.path(), &["192.0.2.1"], NOW);
    std::fs::write(dir.path().join("tls/ca.pem"), "-----BEGIN").unwrap();
    let error = Tls::read_or_make(&folders(dir.path()), wanted(&["192.0.2.1"]), NOW);
    assert!(format!("{:#}", error.unwrap_err()).contains("authority is damaged"));
}

#[test]
fn peers_without_a_certificate_stay_out_where_the_site_asks_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["192.0.2.1"], NOW);
    let required = tls.server(Clients::Required).unwrap();
    assert!(shake(phone(&tls), required.clone(), "192.0.2.1").is_err());
    // The box's own certificate is signed by an authority that the box believes.
    assert_eq!(shake(tls.client().unwrap(), required, "192.0.2.1"), Ok(()));
    let asked = tls.server(Clients::Asked).unwrap();
    assert_eq!(shake(phone(&tls), asked, "192.0.2.1"), Ok(()));
}

#[test]
fn what_it_brought_is_used_where_it_lies_and_its_end_is_warned_of_30_days_before() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let theirs = made(other.path(), &["192.0.2.1"], NOW);
    let file = other.path().join("tls/box.pem");
    let brought = Some((file.clone(), file.clone()));
    let asks = Wanted { brought, ..wanted(&["192.0.2.1"]) };
    let tls = Tls::read_or_make(&folders(dir.path()), asks.clone(), NOW).unwrap();
    assert!(tls.brought());
    assert_eq!(tls.fingerprint(), theirs.fingerprint());
    let day = 24 * 3600 * 1000;
    assert!(!tls.expiring(WallTime(tls.expires().0 - 31 * day)));
    assert!(tls.expiring(WallTime(tls.expires().0 - 30 * day)));

    // A key that is another's is refused with its reason.
    let stranger = tempfile::tempdir().unwrap();
    made(stranger.path(), &["192.0.2.1"], NOW);
    let asks = Wanted { brought: Some((file, stranger.path().join("tls/box.pem"))), ..asks };
    let error = Tls::read_or_make(&folders(dir.path()), asks, NOW).unwrap_err();
    assert!(format!("{error:#}").contains("do not belong together"), "{error:#}");
}

#[test]
fn a_certificate_names_a_host_before_its_common_name() {
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["common.test", "box.test"], NOW);
    assert_eq!(subject(&tls.chain()[0]).as_deref(), Some("box.test"));
    let other = tempfile::tempdir().unwrap();
    let tls = made(other.path(), &["192.0.2.1"], NOW);
    assert_eq!(subject(&tls.chain()[0]).as_deref(), Some("192.0.2.1"));
}

#[test]
fn a_certificate_names_its_hosts_its_addresses_and_its_common_name() {
    let dir = tempfile::tempdir().unwrap();
    let tls = made(dir.path(), &["192.0.2.1", "box.test"], NOW);
    let mut all = names(&tls.chain()[0]);
    all.sort();
    all.dedup();
    assert_eq!(all, ["192.0.2.1", "box.test"]);
}
