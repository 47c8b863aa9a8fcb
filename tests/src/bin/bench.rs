//! `scripts/bench`: figures of the running box under load from foreign clients.
//!
//! `calls`: the box on one core, sipp on the other. 50 agents and 50 callers are bridged and
//! recorded; what that costs of the core, and how long INVITE to 200 takes meanwhile.

use anyhow::{Context as _, bail, ensure};
use clap::{Parser, Subcommand};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tests::boxed::{Boxed, free_port, ringfence, root};
use tests::sound::tone;

/// Calls bridged at once.
const CALLS: usize = 50;
/// How long the CPU is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Calls whose set-up time is taken, and how many of them a second.
const SETUPS: usize = 300;
const SETUPS_A_SECOND: usize = 20;

#[derive(Parser)]
#[command(name = "bench", about = "Figures of the box under load")]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
    /// One line of JSON a figure instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Bench {
    /// 50 bridged and recorded calls, and the set-up time.
    Calls,
}

/// A figure measured.
struct Figure {
    case: &'static str,
    value: f64,
    unit: &'static str,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (name, figures) = match arguments.bench {
        Bench::Calls => ("calls", calls()?),
    };
    for Figure { case, value, unit } in figures {
        if arguments.json {
            let line =
                serde_json::json!({"bench": name, "case": case, "value": value, "unit": unit});
            println!("{line}");
        } else {
            println!("{case:<28} {value:>10.2} {unit}");
        }
    }
    Ok(())
}

fn calls() -> anyhow::Result<Vec<Figure>> {
    ensure!(std::thread::available_parallelism()?.get() >= 2, "this bench wants two cores");
    let dir = tempfile::tempdir()?;
    let sip = write_site(&dir.path().join("site"))?;
    let site = dir.path().join("site");
    let boxed = Boxed::start(ringfence()?, &dir.path().join("state"), &site, sip, None)?;
    let pid = boxed.pid();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let id: i32 = thread?.file_name().to_str().context("a thread id")?.parse()?;
        pin(id, 0)?;
    }
    let (agents, phones) = (free_port()?, free_port()?);
    let load = Load { dir: dir.path().to_owned(), server: sip, agents, phones };
    load.write_files()?;
    // sipp knows MD5 alone and gives up when it is offered SHA-256 beside it; an address that left
    // such an offer is offered MD5 alone when it comes again.
    let _ = load.run("register", &["-m", "1"]);
    load.run("register", &["-m", "50", "-l", "10", "-r", "50"])?;
    // The proof is for the address dialled; sipp would name the server's alone.
    let dialled = format!("*11@{sip}");
    let code = ["-m", "50", "-l", "50", "-r", "50", "-key", "code", "*11", "-auth_uri", &dialled];
    load.run("code", &code)?;
    boxed.wait("50 agents are ready", Duration::from_secs(30), |now| {
        now.agents.iter().filter(|agent| agent.state == "ready").count() == CALLS
    })?;
    let idle = cpu_share(pid, Duration::from_secs(5))?;

    let _agents = load.start("agent", &["-rtp_echo", "-mp", "30000"], load.agents)?;
    let callers = load.start_callers("50", "10", 90_000, &[])?;
    boxed.wait("50 calls are bridged", Duration::from_secs(60), |now| {
        now.calls.iter().filter(|call| call.state == "talking").count() == CALLS
    })?;
    let before = boxed.snapshot()?;
    let busy = cpu_share(pid, WATCHED)?;
    let after = boxed.snapshot()?;
    let counted = |name: &str| {
        let of = |all: &control::Snapshot| {
            all.counters.iter().find(|one| one.name == name).map_or(0, |one| one.value)
        };
        (of(&after) - of(&before)) as f64
    };
    let memory = resident_kb(pid)?;
    let (ticks, late) = (counted("ticks"), counted("ticks-late"));
    let (heard, sent) = (counted("rtp-in"), counted("rtp-out"));

    // Set-ups while the 50 talk: each rings in, is answered and hangs up after 200 ms.
    let (all, rate) = (SETUPS.to_string(), SETUPS_A_SECOND.to_string());
    let mut setups = load.start_callers(&all, &rate, 200, &["-trace_rtt", "-rtt_freq", "1"])?;
    ensure!(setups.0.wait()?.success(), "the callers of the set-up run did not all succeed");
    let mut times = load.response_times(setups.0.id())?;
    ensure!(times.len() >= SETUPS, "only {} set-ups were timed", times.len());
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    drop(callers);
    Ok(vec![
        Figure { case: "setup_ms_p50", value: at(0.5), unit: "ms INVITE to 200" },
        Figure { case: "setup_ms_p99", value: at(0.99), unit: "ms INVITE to 200" },
        Figure { case: "bridged_recorded_50_cpu", value: busy * 100.0, unit: "% of a core" },
        Figure { case: "idle_cpu", value: idle * 100.0, unit: "% of a core" },
        Figure {
            case: "bridged_recorded_per_core",
            value: CALLS as f64 / (busy - idle).max(0.001),
            unit: "calls/core, extrapolated",
        },
        Figure { case: "memory", value: memory / 1024.0, unit: "MB resident" },
        Figure {
            case: "ticks_late",
            value: 100.0 * late / ticks.max(1.0),
            unit: "% over 20 ms late",
        },
        Figure { case: "rtp_in", value: heard / WATCHED.as_secs_f64(), unit: "packets/s" },
        Figure { case: "rtp_out", value: sent / WATCHED.as_secs_f64(), unit: "packets/s" },
    ])
}

/// A site of 50 agents with one queue and no menus, from the hospital's text.
fn write_site(dir: &Path) -> anyhow::Result<std::net::SocketAddr> {
    std::fs::create_dir_all(dir)?;
    let sip = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let mut text = format!(
        r#"format = 1
[site]
name = {{ zh-CN = "测量", en = "Bench" }}
zone = "Asia/Shanghai"
language = "en"
languages = ["zh-CN", "en"]
[sip]
bind = "{sip}"
realm = "bench"
rtp-ports = [20000, 20999]
[limits]
calls = 200
[trunk.carrier]
peers = ["127.0.0.2"]
calls = 200
entry = "to-desk"
[flow]
silence = "30s"
to-agent = "to-desk"
[to-queue.to-desk]
queue = "desk"
[queue.desk]
name = {{ zh-CN = "坐席", en = "Desk" }}
waiting = 200
wrap-up = "1s"
"#
    );
    for agent in 8001..8001 + CALLS {
        write!(
            text,
            "[agent.{agent}]\nname = \"Agent {agent}\"\npassword = \"ringfence-demo\"\nskills = {{ desk = 5 }}\n"
        )?;
    }
    std::fs::write(dir.join("site.toml"), text)?;
    Ok(sip)
}

/// The clients on the other core.
struct Load {
    dir: PathBuf,
    server: std::net::SocketAddr,
    /// Where all the agents' phones listen.
    agents: u16,
    /// Where they register and dial from.
    phones: u16,
}

/// A running sipp; dropped, it is killed.
struct Sipp(Child);

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Load {
    fn write_files(&self) -> anyhow::Result<()> {
        let mut accounts = String::from("SEQUENTIAL\n");
        for agent in 8001..8001 + CALLS {
            let known = format!("[authentication username={agent} password=ringfence-demo]");
            writeln!(accounts, "{agent};{known};127.0.0.1:{}", self.agents)?;
        }
        std::fs::write(self.dir.join("accounts.csv"), accounts)?;
        let (samples, mut sound) = (tone(1004.0, -12.0, 5000), vec![0; 40_000]);
        media::law::encode(model::Law::A, &samples, &mut sound);
        let file = self.dir.join("tone.alaw");
        std::fs::write(&file, sound)?;
        let caller = std::fs::read_to_string(root().join("tests/sipp/caller.xml"))?;
        let named = caller.replace("SOUND", file.to_str().context("a path")?);
        Ok(std::fs::write(self.dir.join("caller.xml"), named)?)
    }

    fn command(&self, scenario: &Path, ip: &str, port: u16) -> Command {
        let mut command = Command::new("sipp");
        command
            .arg(self.server.to_string())
            .args(["-sf".as_ref(), scenario.as_os_str()])
            .args(["-i", ip, "-p", &port.to_string(), "-nostdin", "-timeout", "120s"])
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn shipped(name: &str) -> PathBuf {
        root().join("tests/sipp").join(format!("{name}.xml"))
    }

    /// Runs a scenario over the accounts to its end.
    fn run(&self, name: &str, more: &[&str]) -> anyhow::Result<()> {
        let mut command = self.command(&Self::shipped(name), "127.0.0.1", self.phones);
        command.args(["-inf", "accounts.csv", "-trace_err"]).args(more);
        let status = command.status().context("sipp is missing: run scripts/setup test")?;
        if !status.success() {
            bail!("sipp {name} ended with {status}; its errors are in {}", self.dir.display());
        }
        Ok(())
    }

    fn start(&self, name: &str, more: &[&str], port: u16) -> anyhow::Result<Sipp> {
        self.spawn(self.command(&Self::shipped(name), "127.0.0.1", port).args(more))
    }

    fn start_callers(
        &self,
        count: &str,
        rate: &str,
        talk_ms: u32,
        more: &[&str],
    ) -> anyhow::Result<Sipp> {
        let scenario = self.dir.join("caller.xml");
        let mut command = self.command(&scenario, "127.0.0.2", free_port()?);
        let talk = talk_ms.to_string();
        command.args(["-mi", "127.0.0.2", "-m", count, "-l", count, "-r", rate, "-d", &talk]);
        self.spawn(command.args(more))
    }

    fn spawn(&self, command: &mut Command) -> anyhow::Result<Sipp> {
        let child = command.spawn().context("sipp is missing: run scripts/setup test")?;
        pin(i32::try_from(child.id())?, 1)?;
        Ok(Sipp(child))
    }

    /// The response times that a run of callers wrote down, in ms.
    fn response_times(&self, pid: u32) -> anyhow::Result<Vec<f64>> {
        let path = self.dir.join(format!("caller_{pid}_rtt.csv"));
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("no response times in {}", path.display()))?;
        let lines = text.lines().skip(1);
        Ok(lines.filter_map(|line| line.split(';').nth(1)?.trim().parse().ok()).collect())
    }
}

fn pin(id: i32, core: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(Pid::from_raw(id), &set)?)
}

/// The share of a core that a process used over a while.
fn cpu_share(pid: u32, over: Duration) -> anyhow::Result<f64> {
    let (before, start) = (cpu_ticks(pid)?, Instant::now());
    std::thread::sleep(over);
    let used = (cpu_ticks(pid)? - before) as f64 / 100.0;
    Ok(used / start.elapsed().as_secs_f64())
}

/// User and system time of a process in hundredths of a second (proc(5): fields 14 and 15).
fn cpu_ticks(pid: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> =
        text.rsplit(')').next().context("no stat")?.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

fn resident_kb(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find(|line| line.starts_with("VmRSS")).context("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("no figure")?.parse()?)
}
