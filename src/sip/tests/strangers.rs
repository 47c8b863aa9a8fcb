//! What the box answers to requests nobody asked for: unknown peers, methods and extensions, limits
//! and draining (RFC 3261 8.2, 11, 12.2.2, 21; RFC 3581).

mod network;

use model::LegEvent;
use model::{Cause, LegId, TrunkId};
use network::*;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use sip::Command;
use std::time::Duration;

const OFFER: &str = "v=0\no=- 1 1 IN IP4 203.0.113.66\ns=-\nc=IN IP4 203.0.113.66\nt=0 0\n\
                     m=audio 9000 RTP/AVP 8 0\n";

/// A request of a stranger, or of a gateway, with more headers.
fn request(method: &str, from: &str, more: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    format!(
        "{method} sip:8001@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {from};branch=z9hG4bKx{method};rport\n\
         Max-Forwards: 70\nFrom: <sip:eve@203.0.113.66>;tag=e\nTo: <sip:8001@192.0.2.1>\n\
         Call-ID: {method}@{from}\nCSeq: 1 {method}\nContact: <sip:eve@{from}>\n{more}\
         Content-Length: {length}\n\n{body}"
    )
}

fn invite(from: &str, more: &str) -> String {
    request("INVITE", from, &format!("Content-Type: application/sdp\n{more}"), OFFER)
}

#[test]
fn an_unknown_peer_is_challenged_and_costs_no_memory() {
    let mut net = Network::new(1);
    for n in 0..50 {
        let text = invite(STRANGER, "").replace("z9hG4bKx", &format!("z9hG4bK{n}"));
        let answers = net.ask(STRANGER, BOX, &text);
        assert_eq!(answers.iter().map(|a| line(a)).collect::<Vec<_>>(), ["401 INVITE"]);
    }
    assert_eq!(net.arrived(BOX), []);
    assert_eq!(net.endpoint(BOX).transactions(), 0);
    assert_eq!(net.endpoint(BOX).counters().challenged, 50);
}

#[test]
fn an_unknown_peer_learns_nothing_of_the_accounts() {
    let mut net = Network::new(1);
    for method in ["INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "BYE"] {
        let ask = |net: &mut Network, account: &str| {
            let text = request(method, STRANGER, "", "").replace("8001", account);
            let text = net.ask(STRANGER, BOX, &text)[0].replace(account, "ACCOUNT");
            let stable = |l: &&str| !l.starts_with("WWW-") && !l.starts_with("To");
            text.lines().filter(stable).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(ask(&mut net, "8001"), ask(&mut net, "9999"), "{method}");
    }
}

#[test]
fn a_request_that_comes_again_gets_the_same_tag_though_nothing_was_kept() {
    let mut net = Network::new(1);
    let tag = |answers: Vec<String>| header(&answers[0], "To").unwrap();
    let first = tag(net.ask(STRANGER, BOX, &invite(STRANGER, "")));
    let second = tag(net.ask(STRANGER, BOX, &invite(STRANGER, "")));
    assert!(first.contains("tag="));
    assert_eq!(first, second);
}

#[test]
fn nobody_passes_for_an_extension_from_a_trunks_address() {
    let mut net = Network::new(1);
    let text = invite(TRUNK, "").replace("sip:eve@203.0.113.66", "sip:8001@box.example");
    net.endpoints.remove(&at(TRUNK));
    let answers = net.ask(TRUNK, BOX, &text);
    assert_eq!(line(&answers[0]), "401 INVITE");
    assert_eq!(net.arrived(BOX), []);
}

#[test]
fn a_caller_of_a_trunk_that_calls_itself_an_extension_is_withheld_whatever_its_host() {
    let own = ["8001@carrier.example", "8001@box.example.evil", "%38001@x", "+8001@x", "80-01@x"];
    for (n, from) in own.into_iter().enumerate() {
        let mut config = box_config();
        for trunk in config.trunks.values_mut() {
            trunk.out.trusted = n % 2 == 0;
        }
        let mut net = Network::with(1, config);
        net.endpoints.remove(&at(TRUNK));
        let asserted = format!("P-Asserted-Identity: \"Ward 3\" <sip:{from}>\n");
        let text = invite(TRUNK, if n == 0 { &asserted } else { "" });
        let text = text.replace("<sip:eve@203.0.113.66>", &format!("\"Ward 3\" <sip:{from}>"));
        net.ask(TRUNK, BOX, &text);
        let leg = net.arrived(BOX)[0];
        let LegEvent::Arrived { caller, name, .. } = net.events(BOX, leg).remove(0) else {
            panic!()
        };
        assert_eq!((caller.reveal(), name.reveal()), ("", ""), "{from}");
    }
}

#[test]
fn a_name_of_a_trunks_caller_that_reads_like_an_extension_is_not_shown() {
    for (named, shown) in [("8001", ""), ("80 01", ""), ("Li Na", "Li Na")] {
        let mut net = Network::new(1);
        net.endpoints.remove(&at(TRUNK));
        let from = format!("\"{named}\" <sip:02168889999@carrier.example>");
        let text = invite(TRUNK, "").replace("<sip:eve@203.0.113.66>", &from);
        net.ask(TRUNK, BOX, &text);
        let leg = net.arrived(BOX)[0];
        let LegEvent::Arrived { caller, name, .. } = net.events(BOX, leg).remove(0) else {
            panic!()
        };
        assert_eq!((caller.reveal(), name.reveal()), ("02168889999", shown));
    }
}

#[test]
fn options_is_answered_with_what_we_can_do() {
    let mut net = Network::new(1);
    let answer = net.ask(STRANGER, BOX, &request("OPTIONS", STRANGER, "", "")).remove(0);
    assert_eq!(line(&answer), "200 OPTIONS");
    assert!(header(&answer, "Allow").unwrap().contains("INVITE, ACK, CANCEL, BYE"));
    assert!(header(&answer, "Accept").unwrap().contains("application/sdp"));
    assert!(header(&answer, "Supported").unwrap().contains("100rel, timer, replaces"));
    assert!(header(&answer, "Allow-Events").unwrap().contains("dialog"));
}

#[test]
fn a_phone_asks_within_a_call_whether_it_still_lives() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let answer = net.sent.iter().find(|s| line(&s.3) == "200 INVITE").unwrap().3.clone();
    let ask = |tag: &str| {
        let (from, to) = (header(&answer, "From").unwrap(), header(&answer, "To").unwrap());
        request("OPTIONS", STRANGER, "", "")
            .replace("<sip:eve@203.0.113.66>;tag=e", &from)
            .replace("To: <sip:8001@192.0.2.1>", &format!("To: {to}{tag}"))
            .replace(&format!("OPTIONS@{STRANGER}"), &header(&answer, "Call-ID").unwrap())
            .replace("CSeq: 1 ", "CSeq: 99999999 ")
    };
    assert_eq!(line(&net.ask(STRANGER, BOX, &ask(""))[0]), "200 OPTIONS");
    let other = ask("x").replace("z9hG4bKx", "z9hG4bKy");
    assert_eq!(line(&net.ask(STRANGER, BOX, &other)[0]), "481 OPTIONS", "no such dialog");
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
}

#[test]
fn each_request_that_cannot_be_acted_upon_gets_its_code() {
    let mut net = Network::new(1);
    let sdp = "Content-Type: application/sdp\n";
    for (text, code, with) in [
        (request("PUBLISH", STRANGER, "Event: dialog\n", ""), "405", "Allow: INVITE"),
        (request("SUBSCRIBE", STRANGER, "Event: dialog\n", ""), "401", "WWW-Authenticate"),
        (request("SUBSCRIBE", STRANGER, "Event: conference\n", ""), "489", "Allow-Events: dialog"),
        (request("REFER", STRANGER, "Refer-To: <sip:1@x>\n", ""), "403", "REFER"),
        (request("FROBNICATE", STRANGER, "", ""), "501", "FROBNICATE"),
        (invite(STRANGER, "Require: 100rel, gruu\n"), "420", "Unsupported: gruu"),
        (invite(STRANGER, "").replace("application/sdp", "text/plain"), "415", "Accept: appl"),
        (invite(STRANGER, "Content-Encoding: gzip\n"), "415", "Accept-Encoding: identity"),
        (invite(STRANGER, "").replace("Forwards: 70", "Forwards: 0"), "483", "Too Many Hops"),
        (request("BYE", STRANGER, "", "").replace("1>\nCall", "1>;tag=q\nCall"), "481", "BYE"),
        (request("BYE", STRANGER, "", ""), "481", "BYE"),
        (request("CANCEL", STRANGER, "", ""), "481", "CANCEL"),
        (request("INFO", STRANGER, "", ""), "481", "INFO"),
        (invite(STRANGER, "").replace("CSeq: 1 INVITE", "CSeq: one INVITE"), "400", "INVITE"),
        (invite(STRANGER, "").replace("sip:8001@192.0.2.1 SIP", "fax:1 SIP"), "416", "INVITE"),
        (request("INVITE", STRANGER, sdp, "v=1\n"), "401", "INVITE"),
    ] {
        let answers = net.ask(STRANGER, BOX, &text);
        assert_eq!(answers.len(), 1, "{text}");
        assert!(answers[0].starts_with(&format!("SIP/2.0 {code} ")), "{text}\n{}", answers[0]);
        assert!(answers[0].contains(with), "{with} is missing in {}", answers[0]);
        assert!(header(&answers[0], "To").unwrap().contains("tag="), "{}", answers[0]);
    }
    assert_eq!(net.endpoint(BOX).transactions(), 0);
}

#[test]
fn a_gateway_with_a_malformed_offer_is_told_488() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let text = request("INVITE", TRUNK, "Content-Type: application/sdp\n", "v=1\n");
    assert_eq!(line(&net.ask(TRUNK, BOX, &text)[0]), "488 INVITE");
    let no_contact = invite(TRUNK, "").replace(&format!("Contact: <sip:eve@{TRUNK}>\n"), "");
    let no_contact = no_contact.replace("z9hG4bKx", "z9hG4bKy");
    assert_eq!(line(&net.ask(TRUNK, BOX, &no_contact)[0]), "400 INVITE");
}

#[test]
fn a_request_that_came_by_two_ways_is_taken_once() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    assert_eq!(line(&net.ask(TRUNK, BOX, &invite(TRUNK, ""))[0]), "180 INVITE");
    let again = invite(TRUNK, "").replace("z9hG4bKx", "z9hG4bKother");
    assert_eq!(line(&net.ask(TRUNK, BOX, &again)[0]), "482 INVITE");
    assert_eq!(net.arrived(BOX).len(), 1);
}

#[test]
fn a_peer_of_rfc_2543_without_a_branch_is_matched_all_the_same() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let text = invite(TRUNK, "").replace(";branch=z9hG4bKxINVITE", "");
    for _ in 0..3 {
        assert_eq!(line(&net.ask(TRUNK, BOX, &text)[0]), "180 INVITE");
    }
    assert_eq!(net.arrived(BOX).len(), 1);
    let cancel = text.split("Content-Type").next().unwrap().replace("INVITE", "CANCEL");
    let cancel = cancel.replace("CANCEL@", "INVITE@") + "Content-Length: 0\n\n";
    let mut answers: Vec<_> = net.ask(TRUNK, BOX, &cancel).iter().map(|a| line(a)).collect();
    answers.sort();
    assert_eq!(answers, ["200 CANCEL", "487 INVITE"]);
}

#[test]
fn a_cancel_from_another_address_ends_nobodys_call() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    let invite = net.sent.iter().find(|s| s.3.starts_with("INVITE")).unwrap().3.clone();
    let cancel = invite.split("Content-Type").next().unwrap().replace("INVITE", "CANCEL");
    let cancel = cancel.replace("\r\n", "\n") + "Content-Length: 0\n\n";
    assert_eq!(line(&net.ask(STRANGER, BOX, &cancel)[0]), "481 CANCEL");
    assert_eq!(net.story(BOX, leg), "Arrived");
}

#[test]
fn a_response_goes_where_the_request_came_from_if_it_asks_for_rport() {
    let mut net = Network::new(1);
    let behind_nat = request("OPTIONS", "10.0.0.5:5060", "", "");
    let answer = net.ask("203.0.113.66:41234", BOX, &behind_nat).remove(0);
    let via = header(&answer, "Via").unwrap();
    assert!(via.contains("received=203.0.113.66") && via.contains("rport=41234"), "{via}");
    // Without rport it goes to the port of the sent-by (18.2.2).
    net.ask("203.0.113.66:41235", BOX, &behind_nat.replace(";rport", ""));
    assert_eq!(net.wire.last().unwrap().1, at("203.0.113.66:5060"));
}

#[test]
fn a_phone_behind_a_translator_is_sent_its_bye_where_its_packets_come_from() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let text = invite("10.0.0.5:5060", "");
    net.ask("198.51.100.7:41234", BOX, &text);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    let answer = net.sent.last().unwrap().3.clone();
    let ack = text.split("Content-Type").next().unwrap().replace("INVITE", "ACK");
    let to = format!("To: {}", header(&answer, "To").unwrap());
    let ack = ack.replace("To: <sip:8001@192.0.2.1>", &to).replace("ACK@", "INVITE@");
    net.ask("198.51.100.7:41234", BOX, &(ack + "Content-Length: 0\n\n"));
    net.tell(BOX, hang_up(leg));
    net.run_ms(10);
    let (_, to, bye) = net.wire.last().unwrap();
    assert_eq!((line(bye).as_str(), *to), ("BYE", at("198.51.100.7:41234")));
}

#[test]
fn a_bye_follows_the_route_that_the_invite_recorded() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let routes = "Record-Route: <sip:198.51.100.7:5070;lr>, <sip:10.9.9.9;lr>\n";
    net.ask(TRUNK, BOX, &invite(TRUNK, routes));
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    // Nobody acknowledges; the BYE after 32 s shows the way.
    net.run(Duration::from_secs(33));
    let (_, to, bye) = net.wire.iter().find(|w| w.2.starts_with("BYE")).unwrap();
    assert_eq!(*to, at("198.51.100.7:5070"));
    assert!(bye.starts_with(&format!("BYE sip:eve@{TRUNK} SIP/2.0")), "{bye}");
    let routes: Vec<_> = bye.lines().filter(|l| l.starts_with("Route:")).collect();
    assert_eq!(routes, ["Route: <sip:198.51.100.7:5070;lr>", "Route: <sip:10.9.9.9;lr>"]);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)");
}

#[test]
fn a_trunk_at_its_limit_of_calls_is_told_503() {
    let mut net = Network::new(1);
    for n in 1..=3 {
        net.tell(TRUNK, uri_call(n, "sip:95000@box.example", true));
        net.run_ms(50);
    }
    assert_eq!(net.arrived(BOX).len(), 2);
    assert_eq!(net.story(TRUNK, LegId::outbound(3)), "Gone(Congestion)");
    // A call that ended makes room.
    net.tell(TRUNK, hang_up(LegId::outbound(1)));
    net.run_ms(50);
    net.tell(TRUNK, uri_call(4, "sip:95000@box.example", true));
    net.run_ms(50);
    assert_eq!(net.story(TRUNK, LegId::outbound(4)), "Ringing");
}

#[test]
fn a_box_at_its_limit_of_legs_refuses_one_more_both_ways() {
    let mut config = box_config();
    config.limits.legs_max = 1;
    let mut net = Network::with(1, config);
    net.call_in();
    net.register(PHONE, "8001");
    net.tell(TRUNK, uri_call(2, "sip:95000@box.example", true));
    net.tell(BOX, ring("8001"));
    net.run_ms(50);
    assert_eq!(net.story(TRUNK, LegId::outbound(2)), "Gone(Congestion)");
    assert_eq!(net.story(BOX, ringing()), "Gone(Congestion)");
    let refusal = net.sent.iter().find(|s| line(&s.3) == "503 INVITE").unwrap();
    assert_eq!(header(&refusal.3, "Retry-After").as_deref(), Some("10"));
    assert_eq!(net.endpoint(BOX).counters().limited, 2);
}

#[test]
fn a_box_at_its_limit_of_transactions_answers_503_without_one() {
    let mut config = box_config();
    config.limits.server_transactions_max = 1;
    let mut net = Network::with(1, config);
    let leg = net.call_in();
    net.tell(TRUNK, uri_call(2, "sip:95000@box.example", true));
    net.run_ms(50);
    assert_eq!(net.story(TRUNK, LegId::outbound(2)), "Gone(Congestion)");
    assert_eq!(net.endpoint(BOX).transactions(), 1);
    assert_eq!(net.story(BOX, leg), "Arrived");
}

#[test]
fn a_call_is_hung_up_though_new_requests_hold_every_transaction_they_may() {
    let mut config = box_config();
    config.limits.server_transactions_max = 8;
    let mut net = Network::with(1, config);
    let leg = net.talk_in();
    for _ in 0..10 {
        net.register(PHONE, "8001");
    }
    assert!(net.endpoint(BOX).counters().limited > 0, "the phone was not refused in the end");
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(50);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
}

#[test]
fn outputs_nobody_fetches_stop_the_intake_and_not_the_box() {
    let mut config = box_config();
    config.limits.outputs_max = 3;
    let mut endpoint = sip::Endpoint::new(model::Instant::START, config);
    let bytes = request("OPTIONS", STRANGER, "", "").replace('\n', "\r\n");
    for _ in 0..10 {
        let input = sip::Input::Datagram { from: at(STRANGER), bytes: bytes.as_bytes() };
        endpoint.handle(model::Instant::START, input);
    }
    assert_eq!(std::iter::from_fn(|| endpoint.poll()).count(), 3);
    assert_eq!(endpoint.counters().limited, 7);
}

#[test]
fn a_draining_box_takes_no_new_call_and_ends_none() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, Command::Drain(true));
    net.tell(TRUNK, uri_call(2, "sip:95000@box.example", true));
    net.run_ms(50);
    assert_eq!(net.story(TRUNK, LegId::outbound(2)), "Gone(Congestion)");
    let refusal = net.sent.iter().find(|s| line(&s.3) == "503 INVITE").unwrap();
    assert_eq!(header(&refusal.3, "Retry-After").as_deref(), Some("10"));
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(50);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    assert_eq!(net.endpoint(BOX).counters().drained, 1);
    net.tell(BOX, Command::Drain(false));
    net.tell(TRUNK, uri_call(3, "sip:95000@box.example", true));
    net.run_ms(50);
    assert_eq!(net.story(TRUNK, LegId::outbound(3)), "Ringing");
}

#[test]
fn legs_are_numbered_from_where_the_box_left_off() {
    let mut config = box_config();
    config.first_leg = 4711;
    let mut net = Network::with(1, config);
    assert_eq!(net.call_in(), LegId::inbound(4711));
}

#[test]
fn commands_for_a_leg_that_is_not_there_are_passed_over() {
    let mut net = Network::new(1);
    let leg = LegId::inbound(99);
    for command in [
        Command::Answer { leg, rtp: rtp(0) },
        Command::Refuse { leg, cause: Cause::Busy },
        Command::Hold { leg, send: true },
        Command::Resume { leg },
        hang_up(leg),
    ] {
        net.tell(BOX, command);
    }
    assert!(net.said.is_empty() && net.sent.is_empty());
    let leg = net.talk_in();
    net.tell(BOX, Command::Refuse { leg, cause: Cause::Busy });
    net.tell(BOX, Command::Answer { leg, rtp: rtp(3) });
    assert_eq!(net.story(BOX, leg), "Arrived Answered", "it was answered before");
}

#[test]
fn keep_alives_and_noise_are_answered_by_silence() {
    let mut net = Network::new(1);
    for noise in [&b"\r\n\r\n"[..], b"\0", b"", b"\xff\xfe\x00SIP", b"SIP/2.0 200 OK\r\n\r\n"] {
        net.inject(STRANGER, BOX, noise);
    }
    assert!(net.sent.is_empty());
    assert_eq!(net.endpoint(BOX).counters().malformed, 2);
}

#[test]
fn a_response_to_nothing_we_asked_is_passed_over() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let answer = net.sent.iter().find(|s| line(&s.3) == "200 INVITE").unwrap().3.clone();
    for text in [
        answer.replace("z9hG4bK", "z9hG4bKforged"),
        answer.replacen("Via:", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKq\r\nVia:", 1),
    ] {
        net.inject(STRANGER, TRUNK, text.replace("200 OK", "404 Not Found").as_bytes());
        net.inject(STRANGER, BOX, text.as_bytes());
    }
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered");
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
}

#[test]
fn a_trunk_of_several_peers_counts_its_calls_together() {
    let mut config = box_config();
    let carrier = TrunkId::new("carrier");
    let peer = at("198.51.100.8:5060").ip();
    let trunk = config.trunks.get_mut(&carrier).unwrap();
    trunk.peers.push(peer);
    trunk.calls_max = 1;
    let mut net = Network::with(1, config);
    net.call_in();
    let text = invite("198.51.100.8:5060", "");
    assert_eq!(line(&net.ask("198.51.100.8:5060", BOX, &text)[0]), "503 INVITE");
}

#[test]
fn an_account_that_is_taken_away_is_unregistered_and_a_new_one_registers() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    let mut accounts = sip::Accounts { register_s: (60, 600), ..Default::default() };
    accounts.accounts.insert("8003".into(), model::Secret::new(PASSWORD));
    net.tell(BOX, Command::Configure(accounts));
    assert_eq!(net.news(BOX)[1], sip::Output::Unregistered { phone: "8001".into() });
    assert_eq!(net.news(BOX)[2], sip::Output::Estranged { addr: at(PHONE) });
    net.register(OTHER, "8003");
    assert_eq!(net.news(BOX)[3], sip::Output::Registered { phone: "8003".into(), contacts: 1 });
    net.tell(BOX, ring("8001"));
    assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
    net.tell(TRUNK, uri_call(1, "sip:95000@box.example", true));
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Gone(Forbidden)", "the trunk is gone too");
}

#[test]
fn spoiled_messages_of_a_call_never_break_the_box_and_leave_nothing_behind() {
    let mut rng = ChaCha12Rng::seed_from_u64(11);
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    net.tell(TRUNK, hang_up(out()));
    net.register(PHONE, "8001");
    let all: Vec<_> = net.sent.iter().map(|s| s.3.clone().into_bytes()).collect();
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held Gone(Normal)");
    for n in 0..20_000_u64 {
        let mut bytes = all[rng.next_u64() as usize % all.len()].clone();
        for _ in 0..1 + rng.next_u64() % 6 {
            let place = rng.next_u64() as usize % bytes.len();
            match rng.next_u64() % 4 {
                0 => bytes[place] = rng.next_u64() as u8,
                1 => bytes[place] = b"0123456789;:,<>@ \r\n"[rng.next_u64() as usize % 19],
                2 => bytes.truncate(place + 1),
                _ => {
                    let to = (place + 1 + rng.next_u64() as usize % 40).min(bytes.len());
                    let piece = bytes[place..to].to_vec();
                    bytes.splice(place..place, piece);
                }
            }
        }
        let from = if n % 2 == 0 { TRUNK } else { STRANGER };
        net.inject(from, BOX, &bytes);
        if n % 100 == 0 {
            net.run_ms(500);
        }
    }
    for leg in net.arrived(BOX) {
        net.tell(BOX, hang_up(leg));
    }
    net.tear_down();
}
