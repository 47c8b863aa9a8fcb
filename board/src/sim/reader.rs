//! One caller of a script, checked field by field.

use super::caller_id::{CallerIdKind, Identity};
use super::keys::Manner;
use super::script::{
    Called, Caller, Ending, Ends, RawCaller, RawEnding, RawPort, STEPS_MAX, SimError, TICK_MS,
    line_of,
};
use super::sound::rms;
use super::step::{self, Step};
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// Digits of a number, and letters of a name, as caller id has room for.
const NUMBER_MAX: usize = 20;
const NAME_MAX: usize = 30;

/// What the reader of a script has at hand.
pub(super) struct Reader<'a, Load> {
    text: &'a str,
    load: Load,
    /// By name and loudness in tenths of a decibel.
    sounds: BTreeMap<(String, i32), Arc<[i16]>>,
    caller: usize,
    line: usize,
}

impl<'a, Load> Reader<'a, Load> {
    pub(super) fn new(text: &'a str, load: Load) -> Self {
        Self { text, load, sounds: BTreeMap::new(), caller: 0, line: 0 }
    }
}

impl<Load: Fn(&str) -> Result<Vec<i16>, String>> Reader<'_, Load> {
    /// Checks the next caller of the script.
    pub(super) fn caller(&mut self, raw: Spanned<RawCaller>) -> Result<Caller, SimError> {
        self.caller += 1;
        self.line = line_of(self.text, raw.span().start);
        let raw = raw.into_inner();
        let voice_dbm0 = self.level("voice-dbm0", raw.voice_dbm0, -18.0, (-50.0, -8.0))?;
        let kind = match raw.caller_id {
            None => CallerIdKind::Bell202,
            Some(word) => self.word("caller-id", &word, &CallerIdKind::WORDS)?,
        };
        let number = self.number("number", raw.number)?;
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
        let (span, dials) = self.span(raw.span, raw.dials, raw.port.is_some(), &raw.called)?;
        Ok(Caller {
            line: self.line,
            port: self.port(raw.port)?,
            span,
            dials,
            called: self.called(raw.called, raw.rings, raw.meets)?,
            identity: Identity::new(kind, &number, &name, id_dbm0),
            number,
            name,
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

    fn called(
        &self,
        number: Option<Spanned<String>>,
        rings: Option<Spanned<u64>>,
        meets: Option<Spanned<String>>,
    ) -> Result<Option<Called>, SimError> {
        let Some(number) = number else {
            return match (&rings, &meets) {
                (Some(rings), _) => {
                    Err(self.wrong(rings, "rings without called: whom the box calls".into()))
                }
                (_, Some(meets)) => {
                    Err(self.wrong(meets, "meets without called: whom the box calls".into()))
                }
                (None, None) => Ok(None),
            };
        };
        let digits = number.get_ref();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong(&number, format!("called '{digits}': expected digits")));
        }
        let rings = match rings {
            Some(rings) if !(1..=20).contains(rings.get_ref()) => {
                return Err(self.wrong(&rings, "rings: expected 1 to 20".into()));
            }
            rings => rings.map_or(2, Spanned::into_inner),
        };
        let words = [
            ("answer", Ends::Answered { rings }),
            ("busy", Ends::Busy),
            ("congestion", Ends::Congestion),
            ("special", Ends::Special),
            ("nobody", Ends::Unanswered),
        ];
        let ends = match meets {
            Some(word) => self.word("meets", &word, &words)?,
            None => Ends::Answered { rings },
        };
        Ok(Some(Called { number: digits.clone(), ends }))
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

    /// The primary rate line that the caller comes by, and what is dialled there.
    fn span(
        &self,
        raw: Option<Spanned<u16>>,
        dials: Option<Spanned<String>>,
        by_port: bool,
        called: &Option<Spanned<String>>,
    ) -> Result<(Option<usize>, String), SimError> {
        let Some(raw) = raw else {
            return match dials {
                Some(dials) => {
                    Err(self.wrong(&dials, "dials without span: who rings dials nothing".into()))
                }
                None => Ok((None, String::new())),
            };
        };
        if by_port {
            return Err(self.wrong(&raw, "span and port: a caller comes by one of them".into()));
        }
        if called.is_some() {
            let what = "span and called: the box chooses the line of its calls";
            return Err(self.wrong(&raw, what.into()));
        }
        let Some(span) = usize::from(*raw.get_ref()).checked_sub(1) else {
            return Err(self.wrong(&raw, "span 0: expected a number from 1".into()));
        };
        Ok((Some(span), self.number("dials", dials)?))
    }

    fn number(&self, key: &str, raw: Option<Spanned<String>>) -> Result<String, SimError> {
        let Some(raw) = raw else { return Ok(String::new()) };
        let text = raw.get_ref();
        if text.len() > NUMBER_MAX || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let what = format!("{key} '{text}': expected up to {NUMBER_MAX} digits");
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
