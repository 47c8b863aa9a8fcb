//! Every key the box can send has a word: read from the sources that name the keys.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use control::Lang;
use std::path::Path;
use tui::keys::{Of, known};

fn source(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    // Tests of a file may name keys that no box sends.
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// What stands between two marks, each time.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let parts = text.split(open).skip(1);
    parts.filter_map(|part| part.split_once(close).map(|(inside, _)| inside)).collect()
}

/// The keys of `fn key` of an enum: `Self::Busy => "busy"`.
fn keys_of<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let body = text.split(&format!("impl {name} {{")).nth(1).expect("the enum is there");
    let body = body.split("fn key(").nth(1).expect("it has keys").split("\n    }").next().unwrap();
    between(body, "=> \"", "\"")
}

fn said(of: Of, keys: &[&str], at_least: usize) {
    assert!(keys.len() >= at_least, "{of:?}: only {keys:?} were found");
    for key in keys {
        for lang in Lang::ALL {
            assert!(known(of, key, lang).is_some(), "{of:?} '{key}' has no word in {lang}");
        }
    }
}

#[test]
fn every_state_of_agents_and_every_cause_and_alarm_of_the_model_has_a_word() {
    said(Of::Agent, &keys_of(&source("src/model/src/fact.rs"), "AgentState"), 6);
    said(Of::Reason, &keys_of(&source("src/model/src/leg.rs"), "Cause"), 12);
    said(Of::Alarm, &keys_of(&source("src/model/src/port.rs"), "Alarm"), 5);
}

#[test]
fn every_key_that_the_rows_of_a_snapshot_name_has_a_word() {
    let text = source("src/control/src/snapshot.rs");
    let rows = |row: &str, field: &str| {
        let text = text.split(&format!("pub struct {row} {{")).nth(1).unwrap();
        let before = text.split(&format!("    pub {field}:")).next().unwrap();
        before.rsplit("    pub ").next().unwrap().to_owned()
    };
    said(Of::Call, &ticked(&rows("CallRow", "state")), 12);
    said(Of::Line, &ticked(&rows("LineRow", "state")), 4);
    said(Of::Kind, &ticked(&rows("LineRow", "kind")), 3);
    said(Of::Alarm, &ticked(&rows("AlarmRow", "key")), 3);
}

/// Words between back-ticks.
fn ticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_counter_code_and_alarm_that_the_daemon_sends_has_a_word() {
    let console = source("src/ringfence/src/console.rs");
    let counters = console.split("fn counter_rows").nth(1).unwrap();
    let (counters, help) = counters.split_once("fn phone_help").unwrap();
    said(Of::Counter, &between(counters, "(\"", "\","), 30);
    said(Of::Code, &between(help, ", \"", "\")"), 5);

    let folder = "src/ringfence/src/";
    let within = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("switch");
    let within = std::fs::read_dir(within).unwrap().map(|entry| entry.unwrap().file_name());
    let within: Vec<String> =
        within.map(|name| format!("switch/{}", name.to_str().unwrap())).collect();
    assert!(within.len() >= 8, "{within:?}");
    let files = ["switch.rs", "daemon.rs"].into_iter().chain(within.iter().map(String::as_str));
    let switch: String = files.map(|file| source(&format!("{folder}{file}"))).collect();
    let raised = between(&switch, "alarms.raise(now, \"", "\",");
    let set = between(&switch, "alarms.set(now, \"", "\",");
    said(Of::Alarm, &[raised.clone(), set.clone()].concat(), 5);
    let about = |open: &str| -> Vec<&str> {
        let calls = between(&switch, open, ")");
        calls.into_iter().filter_map(|call| call.split('"').nth(2)).collect()
    };
    said(Of::Part, &[about("alarms.raise(now, \""), about("alarms.set(now, \"")].concat(), 5);
}

#[test]
fn every_reason_of_not_ready_that_the_box_itself_gives_has_a_word() {
    for (file, at_least) in [("desk", 4), ("restore", 1)] {
        let text = source(&format!("src/agent/src/{file}.rs"));
        said(Of::Reason, &between(&text, ": &str = \"", "\""), at_least);
    }
}

#[test]
fn reasons_of_not_ready_that_the_sites_ship_with_have_words() {
    for site in ["hospital", "bank"] {
        let text = source(&format!("images/sites/{site}/site.toml"));
        let reasons = between(&text, "reasons = {", "}").concat();
        said(Of::Reason, &between(&reasons, "= \"", "\""), 4);
    }
}
