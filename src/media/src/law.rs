//! G.711: the bytes of a telephone line and the samples they stand for.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};
use model::Law;

/// Decodes as many bytes as `samples` has room for.
pub fn decode(law: Law, bytes: &[u8], samples: &mut [i16]) {
    let len = bytes.len().min(samples.len());
    let done = match law {
        Law::A => PcmaDecoder::new().decode_into(&bytes[..len], &mut samples[..len]),
        Law::Mu => PcmuDecoder::new().decode_into(&bytes[..len], &mut samples[..len]),
    };
    debug_assert_eq!(done, Ok(len), "a decoder takes every byte");
}

/// Encodes as many samples as `bytes` has room for.
pub fn encode(law: Law, samples: &[i16], bytes: &mut [u8]) {
    let len = bytes.len().min(samples.len());
    let done = match law {
        Law::A => PcmaEncoder::new().encode_into(&samples[..len], &mut bytes[..len]),
        Law::Mu => PcmuEncoder::new().encode_into(&samples[..len], &mut bytes[..len]),
    };
    debug_assert_eq!(done, Ok(len), "an encoder takes every sample");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_both_laws_survives_its_sample() {
        for law in [Law::A, Law::Mu] {
            for byte in 0..=255u8 {
                let mut sample = [0];
                decode(law, &[byte], &mut sample);
                let mut back = [0];
                encode(law, &sample, &mut back);
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
            decode(law, &[law.silence()], &mut sample);
            assert!(sample[0].abs() <= 8, "{law:?}: {}", sample[0]);
        }
    }

    #[test]
    fn the_laws_are_accurate_to_their_segment() {
        for law in [Law::A, Law::Mu] {
            for sample in (-32000..=32000i16).step_by(7) {
                let mut byte = [0];
                encode(law, &[sample], &mut byte);
                let mut back = [0];
                decode(law, &byte, &mut back);
                let error = f32::from(back[0]) - f32::from(sample);
                let allowed = (f32::from(sample).abs() / 28.0).max(17.0);
                assert!(error.abs() <= allowed, "{law:?} {sample} became {}", back[0]);
            }
        }
    }
}
