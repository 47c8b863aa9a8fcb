//! Offer and answer: what two descriptions make of the one audio stream of a call (RFC 3264), and
//! of its keys (RFC 4568 section 5).
//!
//! ```text
//! their offer --negotiate--> our answer + MediaPlan      (INVITE, re-INVITE, UPDATE)
//! make_offer --> our offer ... their answer --accept_answer--> MediaPlan
//! ```

use crate::codecs;
use crate::sdes::Crypto;
use crate::sdp::{Attribute, Direction, Media, Session};
use crate::terms::{CLEAR, ENCRYPTED};
use model::srtp::SrtpPlan;
use model::{Codec, OpusTerms};
use std::net::{IpAddr, SocketAddr};

pub use crate::terms::{Protection, Terms};

/// What the media of a leg is to do after an offer and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where our RTP goes. Its address is unspecified where the peer holds the old way
    /// (`c=0.0.0.0`); `send` is false then.
    pub remote: SocketAddr,
    pub codec: Codec,
    /// The RTP payload type of `codec`: its own, or a dynamic one.
    pub payload_type: u8,
    /// The payload type of telephone-event (RFC 4733), if both sides have it.
    pub dtmf_payload_type: Option<u8>,
    /// The clock its durations count by; that of the codec, or 8000.
    pub dtmf_clock_hz: u32,
    /// How long the packets shall be that we send, in milliseconds: 10, 20, 30 or 60.
    pub ptime_ms: u8,
    /// Both sides understand comfort noise under number 13 (RFC 3389).
    pub comfort_noise: bool,
    /// Both sides put reports on the ports of the sound (RFC 5761).
    pub rtcp_mux: bool,
    /// What the peer wants of Opus, where that is the codec.
    pub opus: OpusTerms,
    /// We send to the peer.
    pub send: bool,
    /// The peer sends to us.
    pub receive: bool,
    /// The keys of both directions; none where the sound is in clear.
    pub srtp: Option<SrtpPlan>,
}

/// The attribute of reports on the ports of the sound (RFC 5761 section 5.1.1).
const RTCP_MUX: &str = "rtcp-mux";

/// Why two descriptions make no call. All of them are answered 488 (RFC 3261 section 13.3.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no audio over plain RTP is offered")]
    NoAudio,
    #[error("no codec of ours is offered")]
    NoCodec,
    #[error("the audio has no address that we can send to")]
    Address,
    #[error("the audio's address is of another family than ours")]
    Family,
    #[error("the answer has not the offer's media")]
    Media,
    #[error("the encrypted audio has no key that we can use")]
    NoKey,
    #[error("encryption is required, and the audio is in clear")]
    Clear,
    #[error("encryption is required, and the signalling is not over TLS")]
    Unprotected,
}

impl Refused {
    /// Tells whether the call was refused for want of encryption.
    pub fn is_for_clear(self) -> bool {
        matches!(self, Self::Clear | Self::Unprotected)
    }

    /// Tells whether the sound would have to go between IPv4 and IPv6.
    pub fn is_for_family(self) -> bool {
        self == Self::Family
    }

    /// The code and text of the Warning that says why (RFC 3261 20.43), where it has one that fits.
    pub fn warning(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::NoAudio => (304, "Media type not available"),
            Self::NoCodec => (305, "Incompatible media format"),
            Self::Address | Self::Family => (301, "Incompatible network address formats"),
            Self::NoKey => (306, "Media attribute not understood"),
            Self::Media | Self::Clear | Self::Unprotected => return None,
        })
    }
}

/// What of an offer is taken.
struct Chosen {
    place: usize,
    codec: Codec,
    payload_type: u8,
    flow: Flow,
    /// Their key.
    key: Option<Crypto>,
}

/// Tells whether an offer could be answered under our terms.
pub fn check(offer: &Session, terms: &Terms) -> Result<(), Refused> {
    choose(offer, terms).map(|_| ())
}

/// Answers an offer: its first usable audio is taken with one codec and telephone-event, the
/// encrypted one before the one in clear, every other medium is refused with port 0 (RFC 3264
/// section 6).
pub fn negotiate(offer: &Session, terms: &mut Terms) -> Result<(Session, MediaPlan), Refused> {
    let chosen = choose(offer, terms)?;
    let (place, codec, flow) = (chosen.place, chosen.codec, chosen.flow);
    let theirs = &offer.media[place];
    let events = codecs::events(theirs, codec);
    let comfort_noise = codecs::has_comfort_noise(theirs);
    // The answer has the offer's tag and suite, and a key of our own (RFC 4568 section 5.1.2).
    let srtp = match chosen.key {
        Some(Crypto { tag, keys }) => {
            let ours = terms.keys.iter().find(|own| own.keys.suite() == keys.suite());
            let ours = Crypto { tag, keys: ours.ok_or(Refused::NoKey)?.keys.clone() };
            Some((ours.attribute(), SrtpPlan { send: ours.keys, receive: keys }))
        }
        None => None,
    };
    let (line, srtp) = srtp.unzip();
    let direction = Direction::of(flow.send, flow.receive);
    let mut answered =
        terms.audio(&[(codec, chosen.payload_type)], events.as_slice(), comfort_noise, direction);
    answered.proto.clone_from(&theirs.proto);
    answered.attributes.extend(line);
    // Offered and answered in every description, or it is not agreed on (RFC 5761 section 5.1.1).
    let rtcp_mux = has_mux(theirs);
    answered.attributes.extend(rtcp_mux.then(|| Attribute::flag(RTCP_MUX)));
    let mut media: Vec<_> = offer.media.iter().map(refused).collect();
    media[place] = answered;
    terms.profile = profile(&theirs.proto);
    terms.keyed = srtp.is_some();
    let plan = MediaPlan {
        remote: flow.remote,
        codec,
        payload_type: chosen.payload_type,
        dtmf_payload_type: events.map(|(number, _)| number),
        dtmf_clock_hz: events.map_or(8000, |(_, clock_hz)| clock_hz),
        ptime_ms: codecs::ptime_ms(theirs),
        comfort_noise,
        rtcp_mux,
        opus: codecs::opus_terms(theirs, chosen.payload_type),
        send: flow.send,
        receive: flow.receive,
        srtp,
    };
    Ok((terms.describe(media), plan))
}

/// Makes our offer: every codec in our order, telephone-event by their clocks, and a key for each suite
/// where the sound may be encrypted.
pub fn make_offer(terms: &mut Terms) -> Session {
    let order = terms.codecs.as_slice();
    let formats: Vec<_> = order.iter().map(|&codec| (codec, codecs::number_of(codec))).collect();
    let mut events = Vec::new();
    if order.iter().any(|codec| codec.rtp_clock_hz() == 8000) {
        events.push((codecs::DTMF_PAYLOAD_TYPE, 8000));
    }
    if order.contains(&Codec::Opus) {
        events.push((codecs::FULL_DTMF_PAYLOAD_TYPE, Codec::Opus.rtp_clock_hz()));
    }
    let mut audio = terms.audio(&formats, &events, false, terms.direction);
    if terms.keyed {
        audio.attributes.extend(terms.keys.iter().map(Crypto::attribute));
    }
    audio.attributes.push(Attribute::flag(RTCP_MUX));
    // A later offer has the same media in the same places (RFC 3264 section 8).
    let before = terms.last.as_ref().map_or(&[][..], |last| &last.media);
    let place = before.iter().position(|media| media.port != 0).unwrap_or(0);
    let mut media: Vec<_> = before.iter().map(refused).collect();
    match media.get_mut(place) {
        Some(old) => *old = audio,
        None => media.push(audio),
    }
    terms.describe(media)
}

/// Takes the answer to the offer we made last (RFC 3264 section 7). Of several codecs the first
/// counts: both sides may use any of them, and the first is what the peer likes best.
pub fn accept_answer(answer: &Session, terms: &Terms) -> Result<MediaPlan, Refused> {
    let offered = terms.last.as_ref().map_or(1, |offer| offer.media.len());
    if answer.media.len() != offered {
        return Err(Refused::Media);
    }
    let of_sound = |media: &&Media| is_audio(media) && media.port != 0;
    let media = answer.media.iter().find(of_sound).ok_or(Refused::NoAudio)?;
    if is_encrypted(media) != (terms.profile == ENCRYPTED) {
        return Err(Refused::Media);
    }
    let ours = |codec: &Codec| terms.codecs.as_slice().contains(codec);
    let codec = |number| codecs::codec_of(media, number).filter(ours);
    let first = media.payload_types().find_map(|number| Some((codec(number)?, number)));
    let (codec, payload_type) = first.ok_or(Refused::NoCodec)?;
    let events = codecs::events(media, codec);
    let flow = flow(answer, media, terms)?;
    let srtp = if terms.keyed { agreed_keys(media, terms)? } else { None };
    Ok(MediaPlan {
        remote: flow.remote,
        codec,
        payload_type,
        dtmf_payload_type: events.map(|(number, _)| number),
        dtmf_clock_hz: events.map_or(8000, |(_, clock_hz)| clock_hz),
        ptime_ms: codecs::ptime_ms(media),
        comfort_noise: codecs::has_comfort_noise(media),
        rtcp_mux: has_mux(media),
        opus: codecs::opus_terms(media, payload_type),
        send: flow.send,
        receive: flow.receive,
        srtp,
    })
}

/// The keys that an answer to our keys agrees on: it names one of our tags, with that one's suite
/// (RFC 4568 section 5.1.3).
fn agreed_keys(media: &Media, terms: &Terms) -> Result<Option<SrtpPlan>, Refused> {
    let Some(theirs) = keys_of(media).next() else {
        // A profile in clear may go without (a peer of best effort).
        return match terms.protection {
            _ if is_encrypted(media) => Err(Refused::NoKey),
            Protection::Only => Err(Refused::Clear),
            _ => Ok(None),
        };
    };
    let same = |own: &&Crypto| own.tag == theirs.tag && own.keys.suite() == theirs.keys.suite();
    let ours = terms.keys.iter().find(same).ok_or(Refused::NoKey)?;
    Ok(Some(SrtpPlan { send: ours.keys.clone(), receive: theirs.keys }))
}

/// Tells whether an offer puts us on hold: its audio is `sendonly`, `inactive`, addressed to
/// nowhere (RFC 2543's way) or taken away. A refused medium stays in each later offer with port 0
/// (RFC 3264 section 8.2) and says nothing of the one in use.
pub fn holds(offer: &Session) -> bool {
    match offer.media.iter().find(|media| media.kind == "audio" && media.port != 0) {
        Some(media) => {
            let nowhere = offer.address(media).is_some_and(|ip| ip.is_unspecified());
            nowhere || !offer.direction(media).receives()
        }
        None => true,
    }
}

/// Chooses the medium to take: an encrypted one where our terms allow it, or one in clear.
fn choose(offer: &Session, terms: &Terms) -> Result<Chosen, Refused> {
    let sounds = || offer.media.iter().enumerate().filter(|(_, m)| is_audio(m) && m.port != 0);
    let with_codec = |(place, media): (usize, &Media), key: Option<Crypto>| {
        codecs::first_of(media, terms.codecs.as_slice()).map(|(codec, payload_type)| {
            let flow = flow(offer, media, terms)?;
            Ok(Chosen { place, codec, payload_type, flow, key })
        })
    };
    let (keys, clear) = (terms.protection.has_keys(), terms.protection != Protection::Only);
    if terms.protection == Protection::Impossible {
        return Err(Refused::Unprotected);
    }
    if keys {
        let mut keyed = sounds().filter_map(|(place, m)| Some(((place, m), keys_of(m).next()?)));
        if let Some(chosen) = keyed.find_map(|(sound, key)| with_codec(sound, Some(key))) {
            return chosen;
        }
    }
    let mut plain = sounds().filter(|(_, media)| !is_encrypted(media)).peekable();
    match (plain.peek().is_some(), clear) {
        (true, true) => plain.find_map(|s| with_codec(s, None)).ok_or(Refused::NoCodec)?,
        (true, false) => Err(Refused::Clear),
        (false, _) if keys && sounds().any(|(_, m)| keys_of(m).next().is_none()) => {
            Err(Refused::NoKey)
        }
        (false, _) if keys && sounds().next().is_some() => Err(Refused::NoCodec),
        (false, _) => Err(Refused::NoAudio),
    }
}

struct Flow {
    remote: SocketAddr,
    send: bool,
    receive: bool,
}

/// Where and which way the audio of their description flows, under our terms (RFC 3264 section
/// 6.1: what they only send we only receive).
fn flow(theirs: &Session, media: &Media, terms: &Terms) -> Result<Flow, Refused> {
    let ip = theirs.address(media).ok_or(Refused::Address)?;
    let wrong = match ip {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_multicast(),
    };
    if wrong {
        return Err(Refused::Address);
    }
    if ip.is_ipv4() != terms.rtp.is_ipv4() {
        return Err(Refused::Family);
    }
    let direction = theirs.direction(media);
    Ok(Flow {
        remote: SocketAddr::new(ip, media.port),
        send: direction.receives() && terms.direction.sends() && !ip.is_unspecified(),
        receive: direction.sends() && terms.direction.receives(),
    })
}

/// Tells whether it is sound in a profile that we have.
fn is_audio(media: &Media) -> bool {
    let profiles = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"];
    media.kind == "audio" && profiles.contains(&media.proto.as_str())
}

/// Tells whether its profile is one of encrypted sound.
fn is_encrypted(media: &Media) -> bool {
    profile(&media.proto) == ENCRYPTED
}

/// Tells whether reports come on the port of its sound.
fn has_mux(media: &Media) -> bool {
    media.attributes.iter().any(|line| line.name == RTCP_MUX)
}

fn profile(proto: &str) -> &'static str {
    if proto.starts_with(ENCRYPTED) { ENCRYPTED } else { CLEAR }
}

/// The keys of a medium that we can use, in its order: the first is what the peer likes best. Some
/// phones put them into a profile in clear too, and mean that encryption is welcome.
fn keys_of(media: &Media) -> impl Iterator<Item = Crypto> {
    let lines = media.attributes.iter().filter(|a| a.name == "crypto");
    lines.filter_map(|line| Crypto::parse(line.value.as_deref()?).ok())
}

/// A medium as it is refused: the same line with port 0 (RFC 3264 section 6).
fn refused(media: &Media) -> Media {
    Media {
        kind: media.kind.clone(),
        port: 0,
        proto: media.proto.clone(),
        formats: media.formats.clone(),
        connection: None,
        attributes: Vec::new(),
    }
}
