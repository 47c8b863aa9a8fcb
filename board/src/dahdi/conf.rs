//! The driver's configuration, made of what the site says of its lines: the text that `dahdi_cfg` reads.
//!
//! ```text
//!   spans and ports of the site --each channel asked: of which span, and what is it now?--> parts,
//!     one a span: its text, and whether the driver has it so
//! ```
//!
//! What is not there, or is other hardware than the site says, is left out and told: `dahdi_cfg` does
//! nothing of a text with one wrong line.

use super::driver::Driver;
use super::info::{ChannelInfo, Signalling, SpanInfo};
use super::survey::{Difference, Faces};
use model::port::PortKind;
use std::collections::BTreeMap;

/// Channels of an E1, and the place of its D channel among them.
const CHANNELS: u16 = 31;
const DATA_PLACE: u16 = 16;
/// The zone whose tones the driver dials with. All countries' are the same; its bell rings for 2 s, the
/// longest there is, so that it cuts none that the box rings.
const ZONE: &str = "us";
/// The canceller that the driver has of its own. A card's takes its place where there is one.
const CANCELLER: &str = "mg2";

/// A primary rate line of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanWanted {
    pub first_channel: u16,
    /// Its frames are checked (ITU-T G.704 2.3.3).
    pub crc4: bool,
    /// Whose clock the card takes first: this line's where it is 1. 0 for never.
    pub clock: u8,
    /// How the line is built out: 0 for the shortest.
    pub build_out: u8,
    pub cancels_echo: bool,
}

/// An analogue port of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortWanted {
    pub channel: u16,
    pub kind: PortKind,
    pub cancels_echo: bool,
}

/// What the driver is told of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub span: u16,
    pub text: String,
    pub stands: Stands,
}

/// How the driver has a span already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stands {
    /// None of its channels is configured: nobody can be using them.
    Bare,
    /// Otherwise than the site says, as far as the driver tells.
    Otherwise,
    AsWanted,
}

/// The parts of a configuration, and what is told of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    pub parts: Vec<Part>,
    /// By the first channel of the line.
    pub troubles: Vec<(u16, Difference)>,
}

impl Conf {
    /// The whole text of these parts.
    pub fn text<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
        let parts: String = parts.map(|part| part.text.as_str()).collect();
        format!("{parts}loadzone={ZONE}\ndefaultzone={ZONE}\n")
    }
}

/// Makes the configuration for the cards that are there.
pub fn conf<D: Driver>(driver: &D, spans: &[SpanWanted], ports: &[PortWanted]) -> Conf {
    let mut conf = Conf::default();
    for wanted in spans {
        match of_span(driver, wanted) {
            Ok(part) => conf.parts.push(part),
            Err(difference) => conf.troubles.push((wanted.first_channel, difference)),
        }
    }
    let mut of_spans: BTreeMap<u16, Part> = BTreeMap::new();
    for wanted in ports {
        match of_port(driver, wanted) {
            Ok((span, text, stands)) => {
                let part = Part { span, text: String::new(), stands };
                let part = of_spans.entry(span).or_insert(part);
                part.text += &text;
                part.stands = both(part.stands, stands);
            }
            Err(difference) => conf.troubles.push((wanted.channel, difference)),
        }
    }
    conf.parts.extend(of_spans.into_values());
    conf
}

/// How two things stand that are one.
fn both(one: Stands, other: Stands) -> Stands {
    if one == other { one } else { Stands::Otherwise }
}

fn channel<D: Driver>(driver: &D, channel: u16) -> Result<ChannelInfo, Difference> {
    driver.channel(channel).map_err(|error| Difference::of(channel, &error))
}

fn of_span<D: Driver>(driver: &D, wanted: &SpanWanted) -> Result<Part, Difference> {
    let first = wanted.first_channel;
    let found = channel(driver, first)?;
    if found.place != 1 {
        return Err(Difference::NotFirst { channel: first, place: found.place });
    }
    let info = driver.span(found.span).map_err(|error| Difference::of(first, &error))?;
    if !info.digital || info.channels != CHANNELS {
        return Err(Difference::NotE1 { channel: first, channels: info.channels });
    }
    let (data, last) = (first + DATA_PLACE - 1, first + CHANNELS - 1);
    let bearers = format!("{first}-{},{}-{last}", data - 1, data + 1);
    let crc4 = if wanted.crc4 { ",crc4" } else { "" };
    let SpanWanted { clock, build_out, .. } = wanted;
    let mut text = format!("span={},{clock},{build_out},ccs,hdb3{crc4}\n", found.span);
    text += &format!("bchan={bearers}\ndchan={data}\n");
    if wanted.cancels_echo {
        text += &format!("echocanceller={CANCELLER},{bearers}\n");
    }
    let mut stands = line_stands(wanted, &info);
    for number in first..=last {
        let signalling = channel(driver, number)?.signalling;
        let is = match number == data {
            true => Signalling::Data,
            false => Signalling::Bearer,
        };
        stands = match signalling {
            // Of a bare span the line is as the driver begins.
            Signalling::None if number == first => Stands::Bare,
            Signalling::None => both(stands, Stands::Bare),
            found if found == is => both(stands, Stands::AsWanted),
            _ => Stands::Otherwise,
        };
    }
    Ok(Part { span: found.span, text, stands })
}

/// How the line itself stands. Whose clock the card takes is not told of each span.
fn line_stands(wanted: &SpanWanted, info: &SpanInfo) -> Stands {
    // A span without a line of its own (dynamic ones) keeps nothing of it.
    let has_none = !info.ccs && !info.hdb3 && !info.crc4;
    let as_wanted = info.ccs
        && info.hdb3
        && info.crc4 == wanted.crc4
        && info.build_out == u16::from(wanted.build_out);
    if has_none || as_wanted { Stands::AsWanted } else { Stands::Otherwise }
}

fn of_port<D: Driver>(
    driver: &D,
    wanted: &PortWanted,
) -> Result<(u16, String, Stands), Difference> {
    let PortWanted { channel: number, kind, cancels_echo } = *wanted;
    let found = channel(driver, number)?;
    // The driver names a port by what it talks to.
    let (signalling, able, word) = match kind {
        PortKind::Fxo => (Signalling::Fxo, found.can_fxo, "fxsks"),
        PortKind::Fxs => (Signalling::Fxs, found.can_fxs, "fxoks"),
    };
    if !able {
        let is = if found.can_fxo { Signalling::Fxo } else { Signalling::Fxs };
        let (found, wanted) = (Faces(is), Faces(signalling));
        return Err(Difference::OtherKind { channel: number, found, wanted, hint: "" });
    }
    let mut text = format!("{word}={number}\n");
    if cancels_echo {
        text += &format!("echocanceller={CANCELLER},{number}\n");
    }
    let stands = match found.signalling {
        Signalling::None => Stands::Bare,
        found if found == signalling => Stands::AsWanted,
        _ => Stands::Otherwise,
    };
    Ok((found.span, text, stands))
}

#[cfg(test)]
mod tests;
