//! Addresses: which are the same, where they lead, what is no address.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking

use sip::address::{Address, AddressError};
use sip::param::ParamError;
use sip::uri::{self, UriError};
use std::net::SocketAddr;

fn same(a: &str, b: &str) -> bool {
    let (a, b) = (uri::parse(a).unwrap(), uri::parse(b).unwrap());
    assert_eq!(uri::same(&a, &b), uri::same(&b, &a), "both ways");
    uri::same(&a, &b)
}

#[test]
fn addresses_are_the_same_by_the_rfcs_rules() {
    // RFC 3261 section 19.1.4
    assert!(same("sip:%77ard@box.example;transport=UDP", "SIP:ward@Box.Example;Transport=udp"));
    assert!(same("sip:ward@box.example", "sip:ward@box.example;extra=x"));
    assert!(same("sip:ward@box.example;a=1;b=2", "sip:ward@box.example;b=2;a=1"));
    assert!(same("sip:[2001:db8::1]", "sip:[2001:DB8:0::1]"));
    assert!(same("sip:ward@box.example;x?Subject=y", "sip:ward@box.example;x"));
}

#[test]
fn addresses_differ_by_the_rfcs_rules() {
    for (a, b) in [
        ("sip:ward@box.example", "sip:WARD@box.example"),
        ("sip:ward@box.example", "sip:ward@box.example:5060"),
        ("sip:ward@box.example", "sips:ward@box.example"),
        ("sip:ward@box.example", "sip:ward@box.example;transport=udp"),
        ("sip:ward@box.example", "sip:ward@box.example;user=phone"),
        ("sip:ward@box.example", "sip:ward:pw@box.example"),
        ("sip:ward@box.example;a=1", "sip:ward@box.example;a=2"),
        ("sip:box.example", "sip:ward@box.example"),
        ("tel:123", "sip:123"),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
}

#[test]
fn the_user_is_what_was_dialled() {
    let user = |text: &str| uri::user(&uri::parse(text).unwrap());
    assert_eq!(user("sip:*11@box.example").as_deref(), Some("*11"));
    assert_eq!(user("sip:%2395%23@box.example").as_deref(), Some("#95#"));
    assert_eq!(user("sip:#95#@box.example").as_deref(), Some("#95#"));
    assert_eq!(user("sip:john.doe:pw@box.example").as_deref(), Some("john.doe"));
    assert_eq!(user("sip:+86-10;phone-context=cn@box.example").as_deref(), Some("+86-10"));
    assert_eq!(user("tel:+8610;phone-context=cn").as_deref(), Some("+8610"));
    assert_eq!(user("sip:box.example"), None);
    assert_eq!(user("sip:%FF%FE@box.example"), None);
    assert_eq!(user("sip:a%0D%0Ab@box.example"), None);
}

#[test]
fn a_request_is_sent_to_a_number_and_never_to_a_name() {
    let to = |text: &str| uri::socket_addr(&uri::parse(text).unwrap());
    let addr = |text: &str| Some(text.parse::<SocketAddr>().unwrap());
    assert_eq!(to("sip:a@192.0.2.7"), addr("192.0.2.7:5060"));
    assert_eq!(to("sip:a@192.0.2.7:6000;lr"), addr("192.0.2.7:6000"));
    assert_eq!(to("sip:[2001:db8::7]:6000"), addr("[2001:db8::7]:6000"));
    assert_eq!(to("sip:a@box.example"), None);
}

#[test]
fn texts_that_are_no_address_are_refused() {
    use UriError::{Character, Host, NoHost, NoScheme, Param, Port, User};
    for (text, error) in [
        ("box.example", NoScheme),
        ("1sip:box", NoScheme),
        ("sip:", NoHost),
        ("sip:a@", NoHost),
        ("sip:@box", User),
        ("sip:a@b@c", Host("b@c".into())),
        ("sip:a%4@box", User),
        ("sip:a%zz@box", User),
        ("sip:[::1", Host("[::1".into())),
        ("sip:[::1]x", Host("[::1]x".into())),
        ("sip:[192.0.2.1]", Host("[192.0.2.1]".into())),
        ("sip:::1", NoHost),
        ("sip:box:", Port(String::new())),
        ("sip:box:65536", Port("65536".into())),
        ("sip:box:+5", Port("+5".into())),
        ("sip:box;;", Param(ParamError::Malformed(String::new()))),
        ("sip:box;a=", Param(ParamError::Malformed("a=".into()))),
        ("sip:a b@box", Character),
        ("sip:a@box\0", Character),
    ] {
        assert_eq!(uri::parse(text), Err(error), "{text}");
    }
    let many: String = (0..33).map(|n| format!(";a{n}")).collect();
    let many = format!("sip:box{many}");
    assert_eq!(uri::parse(&many), Err(Param(ParamError::TooMany)));
    assert_eq!(uri::parse("sip:box;a=1;A=2"), Err(Param(ParamError::Twice("A".into()))));
}

#[test]
fn a_display_name_comes_without_quotes_and_goes_with_them() {
    let address = Address::parse("\"say \\\"hi\\\", \\\\ you\" <sip:a@b>;tag=1").unwrap();
    assert_eq!(address.display.as_deref(), Some("say \"hi\", \\ you"));
    assert_eq!(address.to_string(), "\"say \\\"hi\\\", \\\\ you\" <sip:a@b>;tag=1");
    let token = Address::parse("张 医生 <sip:a@b>").unwrap();
    assert_eq!(token.display.as_deref(), Some("张 医生"));
    assert_eq!(Address::parse("\"\" <sip:a@b>").unwrap().display, None);
    let named = Address::new(uri::parse("sip:a@b").unwrap()).named("evil\r\nX: y");
    assert_eq!(named.to_string(), "\"evilX: y\" <sip:a@b>");
}

#[test]
fn a_tag_is_set_in_place_of_the_old_one() {
    let address = Address::parse("<sip:a@b>;x=1;tag=old").unwrap().tagged("new");
    assert_eq!(address.to_string(), "<sip:a@b>;x=1;tag=new");
    assert_eq!(address.tag(), Some("new"));
}

#[test]
fn name_addresses_that_are_none_are_refused() {
    for (text, error) in [
        ("\"open <sip:a@b>", AddressError::Unbalanced),
        ("\"a\" sip:a@b", AddressError::Unbalanced),
        ("<sip:a@b", AddressError::Unbalanced),
        ("a \"b\" <sip:a@b>", AddressError::DisplayName),
        ("<sip:a@b> x", AddressError::Trailing),
        ("sip:a@b x", AddressError::Trailing),
        ("sip:a@b?x=y", AddressError::Bare),
        ("", AddressError::Uri(UriError::NoScheme)),
    ] {
        assert_eq!(Address::parse(text), Err(error), "{text}");
    }
}
