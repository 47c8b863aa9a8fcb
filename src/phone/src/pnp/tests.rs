#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use proptest::prelude::*;

const SUBSCRIBE: &str = "SUBSCRIBE sip:MAC%3A001565F4F9E1@224.0.1.75 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.7:5059;branch=z9hG4bK15365\r\n\
    From: <sip:MAC%3A001565F4F9E1@224.0.1.75>;tag=153\r\n\
    To: <sip:MAC%3A001565F4F9E1@224.0.1.75>\r\n\
    Call-ID: 1536537630@192.0.2.7\r\n\
    CSeq: 7 SUBSCRIBE\r\n\
    Contact: <sip:192.0.2.7:5059>\r\n\
    Max-Forwards: 70\r\n\
    Expires: 0\r\n\
    Event: ua-profile;profile-type=\"device\";vendor=\"yealink\";model=\"T46U\";version=\"1\"\r\n\
    Accept: application/url\r\n\
    Content-Length: 0\r\n\r\n";

fn local() -> SocketAddr {
    "192.0.2.1:5060".parse().unwrap()
}

#[test]
fn a_phone_out_of_its_box_says_what_it_is() {
    let asked = Asked::parse(SUBSCRIBE.as_bytes()).unwrap();
    assert_eq!(asked.mac.to_string(), "001565f4f9e1");
    assert_eq!((asked.vendor.as_str(), asked.model.as_str()), ("yealink", "T46U"));
    let bare = SUBSCRIBE.replace("MAC%3A", "MAC");
    assert_eq!(Asked::parse(bare.as_bytes()).unwrap().mac, asked.mac);
}

#[test]
fn it_is_told_where_its_settings_are_in_a_dialog_that_fits() {
    let asked = Asked::parse(SUBSCRIBE.as_bytes()).unwrap();
    let accept = asked.accept(local(), "box1");
    assert!(accept.starts_with("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.7:5059;branch=z9"));
    assert!(accept.contains("To: <sip:MAC%3A001565F4F9E1@224.0.1.75>;tag=box1\r\n"), "{accept}");
    assert!(accept.contains("CSeq: 7 SUBSCRIBE\r\n"));
    let url = "https://192.0.2.1:8443/phones/";
    let notify = asked.notify(local(), "box1", "n1", url);
    assert!(notify.starts_with("NOTIFY sip:192.0.2.7:5059 SIP/2.0\r\n"));
    assert!(notify.contains("From: <sip:MAC%3A001565F4F9E1@224.0.1.75>;tag=box1\r\n"));
    assert!(notify.contains("To: <sip:MAC%3A001565F4F9E1@224.0.1.75>;tag=153\r\n"));
    assert!(notify.contains("Call-ID: 1536537630@192.0.2.7\r\n"));
    assert!(notify.ends_with(&format!("Content-Length: {}\r\n\r\n{url}", url.len())));
}

#[test]
fn what_is_no_such_question_is_left_alone() {
    for (from, to) in [
        ("SUBSCRIBE sip", "INVITE sip"),
        ("Event: ua-profile", "Event: presence"),
        ("CSeq: 7 SUBSCRIBE", "CSeq: 7 NOTIFY"),
        ("CSeq: 7", "CSeq: 99999999999"),
        ("MAC%3A001565F4F9E1@224.0.1.75 SIP", "8001@224.0.1.75 SIP"),
        ("Contact: <sip:192.0.2.7:5059>\r\n", ""),
        ("Contact: <sip:192.0.2.7:5059>", "Contact: <sip:192.0.2.7 SIP/2.0>"),
        ("Contact: <sip:192.0.2.7:5059>", "Contact: <http://192.0.2.7/>"),
        ("Via: SIP", "X: SIP"),
        ("Expires: 0", "Call-ID: another"),
        ("Expires: 0", " folded: line"),
    ] {
        let odd = SUBSCRIBE.replacen(from, to, 1);
        assert_ne!(odd, SUBSCRIBE, "{from}");
        assert_eq!(Asked::parse(odd.as_bytes()), None, "{from} -> {to}");
    }
    assert_eq!(Asked::parse(&vec![b'a'; BYTES_MAX + 1]), None);
}

proptest! {
    #[test]
    fn no_bytes_of_a_stranger_break_a_line_of_the_answer(
        place in 0_usize..SUBSCRIBE.len(), byte in any::<u8>(), more in any::<Vec<u8>>(),
    ) {
        let mut bytes = SUBSCRIBE.as_bytes().to_vec();
        bytes[place] = byte;
        bytes.splice(place..place, more);
        if let Some(asked) = Asked::parse(&bytes) {
            for text in [asked.accept(local(), "t"), asked.notify(local(), "t", "b", "https://x/")] {
                let head = text.split("\r\n\r\n").next().unwrap();
                prop_assert!(!head.replace("\r\n", "").contains(|c: char| c.is_control()));
                prop_assert!(text.matches("Call-ID:").count() >= 1);
            }
        }
    }
}
