//! Grandstream: a screen that the phone fetches when a NOTIFY tells it to.

use super::{Push, Screen};
use crate::shown::Shown;
use crate::text::xml;
use std::fmt::Write as _;

pub(super) struct Grandstream;

const EVENT: &str = "x-gs-screen";
/// Where text begins, and the height of a line, in dots of the display.
const LEFT: usize = 5;
const TOP: usize = 20;
const LINE: usize = 20;

impl Screen for Grandstream {
    fn pop(&self, shown: &Shown) -> Push {
        let lines: Vec<String> = std::iter::once(shown.title()).chain(shown.lines()).collect();
        Push::NotifyAndServe { event: EVENT, body: document(&lines) }
    }

    fn clear(&self) -> Option<Push> {
        Some(Push::NotifyAndServe { event: EVENT, body: document(&[]) })
    }
}

fn document(lines: &[String]) -> String {
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Screen>\n<Page>\n");
    for (index, line) in lines.iter().enumerate() {
        let y = TOP + index * LINE;
        let line = xml(line);
        let _ = writeln!(
            body,
            "<DisplayString><X>{LEFT}</X><Y>{y}</Y><DisplayStr>{line}</DisplayStr></DisplayString>"
        );
    }
    body.push_str("</Page>\n</Screen>\n");
    body
}
