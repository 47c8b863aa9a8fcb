//! Phones and trunks whose connections proved a certificate (RFC 5922 section 7).

#![allow(clippy::unwrap_used)]

mod network;

use model::{PhoneId, TrunkId, Via};
use network::*;
use sip::{Command, Config, Output, Peer, Transport};

/// The box knows phone 8001 by these names, and its carrier by that one.
fn asking(phone: &[&str], trunk: Option<&str>) -> Network {
    let mut config: Config = box_config();
    let names = phone.iter().map(|name| (*name).to_owned()).collect();
    config.certificates.insert(PhoneId::new("8001"), names);
    config.trunks.get_mut(&TrunkId::new("carrier")).unwrap().out.certificate =
        trunk.map(str::to_owned);
    Network::with(1, config)
}

fn register(net: &mut Network, transport: Transport) -> Result<u32, u16> {
    let mut command = registration("8001", PASSWORD, 300);
    if let Command::Register { registrar, .. } = &mut command {
        *registrar = Peer::new(transport, at(BOX));
    }
    net.tell(PHONE, command);
    net.run_ms(200);
    let granted = |said| match said {
        Output::RegisterResult { result, .. } => Some(result),
        _ => None,
    };
    net.news(PHONE).into_iter().rev().find_map(granted).unwrap()
}

fn wrong(net: &Network) -> Vec<Via> {
    let of = |said| match said {
        Output::WrongCertificate { via } => Some(via),
        _ => None,
    };
    net.news(BOX).into_iter().filter_map(of).collect()
}

#[test]
fn a_phone_registers_by_a_certificate_of_its_own_name_however_that_is_written() {
    for shown in ["8001", "80:5E:C0:01:02:03", "805EC0010203", "desk.example"] {
        let mut net = asking(&["8001", "805ec0010203", "Desk.example"], None);
        net.certificate = vec!["other.example".to_owned(), shown.to_owned()];
        assert_eq!(register(&mut net, Transport::Tls), Ok(300), "{shown}");
        assert_eq!(wrong(&net), []);
    }
}

#[test]
fn a_phone_with_the_password_and_anothers_certificate_is_refused_and_an_alarm_raised() {
    for shown in [vec!["8002".to_owned()], vec![]] {
        let mut net = asking(&["8001"], None);
        net.certificate = shown;
        assert_eq!(register(&mut net, Transport::Tls), Err(403));
        assert_eq!(wrong(&net), [Via::Phone(PhoneId::new("8001"))]);
        assert_eq!(net.endpoint(BOX).counters().wrong_certificates, 1);
        assert_eq!(net.endpoint(BOX).registrations().count(), 0);
    }
}

#[test]
fn without_its_password_a_phone_learns_nothing_of_its_certificate() {
    let mut net = asking(&["8001"], None);
    net.certificate = vec!["8002".to_owned()];
    net.tell(PHONE, {
        let mut command = registration("8001", "wrong", 300);
        if let Command::Register { registrar, .. } = &mut command {
            *registrar = Peer::new(Transport::Tls, at(BOX));
        }
        command
    });
    net.run_ms(200);
    assert_eq!(wrong(&net), []);
    assert!(!net.sent.iter().any(|s| line(&s.3) == "403 REGISTER"));
}

#[test]
fn a_phone_that_needs_its_certificate_cannot_register_in_clear_and_is_told_why() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut net = asking(&["8001"], None);
        assert_eq!(register(&mut net, transport), Err(403));
        assert_eq!(wrong(&net), [Via::Phone(PhoneId::new("8001"))]);
        let said = |text: &str| text.contains("399 192.0.2.1:5060 \"Needs TLS And Its Own");
        assert!(net.sent.iter().any(|s| said(&s.3.to_string())), "{transport:?}");
    }
}

#[test]
fn a_phone_of_a_site_that_asks_for_no_certificates_needs_none() {
    let mut net = Network::with(1, box_config());
    assert_eq!(register(&mut net, Transport::Udp), Ok(300));
}

#[test]
fn a_trunk_that_needs_its_certificate_cannot_call_in_clear() {
    let mut net = asking(&["8001"], Some("sbc.carrier.example"));
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", true));
    net.run_ms(100);
    assert_eq!(net.arrived(BOX).len(), 0);
    assert_eq!(wrong(&net), [Via::Trunk(TrunkId::new("carrier"))]);
}

#[test]
fn a_trunks_peer_calls_by_a_certificate_of_the_name_that_the_site_gives_it() {
    for (shown, taken) in [("sbc.carrier.example", true), ("8001", false)] {
        let mut net = asking(&["8001"], Some("sbc.carrier.example"));
        net.certificate = vec![shown.to_owned()];
        let mut call = uri_call(OUT, "sip:95000@box.example", true);
        if let Command::InviteUri { to, .. } = &mut call {
            *to = Peer::new(Transport::Tls, at(BOX));
        }
        net.tell(TRUNK, call);
        net.run_ms(100);
        assert_eq!(net.arrived(BOX).len(), usize::from(taken), "{shown}");
        let alarms = if taken { vec![] } else { vec![Via::Trunk(TrunkId::new("carrier"))] };
        assert_eq!(wrong(&net), alarms);
    }
}
