//! Gains as the driver applies them: a table of 256 bytes each way.

use super::abi;
use model::Law;

/// Gains in tenths of a decibel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gain {
    pub receive_tenths_db: i16,
    pub transmit_tenths_db: i16,
}

impl Gain {
    pub(super) fn tables(self, law: Law) -> abi::Gains {
        abi::Gains {
            channel: 0,
            receive: table(law, self.receive_tenths_db),
            transmit: table(law, self.transmit_tenths_db),
        }
    }
}

/// The byte that each byte becomes. Sound too loud for the law is clipped.
fn table(law: Law, tenths_db: i16) -> [u8; 256] {
    if tenths_db == 0 {
        return std::array::from_fn(|byte| byte as u8);
    }
    let factor = 10f32.powf(f32::from(tenths_db) / 200.0);
    std::array::from_fn(|byte| {
        let louder = f32::from(law.sample(byte as u8)) * factor;
        // `as` saturates: what is too loud is the loudest there is.
        law.byte(louder.round() as i16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_gain_leaves_every_byte_as_it_is() {
        for law in [Law::A, Law::Mu] {
            let tables = Gain::default().tables(law);
            assert!((0..=255u8).all(|byte| tables.receive[usize::from(byte)] == byte));
            assert_eq!(tables.receive, tables.transmit);
        }
    }

    #[test]
    fn six_decibels_double_a_sample_and_the_loudest_stays_the_loudest() {
        let gain = Gain { receive_tenths_db: 60, transmit_tenths_db: -60 };
        let tables = gain.tables(Law::A);
        for sample in [-9000i16, -1200, -200, 200, 1200, 9000] {
            let byte = usize::from(Law::A.byte(sample));
            let said = f32::from(Law::A.sample(byte as u8));
            let louder = f32::from(Law::A.sample(tables.receive[byte]));
            let softer = f32::from(Law::A.sample(tables.transmit[byte]));
            assert!((louder / said - 2.0).abs() < 0.1, "{sample}: {said} became {louder}");
            assert!((softer / said - 0.5).abs() < 0.05, "{sample}: {said} became {softer}");
        }
        let loudest = Law::A.byte(i16::MAX);
        assert_eq!(tables.receive[usize::from(loudest)], loudest);
        assert_eq!(tables.receive[usize::from(Law::A.byte(i16::MIN))], Law::A.byte(i16::MIN));
    }
}
