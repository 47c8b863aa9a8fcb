//! `media`: how many calls the media thread carries on one core, judged where the sound arrives.
//!
//! ```text
//!   this process: search          subject (core 0)               load (core 1)
//!     calls = 200, 400, …   -->   media thread, seal thread  <-wire->  every phone of every call
//!     until 0.01 % are late <--   memory, ticks, CPU             delay, loss, late frames
//! ```
//!
//! The subject is the product's media thread, seal thread and engine, told by the orders that the
//! exchange would give. The load sends as phones do, spread over the 20 ms, and judges what comes
//! back. The wire between them is told with the figures (`wire`).

mod background;
mod case;
mod forward;
mod load;
mod phones;
mod subject;
mod tones;
mod verdict;
mod wire;

use crate::Figure;
use crate::process::{BOX_CORE, LOAD_CORE};
use anyhow::{Context as _, ensure};
pub use case::Case;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use verdict::Verdict;
use wire::Wire;

/// Late or lost frames that are let pass: 0.01 %.
const LATE_SHARE_MAX: f64 = 0.0001;
/// Seconds before the load judges: jitter buffers have found their place by then.
const SETTLE_S: u64 = 2;
/// Seconds judged in one step of the search.
const JUDGED_S: u64 = 5;
/// How near the search comes: the last step up is this share of the calls.
const NEAR: f64 = 0.06;

/// What the child processes are told on their command line.
#[derive(clap::Args, Clone, Debug)]
pub struct Step {
    #[arg(value_enum)]
    pub case: Case,
    pub calls: usize,
    pub box_ip: std::net::Ipv4Addr,
    pub load_ip: std::net::Ipv4Addr,
    pub seconds: u64,
}

/// Runs one side of a step: what the hidden subcommands do.
pub fn side(step: &Step, subject: bool) -> anyhow::Result<()> {
    wire::raise_file_limit()?;
    match (subject, step.case.forwarder()) {
        (true, Some(way)) => forward::run(step, way),
        (true, None) => subject::run(step),
        (false, _) => load::run(step),
    }
}

/// Measures the cases; a quick look takes one small step of each.
pub fn measure(cases: &[Case], quick: bool) -> anyhow::Result<Vec<Figure>> {
    let wire = Wire::lay();
    eprintln!("wire: {}", wire.told());
    let mut figures = Vec::new();
    for &case in Case::chosen(cases) {
        if quick {
            let seen = step(&wire, case, case.first().min(40), 2)?;
            figures.extend(told(case, &seen, false));
        } else if case == Case::Background {
            figures.extend(background::measure(&wire)?);
        } else {
            figures.extend(search(&wire, case)?);
        }
    }
    Ok(figures)
}

/// Finds the most calls at which frames are in time.
fn search(wire: &Wire, case: Case) -> anyhow::Result<Vec<Figure>> {
    let (mut calls, mut bad): (usize, Option<usize>) = (case.first(), None);
    let mut best: Option<Seen> = None;
    loop {
        let mut seen = step(wire, case, calls, JUDGED_S)?;
        // A machine shared with others stutters by itself: what failed narrowly is tried once more.
        if !seen.good() && seen.verdict.late_share() < 0.02 {
            seen = step(wire, case, calls, JUDGED_S)?;
        }
        let good = best.as_ref().map_or(0, |seen| seen.calls);
        if seen.good() {
            best = Some(seen);
            calls = bad.map_or(calls * 3 / 2, |bad| calls.midpoint(bad));
        } else {
            bad = Some(calls);
            calls = good.midpoint(calls);
        }
        let good = best.as_ref().map_or(0, |seen| seen.calls);
        let near = bad.is_some_and(|bad| (bad - good) as f64 <= (NEAR * bad as f64).max(8.0));
        if near || calls * case.legs_a_call() > case::LEGS_MAX {
            break;
        }
    }
    let best = best.context("not even the smallest number of calls was in time")?;
    Ok(told(case, &best, true))
}

/// What one step of a case came to.
struct Seen {
    calls: usize,
    subject: subject::Report,
    verdict: Verdict,
}

impl Seen {
    fn good(&self) -> bool {
        self.verdict.late_share() <= LATE_SHARE_MAX
            && !self.verdict.overrun
            && self.subject.taps_lost == 0
    }
}

/// Runs one number of calls: the subject first, then its load.
fn step(wire: &Wire, case: Case, calls: usize, seconds: u64) -> anyhow::Result<Seen> {
    let (box_ip, load_ip) = wire.ips();
    let itself = std::env::current_exe()?;
    let tell = |command: &mut Command, side: &str| {
        command
            .args([side, case.name(), &calls.to_string(), &box_ip.to_string()])
            .args([load_ip.to_string(), seconds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
    };
    let mut subject = Command::new(&itself);
    tell(&mut subject, "media-subject");
    let mut subject = Ended(subject.spawn().context("the subject did not start")?);
    let mut lines = BufReader::new(subject.0.stdout.take().context("no output")?).lines();
    let ready = lines.next().transpose()?.context("the subject ended before it was ready")?;
    ensure!(ready == "ready", "the subject said {ready:?}");
    let mut load = wire.beyond(&itself);
    tell(&mut load, "media-load");
    let mut load = Ended(load.spawn().context("the load did not start")?);
    let mut judged = BufReader::new(load.0.stdout.take().context("no output")?).lines();
    let verdict = judged.next().transpose()?.context("the load ended without a verdict")?;
    subject.0.stdin.take().context("no input")?.write_all(b"stop\n")?;
    let report = lines.next().transpose()?.context("the subject ended without a report")?;
    let seen = Seen {
        calls,
        subject: serde_json::from_str(&report)?,
        verdict: serde_json::from_str(&verdict)?,
    };
    tones::all_obeyed(seen.subject.refused)?;
    if std::env::var_os("BENCH_VERBOSE").is_some() {
        eprintln!("{} {calls}: {:?} {:?}", case.name(), seen.verdict, seen.subject);
    }
    Ok(seen)
}

/// The figures of a step.
fn told(case: Case, seen: &Seen, searched: bool) -> Vec<Figure> {
    let (name, calls, subject) = (case.name(), seen.calls as f64, &seen.subject);
    let unit = if searched { "calls/core" } else { "calls tried" };
    let figure = |what: &str, value, unit| Figure::new(format!("{name}_{what}"), value, unit);
    let mut figures = vec![
        Figure::new(name, calls, unit),
        figure("late", 100.0 * seen.verdict.late_share(), "% of frames lost or over 20 ms late"),
        figure("frames", seen.verdict.frames as f64, "frames judged"),
        figure("late_frames", seen.verdict.bad() as f64, "of them lost, late or wrong"),
        figure("cpu", 100.0 * subject.busy / calls, "% of a core a call, in the tick"),
        figure("memory", subject.memory_kb / calls, "KB a call"),
        figure("tick_p99", subject.late_p99_us / 1000.0, "ms late, 99 of 100 ticks within"),
        figure("tick_max", subject.late_max_us / 1000.0, "ms late at most"),
    ];
    if subject.seal_cpu > 0.0 {
        figures.push(figure("seal_cpu", 100.0 * subject.seal_cpu / calls, "% of a core a call"));
    }
    if let Some(delay) = seen.verdict.delay_ms {
        figures.push(figure("delay_mean", delay, "ms one way, jitter buffer included"));
    }
    figures
}

/// A child that is ended when nobody waits for it any more.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        for _ in 0..50 {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the subject's threads run, and the load's.
const CORES: (usize, usize) = (BOX_CORE, LOAD_CORE);
