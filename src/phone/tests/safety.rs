//! What a name, a password or a request can and cannot do to a settings file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{DESKS, setup, site};
use model::site::{Transport, Vendor};
use model::srtp::SrtpPolicy;
use model::{AgentId, PhoneId, Secret};
use phone::{Keys, Mac, Setup, files, render};
use proptest::prelude::*;

fn body(setup: &Setup) -> String {
    let name = files(setup.vendor, setup.mac).pop().unwrap();
    render(setup, &name).unwrap().body
}

/// Tells whether every element that opens closes in its place and no value holds markup.
fn is_well_formed(text: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let Some(end) = rest[at..].find('>') else { return false };
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or("");
        match tag.as_bytes() {
            [b'?', ..] | [.., b'/'] => {}
            [b'/', ..] if open.pop() == Some(name) => {}
            [b'/', ..] => return false,
            _ => open.push(name),
        }
    }
    open.is_empty()
}

#[test]
fn a_name_cannot_add_a_setting_of_its_own() {
    let mut site = site();
    let evil = "x\naccount.1.password = stolen\n</DisplayName><EnableReg>0</EnableReg>\" evil=\"1";
    for (number, ..) in DESKS {
        site.agents.get_mut(&AgentId::new(number)).unwrap().name = evil.into();
        site.phones.get_mut(&PhoneId::new(number)).unwrap().name = evil.into();
    }
    for (number, vendor, _) in DESKS {
        let body = body(&setup(&site, number).unwrap());
        if vendor == Vendor::Yealink {
            let lines: Vec<_> =
                body.lines().filter(|line| line.starts_with("account.1.password")).collect();
            assert_eq!(lines.len(), 1, "{lines:?}");
        } else {
            assert!(is_well_formed(&body), "{body}");
            assert!(!body.contains("<EnableReg>0"), "{body}");
            assert!(!body.contains(" evil=\""), "{body}");
        }
    }
}

#[test]
fn a_password_reaches_its_phone_unchanged() {
    let mut site = site();
    let password = "# [two  spaces] %x $y <&\"'>";
    for (number, ..) in DESKS {
        site.phones.get_mut(&PhoneId::new(number)).unwrap().password = Secret::new(password);
    }
    let unescape = |text: &str| {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&apos;", "'").replace("&amp;", "&")
    };
    for (number, ..) in DESKS {
        assert!(unescape(&body(&setup(&site, number).unwrap())).contains(password), "{number}");
    }
}

#[test]
fn a_transport_that_others_read_carries_no_keys_of_srtp() {
    let mut site = site();
    site.sip.tls = None;
    let udp = setup(&site, "8001").unwrap();
    assert_eq!((udp.transport, udp.srtp), (Transport::Udp, SrtpPolicy::Forbid));
    assert!(body(&udp).contains("account.1.srtp_encryption = 0\n"));
    site.sip.tcp = Some("192.0.2.1:5070".parse().unwrap());
    let tcp = setup(&site, "8001").unwrap();
    assert_eq!((tcp.transport, tcp.port, tcp.srtp), (Transport::Tcp, 5070, SrtpPolicy::Forbid));
}

#[test]
fn a_phone_without_a_known_device_gets_nothing() {
    let mut site = site();
    assert!(setup(&site, "8999").is_none());
    site.phones.get_mut(&PhoneId::new("8001")).unwrap().mac = None;
    site.phones.get_mut(&PhoneId::new("8002")).unwrap().vendor = Vendor::Other;
    assert!(setup(&site, "8001").is_none());
    assert!(setup(&site, "8002").is_none());
}

#[test]
fn a_device_gets_its_own_files_alone() {
    let site = site();
    let mine = setup(&site, "8001").unwrap();
    for name in [
        "0c383e008002.cfg",
        "cfg001565008001.xml",
        "001565008001-ringfence.cfg",
        "../001565008001.cfg",
        "001565008001.cfg\0",
        "ca.pem",
        "",
    ] {
        assert!(render(&mine, name).is_none(), "{name}");
    }
    assert!(render(&mine, "001565008001.CFG").is_some(), "some phones ask in capitals");
}

#[test]
fn nothing_of_a_setup_or_file_is_printed() {
    let setup = setup(&site(), "8001").unwrap();
    let name = files(setup.vendor, setup.mac).pop().unwrap();
    let printed = format!("{setup:?} {:?}", render(&setup, &name));
    for secret in [&setup.password, &setup.menu_password, &setup.credential.secret] {
        assert!(!printed.contains(secret.reveal()));
    }
}

#[test]
fn two_devices_share_no_password() {
    let keys = Keys::new([1; 32]);
    let of = |last| Mac([0, 0, 0, 0, 0, last]);
    assert_ne!(keys.menu_password(of(1), 0), keys.menu_password(of(2), 0));
}

proptest! {
    #[test]
    fn whatever_names_a_site_holds_its_files_stay_well_formed(
        name in any::<String>(), password in any::<String>(), key in any::<String>(),
    ) {
        let mut site = site();
        for (number, vendor, _) in DESKS {
            site.agents.get_mut(&AgentId::new(number)).unwrap().name = name.clone();
            let phone = site.phones.get_mut(&PhoneId::new(number)).unwrap();
            (phone.name, phone.password) = (name.clone(), Secret::new(password.clone()));
            phone.keys = vec![key.clone()];
            let body = body(&setup(&site, number).unwrap());
            if vendor == Vendor::Yealink {
                let odd = body.lines().skip(1).find(|line| !line.contains(" = "));
                prop_assert!(odd.is_none(), "{odd:?}");
            } else {
                prop_assert!(is_well_formed(&body), "{body}");
            }
        }
    }
}
