//! Each file under `bad` is refused with exactly the words beside it.
//!
//! After a wording has changed, `WRITE_EXPECTED=1 cargo test -p site --test bad` writes what is said
//! now; read the difference before it is committed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::PromptId;
use model::site::Lang;
use site::{Fault, PromptFiles, load};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
