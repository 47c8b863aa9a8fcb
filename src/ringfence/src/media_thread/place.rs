//! Where the media thread runs: its core, before all ordinary threads, in memory that stays.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
use rustix::thread::{CpuSet, gettid, sched_setaffinity};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// The thread's real-time priority: above every ordinary thread, below the kernel's own (50).
const PRIORITY: u8 = 40;
/// How long the thread may run without a pause until the kernel ends the daemon: it then runs away
/// and would keep its core from everything else. An honest tick pauses every 20 ms.
const RUNAWAY_US: u64 = 2_000_000;

/// How much the thread is preferred where real time is refused (setpriority(2); of a thread on
/// Linux): as much as there is.
const NICE: i32 = -20;

/// Where the thread shall run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The core it is kept on; any if none is given.
    pub core: Option<usize>,
    /// Whether it goes before all ordinary threads (SCHED_FIFO) and its memory is kept from being
    /// paged out, where that is permitted.
    pub real_time: bool,
}

/// What the system permitted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The thread goes before others.
    pub first: bool,
    /// What was not permitted.
    pub refused: Vec<String>,
}

impl Place {
    /// Moves the calling thread there.
    pub fn take(self) -> Taken {
        let mut taken = Taken::default();
        if let Some(core) = self.core {
            let mut set = CpuSet::new();
            if core < CpuSet::MAX_CPU {
                set.set(core);
            }
            if let Err(error) = sched_setaffinity(None, &set) {
                taken.refused.push(format!("core {core} for the media thread: {error}"));
            }
        }
        if self.real_time {
            match go_first() {
                Ok(()) => taken.first = true,
                Err(error) => {
                    let what = "real-time priority for the media thread";
                    taken.refused.push(format!("{what}: {error}; it has its nice value instead"));
                    match prefer() {
                        Ok(()) => taken.first = true,
                        Err(error) => {
                            let what = format!("nice value {NICE} for the media thread");
                            taken.refused.push(format!("{what}: {error}"));
                        }
                    }
                }
            }
            if let Err(error) = keep_memory() {
                taken.refused.push(format!("keeping memory from being paged out: {error}"));
            }
        }
        taken
    }
}

/// Lets the kernel run this thread before all ordinary ones, and end a daemon that runs away with
/// it: the second is a promise to all others, without which there is no first.
fn go_first() -> Result<(), String> {
    let limit = Rlimit { current: Some(RUNAWAY_US), maximum: Some(RUNAWAY_US) };
    setrlimit(Resource::Rttime, limit)
        .map_err(|error| format!("the limit of its time without a pause (RTTIME): {error}"))?;
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let value = ThreadPriorityValue::try_from(PRIORITY).map_err(|error| error.to_string())?;
    let wanted = ThreadPriority::Crossplatform(value);
    set_thread_priority_and_policy(thread_native_id(), wanted, policy)
        .map_err(|error| format!("{error:?}"))
}

/// Lets this thread have more than others where it may not go before them (CAP_SYS_NICE, or
/// `LimitNICE=` of the unit): its tick must not wait until a flood of signalling had its turn.
fn prefer() -> Result<(), rustix::io::Errno> {
    setpriority_process(Some(gettid()), NICE)
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
        assert!(!told.first);
        assert_eq!(told.refused.len(), 1);
        assert!(told.refused[0].starts_with("core 1000 for the media thread"), "{told:?}");
    }

    #[test]
    fn without_wishes_nothing_is_asked_of_the_system() {
        assert_eq!(Place::default().take(), Taken::default());
    }

    #[test]
    fn a_thread_that_may_not_run_in_real_time_is_nice_to_itself_at_least() {
        let took = std::thread::spawn(|| {
            let taken = Place { core: None, real_time: true }.take();
            let nice = rustix::process::getpriority_process(Some(gettid())).ok();
            let policy = thread_priority::thread_schedule_policy().unwrap();
            (taken, nice, policy)
        });
        let (taken, nice, policy) = took.join().unwrap();
        let fifo = policy == ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        assert_eq!(taken.first, fifo || nice == Some(NICE), "{taken:?}");
        assert!(!fifo || nice != Some(NICE), "one way to go first, not two");
        let told = |what: &str| taken.refused.iter().any(|line| line.starts_with(what));
        assert_eq!(told("real-time"), !fifo, "{taken:?}");
    }
}
