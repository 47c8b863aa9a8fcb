//! A device's hardware address, by which its file is named and its credential made.

use std::fmt;

/// A hardware address of 48 bits. It is no secret: every phone of the network shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Reads 12 hex digits, alone or in pairs parted by `:` or `-`, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = [0_u8; 12];
        let mut count = 0;
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let parted = matches!(byte, b':' | b'-') && count % 2 == 0 && count > 0;
            let digit = if parted { rest.next()? } else { byte };
            let value = char::from(digit).to_digit(16)?;
            *digits.get_mut(count)? = u8::try_from(value).ok()?;
            count += 1;
        }
        if count != digits.len() {
            return None;
        }
        let mut mac = [0; 6];
        for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |high, low| (high << 4) | low);
        }
        Some(Self(mac))
    }
}

impl fmt::Display for Mac {
    /// Writes 12 small hex digits: the way every vendor names its files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_an_address_is_one_address() {
        let mac = Mac([0x00, 0x15, 0x65, 0xaa, 0xbb, 0x0c]);
        for text in ["001565aabb0c", "00:15:65:AA:BB:0C", "00-15-65-aa-bb-0c", "001565AABB0C"] {
            assert_eq!(Mac::parse(text), Some(mac), "{text}");
        }
        assert_eq!(mac.to_string(), "001565aabb0c");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "001565aabb0",
            "001565aabb0cd",
            "001565aabb0g",
            ":001565aabb0c",
            "0:01565aabb0c",
            "001565aabb0c:",
            "００1565aabb0c",
            "../etc/passwd",
        ] {
            assert_eq!(Mac::parse(text), None, "{text}");
        }
    }
}
