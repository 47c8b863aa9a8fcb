//! The overview: queues, agents beside lines, live calls.

use super::agents::{Agents, AgentsNarrow};
use super::calls::Calls;
use super::lines::{Lines, LinesNarrow};
use super::listing::{self, Listing};
use super::queues::Queues;
use crate::model::Model;
use control::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Blank columns between agents and lines.
const GUTTER: u16 = 2;

/// Draws all four; what does not fit is counted, and its own view shows it.
pub fn paint(model: &Model, shown: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let queues = Queues { model, shown };
    let agents = AgentsNarrow(Agents { model, shown });
    let lines = LinesNarrow(Lines { model, shown });
    let calls = Calls { model, shown };
    let need = |count: usize| u16::try_from(count.max(1) + 1).unwrap_or(u16::MAX);
    let needs =
        [need(queues.count()), need(agents.count().max(lines.count())), need(calls.count())];
    let (heights, gap) = shares(area.height, needs);
    let [top, middle, bottom] = heights;
    let mut y = area.y;
    let mut take = |height: u16| {
        let part = Rect { y, height, ..area };
        y += height + gap;
        part.intersection(area)
    };
    listing::paint(model, &queues, buffer, take(top), 0, false);
    let row = take(middle);
    let left = row.width.saturating_sub(GUTTER) * 8 / 13;
    let agents_area = Rect { width: left, ..row };
    let lines_area =
        Rect { x: row.x + left + GUTTER, width: row.width.saturating_sub(left + GUTTER), ..row };
    listing::paint(model, &agents, buffer, agents_area, 0, false);
    listing::paint(model, &lines, buffer, lines_area, 0, false);
    let cursor = model.cursor();
    listing::paint(model, &calls, buffer, take(bottom), cursor.index, cursor.is_set());
}

/// Heights for three parts, and of the blank row between them: each as much as it needs if it can
/// be, else a third, and what one leaves goes to the others, the calls first.
fn shares(height: u16, needs: [u16; 3]) -> ([u16; 3], u16) {
    let wanted = needs.iter().fold(0_u16, |sum, need| sum.saturating_add(*need));
    let gap = u16::from(wanted.saturating_add(2) <= height);
    let height = height.saturating_sub(2 * gap);
    let third = height / 3;
    let mut shares = needs.map(|need| need.min(third));
    let mut spare = height.saturating_sub(shares.iter().sum());
    for at in [2, 1, 0] {
        if let (Some(share), Some(need)) = (shares.get_mut(at), needs.get(at)) {
            let more = need.saturating_sub(*share).min(spare);
            *share += more;
            spare -= more;
        }
    }
    if let Some(calls) = shares.last_mut() {
        *calls += spare;
    }
    (shares, gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_the_screen_are_shared_and_none_is_lost() {
        assert_eq!(shares(22, [6, 6, 4]), ([6, 6, 8], 1));
        assert_eq!(shares(22, [6, 21, 501]), ([6, 7, 9], 0));
        assert_eq!(shares(22, [20, 21, 2]), ([7, 13, 2], 0));
        assert_eq!(shares(40, [6, 21, 2]), ([6, 21, 11], 1));
        assert_eq!(shares(18, [60, 60, 60]), ([6, 6, 6], 0));
    }
}
