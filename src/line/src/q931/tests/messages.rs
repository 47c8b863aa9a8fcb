//! Messages as octets.

use super::bytes;
use crate::q931::*;
use model::{Law, Number, PersonName};
use proptest::prelude::*;

fn reference(value: u16, to_chooser: bool) -> CallRef {
    CallRef { value, to_chooser }
}

#[test]
fn q931_3_1_14_a_setup_is_written_and_read_octet_by_octet() {
    let caller = PartyNumber {
        screened: true,
        ..PartyNumber::new(TypeOfNumber::National, Plan::Isdn, "2168889999")
    };
    let setup = Message::new(reference(1, false), Kind::Setup)
        .with(Element::Called(PartyNumber::new(TypeOfNumber::Unknown, Plan::Isdn, "95000")))
        .with(Element::Calling(caller))
        .with(Element::Bearer(Bearer::Sound { law: Law::A }))
        .with(Element::Channel(ChannelId::exclusive(1)))
        .with(Element::SendingComplete);
    let octets = bytes(
        "08 02 00 01 05 04 03 80 90 A3 18 03 A9 83 81 6C 0C 21 81 32 31 36 38 38 38 39 39 39 39 \
         70 06 81 39 35 30 30 30 A1",
    );
    assert_eq!(setup.write(), octets);
    let read = Message::read(&octets).unwrap();
    assert_eq!((read.reference, read.kind), (setup.reference, Kind::Setup));
    assert!(setup.elements.iter().all(|element| read.elements.contains(element)));
}

#[test]
fn elements_that_networks_send_are_read_in_every_form() {
    let element = |hex: &str| {
        let message = [bytes("08 02 80 01 05"), bytes(hex)].concat();
        Message::read(&message).unwrap().elements
    };
    let cause = |value| vec![Element::Cause { location: Location::PublicLocal, value }];
    assert_eq!(element("08 02 82 91"), cause(17));
    assert_eq!(element("08 03 02 81 91"), cause(17), "with its recommendation");
    assert_eq!(element("08 04 82 E0 6C 00"), cause(96), "with diagnostics");
    let slot =
        |exclusive, slot| vec![Element::Channel(ChannelId { exclusive, which: Which::Slot(slot) })];
    assert_eq!(element("18 03 A1 83 9F"), slot(false, 31));
    assert_eq!(element("18 04 E9 80 83 82"), slot(true, 2), "of an interface that is named");
    assert_eq!(element("18 06 A9 93 00 02 00 00"), slot(true, 17), "by map");
    assert_eq!(element("18 03 A9 83 90"), [Element::Malformed { id: 0x18 }], "the D channel");
    assert_eq!(element("18 01 83"), [Element::Malformed { id: 0x18 }], "of a basic line");
    let restricted = PartyNumber {
        presentation: Presentation::Restricted,
        ..PartyNumber::new(TypeOfNumber::Unknown, Plan::Isdn, "")
    };
    assert_eq!(element("6C 02 01 A0"), [Element::Calling(restricted)]);
    let plain = PartyNumber::new(TypeOfNumber::Subscriber, Plan::Unknown, "12");
    assert_eq!(element("6C 03 C0 31 32"), [Element::Calling(plain)], "without its third octet");
    assert_eq!(element("28 04 B1 4C 69 20"), [Element::Display(PersonName::new("Li"))]);
    assert_eq!(element("28 02 C0 EE"), [Element::Display(PersonName::new(""))], "not in IA5");
    assert_eq!(element("2C 02 31 32"), [Element::Keypad(Number::new("12"))]);
    assert_eq!(element("04 02 88 90"), [Element::Bearer(Bearer::Other)]);
    assert_eq!(element("04 03 90 90 A2"), [Element::Bearer(Bearer::Sound { law: Law::Mu })]);
    assert_eq!(
        element("1E 02 81 88"),
        [Element::Progress { location: Location::PrivateLocal, description: IN_BAND }]
    );
    assert_eq!(element("14 01 8A 79 01 86"), [Element::CallState(10), Element::Restart(6)]);
}

#[test]
fn q931_5_8_what_is_not_known_is_told_from_what_is_wrong() {
    let read = |hex: &str| Message::read(&bytes(hex));
    for foreign in ["", "08", "03 01 01 05", "08 00 05", "08 02 00", "08 02 00 01", "08 03 0 0 1 5"]
    {
        assert_eq!(read(foreign), Err(MessageError::Foreign), "{foreign}");
    }
    let unknown = MessageError::Unknown { reference: reference(1, true), code: 0x30 };
    assert_eq!(read("08 02 80 01 30"), Err(unknown));
    let elements =
        read("08 01 01 05 07 01 00 0F 00 20 01 01 99 28 01 41 28 01 42").unwrap().elements;
    let not_ours = |id, demanding| Element::Unknown { id, demanding };
    let b = Element::Display(PersonName::new("B"));
    assert_eq!(
        elements,
        [not_ours(7, true), not_ours(15, true), not_ours(0x20, false), not_ours(0x28, false), b],
        "one of another codeset is none of ours"
    );
    let locked = read("08 01 01 05 96 28 01 41 28 01 42").unwrap().elements;
    assert_eq!(locked, [not_ours(0x28, false), not_ours(0x28, false)]);
    let cut = read("08 01 01 05 28 09 41").unwrap().elements;
    assert_eq!(cut, [Element::Malformed { id: 0x28 }]);
    let many = [bytes("08 01 01 05"), [0xA1; 300].to_vec()].concat();
    assert_eq!(Message::read(&many).unwrap().elements.len(), 40);
}

#[test]
fn a_message_never_grows_beyond_a_frame() {
    let long = Element::Display(PersonName::new("x".repeat(200)));
    let message = (0..9).fold(Message::new(reference(9, true), Kind::Setup), |message, _| {
        message.with(long.clone())
    });
    let octets = message.write();
    assert!(octets.len() <= crate::q921::N201);
    assert!(Message::read(&octets).unwrap().elements.len() >= 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_octets_panic_and_what_was_read_is_read_again(
        mut octets in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        let head = bytes("08 02 00 01 05");
        let len = head.len().min(octets.len());
        octets[..len].copy_from_slice(&head[..len]);
        if let Ok(message) = Message::read(&octets) {
            let again = Message::read(&message.write()).unwrap();
            let known = |element: &&Element| {
                use Element::*;
                !matches!(element, CallerName(_) | Malformed { .. } | Unknown { .. })
            };
            prop_assert!(again.elements.iter().all(|element| message.elements.contains(element)));
            prop_assert!(again.elements.len() <= message.elements.iter().filter(known).count());
        }
    }
}
