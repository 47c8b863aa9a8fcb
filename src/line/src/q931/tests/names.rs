//! A caller's name by Facility, as octets and in a call.

use super::bytes;
use super::wire::Wire;
use crate::q931::*;
use model::PersonName;
use proptest::prelude::*;

/// ISO/IEC 13868: extensions of private networks, for the far end whoever it is, operation 0, shown.
const BY_NUMBER: &str = "1C 1B 9F AA 06 80 01 00 82 01 00 8B 01 00 A1 0D 02 01 01 02 01 00 \
                         80 05 4C 69 20 4E 61";
/// ECMA-164: remote operations alone, operation 1.3.12.9.0, shown.
const BY_OBJECT: &str = "1C 13 91 A1 10 02 01 02 06 04 2B 0C 09 00 80 05 4C 69 20 4E 61";
/// The same name and a set: two octets a letter.
const IN_BMP: &str = "1C 17 9F 8B 01 00 A1 11 02 01 01 02 01 00 A1 09 04 04 67 4E 5A 1C 02 01 08";
const WITHHELD: &str = "1C 0E 9F 8B 01 00 A1 08 02 01 01 02 01 00 87 00";

/// What the octets of one element are read as.
fn read(octets: &[u8]) -> Vec<Element> {
    Message::read(&[&bytes("08 02 00 01 05"), octets].concat()).unwrap().elements
}

/// An element whose invocation of callingName has this argument.
fn argued(argument: &str) -> Vec<u8> {
    let argument = bytes(argument);
    let head = bytes("9F 8B 01 00 A1 00 02 01 01 02 01 00");
    let mut octets = [vec![0x1C, (head.len() + argument.len()) as u8], head, argument].concat();
    octets[7] = (octets.len() - 8) as u8;
    octets
}

fn named(name: &str) -> Vec<Element> {
    vec![Element::CallerName(PersonName::new(name))]
}

const OTHER: [Element; 1] = [Element::Unknown { id: 0x1C, demanding: false }];

#[test]
fn ecma_164_a_callers_name_is_read_by_either_operation_octet_by_octet() {
    assert_eq!(read(&bytes(BY_NUMBER)), named("Li Na"));
    assert_eq!(read(&bytes(BY_OBJECT)), named("Li Na"));
    assert_eq!(argued("80 05 4C 69 20 4E 61"), {
        // Without what goes before it on its way through several exchanges.
        let mut octets = bytes(BY_NUMBER);
        octets.drain(3..11);
        octets[1] -= 8;
        octets
    });
    let linked = "1C 13 9F 8B 01 00 A1 0D 02 01 01 80 01 00 02 01 00 80 02 4C 69";
    assert_eq!(read(&bytes(linked)), named("Li"), "an invocation that follows another");
    let behind = "1C 16 9F A1 06 02 01 01 02 01 15 A1 0B 02 01 02 02 01 00 80 03 4C 69 75";
    assert_eq!(read(&bytes(behind)), named("Liu"), "behind another operation");
}

#[test]
fn ecma_164_names_come_in_sets_that_are_named_and_with_extensions() {
    assert_eq!(read(&bytes(IN_BMP)), named("李娜"));
    for (argument, name) in [
        ("80 03 4A F6 67", "Jög"),
        ("A1 05 04 03 4A F6 67", "Jög"),
        ("A1 08 04 03 4A F6 67 02 01 01", "Jög"),
        ("A1 0B 04 06 E6 9D 8E E5 A8 9C 02 01 09", "李娜"),
        ("A1 07 04 02 4C 69 02 01 06", "Li"),
        ("30 08 80 02 4C 69 A5 02 06 00", "Li"),
        ("80 81 02 4C 69", "Li"),
        ("82 02 4C 69", ""),
        ("A3 04 04 02 4C 69", ""),
        ("87 00", ""),
    ] {
        assert_eq!(read(&argued(argument)), named(name), "{argument}");
    }
}

#[test]
fn what_tells_no_name_or_one_that_would_read_wrong_is_left_out() {
    for (argument, why) in [
        ("84 00", "it is not known"),
        ("80 00", "it is empty"),
        ("80 02 20 20", "it is blank"),
        ("80 03 4C 0A 69", "it has a line of its own"),
        ("80 02 4C 9B", "and so has that"),
        ("A1 07 04 02 4C F6 02 01 06", "a set that is not known"),
        ("A1 08 04 03 67 4E 5A 02 01 08", "half a letter"),
        ("A1 07 04 02 D8 00 02 01 08", "half of a pair"),
        ("A1 07 04 02 E6 9D 02 01 09", "half a letter"),
        ("A1 08 04 02 4C 69 02 02 01 01", "a set beyond all sets"),
        ("A1 02 4C 69", "no name in it"),
        ("80 09 4C 69", "it is cut off"),
        ("80 80 4C 69 00 00", "a length of indefinite form"),
        ("30 00", "nothing in it"),
        ("05 00", "nothing"),
    ] {
        assert_eq!(read(&argued(argument)), OTHER, "{argument}: {why}");
    }
    let long = |octets: usize| argued(&format!("80 {octets:02X}{}", " 61".repeat(octets)));
    assert_eq!(read(&long(50)), named(&"a".repeat(50)));
    assert_eq!(read(&long(51)), OTHER);
    for (other, why) in [
        ("1C 10 9F 8B 01 00 A1 0A 02 01 01 02 01 01 80 02 4C 69", "the called one's name"),
        ("1C 0D 91 A1 0A 02 01 01 02 01 00 80 02 4C 69", "a number of another profile"),
        ("1C 10 91 A1 0D 02 01 01 06 04 2B 0C 09 01 80 02 4C 69", "another object"),
        ("1C 10 9F 8B 01 00 A2 0A 02 01 01 02 01 00 80 02 4C 69", "a result"),
        ("1C 10 92 8B 01 00 A1 0A 02 01 01 02 01 00 80 02 4C 69", "another profile"),
        ("1C 01 9F", "nothing follows"),
        ("1C 00", "nothing at all"),
    ] {
        assert_eq!(read(&bytes(other)), OTHER, "{other}: {why}");
    }
    for whole in [BY_NUMBER, BY_OBJECT, IN_BMP, WITHHELD].map(bytes) {
        for cut in 2..whole.len() {
            let mut octets = whole[..cut].to_vec();
            octets[1] = (cut - 2) as u8;
            assert_eq!(read(&octets), OTHER, "{octets:02X?}");
        }
    }
}

/// A SETUP of the network, with more elements behind it.
fn setup(called: &str, more: &[&str]) -> Vec<u8> {
    let reference = CallRef { value: 7, to_chooser: false };
    let called = PartyNumber::new(TypeOfNumber::Unknown, Plan::Isdn, called);
    let caller = PartyNumber::new(TypeOfNumber::Unknown, Plan::Isdn, "02168889999");
    let setup = Message::new(reference, Kind::Setup)
        .with(Element::Bearer(Bearer::Sound { law: model::Law::A }))
        .with(Element::Channel(ChannelId::exclusive(1)))
        .with(Element::Display(PersonName::new("Ward 3")))
        .with(Element::Calling(caller))
        .with(Element::Called(called));
    [vec![setup.write()], more.iter().map(|hex| bytes(hex)).collect()].concat().concat()
}

/// The network's side knows nothing of a call that is forged: it does not hear of it.
fn alone(mut wire: Wire) -> Wire {
    wire.swallow = vec![Kind::SetupAcknowledge, Kind::CallProceeding, Kind::Alerting];
    wire
}

#[test]
fn a_name_by_facility_goes_before_what_is_to_be_displayed_and_so_does_that_it_is_withheld() {
    for (more, told) in [
        (&[][..], "1: arrived 95000 from 02168889999 Ward 3"),
        (&[BY_OBJECT], "1: arrived 95000 from 02168889999 Li Na"),
        (&[IN_BMP, BY_NUMBER], "1: arrived 95000 from 02168889999 李娜"),
        (&[WITHHELD], "1: arrived 95000 from 02168889999"),
        (&["1C 02 9F FF"], "1: arrived 95000 from 02168889999 Ward 3"),
    ] {
        let mut wire = alone(Wire::new());
        wire.forge_octets(0, setup("95000", more));
        assert_eq!(wire.told[0], [told]);
    }
}

#[test]
fn a_name_that_follows_the_setup_is_told_while_the_number_is_not_whole_and_the_first_counts() {
    let mut wire = alone(Wire::with(|config| config.overlap_digits = Some(5)));
    wire.forge_octets(0, setup("95", &[]));
    for name in ["1C 00", BY_NUMBER, IN_BMP] {
        wire.forge_octets(0, [bytes("08 02 00 07 62"), bytes(name)].concat());
    }
    assert!(wire.told[0].is_empty());
    let number = PartyNumber::new(TypeOfNumber::Unknown, Plan::Isdn, "000");
    let reference = CallRef { value: 7, to_chooser: false };
    let rest = Message::new(reference, Kind::Information).with(Element::Called(number));
    wire.forge_octets(0, rest.write());
    assert_eq!(wire.told[0], ["1: arrived 95000 from 02168889999 Li Na"]);
    // What comes later is passed over.
    wire.forge_octets(0, [bytes("08 02 00 07 62"), bytes(IN_BMP)].concat());
    assert_eq!(wire.told[0].len(), 1);
    assert_eq!(wire.ends[0].counters().odd, 0);
}

#[test]
fn a_name_that_was_read_is_never_written() {
    let message = Message::new(CallRef { value: 1, to_chooser: false }, Kind::Facility);
    let octets = message.clone().with(Element::CallerName(PersonName::new("Li"))).write();
    assert_eq!(octets, message.write());
    let read = Message::read(&[octets, bytes(BY_NUMBER)].concat()).unwrap();
    assert!(!format!("{read:?}").contains("Li Na"), "no log tells it");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_an_element_is_made_to_a_name_that_is_read_is_short_and_of_one_line(
        which in 0..4_usize,
        changes in proptest::collection::vec((2..40_usize, any::<u8>()), 0..4),
    ) {
        let mut octets = bytes([BY_NUMBER, BY_OBJECT, IN_BMP, WITHHELD][which]);
        for (at, octet) in changes {
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
        }
        let elements = read(&octets);
        prop_assert_eq!(elements.len(), 1);
        if let Element::CallerName(name) = &elements[0] {
            let name = name.reveal();
            prop_assert!(name.chars().count() <= 50 && !name.chars().any(char::is_control));
        }
    }
}
