//! sipp on the load's core: its scenarios, what it counted, how long it waited.

use crate::process::{LOAD_CORE, pin};
use anyhow::{Context as _, bail, ensure};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::boxed::{free_port, root};
use tests::sound::tone;

/// A running sipp; dropped, it is killed.
pub struct Sipp(Child);

impl Sipp {
    /// Waits until its last call is over.
    pub fn wait(&mut self) -> anyhow::Result<()> {
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a run of calls came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub succeeded: u64,
    pub failed: u64,
    pub sent_again: u64,
    pub took: Duration,
    /// INVITE to 200 in ms, sorted.
    pub times: Vec<f64>,
}

impl Outcome {
    /// The calls that came through a second; sipp itself begins and ends half a second late.
    pub fn per_s(&self) -> f64 {
        let lasted = self.took.as_secs_f64() - 0.5;
        if lasted > 0.0 { self.succeeded as f64 / lasted } else { 0.0 }
    }

    /// The time that a share of the calls stayed below.
    pub fn ms(&self, share: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    }
}

/// The clients on the other core, in a folder of their own.
pub struct Load {
    pub dir: PathBuf,
    pub server: SocketAddr,
    /// Where all the agents' phones listen.
    pub agents: u16,
    /// Where they register and dial from.
    pub phones: u16,
}

impl Load {
    /// Writes the accounts 8001 to 8000+`agents` and what callers say.
    pub fn new(dir: &Path, server: SocketAddr, agents: usize) -> anyhow::Result<Self> {
        let load = Self { dir: dir.to_owned(), server, agents: free_port()?, phones: free_port()? };
        let mut accounts = String::from("SEQUENTIAL\n");
        for agent in 8001..8001 + agents {
            let known = format!("[authentication username={agent} password=ringfence-demo]");
            writeln!(accounts, "{agent};{known};127.0.0.1:{}", load.agents)?;
        }
        std::fs::write(dir.join("accounts.csv"), accounts)?;
        let (samples, mut sound) = (tone(1004.0, -12.0, 5000), vec![0; 40_000]);
        model::Law::A.encode(&samples, &mut sound);
        let file = dir.join("tone.alaw");
        std::fs::write(&file, sound)?;
        let caller = std::fs::read_to_string(root().join("tests/sipp/caller.xml"))?;
        let named = caller.replace("SOUND", file.to_str().context("a path")?);
        std::fs::write(dir.join("caller.xml"), named)?;
        Ok(load)
    }

    /// Registers every account and dials the code that makes its agent ready.
    pub fn log_in(&self, agents: usize) -> anyhow::Result<()> {
        let count = agents.to_string();
        // sipp knows MD5 alone and gives up when it is offered SHA-256 beside it; an address that
        // left such an offer is offered MD5 alone when it comes again.
        let _ = self.run("register", &["-m", "1"]);
        self.run("register", &["-m", &count, "-l", "10", "-r", "50"])?;
        // The proof is for the address dialled; sipp would name the server's alone.
        let dialled = format!("*11@{}", self.server);
        let code = ["-m", &count, "-l", "100", "-r", "50", "-key", "code", "*11"];
        self.run("code", &[&code[..], &["-auth_uri", &dialled]].concat())
    }

    fn command(&self, scenario: &Path, ip: &str, port: u16) -> Command {
        let mut command = Command::new("sipp");
        command
            .arg(self.server.to_string())
            .args(["-sf".as_ref(), scenario.as_os_str()])
            .args(["-i", ip, "-mi", ip, "-p", &port.to_string(), "-nostdin"])
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// A scenario: one of the folder or, failing that, of tests/sipp.
    fn scenario(&self, name: &str) -> PathBuf {
        let own = self.dir.join(format!("{name}.xml"));
        if own.exists() { own } else { root().join("tests/sipp").join(format!("{name}.xml")) }
    }

    /// Runs a scenario over the accounts to its end.
    pub fn run(&self, name: &str, more: &[&str]) -> anyhow::Result<()> {
        let mut command = self.command(&self.scenario(name), "127.0.0.1", self.phones);
        command.args(["-inf", "accounts.csv", "-trace_err", "-timeout", "120s"]).args(more);
        let status = command.status().context("sipp is missing: run scripts/setup test")?;
        if !status.success() {
            bail!("sipp {name} ended with {status}; its errors are in {}", self.dir.display());
        }
        Ok(())
    }

    /// Starts the agents' phones.
    pub fn start_agents(&self, name: &str, more: &[&str]) -> anyhow::Result<Sipp> {
        self.spawn(self.command(&self.scenario(name), "127.0.0.1", self.agents).args(more))
    }

    /// Starts callers behind the trunk.
    pub fn start_callers(
        &self,
        name: &str,
        count: usize,
        rate: usize,
        talk_ms: u32,
        more: &[&str],
    ) -> anyhow::Result<Sipp> {
        let mut command = self.command(&self.scenario(name), "127.0.0.2", free_port()?);
        let (count, rate, talk) = (count.to_string(), rate.to_string(), talk_ms.to_string());
        command.args(["-m", &count, "-l", &count, "-r", &rate, "-d", &talk]);
        self.spawn(command.args(more))
    }

    fn spawn(&self, command: &mut Command) -> anyhow::Result<Sipp> {
        let child = command.spawn().context("sipp is missing: run scripts/setup test")?;
        pin(i32::try_from(child.id())?, LOAD_CORE)?;
        Ok(Sipp(child))
    }

    /// Rings `count` callers at `rate` a second and waits until the last has gone.
    pub fn calls(
        &self,
        name: &str,
        count: usize,
        rate: usize,
        talk_ms: u32,
    ) -> anyhow::Result<Outcome> {
        let begun = std::time::Instant::now();
        let whole_s = count / rate + talk_ms as usize / 1000 + 20;
        let timeout = format!("{whole_s}s");
        let more = [
            "-trace_rtt",
            "-rtt_freq",
            "100",
            "-trace_stat",
            "-fd",
            "1",
            "-stf",
            "stat.csv",
            "-timeout",
            &timeout,
            "-recv_timeout",
            "8000",
        ];
        let _ = std::fs::remove_file(self.dir.join("stat.csv"));
        let mut sipp = self.start_callers(name, count, rate, talk_ms, &more)?;
        sipp.wait()?;
        let took = begun.elapsed();
        let stat = std::fs::read_to_string(self.dir.join("stat.csv")).context("no statistics")?;
        let mut lines = stat.lines();
        let names: Vec<&str> = lines.next().context("no statistics")?.split(';').collect();
        let last: Vec<&str> = lines.next_back().context("no statistics")?.split(';').collect();
        let figure = |name: &str| -> anyhow::Result<u64> {
            let place = names.iter().position(|one| *one == name);
            let value = place.and_then(|place| last.get(place)).context("no such figure")?;
            Ok(value.parse()?)
        };
        let mut times = self.response_times(name, sipp.0.id())?;
        times.sort_by(f64::total_cmp);
        Ok(Outcome {
            succeeded: figure("SuccessfulCall(C)")?,
            failed: figure("FailedCall(C)")?,
            sent_again: figure("Retransmissions(C)")?,
            took,
            times,
        })
    }

    /// The response times that a run of callers wrote down, in ms.
    pub fn response_times(&self, name: &str, pid: u32) -> anyhow::Result<Vec<f64>> {
        let path = self.dir.join(format!("{name}_{pid}_rtt.csv"));
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("no response times in {}", path.display()))?;
        let lines = text.lines().skip(1);
        let times: Vec<f64> =
            lines.filter_map(|line| line.split(';').nth(1)?.trim().parse().ok()).collect();
        ensure!(!times.is_empty(), "no call of {name} was answered");
        Ok(times)
    }
}
