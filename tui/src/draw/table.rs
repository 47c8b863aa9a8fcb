//! Columns that give way: which are shown at a width, and how wide each is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::text::{fit, width};

/// Blank columns between two columns.
const GAP: u16 = 1;

/// A column of a listing.
pub struct Column {
    pub head: &'static str,
    least: u16,
    most: u16,
    right: bool,
    rank: u8,
}

impl Column {
    /// A column of texts, `least` wide.
    pub fn left(head: &'static str, least: u16) -> Self {
        Self { head, least, most: least, right: false, rank: 0 }
    }
    /// A column of numbers.
    pub fn right(head: &'static str, least: u16) -> Self {
        Self { right: true, ..Self::left(head, least) }
    }
    /// May be as wide as this where there is room.
    pub fn up_to(self, most: u16) -> Self {
        Self { most, ..self }
    }
    /// Left out where there is no room, the highest rank first; rank 0 always stays.
    pub fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }
}

/// A cell: a text in a style, or spans.
pub fn cell(text: impl Into<String>, style: Style) -> Line<'static> {
    Line::from(Span::styled(text.into(), style))
}

/// The place of each column in `room` columns of a terminal, or none where it is left out.
pub fn places(columns: &[Column], room: u16) -> Vec<Option<(u16, u16)>> {
    let needed = |rank: u8| -> u16 {
        columns.iter().filter(|column| column.rank <= rank).map(|column| column.least + GAP).sum()
    };
    let ranks = columns.iter().map(|column| column.rank);
    let rank = ranks.filter(|&rank| needed(rank) <= room + GAP).max().unwrap_or(0);
    let shown = |column: &Column| column.rank <= rank;
    let mut spare = (room + GAP).saturating_sub(needed(rank));
    let mut widths: Vec<u16> = columns.iter().map(|column| column.least).collect();
    loop {
        let before = spare;
        for (wide, column) in widths.iter_mut().zip(columns) {
            if spare > 0 && shown(column) && *wide < column.most {
                *wide += 1;
                spare -= 1;
            }
        }
        if spare == before {
            break;
        }
    }
    let mut x = 0;
    let places = columns.iter().zip(widths).map(|(column, wide)| {
        if !shown(column) {
            return None;
        }
        let place = (x, wide);
        x += wide + GAP;
        Some(place)
    });
    places.collect()
}

/// Draws cells into their places in a row.
pub fn paint_row(
    buffer: &mut Buffer,
    row: Rect,
    columns: &[Column],
    places: &[Option<(u16, u16)>],
    cells: Vec<Line<'static>>,
) {
    for ((column, place), cell) in columns.iter().zip(places).zip(cells) {
        let Some((x, wide)) = *place else { continue };
        let wide = wide.min(row.width.saturating_sub(x));
        let cell = cut(cell, wide);
        let inset = if column.right {
            wide.saturating_sub(u16::try_from(cell.width()).unwrap_or(u16::MAX))
        } else {
            0
        };
        buffer.set_line(row.x + x + inset, row.y, &cell, wide);
    }
}

/// Cuts a cell of one text with a sign that it was cut; spans are cut by the buffer.
fn cut(cell: Line<'static>, wide: u16) -> Line<'static> {
    match cell.spans.as_slice() {
        [only] if width(&only.content) > wide => {
            Line::from(Span::styled(fit(&only.content, wide), only.style))
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        vec![
            Column::left("name", 10).up_to(20),
            Column::right("time", 6),
            Column::left("more", 8).rank(2),
            Column::left("extra", 8).rank(1),
        ]
    }

    #[test]
    fn columns_of_high_rank_give_way_first_and_spare_room_widens() {
        let at = |room| places(&columns(), room);
        assert_eq!(at(17), [Some((0, 10)), Some((11, 6)), None, None]);
        assert_eq!(at(26), [Some((0, 10)), Some((11, 6)), None, Some((18, 8))]);
        assert_eq!(at(35), [Some((0, 10)), Some((11, 6)), Some((18, 8)), Some((27, 8))]);
        assert_eq!(at(40), [Some((0, 15)), Some((16, 6)), Some((23, 8)), Some((32, 8))]);
        assert_eq!(at(200).first(), Some(&Some((0, 20))));
    }
}
