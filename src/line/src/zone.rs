//! What a port has to know of the exchanges of a country.

use crate::busy::BusyEar;
use crate::sound::Sound;
use model::site::{Cadence, Pitch, Tones};

/// A tone that comes and goes at one pitch: how long it sounds and pauses, by turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rhythm(Vec<(u16, u16)>);

impl Rhythm {
    /// Reads it of a tone's parts, with its pitch; nothing where the pitch changes or never pauses.
    pub(crate) fn of(cadence: &Cadence) -> Option<(Pitch, Self)> {
        let parts = cadence.parts();
        let pitch = parts.first()?.pitch;
        let pairs = parts.chunks(2).map(|two| match two {
            [on, off] if on.pitch == pitch && off.pitch == Pitch::Pause => Some((on.ms, off.ms)),
            _ => None,
        });
        Some((pitch, Self(pairs.collect::<Option<_>>()?)))
    }

    pub(crate) fn pairs(&self) -> &[(u16, u16)] {
        &self.0
    }

    pub(crate) fn longest_pause_ms(&self) -> u32 {
        self.0.iter().map(|&(_, off)| u32::from(off)).max().unwrap_or(0)
    }
}

/// What the tones of a country say to who hears them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Busy,
    Congestion,
    /// The call cannot be made as dialled.
    Special,
}

/// Ears for the tones that say that the far party is gone, or never came.
#[derive(Clone, Debug)]
pub(crate) struct GoneEars(Vec<(BusyEar, Vec<Meaning>)>);

impl GoneEars {
    /// Ears for a talk.
    pub(crate) fn new(tones: &Tones) -> Self {
        Self::of(&[(&tones.busy, Meaning::Busy), (&tones.congestion, Meaning::Congestion)])
    }

    /// Ears for a call that is being made: special information too, where it is one pitch.
    pub(crate) fn of_calls_out(tones: &Tones) -> Self {
        let special = (&tones.special, Meaning::Special);
        Self::of(&[(&tones.busy, Meaning::Busy), (&tones.congestion, Meaning::Congestion), special])
    }

    /// Makes one for each pitch.
    fn of(gone: &[(&Cadence, Meaning)]) -> Self {
        let mut pitches: Vec<(Pitch, Vec<Rhythm>, Vec<Meaning>)> = Vec::new();
        for &(cadence, meaning) in gone {
            let Some((pitch, rhythm)) = Rhythm::of(cadence) else { continue };
            match pitches.iter_mut().find(|(known, ..)| *known == pitch) {
                Some((_, rhythms, meanings)) => {
                    rhythms.push(rhythm);
                    meanings.push(meaning);
                }
                None => pitches.push((pitch, vec![rhythm], vec![meaning])),
            }
        }
        let ear = |(pitch, rhythms, meanings)| Some((BusyEar::new(pitch, rhythms)?, meanings));
        Self(pitches.into_iter().filter_map(ear).collect())
    }

    /// Hears 20 ms; tells what was said, once it is sure.
    pub(crate) fn hear(&mut self, sound: &Sound) -> Option<Meaning> {
        let mut said = None;
        for (ear, meanings) in &mut self.0 {
            let place = ear.hear(sound);
            said = said.or(place.and_then(|place| meanings.get(place).copied()));
        }
        said
    }

    /// Tells whether one of their pitches sounded last.
    pub(crate) fn sounds(&self) -> bool {
        self.0.iter().any(|(ear, _)| ear.sounds())
    }

    /// Forgets what was heard.
    pub(crate) fn reset(&mut self) {
        self.0.iter_mut().for_each(|(ear, _)| ear.reset());
    }
}
