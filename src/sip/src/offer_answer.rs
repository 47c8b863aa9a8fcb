//! Offer and answer: what two descriptions make of the one audio stream of a call (RFC 3264).
//!
//! ```text
//! their offer --negotiate--> our answer + MediaPlan      (INVITE, re-INVITE)
//! make_offer --> our offer ... their answer --accept_answer--> MediaPlan
//! ```

use crate::sdp::{Attribute, Direction, Media, Session, connection};
use model::Law;
use std::net::{IpAddr, SocketAddr};

/// The payload type we offer for telephone-event.
pub const DTMF_PAYLOAD_TYPE: u8 = 101;

/// What the media of a leg is to do after an offer and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where our RTP goes. Its address is unspecified where the peer holds the old way
    /// (`c=0.0.0.0`); `send` is false then.
    pub remote: SocketAddr,
    pub law: Law,
    /// The RTP payload type of `law`: 8 or 0, or a dynamic one.
    pub payload_type: u8,
    /// The payload type of telephone-event (RFC 4733), if both sides have it.
    pub dtmf_payload_type: Option<u8>,
    /// We send to the peer.
    pub send: bool,
    /// The peer sends to us.
    pub receive: bool,
}

/// Why two descriptions make no call. All of them are answered 488 (RFC 3261 section 13.3.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no audio over plain RTP is offered")]
    NoAudio,
    #[error("neither PCMA nor PCMU is offered")]
    NoLaw,
    #[error("the audio has no address that we can send to")]
    Address,
    #[error("the audio's address is of another family than ours")]
    Family,
    #[error("the answer has not the offer's media")]
    Media,
}

/// Our side of a leg's descriptions, kept for as long as its dialog.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Where we receive.
    pub rtp: SocketAddr,
    /// The law we ask for first and choose where both are offered.
    pub prefer: Law,
    /// What we want: both ways, or `SendOnly` and `Inactive` to hold the peer.
    pub direction: Direction,
    id: u64,
    version: u64,
    last: Option<Session>,
}

impl Terms {
    /// Makes the terms of a new session; `id` is any number (RFC 8866 section 5.2).
    pub fn new(id: u64, rtp: SocketAddr, prefer: Law) -> Self {
        let direction = Direction::SendReceive;
        // Some peers read both numbers into 32 signed bits.
        let id = id & 0x7FFF_FFFF;
        Self { rtp, prefer, direction, id, version: id, last: None }
    }

    /// The description we sent last.
    pub fn last(&self) -> Option<&Session> {
        self.last.as_ref()
    }

    /// Makes the description of `media`. Its version is one more than the last one's if anything
    /// else of it changed (RFC 3264 section 8).
    fn describe(&mut self, media: Vec<Media>) -> Session {
        let ip = connection(self.rtp.ip());
        let origin = |version: u64| format!("- {} {version} {ip}", self.id);
        let mut session = Session {
            origin: origin(self.version),
            connection: Some(ip.clone()),
            attributes: Vec::new(),
            media,
        };
        if self.last.as_ref().is_some_and(|last| *last != session) {
            session.origin = origin(self.version + 1);
            self.version += 1;
        }
        self.last = Some(session.clone());
        session
    }

    fn audio(&self, formats: Vec<(u8, &str)>, dtmf: Option<u8>, direction: Direction) -> Media {
        let mut numbers: Vec<_> = formats.iter().map(|(number, _)| number.to_string()).collect();
        let mut attributes: Vec<_> = formats
            .iter()
            .map(|(number, name)| Attribute::new("rtpmap", format!("{number} {name}/8000")))
            .collect();
        if let Some(dtmf) = dtmf {
            numbers.push(dtmf.to_string());
            attributes.push(Attribute::new("rtpmap", format!("{dtmf} telephone-event/8000")));
            // The sixteen keys (RFC 4733 section 2.4.1).
            attributes.push(Attribute::new("fmtp", format!("{dtmf} 0-15")));
        }
        attributes.push(Attribute::new("ptime", "20"));
        attributes.push(Attribute::flag(direction.name()));
        Media {
            kind: "audio".into(),
            port: self.rtp.port(),
            proto: "RTP/AVP".into(),
            formats: numbers,
            connection: None,
            attributes,
        }
    }
}

/// Answers an offer: its first usable audio is taken with one law and telephone-event, every other
/// medium is refused with port 0 (RFC 3264 section 6).
pub fn negotiate(offer: &Session, terms: &mut Terms) -> Result<(Session, MediaPlan), Refused> {
    if !offer.media.iter().any(is_audio) {
        return Err(Refused::NoAudio);
    }
    let usable = |media: &Media| is_audio(media) && law(media, terms.prefer).is_some();
    let chosen = offer.media.iter().position(usable).ok_or(Refused::NoLaw)?;
    let media = &offer.media[chosen];
    let (law, payload_type) = law(media, terms.prefer).ok_or(Refused::NoLaw)?;
    let dtmf = dtmf(media);
    let flow = flow(offer, media, terms)?;
    let direction = Direction::of(flow.send, flow.receive);
    let mut answered = terms.audio(vec![(payload_type, law_name(law))], dtmf, direction);
    answered.proto.clone_from(&media.proto);
    let mut media: Vec<_> = offer.media.iter().map(refused).collect();
    media[chosen] = answered;
    let plan = MediaPlan {
        remote: flow.remote,
        law,
        payload_type,
        dtmf_payload_type: dtmf,
        send: flow.send,
        receive: flow.receive,
    };
    Ok((terms.describe(media), plan))
}

/// Makes our offer: both laws, the preferred one first, and telephone-event.
pub fn make_offer(terms: &mut Terms) -> Session {
    let (a, mu) = ((8, law_name(Law::A)), (0, law_name(Law::Mu)));
    let formats = match terms.prefer {
        Law::A => vec![a, mu],
        Law::Mu => vec![mu, a],
    };
    let audio = terms.audio(formats, Some(DTMF_PAYLOAD_TYPE), terms.direction);
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

/// Takes the answer to the offer we made last (RFC 3264 section 7). Of several laws the first
/// counts: both sides may use any of them, and the first is what the peer likes best.
pub fn accept_answer(answer: &Session, terms: &Terms) -> Result<MediaPlan, Refused> {
    let offered = terms.last.as_ref().map_or(1, |offer| offer.media.len());
    if answer.media.len() != offered {
        return Err(Refused::Media);
    }
    let media = answer.media.iter().find(|media| is_audio(media)).ok_or(Refused::NoAudio)?;
    let first = media.payload_types().find_map(|number| Some((law_of(media, number)?, number)));
    let (law, payload_type) = first.ok_or(Refused::NoLaw)?;
    let flow = flow(answer, media, terms)?;
    Ok(MediaPlan {
        remote: flow.remote,
        law,
        payload_type,
        dtmf_payload_type: dtmf(media),
        send: flow.send,
        receive: flow.receive,
    })
}

/// Tells whether an offer puts us on hold: its audio is `sendonly`, `inactive`, addressed to
/// nowhere (RFC 2543's way) or taken away.
pub fn holds(offer: &Session) -> bool {
    match offer.media.iter().find(|media| media.kind == "audio") {
        Some(media) => {
            let nowhere = offer.address(media).is_some_and(|ip| ip.is_unspecified());
            media.port == 0 || nowhere || !offer.direction(media).receives()
        }
        None => true,
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

fn is_audio(media: &Media) -> bool {
    media.kind == "audio"
        && media.port != 0
        && matches!(media.proto.as_str(), "RTP/AVP" | "RTP/AVPF")
}

/// The law a payload type stands for.
fn law_of(media: &Media, payload_type: u8) -> Option<Law> {
    match media.encoding(payload_type)? {
        (name, 8000) if name == "PCMA" => Some(Law::A),
        (name, 8000) if name == "PCMU" => Some(Law::Mu),
        _ => None,
    }
}

/// The preferred law if it is there, or the first there is, with its payload type.
fn law(media: &Media, prefer: Law) -> Option<(Law, u8)> {
    let laws = || media.payload_types().filter_map(|n| Some((law_of(media, n)?, n)));
    laws().find(|(law, _)| *law == prefer).or_else(|| laws().next())
}

fn dtmf(media: &Media) -> Option<u8> {
    let is_event =
        |n: &u8| media.encoding(*n).is_some_and(|e| e == ("TELEPHONE-EVENT".into(), 8000));
    media.payload_types().find(is_event)
}

fn law_name(law: Law) -> &'static str {
    match law {
        Law::A => "PCMA",
        Law::Mu => "PCMU",
    }
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
