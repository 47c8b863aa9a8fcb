//! What `ringfence phones` and `ringfence tls` say and do on the box itself.

use crate::boxkey;
use crate::clock::wall_now;
use crate::folders::Folders;
use crate::provision::{Generations, mac, vendor};
use crate::switch::reachable;
use crate::tls::{self, Tls, Wanted};
use anyhow::Context as _;
use model::PhoneId;
use model::site::Site;
use phone::{Keys, Mac};
use std::net::IpAddr;

/// Every phone of a site on a box that does not run.
pub fn list(site: &Site) -> String {
    let mut text = String::from("the box does not run: nothing is known of registrations\n");
    for (id, phone) in &site.phones {
        let device = mac(phone).map_or_else(|| "-".into(), |mac| mac.to_string());
        text.push_str(&format!("{id:<12} {:<12} {device}\n", vendor(phone)));
    }
    text
}

/// Shows a device's credential, once: what a person types into the phone for its first fetch.
pub fn credential(folders: &Folders, site: &Site, phone: &str) -> anyhow::Result<String> {
    let mac = device(site, phone)?;
    let provision = site.sip.provision.as_ref().context("the site has no [provision]")?;
    let keys = Keys::new(*boxkey::read(folders)?.phones());
    let generation = Generations::new(folders).show(mac)?;
    let credential = keys.credential(mac, generation);
    let (user, secret) = (&credential.user, credential.secret.reveal());
    let at = reachable(provision.bind);
    let folder = phone::setup::FOLDER;
    let menu = keys.menu_password(mac, generation);
    Ok(format!(
        "url       https://{user}:{secret}@{at}{folder}\nuser      {user}\npassword  {secret}\n\
         menus     {} (after the first fetch)\nThis is shown once. Another is made by \
         `ringfence phones revoke {phone}`.\n",
        menu.reveal()
    ))
}

/// Ends a device's credential from now on.
pub fn revoke(folders: &Folders, site: &Site, phone: &str) -> anyhow::Result<String> {
    let mac = device(site, phone)?;
    let generation = Generations::new(folders).revoke(mac)?;
    Ok(format!(
        "phone {phone} gets no settings until it has its {} credential: \
         `ringfence phones credential {phone}`\n",
        ordinal(generation)
    ))
}

/// Says how many phones were asked to fetch.
pub fn asked(count: usize) -> String {
    match count {
        0 => "the site has no such phone\n".into(),
        1 => "the phone is asked to fetch its settings, if it is registered\n".into(),
        many => format!("{many} phones are asked to fetch their settings, as far as registered\n"),
    }
}

/// What `ringfence tls` prints of the box's certificate, which is made if there is none.
pub fn certificate(folders: &Folders, site: &Site) -> anyhow::Result<String> {
    folders.create()?;
    let now = wall_now();
    let tls = Tls::read_or_make(folders, Wanted::of(site, &addresses(site)), now)?;
    Ok(tls::show(&tls, folders, &site.zone, now))
}

/// The addresses at which the box is reached over TLS, those of signalling first.
pub fn addresses(site: &Site) -> Vec<IpAddr> {
    let binds = [
        Some(site.sip.bind),
        site.sip.tls.as_ref().map(|tls| tls.bind),
        site.sip.provision.as_ref().map(|provision| provision.bind),
    ];
    let mut addresses: Vec<IpAddr> =
        binds.into_iter().flatten().map(|bind| reachable(bind).ip()).collect();
    if binds.iter().flatten().any(|bind| bind.ip().is_unspecified()) {
        addresses.extend(crate::net::facing::networks().into_iter().map(|facing| facing.own));
    }
    addresses.sort();
    addresses.dedup();
    addresses
}

fn device(site: &Site, phone: &str) -> anyhow::Result<Mac> {
    let desk = site.phones.get(&PhoneId::new(phone)).with_context(|| {
        format!("the site has no phone '{phone}': `ringfence phones` lists them")
    })?;
    mac(desk).with_context(|| format!("phone {phone} has no mac in site.toml: which device is it?"))
}

fn ordinal(generation: u32) -> String {
    match generation + 1 {
        2 => "second".into(),
        3 => "third".into(),
        n => format!("{n}th"),
    }
}
