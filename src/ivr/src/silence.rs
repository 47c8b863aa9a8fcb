//! The rule of silence: a caller who presses nothing for 30 s goes to an agent.
//!
//! The count starts when a visit first enters a node that waits for keys (a menu or a collect node),
//! and starts over with every key, whether right or wrong. It runs on while such a node says its
//! clips and repeats them, and over from one such node to the next. It stands still while a message
//! or a goodbye is said, which is never cut short by it, and goes on where it stood. So the rule
//! holds for any flow: no chain of nodes keeps a silent caller from a person for longer than the
//! site's `silence` and the messages on the way.
//!
//! When the count is up the menu is left for `Chosen::Silence`, `ivr.to-agent` is said, and the
//! visit goes to the queue of the flow's `to_agent`. Where `to_agent` is an hours node the clock
//! decides: open leads to the queue, closed may lead to a goodbye, since nobody would answer.

use model::Instant;
use std::time::Duration;

/// How long a caller has pressed nothing.
#[derive(Debug)]
pub(crate) struct Silence {
    allowed: Duration,
    left: Duration,
    /// Since when it counts; nothing while it stands still.
    since: Option<Instant>,
}

impl Silence {
    /// A count that has not begun.
    pub(crate) fn new(allowed: Duration) -> Self {
        Self { allowed, left: allowed, since: None }
    }
    /// Counts from now on, or goes on counting.
    pub(crate) fn count(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }
    /// Stands still, keeping what has been counted.
    pub(crate) fn stand_still(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(now.since(since));
        }
    }
    /// Starts over: a key was pressed.
    pub(crate) fn start_over(&mut self, now: Instant) {
        self.left = self.allowed;
        if self.since.is_some() {
            self.since = Some(now);
        }
    }
    /// When the count is up, if it counts.
    pub(crate) fn up_at(&self) -> Option<Instant> {
        self.since.map(|since| since + self.left)
    }
}
