//! What a day counts, as sentences.

use super::*;
use crate::Carry;
use AgentState::{LoggedOut, Ready};

fn yesterday() -> Date {
    DATE.yesterday().unwrap()
}
fn tomorrow() -> Date {
    DATE.tomorrow().unwrap()
}

#[test]
fn an_empty_day_has_a_row_for_each_queue_and_agent_and_no_average() {
    let report = Story::at(DATE, 0).report();
    assert_eq!((report.queues.len(), report.agents.len()), (2, 2));
    assert_eq!(report.total, crate::QueueRow::default());
    assert_eq!((report.total.service.permille, report.total.talk.average_ms), (None, None));
    assert_adds_up(&report);
}

/// Arrives 23:59:50, is answered 00:00:10, talked with until 00:05:10, wrapped up until 00:05:40.
fn across_midnight() -> Story {
    let mut story = Story::at(DATE, 0);
    story.clock(23, 0, 0).agent("8001", Ready);
    story.clock(23, 59, 50).call(1, "help").offer(visit(1), "8001");
    story.clock(24, 0, 10).connect(visit(1), "help", "8001", 20_000);
    story.clock(24, 5, 10).release(visit(1), "8001", 300_000);
    story.clock(24, 5, 40).agent("8001", Ready);
    story.clock(24, 10, 0).call(2, "help");
    story.clock(24, 10, 3).abandon(visit(2), "help", 3_000);
    story.clock(25, 0, 0).agent("8001", LoggedOut);
    story
}

#[test]
fn a_call_across_midnight_counts_on_the_day_it_arrived_with_all_its_talk() {
    let story = across_midnight();
    let report = story.report();
    let help = queue_row(&report, "help");
    assert_eq!((help.offered, help.answered, help.abandoned), (1, 1, 0));
    assert_eq!((help.talk.total_ms, help.wrap_up.total_ms), (300_000, 30_000));
    let next = story.report_of(tomorrow());
    let help = queue_row(&next, "help");
    assert_eq!((help.offered, help.answered, help.abandoned), (1, 0, 1));
    assert_eq!((help.talk.total_ms, help.wrap_up.total_ms), (0, 0));
}

#[test]
fn an_agents_states_across_midnight_are_cut_by_the_clock() {
    let story = across_midnight();
    let (report, next) = (story.report(), story.report_of(tomorrow()));
    let times = &agent_row(&report, "8001").times;
    assert_eq!((times.logged_in_ms, times.ringing_ms, times.talking_ms), (HOUR, 10_000, 0));
    let times = &agent_row(&next, "8001").times;
    assert_eq!((times.logged_in_ms, times.ringing_ms, times.talking_ms), (HOUR, 10_000, 300_000));
    assert_eq!(times.wrap_up_ms, 30_000);
    assert_adds_up(&report);
    assert_adds_up(&next);
}

#[test]
fn a_session_that_began_the_day_before_is_carried_in() {
    let story = across_midnight();
    let carry = Carry::before(tomorrow(), &shanghai(), &story.entries);
    let rest = story.entries.iter().filter(|entry| entry.seq > carry.seq);
    let day = Day::fold(tomorrow(), &shanghai(), carry.clone(), rest);
    assert!(carry.seq > 0);
    assert_eq!(day.report(&site(), WallTime(i64::MAX)), story.report_of(tomorrow()));
}

#[test]
fn an_agent_who_stays_logged_in_for_days_fills_the_days_between() {
    let mut story = Story::at(yesterday(), 12 * HOUR);
    story.agent("8001", Ready);
    story.clock(36, 0, 0).agent("8001", LoggedOut);
    let times = |date| agent_row(&story.report_of(date), "8001").times.clone();
    assert_eq!(times(yesterday()).ready_ms, 12 * HOUR);
    assert_eq!(times(DATE).ready_ms, 24 * HOUR);
    assert_eq!(times(tomorrow()).ready_ms, 12 * HOUR);
}

#[test]
fn a_day_of_23_or_25_hours_is_filled_exactly() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    for (date, hours) in [(Date::constant(2026, 3, 29), 23), (Date::constant(2026, 10, 25), 25)] {
        let mut story = Story::at(DATE, 0);
        story.now = WallTime(berlin.start_of(date).0 - 5_000);
        story.agent("8001", Ready).wait(30 * HOUR).agent("8001", LoggedOut);
        let day = Day::fold(date, &berlin, Carry::default(), &story.entries);
        let report = day.report(&site(), WallTime(i64::MAX));
        assert_eq!(agent_row(&report, "8001").times.ready_ms, hours * HOUR);
        assert_adds_up(&report);
    }
}

#[test]
fn when_the_box_dies_states_and_talks_end_at_the_last_fact_before_it_starts_again() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready).agent("8002", not_ready("lunch"));
    story.clock(10, 0, 0).call(1, "help").offer(visit(1), "8001");
    story.clock(10, 0, 10).connect(visit(1), "help", "8001", 10_000);
    story.clock(10, 5, 0).call(2, "help");
    story.clock(10, 20, 0).started();
    story.agent("8001", not_ready("restart")).agent("8002", not_ready("lunch"));
    story.clock(10, 30, 0).agent("8001", Ready);
    story.clock(11, 0, 0).agent("8001", LoggedOut).agent("8002", LoggedOut);
    let report = story.report();
    let help = queue_row(&report, "help");
    assert_eq!((help.answered, help.lost, help.waiting, help.talking), (1, 1, 0, 0));
    assert_eq!(help.talk.total_ms, 290_000, "from 10:00:10 to the last fact, 10:05:00");
    let times = &agent_row(&report, "8001").times;
    assert_eq!(times.logged_in_ms, HOUR + 5 * MINUTE + 40 * MINUTE);
    assert_eq!(times.talking_ms, 290_000);
    assert_eq!(times.not_ready_ms, [("restart".to_owned(), 10 * MINUTE)].into());
    assert_eq!(agent_row(&report, "8002").times.logged_in_ms, HOUR + 45 * MINUTE);
    assert_adds_up(&report);
}

#[test]
fn when_the_box_stops_in_order_nobody_is_logged_in_until_it_starts() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready);
    story.clock(12, 0, 0).fact(Fact::BoxStopped);
    let off = story.report();
    assert_eq!(agent_row(&off, "8001").times.logged_in_ms, 3 * HOUR, "read while it is off");
    story.clock(13, 0, 0).started().agent("8001", not_ready("phone-gone"));
    story.clock(14, 0, 0).agent("8001", LoggedOut);
    assert_eq!(agent_row(&story.report(), "8001").times.logged_in_ms, 4 * HOUR);
}

#[test]
fn a_clock_that_is_set_back_takes_no_time_from_anybody() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready);
    story.clock(10, 0, 0).call(1, "help");
    story.clock(9, 59, 0).started().agent("8001", Ready);
    story.clock(11, 0, 0).agent("8001", LoggedOut);
    let report = story.report();
    assert_eq!(agent_row(&report, "8001").times.logged_in_ms, 2 * HOUR);
    assert_adds_up(&report);
}

#[test]
fn a_running_day_counts_the_open_states_up_to_now() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready).call(1, "help");
    let day = Day::fold(DATE, &shanghai(), Carry::default(), &story.entries);
    let now = story.clock(9, 20, 0).now;
    let report = day.report(&site(), now);
    assert_eq!(report.until, now);
    assert_eq!(agent_row(&report, "8001").times.ready_ms, 20 * MINUTE);
    assert_eq!(queue_row(&report, "help").waiting, 1);
    assert_adds_up(&report);
    assert_eq!(day.report(&site(), WallTime(i64::MAX)).until, report.to, "not past midnight");
}

#[test]
fn a_day_is_complete_when_it_is_over_and_so_are_its_calls() {
    let story = across_midnight();
    let mut day = Day::new(DATE, &shanghai(), Carry::default());
    let mut complete = Vec::new();
    for entry in &story.entries {
        day.push(entry);
        if day.is_complete() {
            complete.push(entry.seq);
        }
    }
    let rested = |entry: &&Entry| {
        entry.at > story.entries[0].at
            && matches!(&entry.fact, Fact::AgentChanged { state: Ready, .. })
    };
    let first = story.entries.iter().find(rested).map(|entry| entry.seq);
    assert_eq!(complete.first().copied(), first, "the wrap-up of the last call is over");
    assert_eq!(complete.len() as u64, story.entries.len() as u64 - first.unwrap() + 1);
}

#[test]
fn a_fact_that_comes_twice_counts_once() {
    let story = hand_made::story();
    let mut day = Day::new(DATE, &shanghai(), Carry::default());
    for entry in &story.entries {
        day.push(entry);
        day.push(entry);
    }
    assert_eq!(day.report(&site(), WallTime(i64::MAX)), story.report());
}

#[test]
fn a_queue_and_an_agent_the_site_no_longer_has_keep_their_row() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("7999", Ready);
    story.clock(9, 1, 0).call(1, "old").offer(visit(1), "7999");
    story.clock(9, 1, 2).connect(visit(1), "old", "7999", 2_000);
    story.clock(9, 2, 2).release(visit(1), "7999", 60_000);
    story.clock(9, 3, 0).agent("7999", LoggedOut);
    let report = story.report();
    let old = queue_row(&report, "old");
    assert_eq!((old.answered, old.name.in_lang(Lang::En)), (1, ""));
    assert_eq!((old.service.level_ms, old.service.permille), (None, None));
    assert_eq!(report.total.service.offered, 0, "a queue without a level counts in no level");
    assert_eq!(agent_row(&report, "7999").name, "");
    assert_adds_up(&report);
}

#[test]
fn an_offer_the_caller_did_not_wait_for_is_no_missed_one() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready).call(1, "help").offer(visit(1), "8001");
    story.fail(visit(1), "8001", Cause::Cancelled).abandon(visit(1), "help", 0);
    let report = story.report();
    let offers = agent_row(&report, "8001").offers;
    assert_eq!((offers.offered, offers.missed, offers.withdrawn), (1, 0, 1));
}

#[test]
fn a_talk_that_goes_on_is_counted_as_talking_and_not_as_talk_time() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready).call(1, "help").offer(visit(1), "8001");
    story.connect(visit(1), "help", "8001", 0);
    let help = queue_row(&story.report(), "help").clone();
    assert_eq!((help.answered, help.talking, help.talk.count), (1, 1, 0));
    story.clock(9, 1, 0).release(visit(1), "8001", MINUTE);
    assert_eq!(queue_row(&story.report(), "help").talk.total_ms, MINUTE);
}

#[test]
fn an_answer_at_the_last_moment_of_the_service_level_is_within_it() {
    let mut story = Story::at(DATE, 0);
    story.clock(9, 0, 0).agent("8001", Ready);
    for (call, waited_ms) in [(1, 20_000), (2, 20_001)] {
        story.call(call, "help").offer(visit(call), "8001");
        story.connect(visit(call), "help", "8001", waited_ms).release(visit(call), "8001", 0);
        story.agent("8001", Ready);
    }
    assert_eq!(queue_row(&story.report(), "help").service.within, 1);
}
