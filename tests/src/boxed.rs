//! A box under test: the real daemon in a process of its own, on a state folder of its own.

use anyhow::{Context as _, bail};
use control::{Lines, PROTOCOL, Reply, Request, Snapshot};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The daemon built beside the test that runs.
pub fn ringfence() -> anyhow::Result<PathBuf> {
    let mut dir = std::env::current_exe()?;
    dir.pop();
    if dir.ends_with("deps") {
        dir.pop();
    }
    let path = dir.join("ringfence");
    if !path.exists() {
        bail!("{} is not built: run `cargo build --bins` or scripts/test", path.display());
    }
    Ok(path)
}

/// Finds a UDP port nobody uses on the loopback.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Copies a shipped site and moves it to ports nobody uses; `edit` may change its text.
pub fn copy_site(
    name: &str,
    to: &Path,
    edit: impl Fn(String) -> String,
) -> anyhow::Result<SocketAddr> {
    let from = root().join("images/sites").join(name);
    copy_folder(&from, to)?;
    let text = std::fs::read_to_string(from.join("site.toml"))?;
    let sip = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    // Below the ports the system hands out, so that no range holds a signalling port. Boxes that
    // share a range pass over each other's ports.
    let first = 20_000 + free_port()? % 10 * 1000;
    let tls = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let moved = text
        // To the end of the text: a port of five digits may begin like one of four.
        .replace("127.0.0.1:5060\"", &format!("{sip}\""))
        .replace("127.0.0.1:5061\"", &format!("{tls}\""))
        .replace("20000", &first.to_string())
        .replace("20999", &(first + 999).to_string());
    if moved == text {
        bail!("the site {name} has no `127.0.0.1:5060` to move");
    }
    std::fs::write(to.join("site.toml"), threaded(edit(moved)))?;
    Ok(sip)
}

/// Gives a site as many media threads as `RINGFENCE_TEST_THREADS` says, where it says nothing itself:
/// every story can be told with two of them.
fn threaded(text: String) -> String {
    let Ok(threads) = std::env::var("RINGFENCE_TEST_THREADS") else { return text };
    if ["threads =", "core =", "cores ="].iter().any(|key| text.contains(&format!("\n{key}"))) {
        return text;
    }
    let said = format!("[media]\nthreads = {threads}\n");
    match text.contains("[media]\n") {
        true => text.replacen("[media]\n", &said, 1),
        false => text + "\n" + &said,
    }
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A running box. Dropped, it is killed.
pub struct Boxed {
    pub program: PathBuf,
    pub state: PathBuf,
    pub sip: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Boxed {
    /// Starts a box on a site's folder and waits until its control socket answers.
    pub fn start(
        program: PathBuf,
        state: &Path,
        site: &Path,
        sip: SocketAddr,
        callers: Option<&Path>,
    ) -> anyhow::Result<Self> {
        Self::start_in(program, state, site, sip, callers, &[])
    }

    /// The same, with more in its environment, as a service manager would give it.
    pub fn start_in(
        program: PathBuf,
        state: &Path,
        site: &Path,
        sip: SocketAddr,
        callers: Option<&Path>,
        environment: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(state)?;
        let log = state.with_extension("log");
        let mut command = Command::new(&program);
        command.arg("run").arg("--state").arg(state).arg("--site").arg(site);
        if let Some(callers) = callers {
            command.arg("--callers").arg(callers);
        }
        let child = command
            .env("RINGFENCE_SHARE", share())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::options().create(true).append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut boxed = Self { program, state: state.to_owned(), sip, child, log };
        let deadline = Instant::now() + Duration::from_secs(30);
        while boxed.ask(&Request::Snapshot).is_err() {
            if boxed.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("the box did not start:\n{}", boxed.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(boxed)
    }

    /// What the daemon wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The UDP ports the daemon holds open, as the kernel knows them.
    pub fn udp_ports(&self) -> anyhow::Result<Vec<u16>> {
        let proc = PathBuf::from(format!("/proc/{}", self.pid()));
        let mut inodes = Vec::new();
        for entry in std::fs::read_dir(proc.join("fd"))? {
            // A descriptor may be closed while we look.
            let Ok(link) = std::fs::read_link(entry?.path()) else { continue };
            let link = link.to_string_lossy().into_owned();
            let inode = link.strip_prefix("socket:[").and_then(|link| link.strip_suffix(']'));
            inodes.extend(inode.map(str::to_owned));
        }
        let table = std::fs::read_to_string(proc.join("net/udp"))?;
        let mut ports: Vec<u16> = table
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|columns| columns.get(9).is_some_and(|inode| inodes.contains(&(*inode).into())))
            .filter_map(|columns| u16::from_str_radix(columns[1].split_once(':')?.1, 16).ok())
            .collect();
        ports.sort_unstable();
        // The signalling socket is held twice, by its reader and its writer.
        ports.dedup();
        Ok(ports)
    }

    /// Waits for the end of a box that was told to stop.
    pub fn ended(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("the box did not stop within {within:?}\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks over the control socket, in a conversation of its own.
    pub fn ask(&self, request: &Request) -> anyhow::Result<Reply> {
        let mut stream = UnixStream::connect(self.state.join("control.sock"))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut lines = Lines::default();
        stream.write_all(&control::encode(&Request::Hello { protocol: PROTOCOL })?)?;
        read(&mut stream, &mut lines)?;
        stream.write_all(&control::encode(request)?)?;
        match read(&mut stream, &mut lines)? {
            Reply::Error { message } => bail!("{message}"),
            reply => Ok(reply),
        }
    }

    /// The state as the console would show it.
    pub fn snapshot(&self) -> anyhow::Result<Snapshot> {
        match self.ask(&Request::Snapshot)? {
            Reply::Snapshot(snapshot) => Ok(*snapshot),
            other => bail!("expected a snapshot, got {other:?}"),
        }
    }

    /// Waits until the state fits.
    pub fn wait(
        &self,
        what: &str,
        within: Duration,
        fits: impl Fn(&Snapshot) -> bool,
    ) -> anyhow::Result<Snapshot> {
        let deadline = Instant::now() + within;
        loop {
            let snapshot = self.snapshot()?;
            if fits(&snapshot) {
                return Ok(snapshot);
            }
            if Instant::now() > deadline {
                bail!("{what}: not within {within:?}; the box shows {snapshot:#?}\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Every fact of the journal, as JSON.
    pub fn facts(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut all = Vec::new();
        loop {
            let from = all.len() as u64 + 1;
            match self.ask(&Request::Facts { from, count: 1000 })? {
                Reply::Facts { facts, .. } if facts.is_empty() => return Ok(all),
                Reply::Facts { facts, .. } => all.extend(facts),
                other => bail!("expected facts, got {other:?}"),
            }
        }
    }

    /// Runs the command line on the box's state folder.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        Ok(Command::new(&self.program)
            .args(arguments)
            .arg("--state")
            .arg(&self.state)
            .env("RINGFENCE_SHARE", share())
            .output()?)
    }

    /// The same, for commands that must succeed; gives what they print.
    pub fn output(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(arguments)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`ringfence {}` failed: {said}", arguments.join(" "));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Sends SIGTERM and waits for the box to drain and end.
    pub fn stop(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(rustix::process::Signal::TERM)?;
        self.ended(within)
    }

    /// The plug is pulled: SIGKILL.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub fn signal(&self, signal: rustix::process::Signal) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        Ok(rustix::process::kill_process(pid, signal)?)
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stream: &mut UnixStream, lines: &mut Lines) -> anyhow::Result<Reply> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        if let Some(line) = lines.next_line()? {
            return Ok(control::decode(&line)?);
        }
        let length = stream.read(&mut bytes)?;
        if length == 0 {
            bail!("the box closed the control socket");
        }
        lines.push(&bytes[..length]);
    }
}

/// The box's own prompts.
fn share() -> PathBuf {
    std::env::var_os("RINGFENCE_SHARE").map_or_else(|| root().join("images"), PathBuf::from)
}
