//! A listing: a head, rows, and which of them are in sight.

use super::table::{self, Column};
use crate::model::{Model, Sort, View};
use crate::text::{fit, width};
use crate::words::{self, Word};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Rows of one kind.
pub trait Listing {
    fn view(&self) -> View;
    /// The first column's head is the listing's title.
    fn columns(&self) -> Vec<Column>;
    fn count(&self) -> usize;
    /// The cells of a row, one a column.
    fn row(&self, index: usize) -> Vec<Line<'static>>;
    /// All of a row in one line.
    fn detail(&self, index: usize) -> String;
    /// Stands where there are no rows.
    fn nothing(&self) -> Word;
}

/// The name of a view, as its key and the head of its listing show it.
pub fn title(view: View) -> Word {
    match view {
        View::Overview => words::OVERVIEW,
        View::Queues => words::QUEUES,
        View::Agents => words::AGENTS,
        View::Calls => words::CALLS,
        View::Lines => words::LINES,
        View::Alarms => words::ALARMS,
        View::Counters => words::COUNTERS,
    }
}

/// Draws a listing as a whole view, with its selected row in full below.
pub fn paint_full(model: &Model, listing: &dyn Listing, buffer: &mut Buffer, area: Rect) {
    let height = area.height.saturating_sub(2);
    let table = Rect { height, ..area };
    let cursor = model.cursor().index;
    paint(model, listing, buffer, table, cursor, model.interactive && listing.count() > 0);
    if !model.interactive || listing.count() == 0 {
        return;
    }
    let y = area.y + height;
    let rule = "─".repeat(usize::from(area.width));
    buffer.set_string(area.x, y, rule, model.theme.faint());
    if matches!(listing.view(), View::Calls | View::Agents) {
        let order = match model.sort {
            Sort::Number => words::SORTED_NUMBER,
            Sort::Time => words::SORTED_TIME,
        };
        let order = format!(" s: {} ", order.in_lang(model.lang));
        let x = area.right().saturating_sub(width(&order) + 2);
        buffer.set_string(x, y, order, model.theme.faint());
    }
    let detail = fit(&listing.detail(cursor), area.width);
    buffer.set_string(area.x, y + 1, detail, model.theme.plain());
}

/// Draws a listing's head and the rows around `cursor`.
pub fn paint(
    model: &Model,
    listing: &dyn Listing,
    buffer: &mut Buffer,
    area: Rect,
    cursor: usize,
    selected: bool,
) {
    if area.height == 0 {
        return;
    }
    let columns = listing.columns();
    let places = table::places(&columns, area.width);
    let row = |line: u16| Rect::new(area.x, area.y + line, area.width, 1);
    buffer.set_style(row(0), model.theme.head());
    let heads = columns.iter().enumerate().map(|(at, column)| {
        let text = if at == 0 { head(model, listing) } else { column.head.to_owned() };
        table::cell(text, model.theme.head())
    });
    table::paint_row(buffer, row(0), &columns, &places, heads.collect());

    let count = listing.count();
    let room = usize::from(area.height - 1);
    if count == 0 && room > 0 {
        let nothing = listing.nothing().in_lang(model.lang);
        buffer.set_string(area.x, area.y + 1, fit(nothing, area.width), model.theme.faint());
    }
    let over = count > room;
    let sight = in_sight(cursor, if over { room.saturating_sub(1) } else { room }, count);
    let mut line = 0;
    for index in sight.clone() {
        line += 1;
        table::paint_row(buffer, row(line), &columns, &places, listing.row(index));
        if selected && index == cursor {
            buffer.set_style(row(line), model.theme.selected());
        }
    }
    if over && room > 0 {
        let mut text = format!("… {}–{} / {count}", sight.start + 1, sight.end);
        if model.view != listing.view() && model.interactive {
            let number = listing.view().index() + 1;
            text.push_str(&format!("  {} {number}", words::PRESS.in_lang(model.lang)));
        }
        buffer.set_string(area.x, area.y + line + 1, fit(&text, area.width), model.theme.faint());
    }
}

fn head(model: &Model, listing: &dyn Listing) -> String {
    let (view, count) = (listing.view(), listing.count());
    format!("{} {} {count}", view.index() + 1, title(view).in_lang(model.lang))
}

/// The rows in sight: the cursor's in the middle, but no blank rows at either end.
fn in_sight(cursor: usize, room: usize, count: usize) -> std::ops::Range<usize> {
    let first = cursor.saturating_sub(room / 2).min(count.saturating_sub(room));
    first..(first + room).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_always_in_sight_and_no_room_is_wasted() {
        for count in 0..40 {
            for room in 0..12 {
                for cursor in 0..count.max(1) {
                    let sight = in_sight(cursor, room, count);
                    assert_eq!(sight.len(), room.min(count));
                    assert!(room == 0 || count == 0 || sight.contains(&cursor));
                }
            }
        }
    }
}
