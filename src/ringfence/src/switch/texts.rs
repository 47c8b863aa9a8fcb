//! Alarms on their way to telephones: what the modem tells, and what it is given.

use super::Switch;
use crate::texts::modem::{Modem, Order};
use crate::texts::{Over, Texts};
use board::modem::{News, Submit, Trouble};
use control::Level;
use model::{Fact, Instant, Number};
use std::time::Duration;
use tokio::sync::oneshot;

/// Any time: the trial is written here only to see that it can be.
const HOUR: Duration = Duration::from_secs(3600);

/// What the thread holds of them.
#[derive(Default)]
pub struct Telling {
    pub texts: Texts,
    /// None where the site has no modem.
    pub modem: Option<Modem>,
    /// Who waits for what becomes of a trial.
    asker: Option<oneshot::Sender<Result<(), String>>>,
}

impl Switch {
    /// Begins to tell alarms by a modem.
    pub fn begin_texts(&mut self, modem: Option<Modem>) {
        self.telling.modem = modem;
        self.configure_texts();
    }

    pub(super) fn configure_texts(&mut self) {
        let site = &self.parts.site;
        let sms = site.sms.clone().filter(|_| self.telling.modem.is_some());
        self.telling.texts.configure(sms, site.name.clone());
    }

    /// Takes what the modem tells, hands it what is due, and gives up what is stale.
    pub(super) fn watch_texts(&mut self, now: Instant) {
        let at = self.minute(now);
        for raised in self.alarms.take_raised() {
            self.telling.texts.raised(now, &raised, &at);
        }
        while let Some(news) = self.telling.modem.as_mut().and_then(Modem::news) {
            self.modem_told(now, news);
        }
        while let Some(over) = self.telling.texts.stale(now) {
            self.text_over(now, over);
        }
        let Telling { texts, modem: Some(modem), .. } = &mut self.telling else { return };
        if !modem.ready {
            return;
        }
        let Some(text) = texts.next(now) else { return };
        let order = Order { to: text.to.clone(), words: text.words.clone() };
        if !modem.send(order) {
            texts.ended(now, false, true);
        }
    }

    fn modem_told(&mut self, now: Instant, news: News) {
        match news {
            News::Ready => self.modem_trouble(now, None),
            News::Down(trouble) => self.modem_trouble(now, Some(trouble)),
            News::Sent => self.text_ended(now, true, false),
            News::Failed { again, .. } => self.text_ended(now, false, again),
            News::PinTaken | News::PinRefused => {}
        }
    }

    /// What the modem lacks is one alarm at a time.
    fn modem_trouble(&mut self, now: Instant, trouble: Option<Trouble>) {
        for one in Trouble::ALL {
            let key = one.key();
            self.alarms.set(now, key, "sms", trouble == Some(one));
        }
    }

    fn text_ended(&mut self, now: Instant, sent: bool, again: bool) {
        if let Some(over) = self.telling.texts.ended(now, sent, again) {
            self.text_over(now, over);
        }
    }

    fn text_over(&mut self, now: Instant, over: Over) {
        let Over { text, sent } = over;
        match text.raised {
            Some(raised) => {
                let (alarm, about, to) = (raised.key, raised.about, text.to);
                self.note(Fact::AlarmTexted { alarm, about, to, sent });
                if !sent {
                    self.alarms.raise(now, "sms-texts-lost", "sms", Level::Critical);
                }
            }
            None => {
                let told = sent.then_some(()).ok_or_else(|| "the network did not take it".into());
                if let Some(asker) = self.telling.asker.take() {
                    // Whoever asked may have gone.
                    let _ = asker.send(told);
                }
            }
        }
    }

    /// Sends a trial, where the modem can.
    pub(super) fn text_trial(
        &mut self,
        now: Instant,
        to: Number,
        asker: oneshot::Sender<Result<(), String>>,
    ) {
        let refused = match &self.telling.modem {
            None => Some("the site has no [sms], or it has one since the box was started".into()),
            Some(_) if self.telling.asker.is_some() => Some("another trial is on its way".into()),
            Some(modem) if !modem.ready => {
                Some(modem.trouble.map_or("the modem starts".to_owned(), |trouble| {
                    let words = model::alarm::alarm(trouble.key(), model::site::Lang::En);
                    words.unwrap_or(trouble.key()).to_owned()
                }))
            }
            Some(_) => Submit::new(&to, "x", 0, HOUR).err().map(|error| error.to_string()),
        };
        if let Some(why) = refused {
            // Whoever asked may have gone.
            return drop(asker.send(Err(why)));
        }
        let at = self.minute(now);
        self.telling.texts.trial(now, to, &at);
        self.telling.asker = Some(asker);
        self.watch_texts(now);
    }

    /// The time for people, to the minute: `2026-11-23 15:04`.
    fn minute(&self, now: Instant) -> String {
        let civil = self.parts.site.zone.civil(self.parts.anchor.wall(now)).to_string();
        civil.get(..16).unwrap_or(&civil).to_owned()
    }
}
