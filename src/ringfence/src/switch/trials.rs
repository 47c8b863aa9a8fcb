//! Trials of lines: who asked for one, and what was found in words. Captures of ports.

use super::Switch;
use crate::captures::{Answer, Captures};
use crate::media_thread::MediaOrder;
use crate::wires::ThreadNo;
use line::trial::{Findings, Settings, Trial, Way, advice};
use model::port::PortKind;
use model::site::Lang;
use model::{Instant, PortId};
use tokio::sync::oneshot;

/// What is asked: which port, how, and in which words it is answered.
pub struct LineTest {
    pub port: PortId,
    pub way: Way,
    pub lang: Lang,
    pub reply: oneshot::Sender<Result<String, String>>,
}

impl Switch {
    /// Has a line tried. One at a time, and never one with a call on it.
    pub(super) fn try_line(&mut self, now: Instant, asked: LineTest) {
        match self.begin_trial(now, &asked) {
            Ok(()) => self.trial = Some(asked),
            // Whoever asked may have gone.
            Err(why) => drop(asked.reply.send(Err(why))),
        }
    }

    fn begin_trial(&mut self, now: Instant, asked: &LineTest) -> Result<(), String> {
        let id = &asked.port;
        let place = self.parts.port_ids.iter().position(|known| known == id);
        let site = self.parts.site.ports.get(id);
        let (Some(place), Some(site)) = (place, site) else { return Err(self.no_port(id)) };
        if site.kind != PortKind::Fxo {
            return Err(format!("port {id} is a telephone's: lines of an exchange are tried"));
        }
        if self.trial.is_some() {
            return Err("another line is being tried: wait until that is over".into());
        }
        let port = u16::try_from(place).map_err(|error| error.to_string())?;
        if self.parts.wires.leg_on(port).is_some() {
            return Err(busy(id));
        }
        let tones = &self.parts.site.numbering.tones;
        let trial = Box::new(Trial::new(now, site.law, tones, asked.way.clone()));
        self.tell_media(ThreadNo::OF_THE_CARD, MediaOrder::Try { port, trial });
        Ok(())
    }

    fn no_port(&self, id: &PortId) -> String {
        let known: Vec<String> = self.parts.port_ids.iter().map(ToString::to_string).collect();
        format!("there is no port {id}; there are: {}", known.join(", "))
    }

    /// Begins to capture by a card.
    pub fn begin_captures(&mut self, captures: Option<Captures>) {
        self.captures = captures;
    }

    /// Has a port captured: its calls go on as they would.
    pub(super) fn capture_line(&self, now: Instant, id: &PortId, seconds: u16, answer: Answer) {
        let place = self.parts.port_ids.iter().position(|known| known == id);
        match (place, &self.captures) {
            (Some(place), Some(captures)) => {
                captures.begin(id, place, self.parts.anchor.wall(now), seconds, answer);
            }
            // Whoever asked may have gone.
            _ => drop(answer.send(Err(self.no_port(id)))),
        }
    }

    /// Takes what became of a trial.
    pub(super) fn line_tried(&mut self, port: u16, trial: &Trial, done: bool) {
        let Some(asked) = self.trial.take() else { return };
        let site = self.parts.port_ids.get(usize::from(port));
        let site = site.and_then(|id| self.parts.site.ports.get(id));
        let settings = site.map_or_else(Settings::default, |port| Settings {
            receive_gain_tenths_db: port.receive_gain_tenths_db,
            echo_ms: port.echo_ms,
        });
        let told = match done {
            true => Ok(words(&asked.port, trial.findings(), settings, asked.lang)),
            false => Err(busy(&asked.port)),
        };
        // Whoever asked may have gone.
        let _ = asked.reply.send(told);
    }
}

fn busy(id: &PortId) -> String {
    format!("a call is on port {id}, or one has just ended: try again when the line is idle")
}

/// What was measured, and what is to be changed.
fn words(id: &PortId, found: &Findings, settings: Settings, lang: Lang) -> String {
    let level = |level: Option<f32>, unit: &str| {
        level.map_or_else(|| "-".to_owned(), |level| format!("{level:.1} {unit}"))
    };
    let seconds = |ms: Option<u32>| {
        ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} s", f64::from(ms) / 1000.0))
    };
    let tone = if found.awaited { found.caller_dbm0 } else { found.dial_dbm0 };
    let signals = found.hang_up;
    let rows = [
        ("来电显示或拨号音", "caller id or dial tone", level(tone, "dBm0")),
        ("对方话音", "far side's voice", level(found.voice_dbm0, "dBm0")),
        ("噪声", "noise", level(found.noise_dbm0, "dBm0")),
        ("回声衰减", "echo, weaker by", level(found.echo_loss_db, "dB")),
        ("断流挂机", "hang-up by current after", seconds(signals.current_ms)),
        ("反极性挂机", "hang-up by polarity after", seconds(signals.polarity_ms)),
        ("忙音挂机", "hang-up by tone after", seconds(signals.tone_ms)),
    ];
    let mut text = match lang {
        Lang::Zh => format!("端口 {id} 测试结果\n"),
        Lang::En => format!("port {id} was tried\n"),
    };
    for (zh, en, value) in rows {
        let name = if lang == Lang::Zh { zh } else { en };
        text += &format!("  {name}: {value}\n");
    }
    for advice in advice(found, settings) {
        text += &format!("- {}\n", advice.words(lang));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_told_in_both_languages() {
        let found = Findings { dial_tone: true, dial_dbm0: Some(-25.0), ..Findings::default() };
        let told = |lang| words(&PortId::new("fxo-1"), &found, Settings::default(), lang);
        let (zh, en) = (told(Lang::Zh), told(Lang::En));
        assert!(zh.contains("-25.0 dBm0") && zh.contains("receive-gain-db 设为 12.0"), "{zh}");
        assert!(en.contains("port fxo-1 was tried") && en.contains("too quiet"), "{en}");
    }
}
