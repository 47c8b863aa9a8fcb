//! The files and screens of each vendor, word for word. `GOLDEN=write cargo test -p phone` writes
//! them anew; whoever does so reads the difference.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{DESKS, setup, site};
use model::order::Pop;
use model::site::{Lang, Marks, Vendor};
use model::{Codec, Codecs, Number, PersonName};
use phone::{Caller, Mac, Push, Shown, files, render, screen};
use std::path::PathBuf;

fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == text, "{name} differs from what was agreed:\n{text}");
}

#[test]
fn every_vendor_gets_its_file_word_for_word() {
    let site = site();
    for (number, vendor, mac) in DESKS {
        let setup = setup(&site, number).unwrap();
        for name in files(vendor, Mac(mac)) {
            golden(&name, &render(&setup, &name).unwrap().body);
        }
    }
}

#[test]
fn a_phone_is_told_the_codecs_of_the_site_in_their_order() {
    let mut site = site();
    site.sip.codecs = Codecs::new([Codec::Pcmu, Codec::G722]).unwrap();
    let says = [
        "account.1.codec.pcmu.priority = 1\naccount.1.codec.g722.enable = 1\n\
         account.1.codec.g722.priority = 2\naccount.1.codec.pcma.enable = 0\n\
         account.1.codec.opus.enable = 0\n",
        "<VoiceCodecMap>PCMU,G722</VoiceCodecMap>",
        "choice.2\">G.722</item>",
        "voice.codecPref.G711_A=\"0\"",
    ];
    for ((number, vendor, mac), says) in DESKS.into_iter().zip(says) {
        let setup = setup(&site, number).unwrap();
        let name = files(vendor, Mac(mac)).pop().unwrap();
        let body = render(&setup, &name).unwrap().body;
        assert!(body.contains(says), "{vendor:?}:\n{body}");
    }
}

#[test]
fn every_vendor_gets_its_screen_word_for_word() {
    let pop = Pop {
        from: "门诊 <1>".into(),
        waited_s: 130,
        marks: Marks { vip: true, complaint: true },
        masked: true,
        ..Pop::default()
    };
    let (number, name) = (Number::new("13912345678"), PersonName::new("Wang & \"Fang\"\r\n"));
    let shown = Shown::new(Caller { number: &number, name: &name }, &pop, Lang::Zh);
    for (vendor, file) in [
        (Vendor::Yealink, "screen-yealink.xml"),
        (Vendor::Fanvil, "screen-fanvil.xml"),
        (Vendor::Grandstream, "screen-grandstream.xml"),
    ] {
        match screen::of(vendor).unwrap().pop(&shown) {
            Push::Notify { body, .. } | Push::NotifyAndServe { body, .. } => golden(file, &body),
            Push::HttpPost { .. } => panic!("{vendor:?} needs no web server on a phone"),
        }
    }
    assert!(screen::of(Vendor::Poly).is_none());
}
