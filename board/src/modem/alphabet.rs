//! What the characters of a text become: septets of the GSM alphabet, or UCS-2 where one of them has
//! no septet (3GPP TS 23.038 6.2.1, 6.2.3).

/// The default alphabet by septet (6.2.1); 0x1B leads to the extension.
const DEFAULT: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                       ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension (6.2.1.1): two septets each.
const EXTENSION: [(char, u8); 10] = [
    ('\u{c}', 0x0a),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];
const ESCAPE: u8 = 0x1b;

/// Septets of a message without a header, and of a part with the header of a concatenation.
const SEPTETS: (usize, usize) = (160, 153);
/// Units of UCS-2 likewise.
const UNITS: (usize, usize) = (70, 67);

/// A text cut into what one message carries each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parts {
    Septets(Vec<Vec<u8>>),
    Units(Vec<Vec<u16>>),
}

impl Parts {
    /// Cuts a text. A character is never cut in two.
    pub fn of(text: &str) -> Self {
        match text.chars().map(septets).collect::<Option<Vec<_>>>() {
            Some(septets) => Self::Septets(cut(&septets, SEPTETS)),
            None => {
                let mut room = [0; 2];
                let units: Vec<Vec<u16>> =
                    text.chars().map(|c| c.encode_utf16(&mut room).to_vec()).collect();
                Self::Units(cut(&units, UNITS))
            }
        }
    }

    /// How many messages it takes.
    pub fn count(&self) -> usize {
        match self {
            Self::Septets(parts) => parts.len(),
            Self::Units(parts) => parts.len(),
        }
    }
}

/// The septets of a character.
fn septets(c: char) -> Option<Vec<u8>> {
    if let Some((_, code)) = EXTENSION.iter().find(|(known, _)| *known == c) {
        return Some(vec![ESCAPE, *code]);
    }
    let place = DEFAULT.chars().position(|known| known == c)?;
    let septet = u8::try_from(place).ok()?;
    (septet != ESCAPE).then(|| vec![septet])
}

fn cut<T: Copy>(characters: &[Vec<T>], (whole, part): (usize, usize)) -> Vec<Vec<T>> {
    let all: usize = characters.iter().map(Vec::len).sum();
    let most = if all <= whole { whole } else { part };
    let mut parts = vec![Vec::new()];
    for character in characters {
        match parts.last_mut() {
            Some(last) if last.len() + character.len() <= most => last.extend(character),
            _ => parts.push(character.clone()),
        }
    }
    parts
}

/// Packs septets into octets behind so many octets of header: they begin at the next whole septet
/// (3GPP TS 23.040 9.2.3.24, figure 9.2.3.24(a)).
pub fn pack(septets: &[u8], header_octets: usize) -> Vec<u8> {
    let fill = (7 - header_octets * 8 % 7) % 7;
    let mut packed = vec![0_u8; (fill + septets.len() * 7).div_ceil(8)];
    for (no, septet) in septets.iter().enumerate() {
        let at = fill + no * 7;
        let spread = u16::from(septet & 0x7f) << (at % 8);
        let [low, high] = spread.to_le_bytes();
        if let Some(octet) = packed.get_mut(at / 8) {
            *octet |= low;
        }
        if let Some(octet) = packed.get_mut(at / 8 + 1) {
            *octet |= high;
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ts_23_038_6_2_1_the_alphabet_has_128_places_and_known_ones_are_where_they_are() {
        assert_eq!(DEFAULT.chars().count(), 128);
        for (c, septet) in
            [('@', 0), ('_', 0x11), (' ', 0x20), ('A', 0x41), ('z', 0x7a), ('à', 0x7f)]
        {
            assert_eq!(septets(c), Some(vec![septet]), "{c}");
        }
        assert_eq!(septets('€'), Some(vec![0x1b, 0x65]));
        assert_eq!(septets('\u{1b}'), None);
        assert_eq!(septets('线'), None);
    }

    #[test]
    fn ts_23_038_6_1_2_1_1_septets_are_packed_as_the_standard_packs_them() {
        let Parts::Septets(parts) = Parts::of("hellohello") else { panic!("is not Chinese") };
        assert_eq!(pack(&parts[0], 0), [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37]);
        // Behind six octets one bit is left over to the next septet.
        assert_eq!(pack(&[0x7f, 0x01], 6), [0xfe, 0x01]);
    }

    #[test]
    fn a_text_is_cut_where_a_message_is_full_and_never_in_a_character() {
        let count = |text: &str| Parts::of(text).count();
        assert_eq!((count(&"a".repeat(160)), count(&"a".repeat(161))), (1, 2));
        assert_eq!((count(&"线".repeat(70)), count(&"线".repeat(71))), (1, 2));
        let Parts::Septets(parts) = Parts::of(&"€".repeat(100)) else { panic!("has septets") };
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [152, 48]);
        let Parts::Units(parts) = Parts::of(&"😀".repeat(40)) else { panic!("has none") };
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [66, 14]);
        assert_eq!(count(""), 1);
    }
}
