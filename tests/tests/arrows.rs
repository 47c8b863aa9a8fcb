//! The arrows of the design: which crate of the house may import which.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Every crate of ours and what it may import of ours. A crate that is not named here fails the
/// test, so that nobody joins the house unseen.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("site", &["model"]),
    ("sip", &["model"]),
    ("line", &["model"]),
    ("media", &["model"]),
    ("call", &["model"]),
    ("ivr", &["model"]),
    ("queue", &["model"]),
    ("agent", &["model"]),
    ("dial", &["model"]),
    ("exchange", &["call", "ivr", "queue", "agent", "dial", "model"]),
    ("vault", &["model"]),
    ("journal", &["model"]),
    ("report", &["model"]),
    ("control", &["model"]),
    ("board", &["model"]),
    ("phone", &["model"]),
    ("tui", &["control"]),
    (
        "ringfence",
        &[
            "exchange", "sip", "line", "media", "vault", "journal", "report", "control", "site",
            "board", "phone", "model",
        ],
    ),
];

/// Crates that may speak to the operating system's sockets, threads and devices.
const SEES_THE_SYSTEM: &[&str] = &["ringfence", "board", "tui", "tests"];
/// What a core may not depend on, even through a feature: the world.
const WORLD: &[&str] = &["tokio", "socket2", "getrandom", "rand", "crossterm", "systemd", "alsa"];

fn imports(kinds: &[DependencyKind]) -> BTreeMap<String, BTreeSet<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap();
    let packages = metadata.packages.iter();
    packages
        .map(|package| {
            let used = package.dependencies.iter().filter(|used| kinds.contains(&used.kind));
            (package.name.to_string(), used.map(|used| used.name.clone()).collect())
        })
        .collect()
}

#[test]
fn every_import_follows_an_arrow_of_the_design() {
    let imports = imports(&[DependencyKind::Normal, DependencyKind::Build]);
    let ours: BTreeSet<&String> = imports.keys().collect();
    for (name, used) in &imports {
        if ["tests", "fuzzed"].contains(&name.as_str()) {
            continue;
        }
        let arrow = ARROWS.iter().find(|(from, _)| from == name);
        let (_, allowed) =
            arrow.unwrap_or_else(|| panic!("{name} has no arrows: add it to the design"));
        for used in used.iter().filter(|used| ours.contains(used)) {
            assert!(allowed.contains(&used.as_str()), "{name} may not import {used}");
        }
    }
}

#[test]
fn nothing_imports_the_tests() {
    let imports =
        imports(&[DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development]);
    for (name, used) in imports {
        assert!(!used.contains("tests"), "{name} imports tests");
    }
}

#[test]
fn only_the_daemon_the_board_and_the_console_see_the_operating_system() {
    for (name, used) in imports(&[DependencyKind::Normal, DependencyKind::Build]) {
        if SEES_THE_SYSTEM.contains(&name.as_str()) {
            continue;
        }
        for world in WORLD {
            assert!(!used.contains(*world), "{name} may not depend on {world}");
        }
    }
}

#[test]
fn the_chosen_packages_are_really_used() {
    let used: BTreeSet<String> =
        imports(&[DependencyKind::Normal]).into_values().flatten().collect();
    for package in ["tokio", "rtp", "rsip", "sled", "heapless", "ratatui", "systemd", "alsa"] {
        assert!(used.contains(package), "no crate uses {package}");
    }
}
