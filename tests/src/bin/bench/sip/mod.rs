//! Phones and trunks: how many calls a second one core sets up, what it holds, what it withstands.

mod flood;
mod rates;
mod registrations;

use crate::Figure;

/// One of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Case {
    /// Callers whom the box answers itself and who hang up at once.
    AnsweredCps,
    /// Callers who are put through to an agent's phone, which hangs up at once.
    BridgedCps,
    /// 10,000 phones that register again each minute.
    Registrations,
    /// 5,000 requests a second of strangers, from one source and from 1,000.
    Flood,
}

impl Case {
    const ALL: [Self; 4] = [Self::AnsweredCps, Self::BridgedCps, Self::Registrations, Self::Flood];

    /// The cases named, or all.
    pub fn chosen(named: &[Self]) -> &[Self] {
        if named.is_empty() { &Self::ALL } else { named }
    }

    pub fn measure(self, flood_s: u64) -> anyhow::Result<Vec<Figure>> {
        match self {
            Self::AnsweredCps => rates::answered(),
            Self::BridgedCps => rates::bridged(),
            Self::Registrations => registrations::measure(),
            Self::Flood => flood::measure(flood_s),
        }
    }
}
