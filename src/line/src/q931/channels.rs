//! The B channels of a span: free, taken by a call, or out of use.

use super::call::CallNo;
use super::channel::{CHANNELS, ChannelId, D_CHANNEL, Which};
use std::collections::BTreeMap;

/// What a channel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Free,
    Taken(CallNo),
    /// The far side does not release it: until it answers a restart.
    Restarting,
    /// The site does not use it.
    Off,
}

/// Which end of the span a side takes channels from, so that both seldom want the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Lowest,
    Highest,
}

/// The channels by time slot.
#[derive(Clone, Debug)]
pub struct Channels {
    slots: BTreeMap<u8, Use>,
    from: From,
}

/// Why a channel cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoChannel {
    /// None is free.
    AllTaken,
    /// This one is not, and no other would do.
    Taken,
    /// There is no such channel here.
    Unknown,
}

impl Channels {
    /// All channels of an E1 but those that `off` names.
    pub fn new(from: From, off: &[u8]) -> Self {
        let use_of = |slot| if off.contains(&slot) { Use::Off } else { Use::Free };
        let slots = CHANNELS.filter(|slot| *slot != D_CHANNEL).map(|slot| (slot, use_of(slot)));
        Self { slots: slots.collect(), from }
    }

    /// The channel to try next, from this side's end; none where all are taken. `but` is left out.
    pub fn pick(&self, but: Option<u8>) -> Option<u8> {
        let free =
            |(slot, of): (&u8, &Use)| (*of == Use::Free && Some(*slot) != but).then_some(*slot);
        match self.from {
            From::Lowest => self.slots.iter().find_map(free),
            From::Highest => self.slots.iter().rev().find_map(free),
        }
    }

    /// Finds the channel for a call that the far side began.
    pub fn fit(&self, asked: ChannelId) -> Result<u8, NoChannel> {
        let other = || self.pick(None).ok_or(NoChannel::AllTaken);
        match asked.which {
            Which::Slot(slot) => match (self.slots.get(&slot), asked.exclusive) {
                (Some(Use::Free), _) => Ok(slot),
                (Some(Use::Off) | None, true) => Err(NoChannel::Unknown),
                (Some(_), true) => Err(NoChannel::Taken),
                (_, false) => other(),
            },
            Which::Any => other(),
            // Call waiting without a channel is of basic lines.
            Which::None => Err(NoChannel::AllTaken),
        }
    }

    /// Takes a channel for a call.
    pub fn take(&mut self, slot: u8, call: CallNo) {
        self.slots.insert(slot, Use::Taken(call));
    }

    /// Gives a channel back, if it is this call's still.
    pub fn free(&mut self, slot: u8, call: CallNo) {
        if self.slots.get(&slot) == Some(&Use::Taken(call)) {
            self.slots.insert(slot, Use::Free);
        }
    }

    /// Whose a channel is.
    pub fn holder(&self, slot: u8) -> Option<CallNo> {
        match self.slots.get(&slot) {
            Some(Use::Taken(call)) => Some(*call),
            _ => None,
        }
    }

    /// Tells whether it can be had.
    pub fn is_free(&self, slot: u8) -> bool {
        self.slots.get(&slot) == Some(&Use::Free)
    }

    /// Keeps a channel out of use until the far side answers a restart.
    pub fn restart(&mut self, slot: u8) {
        if self.slots.get(&slot).is_some_and(|of| *of != Use::Off) {
            self.slots.insert(slot, Use::Restarting);
        }
    }

    /// The far side restarted a channel.
    pub fn restarted(&mut self, slot: u8) {
        if self.slots.get(&slot) == Some(&Use::Restarting) {
            self.slots.insert(slot, Use::Free);
        }
    }

    /// Channels that wait for an answer to a restart.
    pub fn restarting(&self) -> Vec<u8> {
        self.slots.iter().filter(|(_, of)| **of == Use::Restarting).map(|(slot, _)| *slot).collect()
    }
}
