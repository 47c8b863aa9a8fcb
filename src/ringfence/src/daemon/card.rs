//! The card, simulated callers and the state machines of its lines.

use crate::switch::seed;
use anyhow::{Context as _, bail};
use board::Card;
use model::port::{PortKind, PortOrder};
use model::site::{Driver, Site};
use std::path::Path;

/// Longest script of simulated callers.
const CALLERS_BYTES_MAX: u64 = 1 << 20;

/// The card, and its ports' names by number.
pub(super) type Wired = (Option<Box<dyn Card>>, Vec<model::PortId>);

/// The card that drives the site's ports. Ports of one box sit on one card in this version.
pub(super) fn card(site: &Site, callers: Option<&Path>) -> anyhow::Result<Wired> {
    let mut ports: Vec<_> = site.ports.iter().collect();
    ports.sort_by_key(|(_, port)| port.channel);
    let ids: Vec<_> = ports.iter().map(|(id, _)| (*id).clone()).collect();
    if let Some((id, _)) = ports.iter().find(|(_, port)| port.driver == Driver::Dahdi) {
        bail!("port {id}: this version of the box drives no DAHDI card yet, only driver = \"sim\"");
    }
    if ports.is_empty() {
        return Ok((None, ids));
    }
    let callers = match callers {
        Some(path) => read_callers(path)?,
        None => board::sim::Callers::default(),
    };
    let kinds: Vec<PortKind> = ports.iter().map(|(_, port)| port.kind).collect();
    let mut card = board::sim::SimCard::new(seed()?, &kinds, callers)?;
    for (index, (id, port)) in ports.iter().enumerate() {
        let (receive, transmit) = (port.receive_gain_tenths_db, port.transmit_gain_tenths_db);
        let gain = PortOrder::Gain { receive_tenths_db: receive, transmit_tenths_db: transmit };
        card.order(index, &gain).with_context(|| format!("port {id}: gain"))?;
    }
    Ok((Some(Box::new(card)), ids))
}

/// Reads the script of simulated callers and the sounds it names, which lie beside it.
fn read_callers(path: &std::path::Path) -> anyhow::Result<board::sim::Callers> {
    let bytes = crate::plain_file::read(path, CALLERS_BYTES_MAX)?;
    let Ok(text) = String::from_utf8(bytes) else { bail!("{} is not UTF-8 text", path.display()) };
    let dir = path.parent().unwrap_or(std::path::Path::new("."));
    let load = |name: &str| -> Result<Vec<i16>, String> {
        let clip =
            crate::clips::read_clip(&dir.join(name)).map_err(|error| format!("{error:#}"))?;
        Ok(clip.samples(model::Rate::Narrow).to_vec())
    };
    board::sim::Callers::parse(&text, load)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// A state machine for each port.
pub(super) fn lines(
    site: &Site,
    ids: &[model::PortId],
    now: model::Instant,
) -> anyhow::Result<Vec<line::LinePort>> {
    let ports = ids.iter().filter_map(|id| Some((id, site.ports.get(id)?)));
    ports
        .map(|(id, port)| {
            let rings = port.answer_after_rings;
            let config = line::Config::new(id.clone(), port.kind, port.law, rings);
            config.check().with_context(|| format!("port {id}"))?;
            Ok(line::LinePort::new(now, config))
        })
        .collect()
}
