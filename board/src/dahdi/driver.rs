//! What a card asks of a driver: the kernel's in `channel`, one of memory in tests.

use super::event::Happened;
use super::gain::Gain;
use super::info::{ChannelInfo, SpanInfo};
use model::Law;
use model::port::Hook;
use std::io;

/// How a channel is set up before sound goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    pub law: Law,
    pub gain: Gain,
    /// A B channel, which is told that it carries sound.
    pub bearer: bool,
}

/// Channels and spans of the cards that are there.
pub trait Driver: Send {
    type Line: Line;
    /// What a channel is, without opening it.
    fn channel(&self, channel: u16) -> io::Result<ChannelInfo>;
    fn span(&self, span: u16) -> io::Result<SpanInfo>;
    /// Opens a channel for blocks of sound.
    fn open(&self, channel: u16, setup: &Setup) -> io::Result<Self::Line>;
}

/// An open channel. Nothing here waits. A channel that is gone answers each call but `drop` with an
/// error after 5 ms (the kernel's nodev operations sleep), so the first such answer must be the last
/// question.
pub trait Line: Send {
    /// The next event that waits.
    fn event(&self) -> io::Result<Option<Happened>>;
    /// The next block; `None` where there is none yet.
    fn read(&self, block: &mut [u8]) -> io::Result<Option<usize>>;
    /// Whether there was room for the block.
    fn write(&self, block: &[u8]) -> io::Result<bool>;
    fn hook(&self, hook: Hook) -> io::Result<()>;
    /// Dials digits by tone, or by pulse.
    fn dial(&self, digits: &str, pulse: bool) -> io::Result<()>;
    fn is_dialling(&self) -> io::Result<bool>;
    fn set_gain(&self, law: Law, gain: Gain) -> io::Result<()>;
    /// FXS: lets sound through to the telephone on its hook for so long.
    fn send_on_hook(&self, ms: u32) -> io::Result<()>;
    /// FXS: how many messages wait, for the telephone's lamp.
    fn show_messages(&self, waiting: u16) -> io::Result<()>;
    /// Turns the echo canceller on with so many taps, 8 a millisecond, or off with 0.
    fn cancel_echo(&self, taps: u16) -> io::Result<()>;
}
