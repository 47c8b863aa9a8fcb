//! Codecs of telephone sound, and the rates that sound is sampled at.

use crate::law::Law;
use serde::{Deserialize, Serialize};

/// Samples in one 20 ms frame at the highest rate.
pub const SAMPLES_PER_FRAME_MAX: usize = Rate::Full.samples_per_frame();

/// How often sound is sampled.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Rate {
    /// 8 kHz: what a telephone line carries, 300 to 3400 Hz.
    #[default]
    Narrow,
    /// 16 kHz: wide-band telephony, 50 to 7000 Hz.
    Wide,
    /// 48 kHz: all that is heard.
    Full,
}

impl Rate {
    /// Every rate, the lowest first.
    pub const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::Full];

    /// Samples a second.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Narrow => 8000,
            Self::Wide => 16_000,
            Self::Full => 48_000,
        }
    }

    /// Samples for each one at 8 kHz.
    pub const fn times(self) -> usize {
        match self {
            Self::Narrow => 1,
            Self::Wide => 2,
            Self::Full => 6,
        }
    }

    /// Samples in one 20 ms frame.
    pub const fn samples_per_frame(self) -> usize {
        crate::SAMPLES_PER_FRAME * self.times()
    }
}

/// How sound is coded between two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 A-law: China and Europe.
    Pcma,
    /// G.711 mu-law: North America and Japan.
    Pcmu,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus (RFC 6716).
    Opus,
}

impl Codec {
    /// Every codec there is.
    pub const ALL: [Self; 4] = [Self::Pcma, Self::Pcmu, Self::G722, Self::Opus];

    /// The encoding name (RFC 3551 section 6, RFC 7587 section 6.1).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The codec of an encoding name, in whatever case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Units a second of the RTP time stamp. That of G.722 is 8000 by an old mistake that is kept
    /// (RFC 3551 section 4.5.2); that of Opus is 48000 whatever its rate (RFC 7587 section 4.1).
    pub const fn rtp_clock_hz(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu | Self::G722 => 8000,
            Self::Opus => 48_000,
        }
    }

    /// The rate of its samples.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcma | Self::Pcmu => Rate::Narrow,
            Self::G722 => Rate::Wide,
            Self::Opus => Rate::Full,
        }
    }

    /// Its payload type where that is the same for all (RFC 3551 table 4).
    pub const fn payload_type(self) -> Option<u8> {
        match self {
            Self::Pcma => Some(8),
            Self::Pcmu => Some(0),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// The law of G.711 it is, if it is one.
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcma => Some(Law::A),
            Self::Pcmu => Some(Law::Mu),
            Self::G722 | Self::Opus => None,
        }
    }

    /// Tells whether 20 ms of it are 160 bytes, whatever is said.
    pub const fn is_even(self) -> bool {
        !matches!(self, Self::Opus)
    }

    /// The byte that is silence when it is repeated, where there is one.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Pcma => Law::A.silence(),
            Self::Pcmu => Law::Mu.silence(),
            // The smallest step of both bands: it fades to nothing (G.722 table 7, 3.6).
            Self::G722 => 0xFD,
            Self::Opus => 0,
        }
    }
}

impl From<Law> for Codec {
    fn from(law: Law) -> Self {
        match law {
            Law::A => Self::Pcma,
            Law::Mu => Self::Pcmu,
        }
    }
}

/// Codecs in the order they are asked for: at least one, and none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codecs(Vec<Codec>);

impl Codecs {
    /// Keeps the first of each; nothing if there is none.
    pub fn new(order: impl IntoIterator<Item = Codec>) -> Option<Self> {
        let mut codecs = Vec::new();
        for codec in order {
            if !codecs.contains(&codec) {
                codecs.push(codec);
            }
        }
        (!codecs.is_empty()).then_some(Self(codecs))
    }

    /// The codecs, the one asked for first at the front.
    pub fn as_slice(&self) -> &[Codec] {
        &self.0
    }

    /// The same codecs with one of them at the front, if it is among them.
    #[must_use]
    pub fn with_first(mut self, first: Option<Codec>) -> Self {
        if let Some(at) = first.and_then(|first| self.0.iter().position(|codec| *codec == first)) {
            self.0[..=at].rotate_right(1);
        }
        self
    }
}

impl Default for Codecs {
    /// Both laws of G.711, that of China and Europe first.
    fn default() -> Self {
        Self(vec![Codec::Pcma, Codec::Pcmu])
    }
}

/// How Opus is to be sent to a peer (RFC 7587 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusTerms {
    /// `maxaveragebitrate`: bits a second, 6000 to 510000.
    pub bitrate_bps: u32,
    /// `useinbandfec`: it makes use of what a packet says of the one before it.
    pub fec: bool,
    /// `maxplaybackrate`: it plays nothing above half of it.
    pub rate: Rate,
}

impl Default for OpusTerms {
    /// Speech at full band, without words of the peer's.
    fn default() -> Self {
        Self { bitrate_bps: 32_000, fec: false, rate: Rate::Full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3551_4_5_2_the_clock_of_g722_is_8000_though_its_rate_is_16000() {
        assert_eq!((Codec::G722.rtp_clock_hz(), Codec::G722.rate().hz()), (8000, 16_000));
        assert_eq!((Codec::Opus.rtp_clock_hz(), Codec::Opus.payload_type()), (48_000, None));
    }

    #[test]
    fn a_frame_is_20_ms_at_every_rate() {
        for rate in Rate::ALL {
            assert_eq!(rate.samples_per_frame() as u32 * 50, rate.hz());
        }
        assert_eq!(SAMPLES_PER_FRAME_MAX, 960);
    }

    #[test]
    fn the_other_partys_codec_comes_first_and_the_others_keep_their_order() {
        let order = Codecs::new([Codec::G722, Codec::Pcma, Codec::Pcmu, Codec::G722]).unwrap();
        let with = |first| order.clone().with_first(first).as_slice().to_vec();
        assert_eq!(with(Some(Codec::Pcmu)), [Codec::Pcmu, Codec::G722, Codec::Pcma]);
        assert_eq!(with(Some(Codec::Opus)), order.as_slice());
        assert_eq!(with(None), order.as_slice());
        assert_eq!(Codecs::new([]), None);
    }

    #[test]
    fn a_codec_is_found_by_its_name() {
        assert_eq!(Codec::named("Opus"), Some(Codec::Opus));
        assert_eq!(Codec::named("g722"), Some(Codec::G722));
        assert_eq!(Codec::named("G729"), None);
    }
}
