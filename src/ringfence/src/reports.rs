//! What is read out of the journal for people: a day's report, a check, the facts themselves.

use crate::clock::wall_now;
use anyhow::{Context as _, bail};
use control::{Reply, ReportForm};
use journal::{Journal, Reader};
use model::WallTime;
use model::site::{Lang, Site};
use report::{Carry, Date, Day};

/// Folds a day's facts into its report; `runs` tells whether the box runs.
pub fn day(
    reader: &Reader,
    site: &Site,
    date: &str,
    lang: Lang,
    form: ReportForm,
    runs: bool,
) -> anyhow::Result<String> {
    let now = wall_now();
    let date = match date {
        "today" => site.zone.civil(now).date,
        "yesterday" => site.zone.civil(now).date.yesterday().unwrap_or(Date::MIN),
        text => parse(text)?,
    };
    let start = site.zone.start_of(date);
    if start > now {
        bail!("{date} has not begun yet");
    }
    // A day that has not ended is told up to now while the box runs, and up to its last fact when
    // it is stopped, so that the same facts give the same page.
    let until = if runs { now } else { WallTime(i64::MIN) };
    let mut carry = Carry::default();
    for entry in reader.entries_between(WallTime(i64::MIN), start) {
        carry.push(&entry?);
    }
    let from = carry.seq + 1;
    let mut day = Day::new(date, &site.zone, carry);
    for entry in reader.entries(from) {
        day.push(&entry?);
        if day.is_complete() {
            break;
        }
    }
    let report = day.report(site, until);
    Ok(match form {
        ReportForm::Table => report.to_table(lang),
        ReportForm::Csv => report.to_csv()?,
        ReportForm::Json => report.to_json()?,
    })
}

/// Refuses what is no day before anything is opened for it.
pub fn check_date(text: &str) -> anyhow::Result<()> {
    if !matches!(text, "today" | "yesterday") {
        parse(text)?;
    }
    Ok(())
}

fn parse(text: &str) -> anyhow::Result<Date> {
    let parsed = text.parse();
    parsed.map_err(|_| {
        anyhow::anyhow!("'{text}' is no date; expected YYYY-MM-DD, today or yesterday")
    })
}

/// What a sound journal's check begins with.
const SOUND: &str = "sound";
/// Problems shown.
const PROBLEMS_SHOWN: usize = 20;

/// Checks the whole journal of a box that does not run: facts and views.
/// `recorded` is the last call that has a recording on the disk.
pub fn check(journal: &Journal, recorded: u64) -> anyhow::Result<String> {
    if journal.last_seq() == 0 && recorded > 0 {
        return Ok(format!("NOT SOUND: no facts at all, but recordings up to call {recorded}\n"));
    }
    let report = journal.check().context("the journal could not be checked")?;
    if report.is_clean() {
        return Ok(format!(
            "{SOUND}: {} facts without a gap, all authentic; {} rows of views equal to a replay\n",
            report.facts, report.rows
        ));
    }
    let problems = report.problems.iter().take(PROBLEMS_SHOWN).map(ToString::to_string);
    Ok(format!(
        "NOT SOUND: {} problems, {} of {} facts open\n{}\n",
        report.problems_total,
        report.facts,
        report.facts_expected,
        problems.collect::<Vec<_>>().join("\n")
    ))
}

/// Checks the facts of a running box; its views change under the hand and are left out.
pub fn check_facts(reader: &Reader) -> anyhow::Result<String> {
    let (last, mut next) = (reader.last_seq()?, 1);
    for entry in reader.entries(1) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Ok(format!("NOT SOUND: after fact {}: {error}\n", next - 1)),
        };
        if entry.seq != next {
            return Ok(format!("NOT SOUND: facts {next} to {} are missing\n", entry.seq - 1));
        }
        next += 1;
    }
    if next <= last {
        return Ok(format!("NOT SOUND: facts {next} to {last} are missing\n"));
    }
    Ok(format!(
        "{SOUND}: {} facts without a gap, all authentic (the box runs: views are compared when it is stopped)\n",
        next - 1
    ))
}

/// Tells whether a check's text says that all is well.
pub fn is_sound(text: &str) -> bool {
    text.starts_with(SOUND)
}

/// Facts from `from` on, as JSON, for tests and tools on the box.
pub fn facts(reader: &Reader, from: u64, count: u16) -> anyhow::Result<Reply> {
    let count = usize::from(count.clamp(1, 1000));
    let mut facts = Vec::new();
    for entry in reader.entries(from).take(count) {
        facts.push(serde_json::to_value(entry?)?);
    }
    Ok(Reply::Facts { last: reader.last_seq()?, facts })
}
