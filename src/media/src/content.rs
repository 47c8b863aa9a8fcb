//! What a leg says, judged by its content: voice, faint noise, or nothing at all.
//!
//! Each `LOOK_TICKS` one frame is looked at, a quarter of all. Sound counts as voice where it is
//! loud, or stands out from the noise before it; noise that stands still, comfort noise made by a
//! gateway included, is none however long it lasts.

use crate::tone::Dbm0;

/// Ticks from look to look: 80 ms.
pub const LOOK_TICKS: u64 = 4;
/// What one look stands for.
pub const LOOK_MS: u32 = 20 * LOOK_TICKS as u32;
/// Anything this loud was meant to be heard.
const LOUD: Dbm0 = Dbm0(-40.0);
/// Nothing fainter is voice: the noise of a room or of a law's least steps.
const FAINTEST: Dbm0 = Dbm0(-58.0);
/// By how much voice stands out from the noise around it.
const ABOVE_NOISE_DB: f32 = 9.0;
/// Looks of the window whose least level is the noise: 4 s. A pause comes sooner than that.
const NOISE_LOOKS: u32 = 50;

/// What was there to be looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sound {
    /// Nothing came.
    Nothing,
    /// Comfort noise in words (RFC 3389): the peer says that nobody speaks.
    Comfort,
    /// The same sample all along.
    Flat,
    /// Sound of this level.
    Level(Dbm0),
}

impl Sound {
    /// Judges a frame of samples.
    pub fn of(samples: &[i16]) -> Self {
        let Some(first) = samples.first() else { return Self::Nothing };
        if samples.iter().all(|sample| sample == first) {
            return Self::Flat;
        }
        Self::Level(Dbm0::of(samples))
    }
}

/// What a look found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// No sound of any room: nothing came, comfort noise in words, or the same sample all along.
    #[default]
    Dead,
    /// Noise, and nobody speaks.
    Faint,
    Voice,
}

/// What of a leg's sound is known.
#[derive(Clone, Copy, Debug)]
pub struct Content {
    /// Found at the last look.
    pub last: Look,
    /// What was looked at last stood out from the noise around it, however loud that is.
    pub stood_out: bool,
    /// Least level of the window that runs, of the one before, and looks of the one that runs.
    least: f32,
    least_before: f32,
    looks: u32,
    span: Span,
}

/// What was found since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub looks: u32,
    pub voiced: u32,
    pub dead: u32,
    /// Sum of the powers of the looks with voice, and of those with noise.
    voice_power: f64,
    noise_power: f64,
}

impl Span {
    /// How loud voice was; nothing if there was none.
    pub fn level(&self) -> Option<Dbm0> {
        mean(self.voice_power, self.voiced)
    }
    /// How loud it was where nobody spoke; nothing if that was never.
    pub fn noise(&self) -> Option<Dbm0> {
        mean(self.noise_power, self.looks - self.voiced - self.dead)
    }
}

fn mean(power: f64, looks: u32) -> Option<Dbm0> {
    (looks > 0).then(|| Dbm0::of_power((power / f64::from(looks)) as f32))
}

impl Default for Content {
    fn default() -> Self {
        let (least, least_before) = (f32::MAX, f32::MAX);
        Self {
            last: Look::Dead,
            stood_out: false,
            least,
            least_before,
            looks: 0,
            span: Span::default(),
        }
    }
}

impl Content {
    /// Looks at a frame.
    pub fn look(&mut self, sound: Sound) -> Look {
        self.span.looks += 1;
        self.stood_out = false;
        self.last = match sound {
            Sound::Nothing | Sound::Comfort | Sound::Flat => {
                self.span.dead += 1;
                Look::Dead
            }
            Sound::Level(level) => self.weigh(level),
        };
        self.last
    }

    /// Gives what was found since this was last called.
    pub fn take_span(&mut self) -> Span {
        std::mem::take(&mut self.span)
    }

    fn weigh(&mut self, level: Dbm0) -> Look {
        self.looks += 1;
        if self.looks > NOISE_LOOKS {
            (self.least_before, self.least, self.looks) = (self.least, f32::MAX, 1);
        }
        self.least = self.least.min(level.0);
        let noise = self.least.min(self.least_before);
        self.stood_out = level > FAINTEST && level.0 > noise + ABOVE_NOISE_DB;
        let power = f64::from(level.peak()).powi(2) / 2.0;
        if level > LOUD || self.stood_out {
            self.span.voiced += 1;
            self.span.voice_power += power;
            Look::Voice
        } else {
            self.span.noise_power += power;
            Look::Faint
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &mut Content, levels: impl IntoIterator<Item = f32>) -> Vec<Look> {
        levels.into_iter().map(|level| content.look(Sound::Level(Dbm0(level)))).collect()
    }

    #[test]
    fn noise_that_stands_still_is_never_voice_and_a_faint_voice_above_it_is() {
        let mut content = Content::default();
        // Frames of 20 ms of noise differ by a dB or two.
        let noise = (0..500).map(|n| -55.0 + [0.0, 1.5, -1.0, 2.0, -2.0][n % 5]);
        assert!(found(&mut content, noise).iter().all(|look| *look == Look::Faint));
        assert_eq!(found(&mut content, [-45.0]), [Look::Voice]);
        assert_eq!(found(&mut content, [-55.0]), [Look::Faint]);
    }

    #[test]
    fn loud_sound_counts_from_the_first_look_on_even_if_it_stands_still() {
        let mut content = Content::default();
        assert!(found(&mut content, [-10.0; 200]).iter().all(|look| *look == Look::Voice));
        let span = content.take_span();
        assert_eq!((span.looks, span.voiced, span.noise()), (200, 200, None));
        assert!((span.level().unwrap().0 + 10.0).abs() < 0.1);
        assert_eq!(content.take_span(), Span::default());
    }

    #[test]
    fn the_noise_of_a_street_is_found_out_in_its_first_pause() {
        let mut content = Content::default();
        found(&mut content, [-42.0; 60]);
        assert_eq!(found(&mut content, [-44.0, -41.0]), [Look::Faint; 2]);
        assert_eq!(found(&mut content, [-30.0]), [Look::Voice]);
        let noise = content.take_span().noise().unwrap();
        assert!((noise.0 + 42.0).abs() < 1.0, "{noise}");
    }

    #[test]
    fn the_same_sample_all_along_is_no_sound_and_one_step_of_noise_is() {
        assert_eq!(Sound::of(&[8; 160]), Sound::Flat);
        assert_eq!(Sound::of(&[-8; 160]), Sound::Flat);
        assert_eq!(Sound::of(&[]), Sound::Nothing);
        let mut steps = [8; 160];
        steps[77] = -8;
        assert!(matches!(Sound::of(&steps), Sound::Level(_)));
        let mut content = Content::default();
        for sound in [Sound::Nothing, Sound::Comfort, Sound::Flat] {
            assert_eq!(content.look(sound), Look::Dead);
        }
        assert_eq!(content.look(Sound::of(&steps)), Look::Faint);
    }
}
