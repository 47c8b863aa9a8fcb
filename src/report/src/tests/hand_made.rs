//! A day made by hand; its figures were worked out on paper.
//!
//! ```text
//!  9:00:00 8001 logs in                        8002 logs in at 9:30:00
//! 10:00:00 call 1 help ─▶ 8001, answered after  5 s, talks 120 s, wraps up 30 s
//! 10:10:00 call 2 help ─▶ 8001 misses 20 s ─▶ 8002 answers after 24 s, talks 60 s, wraps up 10 s
//! 10:20:00 call 3 help, gives up after 41 s, nobody rung
//! 10:30:00 call 4 book, overflows after 60 s to help, there answered by 8001 after 8 s,
//!          talks 300 s, wraps up 30 s
//! 10:50:00 call 5 book, turned away         10:51:00 call 6 refused, no line for it
//! 11:00:00 8002 to lunch, 12:00:00 back; 17:00:00 both log out
//! ```

use super::*;
use AgentState::{LoggedOut, Ready};

/// The day above.
pub fn story() -> Story {
    let mut story = Story::at(DATE, 8 * HOUR);
    let (second, third) = (visit(2), visit(3));
    let overflowed = VisitId { call: CallId(4), no: 2 };
    story.started();
    story.clock(9, 0, 0).agent("8001", Ready);
    story.clock(9, 30, 0).agent("8002", Ready);
    story.clock(10, 0, 0).call(1, "help").offer(visit(1), "8001");
    story.clock(10, 0, 5).connect(visit(1), "help", "8001", 5_000);
    story.clock(10, 2, 5).release(visit(1), "8001", 120_000);
    story.clock(10, 2, 35).agent("8001", Ready);
    story.clock(10, 10, 0).call(2, "help").offer(second, "8001");
    story.clock(10, 10, 20).fail(second, "8001", Cause::NoAnswer).offer(second, "8002");
    story.clock(10, 10, 24).connect(second, "help", "8002", 24_000);
    story.clock(10, 11, 24).release(second, "8002", 60_000);
    story.clock(10, 11, 34).agent("8002", Ready);
    story.clock(10, 20, 0).call(3, "help");
    story.clock(10, 20, 41).abandon(third, "help", 41_000);
    story.clock(10, 30, 0).call(4, "book");
    story.clock(10, 31, 0).overflow(visit(4), "book", 60_000).join(overflowed, "help");
    story.offer(overflowed, "8001");
    story.clock(10, 31, 8).connect(overflowed, "help", "8001", 8_000);
    story.clock(10, 36, 8).release(overflowed, "8001", 300_000);
    story.clock(10, 36, 38).agent("8001", Ready);
    story.clock(10, 50, 0).call(5, "book");
    story.fact(Fact::TurnedAway { visit: visit(5), queue: "book".into() }).end(5);
    story.clock(10, 51, 0).arrive(6);
    story.fact(Fact::CallRefused { call: CallId(6), cause: Cause::Congestion });
    story.clock(11, 0, 0).agent("8002", not_ready("lunch"));
    story.clock(12, 0, 0).agent("8002", Ready);
    story.clock(17, 0, 0).agent("8001", LoggedOut).agent("8002", LoggedOut);
    story
}

#[test]
fn the_calls_are_those_of_the_day() {
    let calls = story().report().calls;
    assert_eq!((calls.arrived, calls.refused, calls.answered, calls.queued), (6, 1, 5, 5));
}

#[test]
fn the_help_queue_is_as_on_paper() {
    let report = story().report();
    let help = queue_row(&report, "help");
    assert_eq!((help.offered, help.answered, help.abandoned), (4, 3, 1));
    assert_eq!((help.overflowed, help.turned_away, help.lost, help.waiting), (0, 0, 0, 0));
    // (5 + 24 + 8) s / 3 = 12.333… s
    assert_eq!(help.wait_answered.average_ms, Some(12_333));
    assert_eq!(help.wait_answered.longest_ms, 24_000);
    assert_eq!(
        (help.wait_abandoned.average_ms, help.wait_abandoned.longest_ms),
        (Some(41_000), 41_000)
    );
    // 120 + 60 + 300 s, and 30 + 10 + 30 s
    assert_eq!((help.talk.total_ms, help.talk.average_ms), (480_000, Some(160_000)));
    assert_eq!((help.wrap_up.total_ms, help.wrap_up.average_ms), (70_000, Some(23_333)));
    // Within 20 s: 5 s and 8 s, of 4 offered.
    assert_eq!((help.service.within, help.service.permille), (2, Some(500)));
}

#[test]
fn the_book_queue_and_the_total_are_as_on_paper() {
    let report = story().report();
    let book = queue_row(&report, "book");
    assert_eq!((book.offered, book.overflowed, book.turned_away), (2, 1, 1));
    assert_eq!((book.wait_answered.average_ms, book.service.permille), (None, Some(0)));
    let total = &report.total;
    assert_eq!((total.offered, total.answered, total.abandoned), (6, 3, 1));
    // 2 of 6 is a third.
    assert_eq!((total.service.within, total.service.permille), (2, Some(333)));
    assert_adds_up(&report);
}

#[test]
fn the_agents_are_as_on_paper() {
    let report = story().report();
    let first = agent_row(&report, "8001");
    let offers = (first.offers.offered, first.offers.answered, first.offers.missed);
    assert_eq!(offers, (3, 2, 1));
    assert_eq!(first.times.logged_in_ms, 8 * HOUR);
    assert_eq!(first.times.ringing_ms, 33_000, "5 + 20 + 8 s");
    assert_eq!(first.times.talking_ms, 420_000, "120 + 300 s");
    assert_eq!(first.times.wrap_up_ms, 60_000, "30 + 30 s");
    assert_eq!(first.times.ready_ms, 8 * HOUR - 33_000 - 420_000 - 60_000);
    let second = agent_row(&report, "8002");
    assert_eq!(second.times.logged_in_ms, 7 * HOUR + 30 * MINUTE);
    assert_eq!(second.times.not_ready_ms, [("lunch".to_owned(), HOUR)].into());
    let times = (second.times.ringing_ms, second.times.talking_ms, second.times.wrap_up_ms);
    assert_eq!(times, (4_000, 60_000, 10_000));
}
