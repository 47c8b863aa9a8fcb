//! Scripts of callers: those that are shipped can be run, and what is wrong with one is said.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use board::sim::{Callers, SimCard, SimError};
use model::port::PortKind;
use std::path::Path;

fn quiet(_: &str) -> Result<Vec<i16>, String> {
    Ok(vec![1000; 8000])
}

#[test]
fn every_script_that_is_shipped_can_be_run_and_has_its_sounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("callers");
    let there = |name: &str| match folder.join(name).is_file() {
        true => Ok(vec![1000; 8000]),
        false => Err(format!("there is no file {name}")),
    };
    for (name, callers) in [("demo.toml", 8), ("once.toml", 1)] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let script = Callers::parse(&text, there).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(script.len(), callers, "{name}");
        SimCard::new(1, &[PortKind::Fxo; 2], script).unwrap();
    }
}

#[test]
fn a_script_without_callers_is_one_in_which_nobody_rings() {
    assert!(Callers::parse("", quiet).unwrap().is_empty());
    assert!(Callers::default().is_empty());
}

/// Each with the message it pins.
const WRONG: &[(&str, &str)] = &[
    ("[[caller]\n", "line 1: unclosed array table"),
    ("[[caller]]\nsteps = []\nfoo = 1\n", "line 3: unknown field `foo`"),
    ("[[caller]]\nport = 1\n", "line 1: missing field `steps`"),
    (
        "[[caller]]\nport = 0\nsteps = []\n",
        "line 2, caller 1: port 0: expected a number from 1, or \"any\"",
    ),
    (
        "[[caller]]\nport = \"two\"\nsteps = []\n",
        "line 2, caller 1: port 'two': expected a number from 1, or \"any\"",
    ),
    ("[[caller]]\nspan = 0\nsteps = []\n", "line 2, caller 1: span 0: expected a number from 1"),
    (
        "[[caller]]\nport = 1\nspan = 1\nsteps = []\n",
        "line 3, caller 1: span and port: a caller comes by one of them",
    ),
    (
        "[[caller]]\nspan = 1\ncalled = \"10086\"\nsteps = []\n",
        "line 2, caller 1: span and called: the box chooses the line of its calls",
    ),
    (
        "[[caller]]\ndials = \"1000\"\nsteps = []\n",
        "line 2, caller 1: dials without span: who rings dials nothing",
    ),
    (
        "[[caller]]\nspan = 1\ndials = \"+86\"\nsteps = []\n",
        "line 3, caller 1: dials '+86': expected up to 20 digits",
    ),
    (
        "[[caller]]\nsteps = []\n[[caller]]\nnumber = \"+86 138\"\nsteps = []\n",
        "line 4, caller 2: number '+86 138': expected up to 20 digits",
    ),
    (
        "[[caller]]\nname = \"李娜\"\nsteps = []\n",
        "line 2, caller 1: name '李娜': caller id carries up to 30 ASCII letters",
    ),
    (
        "[[caller]]\nat = \"2\"\nsteps = []\n",
        "line 2, caller 1: at: '2': expected a time like 250ms, 20s, 5m or 2h",
    ),
    (
        "[[caller]]\nevery = \"40h\"\nsteps = []\n",
        "line 2, caller 1: every: '40h': expected 24h at most",
    ),
    (
        "[[caller]]\ntimes = 3\nsteps = []\n",
        "line 2, caller 1: times without every: say how often the caller comes",
    ),
    (
        "[[caller]]\nevery = \"9s\"\ntimes = 0\nsteps = []\n",
        "line 3, caller 1: times 0: expected 1 or more",
    ),
    (
        "[[caller]]\ncaller-id = \"fsk\"\nsteps = []\n",
        "line 2, caller 1: caller-id 'fsk': expected fsk-bell202, fsk-bell202-single, fsk-v23, \
         dtmf, dtmf-before-ring, none",
    ),
    (
        "[[caller]]\nhang-up = \"click\"\nsteps = []\n",
        "line 2, caller 1: hang-up 'click': expected busy-tone, congestion-tone, on-hook, polarity",
    ),
    (
        "[[caller]]\nhang-up = []\nsteps = []\n",
        "line 2, caller 1: hang-up: expected one tone, on-hook, polarity, or several of them",
    ),
    (
        "[[caller]]\nkey = \"6s\"\nsteps = []\n",
        "line 2, caller 1: key: '6s': expected 20ms to 5000ms",
    ),
    (
        "[[caller]]\nvoice-dbm0 = 3.0\nsteps = []\n",
        "line 2, caller 1: voice-dbm0 3: expected -50 to -8",
    ),
    (
        "[[caller]]\nsteps = [\n  \"wait 1s\",\n  \"sing aria.flac\",\n]\n",
        "line 4, caller 1, step 2 'sing aria.flac': expected wait-prompt TIME, wait TIME, \
         wait-tone HZ TIME, press KEYS, say FILE, talk FILE TIME, tone HZ TIME, unplug TIME or \
         hang-up",
    ),
    (
        "[[caller]]\nsteps = [\"press 1x\"]\n",
        "line 2, caller 1, step 1 'press 1x': '1x': expected up to 32 keys 0-9, *, #, A-D",
    ),
    (
        "[[caller]]\nsteps = [\"tone 9999 1s\"]\n",
        "line 2, caller 1, step 1 'tone 9999 1s': '9999': expected a frequency from 200 to 3600",
    ),
    (
        "[[caller]]\nsteps = [\"say gone.flac\"]\n",
        "line 2, caller 1, step 1 'say gone.flac': there is no file gone.flac",
    ),
    (
        "[[caller]]\nsteps = [\"hang-up\", \"wait 1s\"]\n",
        "line 2, caller 1, step 2 'wait 1s': nothing can follow hang-up or unplug",
    ),
];

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, message) in WRONG {
        let load = |name: &str| match name {
            "gone.flac" => Err("there is no file gone.flac".to_owned()),
            _ => quiet(name),
        };
        let error = Callers::parse(text, load).err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("taken: {text}"));
        assert!(error.starts_with(message), "{text}\n  said {error}\n  not  {message}");
    }
}

#[test]
fn a_script_and_a_caller_have_their_limits() {
    let many = "[[caller]]\nsteps = []\n".repeat(257);
    assert_eq!(Callers::parse(&many, quiet).err(), Some(SimError::TooMany { line: 513 }));
    let long = format!("[[caller]]\nsteps = [{}]\n", "\"wait 1s\",".repeat(65));
    let error = Callers::parse(&long, quiet).unwrap_err().to_string();
    assert_eq!(error, "line 2, caller 1: more than 64 steps");
}

#[test]
fn who_comes_by_a_line_that_is_not_there_is_told() {
    let script = "[[caller]]\nsteps = []\n[[caller]]\nspan = 2\nsteps = []\n";
    let callers = Callers::parse(script, quiet).unwrap();
    assert_eq!(callers.check_spans(2), Ok(()));
    let error = callers.check_spans(1).unwrap_err().to_string();
    assert_eq!(error, "line 3, caller 2: span 2 is not there: there are 1");
}

#[test]
fn a_script_must_fit_its_card() {
    let card = |port: usize| {
        let text = format!("[[caller]]\nsteps = []\n[[caller]]\nport = {port}\nsteps = []\n");
        let callers = Callers::parse(&text, quiet).unwrap();
        SimCard::new(1, &[PortKind::Fxo, PortKind::Fxs], callers).map(|_| ())
    };
    assert_eq!(card(1), Ok(()));
    let said = |port| card(port).unwrap_err().to_string();
    assert_eq!(
        said(2),
        "line 3, caller 2: port 2 is fxs: a telephone hangs there, and nobody calls"
    );
    assert_eq!(said(3), "line 3, caller 2: port 3 is not there: the card has 2");
}
