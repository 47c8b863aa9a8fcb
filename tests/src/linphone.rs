//! A foreign phone in a process of its own: Debian's linphonec, driven by its console.

use crate::boxed::{free_port, root};
use crate::sound::{read_wav, write_wav};
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// How it reaches the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Udp,
    Tcp,
    /// TLS with a verified certificate, and sound encrypted by SDES (RFC 4568) or none.
    Tls,
}

/// How a linphone is set up.
pub struct Setup<'a> {
    pub server: SocketAddr,
    pub user: &'a str,
    pub way: Way,
    /// What it says, as samples at 8 kHz; said over and over with a short pause.
    pub voice: &'a [i16],
    /// The address it speaks from.
    pub own: IpAddr,
    /// The certificate it trusts, in PEM.
    pub trusted: &'a Path,
    /// A caller behind the trunk does not register.
    pub register: bool,
}

/// A running linphone that answers by itself; dropped, it is killed.
pub struct Linphone {
    child: Child,
    console: ChildStdin,
    dir: PathBuf,
}

impl Linphone {
    pub fn start(dir: &Path, setup: &Setup<'_>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir.join(".local/share/linphone"))?;
        let own = dir.to_str().context("the folder's name is not UTF-8")?;
        let secure = setup.way == Way::Tls;
        let said = |yes: bool| if yes { "1" } else { "0" };
        let shipped = std::fs::read_to_string(root().join("tests/linphone/rc"))?;
        let settings = shipped
            .replace("USER", setup.user)
            .replace("OWN", &setup.own.to_string())
            .replace("TRUSTED", &setup.trusted.to_string_lossy())
            .replace("ENCRYPTION", if secure { "srtp" } else { "none" })
            .replace("MANDATORY", said(secure))
            .replace("PROXY", if setup.register { "0" } else { "-1" })
            .replace("SERVER", &setup.server.to_string())
            .replace("TRANSPORT", &format!("{:?}", setup.way).to_lowercase())
            .replace("REGISTER", said(setup.register))
            .replace("RTP_PORT", &(2 * (free_port()? / 2)).to_string());
        std::fs::write(dir.join("rc"), settings)?;
        write_wav(&dir.join("said.wav"), setup.voice)?;
        let printed = std::fs::File::create(dir.join("printed"))?;
        let mut child = Command::new("linphonec")
            .args(["-a", "-c", &format!("{own}/rc"), "-d", "6", "-l", &format!("{own}/log")])
            .current_dir(dir)
            .env("HOME", dir)
            .stdin(Stdio::piped())
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .spawn()
            .context("linphonec is missing: run scripts/setup test")?;
        let console = child.stdin.take().context("linphonec has no console")?;
        let mut phone = Self { child, console, dir: dir.to_owned() };
        phone.tell("soundcard use files")?;
        phone.tell(&format!("play {own}/said.wav"))?;
        phone.tell(&format!("record {own}/heard.wav"))?;
        if setup.register {
            phone.logs("to [LinphoneRegistrationOk]", 1)?;
        }
        Ok(phone)
    }

    /// Types a line on its console: a command, or keys during a call.
    pub fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.console, "{line}")?)
    }

    /// Waits until it printed something for the `count`th time.
    pub fn prints(&self, text: &str, count: usize) -> anyhow::Result<()> {
        self.holds("printed", text, count)
    }

    /// Waits until its log, its SIP messages among it, holds something for the `count`th time.
    pub fn logs(&self, text: &str, count: usize) -> anyhow::Result<()> {
        self.holds("log", text, count)
    }

    fn holds(&self, file: &str, text: &str, count: usize) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.text(file).matches(text).count() < count {
            ensure!(Instant::now() < deadline, "no {text:?} in {file}:\n{}", self.text(file));
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Everything it logged.
    pub fn log(&self) -> String {
        self.text("log")
    }

    /// Everything it printed.
    pub fn printed(&self) -> String {
        self.text("printed")
    }

    fn text(&self, file: &str) -> String {
        let bytes = std::fs::read(self.dir.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All it heard so far, call after call.
    pub fn heard(&self) -> Vec<i16> {
        read_wav(&self.dir.join("heard.wav")).unwrap_or_default()
    }

    /// Waits until what was heard after `mark` samples fits.
    pub fn hears(
        &self,
        mark: usize,
        what: &str,
        fits: impl Fn(&[i16]) -> bool,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !fits(self.heard().get(mark..).unwrap_or_default()) {
            ensure!(Instant::now() < deadline, "linphone never heard {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
