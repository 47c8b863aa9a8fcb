//! The wire between box and phones: two ends of a virtual cable, so that neither side pays for what
//! the other receives, as it would over loopback.
//!
//! ```text
//!   core 0: subject -- rfbox ======= rfload -- load: core 1     in a network namespace of its own
//!              receives in a thread of its own core and end, as a network card does that raises
//!              an interrupt at most every 100 us
//! ```
//!
//! Names and addresses carry the process id, so that two benches do not take each other's wire away;
//! what one that was killed left behind is taken away by `scripts/bench`, or by the next one.
//!
//! Where that cannot be laid (not root, no namespaces) it is loopback, and the figures say so.

use super::CORES;
use anyhow::{Context as _, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

const NAMESPACE: &str = "ringfence-load-";
const FAR: &str = "rfload";
/// How long packets are collected before the receiving core looks at them.
const COALESCE_NS: &str = "100000";
/// The priority of the receiving threads: above both sides, as an interrupt is.
const RECEIVE_PRIORITY: &str = "60";

/// The wire; dropped, it is taken away.
pub struct Wire {
    names: Names,
    /// Why it is loopback, if it is.
    loopback: Option<String>,
}

impl Wire {
    /// Lays the wire, or says why it is loopback.
    pub fn lay() -> Self {
        let names = Names::of(std::process::id());
        Names::of_the_dead().iter().for_each(Names::take_away);
        let laid = names.lay();
        if laid.is_err() {
            names.take_away();
        }
        Self { names, loopback: laid.err().map(|error| format!("{error:#}")) }
    }

    /// The subject's address and the load's.
    pub fn ips(&self) -> (Ipv4Addr, Ipv4Addr) {
        if self.loopback.is_some() {
            (Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST)
        } else {
            self.names.ips
        }
    }

    /// A command that runs at the far end.
    pub fn beyond(&self, program: &Path) -> Command {
        if self.loopback.is_some() {
            return Command::new(program);
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names.namespace]).arg(program);
        command
    }

    /// What it is, for the reader of the figures.
    pub fn told(&self) -> String {
        match &self.loopback {
            None => "veth pair, each end received on its own core".into(),
            Some(why) => format!("loopback, each side pays for both ({why})"),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.loopback.is_none() {
            self.names.take_away();
        }
    }
}

/// As many files as this process may open.
pub fn raise_file_limit() -> anyhow::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// What the parts of one bench's wire are called.
struct Names {
    namespace: String,
    near: String,
    /// The near and the far end's address, of those for benchmarks (RFC 2544 appendix C).
    ips: (Ipv4Addr, Ipv4Addr),
}

impl Names {
    fn of(id: u32) -> Self {
        let ip = |host| Ipv4Addr::new(198, 18, (id % 251) as u8, host);
        // The name of an interface has 15 characters at most.
        Self {
            namespace: format!("{NAMESPACE}{id}"),
            near: format!("rfb{id}"),
            ips: (ip(1), ip(2)),
        }
    }

    /// Wires of benches that are no more.
    fn of_the_dead() -> Vec<Self> {
        let listed = Command::new("ip").args(["netns", "list"]).output();
        let text = listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned());
        let ids = text.iter().flat_map(|text| text.lines()).filter_map(|line| {
            line.split_whitespace().next()?.strip_prefix(NAMESPACE)?.parse::<u32>().ok()
        });
        ids.filter(|id| !Path::new(&format!("/proc/{id}")).exists()).map(Self::of).collect()
    }

    fn take_away(&self) {
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).output();
        let _ = Command::new("ip").args(["link", "del", &self.near]).output();
    }

    fn lay(&self) -> anyhow::Result<()> {
        let Self { namespace, near: end, ips } = self;
        let (near, far) = (format!("{}/24", ips.0), format!("{}/24", ips.1));
        run(&format!("ip netns add {namespace}"))?;
        run(&format!("ip link add {end} type veth peer name {FAR} netns {namespace}"))?;
        run(&format!("ip addr add {near} dev {end}"))?;
        run(&format!("ip -n {namespace} addr add {far} dev {FAR}"))?;
        for (prefix, end, core) in [
            (String::new(), end.as_str(), CORES.0),
            (format!("ip netns exec {namespace} "), FAR, CORES.1),
        ] {
            // Only packets that could be segmented again take the way of a card's ring.
            run(&format!("{prefix}ethtool -K {end} gro on tso off"))?;
            // A full ring holds the sender's queue back, as a card's does, and loses nothing.
            run(&format!("{prefix}tc qdisc replace dev {end} root pfifo limit 20000"))?;
            run(&format!("{prefix}ip link set {end} up"))?;
            for (file, value) in [
                ("threaded", "1"),
                ("gro_flush_timeout", COALESCE_NS),
                ("napi_defer_hard_irqs", "1000000"),
            ] {
                let line = format!("echo {value} > /sys/class/net/{end}/{file}");
                let mut words: Vec<&str> = prefix.split_whitespace().collect();
                words.extend(["sh", "-c", &line]);
                run_words(&words)?;
            }
            let thread = receiving_thread(end)?;
            run(&format!("taskset -cp {core} {thread}"))?;
            run(&format!("chrt -f -p {RECEIVE_PRIORITY} {thread}"))?;
        }
        Ok(())
    }
}

/// The kernel's thread that receives for an end.
fn receiving_thread(end: &str) -> anyhow::Result<u32> {
    let wanted = format!("napi/{end}-");
    for process in std::fs::read_dir("/proc")? {
        let path = process?.path();
        let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        if name.starts_with(&wanted) {
            let id = path.file_name().and_then(|name| name.to_str()).context("no number")?;
            return Ok(id.parse()?);
        }
    }
    anyhow::bail!("the kernel receives for {end} without a thread")
}

fn run(line: &str) -> anyhow::Result<()> {
    run_words(&line.split_whitespace().collect::<Vec<_>>())
}

fn run_words(words: &[&str]) -> anyhow::Result<()> {
    let (program, arguments) = words.split_first().context("no command")?;
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("{program} could not be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {}", words.join(" "), said.trim());
    Ok(())
}
