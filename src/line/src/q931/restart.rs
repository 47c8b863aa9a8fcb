//! Channels that the far side does not let go of are restarted, one after the other (Q.931 5.5.1).

use super::channel::ChannelId;
use super::element::Element;
use super::message::{CallRef, Kind, Message};
use super::span::Span;
use model::Instant;
use std::time::Duration;

/// How long a restart is waited for (table 9-2).
const T316: Duration = Duration::from_secs(120);
impl Span {
    /// Asks the far side to free a channel that it does not let go of (5.5.1).
    pub(super) fn ask_restart(&mut self, now: Instant, slot: u8) {
        self.channels.restart(slot);
        if self.restart.is_none() && self.link.is_up() {
            self.counters.restarts += 1;
            self.restart = Some((now + T316, slot));
            self.say_restart(now, slot);
        }
    }

    fn say_restart(&mut self, now: Instant, slot: u8) {
        let reference = CallRef { value: CallRef::GLOBAL, to_chooser: false };
        let message = Message::new(reference, Kind::Restart)
            .with(Element::Channel(ChannelId::exclusive(slot)))
            .with(Element::Restart(0));
        self.say(now, &message);
    }

    /// A restart that is not answered is sent again for ever, in turn with those of other channels:
    /// a channel is never given up.
    pub(super) fn restart_due(&mut self, now: Instant) {
        let Some((_, slot)) = self.restart.take_if(|(at, _)| *at <= now) else { return };
        let waiting = self.channels.restarting();
        let next = waiting.iter().find(|other| **other > slot).or(waiting.first()).copied();
        if let Some(next) = next {
            self.ask_restart(now, next);
        }
    }

    /// The far side answered a restart.
    pub(super) fn restart_answered(&mut self, now: Instant) {
        if let Some((_, slot)) = self.restart.take() {
            self.channels.restarted(slot);
            if let Some(next) = self.channels.restarting().first().copied() {
                self.ask_restart(now, next);
            }
        }
    }
}
