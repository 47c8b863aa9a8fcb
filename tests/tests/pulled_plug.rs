//! The plug is pulled: the box is killed again and again in the middle of busy calls.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests::boxed::{Boxed, copy_site, ringfence};
use tests::phone::{Phone, Setup};
use tests::sound::tone;

/// How often the box is killed.
const KILLS: u32 = 50;
/// Callers behind the trunk who keep the box busy.
const CALLERS: u16 = 8;
/// Most audio that may be missing at the end of a recording.
const MISSING_MS_MAX: i64 = 1000;

fn wall_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// `00000042-1  torn: 1.50 s in …` -> (id, recorded ms).
fn recorded(line: &str) -> (String, i64) {
    let id = line.split_whitespace().next().unwrap().to_owned();
    let seconds = line.split(" s").next().unwrap().split_whitespace().last().unwrap();
    (id, (seconds.parse::<f64>().unwrap() * 1000.0) as i64)
}

/// The length and state of every recording on the disk.
fn recordings(boxed: &Boxed) -> BTreeMap<String, (i64, bool)> {
    let text = boxed.output(&["recording", "verify"]).unwrap();
    assert!(!text.contains("DAMAGED") && !text.contains("CANNOT"), "{text}");
    let lines = text.lines().filter(|line| line.contains("whole") || line.contains("torn"));
    lines
        .map(|line| {
            let (id, ms) = recorded(line);
            (id, (ms, line.contains("whole")))
        })
        .collect()
}

#[test]
fn kill_at_50_moments_loses_no_acknowledged_fact_and_at_most_a_second_of_audio() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let mut random = ChaCha12Rng::seed_from_u64(11);
    let (mut known, mut cut) = (0, 0);
    for kill in 0..KILLS {
        let mut boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
        let callers: Vec<Phone> = (0..CALLERS)
            .map(|n| Setup::trunk(sip, &format!("1380000{n:04}"), tone(1004.0, -12.0, 1000)))
            .map(|setup| Phone::start(setup).unwrap())
            .collect();
        callers.iter().for_each(|caller| caller.dial("400"));
        // A busy moment: calls are answered, walk through menus, end; others begin.
        let pause = Duration::from_millis(700 + u64::from(random.next_u32() % 1500));
        let begun = std::time::Instant::now();
        let mut acknowledged = 0;
        while begun.elapsed() < pause {
            acknowledged = boxed.snapshot().unwrap().durable_seq.max(acknowledged);
            if random.next_u32() % 4 == 0 {
                let caller = &callers[random.next_u32() as usize % callers.len()];
                if caller.story().talking { caller.hang_up() } else { caller.dial("400") }
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        // An answer that a caller heard of is acknowledged, too.
        let answered = callers.iter().filter(|caller| caller.story().talking).count();
        boxed.kill().unwrap();
        let killed_at = wall_ms();

        let check = boxed.output(&["journal", "check"]).unwrap();
        assert!(check.starts_with("sound"), "kill {kill}: {check}");
        let kept = recordings(&boxed);
        // The facts are read by the next run of the box, which opens the same journal.
        let boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
        let facts = boxed.facts().unwrap();
        assert!(facts.len() as u64 >= acknowledged, "kill {kill}: facts after {acknowledged} lost");
        let restart = facts.iter().rposition(|entry| entry["fact"].get("BoxStarted").is_some());
        let run = &facts[known..restart.unwrap()];
        let named = |name: &'static str| run.iter().filter(move |e| e["fact"].get(name).is_some());
        let live = named("CallAnswered").count() - named("CallEnded").count();
        assert!(live >= answered, "kill {kill}: {answered} were answered, {live} are known");
        for started in named("RecordingStarted") {
            let id = &started["fact"]["RecordingStarted"]["recording"];
            let name = format!("{:08}-{}", id["call"].as_u64().unwrap(), id["part"]);
            let ended = named("RecordingEnded")
                .any(|end| end["fact"]["RecordingEnded"]["recording"] == *id);
            let lasted = killed_at - started["at"].as_i64().unwrap();
            match kept.get(&name) {
                Some((_, true)) => {}
                Some(&(ms, false)) => {
                    cut += 1;
                    let missing = lasted - ms;
                    assert!(
                        ended || missing <= MISSING_MS_MAX,
                        "kill {kill}: {name} misses {missing} ms"
                    );
                }
                None => assert!(
                    ended || lasted <= MISSING_MS_MAX,
                    "kill {kill}: {name} is gone after {lasted} ms"
                ),
            }
        }
        known = facts.len();
        drop(boxed);
    }
    assert!(cut >= KILLS, "only {cut} recordings were cut: the box was not busy");
}
