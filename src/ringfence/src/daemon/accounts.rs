//! Who may register and who carries calls, as the endpoint wants to know it.

use model::PhoneId;
use model::site::Site;
use std::collections::BTreeSet;

/// The phones and trunks of a site, as the endpoint wants them.
pub fn accounts(site: &Site) -> sip::Accounts {
    // Nobody registers as a sound device of the box, or as a telephone on a port of it.
    let hung: BTreeSet<&PhoneId> =
        site.ports.values().filter_map(|port| port.telephone.as_ref()).collect();
    let phones = || {
        let by_sip =
            |id: &PhoneId, phone: &model::site::Phone| phone.device.is_none() && !hung.contains(id);
        site.phones.iter().filter(move |(id, phone)| by_sip(id, phone))
    };
    let by_sip = site.trunks.iter().filter(|(_, trunk)| trunk.by_sip());
    let trunks = by_sip.map(|(id, trunk)| {
        let config = sip::TrunkConfig {
            peers: trunk.peers.clone(),
            calls_max: trunk.calls_max,
            out: trunk.out.clone(),
        };
        (id.clone(), config)
    });
    let asked = site.sip.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
    let named = phones().filter(|_| asked);
    sip::Accounts {
        certificates: named.map(|(id, phone)| (id.clone(), certificates(id, phone))).collect(),
        accounts: phones().map(|(id, phone)| (id.clone(), phone.password.clone())).collect(),
        trunks: trunks.collect(),
        directory: crate::switch::shown::directory(site),
        register_s: site.sip.register_s,
        srtp: site.sip.srtp,
        codecs: site.sip.codecs.clone(),
        session_s: site.sip.session_s,
    }
}

/// The names by which a phone's certificate is its own: the one that the site gives, else its number
/// or its hardware address, as makers write it into the certificates of their factories.
fn certificates(id: &PhoneId, phone: &model::site::Phone) -> Vec<String> {
    match &phone.certificate {
        Some(name) => vec![name.clone()],
        None => {
            let device = phone.mac.map(hex::encode);
            std::iter::once(id.as_str().to_owned()).chain(device).collect()
        }
    }
}
