//! `flood`: strangers send 5,000 requests a second. What becomes of calls that stand, of a phone
//! that wants to call, of the box's memory; and how soon all is as before.

use crate::Figure;
use crate::process::{BOX_CORE, pin_all, resident_kb};
use crate::site::{self, Shape};
use anyhow::ensure;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tests::boxed::{Boxed, ringfence};
use tests::flood::{Ask, Flood};
use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, SOON, missing_frames, samples};
use tests::sound::tone;

const RATE: u32 = 5000;
/// Sources of the flood that is spread.
const SOURCES: usize = 1000;
/// Calls that stand meanwhile.
const CALLS: usize = 4;
/// Within this all shall be as before.
const NORMAL_AFTER: Duration = Duration::from_secs(10);
/// A set-up as before.
const NORMAL_SETUP_MS: f64 = 200.0;

pub fn measure(seconds: u64) -> anyhow::Result<Vec<Figure>> {
    let rig = Rig::new()?;
    let mut figures = Vec::new();
    let (calm, _) = rig.setup_ms()?;
    figures.push(Figure::new("flood_calm_setup", calm, "ms INVITE to 200, no flood"));
    // What the machine itself loses in as long a time.
    figures.extend(rig.flood("flood_none", None, Duration::from_secs(seconds))?);
    for (name, ask, sources) in [
        ("flood_register_1", Ask::Register, 1),
        ("flood_register_1000", Ask::Register, SOURCES),
        ("flood_invite_1", Ask::Invite, 1),
        ("flood_invite_1000", Ask::Invite, SOURCES),
    ] {
        figures.extend(rig.flood(name, Some((ask, sources)), Duration::from_secs(seconds))?);
    }
    Ok(figures)
}

struct Rig {
    boxed: Boxed,
    /// Agents and callers that talk, and the phone that wants to call.
    talks: Vec<(Phone, Phone)>,
    phone: Phone,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn new() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let site = dir.path().join("site");
        let shape =
            Shape { agents: CALLS + 1, phones: 0, calls: 100, ip: Ipv4Addr::LOCALHOST.into() };
        let sip = site::write(&site, &shape)?;
        let boxed = Boxed::start(ringfence()?, &dir.path().join("state"), &site, sip, None)?;
        pin_all(boxed.pid(), BOX_CORE)?;
        let mut talks = Vec::new();
        for no in 0..CALLS {
            let user = (8001 + no).to_string();
            let agent = Phone::start(Setup::agent(sip, &user, tone(AGENT_HZ, -12.0, 1000)))?;
            agent.until("registered", SOON, |s| matches!(s.registered, Some(Ok(_))))?;
            agent.dial("*11");
            agent.until("*11", SOON, |story| !story.ended.is_empty())?;
            boxed.wait("ready", SOON, |now| {
                now.agents.iter().any(|one| one.agent == user && one.state == "ready")
            })?;
            let number = format!("1390000000{no}");
            let caller = Phone::start(Setup::trunk(sip, &number, tone(CALLER_HZ, -12.0, 1000)))?;
            caller.dial("1000");
            caller.until("answered", SOON, |story| story.talking)?;
            boxed.wait("talking", SOON, |now| {
                now.calls.iter().filter(|call| call.state == "talking").count() == no + 1
            })?;
            talks.push((agent, caller));
        }
        let user = (8001 + CALLS).to_string();
        let phone = Phone::start(Setup::agent(sip, &user, tone(AGENT_HZ, -12.0, 1000)))?;
        phone.until("registered", SOON, |s| matches!(s.registered, Some(Ok(_))))?;
        // The last talk is to be heard on both sides before frames are counted.
        std::thread::sleep(Duration::from_secs(2));
        Ok(Self { boxed, talks, phone, _dir: dir })
    }

    /// Dials a code from a known phone; gives how long its answer took in ms, and whether there was
    /// one at all.
    fn setup_ms(&self) -> anyhow::Result<(f64, bool)> {
        let before = self.phone.story().ended.len();
        let begun = Instant::now();
        self.phone.dial("*14");
        let answered = self
            .phone
            .wait(Duration::from_secs(8), |story| story.talking || story.ended.len() > before);
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        let good = answered.is_ok_and(|story| story.talking);
        self.phone.hang_up();
        let _ = self.phone.wait(Duration::from_secs(40), |story| story.ended.len() > before);
        Ok((ms, good))
    }

    /// Floods the box for a while, from so many sources, or leaves it in peace.
    fn flood(
        &self,
        name: &str,
        flood: Option<(Ask, usize)>,
        lasting: Duration,
    ) -> anyhow::Result<Vec<Figure>> {
        let pid = self.boxed.pid();
        let before = resident_kb(pid)?;
        let marks: Vec<_> = self.talks.iter().map(|(a, c)| (a.mark(), c.mark())).collect();
        let flood = flood
            .map(|(ask, sources)| Flood::start(self.boxed.sip, ask, sources, RATE))
            .transpose()?;
        let begun = Instant::now();
        let (mut slowest, mut failed, mut most, mut alarmed) = (0.0_f64, 0, before, false);
        while begun.elapsed() < lasting {
            let (ms, good) = self.setup_ms()?;
            slowest = slowest.max(ms);
            failed += usize::from(!good);
            most = most.max(resident_kb(pid)?);
            alarmed |= !self.boxed.snapshot()?.alarms.is_empty();
            std::thread::sleep(Duration::from_millis(500));
        }
        let lasted = begun.elapsed().as_secs_f64();
        let sent = flood.map(Flood::stop);
        let over = Instant::now();
        let mut normal = f64::NAN;
        while over.elapsed() < 3 * NORMAL_AFTER {
            let (ms, good) = self.setup_ms()?;
            if good && ms < NORMAL_SETUP_MS {
                normal = over.elapsed().as_secs_f64();
                break;
            }
        }
        let mut lost = 0;
        for ((agent, caller), (agent_mark, caller_mark)) in self.talks.iter().zip(marks) {
            let (agent, caller) = (agent.story(), caller.story());
            ensure!(agent.talking && caller.talking, "a call that stood is gone");
            lost += missing_frames(&samples(&agent.heard[agent_mark..]), CALLER_HZ);
            lost += missing_frames(&samples(&caller.heard[caller_mark..]), AGENT_HZ);
        }
        let figure = |what: &str, value, unit| Figure::new(format!("{name}_{what}"), value, unit);
        let mut figures = Vec::new();
        if let Some(sent) = sent {
            ensure!(sent.requests > 0, "nothing was sent");
            figures.push(figure("sent", sent.requests as f64 / lasted, "requests/s"));
            figures.push(figure("answered", sent.answers as f64 / lasted, "answers/s"));
        }
        figures.extend([
            figure("setup_max", slowest, "ms INVITE to 200 of a known phone"),
            figure("setup_failed", failed as f64, "set-ups of a known phone"),
            figure("frames_lost", lost as f64, "frames of 20 ms, of all calls both ways"),
            figure("memory", (most - before) / 1024.0, "MB more than before"),
            figure("alarm", f64::from(u8::from(alarmed)), "1 if an alarm was shown"),
            figure("normal_after", normal, "s until set-ups are as before"),
        ]);
        Ok(figures)
    }
}
