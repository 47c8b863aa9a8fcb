//! Codecs in descriptions: their numbers, their parameters, the length of their packets.

use crate::sdp::{Attribute, Media};
use model::{Codec, OpusTerms, Rate};

/// The payload type we offer Opus under.
pub const OPUS_PAYLOAD_TYPE: u8 = 111;
/// The payload types we offer telephone-event under: by the clock of 8 kHz, and by that of Opus.
pub const DTMF_PAYLOAD_TYPE: u8 = 101;
pub const FULL_DTMF_PAYLOAD_TYPE: u8 = 110;
/// The payload type of comfort noise (RFC 3389 section 3).
pub const COMFORT_NOISE: u8 = 13;
/// Packets that are sent, in milliseconds; a peer's wish is met by the longest that is no longer.
pub const PTIMES_MS: [u8; 4] = [10, 20, 30, 60];
/// The length that we ask for, and what is sent to who asks for none (RFC 3551 section 4.2).
pub const PTIME_MS: u8 = 20;
/// The longest packet that is taken with pleasure.
const MAXPTIME_MS: u8 = 60;
/// Bits a second that we ask for: full-band speech (RFC 7587 section 3.1.1).
const OPUS_BPS: u32 = 32_000;
/// Bits a second that a peer may ask for (RFC 7587 section 6.1); speech is not sent with more
/// than the second.
const OPUS_BPS_RANGE: (u32, u32) = (6000, 64_000);

/// The payload type that we offer a codec under.
pub fn number_of(codec: Codec) -> u8 {
    codec.payload_type().unwrap_or(OPUS_PAYLOAD_TYPE)
}

/// The codec a payload type stands for, if we have it. Opus has two channels in its name, whatever
/// is sent (RFC 7587 section 7).
pub fn codec_of(media: &Media, number: u8) -> Option<Codec> {
    let (name, clock_hz) = media.encoding(number)?;
    Codec::named(&name).filter(|codec| codec.rtp_clock_hz() == clock_hz)
}

/// The first codec of an order that a medium has, with its payload type.
pub fn first_of(media: &Media, order: &[Codec]) -> Option<(Codec, u8)> {
    let number = |codec: Codec| media.payload_types().find(|n| codec_of(media, *n) == Some(codec));
    order.iter().find_map(|&codec| Some((codec, number(codec)?)))
}

/// The payload type and clock of telephone-event: that of the codec's clock, as it shares its time
/// stamps (RFC 4733 section 2.1), or that of 8 kHz where a phone has no other.
pub fn events(media: &Media, codec: Codec) -> Option<(u8, u32)> {
    let by_clock = |clock_hz: u32| {
        let is =
            |n: &u8| media.encoding(*n).is_some_and(|e| e == ("TELEPHONE-EVENT".into(), clock_hz));
        media.payload_types().find(is).map(|number| (number, clock_hz))
    };
    by_clock(codec.rtp_clock_hz()).or_else(|| by_clock(8000))
}

/// Tells whether comfort noise is understood by who describes the medium (RFC 3389).
pub fn has_comfort_noise(media: &Media) -> bool {
    media.payload_types().any(|number| media.encoding(number).is_some_and(|e| e.0 == "CN"))
}

/// How long the packets are that a peer asks for, in milliseconds (RFC 8866 section 6.4).
pub fn ptime_ms(media: &Media) -> u8 {
    let stated = |name| {
        let value = media.attributes.iter().find(|a| a.name == name)?.value.as_deref()?;
        value.trim().parse::<f32>().ok().filter(|ms| *ms > 0.0)
    };
    let wish = stated("ptime").unwrap_or(f32::from(PTIME_MS));
    let wish = wish.min(stated("maxptime").unwrap_or(f32::INFINITY));
    let fits = |ms: &u8| f32::from(*ms) <= wish;
    PTIMES_MS.into_iter().rev().find(fits).unwrap_or(PTIMES_MS[0])
}

/// What a peer says of the Opus that it is sent (RFC 7587 section 6.1).
pub fn opus_terms(media: &Media, number: u8) -> OpusTerms {
    let mut terms = OpusTerms::default();
    let line = media.attributes.iter().filter(|a| a.name == "fmtp").find_map(|a| {
        let (of, line) = a.value.as_deref()?.split_once(' ')?;
        (of.parse() == Ok(number)).then_some(line)
    });
    for parameter in line.unwrap_or_default().split(';') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let Ok(value) = value.trim().parse::<u32>() else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "maxaveragebitrate" => {
                terms.bitrate_bps = value.clamp(OPUS_BPS_RANGE.0, OPUS_BPS_RANGE.1);
            }
            "useinbandfec" => terms.fec = value == 1,
            "maxplaybackrate" if value <= 8000 => terms.rate = Rate::Narrow,
            "maxplaybackrate" if value <= 16_000 => terms.rate = Rate::Wide,
            _ => {}
        }
    }
    terms
}

/// Describes codecs under their payload types, with events and comfort noise where they have one.
pub fn describe(
    formats: &[(Codec, u8)],
    events: &[(u8, u32)],
    comfort_noise: bool,
) -> (Vec<String>, Vec<Attribute>) {
    let (mut numbers, mut lines) = (Vec::new(), Vec::new());
    for (codec, number) in formats {
        numbers.push(number.to_string());
        let channels = if *codec == Codec::Opus { "/2" } else { "" };
        let (name, clock) = (codec.name(), codec.rtp_clock_hz());
        lines.push(Attribute::new("rtpmap", format!("{number} {name}/{clock}{channels}")));
        if *codec == Codec::Opus {
            // One channel, with what repairs a loss; silence may be left out by who sends to us.
            let fmtp =
                format!("{number} maxaveragebitrate={OPUS_BPS};useinbandfec=1;usedtx=1;stereo=0");
            lines.push(Attribute::new("fmtp", fmtp));
        }
    }
    if comfort_noise {
        numbers.push(COMFORT_NOISE.to_string());
        lines.push(Attribute::new("rtpmap", format!("{COMFORT_NOISE} CN/8000")));
    }
    for (number, clock_hz) in events {
        numbers.push(number.to_string());
        lines.push(Attribute::new("rtpmap", format!("{number} telephone-event/{clock_hz}")));
        // The sixteen keys (RFC 4733 section 2.4.1).
        lines.push(Attribute::new("fmtp", format!("{number} 0-15")));
    }
    lines.push(Attribute::new("ptime", PTIME_MS.to_string()));
    lines.push(Attribute::new("maxptime", MAXPTIME_MS.to_string()));
    (numbers, lines)
}
