//! One frame as plain text, for a look over ssh and for scripts.

use crate::link::{self, News};
use crate::model::{Model, SIZE_MIN};
use crate::options::Options;
use crate::theme::Theme;
use crate::update::{Msg, update};
use anyhow::Context as _;
use std::io::Write as _;

/// Rows of the frame.
const HEIGHT: u16 = 24;
/// Widest frame printed.
const WIDTH_MAX: u16 = 400;

/// Prints one frame; fails when the box isn't reachable.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let socket = options.socket()?;
    let shown = socket.display().to_string();
    let snapshot = link::once(&socket)
        .with_context(|| format!("the box is not reachable at {}", crate::text::clean(&shown)))?;
    let mut model = Model::new(options.lang(), Theme::new(false), &shown);
    model.interactive = false;
    model.size = (width(std::env::var("COLUMNS").ok().as_deref()), HEIGHT);
    update(&mut model, Msg::News(News::Snapshot(Box::new(snapshot))));
    let text = crate::draw::frame_text(&model);
    std::io::stdout().write_all(text.as_bytes()).context("cannot print")
}

/// The frame's width for what `$COLUMNS` says.
fn width(columns: Option<&str>) -> u16 {
    columns.and_then(|text| text.parse().ok()).unwrap_or(80).clamp(SIZE_MIN.0, WIDTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_as_wide_as_columns_says_within_reason() {
        assert_eq!(width(None), 80);
        assert_eq!(width(Some("132")), 132);
        assert_eq!(width(Some("40")), 80);
        assert_eq!(width(Some("9999")), 400);
        assert_eq!(width(Some("wide")), 80);
    }
}
