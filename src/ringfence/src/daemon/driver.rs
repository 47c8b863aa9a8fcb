//! The cards' driver, configured as the site says of its lines: at the start, before a channel is
//! opened, and a card that is plugged in while the box runs.

use crate::folders::Folders;
use crate::service::{Severity, log};
use board::dahdi::{ConfigureError, Configured, Configurer, Kernel, PortWanted, SpanWanted};
use model::site::{Driver, Site, SpanLine};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Cards that came are looked for this often.
const LOOK: Duration = Duration::from_secs(5);

/// Configures the driver and starts a thread that goes on with it; nothing without a real line. What
/// cannot be configured is told here, and stands as an alarm of its ports.
pub(super) fn begin(
    site: &Site,
    folders: &Folders,
    dahdi: &Path,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let (spans, ports) = wanted(site);
    // Without a driver there is nothing to be told, and each port says so.
    if spans.is_empty() && ports.is_empty() || !dahdi.join("ctl").exists() {
        return Ok(());
    }
    let file = folders.state().join("system.conf");
    let configurer = Configurer::new(Kernel::new(dahdi), spans, ports, file);
    tell(configurer.begin(), &mut None);
    let stop = Arc::clone(stop);
    std::thread::Builder::new().name("cards".into()).spawn(move || {
        let mut said = None;
        while !stop.load(Ordering::Relaxed) {
            std::thread::park_timeout(LOOK);
            tell(configurer.again(), &mut said);
        }
    })?;
    Ok(())
}

/// The lines of a site as the driver is to have them.
fn wanted(site: &Site) -> (Vec<SpanWanted>, Vec<PortWanted>) {
    let spans = site.trunks.values().filter_map(|trunk| trunk.span);
    let spans = spans.filter(|line| line.driver == Driver::Dahdi).map(span);
    let ports = site.ports.values().filter(|port| port.driver == Driver::Dahdi);
    let ports = ports.map(|port| PortWanted {
        channel: port.channel,
        kind: port.kind,
        cancels_echo: port.echo_ms > 0,
    });
    let mut ports: Vec<PortWanted> = ports.collect();
    ports.sort_by_key(|port| port.channel);
    (spans.collect(), ports)
}

fn span(line: SpanLine) -> SpanWanted {
    let SpanLine { first_channel, crc4, clock, build_out, echo_ms, .. } = line;
    SpanWanted { first_channel, crc4, clock, build_out, cancels_echo: echo_ms > 0 }
}

/// Says what was done; of a failure that stays the same once.
fn tell(done: Result<Configured, ConfigureError>, said: &mut Option<String>) {
    match done {
        Ok(Configured { spans, troubles }) => {
            for span in spans {
                log(
                    Severity::Notice,
                    &format!("span {span}: the driver is told what the site says"),
                );
            }
            // A card that is missing or another is told with its ports.
            let news =
                |trouble: &board::dahdi::Difference| !trouble.is_absence() && !trouble.is_misfit();
            for (_, trouble) in troubles.iter().filter(|(_, trouble)| news(trouble)) {
                log(Severity::Error, &format!("the driver of the line cards: {trouble}"));
            }
            *said = None;
        }
        Err(error) => {
            let words = error.to_string();
            if said.as_ref() != Some(&words) {
                log(Severity::Error, &format!("the line cards cannot be configured: {words}"));
            }
            *said = Some(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_site_says_of_a_line_is_wanted_of_the_driver() {
        let line = SpanLine { crc4: false, echo_ms: 0, build_out: 2, ..SpanLine::new(32) };
        let wanted = SpanWanted {
            first_channel: 32,
            crc4: false,
            clock: 1,
            build_out: 2,
            cancels_echo: false,
        };
        assert_eq!(span(line), wanted);
        let usual = span(SpanLine::new(1));
        assert!(usual.crc4 && usual.cancels_echo);
    }
}
