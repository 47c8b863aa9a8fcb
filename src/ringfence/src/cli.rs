//! The command line. What needs the journal asks the running box, or opens it when none runs.

mod arguments;
mod asking;

use crate::daemon::{self, Options};
use crate::folders::Folders;
use crate::sites::Sites;
use crate::{boxkey, captures, clips, phones, recordings, reports, sites};
use anyhow::{Context as _, bail};
use arguments::{
    Arguments, Command, Form, HeadsetCommand, JournalCommand, LineCommand, PhonesCommand,
    RecordingCommand, ReportCommand, SiteCommand, SmsCommand,
};
use asking::ask;
use clap::Parser as _;
use control::{HeadsetWish, Reply, ReportForm, Request, Supervising};
use journal::Journal;
use model::site::{Lang, Site};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

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
        Command::Run { site, callers, dahdi } => {
            daemon::run(&Options { site, folders, share, callers, dahdi })
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
        Command::Sound => {
            print(&sound_devices())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Headset { phone, command } => headset(phone, command, &folders),
        Command::Line(LineCommand::Test { port, number, incoming, lang }) => {
            line_test(port, number, incoming, lang.into(), &folders)
        }
        Command::Line(LineCommand::List { lang }) => line_list(lang.into(), &folders),
        Command::Line(LineCommand::Capture { port, seconds }) => {
            line_capture(port, seconds, &folders)
        }
        Command::Line(LineCommand::Open { capture, to }) => {
            print(&captures::open(&capture, &boxkey::read(&folders)?, &to)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Sms(SmsCommand::Test { number }) => sms_test(number, &folders),
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
            reports::check_date(date)?;
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

/// A line a card: its id, which a site may give as `device`, and its maker's name.
fn sound_devices() -> String {
    let cards = board::alsa::found();
    let lines = cards.iter().map(|card| format!("{:<16} {}\n", card.id, card.name));
    match cards.is_empty() {
        true => "this machine has no sound device\n".to_owned(),
        false => lines.collect(),
    }
}

fn headset(
    phone: Option<String>,
    command: HeadsetCommand,
    folders: &Folders,
) -> anyhow::Result<ExitCode> {
    let supervise = |agent, how| HeadsetWish::Supervise { agent, how };
    let wish = match command {
        HeadsetCommand::Listen { agent } => supervise(agent, Supervising::Listen),
        HeadsetCommand::Whisper { agent } => supervise(agent, Supervising::Whisper),
        HeadsetCommand::Barge { agent } => supervise(agent, Supervising::Barge),
        HeadsetCommand::TakeOver { agent } => supervise(agent, Supervising::TakeOver),
        HeadsetCommand::Dial { number } => HeadsetWish::Dial { number },
        HeadsetCommand::Press { keys } => HeadsetWish::Press { keys },
        HeadsetCommand::Hear { id } => HeadsetWish::Hear { recording: id.to_string() },
        HeadsetCommand::HangUp => HeadsetWish::HangUp,
    };
    match ask(folders, &Request::Headset { phone, wish })? {
        Some(Reply::Done) => Ok(ExitCode::SUCCESS),
        Some(other) => bail!("the box answered {other:?}"),
        None => bail!("the box does not run"),
    }
}

fn line_test(
    port: String,
    number: Option<String>,
    incoming: bool,
    lang: Lang,
    folders: &Folders,
) -> anyhow::Result<ExitCode> {
    let keys = |number: &String| number.bytes().all(|b| b.is_ascii_digit() || b"*#W".contains(&b));
    if !number.as_ref().is_none_or(|number| number.len() <= 32 && keys(number)) {
        bail!("a line dials up to 32 of the keys 0 to 9, * and #, and W for a pause");
    }
    match ask(folders, &Request::LineTest { port, number, incoming, lang })? {
        Some(Reply::Text { text }) => print(&text)?,
        Some(other) => bail!("the box answered {other:?}"),
        None => bail!("the box does not run: its lines are the daemon's"),
    }
    Ok(ExitCode::SUCCESS)
}

fn line_list(lang: Lang, folders: &Folders) -> anyhow::Result<ExitCode> {
    match ask(folders, &Request::LineList { lang })? {
        Some(Reply::Text { text }) => print(&text)?,
        Some(other) => bail!("the box answered {other:?}"),
        None => bail!("the box does not run: its lines are the daemon's"),
    }
    Ok(ExitCode::SUCCESS)
}

fn line_capture(port: String, seconds: u16, folders: &Folders) -> anyhow::Result<ExitCode> {
    match ask(folders, &Request::LineCapture { port, seconds })? {
        Some(Reply::Text { text }) => print(&format!("{text}\n"))?,
        Some(other) => bail!("the box answered {other:?}"),
        None => bail!("the box does not run: its lines are the daemon's"),
    }
    Ok(ExitCode::SUCCESS)
}

fn sms_test(number: String, folders: &Folders) -> anyhow::Result<ExitCode> {
    let number = model::Number::new(number);
    match ask(folders, &Request::SmsTest { number })? {
        Some(Reply::Done) => print("the network took the text\n")?,
        Some(other) => bail!("the box answered {other:?}"),
        None => bail!("the box does not run: its modem is the daemon's"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the journal of a box that does not run.
fn open(folders: &Folders) -> anyhow::Result<Journal> {
    let key = boxkey::read(folders)?;
    let epoch = boxkey::random_32()?;
    let seal = Arc::new(key.fact_seal([epoch[0], epoch[1], epoch[2], epoch[3]]));
    let dir = folders.journal();
    Journal::open(&dir, seal).map_err(|error| {
        let refused = match &error {
            journal::Error::Io(error) => error.kind(),
            _ => std::io::ErrorKind::Other,
        };
        let why = match refused {
            std::io::ErrorKind::ReadOnlyFilesystem => "its file system is read-only",
            std::io::ErrorKind::StorageFull => "its file system is full",
            _ => return error.into(),
        };
        let words = "opening a journal writes to it. Copy the state folder to a disk with room and \
                     give the copy with --state";
        anyhow::anyhow!("the journal in {} cannot be opened: {why}, and {words}", dir.display())
    })
}

/// Prints, and stops quietly when nobody reads any more (`| head`).
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}
