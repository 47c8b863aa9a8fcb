//! Scripts of callers: TOML read into checked callers. The crate's README.md has it all.

use super::caller_id::Identity;
use super::desk;
use super::fault::{FAULTS_MAX, Fault, RawFault};
use super::keys::Manner;
use super::reader::Reader;
use super::step::Step;
use serde::Deserialize;
use std::sync::Arc;
use toml::Spanned;

/// Callers one script may have.
pub const CALLERS_MAX: usize = 256;
/// Steps one caller may have.
pub const STEPS_MAX: usize = 64;
/// One tick of the simulator.
pub(super) const TICK_MS: u64 = 20;

/// Why a script of callers cannot run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// It is no TOML, or has a key that means nothing.
    #[error("line {line}: {what}")]
    Toml { line: usize, what: String },
    #[error("line {line}: the script has more than {CALLERS_MAX} callers")]
    TooMany { line: usize },
    #[error("line {line}, caller {caller}: {what}")]
    Caller { line: usize, caller: usize, what: String },
    #[error("line {line}, caller {caller}, step {step} '{text}': {what}")]
    Step { line: usize, caller: usize, step: usize, text: String, what: String },
    #[error("line {line}, fault: {what}")]
    Fault { line: usize, what: String },
    /// The script does not fit the card.
    #[error("line {line}, caller {caller}: port {port} {what}")]
    Port { line: usize, caller: usize, port: usize, what: String },
    #[error("line {line}, caller {caller}: span {span} is not there: there are {spans}")]
    Span { line: usize, caller: usize, span: usize, spans: usize },
}

/// Who rings, when, and what they do. The default is that nobody rings.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    pub(super) callers: Vec<Caller>,
    /// Telephones on FXS ports.
    pub(super) phones: Vec<desk::Script>,
    /// What goes wrong with the card.
    pub(super) faults: Vec<Fault>,
}

/// A caller, checked.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Where the script has it.
    pub(super) line: usize,
    /// Counts from 0; without one the first free port is taken.
    pub(super) port: Option<usize>,
    /// The primary rate line that the caller comes by, from 0, and not by a port.
    pub(super) span: Option<usize>,
    /// What is dialled there.
    pub(super) dials: String,
    pub(super) number: String,
    pub(super) name: String,
    /// Whom the box calls by this number, and what becomes of it; who has none calls the box.
    pub(super) called: Option<Called>,
    pub(super) identity: Identity,
    pub(super) at_ticks: u64,
    pub(super) every_ticks: Option<u64>,
    pub(super) times: u32,
    pub(super) patience_ticks: u64,
    pub(super) jitter_ticks: u64,
    pub(super) reverse_on_answer: bool,
    pub(super) ending: Ending,
    pub(super) manner: Manner,
    pub(super) noise_rms: f32,
    pub(super) steps: Arc<[Step]>,
}

/// Somebody whom the box may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) number: String,
    pub(super) ends: Ends,
}

/// What a call to a number meets with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It rings so often and is answered.
    Answered {
        rings: u64,
    },
    Busy,
    Congestion,
    Special,
    /// It rings, and nobody answers.
    Unanswered,
}

/// What the line does when the caller hangs up. More than one may be true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) busy_tone: bool,
    pub(super) congestion_tone: bool,
    pub(super) on_hook: bool,
    pub(super) polarity: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawScript {
    #[serde(default)]
    caller: Vec<Spanned<RawCaller>>,
    #[serde(default)]
    phone: Vec<Spanned<desk::RawPhone>>,
    #[serde(default)]
    fault: Vec<Spanned<RawFault>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCaller {
    pub(super) port: Option<Spanned<RawPort>>,
    pub(super) span: Option<Spanned<u16>>,
    pub(super) dials: Option<Spanned<String>>,
    pub(super) called: Option<Spanned<String>>,
    pub(super) rings: Option<Spanned<u64>>,
    pub(super) meets: Option<Spanned<String>>,
    pub(super) number: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) at: Option<Spanned<String>>,
    pub(super) every: Option<Spanned<String>>,
    pub(super) times: Option<Spanned<u32>>,
    pub(super) caller_id: Option<Spanned<String>>,
    pub(super) hang_up: Option<Spanned<RawEnding>>,
    pub(super) patience: Option<Spanned<String>>,
    pub(super) jitter: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) reverse_on_answer: bool,
    pub(super) key: Option<Spanned<String>>,
    pub(super) gap: Option<Spanned<String>>,
    pub(super) key_dbm0: Option<Spanned<f32>>,
    pub(super) twist_db: Option<Spanned<f32>>,
    pub(super) voice_dbm0: Option<Spanned<f32>>,
    pub(super) caller_id_dbm0: Option<Spanned<f32>>,
    pub(super) noise_dbm0: Option<Spanned<f32>>,
    pub(super) steps: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawPort {
    Number(i64),
    Word(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawEnding {
    One(String),
    Many(Vec<String>),
}

impl Caller {
    /// Tells whether the caller calls the box by a port.
    pub(super) fn rings(&self, port: usize) -> bool {
        self.called.is_none() && self.span.is_none() && self.port.is_none_or(|of| of == port)
    }

    /// Tells whether the caller calls the box by a primary rate line.
    pub(super) fn comes_by(&self, span: usize) -> bool {
        self.called.is_none() && self.span == Some(span)
    }
}

impl Callers {
    /// Reads a script; `load` gives the 8 kHz samples of a sound file it names. A file named twice
    /// is loaded once for each loudness it is spoken with.
    pub fn parse(
        text: &str,
        load: impl Fn(&str) -> Result<Vec<i16>, String>,
    ) -> Result<Self, SimError> {
        let script: RawScript = toml::from_str(text).map_err(|error| SimError::Toml {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
        if let Some(extra) = script.caller.get(CALLERS_MAX) {
            return Err(SimError::TooMany { line: line_of(text, extra.span().start) });
        }
        let mut reader = Reader::new(text, load);
        let callers = script.caller.into_iter().map(|raw| reader.caller(raw));
        let callers = callers.collect::<Result<_, _>>()?;
        let phones = script.phone.into_iter().take(CALLERS_MAX).zip(1..);
        let phones = phones.map(|(raw, no)| desk::Script::read(text, raw, no));
        if let Some(extra) = script.fault.get(FAULTS_MAX) {
            let (line, what) = (line_of(text, extra.span().start), "there are more than 64".into());
            return Err(SimError::Fault { line, what });
        }
        let faults = script.fault.into_iter().map(|raw| Fault::read(text, raw));
        let faults = faults.collect::<Result<_, _>>()?;
        Ok(Self { callers, phones: phones.collect::<Result<_, _>>()?, faults })
    }

    /// Checks that every caller who comes by a primary rate line finds it.
    pub fn check_spans(&self, spans: usize) -> Result<(), SimError> {
        for (caller, no) in self.callers.iter().zip(1..) {
            if let Some(span) = caller.span.filter(|span| *span >= spans) {
                return Err(SimError::Span {
                    line: caller.line,
                    caller: no,
                    span: span + 1,
                    spans,
                });
            }
        }
        Ok(())
    }

    /// How many callers there are.
    pub fn len(&self) -> usize {
        self.callers.len()
    }

    /// Tells whether nobody ever rings.
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }
}

/// The line of a byte of the text, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}
