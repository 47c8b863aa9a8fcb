//! G.711 to linear 16 bit, for the export; the media has its own codec and a test compares them.

use model::Law;

/// The 256 samples of a law, by byte (ITU-T G.711 tables 1a and 2a).
pub(super) fn table(law: Law) -> [i16; 256] {
    let mut samples = [0; 256];
    for (sample, byte) in samples.iter_mut().zip(0..=255u8) {
        *sample = match law {
            Law::A => a_law(byte),
            Law::Mu => mu_law(byte),
        };
    }
    samples
}

/// Even bits are inverted on the wire (G.711 table 1a, note 2).
fn a_law(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let (segment, step) = ((code >> 4) & 7, i16::from(code & 15));
    let size = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { size } else { -size }
}

/// All bits are inverted on the wire (G.711 table 2a, note 2); the bias is 33 of 14 bits.
fn mu_law(byte: u8) -> i16 {
    let code = !byte;
    let (segment, step) = ((code >> 4) & 7, i16::from(code & 15));
    let size = (((step << 3) + 0x84) << segment) - 0x84;
    if code & 0x80 != 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio_codec::Decoder;

    #[test]
    fn both_laws_agree_with_the_codec_that_the_media_uses() {
        let bytes: Vec<u8> = (0..=255).collect();
        let a = audio_codec::pcma::PcmaDecoder::new().decode(&bytes);
        let mu = audio_codec::pcmu::PcmuDecoder::new().decode(&bytes);
        assert_eq!(table(Law::A).to_vec(), a);
        assert_eq!(table(Law::Mu).to_vec(), mu);
    }
}
