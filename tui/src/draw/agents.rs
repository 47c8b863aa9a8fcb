//! Agents: state, why, since when, and with which call.

use super::listing::Listing;
use super::table::{Column, cell};
use crate::keys::{Of, word};
use crate::model::{Model, View};
use crate::text::span;
use crate::words::{self, Word};
use control::{AgentRow, Snapshot};
use ratatui::style::Style;
use ratatui::text::Line;

pub struct Agents<'a> {
    pub model: &'a Model,
    pub shown: &'a Snapshot,
}

impl Agents<'_> {
    fn state(&self, row: &AgentRow) -> (String, Style) {
        let theme = self.model.theme;
        let style = match row.state.as_str() {
            "ready" => theme.good(),
            "ringing" => theme.warn(),
            "talking" | "wrap-up" => theme.busy(),
            "logged-out" => theme.faint(),
            _ => theme.plain(),
        };
        (word(Of::Agent, &row.state, self.model.lang).to_owned(), style)
    }

    /// In the overview's narrow column: what a supervisor wants to know beside the state.
    pub fn call_or_reason(&self, row: &AgentRow) -> (String, Style) {
        let (theme, lang) = (self.model.theme, self.model.lang);
        match &row.call {
            _ if !row.phone_up && row.state != "logged-out" => {
                (words::PHONE_DOWN.in_lang(lang).to_owned(), theme.bad())
            }
            Some(call) => (call.clone(), theme.plain()),
            None => (word(Of::Reason, &row.reason, lang).to_owned(), theme.plain()),
        }
    }
}

impl Listing for Agents<'_> {
    fn view(&self) -> View {
        View::Agents
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.model.lang;
        vec![
            Column::left("", 11).up_to(14),
            Column::left(words::NAME.in_lang(lang), 13).up_to(30),
            Column::left(words::STATE.in_lang(lang), 12).up_to(16),
            Column::left(words::REASON.in_lang(lang), 12).up_to(24),
            Column::right(words::TIME.in_lang(lang), 8).up_to(10),
            Column::left(words::CALL.in_lang(lang), 8).up_to(12),
            Column::left(words::PHONE.in_lang(lang), 10).up_to(12),
        ]
    }
    fn count(&self) -> usize {
        self.shown.agents.len()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.shown.agents.get(index) else { return Vec::new() };
        let (theme, lang) = (self.model.theme, self.model.lang);
        let (state, style) = self.state(row);
        let (phone, phone_style) = match (row.phone_up, row.state.as_str()) {
            (true, _) if row.dnd => (words::PHONE_DND, theme.warn()),
            (true, _) if row.forwarded => (words::PHONE_FORWARDED, theme.warn()),
            (true, _) => (words::PHONE_UP, theme.plain()),
            (false, "logged-out") => (words::PHONE_DOWN, theme.faint()),
            (false, _) => (words::PHONE_DOWN, theme.bad()),
        };
        vec![
            cell(row.agent.clone(), theme.plain()),
            cell(row.name.clone(), theme.plain()),
            cell(state, style),
            cell(word(Of::Reason, &row.reason, lang), theme.plain()),
            cell(span(row.state_ms), style),
            cell(row.call.clone().unwrap_or_default(), theme.plain()),
            cell(phone.in_lang(lang), phone_style),
        ]
    }
    fn detail(&self, index: usize) -> String {
        let Some(row) = self.shown.agents.get(index) else { return String::new() };
        let lang = self.model.lang;
        let mut parts = vec![
            format!("{} {}", row.agent, row.name),
            format!("{} {}", self.state(row).0, span(row.state_ms)),
        ];
        if !row.reason.is_empty() {
            parts.push(word(Of::Reason, &row.reason, lang).to_owned());
        }
        if let Some(call) = &row.call {
            parts.push(format!("{} {call}", words::CALL.in_lang(lang)));
        }
        if !row.phone.is_empty() && row.phone != row.agent {
            parts.push(format!("{} {}", words::PHONE.in_lang(lang), row.phone));
        }
        let marks = [(row.dnd, words::PHONE_DND), (row.forwarded, words::PHONE_FORWARDED)];
        let marks = marks.iter().filter(|mark| mark.0);
        parts.extend(marks.map(|mark| mark.1.in_lang(lang).to_owned()));
        parts.join("  ")
    }
    fn nothing(&self) -> Word {
        words::NOTHING_AGENTS
    }
}

/// The agents as the overview shows them: half as wide.
pub struct AgentsNarrow<'a>(pub Agents<'a>);

impl Listing for AgentsNarrow<'_> {
    fn view(&self) -> View {
        View::Agents
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.0.model.lang;
        vec![
            Column::left("", 16).up_to(32),
            Column::left(words::STATE.in_lang(lang), 10).up_to(14),
            Column::right(words::TIME.in_lang(lang), 8),
            Column::left(words::CALL_OR_REASON.in_lang(lang), 9).up_to(16),
        ]
    }
    fn count(&self) -> usize {
        self.0.count()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.0.shown.agents.get(index) else { return Vec::new() };
        let (state, style) = self.0.state(row);
        let (beside, beside_style) = self.0.call_or_reason(row);
        vec![
            cell(format!("{} {}", row.agent, row.name), self.0.model.theme.plain()),
            cell(state, style),
            cell(span(row.state_ms), style),
            cell(beside, beside_style),
        ]
    }
    fn detail(&self, index: usize) -> String {
        self.0.detail(index)
    }
    fn nothing(&self) -> Word {
        self.0.nothing()
    }
}
