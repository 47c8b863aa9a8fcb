//! What fuzzing found is played again: inputs that reach far, and those that once broke a promise.

use fuzzed::TARGETS;
use std::path::{Path, PathBuf};

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_target_keeps_its_promises_for_what_fuzzing_found() {
    for (name, target) in TARGETS {
        let mut count = 0;
        for kind in ["corpus", "regressions"] {
            for file in files(&root().join("tests/fuzz").join(kind).join(name)) {
                let bytes = std::fs::read(&file).unwrap();
                let played = std::panic::catch_unwind(|| target(&bytes));
                assert!(played.is_ok(), "{}", file.display());
                count += 1;
            }
        }
        assert!(count > 0, "{name} has no corpus");
        target(b"");
    }
}

#[test]
fn the_messages_of_the_rfcs_keep_the_promises_of_every_target() {
    for dir in ["rfc4475", "rfc5118"] {
        for file in files(&root().join("src/sip/tests").join(dir)) {
            let bytes = std::fs::read(file).unwrap();
            for (_, target) in TARGETS {
                target(&bytes);
            }
        }
    }
}
