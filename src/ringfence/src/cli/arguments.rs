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
    /// The certificate that phones and trunks are shown: for which addresses, until when.
    Tls,
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
