//! Events of the simulated card that wait to be taken.

use model::port::PortEvent;
use std::collections::VecDeque;

/// Events that may wait. A port makes three in a tick at most; if nobody takes them, the oldest
/// are lost and counted.
const EVENTS_MAX: usize = 512;

#[derive(Clone, Debug)]
pub(super) struct Events {
    waiting: VecDeque<(usize, PortEvent)>,
    lost: u64,
}

impl Events {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(EVENTS_MAX), lost: 0 }
    }

    pub(super) fn push(&mut self, port: usize, event: PortEvent) {
        if self.waiting.len() == EVENTS_MAX {
            self.waiting.pop_front();
            self.lost += 1;
        }
        self.waiting.push_back((port, event));
    }

    pub(super) fn pop(&mut self) -> Option<(usize, PortEvent)> {
        self.waiting.pop_front()
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }
}
