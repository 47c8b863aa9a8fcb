//! The route that a request recorded: told back as it came, and followed (RFC 3261 12.1.1, 16.12).

#![allow(clippy::unwrap_used)]

mod network;

use network::far::{SDP, last};
use network::*;
use sip::Command;

const TWO: &str = "Record-Route: <sip:198.51.100.8;lr>, \"P, 2\" <sip:198.51.100.9;lr;x=a%20b>;y\n\
                   Record-Route: <sip:198.51.100.10>\n";

fn recorded(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("Record-Route: ")).collect()
}

fn invite(more: &str) -> String {
    format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKi\n{more}\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: <sip:95000@box.example>\nCall-ID: raw\n\
         CSeq: 7 INVITE\nContact: <sip:far@{TRUNK}>\nContent-Type: application/sdp\n\n{SDP}"
    )
}

#[test]
fn rfc_3261_12_1_1_what_recorded_its_route_is_told_it_back_in_each_response_that_makes_a_dialog() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    net.ask(TRUNK, BOX, &invite(TWO));
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::EarlyMedia { leg, rtp: rtp(0) });
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    for response in ["180 INVITE", "183 INVITE", "200 INVITE"] {
        let text = last(&net, BOX, TRUNK, response);
        let [first, second, third] = recorded(&text)[..] else { panic!("{text}") };
        assert_eq!(first, "<sip:198.51.100.8;lr>");
        assert_eq!(second, "\"P, 2\" <sip:198.51.100.9;lr;x=a%20b>;y");
        assert_eq!(third, "<sip:198.51.100.10>");
    }
}

#[test]
fn rfc_3261_12_1_1_a_refusal_makes_no_dialog_and_tells_no_route() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    net.ask(TRUNK, BOX, &invite(TWO));
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Refuse { leg, cause: model::Cause::Busy });
    assert_eq!(recorded(&last(&net, BOX, TRUNK, "486 INVITE")), [""; 0]);
    let asked = net.ask(STRANGER, BOX, &invite(TWO).replace(TRUNK, STRANGER).replace("raw", "new"));
    assert_eq!((line(&asked[0]).as_str(), recorded(&asked[0]).len()), ("401 INVITE", 0));
}

#[test]
fn what_is_no_list_of_addresses_is_refused_and_not_told_back() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let odd = "Record-Route: <sip:198.51.100.8;lr>\nRecord-Route: nonsense, <sip:a\n";
    let answers = net.ask(TRUNK, BOX, &invite(odd));
    assert_eq!((line(&answers[0]).as_str(), recorded(&answers[0]).len()), ("400 INVITE", 0));
}
