//! The terminal: takes it, gives it back however the console ends, and turns the loop.

use crate::link::{Link, Trouble};
use crate::model::Model;
use crate::options::Options;
use crate::theme::Theme;
use crate::update::{Effect, Msg, update};
use anyhow::Context as _;
use control::{HeadsetWish, Request};
use crossterm::event::{self, Event};
use ratatui::DefaultTerminal;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
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
    // SIGHUP is left to end the process: when the terminal is gone, reading it never returns.
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, ending.clone()).context("cannot watch for signals")?;
    }
    let asking = Asking::new(socket.clone());
    let link = Link::start(socket).context("cannot start the thread of the link")?;
    let done = taken(|terminal| turn(terminal, &mut model, &link, &asking, &ending));
    // A terminal that went with the signal can't be given back, and nobody is there to tell.
    if ending.load(Ordering::Relaxed) { Ok(()) } else { done }
}

/// Takes the terminal for `work` and gives it back afterwards, and also when `work` panics: the
/// hook that does so is set with it.
pub fn taken<T>(work: impl FnOnce(&mut DefaultTerminal) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut terminal = ratatui::try_init().context("cannot take the terminal")?;
    let done = work(&mut terminal);
    let restored = ratatui::try_restore();
    let done = done?;
    restored.context("cannot give the terminal back")?;
    Ok(done)
}

/// What is asked of the box beside the watching: one thing after the other, by a thread for each, so
/// that a box that is slow to answer does not stop the screen.
struct Asking {
    socket: PathBuf,
    busy: Arc<AtomicBool>,
    done: SyncSender<Result<(), Trouble>>,
    answers: Receiver<Result<(), Trouble>>,
}

impl Asking {
    fn new(socket: PathBuf) -> Self {
        let (done, answers) = sync_channel(1);
        Self { socket, busy: Arc::default(), done, answers }
    }

    /// Asks; not while the box has not answered what was asked before.
    fn ask(&self, wish: HeadsetWish) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let (socket, done, busy) = (self.socket.clone(), self.done.clone(), self.busy.clone());
        let asked = std::thread::Builder::new().name("ask".into()).spawn(move || {
            let request = Request::Headset { phone: None, wish };
            // Nobody reads it any more where the console ends.
            let _ = done.try_send(crate::link::ask(&socket, &request));
            busy.store(false, Ordering::Release);
        });
        if let Err(error) = asked {
            self.busy.store(false, Ordering::Release);
            let _ = self.done.try_send(Err(Trouble::Io(error.to_string())));
        }
    }

    fn answer(&self) -> Option<Result<(), Trouble>> {
        self.answers.try_recv().ok()
    }
}

fn turn(
    terminal: &mut DefaultTerminal,
    model: &mut Model,
    link: &Link,
    asking: &Asking,
    ending: &AtomicBool,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let size = terminal.size()?;
    update(model, Msg::Size(size.width, size.height));
    let mut changed = true;
    while !ending.load(Ordering::Relaxed) {
        if changed {
            terminal.draw(|frame| crate::draw::draw(model, frame))?;
        }
        changed = false;
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
            changed = true;
            match update(model, msg) {
                Some(Effect::Quit) => return Ok(()),
                Some(Effect::Redraw) => terminal.clear()?,
                Some(Effect::Ask(wish)) => asking.ask(wish),
                None => {}
            }
        }
        let now = started.elapsed();
        // The time for which the box is gone is shown in seconds.
        changed |= now.as_secs() != model.now.as_secs();
        update(model, Msg::Tick(now));
        while let Some(done) = asking.answer() {
            changed = true;
            update(model, Msg::Asked(done));
        }
        for _ in 0..NEWS_MAX {
            let Some(news) = link.next(Duration::ZERO) else { break };
            changed = true;
            update(model, Msg::News(news));
        }
    }
    Ok(())
}
