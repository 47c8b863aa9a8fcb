//! Counters: what was refused, shed or late since the box started.

use super::listing::Listing;
use super::table::{Column, cell};
use crate::keys::{Of, word};
use crate::model::{Model, View};
use crate::words::{self, Word};
use control::Snapshot;
use ratatui::text::Line;

pub struct Counters<'a> {
    pub model: &'a Model,
    pub shown: &'a Snapshot,
}

impl Listing for Counters<'_> {
    fn view(&self) -> View {
        View::Counters
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.model.lang;
        vec![
            Column::left("", 34).up_to(44),
            Column::right(words::VALUE.in_lang(lang), 18),
            Column::left(words::KEY.in_lang(lang), 25),
        ]
    }
    fn count(&self) -> usize {
        self.shown.counters.len()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.shown.counters.get(index) else { return Vec::new() };
        let theme = self.model.theme;
        let value = if row.value == 0 { theme.faint() } else { theme.plain() };
        vec![
            cell(word(Of::Counter, &row.name, self.model.lang), theme.plain()),
            cell(row.value.to_string(), value),
            cell(row.name.clone(), theme.faint()),
        ]
    }
    fn detail(&self, index: usize) -> String {
        let Some(row) = self.shown.counters.get(index) else { return String::new() };
        format!("{}  {}", row.name, row.value)
    }
    fn nothing(&self) -> Word {
        words::NOTHING_COUNTERS
    }
}
