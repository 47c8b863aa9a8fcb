//! What goes wrong with a card's ports by the script: `[[fault]]`.
//!
//! ```text
//!   at            at + lasts
//!   |<-- stands -->|          driver-reload: CardGone, no sound, no events, every order refused, on hook
//!                             silent: no sound and no events; CardGone after a second
//!                             no-battery: the plug is drawn, whatever the line was doing
//!                             red, loss-of-frame, yellow, blue: the alarm
//! ```

use super::script::{SimError, TICK_MS, line_of};
use super::step;
use model::port::Alarm;
use serde::Deserialize;
use toml::Spanned;

/// Faults one script may have.
pub(super) const FAULTS_MAX: usize = 64;
/// A card tells that it is silent after this.
pub(super) const SILENT_TICKS: u64 = 1000 / TICK_MS;

const USAGE: &str =
    "expected driver-reload, silent, no-battery, red, loss-of-frame, yellow or blue";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFault {
    what: String,
    port: Option<usize>,
    at: String,
    lasts: String,
}

/// A fault, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where the script has it.
    pub(super) line: usize,
    /// Counts from 0; without one it is all of the card's.
    pub(super) port: Option<usize>,
    pub(super) from_tick: u64,
    pub(super) ticks: u64,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    DriverReload,
    Silent,
    NoBattery,
    Alarm(Alarm),
}

impl Fault {
    pub(super) fn read(text: &str, raw: Spanned<RawFault>) -> Result<Self, SimError> {
        let line = line_of(text, raw.span().start);
        let wrong = |what: String| SimError::Fault { line, what };
        let RawFault { what, port, at, lasts } = raw.into_inner();
        let what = match what.as_str() {
            "driver-reload" => What::DriverReload,
            "silent" => What::Silent,
            "no-battery" => What::NoBattery,
            "red" => What::Alarm(Alarm::Red),
            "loss-of-frame" => What::Alarm(Alarm::LossOfFrame),
            "yellow" => What::Alarm(Alarm::Yellow),
            "blue" => What::Alarm(Alarm::Blue),
            other => return Err(wrong(format!("'{other}': {USAGE}"))),
        };
        let port = match port {
            Some(0) => return Err(wrong("port 0: they count from 1".into())),
            port => port.map(|port| port - 1),
        };
        let ticks = |time: &str| step::duration_ms(time).map(|ms| ms / TICK_MS).map_err(wrong);
        let (from_tick, ticks) = (ticks(&at)?, ticks(&lasts)?.max(1));
        Ok(Self { line, port, from_tick, ticks, what })
    }

    /// Tells whether it is a port's too.
    pub(super) fn is_of(&self, port: usize) -> bool {
        self.port.is_none_or(|only| only == port)
    }

    /// The alarm that stands meanwhile, from when and to when; that of a plug is the line's own.
    pub(super) fn alarm(&self) -> Option<(Alarm, u64, u64)> {
        let until = self.from_tick.saturating_add(self.ticks);
        match self.what {
            What::DriverReload => Some((Alarm::CardGone, self.from_tick, until)),
            What::Silent => {
                let from = self.from_tick.saturating_add(SILENT_TICKS);
                (from < until).then_some((Alarm::CardGone, from, until))
            }
            What::NoBattery => None,
            What::Alarm(alarm) => Some((alarm, self.from_tick, until)),
        }
    }

    /// Tells whether it stands at a tick.
    pub(super) fn stands(&self, tick: u64) -> bool {
        (self.from_tick..self.from_tick.saturating_add(self.ticks)).contains(&tick)
    }
}
