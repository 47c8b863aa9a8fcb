//! The bars: status at the top, the box's silence, the worst alarm, keys at the bottom.

use super::listing::title;
use crate::keys::{Of, word};
use crate::link::Trouble;
use crate::model::{Connection, Model, View};
use crate::text::{fit, span, width};
use crate::words;
use control::{Level, PROTOCOL, Snapshot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Site, version, local time, uptime, alarms, draining.
pub fn status(model: &Model, buffer: &mut Buffer, area: Rect) {
    let (lang, theme) = (model.lang, model.theme);
    buffer.set_style(area, theme.bar());
    let Some(shown) = &model.snapshot else {
        buffer.set_string(area.x + 1, area.y, "Ringfence", theme.bar());
        return;
    };
    let count = shown.alarms.len();
    let alarms = match count {
        0 => words::ALARMS_NONE.in_lang(lang).to_owned(),
        1 => format!("1 {}", words::ALARM_COUNT_ONE.in_lang(lang)),
        _ => format!("{count} {}", words::ALARM_COUNT.in_lang(lang)),
    };
    let critical = shown.alarms.iter().any(|alarm| alarm.level == Level::Critical);
    let alarm_style = if critical { theme.banner() } else { theme.bar() };
    let mut parts = vec![
        (format!("Ringfence {}", fit(&shown.version, 12)), theme.bar()),
        (fit(&shown.now, 19), theme.bar()),
        (format!("{} {}", words::UPTIME.in_lang(lang), span(shown.uptime_ms)), theme.bar()),
        (alarms, alarm_style),
    ];
    if shown.draining {
        parts.push((words::DRAINING.in_lang(lang).to_owned(), theme.banner()));
    }
    let mut x = area.right();
    for (text, style) in parts.iter().rev() {
        let text = format!(" {text} ");
        x = x.saturating_sub(width(&text));
        buffer.set_string(x, area.y, text, *style);
    }
    let site = fit(shown.site.in_lang(lang), x.saturating_sub(area.x + 1));
    let bold = theme.bar().add_modifier(Modifier::BOLD);
    buffer.set_string(area.x + 1, area.y, site, bold);
}

/// The keys, and which view is shown.
pub fn keys(model: &Model, buffer: &mut Buffer, area: Rect) {
    let (lang, theme) = (model.lang, model.theme);
    buffer.set_style(area, theme.bar());
    let mut x = area.x;
    for view in View::ALL {
        let text = format!("{} {}", view.index() + 1, title(view).in_lang(lang));
        let chosen = view == model.view && model.help.is_none();
        let style = if chosen { theme.chosen() } else { theme.bar() };
        buffer.set_string(x, area.y, &text, style);
        x += width(&text) + 1;
    }
    let (help, other) = (words::HELP.in_lang(lang), words::OTHER_LANG.in_lang(lang));
    let text = format!("? {help} l {other} q {}", words::QUIT.in_lang(lang));
    let at = area.right().saturating_sub(width(&text)).max(x);
    let room = usize::from(area.right().saturating_sub(at));
    buffer.set_stringn(at, area.y, text, room, theme.bar());
}

/// The alarm to look at first: the worst, the oldest.
pub fn worst_alarm(model: &Model, shown: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let lang = model.lang;
    let Some(alarm) = shown
        .alarms
        .iter()
        .reduce(|worst, next| if next.level > worst.level { next } else { worst })
    else {
        return;
    };
    if area.height == 0 {
        return;
    }
    let (level, style) = level(model, alarm.level);
    let mut text = format!(
        "{level}: {} ({}) {}",
        word(Of::Alarm, &alarm.key, lang),
        word(Of::Part, &alarm.about, lang),
        span(alarm.since_ms)
    );
    if shown.alarms.len() > 1 {
        text.push_str(&format!("  +{}", shown.alarms.len() - 1));
    }
    buffer.set_string(area.x, area.y, fit(&text, area.width), style);
}

/// The word and style of an alarm's level.
pub fn level(model: &Model, level: Level) -> (&'static str, Style) {
    match level {
        Level::Critical => (words::CRITICAL.in_lang(model.lang), model.theme.bad()),
        Level::Warning => (words::WARNING.in_lang(model.lang), model.theme.warn()),
    }
}

/// The box is not reachable; what is shown below is its last state.
pub fn banner(model: &Model, buffer: &mut Buffer, area: Rect) {
    let style = model.theme.banner();
    buffer.set_style(area, style);
    let text = format!(" {}", unreachable(model));
    buffer.set_string(area.x, area.y, fit(&text, area.width), style);
}

/// `box not reachable since 15:04:05 (0:12), trying: nobody answers on the control socket`
pub fn unreachable(model: &Model) -> String {
    let lang = model.lang;
    let Connection::Down { since, trouble } = &model.connection else { return String::new() };
    let gone = model.now.saturating_sub(*since);
    let gone = span(u64::try_from(gone.as_millis()).unwrap_or(u64::MAX));
    let trying = words::TRYING.in_lang(lang);
    let (comma, colon) = match lang {
        control::Lang::Zh => ("，", "："),
        control::Lang::En => (", ", ": "),
    };
    let since = match &model.snapshot {
        // The box's own clock, at the last thing it said.
        Some(shown) => {
            let clock = shown.now.rsplit(' ').next().unwrap_or_default();
            let clock = fit(clock, 8);
            format!("{} {clock} ({gone})", words::UNREACHABLE_SINCE.in_lang(lang))
        }
        None => format!("{} {gone}", words::UNREACHABLE_FOR.in_lang(lang)),
    };
    format!("{since}{comma}{trying}{colon}{}", why(model, trouble))
}

fn why(model: &Model, trouble: &Trouble) -> String {
    let lang = model.lang;
    let word = match trouble {
        Trouble::Absent => words::TROUBLE_ABSENT,
        Trouble::Refused => words::TROUBLE_REFUSED,
        Trouble::NotAllowed => words::TROUBLE_NOT_ALLOWED,
        Trouble::Closed => words::TROUBLE_CLOSED,
        Trouble::Silent => words::TROUBLE_SILENT,
        Trouble::NotUnderstood => words::TROUBLE_NOT_UNDERSTOOD,
        Trouble::Io(text) => return text.clone(),
        Trouble::Said(text) => {
            return format!("{}: {text}", words::TROUBLE_SAID.in_lang(lang));
        }
        Trouble::Mismatch { protocol, .. } => {
            return format!(
                "{} ({} {protocol}, {} {PROTOCOL})",
                words::TROUBLE_MISMATCH.in_lang(lang),
                words::TROUBLE_MISMATCH_BOX.in_lang(lang),
                words::TROUBLE_MISMATCH_OURS.in_lang(lang),
            );
        }
    };
    word.in_lang(lang).to_owned()
}
