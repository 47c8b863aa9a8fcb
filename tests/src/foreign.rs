//! Foreign phones in processes of their own: Debian's sipp and baresip.

use crate::boxed::{free_port, root};
use crate::scene::{SOON, Scene};
use crate::sound::{mixed_tone_ms, read_wav};
use anyhow::{Context as _, bail, ensure};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running sipp; dropped, it is killed.
pub struct Sipp {
    child: Child,
    name: String,
    traces: PathBuf,
}

impl Sipp {
    /// Plays a scenario from an address of ours: one of `dir` or, failing that, of tests/sipp.
    pub fn start(
        dir: &Path,
        name: &str,
        server: SocketAddr,
        from: SocketAddr,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let file = format!("{name}.xml");
        let own = dir.join(&file);
        let scenario = if own.exists() { own } else { root().join("tests/sipp").join(&file) };
        let ip = from.ip().to_string();
        // Runs of one scenario keep their traces apart.
        let run = (0..).find(|run| !dir.join(format!("{name}-{run}.msg")).exists()).unwrap_or(0);
        let traces = dir.join(format!("{name}-{run}.msg"));
        std::fs::write(&traces, "")?;
        let child = Command::new("sipp")
            .arg(server.to_string())
            .args(["-sf".as_ref(), scenario.as_os_str()])
            .args(["-i", &ip, "-mi", &ip, "-p", &from.port().to_string()])
            .args(["-m", "1", "-nostdin", "-trace_err", "-trace_msg"])
            .args(["-error_file".as_ref(), traces.with_extension("err").as_os_str()])
            .args(["-message_file".as_ref(), traces.as_os_str()])
            .args(more)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("sipp is missing: run scripts/setup test")?;
        Ok(Self { child, name: name.to_owned(), traces })
    }

    /// Waits for its end and tells whether the scenario went as written.
    pub fn ended(&mut self, within: Duration) -> anyhow::Result<bool> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            ensure!(Instant::now() < deadline, "sipp {} did not end\n{}", self.name, self.wire());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end, which must be the one the scenario wrote.
    pub fn finish(mut self, within: Duration) -> anyhow::Result<()> {
        ensure!(self.ended(within)?, "sipp {} failed: {}\n{}", self.name, self.why(), self.wire());
        Ok(())
    }

    /// What sipp found wrong.
    pub fn why(&self) -> String {
        std::fs::read_to_string(self.traces.with_extension("err")).unwrap_or_default()
    }

    /// What was sent and received.
    pub fn wire(&self) -> String {
        std::fs::read_to_string(&self.traces).unwrap_or_default()
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running baresip; dropped, it is killed.
pub struct Baresip {
    child: Child,
    dir: PathBuf,
    control: TcpStream,
}

impl Baresip {
    /// Starts it in a folder of its own, with an account at the box that answers by itself and
    /// speaks a sine of `hz`. What it hears and says lies in the folder as `dump-*.wav`.
    pub fn start(
        dir: &Path,
        server: SocketAddr,
        user: &str,
        hz: u32,
        ports: [u16; 3],
    ) -> anyhow::Result<Self> {
        Self::start_as("accounts", dir, server, user, hz, ports)
    }

    /// The same over TLS at `server`, with encrypted sound or none at all.
    pub fn start_secure(
        dir: &Path,
        server: SocketAddr,
        user: &str,
        hz: u32,
        ports: [u16; 3],
    ) -> anyhow::Result<Self> {
        Self::start_as("accounts-secure", dir, server, user, hz, ports)
    }

    fn start_as(
        accounts: &str,
        dir: &Path,
        server: SocketAddr,
        user: &str,
        hz: u32,
        ports: [u16; 3],
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let folder = dir.to_str().context("the folder's name is not UTF-8")?;
        let [sip, control, rtp] = ports;
        let shipped = std::fs::read_to_string(root().join("tests/baresip/config"))?;
        let config = shipped
            .replace("SIP_ADDRESS", &SocketAddr::new(server.ip(), sip).to_string())
            .replace("CONTROL_PORT", &control.to_string())
            .replace("RTP_PORTS", &format!("{rtp}-{}", rtp + 100))
            .replace("HZ", &hz.to_string())
            .replace("FOLDER", folder);
        std::fs::write(dir.join("config"), config)?;
        let account = std::fs::read_to_string(root().join("tests/baresip").join(accounts))?;
        let account = account.replace("USER", user).replace("SERVER", &server.to_string());
        std::fs::write(dir.join("accounts"), account)?;
        std::fs::write(dir.join("contacts"), "")?;
        let log = std::fs::File::create(dir.join("log"))?;
        let child = Command::new("baresip")
            .args(["-f", folder, "-v", "-s"])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("baresip is missing: run scripts/setup test")?;
        let deadline = Instant::now() + Duration::from_secs(20);
        let control = loop {
            match TcpStream::connect(("127.0.0.1", control)) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > deadline => {
                    bail!("baresip did not start: {error}\n{}", log_in(dir))
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        control.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(Self { child, dir: dir.to_owned(), control })
    }

    /// Has it do a command of its menu (ctrl_tcp: JSON in a netstring).
    pub fn command(&mut self, command: &str, parameters: &str) -> anyhow::Result<()> {
        let json = serde_json::json!({ "command": command, "params": parameters }).to_string();
        self.control.write_all(format!("{}:{json},", json.len()).as_bytes())?;
        // The answers and events are shown in its log as well.
        let mut answers = [0; 4096];
        let _ = self.control.read(&mut answers);
        Ok(())
    }

    /// Starts one desk phone an account, with a voice of its own each, and waits until the box knows
    /// them all. Debian's knows MD5 alone and gives up when SHA-256 is offered beside it; when it
    /// comes again, MD5 alone is offered.
    pub fn desks(scene: &Scene, accounts: &[(&str, u32)]) -> anyhow::Result<Vec<Self>> {
        let mut ports = Vec::new();
        for _ in accounts {
            ports.push([free_port()?, free_port()?, 2 * (free_port()? / 2)]);
        }
        let start = |(&(user, hz), &ports): (&(&str, u32), &[u16; 3])| {
            let dir = scene.dir.path().join(format!("baresip-{user}"));
            Self::start(&dir, scene.sip(), user, hz, ports)
        };
        let all = || accounts.iter().zip(&ports).map(start).collect::<anyhow::Result<Vec<_>>>();
        for first in all()? {
            first.says("Function not implemented", 1, SOON)?;
            first.quit()?;
        }
        let phones = all()?;
        let up = |now: &control::Snapshot| {
            now.agents.iter().filter(|agent| agent.phone_up).count() == accounts.len()
        };
        scene.boxed.wait("every baresip is registered", SOON, up)?;
        Ok(phones)
    }

    /// What a Replaces header says of its last call out (RFC 3891), escaped for an address: Debian's
    /// sends on with Replaces what it is given, and makes none of its own.
    pub fn replaces(&self) -> anyhow::Result<String> {
        let log = self.log();
        let mut answers = log.split("SIP/2.0 200 OK\r\n").skip(1).collect::<Vec<_>>().into_iter();
        let answer = answers
            .rfind(|message| message.lines().take_while(|line| !line.is_empty()).any(of_an_invite))
            .context("no call of its was answered")?;
        let value = |name: &str| {
            let line = answer.lines().find(|line| line.starts_with(name));
            line.map(|line| line[name.len()..].trim().to_owned())
                .with_context(|| format!("an answer without {name}"))
        };
        let tag = |name: &str| -> anyhow::Result<String> {
            let line = value(name)?;
            let tag = line.split(";tag=").nth(1).context("no tag")?;
            Ok(tag.split(';').next().unwrap_or_default().to_owned())
        };
        let (id, to, from) = (value("Call-ID:")?, tag("To:")?, tag("From:")?);
        Ok(format!("{id}%3Bto-tag%3D{to}%3Bfrom-tag%3D{from}"))
    }

    /// Waits until its log says something, for the `count`th time.
    pub fn says(&self, text: &str, count: usize, within: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + within;
        while self.log().matches(text).count() < count {
            ensure!(Instant::now() < deadline, "baresip never said {text:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Everything it wrote, its SIP messages among it.
    pub fn log(&self) -> String {
        log_in(&self.dir)
    }

    /// The samples it recorded on one side of its calls, `enc` said and `dec` heard, call by call.
    pub fn sounds(&self, side: &str) -> anyhow::Result<Vec<Vec<i16>>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let fits =
                |name: &String| name.starts_with("dump-") && name.ends_with(&format!("{side}.wav"));
            if name.as_ref().is_some_and(fits) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files.iter().map(|path| read_wav(path)).collect::<Result<_, _>>()?)
    }

    /// Waits until it hears a tone, alone or among a few, for `ms` from now on.
    pub fn hears(&self, hz: f64, ms: u32) -> anyhow::Result<()> {
        let heard = || Ok::<u32, anyhow::Error>(mixed_tone_ms(&self.sounds("dec")?.concat(), hz));
        let (before, deadline) = (heard()?, Instant::now() + SOON);
        while heard()? < before + ms {
            ensure!(Instant::now() < deadline, "baresip never heard {hz} Hz:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Ends it as a person would, which also ends its files.
    pub fn quit(mut self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "baresip does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn of_an_invite(line: &str) -> bool {
    line.starts_with("CSeq:") && line.trim_end().ends_with("INVITE")
}

fn log_in(dir: &Path) -> String {
    let bytes = std::fs::read(dir.join("log")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
