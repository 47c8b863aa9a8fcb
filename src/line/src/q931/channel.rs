//! Which B channel is meant (Q.931 4.5.13).

/// Time slots of an E1 that carry calls: 1 to 31 without 16, which is the D channel.
pub const CHANNELS: std::ops::RangeInclusive<u8> = 1..=31;
/// The D channel's slot.
pub const D_CHANNEL: u8 = 16;

/// What an element names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    None,
    Any,
    /// Its time slot.
    Slot(u8),
}

/// A channel, and whether another would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelId {
    pub exclusive: bool,
    pub which: Which,
}

impl ChannelId {
    /// This one and no other.
    pub fn exclusive(slot: u8) -> Self {
        Self { exclusive: true, which: Which::Slot(slot) }
    }

    /// This one, or another.
    pub fn preferred(slot: u8) -> Self {
        Self { exclusive: false, which: Which::Slot(slot) }
    }

    /// Reads the element's contents: of a primary rate interface, by number or by map.
    pub(super) fn read(contents: &[u8]) -> Option<Self> {
        let [head, rest @ ..] = contents else { return None };
        let (named, primary, d_channel) = (head & 0x40 != 0, head & 0x20 != 0, head & 0x04 != 0);
        if !primary || d_channel {
            return None;
        }
        // An interface that is named (octets 3.1) is ours: there is one.
        let rest = match named {
            true => rest.get(rest.iter().position(|octet| octet & 0x80 != 0)? + 1..)?,
            false => rest,
        };
        let which = match head & 3 {
            0 => Which::None,
            3 => Which::Any,
            1 => Which::Slot(slot_of(rest)?),
            _ => return None,
        };
        Some(Self { exclusive: head & 0x08 != 0, which })
    }

    pub(super) fn write(self) -> Vec<u8> {
        let exclusive = u8::from(self.exclusive) << 3;
        match self.which {
            Which::None => vec![0xA0 | exclusive],
            Which::Any => vec![0xA3 | exclusive],
            // CCITT coding, by number, B channels.
            Which::Slot(slot) => vec![0xA1 | exclusive, 0x83, 0x80 | slot],
        }
    }
}

fn slot_of(rest: &[u8]) -> Option<u8> {
    let [coding, place @ ..] = rest else { return None };
    // Coding of another standard, or channels of another kind.
    if coding & 0x60 != 0 || coding & 0x0F != 3 {
        return None;
    }
    let slot = match (coding & 0x10 != 0, place) {
        (false, [number, ..]) => number & 0x7F,
        // A map: the highest bit of the first octet is slot 31.
        (true, [a, b, c, d, ..]) => {
            let map = u32::from_be_bytes([*a, *b, *c, *d]);
            if map.count_ones() != 1 {
                return None;
            }
            map.trailing_zeros() as u8
        }
        _ => return None,
    };
    (CHANNELS.contains(&slot) && slot != D_CHANNEL).then_some(slot)
}
