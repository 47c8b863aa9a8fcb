//! The model: everything a frame shows.

use crate::link::Trouble;
use crate::theme::Theme;
use control::{Lang, Snapshot};
use std::time::Duration;

/// Smallest terminal that is drawn into; below it the screen says so.
pub const SIZE_MIN: (u16, u16) = (80, 20);

/// How long an answer stands in the place of the keys.
const ANSWER_SHOWN: Duration = Duration::from_secs(5);

/// A screen of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Overview,
    Queues,
    Agents,
    Calls,
    Lines,
    Alarms,
    Counters,
}

impl View {
    /// Every view, as keys 1 to 7 and Tab go through them.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Queues,
        Self::Agents,
        Self::Calls,
        Self::Lines,
        Self::Alarms,
        Self::Counters,
    ];

    /// The view's place in `ALL`.
    pub fn index(self) -> usize {
        self as usize
    }
    /// The view of key `number`, from 1.
    pub fn of_number(number: usize) -> Option<Self> {
        Self::ALL.get(number.checked_sub(1)?).copied()
    }
}

/// The order of calls and agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By number: calls as they arrived, agents by their own.
    #[default]
    Number,
    /// Longest in its state first.
    Time,
}

/// Whether the box can be reached. Times are since the console's start.
#[derive(Clone, Debug, PartialEq)]
pub enum Connection {
    /// Nothing has been heard yet and nothing has failed.
    Opening,
    Up,
    Down {
        since: Duration,
        trouble: Trouble,
    },
}

/// Which row of a view is selected. It stays with its row while rows come and go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor {
    pub index: usize,
    /// The row's own key; none until somebody moved the selection.
    key: Option<String>,
}

impl Cursor {
    /// Tells whether somebody moved the selection.
    pub fn is_set(&self) -> bool {
        self.key.is_some()
    }
}

/// Everything a frame shows.
#[derive(Clone, Debug)]
pub struct Model {
    pub lang: Lang,
    pub theme: Theme,
    /// Shown where the box isn't reachable.
    pub socket: String,
    pub size: (u16, u16),
    /// Since the console's start.
    pub now: Duration,
    pub connection: Connection,
    /// The last one heard, cleaned and sorted.
    pub snapshot: Option<Box<Snapshot>>,
    pub view: View,
    pub sort: Sort,
    /// The first line of the help that is shown, while it is open.
    pub help: Option<u16>,
    /// What became of the last thing asked of a headset, and when that was.
    pub asked: Option<(Duration, Result<(), Trouble>)>,
    /// Off for `--once`: no selection and no bar of keys.
    pub interactive: bool,
    cursors: [Cursor; View::ALL.len()],
}

impl Model {
    /// A console that has heard nothing yet.
    pub fn new(lang: Lang, theme: Theme, socket: &str) -> Self {
        Self {
            lang,
            theme,
            socket: crate::text::clean(socket),
            size: (80, 24),
            now: Duration::ZERO,
            connection: Connection::Opening,
            snapshot: None,
            view: View::Overview,
            sort: Sort::default(),
            help: None,
            asked: None,
            interactive: true,
            cursors: Default::default(),
        }
    }

    /// What became of the last thing asked, while it is news.
    pub fn answer(&self) -> Option<&Result<(), Trouble>> {
        let (at, done) = self.asked.as_ref()?;
        (self.now.saturating_sub(*at) < ANSWER_SHOWN).then_some(done)
    }

    /// The selection of the view that is shown.
    pub fn cursor(&self) -> &Cursor {
        // An index of `View::ALL` is always one of the array as long.
        &self.cursors[self.view.index()]
    }

    /// Rows of the view that is shown; the overview scrolls its calls.
    pub fn count(&self) -> usize {
        let Some(shown) = &self.snapshot else { return 0 };
        match self.view {
            View::Overview | View::Calls => shown.calls.len(),
            View::Queues => shown.queues.len(),
            View::Agents => shown.agents.len(),
            View::Lines => shown.lines.len(),
            View::Alarms => shown.alarms.len(),
            View::Counters => shown.counters.len(),
        }
    }

    /// Selects the row at `index`, or the last one.
    pub fn select(&mut self, index: usize) {
        let index = index.min(self.count().saturating_sub(1));
        let key = self.snapshot.as_ref().and_then(|shown| key_of(shown, self.view, index));
        self.cursors[self.view.index()] = Cursor { index, key };
    }

    /// Moves every selection to where its row is now; one whose row is gone stays in its place.
    pub fn follow(&mut self) {
        let Some(shown) = &self.snapshot else { return };
        for (of, cursor) in View::ALL.into_iter().zip(&mut self.cursors) {
            let mut found = None;
            let mut count = 0;
            while let Some(key) = key_of(shown, of, count) {
                if Some(&key) == cursor.key.as_ref() {
                    found = Some(count);
                }
                count += 1;
            }
            cursor.index = found.unwrap_or(cursor.index).min(count.saturating_sub(1));
            if cursor.key.is_some() && found.is_none() {
                cursor.key = key_of(shown, of, cursor.index);
            }
        }
    }
}

/// What names the row at `index` of a view.
fn key_of(shown: &Snapshot, view: View, index: usize) -> Option<String> {
    match view {
        View::Overview | View::Calls => shown.calls.get(index).map(|row| row.call.clone()),
        View::Queues => shown.queues.get(index).map(|row| row.queue.clone()),
        View::Agents => shown.agents.get(index).map(|row| row.agent.clone()),
        View::Lines => shown.lines.get(index).map(|row| row.line.clone()),
        View::Alarms => shown.alarms.get(index).map(|row| format!("{} {}", row.key, row.about)),
        View::Counters => shown.counters.get(index).map(|row| row.name.clone()),
    }
}
