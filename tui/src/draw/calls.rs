//! Live calls: who, by which line, where in the box, for how long.

use super::listing::Listing;
use super::table::{Column, cell};
use crate::keys::{Of, known, word};
use crate::model::{Model, View};
use crate::text::{span, width};
use crate::words::{self, Word};
use control::{CallRow, MOS_POOR, Snapshot};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

pub struct Calls<'a> {
    pub model: &'a Model,
    pub shown: &'a Snapshot,
}

impl Calls<'_> {
    fn state(&self, row: &CallRow) -> (String, Style) {
        let theme = self.model.theme;
        let style = match row.state.as_str() {
            "talking" | "conference" | "consulting" => theme.good(),
            "waiting" | "held" | "parked" => theme.warn(),
            "offered" | "ringing" | "calling" | "transferring" => theme.busy(),
            "ending" => theme.faint(),
            _ => theme.plain(),
        };
        (word(Of::Call, &row.state, self.model.lang).to_owned(), style)
    }

    fn caller(&self, row: &CallRow) -> String {
        if row.caller.is_empty() {
            return words::NUMBER_WITHHELD.in_lang(self.model.lang).to_owned();
        }
        row.caller.clone()
    }

    /// `port fxo-1` in the screen's language.
    fn via(&self, row: &CallRow) -> String {
        let lang = self.model.lang;
        match row.via.split_once(' ') {
            Some((kind, id)) => match known(Of::Kind, kind, lang) {
                Some(kind) => format!("{kind} {id}"),
                None => row.via.clone(),
            },
            None => row.via.clone(),
        }
    }

    /// The agent with name, the queue by its name, a menu by its key.
    fn at(&self, row: &CallRow) -> String {
        let agent = self.shown.agents.iter().find(|agent| agent.agent == row.at);
        let queue = self.shown.queues.iter().find(|queue| queue.queue == row.at);
        match (row.state.as_str(), agent, queue) {
            ("waiting" | "menu" | "parked", ..) if agent.is_some() => row.at.clone(),
            (_, Some(agent), _) => {
                format!("{} {}", agent.agent, agent.name)
            }
            ("menu", ..) | (_, _, None) => row.at.clone(),
            (_, _, Some(queue)) => queue.name.in_lang(self.model.lang).to_owned(),
        }
    }

    /// How the call sounds: its legs' worst opinion of late.
    fn sound(&self, row: &CallRow) -> String {
        row.mos.map_or(String::new(), |mos| format!("{}.{:02}", mos / 100, mos % 100))
    }

    /// Many would be dissatisfied (ITU-T G.107 annex B), or somebody is not heard.
    fn is_poor(&self, row: &CallRow) -> bool {
        row.mos.is_some_and(|mos| mos < MOS_POOR) || !row.muted.is_empty()
    }

    /// One place a mark, so that a column of them can be read downwards.
    fn marks(&self, row: &CallRow) -> Line<'static> {
        let (theme, lang) = (self.model.theme, self.model.lang);
        let marks = [
            (row.vip, words::VIP_MARK, theme.vip()),
            (row.complaint, words::COMPLAINT_MARK, theme.warn()),
            (row.recording, words::RECORDING_MARK, theme.bad()),
        ];
        let spans = marks.map(|(set, mark, style)| {
            let mark = if set { mark.in_lang(lang) } else { "" };
            let blank = 2_u16.saturating_sub(width(mark));
            Span::styled(format!("{mark}{}", " ".repeat(usize::from(blank))), style)
        });
        Line::from(spans.to_vec())
    }
}

impl Listing for Calls<'_> {
    fn view(&self) -> View {
        View::Calls
    }
    fn columns(&self) -> Vec<Column> {
        let lang = self.model.lang;
        vec![
            Column::left("", 11).up_to(14),
            Column::left(words::CALLER.in_lang(lang), 11).up_to(16),
            Column::left(words::VIA.in_lang(lang), 13).up_to(20),
            Column::left(words::STATE.in_lang(lang), 9).up_to(12),
            Column::left(words::AT.in_lang(lang), 14).up_to(30),
            Column::right(words::TIME.in_lang(lang), 7).up_to(9),
            Column::right(words::TOTAL.in_lang(lang), 7).up_to(9).rank(1),
            Column::left(words::MARKS.in_lang(lang), 6),
            Column::left(words::LANGUAGE.in_lang(lang), 5).rank(2),
            Column::right(words::MOS.in_lang(lang), 5).rank(2),
        ]
    }
    fn count(&self) -> usize {
        self.shown.calls.len()
    }
    fn row(&self, index: usize) -> Vec<Line<'static>> {
        let Some(row) = self.shown.calls.get(index) else { return Vec::new() };
        let theme = self.model.theme;
        let (state, style) = self.state(row);
        vec![
            cell(row.call.clone(), theme.plain()),
            cell(self.caller(row), theme.plain()),
            cell(self.via(row), theme.plain()),
            cell(state, style),
            cell(self.at(row), theme.plain()),
            cell(span(row.state_ms), style),
            cell(span(row.total_ms), theme.faint()),
            self.marks(row),
            cell(row.lang.tag(), theme.faint()),
            cell(self.sound(row), if self.is_poor(row) { theme.bad() } else { theme.faint() }),
        ]
    }
    fn detail(&self, index: usize) -> String {
        let Some(row) = self.shown.calls.get(index) else { return String::new() };
        let lang = self.model.lang;
        let times = format!("{}/{}", span(row.state_ms), span(row.total_ms));
        let state = format!("{} {} {times}", self.state(row).0, self.at(row));
        let mut parts = vec![
            row.call.clone(),
            self.caller(row),
            self.via(row),
            row.lang.tag().to_owned(),
            state,
        ];
        parts.extend(row.mos.map(|_| format!("MOS {}", self.sound(row))));
        if !row.muted.is_empty() {
            parts.push(word(Of::Alarm, &row.muted, lang).to_owned());
        }
        let marks = [
            (row.vip, words::VIP),
            (row.complaint, words::COMPLAINT),
            (row.recording, words::RECORDED),
        ];
        parts
            .extend(marks.iter().filter(|mark| mark.0).map(|mark| mark.1.in_lang(lang).to_owned()));
        parts.join("  ")
    }
    fn nothing(&self) -> Word {
        words::NOTHING_CALLS
    }
}
