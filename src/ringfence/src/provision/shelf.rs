//! What each device gets: decides without a socket who asks and what of the site is theirs.

use super::generations::Generations;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::site::{Phone, Site};
use model::{PhoneId, WallTime};
use phone::setup::{FOLDER, TRUST_FILE};
use phone::{Keys, Mac, Place, Setup, screen, settings};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Longest `Authorization` that is looked at.
const AUTHORIZATION_BYTES_MAX: usize = 256;
/// Pages that phones may be about to fetch; each phone has one at most.
const PAGES_MAX: usize = 1024;

/// Addresses left out that are told at once; the counter counts the others too.
const BANNED_TOLD_MAX: usize = 64;

/// What happened since the start, for the console.
#[derive(Debug, Default)]
pub struct Counters {
    pub fetched: AtomicU64,
    pub refused: AtomicU64,
    pub banned: AtomicU64,
    pub shed: AtomicU64,
    pub pnp_answered: AtomicU64,
}

/// A request, as far as it matters.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub path: &'a str,
    pub authorization: Option<&'a str>,
    /// Whom a verified certificate of the phone's maker names.
    pub certificate: Option<&'a str>,
    pub from: IpAddr,
}

/// What a request gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// What anybody may have: whom phones trust.
    Trust { pem: String },
    /// A proven device's own file.
    File { content_type: &'static str, body: String },
    /// Nobody proved itself: the challenge.
    Challenge { wrong: bool },
    /// A proven device asked for what is not its own, or not at all.
    Nothing,
}

impl Answer {
    /// Tells whether the request proved whose it is.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Nothing)
    }
}

/// When a device last fetched its settings, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    pub at: WallTime,
    pub from: IpAddr,
}

/// The site's phones and what they did.
pub struct Shelf {
    keys: Keys,
    place: Place,
    generations: Generations,
    site: RwLock<Arc<Site>>,
    pages: Mutex<BTreeMap<Mac, String>>,
    seen: Mutex<Seen>,
    failed: AtomicBool,
    pub counters: Counters,
}

#[derive(Default)]
struct Seen {
    fetches: BTreeMap<Mac, Fetch>,
    registered: BTreeSet<PhoneId>,
    /// Addresses left out since somebody last asked.
    banned: Vec<IpAddr>,
}

impl Shelf {
    pub fn new(keys: Keys, place: Place, generations: Generations, site: Arc<Site>) -> Self {
        Self {
            keys,
            place,
            generations,
            site: RwLock::new(site),
            pages: Mutex::default(),
            seen: Mutex::default(),
            failed: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    /// Uses another site from here on: the next fetch gets its settings.
    pub fn set_site(&self, site: Arc<Site>) {
        let macs: BTreeSet<Mac> = site.phones.values().filter_map(mac).collect();
        lock(&self.seen).fetches.retain(|mac, _| macs.contains(mac));
        lock(&self.pages).retain(|mac, _| macs.contains(mac));
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = site;
    }

    /// Lays out a page that a phone will fetch after a NOTIFY tells it to.
    pub fn lay_out(&self, phone: &PhoneId, body: String) {
        let site = self.site();
        let Some(mac) = site.phones.get(phone).and_then(mac) else { return };
        let mut pages = lock(&self.pages);
        if pages.contains_key(&mac) || pages.len() < PAGES_MAX {
            pages.insert(mac, body);
        }
    }

    /// Notes that a phone is registered, or no longer.
    pub fn registered(&self, phone: &PhoneId, up: bool) {
        let mut seen = lock(&self.seen);
        if up {
            seen.registered.insert(phone.clone());
        } else {
            seen.registered.remove(phone);
        }
    }

    /// Notes that phones are not served, or not as the site says.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Tells whether something of it did not come up.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Notes that an address guessed too often.
    pub fn ban(&self, source: IpAddr) {
        let mut seen = lock(&self.seen);
        if seen.banned.len() < BANNED_TOLD_MAX {
            seen.banned.push(source);
        }
    }

    /// The addresses left out since the last call.
    pub fn take_banned(&self) -> Vec<IpAddr> {
        std::mem::take(&mut lock(&self.seen).banned)
    }

    /// Where phones find the box.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Tells whether the site names a device.
    pub fn knows(&self, device: Mac) -> bool {
        self.phone_of(device).is_some()
    }

    /// Answers a request. Whoever is not proven learns nothing: the same challenge for any path,
    /// any device and any credential, after the same derivation and comparison.
    pub fn answer(&self, asked: Asked<'_>, now: WallTime) -> Answer {
        if asked.path.strip_prefix(FOLDER) == Some(TRUST_FILE) {
            return Answer::Trust { pem: self.place.trust_pem.clone() };
        }
        let Some((mac, phone)) = self.prove(asked) else {
            return Answer::Challenge { wrong: asked.authorization.is_some() };
        };
        let Some(name) = asked.path.strip_prefix(FOLDER) else { return Answer::Nothing };
        if name == screen::FETCHED_FILE {
            let body = lock(&self.pages).get(&mac).cloned();
            let content_type = "application/xml; charset=utf-8";
            return body.map_or(Answer::Nothing, |body| Answer::File { content_type, body });
        }
        let Ok(life) = self.generations.of(mac) else { return Answer::Nothing };
        let site = self.site();
        let setup = Setup::new(&site, &phone, &self.place, &self.keys, life.generation, now);
        let Some(file) = setup.and_then(|setup| settings::render(&setup, name)) else {
            return Answer::Nothing;
        };
        lock(&self.seen).fetches.insert(mac, Fetch { at: now, from: asked.from });
        Answer::File { content_type: file.content_type, body: file.body }
    }

    /// Whose request it is: by the credential given, or by the certificate shown.
    fn prove(&self, asked: Asked<'_>) -> Option<(Mac, PhoneId)> {
        let by_certificate = asked.certificate.and_then(mac_in).and_then(|mac| {
            let phone = self.phone_of(mac)?;
            Some((mac, phone))
        });
        if by_certificate.is_some() {
            return by_certificate;
        }
        let given = asked.authorization.and_then(basic);
        let (user, secret) = given.unwrap_or_default();
        // No address is this one: a stranger's secret is compared like a phone's.
        let mac = Mac::parse(&user).unwrap_or(Mac([0; 6]));
        let generation = self.generations.of(mac).map(|life| life.generation);
        let proven = self.keys.proves(mac, generation.as_ref().copied().unwrap_or(0), &secret);
        let phone = self.phone_of(mac);
        if !proven || generation.is_err() {
            return None;
        }
        Some((mac, phone?))
    }

    fn phone_of(&self, device: Mac) -> Option<PhoneId> {
        let site = self.site();
        let mut phones = site.phones.iter();
        phones.find(|(_, phone)| mac(phone) == Some(device)).map(|(id, _)| id.clone())
    }

    fn site(&self) -> Arc<Site> {
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What `ringfence phones` prints: every phone that has a device.
    pub fn list(&self) -> String {
        let site = self.site();
        let seen = lock(&self.seen);
        let mut text = match &site.sip.provision {
            Some(_) => format!("DHCP option 66: {}\n", self.place.option_66()),
            None => "this site serves no settings: it has no [provision]\n".to_owned(),
        };
        for (id, phone) in &site.phones {
            let device = mac(phone).map_or_else(|| "-".into(), |mac| mac.to_string());
            let up = match &phone.device {
                Some(_) => "of the box",
                None if seen.registered.contains(id) => "registered",
                None => "not registered",
            };
            let fetched = mac(phone).and_then(|mac| seen.fetches.get(&mac)).map_or_else(
                || "never fetched".into(),
                |fetch| format!("fetched {} by {}", site.zone.civil(fetch.at), fetch.from),
            );
            let vendor = vendor(phone);
            text.push_str(&format!("{id:<12} {vendor:<12} {device:<12}  {up:<14}  {fetched}\n"));
        }
        text
    }
}

/// The device of a phone that the box sets up.
pub fn mac(phone: &Phone) -> Option<Mac> {
    phone.mac.map(Mac)
}

/// What a phone's maker is called in a list.
pub fn vendor(phone: &Phone) -> String {
    format!("{:?}", phone.vendor).to_ascii_lowercase()
}

/// Reads `Basic base64(user:secret)` (RFC 7617 section 2).
fn basic(authorization: &str) -> Option<(String, String)> {
    if authorization.len() > AUTHORIZATION_BYTES_MAX {
        return None;
    }
    let (scheme, rest) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(rest.trim()).ok()?).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}

/// The device a factory certificate names: its address alone, or in front of or behind a mark.
fn mac_in(subject: &str) -> Option<Mac> {
    Mac::parse(subject).or_else(|| {
        let mut words = subject.split(['.', '_', ' ', '@']);
        words.find_map(Mac::parse)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
