use super::super::card::pretended::Cards;
use super::super::info::Signalling;
use super::*;
use model::port::PortKind;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

/// A program that notes what it was told, and ends as it is told.
fn program(dir: &TempDir, end: &str) -> PathBuf {
    let (path, seen) = (dir.path().join("dahdi_cfg"), dir.path().join("seen"));
    let text = format!("#!/bin/sh\ncat \"$2\" >>{}\n{end}\n", seen.display());
    std::fs::write(&path, text).expect("a program");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("a program");
    path
}

fn seen(dir: &TempDir) -> String {
    let path = dir.path().join("seen");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    text
}

fn configurer(dir: &TempDir, cards: &Cards, cancels_echo: bool) -> Configurer<Cards> {
    let ports = [1, 2].map(|channel| PortWanted { channel, kind: PortKind::Fxo, cancels_echo });
    let file = dir.path().join("system.conf");
    Configurer::new(cards.clone(), vec![], ports.to_vec(), file).by(program(dir, "exit 0"))
}

fn configured(cards: &Cards, signalling: Signalling) {
    for channel in [1, 2] {
        cards.with(channel, |line| line.info.signalling = signalling);
    }
}

const TOLD: &str = "fxsks=1\nfxsks=2\nloadzone=us\ndefaultzone=us\n";

#[test]
fn the_driver_is_told_once_and_again_when_the_site_says_otherwise_or_a_card_was_plugged_in() {
    let dir = tempfile::tempdir().expect("a folder");
    let cards = Cards::new(&[(1, 1, Signalling::None), (2, 1, Signalling::None)]);
    let ours = configurer(&dir, &cards, false);
    let done = ours.begin().expect("told");
    assert_eq!((done.spans, seen(&dir).as_str()), (vec![1], TOLD));
    assert_eq!(done.troubles, [(0, Difference::NotTaken(1))], "this driver did nothing");
    configured(&cards, Signalling::Fxo);
    assert_eq!(ours.begin().expect("told"), Configured::default());
    assert_eq!(ours.again().expect("told"), Configured::default());
    // Echo cancellers are nothing that the driver tells of.
    let done = configurer(&dir, &cards, true).begin().expect("told");
    assert_eq!(done.spans, [1]);
    assert!(seen(&dir).contains("echocanceller=mg2,1\n"));
    // A telephone's channel half configured is in use; one that is bare is not.
    cards.with(1, |line| line.info.signalling = Signalling::None);
    assert_eq!(ours.again().expect("told"), Configured::default());
    configured(&cards, Signalling::None);
    assert_eq!(ours.again().expect("told").spans, [1]);
    assert_eq!(seen(&dir), TOLD);
}

#[test]
fn a_driver_that_somebody_else_configured_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let cards = Cards::new(&[(1, 1, Signalling::Fxo), (2, 1, Signalling::Fxo)]);
    assert_eq!(configurer(&dir, &cards, true).begin().expect("told"), Configured::default());
    assert_eq!(seen(&dir), "");
}

#[test]
fn what_keeps_the_driver_from_being_told_is_said_in_words() {
    let dir = tempfile::tempdir().expect("a folder");
    let cards = Cards::new(&[(1, 1, Signalling::None), (2, 1, Signalling::None)]);
    let ours = configurer(&dir, &cards, false).by(dir.path().join("nothing"));
    let said = ours.begin().expect_err("no program").to_string();
    assert!(said.starts_with("dahdi_cfg is not there: install the driver's tools"), "{said}");
    let ours = configurer(&dir, &cards, false);
    let ours = ours.by(program(&dir, "echo 'line 1: no such thing' >&2; exit 1"));
    let said = ours.begin().expect_err("it fails").to_string();
    assert!(said.ends_with("failed: line 1: no such thing"), "{said}");
}
