//! A block of line sound as samples, and the levels of telephone people.

use model::Law;

/// One block in units of a 16 bit sample.
pub(crate) type Sound = [f32; 160];
pub(crate) const RATE: f32 = 8000.0;

/// Peak of a sine of 0 dBm0 in 16 bit samples: 32768 less 3.14 dB (G.711 table 1a).
const PEAK_OF_0_DBM0: f32 = 22_828.0;

/// The mean square of any sound of a level.
pub(crate) fn power(dbm0: f32) -> f32 {
    PEAK_OF_0_DBM0 * PEAK_OF_0_DBM0 / 2.0 * 10f32.powf(dbm0 / 10.0)
}

/// Decodes a block and takes its constant part away, which codecs of old cards add.
pub(crate) fn decode(law: Law, block: &[u8; 160], sound: &mut Sound) {
    for (sample, &byte) in sound.iter_mut().zip(block) {
        *sample = match law {
            Law::A => from_a(byte),
            Law::Mu => from_mu(byte),
        };
    }
    let mean = sound.iter().sum::<f32>() / sound.len() as f32;
    sound.iter_mut().for_each(|sample| *sample -= mean);
}

/// The middle of a byte's samples (G.711 table 1a).
fn from_a(byte: u8) -> f32 {
    let code = byte ^ 0x55;
    let (segment, place) = (code >> 4 & 7, f32::from(code & 0x0F));
    let size = match segment {
        0 => place * 16.0 + 8.0,
        _ => (place * 16.0 + 264.0) * f32::from(1_u8 << (segment - 1)),
    };
    if code & 0x80 == 0 { -size } else { size }
}

/// The middle of a byte's samples (G.711 table 2a): steps of 8 after adding 132.
fn from_mu(byte: u8) -> f32 {
    let code = !byte;
    let (segment, place) = (code >> 4 & 7, f32::from(code & 0x0F));
    let size = (place * 8.0 + 132.0) * f32::from(1_u8 << segment) - 132.0;
    if code & 0x80 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loudest and the quietest byte of both laws (G.711 tables 1a, 1b, 2a, 2b).
    #[test]
    fn bytes_stand_for_the_samples_of_the_recommendation() {
        assert_eq!((from_a(0xAA), from_a(0x2A)), (32_256.0, -32_256.0));
        assert_eq!((from_a(0xD5), from_a(0x55)), (8.0, -8.0));
        assert_eq!((from_mu(0x80), from_mu(0x00)), (32_124.0, -32_124.0));
        assert_eq!((from_mu(0xFF), from_mu(0x7F)), (0.0, 0.0));
    }

    #[test]
    fn silence_has_no_constant_part() {
        let mut sound = [1.0; 160];
        decode(Law::A, &[Law::A.silence(); 160], &mut sound);
        assert_eq!(sound, [0.0; 160]);
    }
}
