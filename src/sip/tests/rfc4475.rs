//! The messages of RFC 4475, as the RFC prints them, handed to a box: each is taken, refused with
//! its status or survived as the RFC says of an element that ends there.
//!
//! The files of `rfc4475/` are the RFC's own (sections 2 and 3), CRLF ended, with the lengths it
//! states. `torture.rs` tells the rules apart in shorter messages.

mod network;

use model::LegEvent;
use network::*;

/// What the box did with one of the messages.
struct Met {
    net: Network,
    /// What it answered, in order.
    answers: Vec<String>,
    /// How many datagrams it sent, to whomever.
    sent: usize,
}

/// Reads a message of the RFC.
fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/rfc4475/{name}.dat", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Hands a message to a box from an address and notes what it does at once.
fn meet_from(from: &str, bytes: &[u8]) -> Met {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let before = net.sent.len();
    net.inject(from, BOX, bytes);
    let sent: Vec<_> = net.sent[before..].iter().filter(|sent| sent.1 == at(BOX)).collect();
    let (count, to) = (sent.len(), at(from).ip());
    // Whatever a Via says: an answer goes back to where the request came from.
    let answers = sent.iter().filter(|sent| sent.2.ip() == to).map(|sent| sent.3.clone()).collect();
    Met { net, answers, sent: count }
}

/// A message of the RFC comes from a carrier, whose calls are taken.
fn meet(name: &str) -> Met {
    meet_from(TRUNK, &file(name))
}

/// The same from nobody we know.
fn meet_stranger(name: &str) -> Met {
    meet_from(STRANGER, &file(name))
}

impl Met {
    /// The lines of its answers, e.g. `400 INVITE`.
    fn lines(&self) -> Vec<String> {
        self.answers.iter().map(|answer| line(answer)).collect()
    }

    /// It answered once, with this.
    fn is(&self, what: &str) {
        assert_eq!(self.lines(), [what]);
        assert_eq!(self.net.arrived(BOX), [], "nothing arrived");
    }

    /// It did and sent nothing.
    fn is_silent(&self) {
        assert_eq!((self.sent, self.net.arrived(BOX)), (0, Vec::new()));
    }

    /// It let a call in, for this number, from this one.
    fn rings(&self, dialled: &str, caller: &str) {
        let legs = self.net.arrived(BOX);
        assert_eq!(legs.len(), 1, "{:?}", self.answers);
        match &self.net.events(BOX, legs[0])[0] {
            LegEvent::Arrived { dialled: to, caller: from, .. } => {
                assert_eq!((to.as_str(), from.reveal()), (dialled, caller));
            }
            other => panic!("{other:?}"),
        }
        for line in self.lines() {
            assert!(line.starts_with('1'), "a call that rings is not refused: {line}");
        }
    }

    /// It never answered on, and forgets all of it in time.
    fn leaves_nothing(mut self) {
        self.net.run(std::time::Duration::from_secs(300));
        let left = self.net.endpoint(BOX);
        assert_eq!((left.transactions(), left.dialogs(), left.legs()), (0, 0, 0));
    }
}

// 3.1.1: valid messages

#[test]
fn wsinv_is_read_whole_and_belongs_to_no_dialog_of_ours() {
    let met = meet("wsinv");
    met.is("481 INVITE"); // its To has a tag
    let answer = &met.answers[0];
    // Three Vias on two lines stand in the answer, in their order.
    let vias: Vec<_> = answer.lines().filter(|line| line.starts_with("Via:")).collect();
    let vias = vias.join(",").replace("Via:", "").replace(' ', "");
    for (place, part) in
        ["192.0.2.2;", "spindle.example.com;", "192.168.255.111;"].iter().enumerate()
    {
        assert!(vias.split(',').nth(place).is_some_and(|via| via.contains(part)), "{answer}");
    }
    assert_eq!(header(answer, "CSeq").as_deref(), Some("0009 INVITE"));
}

#[test]
fn intmeth_has_a_method_nobody_knows() {
    let met = meet("intmeth");
    assert_eq!(met.answers.len(), 1);
    assert!(met.answers[0].starts_with("SIP/2.0 501 "), "{}", met.answers[0]);
    // Its Call-ID uses every character there is, and comes back to the letter.
    let call_id = header(&met.answers[0], "Call-ID");
    assert_eq!(call_id.as_deref(), Some("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"));
}

#[test]
fn esc01_has_escapes_in_its_users() {
    let met = meet("esc01");
    met.rings("sips:user@example.com", "I have spaces");
}

#[test]
fn escnull_is_no_account_of_ours() {
    let met = meet_stranger("escnull");
    met.is("401 REGISTER");
}

#[test]
fn esc02_is_no_register_for_its_method_is_not_unescaped() {
    let met = meet_stranger("esc02");
    assert!(met.answers[0].starts_with("SIP/2.0 501 "), "{:?}", met.answers);
}

#[test]
fn lwsdisp_has_no_space_before_its_bracket() {
    meet("lwsdisp").is("200 OPTIONS");
}

#[test]
fn longreq_has_34_vias_and_long_values() {
    let met = meet("longreq");
    // A caller's number is cut where no network's is longer.
    met.rings("user", &"amazinglylongcallername".repeat(5)[..64]);
    let mut net = met.net;
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, sip::Command::Refuse { leg, cause: model::Cause::Busy });
    let refusal = net.sent.iter().rfind(|sent| line(&sent.3) == "486 INVITE").unwrap();
    assert_eq!(refusal.3.matches("sip").count() - refusal.3.matches("sip:").count(), 33);
}

#[test]
fn dblreq_is_one_register_and_the_rest_of_its_datagram_is_nothing() {
    meet("dblreq").is("401 REGISTER");
}

#[test]
fn semiuri_has_a_semicolon_in_its_user() {
    meet("semiuri").is("200 OPTIONS");
}

#[test]
fn transports_has_vias_of_every_transport_and_of_none() {
    meet("transports").is("200 OPTIONS");
}

#[test]
fn mpart01_holds_binary_parts() {
    // Read whole; MESSAGE is not what this box does.
    let met = meet("mpart01");
    met.is("405 MESSAGE");
    assert!(header(&met.answers[0], "Allow").is_some());
    let message = sip::framer::parse_datagram(&file("mpart01")).unwrap();
    assert_eq!(message.body.len(), 553);
    assert!(message.body.contains(&0));
}

#[test]
fn unreason_and_noreason_answer_nothing_of_ours() {
    for name in ["unreason", "noreason"] {
        let mut met = meet(name);
        met.is_silent();
        assert_eq!(met.net.endpoint(BOX).counters().malformed, 0, "{name} is well-formed");
    }
}

// 3.1.2: invalid messages

#[test]
fn badinv01_has_separators_too_many() {
    let met = meet("badinv01");
    met.is("400 INVITE");
    let via = header(&met.answers[0], "Via").unwrap();
    assert!(via.starts_with("SIP/2.0/UDP 192.0.2.15") && !via.contains(";;"), "{via}");
}

#[test]
fn clerr_states_more_than_the_datagram_holds() {
    meet("clerr").is("400 INVITE");
}

#[test]
fn ncl_states_a_negative_length() {
    meet("ncl").is("400 INVITE");
}

#[test]
fn scalar02_has_numbers_that_overflow() {
    meet_stranger("scalar02").is("400 REGISTER");
}

#[test]
fn scalarlg_is_a_response_with_numbers_that_overflow() {
    meet("scalarlg").is_silent();
}

#[test]
fn quotbal_has_a_quote_without_end() {
    meet("quotbal").is("400 INVITE");
}

#[test]
fn ltgtruri_has_brackets_around_its_request_uri() {
    meet("ltgtruri").is("400 INVITE");
}

#[test]
fn lwsruri_has_a_space_in_its_request_uri() {
    meet("lwsruri").is("400 INVITE");
}

#[test]
fn lwsstart_has_two_spaces_in_its_first_line() {
    meet("lwsstart").is("400 INVITE");
}

#[test]
fn trws_has_spaces_after_its_version() {
    meet("trws").is("400 OPTIONS");
}

#[test]
fn escruri_has_headers_in_its_request_uri_and_none_is_acted_upon() {
    let met = meet("escruri");
    met.rings("user", "caller");
    assert!(met.net.sent.iter().all(|sent| !sent.3.contains("Route:")));
}

#[test]
fn baddate_is_a_call_all_the_same() {
    meet("baddate").rings("user", "caller");
}

#[test]
fn regbadct_has_a_contact_with_headers_and_no_brackets() {
    meet_stranger("regbadct").is("400 REGISTER");
}

#[test]
fn badaspec_has_spaces_within_its_brackets() {
    meet("badaspec").is("400 OPTIONS");
}

#[test]
fn baddn_has_a_comma_outside_quotes() {
    meet("baddn").is("400 OPTIONS");
}

#[test]
fn badvers_is_of_another_version() {
    meet("badvers").is("505 OPTIONS");
}

#[test]
fn mismatch01_has_the_method_of_another_request() {
    let met = meet("mismatch01");
    assert!(met.answers[0].starts_with("SIP/2.0 400 "), "{:?}", met.answers);
}

#[test]
fn mismatch02_has_an_unknown_method_and_the_cseq_of_another() {
    let met = meet("mismatch02");
    assert!(met.answers[0].starts_with("SIP/2.0 501 "), "{:?}", met.answers);
}

#[test]
fn bigcode_overflows_its_status() {
    meet("bigcode").is_silent();
}

// 3.2: transactions

#[test]
fn badbranch_names_no_transaction_so_two_of_them_are_two() {
    meet("badbranch").is("200 OPTIONS");
    // As calls: the branch is the same, the calls are not (RFC 3261 17.2.3, as of RFC 2543).
    let text = String::from_utf8(file("badbranch")).unwrap().replace("OPTIONS", "INVITE");
    let text = text.replace(
        "To: sip:user@example.com\r\n",
        "To: sip:user@example.com\r\nContact: <sip:c@192.0.2.1>\r\n",
    );
    let mut net = meet_from(TRUNK, text.as_bytes()).net;
    net.inject(TRUNK, BOX, text.replace("badbranch.", "another.").as_bytes());
    assert_eq!(net.arrived(BOX).len(), 2);
    net.inject(TRUNK, BOX, text.as_bytes());
    assert_eq!(net.arrived(BOX).len(), 2, "the first again is the first");
}

// 3.3: the application

#[test]
fn insuf_lacks_what_every_message_has() {
    meet("insuf").is_silent();
}

#[test]
fn unkscm_and_novelsc_have_schemes_nobody_knows() {
    for name in ["unkscm", "novelsc"] {
        meet(name).is("416 OPTIONS");
    }
}

#[test]
fn unksm2_registers_what_is_no_account() {
    meet_stranger("unksm2").is("401 REGISTER");
}

#[test]
fn bext01_requires_what_nothing_supports() {
    let met = meet("bext01");
    met.is("420 OPTIONS");
    let unsupported = header(&met.answers[0], "Unsupported").unwrap();
    assert_eq!(unsupported, "nothingSupportsThis, nothingSupportsThisEither");
}

#[test]
fn invut_has_a_body_of_an_unknown_type() {
    let met = meet("invut");
    met.is("415 INVITE");
    assert!(header(&met.answers[0], "Accept").unwrap().contains("application/sdp"));
}

#[test]
fn regaut01_proves_itself_by_an_unknown_scheme() {
    let met = meet_stranger("regaut01");
    met.is("401 REGISTER");
    assert!(header(&met.answers[0], "WWW-Authenticate").unwrap().starts_with("Digest"));
}

#[test]
fn multi01_has_headers_twice_that_stand_once() {
    meet("multi01").is("400 INVITE");
}

#[test]
fn mcl01_states_two_lengths() {
    meet("mcl01").is("400 OPTIONS");
}

#[test]
fn bcast_would_have_us_send_to_everybody() {
    meet("bcast").is_silent();
}

#[test]
fn zeromf_has_come_to_its_end() {
    meet("zeromf").is("200 OPTIONS");
}

#[test]
fn cparam01_and_cparam02_and_regescrt_are_registers_like_others() {
    for name in ["cparam01", "cparam02", "regescrt"] {
        meet_stranger(name).is("401 REGISTER");
        let message = sip::framer::parse_datagram(&file(name)).unwrap();
        let contact = message.contact().unwrap();
        match name {
            "cparam01" => assert_eq!(contact.param("unknownparam"), Some(None)),
            "cparam02" => {
                assert_eq!(contact.param("unknownparam"), None);
                assert!(sip::uri::write(&contact.uri).ends_with(";unknownparam"));
            }
            // What would be put into a request to it is left out: nothing is passed on.
            _ => assert_eq!(sip::uri::write(&contact.uri), "sip:user@example.com"),
        }
    }
}

#[test]
fn sdp01_takes_no_session_description_in_the_answer() {
    let met = meet("sdp01");
    met.is("406 INVITE");
}

#[test]
fn inv2543_is_a_call_of_the_old_rfc() {
    meet("inv2543").rings("UserB", "+13035551111");
}

// All of them

#[test]
fn every_message_is_survived_from_anybody_and_forgotten() {
    let dir = format!("{}/tests/rfc4475", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for from in [TRUNK, STRANGER, PHONE] {
            let mut met = meet_from(from, &bytes);
            for leg in met.net.arrived(BOX) {
                met.net.tell(BOX, sip::Command::Refuse { leg, cause: model::Cause::Busy });
            }
            met.leaves_nothing();
        }
        count += 1;
    }
    assert_eq!(count, 49);
}
