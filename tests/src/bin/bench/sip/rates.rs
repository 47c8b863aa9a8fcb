//! `answered_cps` and `bridged_cps`: the highest rate at which every call comes to its end, how long
//! INVITE to 200 takes at half of it, and what comes through of more than that.

use crate::Figure;
use crate::process::{BOX_CORE, cpu_s, pin_all, resident_kb};
use crate::sipp::{Load, Outcome, Sipp};
use crate::site::{self, Shape};
use std::net::Ipv4Addr;
use std::time::Duration;
use tempfile::TempDir;
use tests::boxed::{Boxed, ringfence};

/// How long each rate is held.
const HELD_S: usize = 6;
/// The first rate tried, and the last.
const RATE_MIN: usize = 25;
const RATE_MAX: usize = 6400;
/// Steps of halving between the last rate that held and the first that did not.
const HALVINGS: usize = 3;
/// Rates beyond the most that ever came through, in percent of it.
const OVERLOADS_PERCENT: [f64; 2] = [120.0, 200.0];
/// Agents whose phones answer.
const AGENTS: usize = 400;
/// Calls held at once to weigh a dialog.
const DIALOGS: usize = 400;
/// How long it may take until nothing is left of a run.
const REST: Duration = Duration::from_secs(30);

pub fn answered() -> anyhow::Result<Vec<Figure>> {
    let rig = Rig::new(0)?;
    // A dialog is weighed first, before heavy load leaves memory behind that is free but kept.
    rig.load.calls("answered", 100, 50, 0)?;
    rig.rest()?;
    let before = resident_kb(rig.boxed.pid())?;
    let mut held = rig.load.start_callers("answered", DIALOGS, 100, 15_000, &[])?;
    rig.boxed.wait("the calls are held", REST, |now| now.calls.len() == DIALOGS)?;
    std::thread::sleep(Duration::from_secs(2));
    let dialog = (resident_kb(rig.boxed.pid())? - before) * 1024.0 / DIALOGS as f64;
    held.wait()?;
    rig.rest()?;
    drop(rig);
    let mut figures = climb("answered_cps", "answered", 0)?;
    figures.push(Figure::new("answered_cps_dialog", dialog, "bytes/dialog"));
    Ok(figures)
}

pub fn bridged() -> anyhow::Result<Vec<Figure>> {
    climb("bridged_cps", "bridged", AGENTS)
}

/// Finds the highest rate that holds.
fn climb(case: &str, scenario: &str, agents: usize) -> anyhow::Result<Vec<Figure>> {
    let mut rig = Rig::new(agents)?;
    let (mut good, mut bad, mut most) = (0, None, 0.0_f64);
    let (mut rate, mut halvings, mut cost_us) = (RATE_MIN, 0, f64::NAN);
    while halvings < HALVINGS && (RATE_MIN..=RATE_MAX).contains(&rate) {
        let (held, outcome, us) = rig.holds(scenario, rate)?;
        most = most.max(outcome.per_s());
        if std::env::var_os("BENCH_VERBOSE").is_some() {
            eprintln!(
                "{case} {rate}/s: held {held}, {} of {}, {} sent again, took {:?}, p50 {:.1} p99 \
                 {:.1} ms, {us:.0} us a call",
                outcome.succeeded,
                rate * HELD_S,
                outcome.sent_again,
                outcome.took,
                outcome.ms(0.5),
                outcome.ms(0.99),
            );
        }
        rate = if held {
            (good, cost_us) = (rate, us);
            bad.map_or(rate * 2, |bad| (rate + bad) / 2)
        } else {
            // What could not be set up may have left calls half done: the next has a box of its own.
            rig = Rig::new(agents)?;
            bad = Some(rate);
            (good + rate) / 2
        };
        halvings += usize::from(bad.is_some());
    }
    let half = (good / 2).max(1);
    let outcome = rig.load.calls(scenario, half * HELD_S, half, 0)?;
    let mut figures = vec![
        Figure::new(case, good as f64, "calls/s/core"),
        Figure::new(format!("{case}_cpu"), cost_us, "us of the core a call"),
        Figure::new(format!("{case}_half_p50"), outcome.ms(0.5), "ms INVITE to 200"),
        Figure::new(format!("{case}_half_p99"), outcome.ms(0.99), "ms INVITE to 200"),
    ];
    drop(rig);
    figures.push(Figure::new(format!("{case}_most"), most, "calls/s that ever came through"));
    for percent in OVERLOADS_PERCENT {
        let rig = Rig::new(agents)?;
        let rate = ((most * percent / 100.0) as usize).max(1);
        let (_, outcome, _) = rig.holds(scenario, rate)?;
        let name = format!("{case}_over_{percent}");
        let kept = outcome.per_s() / most.max(1.0) * 100.0;
        figures.push(Figure::new(name.clone(), outcome.per_s(), "calls/s come through"));
        figures.push(Figure::new(format!("{name}_kept"), kept, "% of the most"));
        figures.push(Figure::new(format!("{name}_p99"), outcome.ms(0.99), "ms INVITE to 200"));
    }
    Ok(figures)
}

struct Rig {
    boxed: Boxed,
    load: Load,
    /// The agents' phones.
    _agents: Option<Sipp>,
    _dir: TempDir,
}

impl Rig {
    /// A box with so many agents, all of them ready, whose phones hang up as soon as they talk.
    fn new(agents: usize) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let site = dir.path().join("site");
        let shape =
            Shape { agents: agents.max(1), phones: 0, calls: 1000, ip: Ipv4Addr::LOCALHOST.into() };
        let sip = site::write(&site, &shape)?;
        let boxed = Boxed::start(ringfence()?, &dir.path().join("state"), &site, sip, None)?;
        pin_all(boxed.pid(), BOX_CORE)?;
        let load = Load::new(dir.path(), sip, agents)?;
        let mut rig = Self { boxed, load, _agents: None, _dir: dir };
        if agents > 0 {
            rig.load.log_in(agents)?;
            rig.boxed.wait("the agents are ready", REST, |now| {
                now.agents.iter().filter(|agent| agent.state == "ready").count() == agents
            })?;
            rig._agents = Some(rig.load.start_agents("hanging-up", &["-l", "20000"])?);
        }
        Ok(rig)
    }

    /// Tells whether the box takes so many calls a second, and what one costs.
    fn holds(&self, scenario: &str, rate: usize) -> anyhow::Result<(bool, Outcome, f64)> {
        let used = cpu_s(self.boxed.pid())?;
        let count = rate * HELD_S;
        let outcome = self.load.calls(scenario, count, rate, 0).unwrap_or_default();
        let calls = outcome.succeeded.max(1) as f64;
        let cost_us = (cpu_s(self.boxed.pid())? - used) * 1e6 / calls;
        let rested = self.rest().is_ok();
        // sipp itself begins and ends a second late.
        let in_time = outcome.took < Duration::from_secs(HELD_S as u64 + 2);
        let whole = outcome.succeeded * 1000 >= count as u64 * 999;
        let calm = outcome.sent_again * 100 <= count as u64;
        Ok((rested && in_time && whole && calm, outcome, cost_us))
    }

    /// Waits until no call is left.
    fn rest(&self) -> anyhow::Result<()> {
        self.boxed.wait("no call is left", REST, |now| now.calls.is_empty()).map(drop)
    }
}
