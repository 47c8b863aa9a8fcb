//! Alarms that stand, the worst first.

use super::bars::level;
use super::listing::Listing;
use super::table::{Column, cell};
use crate::keys::{Of, word};
use crate::model::{Model, View};
use crate::text::span;
use crate::words::{self, Word};
use control::Snapshot;
use ratatui::text::Line;

pub struct Alarms<'a> {
    pub model: &'a Model,
    pub shown: &'a Snapshot,
}

impl Listing for Alarms<'_> {
    fn view(&self) -> View {
        View::Alarms
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.model.lang;
        vec![
            Column::left("", 32).up_to(48),
            Column::left(words::ABOUT.in_lang(lang), 12).up_to(24),
            Column::left(words::LEVEL.in_lang(lang), 8).up_to(10),
            Column::right(words::SINCE.in_lang(lang), 9).up_to(12),
            Column::left(words::KEY.in_lang(lang), 15).up_to(24).rank(1),
        ]
    }
    fn count(&self) -> usize {
        self.shown.alarms.len()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.shown.alarms.get(index) else { return Vec::new() };
        let (theme, lang) = (self.model.theme, self.model.lang);
        let (level, style) = level(self.model, row.level);
        vec![
            cell(word(Of::Alarm, &row.key, lang), style),
            cell(word(Of::Part, &row.about, lang), theme.plain()),
            cell(level, style),
            cell(span(row.since_ms), theme.plain()),
            cell(row.key.clone(), theme.faint()),
        ]
    }
    fn detail(&self, index: usize) -> String {
        let Some(row) = self.shown.alarms.get(index) else { return String::new() };
        let lang = self.model.lang;
        format!("{}  {}  {}", word(Of::Alarm, &row.key, lang), row.about, row.key)
    }
    fn nothing(&self) -> Word {
        words::NOTHING_ALARMS
    }
}
