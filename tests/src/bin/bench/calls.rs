//! 50 agents and 50 callers, bridged and recorded.

use crate::Figure;
use crate::process::{BOX_CORE, cpu_share, pin_all, resident_kb};
use crate::sipp::Load;
use crate::site::{self, Shape};
use anyhow::ensure;
use std::net::Ipv4Addr;
use std::time::Duration;
use tests::boxed::{Boxed, ringfence};

/// Calls bridged at once.
const CALLS: usize = 50;
/// How long the CPU is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Calls whose set-up time is taken, and how many of them a second.
const SETUPS: usize = 300;
const SETUPS_A_SECOND: usize = 20;

pub fn calls() -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let site = dir.path().join("site");
    let shape = Shape { agents: CALLS, phones: 0, calls: 200, ip: Ipv4Addr::LOCALHOST.into() };
    let sip = site::write(&site, &shape)?;
    let boxed = Boxed::start(ringfence()?, &dir.path().join("state"), &site, sip, None)?;
    let pid = boxed.pid();
    pin_all(pid, BOX_CORE)?;
    let load = Load::new(dir.path(), sip, CALLS)?;
    load.log_in(CALLS)?;
    boxed.wait("50 agents are ready", Duration::from_secs(30), |now| {
        now.agents.iter().filter(|agent| agent.state == "ready").count() == CALLS
    })?;
    let idle = cpu_share(pid, Duration::from_secs(5))?;

    let _agents = load.start_agents("agent", &["-rtp_echo", "-mp", "30000"])?;
    let callers = load.start_callers("caller", CALLS, 10, 90_000, &[])?;
    boxed.wait("50 calls are bridged", Duration::from_secs(60), |now| {
        now.calls.iter().filter(|call| call.state == "talking").count() == CALLS
    })?;
    let before = boxed.snapshot()?;
    let busy = cpu_share(pid, WATCHED)?;
    let after = boxed.snapshot()?;
    let counted = |name: &str| {
        let of = |all: &control::Snapshot| {
            all.counters.iter().find(|one| one.name == name).map_or(0, |one| one.value)
        };
        (of(&after) - of(&before)) as f64
    };
    let memory = resident_kb(pid)?;
    let (ticks, late) = (counted("ticks"), counted("ticks-late"));
    let (heard, sent) = (counted("rtp-in"), counted("rtp-out"));

    // Set-ups while the 50 talk: each rings in, is answered and hangs up after 200 ms.
    let setups = load.calls("caller", SETUPS, SETUPS_A_SECOND, 200)?;
    ensure!(setups.failed == 0, "{} callers of the set-up run failed", setups.failed);
    ensure!(setups.times.len() >= SETUPS, "only {} set-ups were timed", setups.times.len());
    drop(callers);
    Ok(vec![
        Figure::new("setup_ms_p50", setups.ms(0.5), "ms INVITE to 200"),
        Figure::new("setup_ms_p99", setups.ms(0.99), "ms INVITE to 200"),
        Figure::new("bridged_recorded_50_cpu", busy * 100.0, "% of a core"),
        Figure::new("idle_cpu", idle * 100.0, "% of a core"),
        Figure::new(
            "bridged_recorded_per_core",
            CALLS as f64 / (busy - idle).max(0.001),
            "calls/core, extrapolated",
        ),
        Figure::new("memory", memory / 1024.0, "MB resident"),
        Figure::new("ticks_late", 100.0 * late / ticks.max(1.0), "% over 20 ms late"),
        Figure::new("rtp_in", heard / WATCHED.as_secs_f64(), "packets/s"),
        Figure::new("rtp_out", sent / WATCHED.as_secs_f64(), "packets/s"),
    ])
}
