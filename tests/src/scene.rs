//! A scene: a box on a quickened demo hospital, the people around it, and its end without a rest.

use crate::boxed::{Boxed, copy_site, ringfence, root};
use crate::phone::{Phone, Setup, Story};
use crate::sound::{find, from_a_law, tone, tone_ms};
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Longest wait for something that is to happen at once. A loaded machine needs a part of it.
pub const SOON: Duration = Duration::from_secs(20);
/// What agents speak, and what callers speak.
pub const AGENT_HZ: f64 = 1500.0;
pub const CALLER_HZ: f64 = 1004.0;
/// Numbers of the trunk that lead past the greeting.
pub const GENERAL: &str = "1000";
pub const APPOINTMENTS: &str = "1001";
pub const COMPLAINTS: &str = "1002";
pub const MAIN_MENU: &str = "1003";
pub const LANGUAGE_MENU: &str = "1004";

/// Makes the hospital's clocks run fast, and gives some nodes numbers of their own.
pub fn quick(text: String) -> String {
    let numbers = format!(
        "\"{GENERAL}\" = \"general\", \"{APPOINTMENTS}\" = \"to-appointments\", \
         \"{COMPLAINTS}\" = \"to-complaints\", \"{MAIN_MENU}\" = \"main\", \
         \"{LANGUAGE_MENU}\" = \"language\", \"02160000003\""
    );
    text.replace("ring = \"15s\"", "ring = \"5s\"")
        .replace("wrap-up = \"15s\"", "wrap-up = \"1s\"")
        .replace("wrap-up = \"30s\"", "wrap-up = \"1s\"")
        .replace("announce-every = \"30s\"", "announce-every = \"10s\"")
        .replace("\"02160000003\"", &numbers)
}

/// A running box with its folders.
pub struct Scene {
    pub boxed: Boxed,
    pub dir: TempDir,
    pub site: PathBuf,
    sockets: usize,
}

impl Scene {
    /// Opens the quickened hospital; `edit` may change it further.
    pub fn hospital(edit: impl Fn(String) -> String) -> anyhow::Result<Self> {
        Self::hospital_at(Ipv4Addr::LOCALHOST, edit)
    }

    /// The same with more in the box's environment.
    pub fn hospital_in(
        environment: &[(&str, String)],
        edit: impl Fn(String) -> String,
    ) -> anyhow::Result<Self> {
        Self::begin("hospital", Ipv4Addr::LOCALHOST, edit, "", environment)
    }

    /// The same at another address of this machine.
    pub fn hospital_at(ip: Ipv4Addr, edit: impl Fn(String) -> String) -> anyhow::Result<Self> {
        Self::of("hospital", ip, edit)
    }

    /// Any of the demo sites, quickened as far as it has what the hospital has.
    pub fn of(name: &str, ip: Ipv4Addr, edit: impl Fn(String) -> String) -> anyhow::Result<Self> {
        Self::begin(name, ip, edit, "", &[])
    }

    /// The quickened hospital with people behind its analogue lines, by a script of `board`'s simulator.
    pub fn with_callers(script: &str, edit: impl Fn(String) -> String) -> anyhow::Result<Self> {
        Self::begin("hospital", Ipv4Addr::LOCALHOST, edit, script, &[])
    }

    fn begin(
        name: &str,
        ip: Ipv4Addr,
        edit: impl Fn(String) -> String,
        script: &str,
        environment: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let site = dir.path().join("site");
        // Its own address for signalling in clear, by UDP and TCP, and by TLS.
        let bound = |text: String| {
            let text = text.replace("bind = \"127.0.0.1:", &format!("bind = \"{ip}:"));
            text.replace("tcp = \"127.0.0.1:", &format!("tcp = \"{ip}:"))
        };
        let mut sip = copy_site(name, &site, |text| edit(bound(quick(text))))?;
        sip.set_ip(ip.into());
        let callers = dir.path().join("callers.toml");
        std::fs::write(&callers, script)?;
        let callers = (!script.is_empty()).then_some(callers.as_path());
        let state = dir.path().join("state");
        let boxed = Boxed::start_in(ringfence()?, &state, &site, sip, callers, environment)?;
        let sockets = boxed.udp_ports()?.len();
        Ok(Self { boxed, dir, site, sockets })
    }

    pub fn sip(&self) -> SocketAddr {
        self.boxed.sip
    }

    /// Where the box answers over TLS.
    pub fn tls(&self) -> anyhow::Result<SocketAddr> {
        let site = std::fs::read_to_string(self.site.join("site.toml"))?;
        let bind = site.split("[sip.tls]").nth(1).and_then(|rest| rest.split('"').nth(1));
        Ok(bind.context("the site answers not over TLS")?.parse()?)
    }

    /// What a phone is told to trust: the certificate of the box's own authority, without its key.
    pub fn trusted(&self) -> anyhow::Result<PathBuf> {
        let pem = std::fs::read_to_string(self.boxed.state.join("tls/ca.pem"))?;
        let from = pem.find("-----BEGIN CERTIFICATE-----").context("no certificate in ca.pem")?;
        let path = self.dir.path().join("trusted.pem");
        std::fs::write(&path, &pem[from..])?;
        Ok(path)
    }

    /// Waits until an agent is in a state.
    pub fn agent_is(&self, agent: &str, state: &str) -> anyhow::Result<()> {
        let fits = |row: &control::AgentRow| row.agent == agent && row.state == state;
        self.boxed
            .wait(&format!("agent {agent} is {state}"), SOON, |now| now.agents.iter().any(fits))
            .map(drop)
    }

    /// Waits until as many callers are in a state.
    pub fn calls_are(&self, state: &str, count: usize) -> anyhow::Result<()> {
        let here = |now: &control::Snapshot| now.calls.iter().filter(|c| c.state == state).count();
        self.boxed
            .wait(&format!("{count} calls are {state}"), SOON, |now| here(now) == count)
            .map(drop)
    }

    /// A desk phone that registers, logs its agent in by code and is ready.
    pub fn agent(&self, user: &str) -> anyhow::Result<Phone> {
        self.agent_with(Setup::agent(self.sip(), user, tone(AGENT_HZ, -12.0, 1000)))
    }

    pub fn agent_with(&self, setup: Setup) -> anyhow::Result<Phone> {
        let user = setup.user.clone();
        let phone = self.registered(setup)?;
        self.code(&phone, "*11")?;
        self.agent_is(&user, "ready")?;
        Ok(phone)
    }

    /// A desk phone that is registered, its agent not logged in.
    pub fn registered(&self, setup: Setup) -> anyhow::Result<Phone> {
        let phone = Phone::start(setup)?;
        phone.until("registered", SOON, |story| matches!(story.registered, Some(Ok(_))))?;
        Ok(phone)
    }

    /// Dials a feature code and hears what the box says to it.
    pub fn code(&self, phone: &Phone, code: &str) -> anyhow::Result<()> {
        let before = phone.story();
        phone.dial(code);
        let after = phone.until(code, SOON, |story| story.ended.len() > before.ended.len())?;
        ensure!(loud_ms(&after.heard[before.heard.len()..]) > 300, "{code} was not confirmed");
        let codes = |now: &control::Snapshot| {
            let of_calls = now.calls.len() + now.calls.iter().filter(|c| rings(c)).count();
            legs(now) <= of_calls as u64
        };
        // The agent is offered calls when the box, too, has put the leg down.
        self.boxed.wait("the leg of the code is over", SOON, codes).map(drop)
    }

    /// A caller behind the trunk who speaks a tone, dials and is answered by the box.
    pub fn caller(&self, number: &str, dialled: &str) -> anyhow::Result<Phone> {
        self.caller_with(Setup::trunk(self.sip(), number, tone(CALLER_HZ, -12.0, 1000)), dialled)
    }

    pub fn caller_with(&self, setup: Setup, dialled: &str) -> anyhow::Result<Phone> {
        let caller = Phone::start(setup)?;
        caller.dial(dialled);
        caller.until("answered by the box", SOON, |story| story.talking)?;
        Ok(caller)
    }

    /// The facts of one kind, in order, without their names.
    pub fn facts(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        let facts = self.boxed.facts()?;
        Ok(facts
            .into_iter()
            .filter_map(|mut entry| entry["fact"].get_mut(name).map(Value::take))
            .collect())
    }

    /// The facts once there are at least `count` of one kind: they follow what is heard.
    pub fn facts_when(&self, name: &str, count: usize) -> anyhow::Result<Vec<Value>> {
        let begun = std::time::Instant::now();
        loop {
            let facts = self.facts(name)?;
            if facts.len() >= count {
                return Ok(facts);
            }
            ensure!(begun.elapsed() < SOON, "{} facts {name}, not {count}: {facts:?}", facts.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A prompt as its caller is to hear it.
    pub fn prompt(&self, lang: &str, id: &str) -> anyhow::Result<Vec<u8>> {
        let own = self.site.join("prompts").join(lang).join(format!("{id}.flac"));
        let shared = root().join("images/prompts").join(lang).join(format!("{id}.flac"));
        let path = [own, shared].into_iter().find(|path| path.exists());
        let path = path.with_context(|| format!("no prompt {id} ({lang})"))?;
        let clip = ringfence::clips::read_clip(&path)?;
        let mut bytes = vec![0; clip.samples(model::Rate::Narrow).len()];
        model::Law::A.encode(clip.samples(model::Rate::Narrow), &mut bytes);
        Ok(bytes)
    }

    /// Nothing is left of any call: no call, leg, RTP socket or open recording.
    pub fn quiet(&self) -> anyhow::Result<()> {
        self.boxed.wait("no call, leg or open recording is left", SOON, |now| {
            now.calls.is_empty() && legs(now) == 0 && counter(now, "recordings-open") == 0
        })?;
        let begun = std::time::Instant::now();
        loop {
            let ports = self.boxed.udp_ports()?;
            if ports.len() == self.sockets {
                return Ok(());
            }
            ensure!(begun.elapsed() < SOON, "sockets are left open: ports {ports:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The signalling, too, has forgotten every call: 32 s after the last message (RFC 3261 17.2.2,
    /// Timer J), so that a message that comes late is known.
    pub fn forgotten(&self) -> anyhow::Result<()> {
        let left = ["sip-legs", "sip-dialogs", "sip-transactions"];
        let gone = |now: &control::Snapshot| left.iter().all(|name| counter(now, name) == 0);
        self.boxed.wait("no transaction is left", Duration::from_secs(60), gone).map(drop)
    }

    /// The box is quiet, stops as it should, and what it wrote is sound and whole.
    pub fn over(mut self) -> anyhow::Result<()> {
        self.quiet()?;
        let missing = counter(&self.boxed.snapshot()?, "prompts-missing");
        ensure!(missing == 0, "{missing} prompts were missing\n{}", self.boxed.log());
        let status = self.boxed.stop(SOON)?;
        ensure!(status.success(), "the box ended with {status}\n{}", self.boxed.log());
        self.sound()
    }

    /// The journal of a stopped box is sound and each recording whole.
    pub fn sound(&self) -> anyhow::Result<()> {
        ensure!(!self.boxed.state.join("control.sock").exists(), "the control socket is left");
        let check = self.boxed.output(&["journal", "check"])?;
        ensure!(check.starts_with("sound"), "{check}");
        let verified = self.boxed.output(&["recording", "verify"])?;
        for line in verified.lines() {
            ensure!(line.contains("whole"), "{verified}");
        }
        Ok(())
    }

    /// The caller's and the agent's side of a recording, opened with the box's key.
    pub fn recording(&self, call: u64) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
        let sealed = std::fs::read(self.boxed.state.join(format!("recordings/{call:08}-1.rfr")))?;
        let folders = ringfence::folders::Folders::find(Some(self.boxed.state.clone()))?;
        let key = ringfence::boxkey::read(&folders)?;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        vault::to_law(sealed.as_slice(), &key, &mut left, &mut right)?;
        Ok((left, right))
    }
}

impl Phone {
    /// Waits until the story fits, or fails with what was waited for.
    pub fn until(
        &self,
        what: &str,
        within: Duration,
        fits: impl Fn(&Story) -> bool,
    ) -> anyhow::Result<Story> {
        match self.wait(within, fits) {
            Ok(story) => Ok(story),
            Err(story) => bail!(
                "{what}: not within {within:?}; registered {:?}, ringing {}, talking {}, rang {}, \
                 ended {:?}, heard {} ms",
                story.registered,
                story.ringing,
                story.talking,
                story.rang,
                story.ended,
                story.heard.len() / 8
            ),
        }
    }

    /// Waits until `ms` of a tone were heard after `mark` bytes of sound.
    pub fn hears(&self, mark: usize, hz: f64, ms: u32) -> anyhow::Result<()> {
        let what = format!("{ms} ms of {hz} Hz are heard");
        self.until(&what, SOON, |story| tone_ms(&samples(&story.heard[mark..]), hz) >= ms).map(drop)
    }

    /// How much was heard so far, to judge only what comes after.
    pub fn mark(&self) -> usize {
        self.story().heard.len()
    }
}

/// Both speak and hear each other.
pub fn talk(caller: &Phone, agent: &Phone) -> anyhow::Result<()> {
    let (caller_mark, agent_mark) = (caller.mark(), agent.mark());
    agent.hears(agent_mark, CALLER_HZ, 500).context("the agent hears the caller")?;
    caller.hears(caller_mark, AGENT_HZ, 500).context("the caller hears the agent")
}

/// A-law bytes as samples.
pub fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.iter().copied().map(from_a_law).collect()
}

/// Milliseconds in which something louder than -40 dBm0 was heard.
pub fn loud_ms(bytes: &[u8]) -> u32 {
    bytes.chunks_exact(160).filter(|block| is_loud(block)).map(|_| 20).sum()
}

/// The same of samples.
pub fn loud_ms_of(sound: &[i16]) -> u32 {
    let loud = |block: &&[i16]| block.iter().any(|sample| sample.unsigned_abs() > 400);
    sound.chunks_exact(160).filter(loud).map(|_| 20).sum()
}

/// How much the loudest quarter second of `part` is like its best place in `whole`, from 0 to 1.
pub fn likeness(whole: &[i16], part: &[i16]) -> f64 {
    let energy = |s: &[i16]| s.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let windows = part.chunks_exact(2000);
    let Some(window) = windows.max_by(|a, b| energy(a).total_cmp(&energy(b))) else { return 0.0 };
    let own = energy(window);
    let places = whole.windows(window.len()).map(|place| {
        let dot: f64 = place.iter().zip(window).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        dot / (own * energy(place)).sqrt().max(1.0)
    });
    places.fold(0.0, f64::max)
}

/// Frames of 20 ms in which a tone that should never stop was not heard.
pub fn missing_frames(sound: &[i16], hz: f64) -> u32 {
    (sound.len() / 160) as u32 - tone_ms(sound, hz) / 20
}

fn is_loud(block: &[u8]) -> bool {
    block.iter().any(|&byte| from_a_law(byte).unsigned_abs() > 400)
}

/// Tells whether a prompt was heard up to `within_ms` of it: most of its loud passages of 40 ms
/// stand in what was heard, byte for byte.
pub fn has_heard(heard: &[u8], prompt: &[u8], within_ms: usize) -> bool {
    let part = &prompt[..prompt.len().min(within_ms * 8)];
    let loud: Vec<&[u8]> = part.chunks_exact(320).filter(|passage| is_loud(passage)).collect();
    let found = loud.iter().filter(|passage| find(heard, passage).is_some()).count();
    loud.len() >= 5 && 2 * found > loud.len()
}

/// A counter of the console.
pub fn counter(now: &control::Snapshot, name: &str) -> u64 {
    let found = now.counters.iter().find(|one| one.name == name);
    found.map(|one| one.value).unwrap_or_else(|| panic!("the box counts no {name}"))
}

/// A phone rings or talks for the call, so it has two legs.
fn rings(call: &control::CallRow) -> bool {
    matches!(call.state.as_str(), "offered" | "talking" | "held")
}

fn legs(now: &control::Snapshot) -> u64 {
    counter(now, "legs")
}

/// Writes samples as the A-law file that sipp's `rtp_stream` plays.
pub fn write_a_law(path: &Path, sound: &[i16]) -> anyhow::Result<()> {
    let mut bytes = vec![0; sound.len()];
    model::Law::A.encode(sound, &mut bytes);
    Ok(std::fs::write(path, bytes)?)
}
