//! Call-progress tones made of a country's data: dial, ringback, busy and the others (ITU-T E.180).

use crate::clip::Clip;
use crate::tone::Dbm0;
use model::Rate;
use model::site::Cadence;

/// How loud a tone is, two frequencies together: within the -10 ± 3 dBm0 of GB/T 3380 and of E.180.
pub const LEVEL: Dbm0 = Dbm0(-10.0);
/// Rise and fall where a tone begins and ends, in milliseconds.
const EDGE_MS: f64 = 4.0;

/// Makes one period of a tone, which loops without a seam.
pub fn clip(cadence: &Cadence) -> Clip {
    Clip::at_both(made(cadence, Rate::Narrow), made(cadence, Rate::Wide))
}

fn made(cadence: &Cadence, rate: Rate) -> Vec<i16> {
    let khz = f64::from(rate.hz()) / 1000.0;
    let mut samples = Vec::new();
    for part in cadence.parts() {
        let len = (f64::from(part.ms) * khz) as usize;
        let peak = f64::from(LEVEL.peak());
        samples.extend((0..len).map(|n| {
            // A part lasts 20 s at most.
            let sound = part.pitch.wave(u32::try_from(n).unwrap_or_default(), rate);
            let edge = match cadence.is_continuous() {
                true => 1.0,
                false => (n.min(len - n) as f64 / khz / EDGE_MS).min(1.0),
            };
            (sound * peak * edge).round() as i16
        }));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{listen, loudest};
    use model::site::{Pitch, Tones};

    fn narrow(text: &str) -> Vec<i16> {
        clip(&Cadence::read(text).unwrap()).samples(Rate::Narrow).to_vec()
    }

    #[test]
    fn each_tone_of_china_has_its_frequency_level_and_beat() {
        let tones = Tones::default();
        for (name, cadence) in tones.named() {
            let sound = clip(cadence).samples(Rate::Narrow).to_vec();
            let mut at = 0;
            for part in cadence.parts() {
                let len = usize::from(part.ms) * 8;
                let part_of = &sound[at..at + len];
                at += len;
                if part.pitch == Pitch::Pause {
                    assert!(part_of.iter().all(|&sample| sample == 0), "{name}");
                    continue;
                }
                let heard = loudest(&part_of[40..len - 40]).unwrap();
                assert!((heard.hz - 450.0).abs() < 1.0, "{name}: {heard}");
                assert!((heard.level.0 + 10.0).abs() < 0.2, "{name}: {heard}");
            }
            assert_eq!(at, sound.len(), "{name}");
        }
    }

    #[test]
    fn two_frequencies_are_as_loud_together_as_one() {
        let sound = narrow("440+480/2000,0/4000");
        assert!((Dbm0::of(&sound[100..15_900]).0 + 10.0).abs() < 0.1);
        for hz in [440.0, 480.0] {
            assert!((listen(&sound[..16_000], hz).level.0 + 13.0).abs() < 0.2);
        }
    }

    #[test]
    fn a_tone_that_beats_is_as_loud_and_goes_up_and_down() {
        let sound = narrow("400*25");
        assert!((Dbm0::of(&sound).0 + 10.0).abs() < 0.1, "{}", Dbm0::of(&sound));
        for (hz, level) in [(400.0, -11.8), (375.0, -17.8), (425.0, -17.8)] {
            assert!((listen(&sound, hz).level.0 - level).abs() < 0.2, "{hz} Hz");
        }
    }

    #[test]
    fn a_dial_tone_loops_without_a_click_at_both_rates() {
        let cadence = Cadence::read("350+440").unwrap();
        for rate in [Rate::Narrow, Rate::Wide] {
            let clip = clip(&cadence);
            let sound = clip.samples(rate);
            assert_eq!(sound.len(), rate.hz() as usize);
            let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
            let most = sound.windows(2).map(|two| step(two[0], two[1])).max().unwrap();
            assert!(step(sound[sound.len() - 1], sound[0]) <= most);
        }
    }
}
