//! The command line. What needs the journal asks the running box, or opens it when none runs.

use crate::daemon::{self, Options};
use crate::folders::Folders;
use crate::sites::Sites;
use crate::{boxkey, clips, phones, recordings, reports, sites};
use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};
use control::{Lines, PROTOCOL, Reply, ReportForm, Request};
use journal::Journal;
use model::RecordingId;
use model::site::{Lang, Site};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// One hardened box that answers a hospital's or a bank's telephones.
#[derive(Parser)]
#[command(name = "ringfence", version, about, max_term_width = 100)]
struct Arguments {
    /// Where the box keeps its journal, recordings, sites and key [default: $STATE_DIRECTORY,
    /// $XDG_STATE_HOME/ringfence or ~/.local/state/ringfence]
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where the box's own prompts lie (DIR/prompts/LANG/*.flac)
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "RINGFENCE_SHARE",
        default_value = "/usr/share/ringfence"
    )]
    share: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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
enum SiteCommand {
    /// Check the site in DIR, keep a copy and use it, as one transaction.
    Apply { dir: PathBuf },
    /// Go back to a version of the history.
    Rollback { version: u64 },
    /// The sites applied so far, newest first.
    History,
}

#[derive(Subcommand)]
enum RecordingCommand {
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
enum JournalCommand {
    /// Gapless, every fact authentic, views identical to a replay?
    Check,
}

#[derive(Subcommand)]
enum PhonesCommand {
    /// Show what a phone fetches its settings with, once.
    Credential { phone: String },
    /// End a phone's credential from now on; `credential` shows the next one.
    Revoke { phone: String },
    /// Let a phone, or every one, fetch its settings anew.
    CheckSync { phone: Option<String> },
}

#[derive(Subcommand)]
enum ReportCommand {
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
enum Form {
    Table,
    Csv,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum CliLang {
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

/// Longest wait for the box's answer.
const ANSWER_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// Parses the arguments, does what they ask and gives the exit code: 0 done, 1 not, 2 misused.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match obey(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ringfence: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let folders = Folders::find(arguments.state)?;
    let share = arguments.share;
    match arguments.command {
        Command::Run { site, callers } => {
            daemon::run(&Options { site, folders, share, callers })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { dir, lang } => check(&dir, &share, lang.into()),
        Command::Codes { dir, lang } => codes(dir.as_deref(), &folders, &share, lang.into()),
        Command::Site(command) => site(command, &folders, &share),
        Command::Recording(command) => recording(command, &folders),
        Command::Journal(JournalCommand::Check) => journal_check(&folders),
        Command::Report(ReportCommand::Day { date, format, lang }) => {
            report(&folders, &share, &date, lang.into(), format)
        }
        Command::Phones { command } => desks(command, &folders, &share),
        Command::Tls => {
            let site = Sites::new(&folders, &share).current_site()?;
            print(&phones::certificate(&folders, &site)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(dir: &Path, share: &Path, lang: Lang) -> anyhow::Result<ExitCode> {
    let checked = sites::check(dir, share)?;
    crate::tls::check_brought(&checked.site)?;
    clips::ClipTable::load(&checked.prompts, &checked.site.numbering.tones)?;
    print(&site::explain(&checked.site, lang))?;
    for note in &checked.notes {
        print(&format!("note: {note}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn codes(
    dir: Option<&Path>,
    folders: &Folders,
    share: &Path,
    lang: Lang,
) -> anyhow::Result<ExitCode> {
    let codes = match dir {
        Some(dir) => sites::check(dir, share)?.site.codes,
        None => Sites::new(folders, share).current_site()?.codes.clone(),
    };
    print(&site::codes(&codes, lang))?;
    Ok(ExitCode::SUCCESS)
}

fn site(command: SiteCommand, folders: &Folders, share: &Path) -> anyhow::Result<ExitCode> {
    let request = match &command {
        SiteCommand::Apply { dir } => {
            let dir = dir.canonicalize().with_context(|| format!("no folder {}", dir.display()))?;
            let dir = dir.to_str().context("the folder's name is not UTF-8")?.to_owned();
            Request::SiteApply { dir }
        }
        SiteCommand::Rollback { version } => Request::SiteRollBack { version: *version },
        SiteCommand::History => Request::SiteHistory,
    };
    let reply = match ask(folders, &request)? {
        Some(reply) => reply,
        None => without_daemon(command, folders, share)?,
    };
    match reply {
        Reply::SiteApplied { version, digest, notes } => {
            print(&format!("site version {version} is applied ({digest})\n"))?;
            for note in notes {
                print(&format!("note: {note}\n"))?;
            }
        }
        Reply::SiteHistory { sites } => {
            for site in sites {
                let mark = if site.current { "*" } else { " " };
                print(&format!("{mark} {:>6}  {}  {}\n", site.version, site.applied, site.digest))?;
            }
        }
        other => bail!("the box answered {other:?}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The same transaction on a box that does not run: it is used at the next start.
fn without_daemon(command: SiteCommand, folders: &Folders, share: &Path) -> anyhow::Result<Reply> {
    folders.create()?;
    let sites = Sites::new(folders, share);
    let ready = match command {
        SiteCommand::Apply { dir } => sites.take_in(&dir)?,
        SiteCommand::Rollback { version } => sites.load(version)?,
        SiteCommand::History => return Ok(Reply::SiteHistory { sites: sites.history()? }),
    };
    sites.make_current(ready.version)?;
    let mut notes = ready.notes;
    notes.push("the box does not run; this site is used when it starts".into());
    Ok(Reply::SiteApplied { version: ready.version, digest: ready.site.digest.clone(), notes })
}

fn recording(command: RecordingCommand, folders: &Folders) -> anyhow::Result<ExitCode> {
    let key = boxkey::read(folders)?;
    let dir = folders.recordings();
    match command {
        RecordingCommand::List => print(&recordings::list(&dir, &key)?)?,
        RecordingCommand::Verify { id } => {
            let (text, sound) = recordings::verify(&dir, &key, id)?;
            print(&text)?;
            if !sound {
                return Ok(ExitCode::FAILURE);
            }
        }
        RecordingCommand::Export { id, to } => print(&recordings::export(&dir, &key, id, &to)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn journal_check(folders: &Folders) -> anyhow::Result<ExitCode> {
    let text = match ask(folders, &Request::JournalCheck)? {
        Some(Reply::Text { text }) => text,
        Some(other) => bail!("the box answered {other:?}"),
        None => {
            let recorded = recordings::last_call(&folders.recordings())?;
            reports::check(&open(folders)?, recorded)?
        }
    };
    print(&text)?;
    Ok(if reports::is_sound(&text) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(
    folders: &Folders,
    share: &Path,
    date: &str,
    lang: Lang,
    form: Form,
) -> anyhow::Result<ExitCode> {
    let form = match form {
        Form::Table => ReportForm::Table,
        Form::Csv => ReportForm::Csv,
        Form::Json => ReportForm::Json,
    };
    let asked = Request::Report { date: date.to_owned(), lang, form };
    let text = match ask(folders, &asked)? {
        Some(Reply::Text { text }) => text,
        Some(other) => bail!("the box answered {other:?}"),
        None => {
            let site: Arc<Site> = Sites::new(folders, share).current_site()?;
            reports::day(&open(folders)?.reader(), &site, date, lang, form, false)?
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn desks(
    command: Option<PhonesCommand>,
    folders: &Folders,
    share: &Path,
) -> anyhow::Result<ExitCode> {
    let site = || Sites::new(folders, share).current_site();
    let asked = match command {
        Some(PhonesCommand::Credential { phone }) => {
            print(&phones::credential(folders, &*site()?, &phone)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(PhonesCommand::Revoke { phone }) => {
            print(&phones::revoke(folders, &*site()?, &phone)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(PhonesCommand::CheckSync { phone }) => Request::CheckSync { phone },
        None => Request::Phones,
    };
    match (ask(folders, &asked)?, asked) {
        (Some(Reply::Text { text }), _) => print(&text)?,
        (Some(other), _) => bail!("the box answered {other:?}"),
        (None, Request::Phones) => print(&phones::list(&*site()?))?,
        (None, _) => bail!("the box does not run: phones fetch their settings when it does"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the journal of a box that does not run.
fn open(folders: &Folders) -> anyhow::Result<Journal> {
    let key = boxkey::read(folders)?;
    let epoch = boxkey::random_32()?;
    let seal = Arc::new(key.fact_seal([epoch[0], epoch[1], epoch[2], epoch[3]]));
    Ok(Journal::open(&folders.journal(), seal)?)
}

/// Asks the running box; nothing when none runs. Its refusal is an error.
fn ask(folders: &Folders, request: &Request) -> anyhow::Result<Option<Reply>> {
    let Ok(mut stream) = UnixStream::connect(folders.control_socket()) else { return Ok(None) };
    // Longer than any work of the box takes; a box that hangs is said to, not waited for.
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    let mut lines = Lines::default();
    for message in [&Request::Hello { protocol: PROTOCOL }, request] {
        stream.write_all(&control::encode(message)?)?;
        let reply = read_reply(&mut stream, &mut lines)?;
        match reply {
            Reply::Error { message } => bail!("{message}"),
            Reply::Hello { .. } => {}
            reply => return Ok(Some(reply)),
        }
    }
    bail!("the box did not answer")
}

fn read_reply(stream: &mut UnixStream, lines: &mut Lines) -> anyhow::Result<Reply> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        if let Some(line) = lines.next_line()? {
            return Ok(control::decode(&line)?);
        }
        let length =
            stream.read(&mut bytes).context("the box broke off, or did not answer in time")?;
        if length == 0 {
            bail!("the box broke off");
        }
        lines.push(bytes.get(..length).unwrap_or_default());
    }
}

/// Prints, and stops quietly when nobody reads any more (`| head`).
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}
