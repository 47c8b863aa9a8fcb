//! A port of a line card, whichever way it faces.

use crate::config::Config;
use crate::port::{ExchangePort, Input, Output};
use crate::telephone::TelephonePort;
use model::port::Alarm;
use model::{Instant, Law};

/// A port: what happens there comes in, what is to be done and told comes out.
pub struct LinePort {
    law: Law,
    facing: Facing,
}

enum Facing {
    Exchange(Box<ExchangePort>),
    Telephone(Box<TelephonePort>),
}

impl LinePort {
    /// Makes a port on hook. One with a telephone faces that.
    pub fn new(now: Instant, config: Config) -> Self {
        let law = config.law;
        let facing = match config.telephone.clone() {
            Some(telephone) => Facing::Telephone(Box::new(TelephonePort::new(&config, telephone))),
            None => Facing::Exchange(Box::new(ExchangePort::new(now, config))),
        };
        Self { law, facing }
    }

    /// The law its blocks are written in.
    pub fn law(&self) -> Law {
        self.law
    }

    /// Tells whether a telephone hangs there.
    pub fn has_telephone(&self) -> bool {
        matches!(self.facing, Facing::Telephone(_))
    }

    /// Tells whether a trial may have the line: no telephone hangs there, no call is on it, and
    /// none has just ended.
    pub fn may_be_tried(&self) -> bool {
        match &self.facing {
            Facing::Exchange(port) => !port.is_busy(),
            Facing::Telephone(_) => false,
        }
    }

    /// The alarm that keeps a line from carrying calls.
    pub fn dead_by(&self) -> Option<Alarm> {
        match &self.facing {
            Facing::Exchange(port) => port.dead_by(),
            Facing::Telephone(_) => None,
        }
    }

    /// Takes what happened. Time goes on by blocks: one each 20 ms keeps every timer.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match &mut self.facing {
            Facing::Exchange(port) => port.handle(now, input),
            Facing::Telephone(port) => port.handle(now, input),
        }
    }

    /// What is to be done and told, in its order; poll until there is nothing.
    pub fn poll(&mut self) -> Option<Output> {
        match &mut self.facing {
            Facing::Exchange(port) => port.poll(),
            Facing::Telephone(port) => port.poll(),
        }
    }

    /// What the port itself says to a telephone in this tick: dial tone, ringback, who calls. False
    /// where whatever is said there is the call's; then the block is as it was.
    pub fn says(&mut self, block: &mut [u8; 160]) -> bool {
        match &mut self.facing {
            Facing::Exchange(_) => false,
            Facing::Telephone(port) => port.says(block),
        }
    }
}
