//! The table, the CSV and the JSON, as people and machines get them.
//!
//! The golden files hold the day of `hand_made`; a change of form shows in them.

use super::*;
use unicode_width::UnicodeWidthStr as _;

fn report() -> DayReport {
    hand_made::story().report()
}

#[test]
fn the_table_in_both_languages_is_as_in_the_golden_files() {
    assert_eq!(report().to_table(Lang::Zh), include_str!("golden/day.zh-CN.txt"));
    assert_eq!(report().to_table(Lang::En), include_str!("golden/day.en.txt"));
}

#[test]
fn the_csv_and_the_json_are_as_in_the_golden_files() {
    assert_eq!(report().to_csv().unwrap(), include_str!("golden/day.csv"));
    assert_eq!(report().to_json().unwrap(), include_str!("golden/day.json"));
}

/// The stages know nothing of one another, so the reasons are read where the agents' stage says
/// them; no word is the same as its key in Chinese.
#[test]
fn every_reason_of_not_ready_that_the_box_itself_gives_has_a_word() {
    let sources =
        [include_str!("../../../agent/src/desk.rs"), include_str!("../../../agent/src/restore.rs")];
    let reasons = sources.iter().flat_map(|text| text.split(": &str = \"").skip(1));
    let reasons: Vec<&str> = reasons.filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
    assert!(reasons.len() >= 5, "{reasons:?}");
    for key in reasons {
        assert_ne!(crate::words::reason(key, Lang::Zh), key, "no word");
    }
}

#[test]
fn every_row_of_a_table_is_as_wide_as_its_rule_though_chinese_is_two_columns_wide() {
    for lang in Lang::ALL {
        let table = report().to_table(lang);
        let mut rows = 0;
        for block in table.split("\n\n").filter(|block| block.contains('─')) {
            let rule = block.lines().find(|line| line.contains('─')).unwrap().width();
            for row in block.lines().skip(1) {
                rows += 1;
                // A row ends in a figure and a blank, which is cut off.
                assert!([rule, rule - 1].contains(&row.width()), "{row}");
            }
        }
        assert_eq!(rows, 6 + 6 + 5 + 4);
    }
}

#[test]
fn a_running_day_says_as_of_when() {
    let mut story = hand_made::story();
    let day = Day::fold(DATE, &shanghai(), Default::default(), &story.entries);
    let now = story.clock(17, 30, 5).now;
    let table = day.report(&site(), now).to_table(Lang::En);
    let head = "Day report 2026-11-22 (Asia/Shanghai), as of 2026-11-22 17:30:05\n";
    assert!(table.starts_with(head), "{table}");
}

#[test]
fn every_row_of_the_csv_has_every_column_and_durations_in_milliseconds() {
    let text = report().to_csv().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|head| head == name).expect("a column");
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
    let cell = |kind: &str, id: &str, name: &str| {
        let row = rows.iter().find(|row| &row[column("kind")] == kind && &row[column("id")] == id);
        row.expect("a row")[column(name)].to_owned()
    };
    assert_eq!(cell("queue", "help", "wait_answered_average_ms"), "12333");
    assert_eq!(cell("queue", "help", "logged_in_ms"), "");
    assert_eq!(cell("agent", "8001", "ringing_ms"), "33000");
    assert_eq!(cell("agent-reason", "8002", "not_ready_ms"), "3600000");
    assert_eq!(cell("total", "", "service_permille"), "333");
}

#[test]
fn the_json_reads_back_as_the_same_report() {
    let report = report();
    let back: DayReport = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    assert_eq!(back, report);
}

#[test]
fn reasons_are_said_in_the_readers_language_and_a_sites_own_as_it_stands() {
    let mut story = Story::at(DATE, 0);
    story.agent("8001", not_ready("")).wait(1000).agent("8001", not_ready("phone-gone"));
    story.wait(1000).agent("8001", not_ready("stocktaking")).wait(1000);
    story.agent("8001", AgentState::LoggedOut);
    let table = story.report().to_table(Lang::Zh);
    for reason in ["未说明", "话机离线", "stocktaking"] {
        assert!(table.contains(reason), "{reason}");
    }
}
