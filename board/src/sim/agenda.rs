//! When callers are due, and on which line.

use super::Dice;
use super::script::Caller;

/// Who calls when. A caller makes one call at a time: who is due while still on one, or while no
/// line is free, waits.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// One a caller.
    due: Vec<Due>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    /// When the call was to be made, without jitter, so that lateness does not add up.
    planned: u64,
    at: u64,
    calls_left: u32,
    calling: bool,
}

impl Agenda {
    pub(super) fn new(callers: &[Caller], dice: &mut Dice) -> Self {
        let due = |caller: &Caller| Due {
            planned: caller.at_ticks,
            at: caller.at_ticks + dice.up_to(caller.jitter_ticks),
            calls_left: if caller.every_ticks.is_some() { caller.times } else { 1 },
            calling: false,
        };
        Self { due: callers.iter().map(due).collect() }
    }

    /// The caller who has been due for the longest time of those who fit a line that is free; he is on
    /// a call then, until `ended`.
    pub(super) fn next(
        &mut self,
        now: u64,
        callers: &[Caller],
        fits: impl Fn(&Caller) -> bool,
    ) -> Option<usize> {
        let (caller, _) = (self.due.iter().zip(callers).enumerate())
            .filter(|(_, (due, caller))| {
                !due.calling && due.calls_left > 0 && due.at <= now && fits(caller)
            })
            .map(|(n, (due, _))| (n, due.at))
            .min_by_key(|&(n, at)| (at, n))?;
        if let Some(due) = self.due.get_mut(caller) {
            due.calling = true;
            due.calls_left = due.calls_left.saturating_sub(1);
        }
        Some(caller)
    }

    /// A caller's call is over: the next one is planned.
    pub(super) fn ended(&mut self, now: u64, caller: usize, script: &Caller, dice: &mut Dice) {
        let Some(due) = self.due.get_mut(caller) else { return };
        due.calling = false;
        let every = script.every_ticks.unwrap_or(0).max(1);
        due.planned = (due.planned + every).max(now);
        due.at = due.planned + dice.up_to(script.jitter_ticks);
    }
}
