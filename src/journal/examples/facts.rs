//! Measures the journal on the disk it is given: `facts [FOLDER] [CALLS]`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // it measures time, and may fall

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use journal::Journal;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1);
    let parent = args.next().unwrap_or_else(|| ".".into());
    let calls: u64 = args.next().map_or(20_000, |calls| calls.parse().unwrap());
    let dir = tempfile::tempdir_in(&parent).unwrap();
    println!("in a new folder under {parent}, {calls} calls of {} facts", story(1).len());

    let mut journal = open(dir.path());
    append_all(&mut journal, calls);
    commit(&mut journal, calls);
    let facts = journal.last_seq();
    let size = journal.reader().size_bytes().unwrap();
    println!("disk: {:.0} bytes a fact, {} MB", size as f64 / facts as f64, size >> 20);
    drop(journal);

    let (took, journal) = timed_run(|| open(dir.path()));
    println!("reopen with {facts} facts: {took:.1?}");
    let (took, count) = timed_run(|| journal.entries(1).map(Result::unwrap).count());
    println!("read {count} facts: {took:.1?}");
    let first = journal.entries(facts / 2).next().unwrap().unwrap().at;
    let until = model::WallTime(first.0 + 3_600_000);
    let (took, count) = timed_run(|| journal.entries_between(first, until).count());
    println!("read an hour of {count} facts from the middle: {took:.1?}");
    let (took, report) = timed_run(|| journal.check().unwrap());
    println!("check: {took:.1?}, {} rows, clean: {}", report.rows, report.is_clean());
    let (took, report) = timed_run(|| journal.reader().export(&mut std::io::sink()).unwrap());
    println!("export: {took:.1?}, {} MB", report.bytes >> 20);
    drop(journal);
    store_alone(&dir.path().join("alone"));
}

/// Appends as fast as it goes, a call a batch, one sync at the end.
fn append_all(journal: &mut Journal, calls: u64) {
    let start = Instant::now();
    for call in 1..=calls {
        journal.append(&timed(story(call), call as i64 * 6_000)).unwrap();
    }
    journal.sync().unwrap();
    let per_s = journal.last_seq() as f64 / start.elapsed().as_secs_f64();
    println!("append, a call a batch: {per_s:.0} facts/s");
}

/// Appends as the daemon does: a turn's few facts, then a sync.
fn commit(journal: &mut Journal, from: u64) {
    let (mut appends, mut syncs) = (Vec::new(), Vec::new());
    for call in from + 1..=from + 200 {
        for turn in timed(story(call), call as i64 * 6_000).chunks(3) {
            appends.push(timed_run(|| journal.append(turn).unwrap()).0);
            syncs.push(timed_run(|| journal.sync().unwrap()).0);
        }
    }
    say("append of 3 facts", appends);
    say("sync (flush, fdatasync, mark)", syncs);
}

/// The two halves of a sync, on sled alone.
fn store_alone(dir: &Path) {
    let db = sled::Config::new().path(dir).flush_every_ms(None).open().unwrap();
    let file = std::fs::File::open(dir.join("db")).unwrap();
    let (mut flushes, mut fdatasyncs) = (Vec::new(), Vec::new());
    for n in 0..1000u64 {
        db.insert(n.to_be_bytes(), vec![7; 600]).unwrap();
        flushes.push(timed_run(|| db.flush().unwrap()).0);
        fdatasyncs.push(timed_run(|| rustix::fs::fdatasync(&file).unwrap()).0);
    }
    say("of it sled's flush", flushes);
    say("of it fdatasync", fdatasyncs);
}

fn timed_run<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let value = run();
    (start.elapsed(), value)
}

fn say(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{what}: p50 {:.2?}, p99 {:.2?}, worst {:.2?}", at(50), at(99), at(100));
}
