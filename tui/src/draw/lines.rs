//! Lines: ports and trunks, what they do, and what is wrong with them.

use super::listing::Listing;
use super::table::{Column, cell};
use crate::keys::{Of, word};
use crate::model::{Model, View};
use crate::words::{self, Word};
use control::{LineRow, Snapshot};
use ratatui::style::Style;
use ratatui::text::Line;

pub struct Lines<'a> {
    pub model: &'a Model,
    pub shown: &'a Snapshot,
}

impl Lines<'_> {
    fn state(&self, row: &LineRow) -> (String, Style) {
        let theme = self.model.theme;
        let style = match row.state.as_str() {
            "ringing" => theme.busy(),
            "busy" => theme.good(),
            "alarm" => theme.bad(),
            "idle" => theme.faint(),
            _ => theme.plain(),
        };
        (word(Of::Line, &row.state, self.model.lang).to_owned(), style)
    }

    fn alarms(&self, row: &LineRow) -> String {
        let words = row.alarms.iter().map(|key| word(Of::Alarm, key, self.model.lang));
        words.collect::<Vec<_>>().join(", ")
    }
}

impl Listing for Lines<'_> {
    fn view(&self) -> View {
        View::Lines
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.model.lang;
        vec![
            Column::left("", 16).up_to(24),
            Column::left(words::KIND.in_lang(lang), 10).up_to(14),
            Column::left(words::STATE.in_lang(lang), 8).up_to(12),
            Column::right(words::LINE_CALLS.in_lang(lang), 6),
            Column::left(words::ALARMS.in_lang(lang), 30).up_to(80),
        ]
    }
    fn count(&self) -> usize {
        self.shown.lines.len()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.shown.lines.get(index) else { return Vec::new() };
        let theme = self.model.theme;
        let (state, style) = self.state(row);
        vec![
            cell(row.line.clone(), theme.plain()),
            cell(word(Of::Kind, &row.kind, self.model.lang), theme.plain()),
            cell(state, style),
            cell(row.calls.to_string(), if row.calls == 0 { theme.faint() } else { theme.plain() }),
            cell(self.alarms(row), theme.bad()),
        ]
    }
    fn detail(&self, index: usize) -> String {
        let Some(row) = self.shown.lines.get(index) else { return String::new() };
        let (kind, state) = (word(Of::Kind, &row.kind, self.model.lang), self.state(row).0);
        format!("{}  {kind}  {state}  {}", row.line, self.alarms(row))
    }
    fn nothing(&self) -> Word {
        words::NOTHING_LINES
    }
}

/// The lines as the overview shows them: a third as wide, an alarm in place of the state.
pub struct LinesNarrow<'a>(pub Lines<'a>);

impl Listing for LinesNarrow<'_> {
    fn view(&self) -> View {
        View::Lines
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.0.model.lang;
        vec![
            Column::left("", 10).up_to(16),
            Column::left(words::STATE.in_lang(lang), 11).up_to(30),
            Column::right(words::LINE_CALLS.in_lang(lang), 5),
        ]
    }
    fn count(&self) -> usize {
        self.0.count()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.0.shown.lines.get(index) else { return Vec::new() };
        let theme = self.0.model.theme;
        let (state, style) = match row.alarms.as_slice() {
            [] => self.0.state(row),
            _ => (self.0.alarms(row), theme.bad()),
        };
        let calls = if row.calls == 0 { String::new() } else { row.calls.to_string() };
        vec![cell(row.line.clone(), theme.plain()), cell(state, style), cell(calls, theme.plain())]
    }
    fn detail(&self, index: usize) -> String {
        self.0.detail(index)
    }
    fn nothing(&self) -> Word {
        self.0.nothing()
    }
}
