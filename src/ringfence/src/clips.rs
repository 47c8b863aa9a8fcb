//! Prompts: finds a site's recordings and the box's own, and makes clips of them.
//!
//! A prompt `ID` in a language is, the first that is there:
//! `SITE/prompts/LANG/ID.wav` (a site's own recording), `SITE/prompts/LANG/ID.flac`,
//! `SHARE/prompts/LANG/ID.wav`, `SHARE/prompts/LANG/ID.flac`; and for `music.ID` the folder `music`
//! instead of the language's. `tone.ID` is a call-progress tone: made of the site's data, unless the
//! folder `tone` holds a recording of it.

use crate::plain_file;
use anyhow::{Context as _, bail};
use media::{Clip, Live};
use model::id::PromptId;
use model::site::{Lang, Tones};
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest prompt or music taken, so that one file cannot eat the memory.
const CLIP_SECONDS_MAX: u32 = 600;

/// Where each prompt of a site lies.
#[derive(Clone, Debug, Default)]
pub struct PromptFiles {
    files: BTreeMap<(Lang, PromptId), PathBuf>,
}

impl PromptFiles {
    /// Looks through the folders; `share` is the box's own set.
    pub fn find(site: &Path, share: &Path) -> anyhow::Result<Self> {
        let mut found = Self::default();
        for (root, ending) in [(share, "flac"), (share, "wav"), (site, "flac"), (site, "wav")] {
            for lang in Lang::ALL {
                found.add_folder(&root.join("prompts").join(lang.tag()), ending, "", &[lang])?;
            }
            found.add_folder(&root.join("prompts/music"), ending, "music.", &Lang::ALL)?;
            found.add_folder(&root.join("prompts/tone"), ending, "tone.", &Lang::ALL)?;
        }
        Ok(found)
    }

    /// Adds a folder's files; what is added later comes first.
    fn add_folder(
        &mut self,
        dir: &Path,
        ending: &str,
        prefix: &str,
        langs: &[Lang],
    ) -> anyhow::Result<()> {
        if !dir.is_dir() {
            return Ok(());
        }
        let listed =
            std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()));
        for entry in listed? {
            let path = entry?.path();
            if path.extension().is_none_or(|found| found != ending) {
                continue;
            }
            let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            for &lang in langs {
                let id = PromptId::new(&format!("{prefix}{stem}"));
                self.files.insert((lang, id), path.clone());
            }
        }
        Ok(())
    }

    /// The prompts there are in a language.
    pub fn ids(&self, lang: Lang) -> BTreeSet<PromptId> {
        self.files.keys().filter(|(of, _)| *of == lang).map(|(_, id)| id.clone()).collect()
    }
}

/// Clips in memory and the number each has in the media engine.
#[derive(Default)]
pub struct ClipTable {
    numbers: BTreeMap<(Lang, PromptId), u32>,
    clips: Vec<Clip>,
    /// Numbers that no prompt has any more: plays that go on hear what they were until another site
    /// is applied, which may use them.
    vacant: BTreeSet<u32>,
}

impl ClipTable {
    /// Reads every file, the same one once, and makes the tones that have none.
    pub fn load(files: &PromptFiles, tones: &Tones) -> anyhow::Result<Self> {
        let mut table = Self::default();
        let mut by_path: BTreeMap<&Path, u32> = BTreeMap::new();
        for (key, path) in &files.files {
            let number = match by_path.get(path.as_path()) {
                Some(&number) => number,
                None => {
                    let clip = read_clip(path)
                        .with_context(|| format!("cannot use the prompt {}", path.display()))?;
                    let number = u32::try_from(table.clips.len())?;
                    table.clips.push(clip);
                    by_path.insert(path, number);
                    number
                }
            };
            table.numbers.insert(key.clone(), number);
        }
        for (name, cadence) in tones.named() {
            let number = u32::try_from(table.clips.len())?;
            table.clips.push(media::progress::clip(cadence));
            for lang in Lang::ALL {
                let key = (lang, PromptId::new(&format!("tone.{name}")));
                table.numbers.entry(key).or_insert(number);
            }
        }
        Ok(table)
    }

    /// Has music played from a line in while that is on.
    pub fn with_live(mut self, live: &Arc<Live>) -> Self {
        let music = self.numbers.iter().filter(|((_, id), _)| id.as_str().starts_with("music."));
        for (_, number) in music {
            if let Some(clip) = self.clips.get_mut(*number as usize) {
                *clip = clip.clone().with_live(live);
            }
        }
        self
    }

    /// Gives prompts the numbers that they had in the table before, so that plays which go on are what
    /// they were. A prompt that is gone keeps its place until the next time, so that there are never
    /// more places than the prompts of two sites that follow each other.
    pub fn following(self, before: &Self) -> Self {
        let mut next: BTreeMap<u32, u32> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (key, own) in &self.numbers {
            let had = before.numbers.get(key).filter(|had| !taken.contains(*had));
            if let (Some(&had), false) = (had, next.contains_key(own)) {
                next.insert(*own, had);
                taken.insert(had);
            }
        }
        let mut clips = before.clips.clone();
        let mut free = before.vacant.iter().copied();
        for (own, clip) in (0_u32..).zip(self.clips) {
            let number = *next.entry(own).or_insert_with(|| free.next().unwrap_or(u32::MAX));
            match usize::try_from(number).ok().and_then(|number| clips.get_mut(number)) {
                Some(place) => *place = clip,
                None => {
                    // As many as there are files: they are counted in 32 bits.
                    next.insert(own, clips.len() as u32);
                    clips.push(clip);
                }
            }
        }
        let numbers: BTreeMap<_, _> = self
            .numbers
            .into_iter()
            .filter_map(|(key, own)| Some((key, *next.get(&own)?)))
            .collect();
        let used: BTreeSet<u32> = numbers.values().copied().collect();
        let vacant = (0..clips.len() as u32).filter(|number| !used.contains(number)).collect();
        Self { numbers, clips, vacant }
    }

    /// The number of a prompt in a language, or in any language it has.
    pub fn number(&self, lang: Lang, prompt: &PromptId) -> Option<u32> {
        let in_lang = |lang| self.numbers.get(&(lang, prompt.clone())).copied();
        in_lang(lang).or_else(|| Lang::ALL.into_iter().find_map(in_lang))
    }

    /// All clips by number, for the engine.
    pub fn clips(&self) -> Arc<[Clip]> {
        self.clips.clone().into()
    }
}

/// Reads a FLAC or a WAV file and brings it to one channel at 8 kHz.
pub fn read_clip(path: &Path) -> anyhow::Result<Clip> {
    let (samples, rate) = match path.extension().and_then(|ending| ending.to_str()) {
        Some("flac") => read_flac(path)?,
        Some("wav") => read_wav(path)?,
        _ => bail!("only .flac and .wav are read"),
    };
    if samples.is_empty() {
        bail!("it holds no sound");
    }
    Ok(Clip::from_pcm(&samples, rate)?)
}

/// Reads 16-bit (or 8- to 24-bit, scaled) FLAC, mixing channels down.
fn read_flac(path: &Path) -> anyhow::Result<(Vec<i16>, u32)> {
    let mut reader = claxon::FlacReader::new(BufReader::new(plain_file::open(path)?))
        .context("it is empty, cut off or no FLAC")?;
    let info = reader.streaminfo();
    check_length(info.samples.unwrap_or(0), info.sample_rate)?;
    let channels = i32::try_from(info.channels.max(1))?;
    let (mut mixed, mut sum, mut heard) = (Vec::new(), 0_i32, 0_i32);
    for sample in reader.samples() {
        sum += to_16_bit(sample?, info.bits_per_sample);
        heard += 1;
        if heard == channels {
            mixed.push(i16::try_from(sum / channels).unwrap_or_default());
            (sum, heard) = (0, 0);
            check_length(mixed.len() as u64, info.sample_rate)?;
        }
    }
    Ok((mixed, info.sample_rate))
}

/// Reads a PCM WAV of 8 to 32 bits, mixing channels down.
fn read_wav(path: &Path) -> anyhow::Result<(Vec<i16>, u32)> {
    let mut reader = hound::WavReader::new(BufReader::new(plain_file::open(path)?))
        .context("it is empty, cut off or no WAV")?;
    let spec = reader.spec();
    if spec.sample_format != hound::SampleFormat::Int {
        bail!("a WAV of floating point samples: save it as 16-bit PCM");
    }
    check_length(u64::from(reader.duration()), spec.sample_rate)?;
    let channels = usize::from(spec.channels.max(1));
    let bits = u32::from(spec.bits_per_sample);
    let samples: Vec<i32> = reader
        .samples::<i32>()
        .map(|sample| sample.map(|sample| to_16_bit(sample, bits)))
        .collect::<Result<_, _>>()?;
    let mixed = samples
        .chunks_exact(channels)
        .map(|frame| frame.iter().sum::<i32>() / i32::try_from(channels).unwrap_or(1))
        .map(|sample| i16::try_from(sample).unwrap_or_default())
        .collect();
    Ok((mixed, spec.sample_rate))
}

fn to_16_bit(sample: i32, bits: u32) -> i32 {
    if bits >= 16 { sample >> (bits - 16) } else { sample << (16 - bits) }
}

fn check_length(samples: u64, rate: u32) -> anyhow::Result<()> {
    if samples > u64::from(rate) * u64::from(CLIP_SECONDS_MAX) {
        bail!("longer than {CLIP_SECONDS_MAX} s");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of prompts, each with a sound of its own.
    fn table(prompts: &[(&str, i16)]) -> ClipTable {
        let mut table = ClipTable::default();
        let mut sorted = prompts.to_vec();
        sorted.sort_unstable();
        for (n, (name, sound)) in (0..).zip(sorted) {
            table.numbers.insert((Lang::Zh, PromptId::new(name)), n);
            table.numbers.insert((Lang::En, PromptId::new(name)), n);
            table.clips.push(Clip::narrow(vec![sound; 8]));
        }
        table
    }

    fn sound(table: &ClipTable, number: u32) -> i16 {
        table.clips()[number as usize].samples(model::Rate::Narrow)[0]
    }

    #[test]
    fn who_hears_music_hears_it_on_when_prompts_come_and_go_with_another_site() {
        let mut now = table(&[("menu", 1), ("music.hold", 2), ("bye", 3)]);
        let id = PromptId::new("music.hold");
        let (music, menu) =
            (now.number(Lang::Zh, &id), now.number(Lang::Zh, &PromptId::new("menu")));
        let (music, menu) = (music.unwrap(), menu.unwrap());
        for (n, turn) in (10..).zip(0..50) {
            let other = format!("a{turn}");
            // The menu is said anew, and another prompt comes instead of the one before it.
            let next = table(&[(&other, n), ("menu", n + 100), ("music.hold", 2)]);
            let gone = now.number(Lang::En, &PromptId::new(&format!("a{}", turn - 1)));
            now = next.following(&now);
            assert_eq!((now.number(Lang::Zh, &id), sound(&now, music)), (Some(music), 2));
            assert_eq!(sound(&now, menu), n + 100);
            let came = now.number(Lang::En, &PromptId::new(&other)).unwrap();
            assert_eq!(sound(&now, came), n);
            assert!(gone.is_none_or(|gone| sound(&now, gone) == n - 1), "not yet another");
        }
        assert!(now.clips.len() <= 6, "{} places", now.clips.len());
    }
}
