//! Makes the box's own authority and its certificate.

use super::DAY_MS;
use super::files::Pair;
use anyhow::Context as _;
use model::WallTime;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::IpAddr;
use std::path::Path;
use x509_parser::time::ASN1Time;

/// How long the box's authority is good: longer than the box.
const AUTHORITY_MS: i64 = 20 * 365 * DAY_MS;
/// How long a certificate of the box is good; it is made anew long before.
const LEAF_MS: i64 = 397 * DAY_MS;
/// 1 January 2020. Certificates are good from here on, since a phone that was just unpacked does
/// not know the date before it has its settings, which come over TLS.
const BEGINS_S: i64 = 1_577_836_800;
/// 1 January 2026: a clock that says less has not been set, and what it says is not counted from.
const CLOCK_SET_MS: i64 = 1_767_225_600_000;

/// The box's authority, able to sign.
pub(super) struct Authority {
    pub pair: Pair,
    issuer: Issuer<'static, KeyPair>,
}

/// Reads the authority, or makes it on the first start. A damaged one is not made anew behind
/// anybody's back: no phone would trust the box any more.
pub(super) fn authority(path: &Path, now: WallTime) -> anyhow::Result<Authority> {
    if !path.exists() {
        make_authority(now)?.write(path)?;
    }
    let pair = Pair::read(path).context(
        "the box's own authority is damaged: put tls/ca.pem back, or remove it and \
         let every phone fetch its settings anew by hand",
    )?;
    let first = pair.chain.first().context("no certificate")?;
    let key = KeyPair::try_from(&pair.key)?;
    let issuer = Issuer::from_ca_cert_der(first, key)?;
    Ok(Authority { issuer, pair })
}

/// Makes a certificate for the box's names and addresses.
pub(super) fn leaf(authority: &Authority, names: &[String], now: WallTime) -> anyhow::Result<Pair> {
    let key = new_key()?;
    let common = names.first().map_or("ringfence", String::as_str);
    let mut params = params(common, now, LEAF_MS)?;
    let dns = |name: &str| -> anyhow::Result<SanType> {
        let dns = name.try_into();
        Ok(SanType::DnsName(
            dns.with_context(|| format!("'{name}' cannot stand in a certificate"))?,
        ))
    };
    let names = sorted(names);
    let address = |name: &String| name.parse::<IpAddr>().ok();
    for name in &names {
        params.subject_alt_names.push(match address(name) {
            Some(address) => SanType::IpAddress(address),
            None => dns(name)?,
        });
    }
    // Phones whose TLS reads no iPAddress (Mbed TLS before 3.6, so linphone 5) compare the text they
    // dialled with the dNSNames: an IPv4 address stands there too, after the names of hosts.
    for name in names.iter().filter(|name| address(name).is_some_and(|it| it.is_ipv4())) {
        params.subject_alt_names.push(dns(name)?);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &authority.issuer)?;
    Ok(pair(&key, certificate.der().clone()))
}

/// Names as a certificate holds them: each once, in order.
pub(super) fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    names
}

fn make_authority(now: WallTime) -> anyhow::Result<Pair> {
    let key = new_key()?;
    // A part of the key's hash in the name, so that two boxes' authorities are told apart.
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(key.public_key_raw()));
    let mark = digest.get(..8).unwrap_or_default();
    let mut params = params(&format!("Ringfence box {mark}"), now, AUTHORITY_MS)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    Ok(pair(&key, certificate.der().clone()))
}

fn new_key() -> anyhow::Result<KeyPair> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
        .context("no key could be made for the box's certificate")
}

fn params(common: &str, now: WallTime, span_ms: i64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    let ends_s = now.0.max(CLOCK_SET_MS).saturating_add(span_ms) / 1000;
    params.not_before = ASN1Time::from_timestamp(BEGINS_S)?.to_datetime();
    params.not_after = ASN1Time::from_timestamp(ends_s)?.to_datetime();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    Ok(params)
}

fn pair(key: &KeyPair, certificate: rustls::pki_types::CertificateDer<'static>) -> Pair {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Pair { key: PrivateKeyDer::Pkcs8(key), chain: vec![certificate] }
}
