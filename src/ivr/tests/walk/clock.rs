use crate::caller::{Caller, SECOND, flow, message, queue, site};
use jiff::civil::{Date, date};
use model::site::{Node, Schedule};
use model::time::Zone;
use model::{Instant, WallTime};
use std::sync::Arc;
use std::time::Duration;

/// Open 08:30 to 17:30 on weekdays; 1 October is a holiday and Saturday 10 October a workday.
fn opening() -> Schedule {
    let day = vec![(8 * 3600 + 1800, 17 * 3600 + 1800)];
    Schedule {
        week: (1..=5).map(|weekday| (weekday, day.clone())).collect(),
        holidays: [date(2026, 10, 1)].into(),
        workdays: [(date(2026, 10, 10), day)].into(),
    }
}

/// Calls at a wall time of the zone and gives the first words heard.
fn heard(zone: &str, day: Date, seconds: u64) -> String {
    let nodes = [
        flow(),
        vec![
            (
                "door",
                Node::Hours {
                    schedule: "opening".into(),
                    open: "main".into(),
                    closed: "closed".into(),
                    holiday: "holiday".into(),
                },
            ),
            ("closed", message("closed", "bye")),
            ("holiday", message("holiday", "bye")),
        ],
    ];
    let wall = Zone::named(zone).unwrap().start_of(day) + Duration::from_secs(seconds);
    let site: Arc<_> = site(nodes.concat(), opening(), zone);
    Caller::on(site, "door", wall).hears().join(" ")
}

const HALF_PAST_EIGHT: u64 = 8 * 3600 + 1800;
const HALF_PAST_FIVE: u64 = 17 * 3600 + 1800;

#[test]
fn doors_open_and_close_on_the_second_in_the_sites_zone() {
    let monday = date(2026, 11, 23);
    for zone in ["Asia/Shanghai", "Europe/Berlin"] {
        assert_eq!(heard(zone, monday, HALF_PAST_EIGHT - 1), "zh-CN/closed");
        assert_eq!(heard(zone, monday, HALF_PAST_EIGHT), "zh-CN/main");
        assert_eq!(heard(zone, monday, HALF_PAST_FIVE - 1), "zh-CN/main");
        assert_eq!(heard(zone, monday, HALF_PAST_FIVE), "zh-CN/closed");
    }
}

#[test]
fn a_holiday_is_told_from_a_closed_hour() {
    assert_eq!(heard("Asia/Shanghai", date(2026, 10, 1), HALF_PAST_EIGHT), "zh-CN/holiday");
    assert_eq!(heard("Asia/Shanghai", date(2026, 11, 22), HALF_PAST_EIGHT), "zh-CN/closed");
}

#[test]
fn a_saturday_made_a_workday_is_open() {
    assert_eq!(heard("Asia/Shanghai", date(2026, 10, 10), HALF_PAST_EIGHT), "zh-CN/main");
}

#[test]
fn the_door_is_judged_when_the_caller_gets_there() {
    let nodes = vec![
        ("greeting", message("greeting", "door")),
        (
            "door",
            Node::Hours {
                schedule: "opening".into(),
                open: "general".into(),
                closed: "closed".into(),
                holiday: "closed".into(),
            },
        ),
        ("closed", Node::HangUp { say: crate::caller::say(&["closed"]) }),
        ("general", queue("general")),
    ];
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let wall = zone.start_of(date(2026, 11, 23)) + Duration::from_secs(HALF_PAST_FIVE - 5);
    let mut caller = Caller::on(site(nodes, opening(), "Asia/Shanghai"), "greeting", wall);
    caller.wait(5 * SECOND).hear_out();
    assert_eq!(caller.hears(), ["zh-CN/closed"]);
    assert!(caller.now > Instant::START && wall > WallTime(0));
}

#[test]
fn silence_out_of_hours_leads_to_a_goodbye_where_the_site_says_so() {
    let nodes = || {
        let door = Node::Hours {
            schedule: "opening".into(),
            open: "desk".into(),
            closed: "closed".into(),
            holiday: "closed".into(),
        };
        let closed = Node::HangUp { say: crate::caller::say(&["closed"]) };
        // `general` is the flow's way to an agent.
        let mut nodes = flow();
        nodes.retain(|(name, _)| *name != "general");
        [nodes, vec![("general", door), ("closed", closed), ("desk", queue("desk"))]].concat()
    };
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let monday = zone.start_of(date(2026, 11, 23));
    for (seconds, heard) in
        [(HALF_PAST_FIVE - 31, "zh-CN/ivr.to-agent"), (HALF_PAST_FIVE - 29, "zh-CN/closed")]
    {
        let wall = monday + Duration::from_secs(seconds);
        let mut caller = Caller::on(site(nodes(), opening(), "Asia/Shanghai"), "main", wall);
        caller.wait(30 * SECOND);
        assert_eq!(caller.hears(), [heard]);
        // Who was told of an agent gets one, even if the desk closes during these words.
        caller.wait(5 * SECOND).hear_out();
        let queue = (heard == "zh-CN/ivr.to-agent").then_some("desk");
        assert_eq!(caller.queue(), queue);
        assert!(caller.ivr.is_empty());
    }
}
