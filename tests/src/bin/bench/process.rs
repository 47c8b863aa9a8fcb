//! What a process takes of the machine.

use anyhow::Context as _;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::time::{Duration, Instant};

/// The box's core, and the one of what loads it.
pub const BOX_CORE: usize = 0;
pub const LOAD_CORE: usize = 1;

/// Keeps a thread, or a process that has one thread, on a core.
pub fn pin(id: i32, core: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(Pid::from_raw(id), &set)?)
}

/// Keeps every thread of a process on a core.
pub fn pin_all(pid: u32, core: usize) -> anyhow::Result<()> {
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let id: i32 = thread?.file_name().to_str().context("a thread id")?.parse()?;
        pin(id, core)?;
    }
    Ok(())
}

/// The share of a core that a process used over a while.
pub fn cpu_share(pid: u32, over: Duration) -> anyhow::Result<f64> {
    let (before, start) = (cpu_s(pid)?, Instant::now());
    std::thread::sleep(over);
    Ok((cpu_s(pid)? - before) / start.elapsed().as_secs_f64())
}

/// User and system time of a process in seconds (proc(5): fields 14 and 15, in 10 ms).
pub fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> =
        text.rsplit(')').next().context("no stat")?.split_whitespace().collect();
    Ok((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) as f64 / 100.0)
}

pub fn resident_kb(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find(|line| line.starts_with("VmRSS")).context("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("no figure")?.parse()?)
}

/// Puts this thread before all ordinary ones where that is permitted.
pub fn real_time(priority: u8) {
    use thread_priority::{
        RealtimeThreadSchedulePolicy::Fifo, ThreadPriority, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let Ok(priority) = priority.try_into() else { return };
    let policy = ThreadSchedulePolicy::Realtime(Fifo);
    let wanted = ThreadPriority::Crossplatform(priority);
    if set_thread_priority_and_policy(thread_native_id(), wanted, policy).is_err() {
        eprintln!("no real-time priority is permitted: figures depend on what else runs");
    }
}

/// User and system time in seconds of a process's threads whose name begins so.
pub fn threads_cpu_s(pid: u32, name: &str) -> anyhow::Result<f64> {
    let mut sum = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = thread?.path();
        if std::fs::read_to_string(path.join("comm"))?.starts_with(name) {
            // schedstat: nanoseconds on a core first (Documentation/scheduler/sched-stats).
            let text = std::fs::read_to_string(path.join("schedstat"))?;
            sum += text.split_whitespace().next().context("no time")?.parse::<u64>()?;
        }
    }
    Ok(sum as f64 / 1e9)
}
