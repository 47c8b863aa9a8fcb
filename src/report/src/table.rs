//! The report as tables for a terminal, in zh-CN or en; a Chinese sign takes two columns.

use crate::figures::{AgentRow, DayReport, QueueRow, Service, Spread};
use crate::sound::SoundRow;
use crate::words::{self as w, Word};
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use model::site::Lang;
use model::time::Zone;

/// A rule under the heading and one under the last row.
const RULES: TableStyle = TableStyle::new().header_separator(RULE).bottom_border(RULE);
const RULE: LineStyle = LineStyle::none().fill('─').junction('─');

impl DayReport {
    /// The report as tables. Durations are h:mm:ss, cut to whole seconds.
    pub fn to_table(&self, lang: Lang) -> String {
        let mut parts = vec![self.head(lang)];
        let mut part = |title: &Word, table: Table| {
            parts.push(format!("\n{}\n{}", title.lang(lang), table.trim_fmt()));
        };
        part(&w::QUEUES, self.counts(lang));
        part(&w::WAITS, self.waits(lang));
        part(&w::AGENTS, self.agents_table(lang));
        if self.agents.iter().any(|agent| !agent.times.not_ready_ms.is_empty()) {
            part(&w::REASONS, self.reasons(lang));
        }
        if !self.sound.is_empty() {
            part(&w::SOUND, self.sound_table(lang));
        }
        let how = [w::HOW_OFFERED, w::HOW_SERVICE, w::HOW_AGENTS].map(|how| how.lang(lang));
        parts.push(format!("\n{}\n", how.join("\n")));
        parts.join("\n")
    }

    fn head(&self, lang: Lang) -> String {
        let (colon, comma) = (w::COLON.lang(lang), w::COMMA.lang(lang));
        let mut title = format!("{} {} ({})", w::TITLE.lang(lang), self.date, self.zone);
        if self.until < self.to
            && let Some(zone) = Zone::named(&self.zone)
        {
            title += &format!("{comma}{} {}", w::AS_OF.lang(lang), zone.civil(self.until));
        }
        let calls = [
            format!("{}{colon}{}", w::CALLS.lang(lang), self.calls.arrived),
            format!("{} {}", w::REFUSED.lang(lang), self.calls.refused),
            format!("{} {}", w::BOX_ANSWERED.lang(lang), self.calls.answered),
            format!("{} {}", w::QUEUED.lang(lang), self.calls.queued),
        ];
        format!("{title}\n{}", calls.join(comma))
    }

    fn counts(&self, lang: Lang) -> Table {
        let heads = [
            w::QUEUE,
            w::OFFERED,
            w::ANSWERED,
            w::ABANDONED,
            w::OVERFLOWED,
            w::TURNED_AWAY,
            w::LOST,
            w::WAITING,
            w::SERVICE,
        ];
        let row = |row: &QueueRow| {
            let counts = [
                row.offered,
                row.answered,
                row.abandoned,
                row.overflowed,
                row.turned_away,
                row.lost,
                row.waiting,
            ];
            let mut cells = vec![queue_name(row, lang)];
            cells.extend(counts.map(|count| count.to_string()));
            cells.push(percent(row.service));
            cells
        };
        table(lang, &heads, 1, self.queues.iter().chain([&self.total]).map(row))
    }

    fn sound_table(&self, lang: Lang) -> Table {
        let heads = [
            w::WHOSE,
            w::MEASURED,
            w::MOS,
            w::MOS_WORST,
            w::POOR,
            w::LOST_PACKETS,
            w::MADE_UP,
            w::NOT_HEARD,
        ];
        let mos = |mos: Option<u16>| {
            mos.map_or(String::new(), |mos| format!("{}.{:02}", mos / 100, mos % 100))
        };
        let row = |row: &SoundRow| {
            vec![
                if row.of == "all" { w::TOGETHER.lang(lang).to_owned() } else { row.id.clone() },
                clock(row.ms),
                mos(row.mos),
                mos(row.mos_worst),
                clock(row.poor_ms),
                row.lost_permille
                    .map_or(String::new(), |lost| format!("{}.{} %", lost / 10, lost % 10)),
                clock(row.concealed_ms),
                clock(row.muted_ms),
            ]
        };
        table(lang, &heads, 1, self.sound.iter().map(row))
    }

    fn waits(&self, lang: Lang) -> Table {
        let heads = [
            w::QUEUE,
            w::WAIT_AVERAGE,
            w::WAIT_LONGEST,
            w::GIVEN_UP_AVERAGE,
            w::GIVEN_UP_LONGEST,
            w::TALK,
            w::TALK_AVERAGE,
            w::WRAP_UP,
            w::WRAP_UP_AVERAGE,
        ];
        let row = |row: &QueueRow| {
            vec![
                queue_name(row, lang),
                average(row.wait_answered.average_ms),
                longest(row.wait_answered),
                average(row.wait_abandoned.average_ms),
                longest(row.wait_abandoned),
                clock(row.talk.total_ms),
                average(row.talk.average_ms),
                clock(row.wrap_up.total_ms),
                average(row.wrap_up.average_ms),
            ]
        };
        table(lang, &heads, 1, self.queues.iter().chain([&self.total]).map(row))
    }

    fn agents_table(&self, lang: Lang) -> Table {
        let heads = [
            w::AGENT,
            w::NAME,
            w::OFFERED,
            w::ANSWERED,
            w::MISSED,
            w::LOGGED_IN,
            w::READY,
            w::NOT_READY,
            w::RINGING,
            w::TALKING,
            w::WRAP_UP,
        ];
        let row = |row: &AgentRow| {
            let counts = [row.offers.offered, row.offers.answered, row.offers.missed];
            let times = [
                row.times.logged_in_ms,
                row.times.ready_ms,
                row.times.not_ready_total_ms(),
                row.times.ringing_ms,
                row.times.talking_ms,
                row.times.wrap_up_ms,
            ];
            let mut cells = vec![row.agent.to_string(), row.name.clone()];
            cells.extend(counts.map(|count| count.to_string()));
            cells.extend(times.map(clock));
            cells
        };
        table(lang, &heads, 2, self.agents.iter().map(row))
    }

    fn reasons(&self, lang: Lang) -> Table {
        let heads = [w::AGENT, w::NAME, w::REASON, w::TIME];
        let rows = self.agents.iter().flat_map(|row| {
            row.times.not_ready_ms.iter().map(|(reason, ms)| {
                let reason = w::reason(reason, lang).to_owned();
                vec![row.agent.to_string(), row.name.clone(), reason, clock(*ms)]
            })
        });
        table(lang, &heads, 3, rows)
    }
}

/// A table whose first `texts` columns stand on the left and whose figures on the right.
fn table(
    lang: Lang,
    heads: &[Word],
    texts: usize,
    rows: impl Iterator<Item = Vec<String>>,
) -> Table {
    let cells = |texts_of: Vec<String>| -> Vec<Cell> {
        let side = |n| if n < texts { CellAlignment::Left } else { CellAlignment::Right };
        let cell = |(n, text)| Cell::new(text).set_alignment(side(n));
        texts_of.into_iter().enumerate().map(cell).collect()
    };
    let mut table = Table::new();
    table.load_style(RULES);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(cells(heads.iter().map(|head| head.lang(lang).to_owned()).collect()));
    for row in rows {
        table.add_row(cells(row));
    }
    table
}

/// The queue's name; its key where the site has none, and the total's word.
fn queue_name(row: &QueueRow, lang: Lang) -> String {
    match row.name.in_lang(lang) {
        "" if row.queue.is_empty() => w::TOTAL.lang(lang).to_owned(),
        "" => row.queue.clone(),
        name => name.to_owned(),
    }
}

fn percent(service: Service) -> String {
    match service.permille {
        Some(permille) => format!("{}.{} %", permille / 10, permille % 10),
        None => "–".into(),
    }
}

/// A span as h:mm:ss.
fn clock(ms: u64) -> String {
    let s = ms / 1000;
    format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

fn average(ms: Option<u64>) -> String {
    ms.map_or_else(|| "–".into(), clock)
}

fn longest(spread: Spread) -> String {
    average((spread.count > 0).then_some(spread.longest_ms))
}
