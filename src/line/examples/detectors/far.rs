//! The far end: spandsp's generators, in a program of its own (`tests/far/tones.c`).

use std::path::PathBuf;
use std::process::Command;

/// The program, built.
pub struct Far {
    program: PathBuf,
    _dir: tempfile::TempDir,
}

impl Far {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("tones");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/far/tones.c");
        let mut gcc = Command::new("gcc");
        let built = gcc.args(["-O1", "-o"]).arg(&program).args([source, "-lspandsp", "-lm"]);
        assert!(built.status().unwrap().success(), "libspandsp-dev is needed: scripts/setup test");
        Self { program, _dir: dir }
    }

    /// A caller's number.
    pub fn caller_id(&self, kind: &str, number: &str) -> Vec<i16> {
        self.samples(&["cid", kind, number])
    }

    /// Keys, the high tone so much above the low one.
    pub fn keys(&self, keys: &str, on_ms: usize, off_ms: usize, twist_db: i32) -> Vec<i16> {
        let numbers = [on_ms.to_string(), off_ms.to_string(), twist_db.to_string()];
        self.samples(&["keys", keys, &numbers[0], &numbers[1], &numbers[2]])
    }

    /// A tone of one pitch, of so many milliseconds and pause; no pause is for ever.
    pub fn tone(&self, hz: u16, on_ms: u16, off_ms: u16, ms: usize) -> Vec<i16> {
        let numbers = [hz.to_string(), on_ms.to_string(), off_ms.to_string(), ms.to_string()];
        self.samples(&["tone", &numbers[0], "0", &numbers[1], &numbers[2], "0", "0", &numbers[3]])
    }

    fn samples(&self, arguments: &[&str]) -> Vec<i16> {
        let made = Command::new(&self.program).args(arguments).output().unwrap();
        assert!(made.status.success(), "{arguments:?}: {made:?}");
        made.stdout.chunks_exact(2).map(|two| i16::from_ne_bytes([two[0], two[1]])).collect()
    }
}
