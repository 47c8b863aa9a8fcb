//! Has `dahdi_cfg` configure the driver as the site says: at the start, and a card that was plugged in
//! while the box runs.
//!
//! ```text
//!   begin: parts that stand otherwise, or were told otherwise last ---> dahdi_cfg ---> noted in a file
//!   again: parts that are bare, for nobody uses those              -'
//! ```

use super::conf::{Conf, Part, PortWanted, SpanWanted, Stands, conf};
use super::driver::Driver;
use super::survey::Difference;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The driver's own program for it.
const PROGRAM: &str = "dahdi_cfg";
/// It takes no longer; a card that hangs its driver shall not hang the box.
const LONGEST: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of its complaint that are told.
const SAID_MAX: u64 = 400;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// Spans that the driver was told of.
    pub spans: Vec<u16>,
    /// Why lines of the site cannot be configured, by their first channel.
    pub troubles: Vec<(u16, Difference)>,
}

/// Why the driver could not be told.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    #[error("{PROGRAM} is not there: install the driver's tools (package dahdi): {0}")]
    NoProgram(std::io::Error),
    #[error("{PROGRAM} did not end within 20 s: look at the driver's messages (dmesg)")]
    Hangs,
    #[error("{PROGRAM} -c {file} failed: {said}")]
    Failed { file: String, said: String },
    #[error("cannot write {0}: {1}")]
    File(String, std::io::Error),
}

/// Who configures the driver.
pub struct Configurer<D> {
    driver: D,
    spans: Vec<SpanWanted>,
    ports: Vec<PortWanted>,
    program: PathBuf,
    /// What the driver was told last.
    file: PathBuf,
}

impl<D: Driver> Configurer<D> {
    /// Configures for these lines, and notes in a file what the driver was told.
    pub fn new(driver: D, spans: Vec<SpanWanted>, ports: Vec<PortWanted>, file: PathBuf) -> Self {
        Self { driver, spans, ports, program: PROGRAM.into(), file }
    }

    #[cfg(test)]
    fn by(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Configures what is not as the site says. Nobody may have a channel open.
    pub fn begin(&self) -> Result<Configured, ConfigureError> {
        let Conf { parts, troubles } = self.conf();
        let told = std::fs::read_to_string(&self.file).ok();
        let text = Conf::text(parts.iter());
        // What was told last lacks this: settings that the driver does not tell of changed.
        let news = |part: &Part| told.as_ref().is_some_and(|told| !told.contains(&part.text));
        let wanted = |part: &&Part| part.stands != Stands::AsWanted || news(part);
        let mut done = Configured { troubles, ..Configured::default() };
        done.spans = self.tell(parts.iter().filter(wanted))?;
        if !parts.is_empty() && told.is_none_or(|told| told != text) {
            write(&self.file, &text)?;
        }
        let after = self.conf().parts;
        let not_taken = |part: &&Part| part.stands != Stands::AsWanted;
        let not_taken =
            after.iter().filter(not_taken).map(|part| (0, Difference::NotTaken(part.span)));
        done.troubles.extend(not_taken);
        Ok(done)
    }

    /// Configures cards that came while the box runs.
    pub fn again(&self) -> Result<Configured, ConfigureError> {
        let parts = self.conf().parts;
        let bare = parts.iter().filter(|part| part.stands == Stands::Bare);
        Ok(Configured { spans: self.tell(bare)?, troubles: Vec::new() })
    }

    fn conf(&self) -> Conf {
        conf(&self.driver, &self.spans, &self.ports)
    }

    fn tell<'a>(&self, parts: impl Iterator<Item = &'a Part>) -> Result<Vec<u16>, ConfigureError> {
        let parts: Vec<&Part> = parts.collect();
        if !parts.is_empty() {
            let file = self.file.with_extension("part");
            write(&file, &Conf::text(parts.iter().copied()))?;
            run(&self.program, &file)?;
        }
        Ok(parts.iter().map(|part| part.span).collect())
    }
}

fn write(file: &Path, text: &str) -> Result<(), ConfigureError> {
    std::fs::write(file, text)
        .map_err(|error| ConfigureError::File(file.display().to_string(), error))
}

fn run(program: &Path, file: &Path) -> Result<(), ConfigureError> {
    let mut command = Command::new(program);
    command.arg("-c").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ConfigureError::NoProgram)?;
    let began = Instant::now();
    let ended = loop {
        match child.try_wait().map_err(ConfigureError::NoProgram)? {
            Some(ended) => break ended,
            None if began.elapsed() >= LONGEST => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(ConfigureError::Hangs);
            }
            None => std::thread::sleep(LOOK),
        }
    };
    if ended.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(SAID_MAX).read_to_end(&mut said);
    }
    let said = String::from_utf8_lossy(&said).trim().replace('\n', "; ");
    Err(ConfigureError::Failed { file: file.display().to_string(), said })
}

#[cfg(test)]
mod tests;
