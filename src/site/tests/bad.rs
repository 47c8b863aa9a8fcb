//! Each file under `bad` is refused with exactly the words beside it.
//!
//! After a wording has changed, `WRITE_EXPECTED=1 cargo test -p site --test bad` writes what is said
//! now; read the difference before it is committed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::site::{AtCeiling, CallerId, Ceiling, Lang, Notice, NumberForm, Ringing, Told, Vendor};
use model::srtp::SrtpPolicy;
use model::{Number, PromptId, Supervising};
use site::{Fault, PromptFiles, load};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What the small site says, and one prompt that lacks a language.
fn prompts() -> PromptFiles {
    let mut files = PromptFiles::default();
    for lang in Lang::ALL {
        site::needed(lang).into_iter().for_each(|id| files.add(lang, id));
        for id in ["main", "closed", "agent.not-ready.break", "agent.not-ready.lunch"] {
            files.add(lang, PromptId::new(id));
        }
    }
    files.add(Lang::En, PromptId::new("english-only"));
    files.add_music(PromptId::new("music.hold"));
    files
}

fn faults(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    // One of the files is good: what is wrong is the box.
    let lost = path.file_stem().is_some_and(|stem| stem == "box-prompts-missing");
    let mut files = prompts();
    if lost {
        files = PromptFiles::default();
        for lang in Lang::ALL {
            let lacks = |id: &PromptId| id.as_str() != "ivr.to-agent" || lang == Lang::Zh;
            site::needed(lang).into_iter().filter(lacks).for_each(|id| files.add(lang, id));
            ["main", "closed"].into_iter().for_each(|id| files.add(lang, PromptId::new(id)));
        }
        files.add_music(PromptId::new("music.hold"));
    }
    let faults = match load(&text, &files) {
        Ok(_) => Vec::new(),
        Err(faults) => faults,
    };
    assert!(faults.is_sorted(), "{path:?}: not in the order of the file");
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[test]
fn each_bad_example_is_refused_with_the_words_beside_it() {
    let (mut seen, mut wrong) = (0, Vec::new());
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder().join("bad")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        seen += 1;
        let said = faults(path);
        if std::env::var_os("WRITE_EXPECTED").is_some() {
            std::fs::write(path.with_extension("expected"), &said).unwrap();
        }
        let expected = std::fs::read_to_string(path.with_extension("expected")).unwrap_or_default();
        if said != expected || said.is_empty() {
            wrong.push(format!("{}\nexpected:\n{expected}said:\n{said}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 40, "only {seen} bad examples were read");
}

#[test]
fn the_small_site_they_are_made_from_is_good() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let loaded = load(&text, &prompts()).unwrap();
    assert_eq!(loaded.notes, []);
}

#[test]
fn no_message_shows_a_password() {
    for name in ["password-weak", "password-in-the-wrong-place"] {
        let said = faults(&folder().join("bad").join(name).with_extension("toml"));
        for secret in ["correct horse", "80028002", "12345678", "99887766"] {
            assert!(!said.contains(secret), "{name}: {said}");
        }
    }
}

#[test]
fn no_message_shows_a_callers_number() {
    let said = faults(&folder().join("bad/vip-number.toml"));
    assert!(said.contains("entry 2") && !said.contains("138"), "{said}");
}

#[test]
fn a_password_is_not_printed_with_the_site() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let loaded = load(&text, &prompts()).unwrap();
    let printed = format!("{loaded:?}");
    assert!(printed.contains("王芳") && !printed.contains("correct horse"));
}

#[test]
fn odd_things_are_remarked_but_allowed() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let odd = "\n[message.lonely]\nsay = \"closed\"\nthen = \"desk\"\n\n\
               [queue.empty]\nname = \"Empty\"\n\n\
               [schedule.unused]\ndaily = \"00:00-24:00\"\n\n\
               [trunk.self]\npeers = [\"127.0.0.1\"]\nentry = \"main\"\n\n\
               [vip]\nnumbers = [\"110\", \"110\"]\n";
    let text = text.replace("192.168.1.10", "127.0.0.1") + odd;
    let notes = load(&text, &prompts()).unwrap().notes;
    let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "site.toml:45:10: message.lonely: note: no call can get here: no key, line or node leads to it",
            "site.toml:49:8: queue.empty: note: no call can get here: no [to-queue.NAME] that is reached leads to it",
            "site.toml:52:11: schedule.unused: note: no [hours.NAME] asks for this schedule",
            "site.toml:56:10: trunk.self.peers: note: '127.0.0.1' is a trunk's peer: any phone on this very machine may call without a password",
            "site.toml:60:19: vip.numbers: note: entry 2 is on the list twice",
        ]
    );
}

#[test]
fn a_code_of_an_old_site_keeps_its_meaning_where_a_newer_code_would_take_it() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let loaded = load(&(text + "\n[codes]\nready = \"*2\"\n"), &prompts()).unwrap();
    let codes = loaded.site.codes;
    assert_eq!((codes.ready.as_str(), codes.transfer.as_str()), ("*2", "*900"));
    let notes: Vec<String> = loaded.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "site.toml:45:2: codes.transfer: note: '*2' is in use, so that it is *900; better name one"
        ]
    );
}

#[test]
fn phones_roles_and_trunks_are_read_as_they_are_written() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let more = std::fs::read_to_string(folder().join("everything.toml")).unwrap();
    let text = text.replace("[port.fxo-1]", &format!("{more}\n[port.fxo-1]"));
    let text = text.replace("password = \"correct horse\"", "role = \"desk\"\npin = \"2468\"");
    let loaded = load(&text, &prompts()).map_err(|faults| format!("{faults:?}")).unwrap();
    assert_eq!(loaded.notes, []);
    let site = loaded.site;
    let phone = &site.phones[&"8001".into()];
    assert_eq!(phone.password.reveal(), "battery staple");
    assert_eq!(site.agents[&"8001".into()].password, phone.password);
    assert_eq!((phone.vendor, phone.mac), (Vendor::Yealink, Some([0x80, 0x5e, 0xc0, 1, 2, 3])));
    assert_eq!(phone.keys, ["8101", "702"]);
    assert!(phone.auto_answer && !phone.hot_desk);
    assert_eq!(site.phones[&"8101".into()].role, Some("desk".into()));
    let role = &site.roles[&"desk".into()];
    assert_eq!((role.calls_a_day, role.minutes_a_day), (Some(200), None));
    assert!(role.dial.contains("mobile") && role.also == ["+8621"]);
    assert_eq!(site.parking.slots, ["701", "702", "703"]);
    let numbering = &site.numbering;
    assert_eq!((numbering.country.as_str(), numbering.area.as_str()), ("86", "21"));
    assert!(numbering.emergency.contains("110") && numbering.emergency.contains("999"));
    assert_eq!(numbering.ceiling, Ceiling { calls: Some(1000), minutes: None });
    assert_eq!(numbering.at_ceiling, AtCeiling::Cut);
    assert_eq!((role.calls_at_once, role.picks_up_anywhere), (Some(5), true));
    assert_eq!(role.supervises, [Supervising::Listen, Supervising::TakeOver].into());
    assert_eq!(site.supervision.notice, Notice::Beep);
    let sms = site.sms.as_ref().unwrap();
    assert_eq!((sms.numbers.len(), sms.an_hour, sms.lang), (2, 4, Lang::En));
    assert_eq!(sms.pin.as_ref().map(|pin| pin.reveal()), Some("4711"));
    assert!(matches!(&sms.alarms, Told::Only(keys) if keys.len() == 2));
    assert_eq!(phone.pick_up_group.as_deref(), Some("front"));
    let (longest, forward_after) = (Duration::from_secs(40), Duration::from_secs(15));
    assert_eq!(site.ringing, Ringing { longest, forward_after });
    let guarding = &site.sip.guarding;
    assert_eq!((guarding.requests_per_s, guarding.wrong_passwords), (50, 5));
    assert_eq!(guarding.ban, Duration::from_secs(3600));
    assert_eq!(guarding.trusted, [("10.0.0.0".parse().unwrap(), 8)]);
    let lines = &site.trunks[&"lines".into()];
    assert_eq!((lines.ports.as_slice(), lines.calls_max), (&["fxo-1".into()][..], 1));
    assert!(lines.dials_out() && !lines.by_sip() && lines.out.order == 3);
    let out = &site.trunks[&"carrier".into()].out;
    let care = site.sip.care;
    assert!(care.suppress_noise && care.automatic_level && out.suppress_noise == Some(false));
    let targets: Vec<String> =
        out.targets.iter().map(|to| format!("{} {}", to.transport, to.addr)).collect();
    assert_eq!(targets, ["TLS 203.0.113.7:5061", "TCP [2001:db8::7]:5070", "UDP 203.0.113.8:5060"]);
    assert_eq!(out.account.as_ref().map(|account| account.expires_s), Some(600));
    assert_eq!(out.caller_id, CallerId::Fixed(Number::new("02160000000")));
    assert_eq!((out.form, out.order, out.trusted), (NumberForm::E164, 2, true));
    assert!(out.keys_by_info);
    assert_eq!((out.srtp, out.options_every), (Some(SrtpPolicy::Offer), Duration::ZERO));
    let sip = &site.sip;
    assert_eq!(sip.tls.as_ref().map(|tls| tls.bind.port()), Some(5061));
    assert_eq!((sip.srtp, sip.session_s, sip.connections_max), (SrtpPolicy::Require, 600, 50));
    assert!(sip.provision.as_ref().is_some_and(|provision| provision.multicast));
}

#[test]
fn too_many_faults_are_counted_not_listed() {
    let text = (0..site::FAULTS_MAX + 50).map(|n| format!("k{n} = 1\n")).collect::<String>();
    let faults = load(&format!("format = 1\n{text}"), &prompts()).unwrap_err();
    assert_eq!(faults.len(), site::FAULTS_MAX + 1);
    let last = faults.last().map(Fault::to_string).unwrap();
    assert!(last.ends_with("more faults"), "{last}");
}

#[test]
fn a_text_too_long_is_not_even_read() {
    let text = "#".repeat(site::TEXT_BYTES_MAX + 1);
    let faults = load(&text, &prompts()).unwrap_err();
    assert_eq!(faults[0].to_string(), "site.toml:1:1: has 1048577 bytes; at most 1048576 are read");
}

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    let lines: BTreeSet<u32> = {
        let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
        let text = text
            .replace("Asia/Shanghai", "Asia/Nowhere")
            .replace("channel = 1", "channel = 0")
            .replace("\"general\"]", "\"GENERAL\"]")
            .replace("to-agent", "too-agent");
        load(&text, &prompts()).unwrap_err().iter().map(|fault| fault.place.line).collect()
    };
    assert_eq!(lines, BTreeSet::from([5, 13, 19, 23, 25, 26]));
}

#[test]
fn the_name_of_a_certificate_counts_where_certificates_are_asked_for() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let named = "\n[phone.8101]\npassword = \"battery staple\"\ncertificate = \"desk.example\"\n";
    let asked = "\n[sip.tls]\nbind = \"192.0.2.1:5061\"\nclients = \"/etc/phones.pem\"\n";
    let loaded = load(&format!("{text}{named}{asked}"), &prompts());
    let site = loaded.map_err(|faults| format!("{faults:?}")).unwrap().site;
    assert_eq!(site.phones[&"8101".into()].certificate.as_deref(), Some("desk.example"));
    let faults = format!("{:?}", load(&format!("{text}{named}"), &prompts()).err().unwrap());
    assert!(faults.contains("no certificates are asked for; name their authorities"), "{faults}");
}

#[test]
fn a_site_says_how_many_threads_of_sound_there_are_or_the_machine_does() {
    let text = std::fs::read_to_string(folder().join("minimal.toml")).unwrap();
    let sound = |more: &str| load(&format!("{text}\n[media]\n{more}\n"), &prompts()).unwrap().site;
    let threads = |more: &str, cores| sound(more).sip.sound.threads_on(cores);
    assert_eq!([1, 2, 3, 4, 9, 64].map(|cores| threads("", cores)), [1, 1, 2, 3, 8, 8]);
    assert_eq!(threads("threads = 4", 2), 4);
    assert_eq!((threads("core = 3", 8), sound("core = 3").sip.sound.cores), (1, vec![3]));
    assert_eq!(
        (threads("cores = [1, 3]", 8), sound("cores = [1, 3]").sip.sound.cores),
        (2, vec![1, 3])
    );
    assert_eq!(threads("cores = [1, 3]\nthreads = 2", 8), 2);
}
