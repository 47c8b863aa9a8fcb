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

/// The peak of a sine of a level.
pub(crate) fn peak(dbm0: f32) -> f32 {
    PEAK_OF_0_DBM0 * 10f32.powf(dbm0 / 20.0)
}

/// The bytes of a block, as the port's law writes them.
pub(crate) fn encode(law: Law, sound: &Sound, block: &mut [u8; 160]) {
    for (byte, &sample) in block.iter_mut().zip(sound) {
        // A cast of a float saturates: what is too loud is clipped.
        *byte = law.byte(sample.round() as i16);
    }
}

/// Decodes a block and takes its constant part away, which codecs of old cards add.
pub(crate) fn decode(law: Law, block: &[u8; 160], sound: &mut Sound) {
    for (sample, &byte) in sound.iter_mut().zip(block) {
        *sample = f32::from(law.sample(byte));
    }
    let mean = sound.iter().sum::<f32>() / sound.len() as f32;
    sound.iter_mut().for_each(|sample| *sample -= mean);
}
