//! Queues: who waits, how long, and who could take the next call.

use super::listing::Listing;
use super::table::{Column, cell};
use crate::model::{Model, View};
use crate::text::span;
use crate::words::{self, Word};
use control::{QueueRow, Snapshot};
use ratatui::style::Style;
use ratatui::text::Line;

pub struct Queues<'a> {
    pub model: &'a Model,
    pub shown: &'a Snapshot,
}

impl Queues<'_> {
    /// The longest wait against the service level: late, soon late (from two thirds), or fine.
    fn longest(&self, row: &QueueRow) -> (String, Style) {
        let theme = self.model.theme;
        let wait = span(row.longest_wait_ms);
        if row.waiting == 0 {
            ("-".to_owned(), theme.faint())
        } else if row.longest_wait_ms > row.service_level_ms {
            (format!("!{wait}"), theme.bad())
        } else if row.longest_wait_ms > row.service_level_ms / 3 * 2 {
            (wait, theme.warn())
        } else {
            (wait, theme.good())
        }
    }
}

impl Listing for Queues<'_> {
    fn view(&self) -> View {
        View::Queues
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.model.lang;
        vec![
            Column::left("", 24).up_to(48),
            Column::right(words::WAITING.in_lang(lang), 8).up_to(10),
            Column::right(words::LONGEST.in_lang(lang), 9).up_to(12),
            Column::right(words::TARGET.in_lang(lang), 9).up_to(12),
            Column::right(words::FREE.in_lang(lang), 9).up_to(12),
            Column::right(words::RINGING.in_lang(lang), 8).up_to(10),
        ]
    }
    fn count(&self) -> usize {
        self.shown.queues.len()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.shown.queues.get(index) else { return Vec::new() };
        let theme = self.model.theme;
        let some = |count: u32| if count == 0 { theme.faint() } else { theme.plain() };
        let (longest, style) = self.longest(row);
        // Somebody waits and nobody is free: more agents are wanted.
        let free = match (row.agents_free, row.waiting) {
            (0, 1..) => theme.warn(),
            (0, 0) => theme.faint(),
            _ => theme.good(),
        };
        vec![
            cell(row.name.in_lang(self.model.lang), theme.plain()),
            cell(row.waiting.to_string(), some(row.waiting)),
            cell(longest, style),
            cell(span(row.service_level_ms), theme.faint()),
            cell(row.agents_free.to_string(), free),
            cell(row.offered.to_string(), some(row.offered)),
        ]
    }
    fn detail(&self, index: usize) -> String {
        let Some(row) = self.shown.queues.get(index) else { return String::new() };
        let lang = self.model.lang;
        let late = row.waiting > 0 && row.longest_wait_ms > row.service_level_ms;
        format!(
            "{} ({})  {} {}  {} {}{}",
            row.name.in_lang(lang),
            row.queue,
            words::WAITING.in_lang(lang),
            row.waiting,
            words::LONGEST.in_lang(lang),
            self.longest(row).0.trim_start_matches('!'),
            if late { format!(" {}", words::LATE.in_lang(lang)) } else { String::new() },
        )
    }
    fn nothing(&self) -> Word {
        words::NOTHING_QUEUES
    }
}
