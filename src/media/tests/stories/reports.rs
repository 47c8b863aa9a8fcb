//! Reports beside the sound: what a phone is told, what it tells, and who may tell it.

use crate::world::{World, tone};
use media::rtcp::{COMPOUND_MAX, Receipt, Reports, Sent};
use media::srtp::{CONTROL_GROWTH, PACKET_MAX};
use media::{ControlPath, Slot};
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use model::{Instant, Law};
use rtcp::receiver_report::ReceiverReport;
use rtcp::sender_report::SenderReport;

fn talk(control: ControlPath) -> (World, Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -20.0));
    world.phone_mut(a).control = control;
    world.open(a, true, true);
    (world, a)
}

/// Reports that were sent since this was last asked, as another implementation reads them.
fn sent(world: &mut World) -> Vec<Vec<Box<dyn rtcp::packet::Packet + Send + Sync>>> {
    let packets = std::mem::take(&mut world.out.rtcp);
    let read = |bytes: Vec<u8>| rtcp::packet::unmarshal(&mut bytes::Bytes::from(bytes)).unwrap();
    packets.into_iter().map(|(_, _, _, bytes)| read(bytes)).collect()
}

/// A compound of the phone's.
fn report(phone: &mut Reports, now: Instant, ssrc: u32, about: Option<u32>, bye: bool) -> Vec<u8> {
    let mut buffer = [0; COMPOUND_MAX];
    let sent = Sent { ssrc, timestamp: 7, packets: now.as_micros() as u32, octets: 1 };
    let receipt =
        about.map(|ssrc| Receipt { ssrc, highest: 90, expected: 90, received: 81, jitter: 40 });
    let len = phone.write(now, sent, receipt, bye, &mut buffer);
    buffer[..len].to_vec()
}

#[test]
fn rfc3550_6_the_box_reports_every_few_seconds_what_it_sent_and_heard() {
    let (mut world, a) = talk(ControlPath::Muxed);
    world.phone_mut(a).network.loss = 0.1;
    world.run(60_000);
    let ways: Vec<_> =
        world.out.rtcp.iter().map(|(slot, to, muxed, _)| (*slot, *to, *muxed)).collect();
    assert!(ways.iter().all(|way| *way == (a, world.phones[&a].address, true)));
    let compounds = sent(&mut world);
    assert!((10..=30).contains(&compounds.len()), "{}", compounds.len());
    let last = compounds.last().unwrap()[0].as_any().downcast_ref::<SenderReport>().unwrap();
    assert!((2700..=3000).contains(&last.packet_count), "{last:?}");
    assert_eq!(last.octet_count, last.packet_count * 160);
    let block = &last.reports[0];
    assert_eq!(block.ssrc, world.phones[&a].ssrc);
    assert!((200..=400).contains(&block.total_lost), "{block:?}");
    assert!(block.last_sequence_number > 65_536, "it wrapped: {block:?}");
    assert_eq!(world.counters(a).reports_out, compounds.len() as u64);
    assert!(compounds.iter().all(|compound| compound.len() == 2), "a report and a name");
}

#[test]
fn rfc3550_6_4_a_leg_that_is_sent_nothing_is_told_what_came_of_it() {
    let (mut world, a) = talk(ControlPath::Apart("192.0.2.1:4001".parse().unwrap()));
    world.open(a, false, true);
    world.run(20_000);
    assert!(world.out.rtcp.iter().all(|(_, to, muxed, _)| to.port() == 4001 && !muxed));
    let compounds = sent(&mut world);
    let last = compounds.last().unwrap()[0].as_any().downcast_ref::<ReceiverReport>().unwrap();
    assert_eq!(last.reports[0].ssrc, world.phones[&a].ssrc);
}

#[test]
fn reports_are_taken_from_the_peer_alone_and_what_is_not_in_order_is_counted() {
    let (mut world, a) = talk(ControlPath::Apart("192.0.2.1:4001".parse().unwrap()));
    world.run(3000);
    let mut phone = Reports::new(world.now(), 5, &[5; 12]);
    let bytes = report(&mut phone, world.now(), 100, None, false);
    let now = world.now();
    world.engine.rtcp(now, a, "192.0.2.1:4999".parse().unwrap(), &bytes);
    world.engine.rtcp(now, a, "203.0.113.9:4001".parse().unwrap(), &bytes);
    world.engine.rtcp(now, a, "192.0.2.1:4001".parse().unwrap(), &bytes[..9]);
    let counters = world.counters(a);
    let counts = (counters.reports_in, counters.foreign, counters.reports_malformed);
    assert_eq!(counts, (1, 1, 1));
}

#[test]
fn rfc5761_reports_on_the_port_of_sound_are_no_sound() {
    let (mut world, a) = talk(ControlPath::Muxed);
    world.run(3000);
    let mut phone = Reports::new(world.now(), 5, &[5; 12]);
    for _ in 0..10 {
        let bytes = report(&mut phone, world.now(), 100, Some(1), false);
        world.datagram(a, &bytes);
        world.run(500);
    }
    let counters = world.counters(a);
    assert_eq!((counters.reports_in, counters.unknown_payload, counters.malformed), (10, 0, 0));
    assert_eq!((counters.lost, counters.resyncs), (0, 0));
    let (mut other, b) = talk(ControlPath::Off);
    other.run(1000);
    let bytes = report(&mut phone, other.now(), 100, Some(1), false);
    other.datagram(b, &bytes);
    assert_eq!(other.counters(b).reports_in, 0);
    assert_eq!(other.counters(b).unknown_payload, 1, "nobody agreed on it");
}

#[test]
fn rfc3711_3_4_reports_of_an_encrypted_leg_are_encrypted_and_taken_once() {
    for suite in SrtpSuite::ALL {
        let keys = |fill| SrtpKeys::new(suite, &vec![fill; suite.total()]).unwrap();
        let plan = SrtpPlan { send: keys(1), receive: keys(2) };
        let (mut world, a) = talk(ControlPath::Muxed);
        world.encrypt(a, &plan);
        world.run(10_000);
        let (_, _, _, wire) = world.out.rtcp.last().unwrap().clone();
        let phone = world.phone_mut(a);
        let mut plain = [0; PACKET_MAX];
        let len = phone.srtp.as_mut().unwrap().unprotect_control(&wire, &mut plain).unwrap();
        assert_ne!(wire[8..len], plain[8..len]);
        let mut read = bytes::Bytes::copy_from_slice(&plain[..len]);
        assert_eq!(rtcp::packet::unmarshal(&mut read).unwrap().len(), 2);
        let mut reports = Reports::new(world.now(), 5, &[5; 12]);
        let mut bytes = report(&mut reports, world.now(), 100, None, false);
        world.datagram(a, &bytes);
        let len = bytes.len();
        bytes.resize(len + CONTROL_GROWTH, 0);
        let srtp = world.phone_mut(a).srtp.as_mut().unwrap();
        let len = srtp.protect_control(&mut bytes, len).unwrap();
        world.datagram(a, &bytes[..len]);
        world.datagram(a, &bytes[..len]);
        let counters = world.counters(a);
        assert_eq!((counters.reports_in, counters.replayed), (1, 1), "{suite:?}");
        assert_eq!(counters.unauthenticated + counters.reports_malformed, 1, "the one in clear");
    }
}

#[test]
fn rfc3550_6_6_a_goodbye_is_no_vanishing() {
    let (mut world, a) = talk(ControlPath::Muxed);
    world.run(3000);
    let mut phone = Reports::new(world.now(), 5, &[5; 12]);
    let bytes = report(&mut phone, world.now(), 100, None, true);
    world.datagram(a, &bytes);
    world.phone_mut(a).mute = true;
    world.run(15_000);
    assert_eq!(world.silences(), []);
    world.phone_mut(a).mute = false;
    world.run(3000);
    world.phone_mut(a).mute = true;
    world.run(5000);
    assert_eq!(world.silences().len(), 1, "it spoke again, so it may vanish again");
}

#[test]
fn a_muted_phone_that_goes_on_reporting_is_there_and_one_that_stops_is_not() {
    let (mut world, a) = talk(ControlPath::Muxed);
    world.run(3000);
    world.phone_mut(a).mute = true;
    let mut phone = Reports::new(world.now(), 5, &[5; 12]);
    for _ in 0..20 {
        world.run(2500);
        let bytes = report(&mut phone, world.now(), 100, None, false);
        world.datagram(a, &bytes);
    }
    assert_eq!(world.silences(), []);
    world.run(5900);
    assert_eq!(world.silences(), []);
    world.run(200);
    assert_eq!(world.silences().len(), 1);
}

#[test]
fn the_box_says_goodbye_when_it_is_told_to() {
    let (mut world, a) = talk(ControlPath::Muxed);
    world.run(5000);
    world.out.rtcp.clear();
    let now = world.now();
    world.engine.say_goodbye(now, a, &mut world.out);
    let compounds = sent(&mut world);
    assert_eq!(compounds.len(), 1);
    assert!(compounds[0][2].as_any().is::<rtcp::goodbye::Goodbye>());
}
