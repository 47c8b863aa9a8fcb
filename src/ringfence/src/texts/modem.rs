//! The thread that has the modem: texts in, what became of them out.

use crate::clock::Clock;
use crate::folders::Folders;
use crate::service::{Severity, log};
use anyhow::Context as _;
use board::modem::{Config, Messenger, News, SmsModem, Submit, Trouble};
use crossbeam_channel::{Receiver, Sender, bounded};
use model::site::Sms;
use model::{Number, Secret};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;
use vault::BoxKey;

/// Longest sleep: a text or the box's end is seen within it.
const WAIT: Duration = Duration::from_millis(200);
/// News that wait for the exchange thread; a modem tells little.
const NEWS_MAX: usize = 64;
/// How long the network tries to deliver a text.
const VALIDITY: Duration = Duration::from_secs(12 * 3600);
/// What the mark of a PIN is bound to.
const CONTEXT: &[u8] = b"sms pin 1";

/// A text for the modem.
pub struct Order {
    pub to: Number,
    pub words: String,
}

/// The exchange thread's end.
pub struct Modem {
    orders: Sender<Order>,
    news: Receiver<News>,
    /// Why nothing can be sent; none where it can.
    pub trouble: Option<Trouble>,
    pub ready: bool,
}

impl Modem {
    /// Gives the modem a text. It takes one at a time, which whoever asks sees to.
    pub fn send(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }

    /// What the modem tells next.
    pub fn news(&mut self) -> Option<News> {
        let news = self.news.try_recv().ok()?;
        match news {
            News::Ready => (self.ready, self.trouble) = (true, None),
            News::Down(trouble) => {
                // A full memory is known by trying.
                (self.ready, self.trouble) = (trouble == Trouble::Full, Some(trouble));
            }
            _ => {}
        }
        Some(news)
    }
}

/// What the thread begins with.
pub struct Begin<'a> {
    pub sms: &'a Sms,
    pub folders: &'a Folders,
    pub key: &'a BoxKey,
    pub clock: Clock,
    pub exchange: &'a Thread,
    pub stop: &'a Arc<AtomicBool>,
}

/// Starts the thread.
pub fn start(begin: &Begin<'_>) -> anyhow::Result<Modem> {
    let mark = Mark::new(begin.folders, begin.key, begin.sms.pin.as_ref());
    let config = Config { pin: begin.sms.pin.clone(), pin_refused: mark.stands() };
    let modem = SmsModem::new(begin.clock.now(), begin.sms.device.clone(), config);
    let (orders, wanted) = bounded(1);
    let (tell, news) = bounded(NEWS_MAX);
    let thread = Sends {
        modem: Box::new(modem),
        mark,
        wanted,
        tell,
        clock: begin.clock,
        exchange: begin.exchange.clone(),
        stop: begin.stop.clone(),
        reference: 0,
    };
    let name = std::thread::Builder::new().name("sms".into());
    name.spawn(move || thread.run()).context("the thread of the SMS modem")?;
    Ok(Modem { orders, news, trouble: None, ready: false })
}

struct Sends {
    modem: Box<dyn Messenger>,
    mark: Mark,
    wanted: Receiver<Order>,
    tell: Sender<News>,
    clock: Clock,
    exchange: Thread,
    stop: Arc<AtomicBool>,
    reference: u8,
}

impl Sends {
    fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let now = self.clock.now();
            if let Ok(order) = self.wanted.try_recv() {
                self.reference = self.reference.wrapping_add(1);
                match Submit::new(&order.to, &order.words, self.reference, VALIDITY) {
                    Ok(submit) => self.modem.submit(now, submit),
                    Err(error) => {
                        log(Severity::Error, &format!("a text cannot be sent: {error}"));
                        self.say(News::Failed { again: false, code: None });
                    }
                }
            }
            while let Some(news) = self.modem.turn(now) {
                self.heard(news);
            }
            self.modem.wait(WAIT);
        }
    }

    fn heard(&self, news: News) {
        match news {
            News::PinRefused => {
                log(Severity::Error, "the SIM refused the PIN: it is not tried again");
                self.mark.put();
            }
            News::PinTaken => self.mark.take_away(),
            News::Down(trouble) => {
                let fault = self.modem.fault().map(|fault| format!(": {fault}"));
                let text = format!("SMS modem: {}{}", trouble.key(), fault.unwrap_or_default());
                log(Severity::Warning, &text);
            }
            News::Failed { code, .. } => {
                let code = code.map_or_else(|| "no number".into(), |code| format!("error {code}"));
                log(Severity::Warning, &format!("a text was not sent: {code}"));
            }
            News::Ready | News::Sent => {}
        }
        self.say(news);
    }

    fn say(&self, news: News) {
        // The exchange thread takes them each turn, and at the box's end nobody does.
        let _ = self.tell.send_timeout(news, Duration::from_secs(5));
        self.exchange.unpark();
    }
}

/// That a PIN was refused, kept over restarts: three wrong ones lock a SIM. It tells nothing of the
/// PIN to whoever lacks the box's key.
struct Mark {
    path: PathBuf,
    text: Option<String>,
}

impl Mark {
    fn new(folders: &Folders, key: &BoxKey, pin: Option<&Secret>) -> Self {
        let text = pin.map(|pin| {
            let mut hash = Sha256::new();
            hash.update(key.phones().as_ref());
            hash.update(CONTEXT);
            hash.update(pin.reveal());
            hex::encode(hash.finalize())
        });
        Self { path: path(folders), text }
    }

    fn stands(&self) -> bool {
        let kept = std::fs::read_to_string(&self.path).ok();
        self.text.is_some() && kept == self.text
    }

    fn put(&self) {
        let Some(text) = &self.text else { return };
        if let Err(error) = write(&self.path, text) {
            let path = self.path.display();
            log(Severity::Error, &format!("{path} cannot be written: {error}; give another PIN"));
        }
    }

    fn take_away(&self) {
        // It was not there, as a rule.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn path(folders: &Folders) -> PathBuf {
    folders.state().join("sms-pin-refused")
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)?;
    std::fs::File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_was_refused_is_known_after_a_restart_and_another_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::find(Some(dir.path().to_owned())).unwrap();
        let key = BoxKey::from_bytes([7; 32]);
        let mark = |pin: &str| Mark::new(&folders, &key, Some(&Secret::new(pin)));
        assert!(!mark("1234").stands());
        mark("1234").put();
        assert!(mark("1234").stands());
        assert!(!mark("4711").stands());
        assert!(!Mark::new(&folders, &key, None).stands());
        let kept = std::fs::read_to_string(path(&folders)).unwrap();
        assert!(!kept.contains("1234"));
        mark("4711").take_away();
        assert!(!mark("1234").stands());
    }
}
