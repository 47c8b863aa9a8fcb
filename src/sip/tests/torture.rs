//! The framer against the cases of RFC 4475, in shorter messages of our own.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking

use rsip::Method;
use sip::framer::{Fault, ParseError, is_keep_alive, parse_datagram};
use sip::message::{Contacts, Message, Start};
use sip::uri;

/// A request with everything it needs; `more` is put after its headers.
fn request(method: &str, more: &str) -> String {
    format!(
        "{method} sip:95@box.example SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK77\r\n\
         Max-Forwards: 70\r\n\
         From: \"Ward 3\" <sip:8001@box.example>;tag=a1\r\n\
         To: <sip:95@box.example>\r\n\
         Call-ID: c1@192.0.2.7\r\n\
         CSeq: 7 {method}\r\n{more}"
    )
}

fn parse(text: &str) -> Result<Message, ParseError> {
    parse_datagram(text.as_bytes())
}

fn good(text: &str) -> Message {
    parse(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// The refusal of a message, and whether it can be sent.
fn refused(text: &str) -> (u16, Fault, bool) {
    let error = parse(text).expect_err("must be refused");
    if let Some(response) = &error.response {
        assert_eq!(response.code(), Some(error.status));
        // It carries the request's headers to the letter, so only its way back has to be whole.
        assert!(response.via().is_some() && response.encode().starts_with(b"SIP/2.0 "));
    }
    (error.status, error.fault, error.response.is_some())
}

// 3.1.1: valid messages

#[test]
fn folds_compact_names_and_spaces_before_the_colon_are_made_regular() {
    // 3.1.1.1
    let message = good(
        "INVITE sip:chair@box.example;unknown=x SIP/2.0\r\n\
         TO :\r\n sip:v.g@chair.example ;   tag    = 19t\r\n\
         from   : \"J \\\\\\\"\"       <sip:jd@example.com>\r\n  ;\r\n  tag = 98a\r\n\
         Max-Forwards: 0068\r\n\
         i: wsinv.n@192.0.2.1\r\n\
         Content-Length   : 3\r\n\
         cseq: 0009\r\n  INVITE\r\n\
         v:  SIP  / 2.0  / TCP     spindle.example   ;\r\n  branch  =   z9hG4bK9i  ,\r\n \
         SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30\r\n\
         s :\r\n\
         NewFangled:   one\r\n two \",;<\r\n\
         Unknown: ;;,,;;,;\r\n\
         Content-Type: application/sdp\r\n\
         Route:\r\n <sip:hop.example;lr;with=value;without>\r\n\
         m:\"Quoted \\\"\\\"\" <sip:jd@example.com> ; newparam =\r\n newvalue ;\r\n second ; q = 0.33\r\n\
         \r\nabc",
    );
    assert_eq!(message.headers.get_all("Via").count(), 2);
    let via = message.via().unwrap();
    assert_eq!(
        (via.branch(), via.sent_by_key().as_str()),
        (Some("z9hG4bK9i"), "spindle.example:5060")
    );
    assert_eq!(message.cseq(), Some((9, Method::Invite)));
    assert_eq!(message.max_forwards(), Some(68));
    assert_eq!(message.to_tag().as_deref(), Some("19t"));
    assert_eq!(message.from().unwrap().display.as_deref(), Some("J \\\""));
    assert_eq!(message.headers.get("Subject"), Some(""));
    assert_eq!(message.headers.get("NewFangled"), Some("one two \",;<"));
    assert_eq!(message.contact().unwrap().param("q"), Some(Some("0.33".into())));
    assert!(message.routes()[0].is_loose());
    assert_eq!(message.body, b"abc");
}

#[test]
fn control_characters_of_a_display_name_are_stripped() {
    // 3.1.1.2
    let message = good(
        &request("OPTIONS", "\r\n").replace("\"Ward 3\"", "\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\""),
    );
    assert_eq!(message.from().unwrap().display.as_deref(), Some("BEL: NUL: DEL:"));
}

#[test]
fn an_unknown_method_is_answered_501() {
    // 3.1.1.2, 3.1.1.5
    let odd = "!odd-Method0_*+`.%it'~";
    assert_eq!(refused(&request(odd, "\r\n")), (501, Fault::Method, true));
    assert_eq!(refused(&request("RE%47ISTER", "\r\n")), (501, Fault::Method, true));
    assert_eq!(refused(&request("invite", "\r\n")), (501, Fault::Method, true));
}

#[test]
fn escapes_in_a_user_are_undone_once_and_a_null_is_no_user() {
    // 3.1.1.3, 3.1.1.4
    let with = |user: &str| {
        good(&request("OPTIONS", "\r\n").replace("sip:95@box", &format!("sip:{user}@box")))
    };
    let user = |message: &Message| uri::user(message.uri().unwrap());
    assert_eq!(user(&with("sips%3Auser%40example.com")).as_deref(), Some("sips:user@example.com"));
    assert_eq!(user(&with("null-%00-null")), None);
    assert_eq!(user(&with("%2500")).as_deref(), Some("%00"));
}

#[test]
fn a_display_name_may_touch_its_bracket() {
    // 3.1.1.6
    let message = good(&request("OPTIONS", "\r\n").replace("\"Ward 3\" <", "caller<"));
    assert_eq!(message.from().unwrap().display.as_deref(), Some("caller"));
}

#[test]
fn long_values_pass_up_to_the_limit() {
    // 3.1.1.7
    let user = "u".repeat(3000);
    let long = request("INVITE", "\r\n").replace("8001@", &format!("{user}@"));
    assert_eq!(uri::user(&good(&long).from().unwrap().uri), Some(user));
    let longer = request("INVITE", &format!("Subject: {}\r\n\r\n", "s".repeat(9000)));
    assert_eq!(refused(&longer), (400, Fault::LineTooLong, true));
    let line = request("INVITE", "\r\n").replacen("95@", &format!("{}@", "9".repeat(9000)), 1);
    assert_eq!(refused(&line), (414, Fault::UriTooLong, true));
}

#[test]
fn bytes_after_the_stated_body_are_passed_over() {
    // 3.1.1.8
    let two = request("REGISTER", "Content-Length: 0\r\n\r\n") + &request("INVITE", "\r\n");
    let message = good(&two);
    assert_eq!((message.method(), message.body.len()), (Some(Method::Register), 0));
}

#[test]
fn a_semicolon_belongs_to_the_user_before_the_at() {
    // 3.1.1.9
    let message = good(&request("OPTIONS", "\r\n").replacen("95@", "95;par=u%40example.net@", 1));
    let uri = message.uri().unwrap();
    assert_eq!(uri.auth.as_ref().unwrap().user, "95;par=u%40example.net");
    assert_eq!(uri::user(uri).as_deref(), Some("95"));
    assert!(uri.params.is_empty());
}

#[test]
fn only_the_topmost_transport_has_to_be_known() {
    // 3.1.1.10
    let vias =
        "Via: SIP/2.0/UNKNOWN t4.example;branch=z9hG4bKk\r\nVia: SIP/2.0/SCTP t2.example\r\n\r\n";
    assert_eq!(good(&request("OPTIONS", vias)).headers.get_all("Via").count(), 3);
}

#[test]
fn a_body_of_any_bytes_passes_as_it_is() {
    // 3.1.1.11
    let mut bytes =
        request("MESSAGE", "Content-Type: multipart/mixed\r\nContent-Length: 5\r\n\r\n")
            .into_bytes();
    bytes.extend([0xFF, 0xFE, 0x00, 0x0D, 0x0A]);
    let message = parse_datagram(&bytes).unwrap();
    assert_eq!(message.body, [0xFF, 0xFE, 0x00, 0x0D, 0x0A]);
    assert!(message.encode().ends_with(&message.body));
}

#[test]
fn a_reason_phrase_may_be_of_any_tongue_or_missing() {
    // 3.1.1.12, 3.1.1.13
    let headers = request("INVITE", "\r\n").split_once("\r\n").unwrap().1.to_owned();
    for (line, phrase) in
        [("SIP/2.0 200 = 2**3 号 好", "= 2**3 号 好"), ("SIP/2.0 100 ", ""), ("SIP/2.0 100", "")]
    {
        match good(&format!("{line}\r\n{headers}")).start {
            Start::Response { reason, .. } => assert_eq!(reason, phrase),
            start => panic!("{start:?}"),
        }
    }
}

// 3.1.2: invalid messages

#[test]
fn extra_separators_are_refused() {
    // 3.1.2.1
    let via = request("INVITE", "\r\n").replace("192.0.2.7:5060;rport", "192.0.2.7;;,;,,");
    assert_eq!(refused(&via), (400, Fault::Malformed("Via"), true));
    let contact = request("INVITE", "Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n\r\n");
    assert_eq!(refused(&contact), (400, Fault::Malformed("Contact"), true));
}

#[test]
fn a_content_length_beyond_the_datagram_is_refused() {
    // 3.1.2.2
    let short = request("INVITE", "Content-Length: 9999\r\n\r\nv=0\r\n");
    assert_eq!(refused(&short), (400, Fault::BodyShort { stated: 9999, there: 5 }, true));
}

#[test]
fn a_negative_content_length_is_refused() {
    // 3.1.2.3
    for length in ["-999", "+5", "0x5", "", "99999999999999999999999999"] {
        let message = request("INVITE", &format!("Content-Length: {length}\r\n\r\n"));
        assert_eq!(refused(&message), (400, Fault::Malformed("Content-Length"), true), "{length}");
    }
}

#[test]
fn numbers_that_overflow_are_refused_in_a_request() {
    // 3.1.2.4
    for number in ["36893488147419103232", "4294967296", "2147483648", "-1", "+7"] {
        let message = request("REGISTER", "\r\n").replace("CSeq: 7", &format!("CSeq: {number}"));
        assert_eq!(refused(&message), (400, Fault::Malformed("CSeq"), true), "{number}");
    }
    let hops = request("REGISTER", "\r\n").replace("Forwards: 70", "Forwards: 300");
    assert_eq!(refused(&hops), (400, Fault::Malformed("Max-Forwards"), true));
    // Times that overflow are the longest there is.
    let times = good(&request(
        "REGISTER",
        "Expires: 10000000000000000000\r\nContact: <sip:a@192.0.2.7>;expires=280297596632815\r\n\r\n",
    ));
    assert_eq!(times.expires(), Some(u32::MAX));
    assert_eq!(times.contact().unwrap().expires(), Some(u32::MAX));
}

#[test]
fn a_response_with_an_overflowing_number_is_dropped() {
    // 3.1.2.5, 3.1.2.19
    let headers = request("INVITE", "\r\n").split_once("\r\n").unwrap().1.to_owned();
    let scalar = format!(
        "SIP/2.0 503 Busy\r\n{}",
        headers.replace("CSeq: 7", "CSeq: 9292394834772304023312")
    );
    assert_eq!(refused(&scalar), (400, Fault::Malformed("CSeq"), false));
    let code = format!("SIP/2.0 4294967301 better not\r\n{headers}");
    assert_eq!(refused(&code), (400, Fault::Code, false));
}

#[test]
fn an_unclosed_quote_is_refused() {
    // 3.1.2.6
    let quote = request("INVITE", "\r\n").replace("To: <", "To: \"Mr. J. User <");
    assert_eq!(refused(&quote), (400, Fault::Malformed("To"), true));
}

#[test]
fn brackets_and_spaces_in_the_request_line_are_refused() {
    // 3.1.2.7 to 3.1.2.10
    for (line, fault) in [
        ("INVITE <sip:95@box.example> SIP/2.0", Fault::Uri(uri::UriError::Character)),
        ("INVITE sip:95@box.example; lr SIP/2.0", Fault::Uri(uri::UriError::Character)),
        ("INVITE  sip:95@box.example  SIP/2.0", Fault::Uri(uri::UriError::Character)),
        ("INVITE sip:95@box.example SIP/2.0  ", Fault::StartLine),
    ] {
        let message = request("INVITE", "\r\n").replace("INVITE sip:95@box.example SIP/2.0", line);
        assert_eq!(refused(&message), (400, fault, true), "{line}");
    }
}

#[test]
fn headers_within_the_request_uri_are_not_acted_upon() {
    // 3.1.2.11
    let message = good(&request("INVITE", "\r\n").replacen(
        "box.example",
        "box.example?Route=%3Csip:x%3E",
        1,
    ));
    assert_eq!(uri::write(message.uri().unwrap()), "sip:95@box.example");
    assert!(message.routes().is_empty());
}

#[test]
fn a_date_of_another_zone_does_no_harm() {
    // 3.1.2.12
    good(&request("INVITE", "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n\r\n"));
}

#[test]
fn a_contact_with_headers_and_no_brackets_is_refused() {
    // 3.1.2.13
    let contact =
        request("REGISTER", "Contact: sip:u@example.com?Route=%3Csip:sip.example%3E\r\n\r\n");
    assert_eq!(refused(&contact), (400, Fault::Malformed("Contact"), true));
}

#[test]
fn an_address_without_scheme_or_with_a_bare_comma_is_refused() {
    // 3.1.2.14, 3.1.2.15
    let spaces = request("OPTIONS", "\r\n").replace("<sip:95@", "\"Watson, T\" < t.watson@");
    assert_eq!(refused(&spaces), (400, Fault::Malformed("To"), true));
    let comma = request("OPTIONS", "\r\n").replace("\"Ward 3\"", "Bell, Alexander");
    assert_eq!(refused(&comma), (400, Fault::Malformed("From"), true));
}

#[test]
fn another_version_is_answered_505() {
    // 3.1.2.16
    let message = request("OPTIONS", "\r\n").replacen("SIP/2.0", "SIP/7.0", 1);
    assert_eq!(refused(&message), (505, Fault::Version, true));
}

#[test]
fn a_cseq_of_another_method_is_refused() {
    // 3.1.2.17, 3.1.2.18
    let message = request("OPTIONS", "\r\n").replace("CSeq: 7 OPTIONS", "CSeq: 7 INVITE");
    assert_eq!(refused(&message), (400, Fault::CseqMethod, true));
    let unknown = request("NEWMETHOD", "\r\n").replace("CSeq: 7 NEWMETHOD", "CSeq: 7 INVITE");
    assert_eq!(refused(&unknown), (501, Fault::Method, true));
}

// 3.2 to 3.4: transactions and the core

#[test]
fn a_branch_that_is_only_the_magic_is_read() {
    // 3.2.1
    let message = good(&request("OPTIONS", "\r\n").replace("z9hG4bK77", "z9hG4bK"));
    assert_eq!(message.via().unwrap().branch(), Some("z9hG4bK"));
}

#[test]
fn a_message_without_what_it_needs_is_refused_silently() {
    // 3.3.1
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let text: Vec<_> = request("INVITE", "")
            .lines()
            .filter(|l| !l.starts_with(name))
            .map(str::to_owned)
            .collect();
        let (status, fault, answered) = refused(&(text.join("\r\n") + "\r\n\r\n"));
        assert_eq!((status, fault, answered), (400, Fault::Missing(name), false));
    }
}

#[test]
fn an_unknown_scheme_of_the_request_uri_is_answered_416() {
    // 3.3.2, 3.3.3; in From and To it is the registrar's matter (3.3.4)
    for uri in ["nobodyKnowsThisScheme:totallyopaquecontent", "soap.beep://192.0.2.103:3002"] {
        let message = request("OPTIONS", "\r\n").replacen("sip:95@box.example", uri, 1);
        assert_eq!(refused(&message), (416, Fault::Scheme, true));
    }
    let tel = good(&request("INVITE", "\r\n").replacen(
        "sip:95@box.example",
        "tel:+8695;phone-context=x",
        1,
    ));
    assert_eq!(uri::user(tel.uri().unwrap()).as_deref(), Some("+8695"));
    good(&request("REGISTER", "\r\n").replace("To: <sip:", "To: <isbn:2983792873"));
}

#[test]
fn headers_that_stand_alone_are_refused_twice() {
    // 3.3.8, 3.3.9
    for (name, value) in [
        ("CSeq", "7 INVITE"),
        ("Call-ID", "other"),
        ("t", "<sip:other@box.example>"),
        ("From", "<sip:other@box.example>;tag=x"),
        ("Max-Forwards", "5"),
        ("Content-Type", "application/sdp"),
    ] {
        let text =
            request("INVITE", &format!("Content-Type: text/plain\r\n{name}: {value}\r\n\r\n"));
        let (status, fault, answered) = refused(&text);
        assert!(matches!(fault, Fault::Twice(_)) && status == 400 && answered, "{name}: {fault}");
    }
    let lengths = request("INVITE", "Content-Length: 0\r\nl: 0\r\n\r\n");
    assert_eq!(refused(&lengths), (400, Fault::Twice("Content-Length"), true));
}

#[test]
fn no_more_hops_is_read_and_left_to_whoever_forwards() {
    // 3.3.11
    assert_eq!(
        good(&request("OPTIONS", "\r\n").replace("Forwards: 70", "Forwards: 0")).max_forwards(),
        Some(0)
    );
}

#[test]
fn parameters_without_brackets_belong_to_the_header() {
    // 3.3.12, 3.3.13
    let bare = good(&request("REGISTER", "Contact: sip:+1972@192.0.2.7;unknown=x\r\n\r\n"));
    let contact = bare.contact().unwrap();
    assert_eq!((contact.uri.params.len(), contact.param("unknown")), (0, Some(Some("x".into()))));
    let inside = good(&request("REGISTER", "Contact: <sip:+1972@192.0.2.7;unknown=x>\r\n\r\n"));
    assert_eq!(inside.contact().unwrap().uri.params.len(), 1);
}

#[test]
fn a_request_of_the_old_rfc_is_taken() {
    // 3.4.1: no branch, no tag, no Max-Forwards
    let message = good(
        "INVITE sip:95@box.example SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example:5061\r\n\
         From: <sip:+1303@iftgw.example;user=phone>\r\nTo: <sip:95@box.example>\r\n\
         Call-ID: 1717@ift\r\nCSeq: 56 INVITE\r\n\r\n",
    );
    assert_eq!((message.via().unwrap().branch(), message.from_tag()), (None, None));
}

// Beyond RFC 4475

#[test]
fn lines_may_end_in_lf_alone_or_in_both() {
    let text = request("INVITE", "Content-Length: 4\r\n\r\nv=0\n").replacen("70\r\n", "70\n", 1);
    assert_eq!(good(&text).body, b"v=0\n");
    assert_eq!(good(&request("INVITE", "\r\n").replace("\r\n", "\n")).max_forwards(), Some(70));
}

#[test]
fn a_carriage_return_within_a_line_is_refused() {
    let text = request("INVITE", "Subject: a\rContact: <sip:x@192.0.2.66>\r\n\r\n");
    assert_eq!(refused(&text), (400, Fault::BareReturn, true));
}

#[test]
fn ipv6_hosts_are_read_and_written_in_brackets() {
    let text = request("OPTIONS", "\r\n")
        .replacen("95@box.example", "95@[2001:db8::9]:5070", 1)
        .replace("192.0.2.7:5060", "[2001:db8::7]:5062");
    let message = good(&text);
    assert_eq!(
        uri::socket_addr(message.uri().unwrap()),
        Some("[2001:db8::9]:5070".parse().unwrap())
    );
    assert_eq!(message.via().unwrap().sent_by_key(), "[2001:db8::7]:5062");
    assert_eq!(good(&String::from_utf8(message.encode()).unwrap()), message);
}

#[test]
fn an_ack_is_never_answered() {
    let text = request("ACK", "\r\n").replace("CSeq: 7 ACK", "CSeq: 7 INVITE");
    assert_eq!(refused(&text), (400, Fault::CseqMethod, false));
}

#[test]
fn more_headers_than_the_limit_are_refused() {
    let many = "X: y\r\n".repeat(130) + "\r\n";
    assert_eq!(refused(&request("INVITE", &many)), (400, Fault::TooManyHeaders, true));
    let listed = format!("Route: {}\r\n\r\n", vec!["<sip:a;lr>"; 130].join(","));
    assert_eq!(refused(&request("INVITE", &listed)), (400, Fault::TooManyHeaders, true));
}

#[test]
fn headers_without_an_end_are_refused() {
    assert_eq!(refused(&request("INVITE", "")), (400, Fault::Unfinished, true));
}

#[test]
fn a_display_name_that_is_no_utf8_costs_its_signs_and_not_the_call() {
    let mut bytes = request("INVITE", "\r\n").into_bytes();
    let at = bytes.windows(4).position(|w| w == b"Ward").unwrap();
    bytes.splice(at..at + 4, [0xC0, 0xEE]);
    let message = parse_datagram(&bytes).unwrap();
    assert_eq!(message.from().unwrap().display.as_deref(), Some("\u{FFFD}\u{FFFD} 3"));
}

#[test]
fn what_only_keeps_a_nat_open_is_known() {
    assert!(is_keep_alive(b"\r\n\r\n") && is_keep_alive(b"") && is_keep_alive(&[0; 4]));
    assert!(!is_keep_alive(b"OPTIONS"));
    assert_eq!(refused("\r\n\r\n"), (400, Fault::Empty, false));
}

#[test]
fn empty_lines_before_the_first_are_passed_over() {
    good(&format!("\r\n\r\n{}", request("OPTIONS", "\r\n")));
}

#[test]
fn all_contacts_is_read_only_where_the_star_stands_alone() {
    assert_eq!(good(&request("REGISTER", "Contact: *\r\n\r\n")).contacts(), Ok(Contacts::All));
    let mixed = request("REGISTER", "Contact: *, <sip:a@192.0.2.7>\r\n\r\n");
    assert_eq!(refused(&mixed), (400, Fault::Malformed("Contact"), true));
}

#[test]
fn a_response_goes_where_the_request_came_from() {
    // RFC 3581 section 4
    let mut request = good(&request("OPTIONS", "\r\n"));
    let source = "198.51.100.4:40000".parse().unwrap();
    assert_eq!(request.stamp_via(source), Some(source));
    let via = Message::response(&request, 200).via().unwrap();
    assert_eq!((via.received(), via.rport()), (Some("198.51.100.4".parse().unwrap()), Some(40000)));
    assert_eq!(via.branch(), Some("z9hG4bK77"));
}

#[test]
fn a_response_without_rport_goes_to_the_port_of_the_sent_by() {
    // RFC 3261 section 18.2.2
    let mut request = good(&request("OPTIONS", "\r\n").replace("rport;", "maddr=192.0.2.99;"));
    let to = request.stamp_via("198.51.100.4:40000".parse().unwrap());
    assert_eq!(to, Some("198.51.100.4:5060".parse().unwrap()));
    assert_eq!(request.via().unwrap().received(), Some("198.51.100.4".parse().unwrap()));
}
