//! What the exchange takes up of the journal after a restart: seats, phones' settings, ceilings.

use crate::levels::Levels;
use exchange::{Setting, Spent};
use journal::Journal;
use model::site::Site;
use model::{AgentId, Fact, Owed, Owner, PhoneId, WallTime};

/// Facts of so long back are looked at for what was used of the day's ceilings.
const SPENT_MS: i64 = 24 * 3_600_000;

/// So many facts are looked at for how loud ports were: each call on a port says it anew.
const LEVELS_FACTS: u64 = 20_000;

/// Where agents sat who were not at their own phones.
pub fn seats(journal: &Journal) -> Vec<(AgentId, PhoneId)> {
    let agents = journal.agents().0.iter();
    agents.filter_map(|(agent, row)| Some((agent.clone(), row.seat.clone()?))).collect()
}

/// What the phones were set to.
pub fn phones(journal: &Journal) -> Result<Vec<(PhoneId, Setting)>, journal::Error> {
    let rows = journal.reader().phones()?.0.into_iter();
    let setting = |row: journal::PhoneRow| Setting {
        dnd: row.dnd,
        call_waiting: row.call_waiting,
        forwards: row.forwards.into_iter().collect(),
        rings: row.rings,
    };
    Ok(rows.map(|(phone, row)| (phone, setting(row))).collect())
}

/// Who is to be called back.
pub fn owed(journal: &Journal) -> Result<Vec<(Owner, Owed)>, journal::Error> {
    Ok(journal.reader().owed()?.0.into_iter().collect())
}

/// How loud the far sides of ports were.
pub fn levels(journal: &Journal, site: &Site) -> Result<Levels, journal::Error> {
    let mut levels = Levels::of(site);
    let from = journal.last_seq().saturating_sub(LEVELS_FACTS);
    for entry in journal.reader().entries(from) {
        if let Fact::PortHeard { port, heard } = entry?.fact {
            levels.restore(&port, heard);
        }
    }
    Ok(levels)
}

/// What of the ceilings of calls out was used today.
pub fn spent(journal: &Journal, site: &Site, now: WallTime) -> Result<Spent, journal::Error> {
    let mut spent = Spent::default();
    let from = WallTime(now.0.saturating_sub(SPENT_MS));
    let until = WallTime(now.0.saturating_add(1));
    for entry in journal.reader().entries_between(from, until) {
        let entry = entry?;
        spent.fold(&site.zone, entry.at, &entry.fact);
    }
    Ok(spent)
}
