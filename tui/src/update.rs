//! Update: the only function that changes the model.

use crate::intake;
use crate::link::{News, Trouble};
use crate::model::{Connection, Model, Sort, View};
use control::{HeadsetWish, Lang, Supervising};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::time::Duration;

/// Something that happened to the console.
#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    /// The terminal is this wide and high.
    Size(u16, u16),
    News(News),
    /// What was asked of a headset is done, or why it is not.
    Asked(Result<(), Trouble>),
    /// Time since the console's start.
    Tick(Duration),
}

/// What the terminal has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Quit,
    /// Something else wrote over the screen: draw all of it.
    Redraw,
    /// Ask the box for something at its headset.
    Ask(HeadsetWish),
}

/// Changes the model by what happened.
pub fn update(model: &mut Model, msg: Msg) -> Option<Effect> {
    match msg {
        Msg::Key(key) if key.kind == KeyEventKind::Release => None,
        Msg::Key(key) => pressed(model, key),
        Msg::Size(width, height) => {
            model.size = (width, height);
            None
        }
        Msg::News(news) => {
            heard(model, news);
            None
        }
        Msg::Asked(done) => {
            model.asked = Some((model.now, done.map_err(cleaned)));
            None
        }
        Msg::Tick(now) => {
            model.now = now;
            None
        }
    }
}

fn heard(model: &mut Model, news: News) {
    match news {
        News::Snapshot(snapshot) => {
            let mut shown = intake::cleaned(*snapshot);
            intake::sort(&mut shown, model.sort);
            model.snapshot = Some(Box::new(shown));
            model.connection = Connection::Up;
            model.follow();
        }
        News::Down(trouble) => {
            let since = match model.connection {
                Connection::Down { since, .. } => since,
                _ => model.now,
            };
            model.connection = Connection::Down { since, trouble: cleaned(trouble) };
        }
    }
}

fn cleaned(trouble: Trouble) -> Trouble {
    use crate::text::clean;
    match trouble {
        Trouble::Io(why) => Trouble::Io(clean(&why)),
        Trouble::Said(what) => Trouble::Said(clean(&what)),
        Trouble::Mismatch { protocol, version } => {
            Trouble::Mismatch { protocol, version: clean(&version) }
        }
        other => other,
    }
}

fn pressed(model: &mut Model, key: KeyEvent) -> Option<Effect> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Effect::Quit),
            KeyCode::Char('l') => Some(Effect::Redraw),
            _ => None,
        };
    }
    match key.code {
        KeyCode::Char('q') => return Some(Effect::Quit),
        KeyCode::Char('l') => {
            model.lang = if model.lang == Lang::Zh { Lang::En } else { Lang::Zh };
        }
        KeyCode::Char('?') | KeyCode::F(1) => {
            model.help = if model.help.is_some() { None } else { Some(0) };
        }
        KeyCode::Esc if model.help.is_some() => model.help = None,
        KeyCode::Esc => show(model, View::Overview),
        KeyCode::Char('s') => {
            model.sort = if model.sort == Sort::Number { Sort::Time } else { Sort::Number };
            if let Some(shown) = &mut model.snapshot {
                intake::sort(shown, model.sort);
            }
            model.follow();
        }
        KeyCode::Char(key @ ('m' | 'w' | 'b' | 't')) if model.help.is_none() => {
            return supervise(model, key);
        }
        KeyCode::Char('h') if model.help.is_none() => {
            return Some(Effect::Ask(HeadsetWish::HangUp));
        }
        KeyCode::Tab => step(model, 1),
        KeyCode::BackTab => step(model, View::ALL.len() - 1),
        KeyCode::Char(sign @ '1'..='9') => {
            if let Some(view) = View::of_number(sign as usize - '0' as usize) {
                show(model, view);
            }
        }
        code => scroll(model, code),
    }
    None
}

/// The headset is to be in the talk of the agent who is selected.
fn supervise(model: &Model, key: char) -> Option<Effect> {
    let how = match key {
        'm' => Supervising::Listen,
        'w' => Supervising::Whisper,
        'b' => Supervising::Barge,
        _ => Supervising::TakeOver,
    };
    let shown = model.snapshot.as_ref().filter(|_| model.view == View::Agents)?;
    let agent = shown.agents.get(model.cursor().index)?.agent.clone();
    Some(Effect::Ask(HeadsetWish::Supervise { agent, how }))
}

fn show(model: &mut Model, view: View) {
    model.view = view;
    model.help = None;
}

fn step(model: &mut Model, by: usize) {
    let next = (model.view.index() + by) % View::ALL.len();
    if let Some(view) = View::ALL.get(next) {
        show(model, *view);
    }
}

fn scroll(model: &mut Model, code: KeyCode) {
    let page = usize::from(model.size.1.saturating_sub(6)).max(1);
    let at = match model.help {
        Some(line) => usize::from(line),
        None => model.cursor().index,
    };
    let to = match code {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at.saturating_add(1),
        KeyCode::PageUp => at.saturating_sub(page),
        KeyCode::PageDown | KeyCode::Char(' ') => at.saturating_add(page),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => usize::MAX,
        _ => return,
    };
    match model.help {
        Some(_) => {
            let last = crate::draw::help_lines_over(model);
            model.help = Some(u16::try_from(to).unwrap_or(u16::MAX).min(last));
        }
        None => model.select(to),
    }
}
