//! Trials of lines: who asked for one, and what was found in words. Captures of ports.

use super::Switch;
use crate::captures::{Answer, Captures};
use crate::media_thread::MediaOrder;
use crate::wires::ThreadNo;
use line::trial::{Findings, Settings, Trial, Way, advice};
use model::port::PortKind;
use model::quality::Figures;
use model::site::Lang;
use model::{Fact, Instant, PortId};
use tokio::sync::oneshot;

/// What is asked: which port, how, and in which words it is answered.
pub struct LineTest {
    pub port: PortId,
    /// None for a call to the number that the site names.
    pub way: Option<Way>,
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
        let of_site = site.test_number.as_ref().map(|number| Way::Call(number.reveal().to_owned()));
        let Some(way) = asked.way.clone().or(of_site) else {
            return Err(format!(
                "name a number that answers, or write it into the site as port.{id}.test-number; \
                 --incoming waits for a call"
            ));
        };
        if self.parts.wires.leg_on(port).is_some() {
            return Err(busy(id));
        }
        let tones = &self.parts.site.numbering.tones;
        let trial = Box::new(Trial::new(now, site.law, tones, way));
        self.tell_media(ThreadNo::OF_THE_CARD, MediaOrder::Try { port, trial });
        Ok(())
    }

    /// Learns how loud a port's far side is, and writes it at the end of a call.
    pub(super) fn learn_level(&mut self, port: u16, figures: &Figures, last: bool) {
        let Some(port) = self.parts.port_ids.get(usize::from(port)).cloned() else { return };
        self.levels.learn(&port, figures);
        let heard = self.levels.get(&port).fact();
        if last && heard.voice.or(heard.noise).is_some() {
            self.note(Fact::PortHeard { port, heard });
        }
    }

    /// A row for each port: its kind, what it does, how loud it was.
    pub(super) fn list_lines(&self, lang: Lang) -> String {
        let rows = self.line_rows().into_iter();
        let ports = rows.filter_map(|row| {
            let id = self.parts.port_ids.iter().find(|id| id.as_str() == row.line)?;
            let learnt = self.levels.get(id).words(lang);
            Some(format!("{:<12} {:<4} {:<8} {learnt}\n", row.line, row.kind, row.state))
        });
        let text: String = ports.collect();
        match (text.is_empty(), lang) {
            (false, _) => text,
            (true, Lang::Zh) => "没有模拟线路端口\n".to_owned(),
            (true, Lang::En) => "the site has no analogue ports\n".to_owned(),
        }
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
            true => {
                let learnt = self.levels.get(&asked.port).words(asked.lang);
                let told = words(&asked.port, trial.findings(), settings, asked.lang);
                Ok(told + &in_calls(&learnt, asked.lang))
            }
            false => Err(busy(&asked.port)),
        };
        // Whoever asked may have gone.
        let _ = asked.reply.send(told);
    }
}

fn busy(id: &PortId) -> String {
    format!("a call is on port {id}, or one has just ended: try again when the line is idle")
}

/// What was learnt of the port's ordinary calls.
fn in_calls(learnt: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("日常通话：{learnt}\n"),
        Lang::En => format!("in its calls: {learnt}\n"),
    }
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
