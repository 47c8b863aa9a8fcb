//! The state of the box at one moment, as rows of a screen.

use model::site::{Lang, Words};
use serde::{Deserialize, Serialize};

/// Everything the console draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub site: Words,
    pub version: String,
    /// Local time of the site, `2026-11-22 15:04:05`.
    pub now: String,
    pub uptime_ms: u64,
    /// The last fact that is on disk.
    pub durable_seq: u64,
    pub draining: bool,
    pub calls: Vec<CallRow>,
    pub queues: Vec<QueueRow>,
    pub agents: Vec<AgentRow>,
    pub lines: Vec<LineRow>,
    pub alarms: Vec<AlarmRow>,
    pub counters: Vec<Counter>,
    pub phone_help: PhoneHelp,
}

/// A live call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    pub call: String,
    /// `port fxo-1`, `trunk carrier`.
    pub via: String,
    /// Masked by the daemon.
    pub caller: String,
    pub lang: Lang,
    /// `ringing`, `menu`, `waiting`, `offered`, `calling`, `talking`, `held`, `transferring`,
    /// `consulting`, `parked`, `conference`, `ending`.
    pub state: String,
    /// The menu, queue, slot, agent or other party the call is at.
    pub at: String,
    /// Time in this state.
    pub state_ms: u64,
    /// Time since it arrived.
    pub total_ms: u64,
    pub vip: bool,
    pub complaint: bool,
    pub recording: bool,
    /// The worst opinion of its legs over the last ten seconds, in hundredths of a MOS.
    #[serde(default)]
    pub mos: Option<u16>,
    /// Why one of its legs is told of: `unheard`, `unanswered`, `dead-air`; else empty.
    #[serde(default)]
    pub muted: String,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    pub queue: String,
    pub name: Words,
    pub waiting: u32,
    pub longest_wait_ms: u64,
    /// Agents who could take its next call now.
    pub agents_free: u32,
    /// Offers that ring right now.
    pub offered: u32,
    /// The service level's seconds: a longer wait than this is drawn as late.
    pub service_level_ms: u64,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    pub agent: String,
    pub name: String,
    /// The key of `model::fact::AgentState`.
    pub state: String,
    /// Why not ready, or what a supervisor does in the talk; else empty.
    pub reason: String,
    pub state_ms: u64,
    pub phone_up: bool,
    /// Where the agent sits.
    pub phone: String,
    /// The phone takes no calls.
    pub dnd: bool,
    /// The phone sends some or all calls elsewhere.
    pub forwarded: bool,
    /// The call that rings or is talked, if any.
    pub call: Option<String>,
}

/// A port, trunk or the SIP side as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineRow {
    pub line: String,
    /// `fxo`, `fxs`, `trunk`.
    pub kind: String,
    /// `idle`, `ringing`, `busy`, `alarm`.
    pub state: String,
    pub calls: u32,
    /// Keys of alarms that stand.
    pub alarms: Vec<String>,
}

/// How bad an alarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Warning,
    Critical,
}

/// An alarm that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmRow {
    /// A key such as `no-battery`, `disk-slow`, `frames-late`.
    pub key: String,
    /// What it is about: a port, a trunk, the box.
    pub about: String,
    pub level: Level,
    pub since_ms: u64,
}

/// A counter of something bounded: what was refused, shed or late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    pub name: String,
    pub value: u64,
}

/// What a person types into a softphone to be an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhoneHelp {
    /// `127.0.0.1:5060`
    pub server: String,
    pub transport: String,
    pub realm: String,
    /// Account numbers; passwords stay in `site.toml`.
    pub accounts: Vec<String>,
    /// Only for the demo sites the program ships with: their published password.
    pub demo_password: Option<String>,
    /// Feature codes with the key of what they do: `("*11", "log-in")`.
    pub codes: Vec<(String, String)>,
}
