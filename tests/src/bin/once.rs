//! `scripts/run --once`: one call from a card port to a sealed recording and a report, verified.
//!
//! A simulated caller rings a port, walks the menus by keys, is answered by agent 8001's phone over
//! real SIP and RTP, hears the agent's tone, answers with one of his own and hangs up. Every step
//! is judged by what was heard, stored or folded, and the first that fails ends in exit code 1.

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tests::boxed::{Boxed, copy_site, ringfence, root};
use tests::phone::{Phone, Setup, Story};
use tests::sound::{find, from_a_law, tone, tone_ms};

/// The agent's tone. The scripted caller waits for it before he speaks.
const AGENT_HZ: f64 = 1500.0;
/// The caller's tone, as in board/callers/once.toml.
const CALLER_HZ: f64 = 1004.0;

/// Walks one call through the whole box and verifies every step.
#[derive(Parser)]
struct Arguments {
    /// The daemon to use.
    #[arg(long)]
    ringfence: Option<PathBuf>,
    /// Keep the state folder here instead of removing it.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    match story(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("NOT VERIFIED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn story(arguments: &Arguments) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let place = arguments.keep.as_deref().unwrap_or(temporary.path());
    let program = match &arguments.ringfence {
        Some(path) => path.canonicalize().context("no daemon there")?,
        None => ringfence()?,
    };
    let site = place.join("site");
    let sip = copy_site("hospital", &site, |text| text)?;
    let callers = root().join("board/callers/once.toml");
    let mut boxed = Boxed::start(program, &place.join("state"), &site, sip, Some(&callers))?;
    println!("box        answers on {sip}, hospital site, one simulated caller");

    let phone = Phone::start(Setup {
        answer_after: Some(Duration::from_millis(800)),
        ..Setup::agent(sip, "8001", tone(AGENT_HZ, -12.0, 1000))
    })?;
    let login = log_in(&boxed, &phone)?;

    boxed.wait("the caller talks to the agent", Duration::from_secs(60), |now| {
        now.calls.iter().any(|call| call.state == "talking")
    })?;
    boxed.wait("the call is over", Duration::from_secs(60), |now| now.calls.is_empty())?;
    let talk = phone
        .wait(Duration::from_secs(5), |story| {
            !story.talking && story.ended.len() > login.ended.len()
        })
        .map_err(|story| anyhow::anyhow!("the phone was not hung up: {:?}", story.ended))?;
    // The seal thread ends the file after the leg; the fact of its end may follow the call's.
    boxed.wait("the recording is sealed", Duration::from_secs(5), |now| {
        now.counters.iter().any(|one| one.name == "recordings-open" && one.value == 0)
    })?;

    // The agent's rest after the call belongs to the report's row.
    boxed.wait("the agent's wrap-up is over", Duration::from_secs(60), |now| {
        now.agents.iter().any(|agent| agent.agent == "8001" && agent.state == "ready")
    })?;
    let facts = boxed.facts()?;
    tell_facts(&facts)?;
    judge_sound(&talk, &login)?;
    judge_recording(&boxed, place, &facts, &talk, &login)?;
    judge_report(&mut boxed)?;
    println!("verified   every step");
    Ok(())
}

/// Registers, logs in by feature code and hears the confirmation.
fn log_in(boxed: &Boxed, phone: &Phone) -> anyhow::Result<Story> {
    let registered = phone
        .wait(Duration::from_secs(10), |story| story.registered.is_some())
        .map_err(|_| anyhow::anyhow!("the phone was not registered\n{}", boxed.log()))?;
    ensure!(matches!(registered.registered, Some(Ok(_))), "refused: {:?}", registered.registered);
    phone.dial("*11");
    let story = phone
        .wait(Duration::from_secs(20), |story| story.ended.len() == 1)
        .map_err(|story| anyhow::anyhow!("*11 did not come to its end: {:?}", story.ended))?;
    let spoken = loud_ms(&story.heard);
    ensure!(spoken > 300, "no spoken confirmation of *11 was heard ({spoken} ms of sound)");
    boxed.wait("agent 8001 is ready", Duration::from_secs(5), |now| {
        now.agents.iter().any(|agent| agent.agent == "8001" && agent.state == "ready")
    })?;
    println!("agent      8001 registered, logged in by *11, heard {spoken} ms of confirmation");
    Ok(story)
}

/// Milliseconds in which something louder than -40 dBm0 was heard.
fn loud_ms(bytes: &[u8]) -> u32 {
    let loud = |block: &&[u8]| block.iter().any(|&byte| from_a_law(byte).unsigned_abs() > 400);
    bytes.chunks_exact(160).filter(loud).map(|_| 20).sum()
}

fn facts_of<'a>(facts: &'a [Value], name: &'a str) -> impl Iterator<Item = &'a Value> {
    facts.iter().filter(move |entry| entry["fact"].get(name).is_some())
}

fn one<'a>(facts: &'a [Value], name: &'a str) -> anyhow::Result<&'a Value> {
    facts_of(facts, name).next().with_context(|| format!("no fact {name} was written"))
}

/// Prints the call's story as the journal has it.
fn tell_facts(facts: &[Value]) -> anyhow::Result<()> {
    let arrived = one(facts, "CallArrived")?;
    let start = arrived["at"].as_i64().context("no time")?;
    let after = |entry: &Value| entry["at"].as_i64().unwrap_or(start) - start;
    let call = &arrived["fact"]["CallArrived"];
    println!("line       0 ms: call {} on {}", call["call"], call["via"]);
    let answered = one(facts, "CallAnswered")?;
    println!("answered   {} ms: by the box", after(answered));
    for left in facts_of(facts, "MenuLeft") {
        let menu = &left["fact"]["MenuLeft"];
        println!("menu       {} ms: {} -> {}", after(left), menu["menu"], menu["chosen"]);
    }
    ensure!(facts_of(facts, "MenuLeft").count() >= 2, "the caller walked through no menus");
    let queued = one(facts, "Queued")?;
    println!("queue      {} ms: {}", after(queued), queued["fact"]["Queued"]["queue"]);
    let offered = one(facts, "Offered")?;
    println!("offer      {} ms: why {}", after(offered), offered["fact"]["Offered"]["why"]);
    let connected = one(facts, "Connected")?;
    let talk = &connected["fact"]["Connected"];
    println!(
        "agent      {} ms: {} after {} ms in the queue",
        after(connected),
        talk["agent"],
        talk["waited_ms"]
    );
    let released = one(facts, "Released")?;
    println!("talk       {} ms", released["fact"]["Released"]["talked_ms"]);
    let ended = one(facts, "CallEnded")?;
    let end = &ended["fact"]["CallEnded"];
    ensure!(end["by"] == "Caller", "the call was ended by {}", end["by"]);
    println!("end        {} ms: by {} ({})", after(ended), end["by"], end["cause"]);
    ensure!(facts_of(facts, "RecordingMissed").count() == 0, "audio is missing from the recording");
    Ok(())
}

/// The caller speaks only after he heard the agent's tone, so that his tone proves both ways.
fn judge_sound(talk: &Story, login: &Story) -> anyhow::Result<()> {
    let heard: Vec<i16> = talk.heard[login.heard.len()..].iter().copied().map(from_a_law).collect();
    let caller = tone_ms(&heard, CALLER_HZ);
    ensure!(caller >= 2000, "the agent heard {caller} ms of the caller's tone, not 2000 or more");
    let said: Vec<i16> = talk.said[login.said.len()..].iter().copied().map(from_a_law).collect();
    let agent = tone_ms(&said, AGENT_HZ);
    println!("heard      {caller} ms of the caller's {CALLER_HZ} Hz at the agent's phone");
    println!("heard      the agent's {AGENT_HZ} Hz at the caller's port ({agent} ms said)");
    Ok(())
}

/// The recording opens, is whole, and holds exactly what the phone heard and said.
fn judge_recording(
    boxed: &Boxed,
    place: &Path,
    facts: &[Value],
    talk: &Story,
    login: &Story,
) -> anyhow::Result<()> {
    let started = &one(facts, "RecordingStarted")?["fact"]["RecordingStarted"]["recording"];
    let (call, part) = (started["call"].as_u64(), started["part"].as_u64());
    let (Some(call), Some(part)) = (call, part) else { bail!("no recording id in {started}") };
    let id = format!("{call:08}-{part}");
    let verified = boxed.output(&["recording", "verify", &id])?;
    ensure!(verified.contains("whole"), "the recording is not whole: {verified}");
    println!("recording  {}", verified.trim());

    let file = boxed.state.join("recordings").join(format!("{id}.rfr"));
    let sealed = std::fs::read(&file)?;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let key =
        ringfence::boxkey::read(&ringfence::folders::Folders::find(Some(boxed.state.clone()))?)?;
    vault::to_law(sealed.as_slice(), &key, &mut left, &mut right)?;
    let heard = passage(&talk.heard[login.heard.len()..], CALLER_HZ)?;
    let at = find(&left, heard).context("what the agent heard is not in the recording's left")?;
    println!("recording  left holds what the agent heard, byte for byte, at {} ms", at / 8);
    let said = passage(&talk.said[login.said.len()..], AGENT_HZ)?;
    let at = find(&right, said).context("what the agent said is not in the recording's right")?;
    println!("recording  right holds what the agent said, byte for byte, at {} ms", at / 8);
    ensure!(find(&sealed, &heard[..160]).is_none(), "the recording lies in clear on the disk");

    let wav = place.join("once.wav");
    let shown = wav.to_str().context("the folder's name is not UTF-8")?;
    boxed.output(&["recording", "export", &id, "--to", shown])?;
    let length = std::fs::metadata(&wav)?.len();
    ensure!(length == 44 + 4 * left.len() as u64, "the WAV has {length} bytes");
    Ok(())
}

/// One second out of the middle of the first long tone.
fn passage(bytes: &[u8], hz: f64) -> anyhow::Result<&[u8]> {
    let samples: Vec<i16> = bytes.iter().copied().map(from_a_law).collect();
    (0..samples.len().saturating_sub(12_000) / 160)
        .map(|block| block * 160)
        .find(|&at| tone_ms(&samples[at..at + 12_000], hz) == 1500)
        .and_then(|at| bytes.get(at + 2000..at + 10_000))
        .with_context(|| format!("no second of {hz} Hz was heard"))
}

/// The report shows the call, and a replay after the box has stopped gives the same bytes.
fn judge_report(boxed: &mut Boxed) -> anyhow::Result<()> {
    let day = ["report", "day", "today", "--format", "json"];
    let live = boxed.output(&day)?;
    let report: Value = serde_json::from_str(&live)?;
    let rows = report["queues"].as_array().context("the report has no queues")?;
    let row = rows
        .iter()
        .find(|row| row["answered"] == 1)
        .with_context(|| format!("no queue of the report answered one call: {live}"))?;
    println!("report     {row}");
    let status = boxed.stop(Duration::from_secs(30))?;
    ensure!(status.success(), "the box ended with {status}\n{}", boxed.log());
    // The day goes on, and with it the agents' time; what became of calls does not change.
    let of_calls = |text: &str| -> anyhow::Result<(Value, Value)> {
        let report: Value = serde_json::from_str(text)?;
        Ok((report["queues"].clone(), report["calls"].clone()))
    };
    let replayed = boxed.output(&day)?;
    ensure!(
        of_calls(&live)? == of_calls(&replayed)?,
        "a replay of the facts gives another report:\n{live}\n{replayed}"
    );
    let again = boxed.output(&day)?;
    ensure!(replayed == again, "two replays of the same facts differ");
    let check = boxed.output(&["journal", "check"])?;
    println!("journal    {}", check.trim().replace('\n', "\n           "));
    Ok(())
}
