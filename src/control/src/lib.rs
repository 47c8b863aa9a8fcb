//! What the console may ask and what it is shown, over the box's control socket.
//!
//! One JSON object a line, both ways (`codec`). The socket is a Unix socket that only the box's
//! own users reach; numbers of callers arrive here already masked.

pub mod codec;
pub mod snapshot;

pub use codec::{LINE_BYTES_MAX, LineError, Lines, decode, encode};
pub use snapshot::{
    AgentRow, AlarmRow, CallRow, Counter, Level, LineRow, PhoneHelp, QueueRow, Snapshot,
};

// The console knows the words of the model through this crate alone.
pub use model::Supervising;
pub use model::alarm;
pub use model::quality::MOS_POOR;
pub use model::site::{Lang, Words};

use model::Number;
use serde::{Deserialize, Serialize};

/// The version of this protocol; a console and a daemon that differ say so instead of guessing.
pub const PROTOCOL: u16 = 1;

/// What a console or the command line asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Request {
    /// Opens the conversation.
    Hello { protocol: u16 },
    /// One snapshot now.
    Snapshot,
    /// A snapshot now and another every `every_ms` (100 to 10,000) until the socket closes.
    Watch { every_ms: u32 },
    /// Checks and applies the site in a folder on the box as one transaction.
    SiteApply { dir: String },
    /// Goes back to the site applied as number `version`.
    SiteRollBack { version: u64 },
    /// The sites applied so far, newest first.
    SiteHistory,
    /// A day's report. The daemon holds the journal, so it folds.
    Report { date: String, lang: Lang, form: ReportForm },
    /// Checks the journal: gapless, authentic, views equal to a replay.
    JournalCheck,
    /// Facts of the journal from `from` on, at most `count` (1 to 1,000), as JSON.
    Facts { from: u64, count: u16 },
    /// The phones of the site, whether they are registered and when they fetched their settings.
    Phones,
    /// Lets a phone, or every one, fetch its settings anew.
    CheckSync { phone: Option<String> },
    /// Has something done at a headset of the box: the site's first where none is named.
    Headset { phone: Option<String>, wish: HeadsetWish },
    /// Tries a line: calls the number over it, without one the site's, or waits for a call.
    LineTest {
        port: String,
        number: Option<String>,
        #[serde(default)]
        incoming: bool,
        lang: Lang,
    },
    /// The ports, how loud their far sides are, and what to change.
    LineList { lang: Lang },
    /// Captures what a port reports, hears and says in so many seconds, sealed into a file.
    LineCapture { port: String, seconds: u16 },
    /// Sends a text that says it is a trial.
    SmsTest { number: Number },
    /// Stop taking calls and end when the live ones have.
    Drain,
}

/// What is done at a headset of the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "kebab-case")]
pub enum HeadsetWish {
    /// Listens to an agent's talk, or is heard in it; in one that is listened to already the way
    /// changes.
    Supervise { agent: String, how: Supervising },
    /// Dials a number or code, as at a desk phone.
    Dial { number: String },
    /// Presses keys.
    Press { keys: String },
    /// Hears a recording, by its id: `00000042-1`.
    Hear { recording: String },
    /// Hangs up, or ends a recording.
    HangUp,
}

/// The form a report is wanted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportForm {
    Table,
    Csv,
    Json,
}

/// What the daemon answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    Hello {
        protocol: u16,
        version: String,
    },
    Snapshot(Box<Snapshot>),
    /// A text to print: a report, a check's result.
    Text {
        text: String,
    },
    SiteApplied {
        version: u64,
        digest: String,
        notes: Vec<String>,
    },
    SiteHistory {
        sites: Vec<AppliedSite>,
    },
    Facts {
        last: u64,
        facts: Vec<serde_json::Value>,
    },
    Done,
    /// What was asked can't be done, in a sentence for a person.
    Error {
        message: String,
    },
}

/// One line of the history of sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedSite {
    pub version: u64,
    pub digest: String,
    /// Local time of the site, `2026-11-22 15:04:05`.
    pub applied: String,
    pub current: bool,
}
