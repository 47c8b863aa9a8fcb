//! Facts in, facts and views out, over a real store in a folder of its own.
#![allow(clippy::unwrap_used)] // a test that cannot go on may fall

mod common;

use common::*;
use journal::view::{QueueEnd, STEPS_MAX};
use journal::{APPEND_MAX, Error, FACT_BYTES_MAX, Outcome};
use model::fact::AgentState;
use model::*;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;

#[test]
fn facts_are_numbered_from_1_without_a_gap_and_come_back_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let facts = timed(story(1), 0);
    let mut journal = open(dir.path());
    assert_eq!(journal.append(&facts[..5]).unwrap(), 1..=5);
    assert!(journal.append(&[]).unwrap().is_empty());
    assert_eq!(journal.append(&facts[5..6]).unwrap(), 6..=6);
    assert_eq!((journal.last_seq(), journal.durable_seq()), (6, 0));
    journal.sync().unwrap();
    assert_eq!(journal.durable_seq(), 6);
    drop(journal);

    let mut journal = open(dir.path());
    assert_eq!((journal.opened().facts, journal.durable_seq()), (6, 6));
    assert_eq!(journal.append(&facts[6..]).unwrap(), 7..=18);
    let entries = all(&journal);
    for (n, (entry, (at, fact))) in entries.iter().zip(&facts).enumerate() {
        assert_eq!((entry.seq, entry.at, &entry.fact), (n as u64 + 1, *at, fact));
    }
    assert_eq!(entries.len(), facts.len());
    let later: Vec<u64> = journal.entries(17).map(|entry| entry.unwrap().seq).collect();
    assert_eq!(later, [17, 18]);
    assert_eq!(journal.entries(19).count(), 0);
    assert_sound(&journal);
}

#[test]
fn a_refused_batch_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    journal.append(&timed(story(1), 0)).unwrap();
    let many = vec![(at(0), Fact::BoxStopped); APPEND_MAX + 1];
    assert!(matches!(journal.append(&many), Err(Error::TooMany { facts }) if facts == many.len()));
    let huge = Fact::BoxStarted { version: "x".repeat(FACT_BYTES_MAX), site_digest: "".into() };
    let batch = [(at(0), arrived(2)), (at(0), huge)];
    assert!(matches!(journal.append(&batch), Err(Error::FactTooLarge { .. })));
    assert_eq!(journal.last_seq(), 18);
    assert_eq!(journal.counters().next_call, 2);
    assert_eq!(journal.append(&[(at(0), arrived(2))]).unwrap(), 19..=19);
    assert_sound(&journal);
}

#[test]
fn a_calls_row_tells_its_way_through_the_box() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    journal.append(&timed(story(7), 0)).unwrap();
    let row = journal.reader().call(CallId(7)).unwrap().unwrap();
    assert_eq!((row.arrived, row.answered), (Some(at(0)), Some(at(1000))));
    assert_eq!(row.ended.as_ref().unwrap().at, at(15_000));
    assert_eq!(row.caller.reveal(), CALLER);
    assert_eq!(row.menus[0].menu, "main".into());
    assert_eq!(
        (row.queues[0].waited_ms, &row.queues[0].end),
        (12_000, &QueueEnd::Connected("8001".into()))
    );
    assert_eq!(row.talks[0].talked_ms, Some(60_000));
    assert_eq!(row.recordings[0].ms, Some(73_000));
    assert_eq!((row.outcome, row.steps_cut), (Outcome::Served, 0));
    assert_eq!(journal.counters().next_call, 8);
    assert_eq!(journal.agents().0[&AgentId::new("8001")].state, AgentState::Ready);
    assert_eq!(journal.agents().0[&AgentId::new("8001")].since, at(17_000));
    assert!(journal.reader().call(CallId(8)).unwrap().is_none());
}

#[test]
fn what_became_of_a_call_does_not_hang_on_the_order_of_its_last_facts() {
    let ended = Fact::CallEnded { call: CallId(1), by: fact::Party::Caller, cause: Cause::Normal };
    let abandoned = Fact::Abandoned { visit: visit(1), queue: "outpatient".into(), waited_ms: 9 };
    for last in [[ended.clone(), abandoned.clone()], [abandoned, ended]] {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        let mut facts = story(1);
        facts.truncate(8);
        facts.extend(last);
        journal.append(&timed(facts, 0)).unwrap();
        let row = journal.reader().call(CallId(1)).unwrap().unwrap();
        assert_eq!(row.outcome, Outcome::Abandoned);
    }
}

#[test]
fn a_caller_who_walks_in_circles_makes_a_bounded_row() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let round = Fact::MenuEntered { visit: visit(1), menu: "main".into() };
    for _ in 0..3 {
        journal.append(&vec![(at(0), round.clone()); STEPS_MAX]).unwrap();
    }
    let row = journal.reader().call(CallId(1)).unwrap().unwrap();
    assert_eq!((row.menus.len(), row.steps_cut as usize), (STEPS_MAX, 2 * STEPS_MAX));
    assert_sound(&journal);
}

#[test]
fn a_late_fact_finds_the_row_of_a_call_that_left_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    for call in 1..=1500 {
        journal.append(&[(at(call as i64), arrived(call))]).unwrap();
    }
    let missed = Fact::RecordingMissed { call: CallId(1), ms: 40, why: "disk".into() };
    journal.append(&[(at(2000), missed)]).unwrap();
    let row = journal.reader().call(CallId(1)).unwrap().unwrap();
    assert_eq!((row.arrived, row.missed_ms), (Some(at(1)), 40));
    assert_eq!(journal.reader().calls(CallId(10)..=CallId(19)).count(), 10);
    assert_sound(&journal);
}

#[test]
fn a_stretch_of_time_gives_its_facts_and_reads_no_other_hour() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    for minute in 0..600 {
        journal.append(&[(at(minute * 60_000), arrived(1 + minute as u64))]).unwrap();
    }
    let seqs = |from: i64, to: i64| -> Vec<u64> {
        let entries = journal.entries_between(at(from), at(to));
        entries.map(|entry| entry.unwrap().seq).collect()
    };
    assert_eq!(seqs(HOUR, 2 * HOUR), (61..=120).collect::<Vec<_>>());
    assert_eq!(seqs(HOUR + 1, HOUR + 60_001), [62]);
    assert_eq!(seqs(-HOUR, 1), [1]);
    assert_eq!(seqs(700 * 60_000, 800 * 60_000), []);
    assert_eq!(seqs(HOUR, HOUR), []);
    assert_eq!(journal.reader().hours().unwrap().0.len(), 10, "a row an hour");
}

#[test]
fn a_clock_that_was_set_back_hides_no_fact() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    for ms in [0, HOUR, 2 * HOUR, HOUR + 5, HOUR + 9, 3 * HOUR, -5 * HOUR] {
        journal.append(&[(at(ms), Fact::BoxStopped)]).unwrap();
    }
    let entries = journal.entries_between(at(HOUR), at(2 * HOUR));
    assert_eq!(entries.map(|entry| entry.unwrap().seq).collect::<Vec<_>>(), [2, 4, 5]);
    let entries = journal.entries_between(at(-6 * HOUR), at(0));
    assert_eq!(entries.map(|entry| entry.unwrap().seq).collect::<Vec<_>>(), [7]);
    assert_sound(&journal);
}

#[test]
fn a_reader_in_another_thread_sees_a_still_picture_while_facts_are_appended() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    journal.append(&timed(story(1), 0)).unwrap();
    let reader = journal.reader();
    let entries = reader.entries(1);
    let (done, counted) = std::sync::mpsc::channel();
    std::thread::scope(|threads| {
        threads.spawn(move || done.send(entries.map(Result::unwrap).count()).unwrap());
        for call in 2..20 {
            journal.append(&timed(story(call), 0)).unwrap();
        }
    });
    assert_eq!(counted.recv().unwrap(), 18);
    assert_eq!(reader.entries(1).count(), 18 * 19);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_facts_in_any_batches_over_any_reopening_give_the_views_of_their_fold(
        batches in proptest::collection::vec(
            (proptest::collection::vec((any::<u64>(), -3i64..3), 0..40), any::<bool>()), 1..8),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        let mut expected = Vec::new();
        for (numbers, reopen) in batches {
            let batch: Vec<_> =
                numbers.iter().map(|&(n, hour)| (at(hour * HOUR), any_fact(n))).collect();
            journal.append(&batch).unwrap();
            expected.extend(batch);
            if reopen {
                drop(journal);
                journal = open(dir.path());
            }
        }
        let found: Vec<_> = all(&journal).into_iter().map(|e| (e.at, e.fact)).collect();
        prop_assert_eq!(found, expected);
        assert_sound(&journal);
    }
}

#[test]
fn a_phones_settings_and_an_agents_seat_are_kept_and_the_seat_is_left_by_logging_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let set = |dnd| Fact::PhoneSet {
        phone: "8001".into(),
        dnd,
        call_waiting: true,
        forwards: vec![(model::feature::ForwardWhen::Busy, "8002".to_owned())],
    };
    let changed = |state| Fact::AgentChanged { agent: "8003".into(), state };
    let seated = Fact::Seated { agent: "8003".into(), phone: "8001".into() };
    journal.append(&[(at(0), set(true)), (at(1), seated)]).unwrap();
    journal.append(&[(at(2), set(false)), (at(3), changed(AgentState::Ready))]).unwrap();
    let agent = |journal: &journal::Journal| journal.agents().0[&"8003".into()].clone();
    assert_eq!((agent(&journal).seat, agent(&journal).since), (Some("8001".into()), at(3)));
    journal.sync().unwrap();
    assert_sound(&journal);
    drop(journal);
    let mut journal = open(dir.path());
    let phones = journal.reader().phones().unwrap();
    let row = &phones.0[&"8001".into()];
    assert!(!row.dnd && row.call_waiting && row.forwards.len() == 1);
    journal.append(&[(at(4), changed(AgentState::LoggedOut))]).unwrap();
    assert_eq!(agent(&journal).seat, None);
    assert_sound(&journal);
}

#[test]
fn who_is_to_be_called_back_and_how_often_a_phone_rings_are_known_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let owed = |count: usize, seen: bool| {
        let missed = Missed { at: at(0), from: Number::new("13900000001") };
        let (new, old) = if seen { (0, count) } else { (count, 0) };
        let by = Owner::Queue("desk".into());
        Fact::CallsOwed { by, new: vec![missed.clone(); new], seen: vec![missed; old] }
    };
    let rings = |rings| Fact::RingsSet { phone: "8001".into(), rings };
    journal.append(&[(at(0), owed(2, false)), (at(1), rings(Some(4)))]).unwrap();
    journal.append(&[(at(2), owed(1, true)), (at(3), rings(Some(6)))]).unwrap();
    journal.sync().unwrap();
    assert_sound(&journal);
    drop(journal);
    let journal = open(dir.path());
    let reader = journal.reader();
    let row = reader.owed().unwrap().0[&Owner::Queue("desk".into())].clone();
    assert_eq!((row.new.len(), row.seen.len()), (0, 1));
    let phone = reader.phones().unwrap().0[&"8001".into()].clone();
    assert_eq!(phone.rings, Some(6));
    assert!(phone.call_waiting && !phone.dnd, "a phone that was never set otherwise");
    assert_sound(&journal);
}
