//! What a disk, a second process or an intruder can do to a journal, and what it answers.
#![allow(clippy::unwrap_used)] // a test that cannot go on may fall

mod common;

use common::*;
use journal::{Error, Journal, Problem};
use model::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longest wait for a store that was dropped.
const LET_GO: Duration = Duration::from_secs(30);

/// A closed journal of so many calls in a folder of its own.
fn filled(calls: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    for call in 1..=calls {
        journal.append(&timed(story(call), call as i64 * 60_000)).unwrap();
    }
    journal.sync().unwrap();
    dir
}

/// Every file of the journal, with its folder's.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn snapshots(dir: &Path) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("snap.");
    files(dir).into_iter().filter(named).collect()
}

/// Opens the store behind the journal's back, as soon as sled has let go of it: it does so on a
/// thread of its own.
#[expect(clippy::disallowed_methods, reason = "sled gives no signal that it has let go")]
fn behind(dir: &Path, change: impl FnOnce(&sled::Db)) {
    let config = sled::Config::new().path(dir).flush_every_ms(None);
    let begun = std::time::Instant::now();
    let db = loop {
        match config.open() {
            Err(error) if begun.elapsed() < LET_GO => {
                assert!(error.to_string().contains("could not acquire lock"), "{error}");
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => break opened.unwrap(),
        }
    };
    change(&db);
    db.flush().unwrap();
}

fn fact_key(seq: u64) -> Vec<u8> {
    [b"f/", &seq.to_be_bytes()[..]].concat()
}

fn call_key(call: u64) -> Vec<u8> {
    [b"v/calls/", &call.to_be_bytes()[..]].concat()
}

#[test]
fn a_torn_snapshot_is_moved_aside_and_every_fact_comes_back() {
    let dir = filled(300);
    drop(open(dir.path()));
    let snapshot = snapshots(dir.path()).pop().expect("sled writes a snapshot when it opens");
    let length = fs::metadata(&snapshot).unwrap().len();
    for kept in [0, 5, 12, length / 2, length - 1] {
        let whole = fs::read(&snapshot).unwrap_or_default();
        let path = snapshots(dir.path()).pop().unwrap();
        let bytes = if whole.is_empty() { fs::read(&path).unwrap() } else { whole };
        fs::write(&path, &bytes[..kept.min(bytes.len() as u64 - 1) as usize]).unwrap();
        let journal = open(dir.path());
        assert_eq!(journal.opened().facts, 300 * 18, "snapshot cut to {kept}");
        assert_eq!(journal.opened().moved_aside.len(), 1, "snapshot cut to {kept}");
        assert!(journal.opened().moved_aside[0].starts_with(dir.path().join("aside")));
        assert_sound(&journal);
    }
    assert!(open(dir.path()).opened().moved_aside.is_empty(), "a sound one stays where it is");
}

#[test]
fn a_snapshot_that_was_still_being_made_is_moved_aside() {
    let dir = filled(3);
    let path = dir.path().join("snap.00000000000FFFFF.generating");
    fs::write(&path, b"half a snapshot").unwrap();
    let journal = open(dir.path());
    assert_eq!(journal.opened().moved_aside.len(), 1);
    assert!(!path.exists());
    assert_eq!(journal.opened().facts, 3 * 18);
    assert_sound(&journal);
}

#[test]
fn what_was_moved_aside_does_not_pile_up() {
    let dir = filled(1);
    for _ in 0..20 {
        fs::write(dir.path().join("snap.00000000000FFFFF.generating"), b"half").unwrap();
        assert_eq!(open(dir.path()).opened().moved_aside.len(), 1);
    }
    assert_eq!(fs::read_dir(dir.path().join("aside")).unwrap().count(), 8);
}

#[test]
fn a_second_process_is_refused_with_the_pid_of_the_first() {
    const CHILD: &str = "JOURNAL_TEST_SECOND";
    if let Ok(dir) = std::env::var(CHILD) {
        let refused = Journal::open(Path::new(&dir), seal(1)).err().unwrap();
        assert!(matches!(&refused, Error::InUse { .. }), "{refused}");
        print!("<{refused}>");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_second_process_is_refused_with_the_pid_of_the_first", "--nocapture"])
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    let expected = format!(
        "<the journal in {} is in use by process {}; ask the running daemon instead>",
        dir.path().display(),
        std::process::id()
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(&expected), "{said}");
    drop(journal);
    open(dir.path());
}

#[test]
fn a_second_journal_in_the_same_process_is_refused_until_the_last_reader_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let refused = |dir: &Path| matches!(Journal::open(dir, seal(1)), Err(Error::InUse { .. }));
    assert!(refused(dir.path()));
    let reader = journal.reader();
    drop(journal);
    assert!(refused(dir.path()));
    drop(reader);
    open(dir.path());
}

#[test]
fn another_box_key_is_refused_and_changes_nothing() {
    let dir = filled(2);
    let refused = Journal::open(dir.path(), seal(2)).err().unwrap();
    assert!(matches!(&refused, Error::RowSealed { row } if row == "v/counters"), "{refused}");
    let journal = open(dir.path());
    assert!(!journal.opened().rebuilt);
    assert_sound(&journal);
}

#[test]
fn a_callers_number_and_name_stand_in_no_file() {
    let dir = filled(50);
    let journal = open(dir.path());
    let mut export = Vec::new();
    journal.reader().export(&mut export).unwrap();
    drop(journal);
    let mut contents: Vec<Vec<u8>> =
        files(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(contents.iter().map(Vec::len).sum::<usize>() > 100_000);
    contents.push(export);
    for secret in [&CALLER.as_bytes()[..7], "王小明".as_bytes(), b"outpatient"] {
        for bytes in &contents {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
fn what_an_intruder_does_to_rows_is_found() {
    let changed_bit = |db: &sled::Db, key: &[u8]| {
        let mut row = db.get(key).unwrap().unwrap().to_vec();
        row[3] ^= 1;
        db.insert(key, row).unwrap();
    };
    type Change<'a> = &'a dyn Fn(&sled::Db);
    let cases: [(&str, Change<'_>, &[&str]); 9] = [
        (
            "a changed fact",
            &|db| changed_bit(db, &fact_key(20)),
            &[
                "fact 20 does not open: it was changed, or sealed under another box key",
                "views were not compared, since facts are missing",
            ],
        ),
        (
            "two facts swapped",
            &|db| {
                let (a, b) =
                    (db.get(fact_key(5)).unwrap().unwrap(), db.get(fact_key(6)).unwrap().unwrap());
                db.insert(fact_key(5), b).unwrap();
                db.insert(fact_key(6), a).unwrap();
            },
            &[
                "fact 5 does not open: it was changed, or sealed under another box key",
                "fact 6 does not open: it was changed, or sealed under another box key",
                "views were not compared, since facts are missing",
            ],
        ),
        (
            "facts taken out",
            &|db| {
                for seq in 7..=9 {
                    db.remove(fact_key(seq)).unwrap();
                }
            },
            &["facts 7 to 9 are missing", "views were not compared, since facts are missing"],
        ),
        (
            "a changed call",
            &|db| changed_bit(db, &call_key(2)),
            &["row v/calls/2 does not say what the facts say"],
        ),
        (
            "a call's row put in another's place",
            &|db| {
                let row = db.get(call_key(1)).unwrap().unwrap();
                db.insert(call_key(2), row).unwrap();
            },
            &["row v/calls/2 does not say what the facts say"],
        ),
        (
            "a call taken out",
            &|db| {
                db.remove(call_key(2)).unwrap();
            },
            &["row v/calls/2 is missing"],
        ),
        (
            "a call put in",
            &|db| {
                db.insert(call_key(99), b"x").unwrap();
                db.insert(call_key(1 << 40), b"x").unwrap();
            },
            &["row v/calls/99 belongs to nothing", "row v/calls/1099511627776 belongs to nothing"],
        ),
        (
            "a strange row",
            &|db| {
                db.insert(b"w/x", b"x").unwrap();
            },
            &["row w/x belongs to nothing"],
        ),
        (
            "a fact number 0",
            &|db| {
                db.insert(fact_key(0), b"x").unwrap();
            },
            &["row f/0 belongs to nothing"],
        ),
    ];
    for (what, change, expected) in cases {
        let dir = filled(3);
        behind(dir.path(), change);
        let journal = open(dir.path());
        let report = journal.check().unwrap();
        let said: Vec<String> = report.problems.iter().map(Problem::to_string).collect();
        assert_eq!(said, expected, "{what}");
        assert_eq!(report.problems_total, expected.len() as u64);
    }
}

#[test]
fn a_row_of_yesterday_put_back_is_found() {
    let dir = filled(1);
    let mut yesterday = None;
    behind(dir.path(), |db| yesterday = db.get(call_key(1)).unwrap());
    let mut journal = open(dir.path());
    let missed = Fact::RecordingMissed { call: CallId(1), ms: 500, why: "disk".into() };
    journal.append(&[(at(0), missed)]).unwrap();
    drop(journal);
    behind(dir.path(), |db| {
        db.insert(call_key(1), yesterday.unwrap()).unwrap();
    });
    let report = open(dir.path()).check().unwrap();
    assert_eq!(report.problems, [Problem::RowDiffers { row: "v/calls/1".into() }]);
}

#[test]
fn a_reader_stops_at_a_fact_that_does_not_open_and_at_a_gap() {
    let dir = filled(2);
    behind(dir.path(), |db| {
        db.insert(fact_key(4), b"nonsense").unwrap();
        db.remove(fact_key(10)).unwrap();
    });
    let journal = open(dir.path());
    let mut entries = journal.entries(1);
    assert_eq!(entries.by_ref().take(3).filter(Result::is_ok).count(), 3);
    assert!(matches!(entries.next(), Some(Err(Error::FactSealed { seq: 4 }))));
    assert!(entries.next().is_none());
    let last = journal.entries(5).last().unwrap();
    assert!(matches!(last, Err(Error::Gap { expected: 10, found: Some(11) })));
}

#[test]
fn facts_cut_off_at_the_end_are_noticed_when_the_journal_opens() {
    let dir = filled(2);
    behind(dir.path(), |db| {
        db.remove(fact_key(36)).unwrap();
    });
    let refused = Journal::open(dir.path(), seal(1)).err().unwrap();
    assert!(matches!(refused, Error::Lost { durable: 36, found: 35 }), "{refused}");
    fs::remove_file(dir.path().join("mark")).unwrap();
    let refused = Journal::open(dir.path(), seal(1)).err().unwrap();
    assert!(matches!(refused, Error::Tail { last: 35, counted: 36 }), "{refused}");
}

#[test]
fn views_that_are_missing_are_folded_anew() {
    let dir = filled(200);
    behind(dir.path(), |db| {
        db.remove(b"v/counters").unwrap();
        db.remove(call_key(1)).unwrap();
        db.insert(call_key(7000), b"of another version").unwrap();
    });
    let mut journal = open(dir.path());
    assert!(journal.opened().rebuilt);
    assert_sound(&journal);
    assert_eq!(journal.append(&timed(story(201), 0)).unwrap().start(), &3601);
    drop(journal);
    let journal = open(dir.path());
    assert!(!journal.opened().rebuilt);
    assert_sound(&journal);
}

#[test]
fn an_export_rebuilds_a_journal_that_the_store_lost() {
    let dir = filled(150);
    let journal = open(dir.path());
    let mut export = Vec::new();
    let report = journal.reader().export(&mut export).unwrap();
    assert_eq!((report.facts, report.bytes), (2700, export.len() as u64));
    let facts = all(&journal);

    let anew = tempfile::tempdir().unwrap();
    let mut journal = open(anew.path());
    let report = journal.import(&mut &export[..]).unwrap();
    assert!(report.complete);
    assert_eq!((report.facts, journal.durable_seq()), (2700, 2700));
    assert_eq!(all(&journal), facts);
    assert_sound(&journal);
    let refused = journal.import(&mut &export[..]);
    assert!(matches!(refused, Err(Error::NotEmpty { facts: 2700 })));
}

#[test]
fn a_cut_export_gives_what_is_there_and_says_so_and_a_bent_one_is_refused() {
    let dir = filled(1);
    let mut export = Vec::new();
    open(dir.path()).reader().export(&mut export).unwrap();
    let import = |bytes: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        let report = journal.import(&mut &*bytes);
        if report.is_ok() {
            assert_sound(&journal);
        }
        report
    };
    assert!(import(&export).unwrap().complete);
    for length in (0..export.len()).step_by(7) {
        match import(&export[..length]) {
            Ok(report) => assert!(!report.complete && report.facts <= 18, "cut to {length}"),
            Err(e) => assert!(matches!(e, Error::NotAnExport) && length < 10, "{length}: {e}"),
        }
    }
    for bit in (0..export.len() * 8).step_by(61) {
        let mut bent = export.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        let report = import(&bent);
        assert!(!report.is_ok_and(|report| report.complete), "bit {bit}");
    }
    let extended = [&export[..], b"x"].concat();
    assert!(matches!(import(&extended), Err(Error::ExportDamaged { after: 18 })));
}

/// A copy of a closed journal in a folder of its own.
fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in files(dir) {
        let to = copy.path().join(file.strip_prefix(dir).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
    copy
}

/// A bent byte makes sled drop everything behind it, without a word.
#[test]
fn a_bent_byte_of_the_stores_file_never_loses_a_synced_fact_unnoticed() {
    let dir = filled(20);
    let facts = all(&open(dir.path()));
    let db = fs::read(dir.path().join("db")).unwrap();
    let used = db.iter().rposition(|&byte| byte != 0).unwrap();
    let (mut lost, mut refused, mut found, mut unharmed) = (0, 0, 0, 0);
    for i in 0..150 {
        let copy = copy_of(dir.path());
        let mut bent = db.clone();
        bent[used * i / 150] ^= 0x10;
        fs::write(copy.path().join("db"), bent).unwrap();
        let journal = match Journal::open(copy.path(), seal(1)) {
            Ok(journal) => journal,
            Err(Error::Lost { durable: 360, found }) => {
                lost += 1;
                let journal = Journal::open_accepting_loss(copy.path(), seal(1)).unwrap();
                assert_eq!(journal.opened().lost, Some((found + 1, 360)));
                assert_eq!(all(&journal), facts[..found as usize]);
                assert_sound(&journal);
                drop(journal);
                assert_eq!(open(copy.path()).opened().lost, None, "once is enough");
                continue;
            }
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        for entry in journal.entries(1).map_while(Result::ok) {
            assert_eq!(entry, facts[entry.seq as usize - 1], "byte {i}");
        }
        match journal.check() {
            Ok(report) if report.is_clean() => {
                assert_eq!(report.facts, 360, "byte {i}: facts are gone and nobody says so");
                unharmed += 1;
            }
            _ => found += 1,
        }
    }
    println!("of 150: lost {lost}, refused {refused}, found by check {found}, unharmed {unharmed}");
    assert!(lost > 0, "sled stopped losing its end: then the mark is not needed any more");
}

#[test]
fn a_store_that_is_gone_is_not_taken_for_a_new_one() {
    let dir = filled(1);
    for file in files(dir.path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name == "db" || name.starts_with("snap.") {
            fs::remove_file(file).unwrap();
        }
    }
    let refused = Journal::open(dir.path(), seal(1)).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "facts 1 to 18 were on the disk and are gone: the store lost its end; \
         put a copy of the journal's folder back, or start the box: it keeps a copy and goes on with what is left"
    );
}

#[test]
fn a_mark_that_cannot_be_read_is_told_and_stops_nobody() {
    let dir = filled(1);
    let mark = dir.path().join("mark");
    for rubbish in [&b"half a mark"[..], &[7; 5000]] {
        fs::write(&mark, rubbish).unwrap();
        assert!(open(dir.path()).opened().mark_unreadable);
        assert!(!open(dir.path()).opened().mark_unreadable, "it was written anew");
    }
    fs::remove_file(&mark).unwrap();
    assert!(open(dir.path()).opened().mark_unreadable);
    let new = tempfile::tempdir().unwrap();
    assert!(!open(new.path()).opened().mark_unreadable, "a new journal has none");
}
