//! What the box sent, before it enters the model: every text cleaned, rows in their order.

use crate::model::Sort;
use crate::text::clean;
use control::{Snapshot, Words};

/// Cleans every text of a snapshot. Nothing of it was written for a terminal: a caller's number
/// comes from a line, a name from `site.toml`.
pub fn cleaned(mut shown: Snapshot) -> Snapshot {
    words(&mut shown.site);
    all([&mut shown.version, &mut shown.now]);
    for row in &mut shown.calls {
        all([&mut row.call, &mut row.via, &mut row.caller, &mut row.state, &mut row.at]);
        all([&mut row.muted]);
    }
    for row in &mut shown.queues {
        all([&mut row.queue]);
        words(&mut row.name);
    }
    for row in &mut shown.agents {
        all([&mut row.agent, &mut row.name, &mut row.state, &mut row.reason]);
        all([&mut row.phone]);
        all(row.call.as_mut());
    }
    for row in &mut shown.lines {
        all([&mut row.line, &mut row.kind, &mut row.state]);
        all(&mut row.alarms);
    }
    for row in &mut shown.alarms {
        all([&mut row.key, &mut row.about]);
    }
    all(shown.counters.iter_mut().map(|row| &mut row.name));
    let phone = &mut shown.phone_help;
    all([&mut phone.server, &mut phone.transport, &mut phone.realm]);
    all(&mut phone.accounts);
    all(phone.demo_password.as_mut());
    for (code, key) in &mut phone.codes {
        all([code, key]);
    }
    shown
}

/// Puts calls and agents in order. The rest stays as the site names it, alarms worst first as the
/// box sends them.
pub fn sort(shown: &mut Snapshot, by: Sort) {
    // Shorter first, so that agent 900 comes before 8001.
    let number = |text: &str| (text.len(), text.to_owned());
    shown.calls.sort_by_cached_key(|row| number(&row.call));
    shown.agents.sort_by_cached_key(|row| number(&row.agent));
    if by == Sort::Time {
        shown.calls.sort_by_key(|row| std::cmp::Reverse(row.state_ms));
        shown.agents.sort_by_key(|row| std::cmp::Reverse(row.state_ms));
    }
}

fn all<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    for text in texts {
        *text = clean(text);
    }
}

fn words(words: &mut Words) {
    all(words.0.values_mut());
}
