//! The report as CSV: one heading for all rows, the same in every language and for ever; new
//! columns are added at the end. Durations are milliseconds; a cell that does not apply is empty.
//!
//! `kind` is `queue`, `total`, `agent`, `agent-reason` (an agent's time not ready for `reason`), or
//! `sound` with `all`, `agent` or `line` in `reason`: how it sounded.

use crate::figures::{AgentRow, DayReport, QueueRow, Spread};
use model::site::Lang;
use serde::Serialize;

/// One row; its field names are the heading.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    date: &'a str,
    zone: &'a str,
    until_unix_ms: i64,
    kind: &'static str,
    id: &'a str,
    name_zh_cn: &'a str,
    name_en: &'a str,
    reason: &'a str,
    offered: Option<u64>,
    answered: Option<u64>,
    abandoned: Option<u64>,
    overflowed: Option<u64>,
    turned_away: Option<u64>,
    lost: Option<u64>,
    waiting: Option<u64>,
    talking: Option<u64>,
    missed: Option<u64>,
    withdrawn: Option<u64>,
    wait_answered_total_ms: Option<u64>,
    wait_answered_average_ms: Option<u64>,
    wait_answered_longest_ms: Option<u64>,
    wait_abandoned_total_ms: Option<u64>,
    wait_abandoned_average_ms: Option<u64>,
    wait_abandoned_longest_ms: Option<u64>,
    talk_total_ms: Option<u64>,
    talk_average_ms: Option<u64>,
    talk_longest_ms: Option<u64>,
    wrap_up_total_ms: Option<u64>,
    wrap_up_average_ms: Option<u64>,
    wrap_up_longest_ms: Option<u64>,
    service_level_ms: Option<u64>,
    service_within: Option<u64>,
    service_offered: Option<u64>,
    service_permille: Option<u64>,
    logged_in_ms: Option<u64>,
    ready_ms: Option<u64>,
    not_ready_ms: Option<u64>,
    ringing_ms: Option<u64>,
    talking_ms: Option<u64>,
    wrap_up_ms: Option<u64>,
    sound_ms: Option<u64>,
    mos_hundredths: Option<u16>,
    mos_worst_hundredths: Option<u16>,
    poor_ms: Option<u64>,
    lost_permille: Option<u16>,
    concealed_ms: Option<u64>,
    muted_ms: Option<u64>,
}

impl DayReport {
    /// The report as CSV in UTF-8 (RFC 4180, but for lines that end in a bare new line).
    pub fn to_csv(&self) -> Result<String, crate::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for queue in &self.queues {
            writer.serialize(self.queue_row("queue", queue))?;
        }
        writer.serialize(self.queue_row("total", &self.total))?;
        for agent in &self.agents {
            writer.serialize(self.agent_row(agent))?;
            for (reason, ms) in &agent.times.not_ready_ms {
                writer.serialize(Row {
                    kind: "agent-reason",
                    id: agent.agent.as_str(),
                    name_zh_cn: &agent.name,
                    name_en: &agent.name,
                    reason,
                    not_ready_ms: Some(*ms),
                    ..self.row()
                })?;
            }
        }
        for sound in &self.sound {
            writer.serialize(Row {
                kind: "sound",
                id: &sound.id,
                reason: &sound.of,
                sound_ms: Some(sound.ms),
                mos_hundredths: sound.mos,
                mos_worst_hundredths: sound.mos_worst,
                poor_ms: Some(sound.poor_ms),
                lost_permille: sound.lost_permille,
                concealed_ms: Some(sound.concealed_ms),
                muted_ms: Some(sound.muted_ms),
                ..self.row()
            })?;
        }
        let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn row(&self) -> Row<'_> {
        let (date, zone, until_unix_ms) = (&self.date, &self.zone, self.until.0);
        Row { date, zone, until_unix_ms, ..Row::default() }
    }

    fn queue_row<'a>(&'a self, kind: &'static str, queue: &'a QueueRow) -> Row<'a> {
        let spread = |spread: Spread| (Some(spread.total_ms), Some(spread.longest_ms));
        let (wait_answered_total_ms, wait_answered_longest_ms) = spread(queue.wait_answered);
        let (wait_abandoned_total_ms, wait_abandoned_longest_ms) = spread(queue.wait_abandoned);
        let (talk_total_ms, talk_longest_ms) = spread(queue.talk);
        let (wrap_up_total_ms, wrap_up_longest_ms) = spread(queue.wrap_up);
        Row {
            kind,
            id: &queue.queue,
            name_zh_cn: queue.name.in_lang(Lang::Zh),
            name_en: queue.name.in_lang(Lang::En),
            offered: Some(queue.offered),
            answered: Some(queue.answered),
            abandoned: Some(queue.abandoned),
            overflowed: Some(queue.overflowed),
            turned_away: Some(queue.turned_away),
            lost: Some(queue.lost),
            waiting: Some(queue.waiting),
            talking: Some(queue.talking),
            wait_answered_total_ms,
            wait_answered_average_ms: queue.wait_answered.average_ms,
            wait_answered_longest_ms,
            wait_abandoned_total_ms,
            wait_abandoned_average_ms: queue.wait_abandoned.average_ms,
            wait_abandoned_longest_ms,
            talk_total_ms,
            talk_average_ms: queue.talk.average_ms,
            talk_longest_ms,
            wrap_up_total_ms,
            wrap_up_average_ms: queue.wrap_up.average_ms,
            wrap_up_longest_ms,
            service_level_ms: queue.service.level_ms,
            service_within: Some(queue.service.within),
            service_offered: Some(queue.service.offered),
            service_permille: queue.service.permille,
            ..self.row()
        }
    }

    fn agent_row<'a>(&'a self, agent: &'a AgentRow) -> Row<'a> {
        Row {
            kind: "agent",
            id: agent.agent.as_str(),
            name_zh_cn: &agent.name,
            name_en: &agent.name,
            offered: Some(agent.offers.offered),
            answered: Some(agent.offers.answered),
            missed: Some(agent.offers.missed),
            withdrawn: Some(agent.offers.withdrawn),
            logged_in_ms: Some(agent.times.logged_in_ms),
            ready_ms: Some(agent.times.ready_ms),
            not_ready_ms: Some(agent.times.not_ready_total_ms()),
            ringing_ms: Some(agent.times.ringing_ms),
            talking_ms: Some(agent.times.talking_ms),
            wrap_up_ms: Some(agent.times.wrap_up_ms),
            ..self.row()
        }
    }
}
