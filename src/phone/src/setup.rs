//! All that a settings file says, whoever's phone it is: made from the site, never by hand.

use crate::credential::{Credential, Keys};
use crate::mac::Mac;
use model::site::{Lang, Site, Transport, Vendor};
use model::srtp::SrtpPolicy;
use model::time::Zone;
use model::{Codecs, PhoneId, Secret, WallTime};
use std::net::{IpAddr, SocketAddr};

/// Most line keys that a file carries: a big phone with two panels has as many.
pub const KEYS_MAX: usize = 100;
/// Cells of a line key's label.
const LABEL_CELLS_MAX: usize = 20;

/// Where phones find the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address phones reach the box at, where the site binds to every address.
    pub host: IpAddr,
    /// The port of the provisioning server.
    pub provision_port: u16,
    /// In PEM: what a phone must trust to trust the box.
    pub trust_pem: String,
}

impl Place {
    /// Where a device fetches its files: a folder, since some phones add the file's name.
    pub fn url(&self) -> String {
        format!("https://{}{FOLDER}", SocketAddr::new(self.host, self.provision_port))
    }
    /// Where the certificate lies that phones trust. It is no secret.
    pub fn trust_url(&self) -> String {
        format!("{}{TRUST_FILE}", self.url())
    }
    /// What a DHCP server hands out as option 66 (RFC 2132 9.4): the folder and no secret, since
    /// anybody on the network hears it.
    pub fn option_66(&self) -> String {
        self.url()
    }
}

/// The folder of the provisioning server.
pub const FOLDER: &str = "/phones/";
/// The certificate that phones trust, in that folder.
pub const TRUST_FILE: &str = "ca.pem";

/// What a line key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKeyKind {
    /// A colleague's lamp.
    Colleague,
    /// A park slot's lamp.
    Slot,
}

/// A key beside the display, with a lamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineKey {
    pub kind: LineKeyKind,
    /// What it dials and watches.
    pub number: String,
    pub label: String,
}

/// Everything a device is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    pub vendor: Vendor,
    pub mac: Mac,
    pub account: String,
    pub password: Secret,
    /// Shown on the display: who sits there, or which desk it is.
    pub label: String,
    pub host: IpAddr,
    pub port: u16,
    pub transport: Transport,
    pub realm: String,
    pub register_s: u32,
    pub session_s: u32,
    pub srtp: SrtpPolicy,
    /// What it may speak, in the order the site asks for.
    pub codecs: Codecs,
    pub lang: Lang,
    /// Minutes east of Greenwich when the file was made; files are fetched every night.
    pub offset_min: i32,
    pub keys: Vec<LineKey>,
    /// Agents log in at it by its own keys.
    pub agent: bool,
    pub hot_desk: bool,
    pub auto_answer: bool,
    /// Reasons of not ready, by their digit.
    pub reasons: Vec<(char, String)>,
    /// What its message key calls: who is to be called back.
    pub missed: String,
    pub url: String,
    pub trust_url: String,
    pub trust_pem: String,
    pub credential: Credential,
    pub menu_password: Secret,
}

impl Setup {
    /// Makes the setup of a phone of the site; nothing for a phone whose device the box does not
    /// know or set up.
    pub fn new(
        site: &Site,
        phone: &PhoneId,
        place: &Place,
        keys: &Keys,
        generation: u32,
        now: WallTime,
    ) -> Option<Self> {
        let desk = site.phones.get(phone)?;
        let mac = Mac(desk.mac?);
        if matches!(desk.vendor, Vendor::Cisco | Vendor::Other) {
            return None;
        }
        let sitting = site.agents.values().find(|agent| agent.phone == *phone);
        let lang = sitting.map_or(site.lang, |agent| agent.lang);
        let (bind, transport) = signalling(site);
        let label = match (sitting, desk.name.is_empty()) {
            (Some(agent), _) if !desk.hot_desk => agent.name.clone(),
            (_, false) => desk.name.clone(),
            (Some(agent), true) => agent.name.clone(),
            (None, true) => phone.to_string(),
        };
        let host = if bind.ip().is_unspecified() { place.host } else { bind.ip() };
        let reasons = site.codes.reasons.iter();
        Some(Self {
            vendor: desk.vendor,
            mac,
            account: phone.to_string(),
            password: desk.password.clone(),
            label,
            host,
            port: bind.port(),
            transport,
            realm: site.sip.realm.clone(),
            register_s: site.sip.register_s.1,
            session_s: site.sip.session_s,
            // Keys of SRTP are never offered over a transport that others read (RFC 4568 5.1).
            srtp: if transport.secure() { site.sip.srtp } else { SrtpPolicy::Forbid },
            codecs: site.sip.codecs.clone(),
            lang,
            offset_min: offset_min(&site.zone, now),
            keys: line_keys(site, &desk.keys, lang),
            agent: sitting.is_some() || desk.hot_desk,
            hot_desk: desk.hot_desk,
            auto_answer: desk.auto_answer,
            missed: site.codes.missed.clone(),
            reasons: reasons.map(|(digit, word)| (digit.as_char(), word.clone())).collect(),
            url: place.url(),
            trust_url: place.trust_url(),
            trust_pem: place.trust_pem.clone(),
            credential: keys.credential(mac, generation),
            menu_password: keys.menu_password(mac, generation),
        })
    }
}

/// The best transport the site has: TLS before TCP before UDP.
fn signalling(site: &Site) -> (SocketAddr, Transport) {
    match (&site.sip.tls, site.sip.tcp) {
        (Some(tls), _) => (tls.bind, Transport::Tls),
        (None, Some(tcp)) => (tcp, Transport::Tcp),
        (None, None) => (site.sip.bind, Transport::Udp),
    }
}

fn line_keys(site: &Site, numbers: &[String], lang: Lang) -> Vec<LineKey> {
    let key = |number: &String| {
        let slot = site.parking.slots.contains(number);
        let phone = PhoneId::new(number);
        let agent = site.agents.values().find(|agent| agent.phone == phone);
        let desk = site.phones.get(&phone).map(|desk| desk.name.clone());
        let label = match (slot, agent) {
            (true, _) if lang == Lang::Zh => format!("驻留 {number}"),
            (true, _) => format!("Park {number}"),
            (false, Some(agent)) => agent.name.clone(),
            (false, None) => desk.filter(|name| !name.is_empty()).unwrap_or_else(|| number.clone()),
        };
        let kind = if slot { LineKeyKind::Slot } else { LineKeyKind::Colleague };
        let label = crate::text::cut(&crate::text::clean(&label), LABEL_CELLS_MAX);
        LineKey { kind, number: number.clone(), label }
    };
    numbers.iter().take(KEYS_MAX).map(key).collect()
}

/// Minutes that the zone is ahead of UTC at a moment.
fn offset_min(zone: &Zone, now: WallTime) -> i32 {
    let (here, utc) = (zone.civil(now), Zone::utc().civil(now));
    let days = match here.date.cmp(&utc.date) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    };
    let seconds = i64::from(here.second_of_day) - i64::from(utc.second_of_day) + days * 86_400;
    i32::try_from(seconds / 60).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_right_on_both_sides_of_midnight_and_in_summer() {
        let at = |name, ms| offset_min(&Zone::named(name).unwrap_or_else(Zone::utc), WallTime(ms));
        assert_eq!(at("Asia/Shanghai", 0), 480);
        assert_eq!(at("Asia/Shanghai", 20 * 3_600_000), 480);
        assert_eq!(at("America/New_York", 1_700_000_000_000), -300);
        assert_eq!(at("Asia/Kolkata", 0), 330);
        assert_eq!(at("Europe/Berlin", 1_780_000_000_000), 120);
    }
}
