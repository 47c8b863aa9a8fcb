//! What may be typed, and what `--help` says of it.

use clap::{Parser, Subcommand, ValueEnum};
use model::RecordingId;
use model::site::Lang;
use std::path::PathBuf;

/// One hardened box that answers a hospital's or a bank's telephones.
#[derive(Parser)]
#[command(name = "ringfence", version, about, max_term_width = 100)]
pub(super) struct Arguments {
    /// Where the box keeps its journal, recordings, sites and key [default: $STATE_DIRECTORY,
    /// $XDG_STATE_HOME/ringfence or ~/.local/state/ringfence]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// Where the box's own prompts lie (DIR/prompts/LANG/*.flac)
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "RINGFENCE_SHARE",
        default_value = "/usr/share/ringfence"
    )]
    pub(super) share: PathBuf,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the box. SIGTERM drains: no new calls, live ones finish or are told; then it ends.
    Run {
        /// The first site of a box that has none yet. Later ones come by `site apply`.
        #[arg(long, value_name = "DIR")]
        site: Option<PathBuf>,
        /// A script of callers for ports with driver = "sim", who ring by themselves.
        #[arg(long, value_name = "FILE")]
        callers: Option<PathBuf>,
        /// Where the files of the card's driver are.
        #[arg(long, value_name = "DIR", env = "RINGFENCE_DAHDI", default_value = "/dev/dahdi")]
        dahdi: PathBuf,
    },
    /// Check a site and explain in plain words what it will do.
    Check {
        dir: PathBuf,
        #[arg(long, value_enum, default_value_t = CliLang::En)]
        lang: CliLang,
    },
    /// List the feature codes that agents dial, and what each does.
    ///
    /// One of them (*98 unless the site says otherwise) says who is to be called back, as the
    /// phone's message lamp shows, and puts the lamp out: calls that nobody at the phone or
    /// anywhere it is sent on answered, and callers a queue lost where it says `callbacks = true`.
    /// An agent's go with the agent to any phone. Whoever was talked with since is on it no more.
    Codes {
        /// The site's folder; the one the box uses when left out.
        dir: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t = CliLang::En)]
        lang: CliLang,
    },
    /// Apply a site, go back to one, or list what was applied.
    #[command(subcommand)]
    Site(SiteCommand),
    /// List, verify and export sealed recordings.
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// Look after the journal of facts.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Fold facts into a report.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Desk phones: registered or not, when they fetched their settings, and from where.
    Phones {
        #[command(subcommand)]
        command: Option<PhonesCommand>,
    },
    /// Lines of the telephone exchange: try one, and be told what to change.
    #[command(subcommand)]
    Line(LineCommand),
    /// Texts to telephones about alarms.
    #[command(subcommand)]
    Sms(SmsCommand),
    /// The certificate that phones and trunks are shown: for which addresses, until when.
    Tls,
    /// The sound devices of this machine, and the name by which a site chooses each.
    Sound,
    /// Use a headset of the box (`[phone.NUMBER]`, device and use = "headset").
    Headset {
        /// The number of its phone; the site's first headset when left out.
        #[arg(long, value_name = "NUMBER")]
        phone: Option<String>,
        #[command(subcommand)]
        command: HeadsetCommand,
    },
}

#[derive(Subcommand)]
pub(super) enum HeadsetCommand {
    /// Hear an agent's talk.
    Listen { agent: String },
    /// Be heard by the agent alone.
    Whisper { agent: String },
    /// Be heard by both.
    Barge { agent: String },
    /// Have the talk instead of the agent.
    TakeOver { agent: String },
    /// Dial a number or code, as at a desk phone.
    Dial { number: String },
    /// Hear a recording, by its id as `recording list` shows it. The journal says who did.
    Hear { id: RecordingId },
    /// Press keys in a call.
    Press { keys: String },
    /// Hang up, or end a recording.
    HangUp,
}

#[derive(Subcommand)]
pub(super) enum SiteCommand {
    /// Check the site in DIR, keep a copy and use it, as one transaction.
    Apply { dir: PathBuf },
    /// Go back to a version of the history.
    Rollback { version: u64 },
    /// The sites applied so far, newest first.
    History,
}

#[derive(Subcommand)]
pub(super) enum RecordingCommand {
    /// Every recording: id, start, length, whether it is whole.
    List,
    /// Open a recording (or all) to its last frame and say whether it is whole, torn or damaged.
    Verify {
        /// A recording id as `recording list` shows it; all of them when left out.
        id: Option<RecordingId>,
    },
    /// Write a recording as a stereo WAV: caller left, agent right. The copy is in clear.
    Export {
        id: RecordingId,
        #[arg(long, value_name = "FILE.wav")]
        to: PathBuf,
    },
}

#[derive(Subcommand)]
pub(super) enum LineCommand {
    /// Call a number over a line, or wait for a call, for two minutes at most; measure level, noise
    /// and echo, caller id and how a hang-up is told, and say what to change in site.toml. The line
    /// takes no other call meanwhile; one with a call on it is not tried.
    Test {
        /// As the site names it: fxo-1.
        port: String,
        /// Someone who answers, speaks and hangs up within half a minute; without one the site's
        /// test-number of the port.
        number: Option<String>,
        /// Wait for a call in place of making one.
        #[arg(long, conflicts_with = "number")]
        incoming: bool,
        #[arg(long, value_enum, default_value_t = CliLang::En)]
        lang: CliLang,
    },
    /// The ports, how loud who speaks and the noise of the line were in their last calls, and the
    /// gain to set where that is too loud or too quiet.
    List {
        #[arg(long, value_enum, default_value_t = CliLang::En)]
        lang: CliLang,
    },
    /// Keep what a port reports, hears and says for some seconds, sealed, for who looks into its
    /// trouble. Its calls go on as they would; sixteen captures are kept.
    Capture {
        /// As the site names it: fxo-1.
        port: String,
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=110))]
        seconds: u16,
    },
    /// Open a capture into a WAV file, the line left and the box right, and a list of events. It
    /// takes the box's key.
    Open {
        capture: PathBuf,
        /// A folder that is there.
        #[arg(long, default_value = ".")]
        to: PathBuf,
    },
}

#[derive(Subcommand)]
pub(super) enum SmsCommand {
    /// Send a text that says it is a trial, and say whether the network took it.
    Test {
        /// 3 to 20 digits, perhaps after a +.
        number: String,
    },
}

#[derive(Subcommand)]
pub(super) enum JournalCommand {
    /// Gapless, every fact authentic, views identical to a replay?
    Check,
}

#[derive(Subcommand)]
pub(super) enum PhonesCommand {
    /// Show what a phone fetches its settings with, once.
    Credential { phone: String },
    /// End a phone's credential from now on; `credential` shows the next one.
    Revoke { phone: String },
    /// Let a phone, or every one, fetch its settings anew.
    CheckSync { phone: Option<String> },
}

#[derive(Subcommand)]
pub(super) enum ReportCommand {
    /// A day's figures by queue and by agent.
    Day {
        /// YYYY-MM-DD in the site's time zone, `today` or `yesterday`.
        date: String,
        #[arg(long, value_enum, default_value_t = Form::Table)]
        format: Form,
        #[arg(long, value_enum, default_value_t = CliLang::En)]
        lang: CliLang,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Form {
    Table,
    Csv,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum CliLang {
    #[value(name = "zh-CN")]
    Zh,
    #[value(name = "en")]
    En,
}

impl From<CliLang> for Lang {
    fn from(lang: CliLang) -> Self {
        match lang {
            CliLang::Zh => Self::Zh,
            CliLang::En => Self::En,
        }
    }
}
