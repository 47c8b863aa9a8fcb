//! G.711: the bytes of a telephone line and the samples they stand for.
//!
//! A byte is a sign, a segment (how many bits the sample has) and four bits of the place within
//! the segment. PCMA counts in steps of 16 of a 16 bit sample, PCMU in steps of 8 after adding 132.

use serde::{Deserialize, Serialize};

/// Added by PCMU so that every segment starts at a power of two (33 in G.711's 14 bits).
const BIAS: i32 = 132;
/// The loudest sample PCMU has a byte for, before the bias.
const CLIP: i32 = 32_635;

/// The samples of both laws, by byte, made when the program is.
static SAMPLES: [[i16; 256]; 2] = [table(Law::A), table(Law::Mu)];

/// How a byte stands for a sample (ITU-T G.711).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// PCMA, used in China and Europe; RTP payload type 8.
    A,
    /// PCMU, used in North America and Japan; RTP payload type 0.
    Mu,
}

impl Law {
    /// The byte that stands for silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::A => 0xD5,
            Self::Mu => 0xFF,
        }
    }

    /// The sample of each byte.
    pub fn samples(self) -> &'static [i16; 256] {
        match self {
            Self::A => &SAMPLES[0],
            Self::Mu => &SAMPLES[1],
        }
    }

    /// The sample of a byte: the middle of those it stands for.
    pub fn sample(self, byte: u8) -> i16 {
        self.samples()[usize::from(byte)]
    }

    /// The byte of a sample.
    pub const fn byte(self, sample: i16) -> u8 {
        match self {
            Self::A => a(sample),
            Self::Mu => mu(sample),
        }
    }

    /// Decodes as many bytes as `samples` has room for.
    pub fn decode(self, bytes: &[u8], samples: &mut [i16]) {
        let table = self.samples();
        for (sample, &byte) in samples.iter_mut().zip(bytes) {
            *sample = table[usize::from(byte)];
        }
    }

    /// Encodes as many samples as `bytes` has room for.
    pub fn encode(self, samples: &[i16], bytes: &mut [u8]) {
        match self {
            Self::A => bytes.iter_mut().zip(samples).for_each(|(byte, &sample)| *byte = a(sample)),
            Self::Mu => {
                bytes.iter_mut().zip(samples).for_each(|(byte, &sample)| *byte = mu(sample));
            }
        }
    }
}

/// The byte of a sample (G.711 table 1: decision values, even bits inverted).
const fn a(sample: i16) -> u8 {
    let (sign, size) = if sample >= 0 { (0x80, sample) } else { (0, !sample) };
    // The first two segments have the same step.
    let segment = (24u32).saturating_sub((size as u32 | 0xFF).leading_zeros());
    let step = if segment < 2 { 4 } else { segment + 3 };
    let place = (size >> step) as u8 & 0x0F;
    (sign | (segment as u8) << 4 | place) ^ 0x55
}

/// The byte of a sample (G.711 table 2: all bits inverted).
const fn mu(sample: i16) -> u8 {
    let (sign, size) = if sample >= 0 { (0, sample as i32) } else { (0x80, -(sample as i32)) };
    let size = if size > CLIP { CLIP } else { size } + BIAS;
    let segment = 24 - (size as u32).leading_zeros();
    let place = (size >> (segment + 3)) as u8 & 0x0F;
    !(sign | (segment as u8) << 4 | place)
}

/// The middle of each byte's samples.
const fn table(law: Law) -> [i16; 256] {
    let mut samples = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let code = match law {
            Law::A => byte as i32 ^ 0x55,
            Law::Mu => !byte as i32 & 0xFF,
        };
        let (segment, place) = (code >> 4 & 7, code & 0x0F);
        let (size, positive) = match law {
            Law::A if segment == 0 => (place * 16 + 8, code & 0x80 != 0),
            Law::A => ((place * 16 + 264) << (segment - 1), code & 0x80 != 0),
            Law::Mu => (((place * 8 + BIAS) << segment) - BIAS, code & 0x80 == 0),
        };
        samples[byte] = if positive { size as i16 } else { -size as i16 };
        byte += 1;
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_both_laws_survives_its_sample() {
        for law in [Law::A, Law::Mu] {
            for byte in 0..=255u8 {
                let mut sample = [0];
                law.decode(&[byte], &mut sample);
                let mut back = [0];
                law.encode(&sample, &mut back);
                // PCMU has a negative zero; it comes back as the positive one.
                let want = if law == Law::Mu && byte == 0x7F { 0xFF } else { byte };
                assert_eq!(back[0], want, "{law:?} {byte:#04x} was {}", sample[0]);
            }
        }
    }

    #[test]
    fn silence_is_the_quietest_byte_of_its_law() {
        for law in [Law::A, Law::Mu] {
            let mut sample = [0];
            law.decode(&[law.silence()], &mut sample);
            assert!(sample[0].abs() <= 8, "{law:?}: {}", sample[0]);
        }
    }

    /// Bytes as the recommendation lists them (G.711 tables 1a and 2a, character signals before
    /// and after inversion).
    #[test]
    fn the_bytes_are_those_of_the_recommendation() {
        for (sample, want_a, want_mu) in
            [(0, 0xD5, 0xFF), (-1, 0x55, 0x7F), (32767, 0xAA, 0x80), (-32768, 0x2A, 0x00)]
        {
            let mut byte = [0];
            Law::A.encode(&[sample], &mut byte);
            assert_eq!(byte[0], want_a, "PCMA of {sample}");
            Law::Mu.encode(&[sample], &mut byte);
            assert_eq!(byte[0], want_mu, "PCMU of {sample}");
        }
    }

    #[test]
    fn the_laws_are_accurate_to_their_segment() {
        for law in [Law::A, Law::Mu] {
            for sample in (-32000..=32000i16).step_by(7) {
                let mut byte = [0];
                law.encode(&[sample], &mut byte);
                let mut back = [0];
                law.decode(&byte, &mut back);
                let error = f32::from(back[0]) - f32::from(sample);
                let allowed = ((f32::from(sample).abs() + 132.0) / 32.0).max(8.0) + 1.0;
                assert!(error.abs() <= allowed, "{law:?} {sample} became {}", back[0]);
            }
        }
    }

    /// Another implementation of the recommendation, byte by byte.
    #[test]
    fn both_laws_agree_with_another_codec() {
        use audio_codec::{Decoder, pcma, pcmu};
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(Law::A.samples().to_vec(), pcma::PcmaDecoder::new().decode(&bytes));
        assert_eq!(Law::Mu.samples().to_vec(), pcmu::PcmuDecoder::new().decode(&bytes));
    }
}
