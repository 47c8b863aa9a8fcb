//! `kill -9` at any moment: no synced fact is lost and the views agree with what is there.
#![allow(clippy::unwrap_used)] // a test that cannot go on may fall

mod common;

use common::*;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const CHILD: &str = "JOURNAL_TEST_POWER";
const ROUNDS: u64 = 30;

/// Appends calls for ever and says which fact is synced.
fn write_until_killed(dir: &Path) -> ! {
    let mut journal = open(dir);
    loop {
        let call = journal.counters().next_call;
        let facts = timed(story(call), call as i64 * 20_000);
        // Batches of a turn's size, a sync after some of them.
        for (n, batch) in facts.chunks(1 + (call % 7) as usize).enumerate() {
            journal.append(batch).unwrap();
            if n % 3 == 0 {
                journal.sync().unwrap();
                println!("synced {}", journal.durable_seq());
            }
        }
    }
}

#[test]
fn kill_9_at_any_moment_loses_no_synced_fact() {
    if let Ok(dir) = std::env::var(CHILD) {
        write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill_9_at_any_moment_loses_no_synced_fact", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The child goes on while a line is on its way here, so the kill falls anywhere.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut synced = lines.map_while(Result::ok).filter_map(|line| {
            line.split_once("synced ").and_then(|(_, seq)| seq.parse::<u64>().ok())
        });
        let wanted = (round * 37 % 101) as usize;
        let mut last = synced.nth(wanted).expect("the child syncs before it is killed");
        child.kill().unwrap();
        // What it had said before it died counts as well.
        last = synced.last().unwrap_or(last);
        child.wait().unwrap();

        let journal = open(dir.path());
        assert!(journal.last_seq() >= last, "round {round}: {last} was synced");
        assert!(journal.last_seq() > before);
        before = journal.last_seq();
        if round % 5 == 0 || round == ROUNDS - 1 {
            assert_sound(&journal);
        }
    }
}
