//! The bars: status at the top, the box's silence, the worst alarm, keys at the bottom.

use super::listing::title;
use crate::keys::{Of, word};
use crate::link::Trouble;
use crate::model::{Connection, Model, View};
use crate::text::{fit, span, width, wrap};
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
        (format!("v{}", fit(&shown.version, 12)), theme.bar()),
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
    if let Some(done) = model.answer() {
        let (text, style) = match done {
            Ok(()) => (words::HEADSET_DONE.in_lang(lang).to_owned(), theme.bar()),
            Err(trouble) => (why(model, trouble), theme.banner()),
        };
        buffer.set_string(area.x, area.y, fit(&text, area.width), style);
        return;
    }
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
    for (line, y) in banner_lines(model, area.width).iter().zip(area.top()..area.bottom()) {
        buffer.set_string(area.x + 1, y, line, style);
    }
}

/// The banner's lines in a terminal this wide: one or two.
pub fn banner_lines(model: &Model, wide: u16) -> Vec<String> {
    let mut lines = wrap(&unreachable(model), wide.saturating_sub(2));
    lines.truncate(2);
    lines
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
    let say = |word: words::Word| word.in_lang(lang);
    match trouble {
        Trouble::Absent => say(words::TROUBLE_ABSENT).to_owned(),
        Trouble::Refused => say(words::TROUBLE_REFUSED).to_owned(),
        Trouble::NotAllowed => say(words::TROUBLE_NOT_ALLOWED).to_owned(),
        Trouble::Closed => say(words::TROUBLE_CLOSED).to_owned(),
        Trouble::Silent => say(words::TROUBLE_SILENT).to_owned(),
        Trouble::NotUnderstood => {
            format!("{}{}", say(words::TROUBLE_NOT_UNDERSTOOD), say(words::TROUBLE_ADVICE))
        }
        Trouble::Io(text) => text.clone(),
        Trouble::Said(text) => format!("{}: {text}", say(words::TROUBLE_SAID)),
        Trouble::Mismatch { protocol, .. } => format!(
            "{} {protocol}{} {PROTOCOL}{}",
            say(words::TROUBLE_PROTOCOL_BOX),
            say(words::TROUBLE_PROTOCOL_OURS),
            say(words::TROUBLE_ADVICE),
        ),
    }
}
