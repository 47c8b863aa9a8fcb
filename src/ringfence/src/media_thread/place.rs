//! Where the media thread runs: its core, before all ordinary threads, in memory that stays.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// The thread's real-time priority: above every ordinary thread, below the kernel's own (50).
const PRIORITY: u8 = 40;
/// How long the thread may run without a pause until the kernel ends the daemon: it then runs away
/// and would keep its core from everything else. An honest tick pauses every 20 ms.
const RUNAWAY_US: u64 = 2_000_000;

/// Where the thread shall run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The core it is kept on; any if none is given.
    pub core: Option<usize>,
    /// Whether it goes before all ordinary threads (SCHED_FIFO) and its memory is kept from being
    /// paged out, where that is permitted.
    pub real_time: bool,
}

impl Place {
    /// Moves the calling thread there; tells what was not permitted.
    pub fn take(self) -> Vec<String> {
        let mut refused = Vec::new();
        if let Some(core) = self.core {
            let mut set = CpuSet::new();
            set.set(core);
            if let Err(error) = sched_setaffinity(None, &set) {
                refused.push(format!("core {core} for the media thread: {error}"));
            }
        }
        if self.real_time {
            if let Err(error) = go_first() {
                refused.push(format!("real-time priority for the media thread: {error}"));
            }
            if let Err(error) = keep_memory() {
                refused.push(format!("keeping memory from being paged out: {error}"));
            }
        }
        refused
    }
}

fn go_first() -> Result<(), String> {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let value = ThreadPriorityValue::try_from(PRIORITY).map_err(|error| error.to_string())?;
    let wanted = ThreadPriority::Crossplatform(value);
    set_thread_priority_and_policy(thread_native_id(), wanted, policy)
        .map_err(|error| format!("{error:?}"))?;
    let limit = Rlimit { current: Some(RUNAWAY_US), maximum: Some(RUNAWAY_US) };
    setrlimit(Resource::Rttime, limit).map_err(|error| error.to_string())
}

/// Keeps what is in memory there, page by page as it is first used. Only where the limit is none:
/// under one, memory asked for later would be refused.
fn keep_memory() -> Result<(), String> {
    if let Some(limit) = getrlimit(Resource::Memlock).current {
        return Err(format!("the limit of locked memory is {limit} bytes (LimitMEMLOCK)"));
    }
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    mlockall(flags).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_not_there_is_told_and_the_thread_goes_on() {
        let told = std::thread::spawn(|| Place { core: Some(1000), real_time: false }.take());
        let told = told.join().unwrap();
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("core 1000 for the media thread"), "{told:?}");
    }

    #[test]
    fn without_wishes_nothing_is_asked_of_the_system() {
        assert_eq!(Place::default().take(), Vec::<String>::new());
    }
}
