//! Descriptions, offers and answers: RFC 8866 and RFC 3264 as phones use them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking

use model::{Codec, Codecs, OpusTerms, Rate};
use proptest::prelude::*;
use sip::offer_answer::{Protection, Refused, Terms, accept_answer, holds, make_offer, negotiate};
use sip::sdp::{Direction, SdpError, Session};

const RTP: &str = "192.0.2.1:20000";

fn terms() -> Terms {
    Terms::new(7, RTP.parse().unwrap(), Codecs::default())
}

/// An offer of a phone at 192.0.2.7; `lines` stand below `m=audio 4000 RTP/AVP formats`.
fn offer(formats: &str, lines: &[&str]) -> Session {
    let mut text = format!(
        "v=0\r\no=phone 1 1 IN IP4 192.0.2.7\r\ns=call\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP {formats}\r\n"
    );
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    Session::parse(text.as_bytes()).unwrap()
}

fn text(session: &Session) -> String {
    String::from_utf8(session.encode()).unwrap()
}

#[test]
fn the_preferred_law_is_chosen_and_telephone_event_keeps_the_offers_number() {
    let offer = offer("18 0 8 96", &["a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16"]);
    let (answer, plan) = negotiate(&offer, &mut terms()).unwrap();
    assert_eq!((plan.codec, plan.payload_type, plan.dtmf_payload_type), (Codec::Pcma, 8, Some(96)));
    assert_eq!(plan.remote, "192.0.2.7:4000".parse().unwrap());
    assert!(plan.send && plan.receive);
    assert_eq!(
        text(&answer),
        "v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_other_law_is_taken_where_it_is_all_there_is() {
    let (answer, plan) = negotiate(&offer("18 0", &[]), &mut terms()).unwrap();
    assert_eq!((plan.codec, plan.payload_type, plan.dtmf_payload_type), (Codec::Pcmu, 0, None));
    assert!(text(&answer).contains("m=audio 20000 RTP/AVP 0\r\n"));
}

#[test]
fn a_law_under_a_dynamic_number_is_found() {
    let (_, plan) = negotiate(&offer("97", &["a=rtpmap:97 pcma/8000/1"]), &mut terms()).unwrap();
    assert_eq!((plan.codec, plan.payload_type), (Codec::Pcma, 97));
}

#[test]
fn a_number_mapped_to_something_else_is_not_taken_for_the_law() {
    let offer = offer("8", &["a=rtpmap:8 OPUS/48000/2"]);
    assert_eq!(negotiate(&offer, &mut terms()).unwrap_err(), Refused::NoCodec);
}

#[test]
fn wide_telephone_event_is_passed_over() {
    let lines = ["a=rtpmap:100 telephone-event/16000", "a=rtpmap:101 telephone-event/8000"];
    let (_, plan) = negotiate(&offer("8 100 101", &lines), &mut terms()).unwrap();
    assert_eq!(plan.dtmf_payload_type, Some(101));
}

#[test]
fn other_media_are_refused_with_port_0_in_their_place() {
    let mut offer = offer(
        "8",
        &["m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", "m=audio 4004 RTP/AVP 0"],
    );
    let video = offer.media.remove(1);
    offer.media.insert(0, video);
    let (answer, plan) = negotiate(&offer, &mut terms()).unwrap();
    let ports: Vec<_> = answer.media.iter().map(|m| (m.kind.as_str(), m.port)).collect();
    assert_eq!(ports, [("video", 0), ("audio", 20000), ("audio", 0)]);
    assert_eq!(answer.media[0].formats, ["99"]);
    assert_eq!(plan.remote.port(), 4000);
}

#[test]
fn what_has_no_audio_for_us_is_refused() {
    let of = |body: &str| {
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\nc=IN IP4 192.0.2.7\r\n";
        let offer = Session::parse(format!("{head}{body}").as_bytes()).unwrap();
        negotiate(&offer, &mut terms()).unwrap_err()
    };
    assert_eq!(of(""), Refused::NoAudio);
    assert_eq!(of("m=audio 0 RTP/AVP 8"), Refused::NoAudio);
    assert_eq!(of("m=audio 4000 RTP/SAVP 8"), Refused::NoAudio);
    assert_eq!(of("m=video 4000 RTP/AVP 8"), Refused::NoAudio);
    assert_eq!(of("m=audio 4000 RTP/AVP 9 18"), Refused::NoCodec);
    assert_eq!(of("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 phone.example"), Refused::Address);
    assert_eq!(of("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127"), Refused::Address);
    assert_eq!(of("m=audio 4000 RTP/AVP 8\r\nc=IN IP6 192.0.2.7"), Refused::Address);
    assert_eq!(of("m=audio 4000 RTP/AVP 8\r\nc=IN IP6 2001:db8::7"), Refused::Family);
}

#[test]
fn each_direction_has_its_answer() {
    // RFC 3264 section 6.1
    for (theirs, ours, send, receive) in [
        ("sendrecv", "sendrecv", true, true),
        ("sendonly", "recvonly", false, true),
        ("recvonly", "sendonly", true, false),
        ("inactive", "inactive", false, false),
    ] {
        let offer = offer("8", &[&format!("a={theirs}")]);
        let (answer, plan) = negotiate(&offer, &mut terms()).unwrap();
        assert_eq!(answer.direction(&answer.media[0]).name(), ours);
        assert_eq!((plan.send, plan.receive), (send, receive), "{theirs}");
        assert_eq!(holds(&offer), !send, "{theirs}");
    }
}

#[test]
fn the_mediums_own_direction_and_address_come_before_the_sessions() {
    let text = "v=0\no=- 1 1 IN IP4 192.0.2.7\nc=IN IP4 192.0.2.7\na=inactive\n\
                m=audio 4000 RTP/AVP 8\nc=IN IP4 192.0.2.8\na=sendonly\n";
    let offer = Session::parse(text.as_bytes()).unwrap();
    let (_, plan) = negotiate(&offer, &mut terms()).unwrap();
    assert_eq!(plan.remote, "192.0.2.8:4000".parse().unwrap());
    assert_eq!((plan.send, plan.receive), (false, true));
}

#[test]
fn an_address_of_zeros_is_the_old_hold() {
    let offer = offer("8", &["c=IN IP4 0.0.0.0"]);
    let (_, plan) = negotiate(&offer, &mut terms()).unwrap();
    assert!(holds(&offer) && !plan.send && plan.receive);
}

#[test]
fn ipv6_is_answered_in_ipv6() {
    let text =
        "v=0\r\no=- 1 1 IN IP6 2001:db8::7\r\nc=IN IP6 2001:db8::7\r\nm=audio 4000 RTP/AVP 8\r\n";
    let offer = Session::parse(text.as_bytes()).unwrap();
    let mut terms = Terms::new(7, "[2001:db8::1]:20000".parse().unwrap(), Codecs::default());
    let (answer, plan) = negotiate(&offer, &mut terms).unwrap();
    assert_eq!(plan.remote, "[2001:db8::7]:4000".parse().unwrap());
    assert_eq!(answer.connection.as_deref(), Some("IN IP6 2001:db8::1"));
}

#[test]
fn the_version_counts_up_only_when_something_changed() {
    let mut terms = terms();
    let version = |session: &Session| session.origin.split(' ').nth(2).unwrap().to_owned();
    let (first, _) = negotiate(&offer("8", &[]), &mut terms).unwrap();
    let (again, _) = negotiate(&offer("8", &[]), &mut terms).unwrap();
    let (held, _) = negotiate(&offer("8", &["a=sendonly"]), &mut terms).unwrap();
    let (back, _) = negotiate(&offer("8", &[]), &mut terms).unwrap();
    let versions: Vec<_> = [&first, &again, &held, &back].map(version).to_vec();
    assert_eq!(versions, ["7", "7", "8", "9"]);
}

#[test]
fn our_offer_has_both_laws_and_its_answer_is_taken() {
    let mut terms = terms();
    let sent = make_offer(&mut terms);
    assert!(text(&sent).contains("m=audio 20000 RTP/AVP 8 0 101\r\n"));
    let answer = offer("0 101", &["a=rtpmap:101 telephone-event/8000"]);
    let plan = accept_answer(&answer, &terms).unwrap();
    assert_eq!(
        (plan.codec, plan.payload_type, plan.dtmf_payload_type),
        (Codec::Pcmu, 0, Some(101))
    );
}

#[test]
fn holding_the_peer_is_sendonly_and_hears_nothing_of_it() {
    let mut terms = terms();
    terms.direction = Direction::SendOnly;
    assert!(text(&make_offer(&mut terms)).contains("a=sendonly\r\n"));
    let plan = accept_answer(&offer("8", &["a=recvonly"]), &terms).unwrap();
    assert!(plan.send && !plan.receive);
    // A peer that ignores the direction is not heard either.
    assert!(!accept_answer(&offer("8", &[]), &terms).unwrap().receive);
}

#[test]
fn an_answer_that_is_none_is_refused() {
    let mut terms = terms();
    make_offer(&mut terms);
    assert_eq!(accept_answer(&offer("9", &[]), &terms), Err(Refused::NoCodec));
    let two = offer("8", &["m=audio 4002 RTP/AVP 8"]);
    assert_eq!(accept_answer(&two, &terms), Err(Refused::Media));
    let mut none = offer("8", &[]);
    none.media[0].port = 0;
    assert_eq!(accept_answer(&none, &terms), Err(Refused::NoAudio));
}

// RFC 3551, 7587, 4733, 3389: wide band

fn wide() -> Terms {
    let codecs = Codecs::new([Codec::G722, Codec::Pcma, Codec::Pcmu, Codec::Opus]).unwrap();
    Terms::new(7, RTP.parse().unwrap(), codecs)
}

const OPUS: &str = "a=rtpmap:107 opus/48000/2";

#[test]
fn rfc3551_4_5_2_g722_is_known_by_its_number_and_its_clock_of_8000() {
    let (answer, plan) = negotiate(&offer("0 8 9", &[]), &mut wide()).unwrap();
    assert_eq!((plan.codec, plan.payload_type), (Codec::G722, 9));
    assert!(text(&answer).contains("m=audio 20000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n"));
    // A phone that takes the mistake of the standard for one of its own.
    let wrong = offer("9 8", &["a=rtpmap:9 G722/16000"]);
    assert_eq!(negotiate(&wrong, &mut wide()).unwrap().1.codec, Codec::Pcma);
}

#[test]
fn rfc3264_6_1_our_order_chooses_and_the_other_partys_codec_comes_before_it() {
    let offered = offer("0 8 9 107", &[OPUS]);
    let mut asked = wide();
    asked.codecs = asked.codecs.clone().with_first(Some(Codec::Pcmu));
    assert_eq!(negotiate(&offered, &mut asked).unwrap().1.codec, Codec::Pcmu);
    assert!(text(&make_offer(&mut asked)).contains("RTP/AVP 0 9 8 111 101 110\r\n"));
    assert_eq!(negotiate(&offered, &mut wide()).unwrap().1.codec, Codec::G722);
    assert_eq!(negotiate(&offer("0 8", &[]), &mut wide()).unwrap().1.codec, Codec::Pcma);
}

#[test]
fn rfc7587_7_opus_has_48000_and_two_channels_in_its_name_and_one_in_its_sound() {
    let mut terms = wide();
    let sent = text(&make_offer(&mut terms));
    for line in [
        "a=rtpmap:111 opus/48000/2\r\n",
        "a=fmtp:111 maxaveragebitrate=32000;useinbandfec=1;usedtx=1;stereo=0\r\n",
        "a=rtpmap:101 telephone-event/8000\r\n",
        "a=rtpmap:110 telephone-event/48000\r\n",
    ] {
        assert!(sent.contains(line), "{line} in {sent}");
    }
    let lines = [OPUS, "a=fmtp:107 useinbandfec=1; maxaveragebitrate=20000;maxplaybackrate=16000"];
    let plan = accept_answer(&offer("107 8", &lines), &terms).unwrap();
    assert_eq!((plan.codec, plan.payload_type), (Codec::Opus, 107));
    assert_eq!(plan.opus, OpusTerms { bitrate_bps: 20_000, fec: true, rate: Rate::Wide });
}

#[test]
fn rfc7587_6_1_parameters_out_of_their_range_are_brought_into_it_and_nonsense_is_passed_over() {
    let of = |line: &str| {
        let offered = offer("107", &[OPUS, &format!("a=fmtp:107 {line}")]);
        negotiate(&offered, &mut wide()).unwrap().1.opus
    };
    assert_eq!(of("maxaveragebitrate=1").bitrate_bps, 6000);
    assert_eq!(of("maxaveragebitrate=510000").bitrate_bps, 64_000);
    assert_eq!(of("maxaveragebitrate=x;;=;useinbandfec=2"), OpusTerms::default());
    assert_eq!(of("maxplaybackrate=8000").rate, Rate::Narrow);
}

#[test]
fn rfc4733_2_1_events_count_by_the_clock_of_the_codec_or_by_8000_where_there_is_no_other() {
    let both = ["a=rtpmap:96 telephone-event/8000", "a=rtpmap:97 telephone-event/48000", OPUS];
    let of = |formats: &str, lines: &[&str]| {
        let (answer, plan) = negotiate(&offer(formats, lines), &mut wide()).unwrap();
        let number = plan.dtmf_payload_type.unwrap();
        let line = format!("a=rtpmap:{number} telephone-event/{}\r\n", plan.dtmf_clock_hz);
        assert!(text(&answer).contains(&line), "{}", text(&answer));
        (number, plan.dtmf_clock_hz)
    };
    assert_eq!(of("107 96 97", &both), (97, 48_000));
    assert_eq!(of("9 96 97", &both), (96, 8000));
    assert_eq!(of("107 96", &both), (96, 8000));
}

#[test]
fn rfc8866_6_4_packets_are_as_long_as_the_peer_asks_and_no_longer_than_it_takes() {
    let of = |lines: &[&str]| negotiate(&offer("8", lines), &mut wide()).unwrap().1.ptime_ms;
    assert_eq!(of(&[]), 20);
    for (ptime, sent) in [("10", 10), ("20", 20), ("30", 30), ("40", 30), ("60", 60), ("120", 60)] {
        assert_eq!(of(&[&format!("a=ptime:{ptime}")]), sent);
    }
    assert_eq!(of(&["a=maxptime:10"]), 10);
    assert_eq!(of(&["a=ptime:60", "a=maxptime:30"]), 30);
    for nonsense in ["0", "-20", "x", "NaN", "5"] {
        assert!([10, 20].contains(&of(&[&format!("a=ptime:{nonsense}")])), "{nonsense}");
    }
}

#[test]
fn rfc3389_comfort_noise_is_answered_where_it_is_offered_and_not_asked_for() {
    let (answer, plan) = negotiate(&offer("8 13", &[]), &mut wide()).unwrap();
    assert!(plan.comfort_noise);
    assert!(text(&answer).contains("RTP/AVP 8 13\r\n"));
    assert!(!negotiate(&offer("8", &[]), &mut wide()).unwrap().1.comfort_noise);
    assert!(!text(&make_offer(&mut wide())).contains("CN/8000"));
}

#[test]
fn an_answer_in_a_codec_that_we_did_not_offer_is_refused() {
    let mut terms = terms();
    make_offer(&mut terms);
    assert_eq!(accept_answer(&offer("107", &[OPUS]), &terms), Err(Refused::NoCodec));
    assert_eq!(accept_answer(&offer("9 8", &[]), &terms).unwrap().codec, Codec::Pcma);
}

// RFC 4568

const KEY: &str =
    "a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

/// Our terms under a policy, with keys made of one byte.
fn protected(protection: Protection) -> Terms {
    let mut terms = terms().protected(protection);
    let mut byte = 0;
    terms.renew_keys(&mut |bytes| {
        byte += 1;
        bytes.fill(byte);
    });
    terms
}

/// An offer whose media stand below the session's lines.
fn offer_of(media: &str) -> Session {
    let head = "v=0\r\no=phone 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\n";
    Session::parse(format!("{head}{media}").as_bytes()).unwrap()
}

#[test]
fn an_encrypted_medium_is_answered_with_its_tag_and_suite_and_a_key_of_ours() {
    let offer = offer_of(&format!("m=audio 4000 RTP/SAVP 8\r\n{KEY}\r\n"));
    let (answer, plan) = negotiate(&offer, &mut protected(Protection::Only)).unwrap();
    let srtp = plan.srtp.unwrap();
    assert_eq!(srtp.receive.reveal(), b"wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#");
    assert_eq!(srtp.send.reveal(), [2; 30]);
    let text = text(&answer);
    assert!(text.contains("m=audio 20000 RTP/SAVP 8\r\n"), "{text}");
    assert!(text.contains("a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:AgICAg"), "{text}");
}

#[test]
fn of_an_offer_in_both_ways_the_encrypted_one_is_taken_where_it_may_be() {
    let both = format!("m=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/SAVP 8\r\n{KEY}\r\n");
    let ports = |protection| {
        let (answer, plan) = negotiate(&offer_of(&both), &mut protected(protection)).unwrap();
        assert_eq!(plan.srtp.is_some(), answer.media[0].port == 0);
        (answer.media[0].port, answer.media[1].port)
    };
    assert_eq!(ports(Protection::Only), (0, 20_000));
    assert_eq!(ports(Protection::Either), (0, 20_000));
    assert_eq!(ports(Protection::Clear), (20_000, 0));
}

#[test]
fn rfc_3264_8_2_a_refused_medium_that_stays_in_later_offers_is_no_hold() {
    let of = |media: &str| holds(&offer_of(media));
    assert!(!of("m=audio 0 RTP/AVP 8\r\nm=audio 4002 RTP/SAVP 8\r\n"));
    assert!(of("m=audio 0 RTP/AVP 8\r\nm=audio 4002 RTP/SAVP 8\r\na=sendonly\r\n"));
    assert!(of("m=audio 0 RTP/AVP 8\r\nm=audio 0 RTP/SAVP 8\r\n"), "no sound at all");
    assert!(of("m=video 4002 RTP/AVP 99\r\n"));
}

#[test]
fn a_key_in_a_profile_in_clear_means_that_encryption_is_welcome() {
    let offer = offer_of(&format!("m=audio 4000 RTP/AVP 8\r\n{KEY}\r\n"));
    let taken = |protection| negotiate(&offer, &mut protected(protection)).unwrap();
    let (answer, plan) = taken(Protection::Either);
    assert_eq!((answer.media[0].proto.as_str(), plan.srtp.is_some()), ("RTP/AVP", true));
    assert!(text(&answer).contains("a=crypto:5 "));
    let (answer, plan) = taken(Protection::Clear);
    assert!(plan.srtp.is_none() && !text(&answer).contains("crypto"));
}

#[test]
fn the_first_key_that_can_be_used_is_taken() {
    let lines = "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n\
                 a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^31|1:4\r\n";
    let offer = offer_of(&format!("m=audio 4000 RTP/SAVP 8\r\n{lines}{KEY}\r\n"));
    let (answer, _) = negotiate(&offer, &mut protected(Protection::Either)).unwrap();
    assert!(text(&answer).contains("a=crypto:5 "));
    let none = offer_of(&format!("m=audio 4000 RTP/SAVP 8\r\n{lines}"));
    let refused = negotiate(&none, &mut protected(Protection::Either)).unwrap_err();
    assert_eq!(refused, Refused::NoKey);
}

#[test]
fn what_would_be_in_clear_where_it_must_not_is_refused() {
    let clear = offer_of("m=audio 4000 RTP/AVP 8\r\n");
    let of = |protection| negotiate(&clear, &mut protected(protection)).unwrap_err();
    assert_eq!(of(Protection::Only), Refused::Clear);
    assert_eq!(of(Protection::Impossible), Refused::Unprotected);
    assert!(negotiate(&clear, &mut protected(Protection::Either)).is_ok());
}

#[test]
fn an_answer_has_to_name_one_of_our_keys_and_its_suite() {
    let mut terms = protected(Protection::Either);
    let sent = make_offer(&mut terms);
    assert!(text(&sent).contains("m=audio 20000 RTP/SAVP 8 0 101\r\n"));
    let answer = |proto: &str, line: &str| {
        accept_answer(&offer_of(&format!("m=audio 4000 {proto} 8\r\n{line}\r\n")), &terms)
    };
    let right = KEY.replace("crypto:5", "crypto:2");
    let plan = answer("RTP/SAVP", &right).unwrap().srtp.unwrap();
    assert_eq!((plan.send.reveal(), plan.receive.reveal()[0]), (&[2; 30][..], b'w'));
    assert_eq!(answer("RTP/SAVP", KEY), Err(Refused::NoKey), "no such tag");
    let other = KEY.replace("crypto:5", "crypto:1");
    assert_eq!(answer("RTP/SAVP", &other), Err(Refused::NoKey), "the tag of another suite");
    assert_eq!(answer("RTP/SAVP", "a=x"), Err(Refused::NoKey), "no key at all");
    assert_eq!(answer("RTP/AVP", &right), Err(Refused::Media), "another profile");
}

#[test]
fn keys_are_never_printed() {
    let offer = offer_of(&format!("m=audio 4000 RTP/SAVP 8\r\n{KEY}\r\n"));
    let (answer, plan) = negotiate(&offer, &mut protected(Protection::Only)).unwrap();
    let printed = format!("{offer:?} {answer:?} {plan:?}");
    assert!(!printed.contains("d0Rm") && !printed.contains("AgIC"), "{printed}");
}

#[test]
fn malformed_and_oversized_descriptions_are_refused() {
    let of = |text: &str| Session::parse(text.as_bytes()).unwrap_err();
    assert_eq!(of(""), SdpError::Version);
    assert_eq!(of("v=1\r\n"), SdpError::Version);
    assert_eq!(of("v=0\r\n"), SdpError::Origin);
    assert_eq!(of("v=0\r\no=- 1 1 IN IP4\r\n"), SdpError::Origin);
    assert_eq!(of("v=0\r\nnonsense\r\n"), SdpError::Line("nonsense".into()));
    for media in ["audio", "audio x RTP/AVP 8", "audio 70000 RTP/AVP 8", "audio 4000 RTP/AVP"] {
        assert_eq!(of(&format!("v=0\r\nm={media}\r\n")), SdpError::Media(media.into()));
    }
    assert_eq!(of(&format!("v=0\r\n{}", "m=audio 1 RTP/AVP 8\r\n".repeat(17))), SdpError::TooMany);
    assert_eq!(of(&format!("v=0\r\n{}", "a=x\r\n".repeat(129))), SdpError::TooMany);
    assert_eq!(of(&format!("v=0\r\nm=audio 1 RTP/AVP{}\r\n", " 8".repeat(65))), SdpError::TooMany);
    assert_eq!(of(&"v".repeat(20_000)), SdpError::TooLarge(20_000));
}

const BASE: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=c\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n\
    m=video 4002 RTP/AVP 99\r\nc=IN IP6 ::1\r\n";

proptest! {
    #[test]
    fn mutated_descriptions_neither_panic_nor_change_when_written_and_read_again(
        edits in prop::collection::vec((0..BASE.len(), any::<u8>(), 0..3u8), 0..8)
    ) {
        let mut bytes = BASE.as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at.min(bytes.len().saturating_sub(1));
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => _ = bytes.remove(at),
            }
        }
        if let Ok(session) = Session::parse(&bytes) {
            prop_assert_eq!(Session::parse(&session.encode()), Ok(session.clone()));
            let _ = negotiate(&session, &mut terms());
            let _ = accept_answer(&session, &terms());
            let _ = holds(&session);
        }
    }
}
