//! Draw: the model as a frame. Nothing here changes anything.
//!
//! ```text
//!   site · version · time · uptime · alarms · draining          bars
//!   (the box is not reachable since …, trying)                  bars
//!   the view: overview, or one listing and its selected row     overview, listing; help over it
//!   (the worst alarm)                                           bars
//!   keys                                                        bars
//! ```

mod agents;
mod alarms;
mod bars;
mod calls;
mod counters;
mod help;
mod lines;
mod listing;
mod overview;
mod queues;
mod table;

use crate::model::{Connection, Model, SIZE_MIN, View};
use crate::text::{fit, width};
use crate::words;
use control::Snapshot;
use listing::Listing;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the model into a terminal's frame.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    paint(model, frame.buffer_mut(), area);
}

/// Draws the model as plain text, a line a row.
pub fn frame_text(model: &Model) -> String {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let mut buffer = Buffer::empty(area);
    paint(model, &mut buffer, area);
    text_of(&buffer)
}

/// The text of a frame, without the blanks at the ends of lines.
pub fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.rows().map(|row| row.y) {
        let mut line = String::new();
        let mut x = buffer.area.left();
        while let Some(cell) = buffer.cell((x, y)) {
            line.push_str(cell.symbol());
            // A wide character covers the cell after it.
            x += width(cell.symbol()).max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// How many lines of the help do not fit: the furthest it can be scrolled.
pub(crate) fn help_lines_over(model: &Model) -> u16 {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    help::lines_over(model, parts(model, area).body)
}

/// The parts of a frame; a part that isn't shown has no height.
struct Parts {
    status: Rect,
    banner: Rect,
    body: Rect,
    alarm: Rect,
    keys: Rect,
}

fn parts(model: &Model, area: Rect) -> Parts {
    let shown = model.snapshot.as_deref();
    let down = matches!(model.connection, Connection::Down { .. });
    let alarms = shown.is_some_and(|shown| !shown.alarms.is_empty());
    let banner = bars::banner_lines(model, area.width).len() as u16;
    let heights = [
        1,
        if down && shown.is_some() { banner } else { 0 },
        u16::from(alarms && model.view == View::Overview && model.help.is_none()),
        u16::from(model.interactive),
    ];
    let [status, banner, alarm, keys] = heights;
    let body = area.height.saturating_sub(heights.iter().sum());
    let mut y = area.y;
    let mut take = |height: u16| {
        let part = Rect::new(area.x, y, area.width, height);
        y += height;
        part.intersection(area)
    };
    Parts {
        status: take(status),
        banner: take(banner),
        body: take(body),
        alarm: take(alarm),
        keys: take(keys),
    }
}

fn paint(model: &Model, buffer: &mut Buffer, area: Rect) {
    if area.width < SIZE_MIN.0 || area.height < SIZE_MIN.1 {
        return too_small(model, buffer, area);
    }
    let parts = parts(model, area);
    bars::status(model, buffer, parts.status);
    if model.interactive {
        bars::keys(model, buffer, parts.keys);
    }
    if model.help.is_some() {
        help::paint(model, buffer, parts.body);
    } else if let Some(shown) = &model.snapshot {
        if model.view == View::Overview {
            overview::paint(model, shown, buffer, parts.body);
        } else {
            listing::paint_full(model, listing(model, shown).as_ref(), buffer, parts.body);
        }
    } else {
        return no_box(model, buffer, parts.body);
    }
    if let Some(shown) = &model.snapshot {
        bars::worst_alarm(model, shown, buffer, parts.alarm);
    }
    if matches!(model.connection, Connection::Down { .. }) && model.snapshot.is_some() {
        if model.help.is_none() {
            buffer.set_style(parts.body, model.theme.stale());
            buffer.set_style(parts.alarm, model.theme.stale());
        }
        bars::banner(model, buffer, parts.banner);
    }
}

/// The rows of a view; the overview's own are its calls.
fn listing<'a>(model: &'a Model, shown: &'a Snapshot) -> Box<dyn Listing + 'a> {
    match model.view {
        View::Overview | View::Calls => Box::new(calls::Calls { model, shown }),
        View::Queues => Box::new(queues::Queues { model, shown }),
        View::Agents => Box::new(agents::Agents { model, shown }),
        View::Lines => Box::new(lines::Lines { model, shown }),
        View::Alarms => Box::new(alarms::Alarms { model, shown }),
        View::Counters => Box::new(counters::Counters { model, shown }),
    }
}

/// Before the first snapshot: what is being tried, and what a person may do.
fn no_box(model: &Model, buffer: &mut Buffer, area: Rect) {
    let lang = model.lang;
    let socket = format!("{}: {}", words::SOCKET.in_lang(lang), model.socket);
    let lines = match &model.connection {
        Connection::Down { .. } => {
            let why = bars::banner_lines(model, area.width).into_iter();
            let why = why.map(|line| (line, model.theme.bad()));
            why.chain([
                (String::new(), model.theme.plain()),
                (socket, model.theme.plain()),
                (words::START_HINT.in_lang(lang).to_owned(), model.theme.plain()),
            ])
            .collect()
        }
        _ => vec![
            (words::CONNECTING.in_lang(lang).to_owned(), model.theme.plain()),
            (socket, model.theme.faint()),
        ],
    };
    centred(buffer, area, &lines);
}

fn too_small(model: &Model, buffer: &mut Buffer, area: Rect) {
    let (width, height) = SIZE_MIN;
    let lines = [
        (words::TOO_SMALL.in_lang(model.lang).to_owned(), model.theme.bad()),
        (format!("{}x{}", area.width, area.height), model.theme.plain()),
        (
            format!("{} {width}x{height}", words::TOO_SMALL_NEED.in_lang(model.lang)),
            model.theme.plain(),
        ),
    ];
    centred(buffer, area, &lines);
}

fn centred(buffer: &mut Buffer, area: Rect, lines: &[(String, Style)]) {
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let top = area.height.saturating_sub(count) / 2;
    for ((text, style), y) in lines.iter().zip(top..area.height) {
        let text = fit(text, area.width);
        let x = area.x + area.width.saturating_sub(width(&text)) / 2;
        buffer.set_string(x, area.y + y, text, *style);
    }
}
