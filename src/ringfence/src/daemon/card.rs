//! The card, simulated callers and the state machines of its lines.

use crate::service::{Severity, log};
use crate::spans::{Network, SpanTrunk, WithSpans};
use crate::switch::{seed, whole_numbers};
use anyhow::{Context as _, bail};
use board::Card;
use board::dahdi::{DahdiCard, Gain, Kernel, Wanted};
use board::sim::{Callers, People, SimCard};
use line::Names;
use model::port::{PortKind, PortOrder};
use model::site::{Driver, Port, Site, SpanLine};
use model::{Instant, Law};
use std::collections::BTreeMap;
use std::path::Path;
use std::thread::Thread;

/// Longest script of simulated callers.
const CALLERS_BYTES_MAX: u64 = 1 << 20;
/// Time zones of China, old names among them: its exchanges write names in GB 18030.
const CHINA: [&str; 7] = [
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Chongqing",
    "Asia/Chungking",
    "Asia/Harbin",
    "Asia/Kashgar",
    "PRC",
];
/// Of an echo canceller, at 8 kHz.
const TAPS_PER_MS: u16 = 8;

/// The card, and what its ports are: analogue ones first, by their names, then the channels of spans.
pub(super) struct Wired {
    pub(super) card: Option<Box<dyn Card>>,
    pub(super) ids: Vec<model::PortId>,
    pub(super) spans: Vec<SpanTrunk>,
}

impl Wired {
    /// Ports of the card, channels of spans among them.
    pub(super) fn ports(&self) -> usize {
        self.ids.len() + self.spans.len() * usize::from(SpanLine::BEARERS)
    }
}

/// The card that drives the site's ports. Ports of one box sit on one kind of card.
pub(super) fn card(site: &Site, from: &Sources<'_>, now: Instant) -> anyhow::Result<Wired> {
    let mut ports: Vec<_> = site.ports.iter().collect();
    ports.sort_by_key(|(_, port)| port.channel);
    let ids: Vec<_> = ports.iter().map(|(id, _)| (*id).clone()).collect();
    let mut spans = spans(site, ids.len(), now);
    let drivers = ports.iter().map(|(_, port)| port.driver);
    let drivers = drivers.chain(spans.iter().map(|span| span.line.driver));
    let sim = drivers.clone().filter(|driver| *driver == Driver::Sim).count();
    let real = drivers.count() - sim;
    let card: Option<Box<dyn Card>> = match (sim, real) {
        (0, 0) => None,
        (_, 0) => {
            let callers = from.callers.map(read_callers).transpose()?.unwrap_or_default();
            callers.check_spans(spans.len())?;
            let networks;
            (spans, networks) = plugged(site, spans, &callers, from.exchange, now)?;
            let card = simulated(site, &ports, callers)?;
            Some(Box::new(WithSpans::new(card, networks)))
        }
        (0, _) => Some(Box::new(real_card(&ports, &spans, from.dahdi, now))),
        _ => bail!(
            "some lines are simulated (driver = \"sim\") and some are real (driver = \"dahdi\", or \
             first-channel without a driver): one box has one of them"
        ),
    };
    Ok(Wired { card, ids, spans })
}

/// The trunks that are spans, in their order; their channels are ports behind the analogue ones.
fn spans(site: &Site, analogue: usize, now: Instant) -> Vec<SpanTrunk> {
    let lines = site.trunks.iter().filter_map(|(id, trunk)| Some((id, trunk.span?)));
    let lines = lines.enumerate().map(|(no, (trunk, line))| {
        let first_port = analogue + no * usize::from(SpanLine::BEARERS);
        SpanTrunk::new(now, trunk.clone(), line, u16::try_from(first_port).unwrap_or(u16::MAX))
    });
    lines.collect()
}

/// Plugs lines into simulated networks with people behind them.
fn plugged(
    site: &Site,
    spans: Vec<SpanTrunk>,
    callers: &Callers,
    exchange: &Thread,
    now: Instant,
) -> anyhow::Result<(Vec<SpanTrunk>, Vec<Network>)> {
    let plug = |(no, span): (usize, SpanTrunk)| {
        let seed = seed()?;
        let people = People::new(seed, no, callers, &site.numbering.tones);
        let (network, ends) = Network::new(now, seed, &span, people, exchange.clone());
        anyhow::Ok((span.simulated(ends), network))
    };
    spans.into_iter().enumerate().map(plug).collect()
}

/// Where cards are found and simulated callers are read from.
pub(super) struct Sources<'a> {
    pub(super) callers: Option<&'a Path>,
    /// The folder of DAHDI's files.
    pub(super) dahdi: &'a Path,
    /// Who is woken by frames of simulated lines.
    pub(super) exchange: &'a Thread,
}

type Ports<'a> = [(&'a model::PortId, &'a Port)];

/// The card of Linux' driver. What is not as the site says is told here once, in words, and stands as
/// an alarm until it is; the box answers what can be answered.
fn real_card(
    ports: &Ports<'_>,
    spans: &[SpanTrunk],
    dahdi: &Path,
    now: Instant,
) -> DahdiCard<Kernel> {
    let analogue = ports.iter().map(|(_, port)| Wanted {
        gain: Gain {
            receive_tenths_db: port.receive_gain_tenths_db,
            transmit_tenths_db: port.transmit_gain_tenths_db,
        },
        echo_taps: u16::from(port.echo_ms) * TAPS_PER_MS,
        ..Wanted::analogue(port.channel, port.kind, port.law)
    });
    let channels = |span: &SpanTrunk| {
        let (name, line) = (format!("trunk {}", span.trunk), span.line);
        SpanLine::slots().map(move |slot| (name.clone(), line.channel(slot), line.echo_ms))
    };
    let bearers: Vec<_> = spans.iter().flat_map(channels).collect();
    let names: Vec<_> = ports.iter().map(|(id, _)| format!("port {id}")).collect();
    let names = names.iter().chain(bearers.iter().map(|(name, ..)| name));
    let bearers = bearers.iter().map(|(_, channel, echo_ms)| Wanted {
        echo_taps: u16::from(*echo_ms) * TAPS_PER_MS,
        ..Wanted::bearer(*channel, Law::A)
    });
    let wanted: Vec<_> = analogue.chain(bearers).collect();
    let card = DahdiCard::new(Kernel::new(dahdi), now, &wanted);
    let differences: BTreeMap<_, _> = card.differences().into_iter().collect();
    let mut said = None;
    for (port, name) in names.enumerate() {
        // Of a span whose channels all lack the same it is said once.
        let Some(difference) = differences.get(&port) else { continue };
        let same = (name, std::mem::discriminant(difference));
        if said.as_ref() != Some(&same) {
            log(Severity::Error, &format!("{name}: {difference}"));
        }
        said = Some(same);
    }
    card
}

/// A simulated card, and callers who ring by themselves.
fn simulated(site: &Site, ports: &Ports<'_>, callers: Callers) -> anyhow::Result<SimCard> {
    let kinds: Vec<PortKind> = ports.iter().map(|(_, port)| port.kind).collect();
    let mut card = SimCard::new(seed()?, &kinds, callers)?.in_country(&site.numbering.tones);
    for (index, (id, port)) in ports.iter().enumerate() {
        let (receive, transmit) = (port.receive_gain_tenths_db, port.transmit_gain_tenths_db);
        let gain = PortOrder::Gain { receive_tenths_db: receive, transmit_tenths_db: transmit };
        card.order(index, &gain).with_context(|| format!("port {id}: gain"))?;
    }
    Ok(card)
}

/// Reads the script of simulated callers and the sounds it names, which lie beside it.
fn read_callers(path: &std::path::Path) -> anyhow::Result<Callers> {
    let bytes = crate::plain_file::read(path, CALLERS_BYTES_MAX)?;
    let Ok(text) = String::from_utf8(bytes) else { bail!("{} is not UTF-8 text", path.display()) };
    let dir = path.parent().unwrap_or(std::path::Path::new("."));
    let load = |name: &str| -> Result<Vec<i16>, String> {
        let clip =
            crate::clips::read_clip(&dir.join(name)).map_err(|error| format!("{error:#}"))?;
        Ok(clip.samples(model::Rate::Narrow).to_vec())
    };
    Callers::parse(&text, load).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// A state machine for each port.
pub(super) fn lines(
    site: &Site,
    ids: &[model::PortId],
    now: model::Instant,
) -> anyhow::Result<Vec<line::LinePort>> {
    let ports = ids.iter().filter_map(|id| Some((id, site.ports.get(id)?)));
    let whole = whole_numbers(site);
    let names = names_in(site.zone.name());
    ports
        .map(|(id, port)| {
            let rings = port.answer_after_rings;
            let tones = site.numbering.tones.clone();
            let config = line::Config::new(id.clone(), port.kind, port.law, rings);
            let phone = port.telephone.clone();
            let telephone = phone.map(|phone| line::Telephone { phone, whole: whole.clone() });
            let config = line::Config { tones, names, pulse: port.pulse, telephone, ..config };
            config.check().with_context(|| format!("port {id}"))?;
            Ok(line::LinePort::new(now, config))
        })
        .collect()
}

/// How exchanges write names where the clocks go by a zone.
fn names_in(zone: &str) -> Names {
    if CHINA.contains(&zone) { Names::Gb18030 } else { Names::Unicode }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_gb_18030_in_the_zones_of_china_and_nowhere_else() {
        for zone in CHINA {
            assert!(model::time::Zone::named(zone).is_some(), "{zone} is no zone");
            assert_eq!(names_in(zone), Names::Gb18030);
        }
        for zone in ["Asia/Hong_Kong", "Asia/Taipei", "Asia/Tokyo", "Europe/Berlin", "UTC"] {
            assert_eq!(names_in(zone), Names::Unicode, "{zone}");
        }
    }
}
