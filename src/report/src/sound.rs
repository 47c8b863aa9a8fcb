//! How the day's calls sounded: for everybody, each agent's phone and each line.

use model::quality::{Figures, MOS_POOR};
use model::{AgentId, Via};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose sound a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    All,
    Agent(AgentId),
    /// A line's or trunk's own name.
    Line(String),
}

/// What was measured of sound that came from somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundRow {
    /// `all`, `agent` or `line`.
    pub of: String,
    /// The agent's number or the line's name; empty for all.
    pub id: String,
    /// What was measured at all.
    pub ms: u64,
    /// The mean opinion, and that of the worst ten seconds, in hundredths of a MOS.
    pub mos: Option<u16>,
    pub mos_worst: Option<u16>,
    /// How long it was poor: an opinion below `MOS_POOR`.
    pub poor_ms: u64,
    /// Packets lost of a thousand.
    pub lost_permille: Option<u16>,
    /// Sound that was made up.
    pub concealed_ms: u64,
    /// How long somebody was not heard at all, though the packets came.
    pub muted_ms: u64,
}

/// What a row is made of.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    ms: u64,
    /// Spans with an opinion, and the sum of these by milliseconds.
    judged_ms: u64,
    mos_ms: u64,
    worst: Option<u16>,
    poor_ms: u64,
    packets: u64,
    lost: u64,
    concealed_ms: u64,
    muted_ms: u64,
}

/// The sound of a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sounds(BTreeMap<Whose, Sum>);

impl Sounds {
    /// Adds a leg's figures.
    pub fn add(&mut self, via: &Via, agent: Option<&AgentId>, figures: &[Figures]) {
        let line = match (via, agent) {
            (_, Some(agent)) => Whose::Agent(agent.clone()),
            (Via::Port(id), _) => Whose::Line(id.to_string()),
            (Via::Trunk(id), _) => Whose::Line(id.to_string()),
            (Via::Phone(id), _) => Whose::Line(id.to_string()),
        };
        for whose in [Whose::All, line] {
            let sum = self.0.entry(whose).or_default();
            figures.iter().for_each(|figures| sum.add(figures));
        }
    }

    /// The rows, all together first; none where nothing was measured.
    pub fn rows(&self) -> Vec<SoundRow> {
        self.0.iter().map(|(whose, sum)| sum.row(whose)).collect()
    }
}

impl Sum {
    fn add(&mut self, figures: &Figures) {
        let ms = u64::from(figures.ms);
        self.ms += ms;
        if let Some(mos) = figures.mos {
            self.judged_ms += ms;
            self.mos_ms += u64::from(mos) * ms;
            self.worst = Some(self.worst.map_or(mos, |worst| worst.min(mos)));
            self.poor_ms += if mos < MOS_POOR { ms } else { 0 };
        }
        self.packets += u64::from(figures.packets);
        self.lost += u64::from(figures.lost);
        self.concealed_ms += u64::from(figures.concealed_ms);
        self.muted_ms += if figures.muted.is_some() { ms } else { 0 };
    }

    fn row(&self, whose: &Whose) -> SoundRow {
        let (of, id) = match whose {
            Whose::All => ("all", ""),
            Whose::Agent(agent) => ("agent", agent.as_str()),
            Whose::Line(line) => ("line", line.as_str()),
        };
        let short = |value: u64| u16::try_from(value).unwrap_or(u16::MAX);
        SoundRow {
            of: of.to_owned(),
            id: id.to_owned(),
            ms: self.ms,
            mos: self.mos_ms.checked_div(self.judged_ms).map(short),
            mos_worst: self.worst,
            poor_ms: self.poor_ms,
            lost_permille: (self.lost * 1000).checked_div(self.packets + self.lost).map(short),
            concealed_ms: self.concealed_ms,
            muted_ms: self.muted_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::quality::Muted;

    fn figures(mos: Option<u16>, lost: u16) -> Figures {
        let packets = 500 - lost;
        Figures { ms: 10_000, packets, lost, concealed_ms: lost * 20, mos, ..Figures::default() }
    }

    #[test]
    fn each_leg_counts_for_all_and_for_its_agent_or_line() {
        let mut sounds = Sounds::default();
        let (phone, trunk) = (Via::Phone("8001".into()), Via::Trunk("carrier".into()));
        sounds.add(&phone, Some(&"1001".into()), &[figures(Some(440), 0), figures(Some(300), 50)]);
        let muted = Figures { muted: Some(Muted::Unheard), ..figures(None, 0) };
        sounds.add(&trunk, None, &[figures(Some(420), 5), muted]);
        let rows = sounds.rows();
        let of: Vec<_> = rows.iter().map(|row| (row.of.as_str(), row.id.as_str())).collect();
        assert_eq!(of, [("all", ""), ("agent", "1001"), ("line", "carrier")]);
        assert_eq!((rows[0].ms, rows[0].mos, rows[0].mos_worst), (40_000, Some(386), Some(300)));
        assert_eq!((rows[1].mos, rows[1].poor_ms), (Some(370), 10_000));
        assert_eq!((rows[1].lost_permille, rows[1].concealed_ms), (Some(50), 1000));
        assert_eq!((rows[2].mos, rows[2].muted_ms, rows[2].poor_ms), (Some(420), 10_000, 0));
    }

    #[test]
    fn nothing_measured_is_no_row() {
        assert_eq!(Sounds::default().rows(), []);
    }
}
