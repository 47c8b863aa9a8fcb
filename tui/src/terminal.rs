//! The terminal: takes it, gives it back however the console ends, and turns the loop.

use crate::link::Link;
use crate::model::Model;
use crate::options::Options;
use crate::theme::Theme;
use crate::update::{Effect, Msg, update};
use anyhow::Context as _;
use crossterm::event::{self, Event};
use ratatui::DefaultTerminal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a turn waits for a key before it looks for news and signals.
const TURN: Duration = Duration::from_millis(100);
/// Keys taken in one turn, so that a paste does not stop the news.
const KEYS_MAX: usize = 64;
/// News taken in one turn, so that a box that floods does not stop the keys.
const NEWS_MAX: usize = 8;

/// Runs the console until it is quit or a signal ends it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        anyhow::bail!("this is no terminal; --once prints one frame as plain text");
    }
    let socket = options.socket()?;
    let mut model = Model::new(options.lang(), Theme::from_env(), &socket.display().to_string());
    let ending = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP, SIGINT] {
        signal_hook::flag::register(signal, ending.clone()).context("cannot watch for signals")?;
    }
    let link = Link::start(socket).context("cannot start the thread of the link")?;
    // From here a panic gives the terminal back too: the hook is set with it.
    let mut terminal = ratatui::try_init().context("cannot take the terminal")?;
    let done = turn(&mut terminal, &mut model, &link, &ending);
    let restored = ratatui::try_restore();
    // After a hang-up there is no terminal left to give back.
    if ending.load(Ordering::Relaxed) {
        return Ok(());
    }
    done?;
    restored.context("cannot give the terminal back")
}

fn turn(
    terminal: &mut DefaultTerminal,
    model: &mut Model,
    link: &Link,
    ending: &AtomicBool,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let size = terminal.size()?;
    update(model, Msg::Size(size.width, size.height));
    while !ending.load(Ordering::Relaxed) {
        terminal.draw(|frame| crate::draw::draw(model, frame))?;
        let mut patience = TURN;
        for _ in 0..KEYS_MAX {
            if !event::poll(patience)? {
                break;
            }
            patience = Duration::ZERO;
            let msg = match event::read()? {
                Event::Key(key) => Msg::Key(key),
                Event::Resize(width, height) => Msg::Size(width, height),
                _ => continue,
            };
            match update(model, msg) {
                Some(Effect::Quit) => return Ok(()),
                Some(Effect::Redraw) => terminal.clear()?,
                None => {}
            }
        }
        update(model, Msg::Tick(started.elapsed()));
        for _ in 0..NEWS_MAX {
            let Some(news) = link.next(Duration::ZERO) else { break };
            update(model, Msg::News(news));
        }
    }
    Ok(())
}
