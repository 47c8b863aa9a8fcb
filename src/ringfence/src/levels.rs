//! How loud the far sides of the card's ports are and how noisy their lines, learnt of ordinary calls.
//!
//! ```text
//!   Quality (each 10 s) --> Learnt: means that forget --a call's end--> Fact::PortHeard
//!                              |                                           |
//!           `line list`, `line test` <--                    the next start takes it up
//! ```
//!
//! What was heard with another gain than today's is moved by the difference.

use model::PortId;
use model::port::Loudness;
use model::quality::Figures;
use model::site::{Lang, Site};
use std::collections::BTreeMap;

/// What is longer ago than so much of it weighs ever less.
const SECONDS_MAX: f32 = 1800.0;
/// Less voice than this says nothing of the next caller.
const VOICE_S_MIN: f32 = 20.0;
/// Who speaks is as loud as this where nobody complains, and what is aimed at.
const VOICE_DBM0: std::ops::RangeInclusive<f32> = -28.0..=-12.0;
const AIM_DBM0: f32 = -20.0;
/// Noise that callers complain of.
const NOISY_DBM0: f32 = -48.0;
/// Gains that the site may name.
const GAIN_MAX_DB: f32 = 12.0;

/// What was learnt of each port.
#[derive(Debug, Default)]
pub struct Levels(BTreeMap<PortId, Learnt>);

/// What was learnt of a port.
#[derive(Clone, Copy, Debug, Default)]
pub struct Learnt {
    /// With which it is heard since the start.
    gain_tenths_db: i16,
    voice: Mean,
    noise: Mean,
}

/// A mean level, of so many seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    dbm0: f32,
    seconds: f32,
}

impl Levels {
    /// Knows nothing yet of a site's ports but their gains, which hold until the next start.
    pub fn of(site: &Site) -> Self {
        let learnt = |gain_tenths_db| Learnt { gain_tenths_db, ..Learnt::default() };
        let ports = site.ports.iter();
        Self(ports.map(|(id, port)| (id.clone(), learnt(port.receive_gain_tenths_db))).collect())
    }

    /// Takes up what an earlier run wrote; of several the last holds.
    pub fn restore(&mut self, port: &PortId, heard: Loudness) {
        let Some(learnt) = self.0.get_mut(port) else { return };
        let moved = learnt.gain_tenths_db.saturating_sub(heard.gain_tenths_db);
        let mean = |tenths: Option<i16>, seconds: u16| {
            tenths.map_or(Mean::default(), |tenths| Mean {
                dbm0: f32::from(tenths.saturating_add(moved)) / 10.0,
                seconds: seconds.into(),
            })
        };
        learnt.voice = mean(heard.voice, heard.voice_s);
        learnt.noise = mean(heard.noise, heard.noise_s);
    }

    /// Learns of some seconds of a call on a port.
    pub fn learn(&mut self, port: &PortId, figures: &Figures) {
        let Some(learnt) = self.0.get_mut(port) else { return };
        let faint_ms = figures.ms.saturating_sub(figures.voice_ms).saturating_sub(figures.dead_ms);
        learnt.voice.add(figures.level_dbm0, figures.voice_ms);
        learnt.noise.add(figures.noise_dbm0, faint_ms);
    }

    /// What was learnt of a port.
    pub fn get(&self, port: &PortId) -> Learnt {
        self.0.get(port).copied().unwrap_or_default()
    }
}

impl Mean {
    fn add(&mut self, dbm0: Option<i8>, ms: u16) {
        let Some(dbm0) = dbm0.filter(|_| ms > 0) else { return };
        let seconds = f32::from(ms) / 1000.0;
        let all = self.seconds + seconds;
        self.dbm0 += (f32::from(dbm0) - self.dbm0) * seconds / all;
        self.seconds = all.min(SECONDS_MAX);
    }

    fn tenths(self) -> Option<i16> {
        (self.seconds > 0.0).then_some((self.dbm0 * 10.0).round() as i16)
    }
}

impl Learnt {
    /// As a fact says it.
    pub fn fact(self) -> Loudness {
        Loudness {
            voice: self.voice.tenths(),
            noise: self.noise.tenths(),
            voice_s: self.voice.seconds.round() as u16,
            noise_s: self.noise.seconds.round() as u16,
            gain_tenths_db: self.gain_tenths_db,
        }
    }

    /// The gain toward the box that brings who speaks to a usual level, in steps of half a decibel,
    /// where they are too loud or too quiet and the gain can be another one.
    fn gain(self) -> Option<f32> {
        // What is shown and written decides, so that a restart advises the same.
        let heard = f32::from(self.voice.tenths()?) / 10.0;
        let is_off = self.voice.seconds.round() >= VOICE_S_MIN && !VOICE_DBM0.contains(&heard);
        let now_db = f32::from(self.gain_tenths_db) / 10.0;
        let wanted = (now_db + AIM_DBM0 - heard).clamp(-GAIN_MAX_DB, GAIN_MAX_DB);
        let wanted = (wanted * 2.0).round() / 2.0;
        (is_off && (wanted - now_db).abs() >= 0.5).then_some(wanted)
    }

    /// How loud it was in calls, and what to change.
    pub fn words(self, lang: Lang) -> String {
        let level = |mean: Mean| mean.tenths().map(|tenths| f32::from(tenths) / 10.0);
        let none = || "-".to_owned();
        let shown = |mean: Mean| level(mean).map_or_else(none, |level| format!("{level:.1} dBm0"));
        let (voice, noise) = (shown(self.voice), shown(self.noise));
        let seconds = self.voice.seconds.round();
        let mut text = match lang {
            Lang::Zh => format!("来话话音 {voice}（{seconds} 秒），线路噪声 {noise}"),
            Lang::En => format!("voice {voice} over {seconds} s, noise {noise}"),
        };
        if level(self.noise).is_some_and(|level| level > NOISY_DBM0) {
            text += match lang {
                Lang::Zh => "；噪声大",
                Lang::En => "; noisy",
            };
        }
        if let Some(gain) = self.gain() {
            text += &match lang {
                Lang::Zh => format!("；建议 receive-gain-db = {gain:.1}"),
                Lang::En => format!("; advised: receive-gain-db = {gain:.1}"),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provision::tests::world;

    fn port() -> PortId {
        PortId::new("fxo-1")
    }

    fn levels(gain_tenths_db: i16) -> Levels {
        Levels(BTreeMap::from([(port(), Learnt { gain_tenths_db, ..Learnt::default() })]))
    }

    /// Ten seconds of which half are voice.
    fn figures(voice: i8, noise: i8) -> Figures {
        Figures {
            ms: 10_000,
            voice_ms: 5000,
            level_dbm0: Some(voice),
            noise_dbm0: Some(noise),
            ..Figures::default()
        }
    }

    fn learnt(levels: &mut Levels, voice: i8, times: usize) -> String {
        (0..times).for_each(|_| levels.learn(&port(), &figures(voice, -60)));
        levels.get(&port()).words(Lang::En)
    }

    #[test]
    fn a_port_whose_callers_are_quiet_is_advised_the_gain_that_mends_it() {
        let mut levels = levels(0);
        assert_eq!(levels.get(&port()).words(Lang::En), "voice - over 0 s, noise -");
        assert_eq!(learnt(&mut levels, -31, 3), "voice -31.0 dBm0 over 15 s, noise -60.0 dBm0");
        let told = learnt(&mut levels, -31, 3);
        assert!(told.ends_with("; advised: receive-gain-db = 11.0"), "{told}");
        let told = levels.get(&port()).words(Lang::Zh);
        assert!(told.ends_with("建议 receive-gain-db = 11.0"), "{told}");
    }

    #[test]
    fn a_gain_is_advised_on_top_of_the_one_there_is_and_none_beyond_what_a_site_may_say() {
        assert!(learnt(&mut levels(-90), -30, 9).ends_with("receive-gain-db = 1.0"));
        assert!(learnt(&mut levels(60), -8, 9).ends_with("receive-gain-db = -6.0"));
        let told = learnt(&mut levels(120), -40, 9);
        assert!(!told.contains("advised"), "it is at its most already: {told}");
        assert!(!learnt(&mut levels(0), -18, 9).contains("advised"));
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut levels = levels(0);
        learnt(&mut levels, -35, 2000);
        let told = learnt(&mut levels, -18, 2000);
        assert!(told.starts_with("voice -18.") && !told.contains("advised"), "{told}");
    }

    #[test]
    fn a_restart_with_another_gain_takes_up_what_was_learnt_and_advises_nothing_twice() {
        let mut before = levels(0);
        learnt(&mut before, -31, 10);
        let fact = before.get(&port()).fact();
        let mut same = levels(0);
        same.restore(&port(), fact);
        assert_eq!(same.get(&port()).words(Lang::En), before.get(&port()).words(Lang::En));
        let mut mended = levels(110);
        mended.restore(&port(), fact);
        let told = mended.get(&port()).words(Lang::En);
        assert_eq!(told, "voice -20.0 dBm0 over 50 s, noise -49.0 dBm0");
        mended.restore(&PortId::new("gone"), fact);
        assert_eq!(mended.0.len(), 1, "a port that the site has no more is passed over");
    }

    #[test]
    fn ports_of_the_site_are_known_with_their_gains() {
        let site = world::site("Desk");
        let levels = Levels::of(&site);
        assert_eq!(levels.0.len(), site.ports.len());
    }
}
