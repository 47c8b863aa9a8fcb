//! Scripts of callers: TOML read into checked callers. README.md of this folder's crate has it all.

use super::caller_id::{CallerIdKind, Identity};
use super::keys::Manner;
use super::sound::rms;
use super::step::{self, Step};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// Callers one script may have.
pub const CALLERS_MAX: usize = 256;
/// Steps one caller may have.
pub const STEPS_MAX: usize = 64;
/// Digits of a number, and letters of a name, as caller id has room for.
const NUMBER_MAX: usize = 20;
const NAME_MAX: usize = 30;
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
    /// The script does not fit the card.
    #[error("line {line}, caller {caller}: port {port} {what}")]
    Port { line: usize, caller: usize, port: usize, what: String },
}

/// Who rings, when, and what they do. The default is that nobody rings.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    pub(super) callers: Vec<Caller>,
}

/// A caller, checked.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Where the script has it.
    pub(super) line: usize,
    /// Counts from 0; without one the first free port is taken.
    pub(super) port: Option<usize>,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCaller {
    port: Option<Spanned<RawPort>>,
    number: Option<Spanned<String>>,
    name: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
    every: Option<Spanned<String>>,
    times: Option<Spanned<u32>>,
    caller_id: Option<Spanned<String>>,
    hang_up: Option<Spanned<RawEnding>>,
    patience: Option<Spanned<String>>,
    jitter: Option<Spanned<String>>,
    #[serde(default)]
    reverse_on_answer: bool,
    key: Option<Spanned<String>>,
    gap: Option<Spanned<String>>,
    key_dbm0: Option<Spanned<f32>>,
    twist_db: Option<Spanned<f32>>,
    voice_dbm0: Option<Spanned<f32>>,
    caller_id_dbm0: Option<Spanned<f32>>,
    noise_dbm0: Option<Spanned<f32>>,
    steps: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawPort {
    Number(i64),
    Word(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawEnding {
    One(String),
    Many(Vec<String>),
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
        let mut reader = Reader { text, load, sounds: BTreeMap::new(), caller: 0, line: 0 };
        let mut callers = Vec::new();
        for (raw, no) in script.caller.into_iter().zip(1..) {
            reader.caller = no;
            reader.line = line_of(text, raw.span().start);
            callers.push(reader.caller(raw.into_inner())?);
        }
        Ok(Self { callers })
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

struct Reader<'a, Load> {
    text: &'a str,
    load: Load,
    /// By name and loudness in tenths of a decibel.
    sounds: BTreeMap<(String, i32), Arc<[i16]>>,
    caller: usize,
    line: usize,
}

impl<Load: Fn(&str) -> Result<Vec<i16>, String>> Reader<'_, Load> {
    fn caller(&mut self, raw: RawCaller) -> Result<Caller, SimError> {
        let voice_dbm0 = self.level("voice-dbm0", raw.voice_dbm0, -18.0, (-50.0, -8.0))?;
        let kind = match raw.caller_id {
            None => CallerIdKind::Bell202,
            Some(word) => self.word("caller-id", &word, &CallerIdKind::WORDS)?,
        };
        let number = self.number(raw.number)?;
        let name = self.name(raw.name)?;
        let id_dbm0 = self.level("caller-id-dbm0", raw.caller_id_dbm0, -14.0, (-45.0, -6.0))?;
        let noise_dbm0 = self.level("noise-dbm0", raw.noise_dbm0, -62.0, (-90.0, -20.0))?;
        let manner = Manner {
            on_ms: self.ms("key", raw.key, 100, 20..=5000)?,
            off_ms: self.ms("gap", raw.gap, 100, 20..=5000)?,
            dbm0: self.level("key-dbm0", raw.key_dbm0, -10.0, (-45.0, -3.0))?,
            twist_db: self.level("twist-db", raw.twist_db, 2.0, (-15.0, 15.0))?,
        };
        let times = match &raw.times {
            Some(times) if *times.get_ref() == 0 => {
                return Err(self.wrong(times, "times 0: expected 1 or more".into()));
            }
            Some(times) if raw.every.is_none() => {
                let what = "times without every: say how often the caller comes".into();
                return Err(self.wrong(times, what));
            }
            Some(times) => *times.get_ref(),
            None => u32::MAX,
        };
        Ok(Caller {
            line: self.line,
            port: self.port(raw.port)?,
            identity: Identity::new(kind, &number, &name, id_dbm0),
            at_ticks: self.ticks("at", raw.at)?.unwrap_or(0),
            every_ticks: self.ticks("every", raw.every)?,
            times,
            patience_ticks: self.ticks("patience", raw.patience)?.unwrap_or(60_000 / TICK_MS),
            jitter_ticks: self.ticks("jitter", raw.jitter)?.unwrap_or(300 / TICK_MS),
            reverse_on_answer: raw.reverse_on_answer,
            ending: self.ending(raw.hang_up)?,
            manner,
            noise_rms: rms(noise_dbm0),
            steps: self.steps(&raw.steps, voice_dbm0)?,
        })
    }

    fn steps(
        &mut self,
        raw: &Spanned<Vec<Spanned<String>>>,
        voice_dbm0: f32,
    ) -> Result<Arc<[Step]>, SimError> {
        if raw.get_ref().len() > STEPS_MAX {
            return Err(self.wrong(raw, format!("more than {STEPS_MAX} steps")));
        }
        let mut steps = Vec::new();
        for (text, no) in raw.get_ref().iter().zip(1..) {
            if matches!(steps.last(), Some(Step::HangUp | Step::Unplug { .. })) {
                let what = "nothing can follow hang-up or unplug".to_owned();
                return Err(self.wrong_step(text, no, what));
            }
            let mut sound = |name: &str| self.sound(name, voice_dbm0);
            let step = step::parse(text.get_ref(), &mut sound);
            steps.push(step.map_err(|what| self.wrong_step(text, no, what))?);
        }
        Ok(steps.into())
    }

    /// Loads a file and makes it as loud as the caller speaks.
    fn sound(&mut self, name: &str, dbm0: f32) -> Result<Arc<[i16]>, String> {
        let key = (name.to_owned(), (dbm0 * 10.0).round() as i32);
        if let Some(sound) = self.sounds.get(&key) {
            return Ok(Arc::clone(sound));
        }
        let samples = (self.load)(name)?;
        if samples.is_empty() {
            return Err(format!("'{name}' holds no sound"));
        }
        let loud: Vec<f32> =
            samples.iter().map(|&s| f32::from(s)).filter(|s| s.abs() > 200.0).collect();
        let power = loud.iter().map(|s| s * s).sum::<f32>() / loud.len().max(1) as f32;
        let gain = rms(dbm0) / power.sqrt().max(1.0);
        let sound: Arc<[i16]> = samples.iter().map(|&s| (f32::from(s) * gain) as i16).collect();
        self.sounds.insert(key, Arc::clone(&sound));
        Ok(sound)
    }

    fn port(&self, raw: Option<Spanned<RawPort>>) -> Result<Option<usize>, SimError> {
        let Some(raw) = raw else { return Ok(None) };
        let given = match raw.get_ref() {
            RawPort::Number(number) => match usize::try_from(*number) {
                Ok(port @ 1..) => return Ok(Some(port - 1)),
                _ => number.to_string(),
            },
            RawPort::Word(word) if word == "any" => return Ok(None),
            RawPort::Word(word) => format!("'{word}'"),
        };
        Err(self.wrong(&raw, format!("port {given}: expected a number from 1, or \"any\"")))
    }

    fn number(&self, raw: Option<Spanned<String>>) -> Result<String, SimError> {
        let Some(raw) = raw else { return Ok(String::new()) };
        let text = raw.get_ref();
        if text.len() > NUMBER_MAX || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let what = format!("number '{text}': expected up to {NUMBER_MAX} digits");
            return Err(self.wrong(&raw, what));
        }
        Ok(raw.into_inner())
    }

    fn name(&self, raw: Option<Spanned<String>>) -> Result<String, SimError> {
        let Some(raw) = raw else { return Ok(String::new()) };
        let text = raw.get_ref();
        if text.len() > NAME_MAX || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let what = format!("name '{text}': caller id carries up to {NAME_MAX} ASCII letters");
            return Err(self.wrong(&raw, what));
        }
        Ok(raw.into_inner())
    }

    fn ending(&self, raw: Option<Spanned<RawEnding>>) -> Result<Ending, SimError> {
        let mut ending = Ending::default();
        let Some(raw) = raw else { return Ok(Ending { busy_tone: true, ..ending }) };
        let words = match raw.get_ref() {
            RawEnding::One(word) => std::slice::from_ref(word),
            RawEnding::Many(words) => words.as_slice(),
        };
        for word in words {
            match word.as_str() {
                "busy-tone" => ending.busy_tone = true,
                "congestion-tone" => ending.congestion_tone = true,
                "on-hook" => ending.on_hook = true,
                "polarity" => ending.polarity = true,
                _ => {
                    let what = format!(
                        "hang-up '{word}': expected busy-tone, congestion-tone, on-hook, polarity"
                    );
                    return Err(self.wrong(&raw, what));
                }
            }
        }
        if ending == Ending::default() || ending.busy_tone && ending.congestion_tone {
            let what = "hang-up: expected one tone, on-hook, polarity, or several of them";
            return Err(self.wrong(&raw, what.into()));
        }
        Ok(ending)
    }

    fn level(
        &self,
        key: &str,
        raw: Option<Spanned<f32>>,
        default: f32,
        (least, most): (f32, f32),
    ) -> Result<f32, SimError> {
        let Some(raw) = raw else { return Ok(default) };
        let value = *raw.get_ref();
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        Err(self.wrong(&raw, format!("{key} {value}: expected {least} to {most}")))
    }

    fn ticks(&self, key: &str, raw: Option<Spanned<String>>) -> Result<Option<u64>, SimError> {
        let Some(raw) = raw else { return Ok(None) };
        match step::duration_ms(raw.get_ref()) {
            Ok(ms) => Ok(Some(ms.div_ceil(TICK_MS))),
            Err(what) => Err(self.wrong(&raw, format!("{key}: {what}"))),
        }
    }

    fn ms(
        &self,
        key: &str,
        raw: Option<Spanned<String>>,
        default: u32,
        allowed: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, SimError> {
        let Some(raw) = raw else { return Ok(default) };
        let ms = step::duration_ms(raw.get_ref()).and_then(|ms| {
            let ms = u32::try_from(ms).ok().filter(|ms| allowed.contains(ms));
            let (least, most) = (allowed.start(), allowed.end());
            ms.ok_or_else(|| format!("'{}': expected {least}ms to {most}ms", raw.get_ref()))
        });
        ms.map_err(|what| self.wrong(&raw, format!("{key}: {what}")))
    }

    fn word<T: Copy>(
        &self,
        key: &str,
        raw: &Spanned<String>,
        words: &[(&str, T)],
    ) -> Result<T, SimError> {
        if let Some((_, value)) = words.iter().find(|(word, _)| word == raw.get_ref()) {
            return Ok(*value);
        }
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let what = format!("{key} '{}': expected {}", raw.get_ref(), allowed.join(", "));
        Err(self.wrong(raw, what))
    }

    fn wrong<T>(&self, at: &Spanned<T>, what: String) -> SimError {
        SimError::Caller { line: line_of(self.text, at.span().start), caller: self.caller, what }
    }

    fn wrong_step(&self, at: &Spanned<String>, step: usize, what: String) -> SimError {
        let line = line_of(self.text, at.span().start);
        SimError::Step { line, caller: self.caller, step, text: at.get_ref().clone(), what }
    }
}

/// The line of a byte of the text, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}
