//! Texts to telephones about alarms: which are sent, to whom, in what words and when again.
//!
//! ```text
//!   alarm --told? quiet? room in this hour?--> waiting --modem free, due--> on its way
//!                                                 ^                          | failed: later, twice
//!                                                 '--------------------------'  as long each time
//! ```
//!
//! No socket, no device: the exchange thread owns it, and `modem` has the thread that sends.

pub mod modem;

use model::site::{Lang, Sms, Told, Words};
use model::{Instant, Number, alarm};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Texts that wait; what finds no room is lost and counted.
pub const WAITING_MAX: usize = 64;
/// Tries of a text: with their pauses some six hours.
const TRIES_MAX: u8 = 30;
/// Pause after a text that failed, doubled each time, and the longest.
const AGAIN: Duration = Duration::from_secs(30);
const AGAIN_MAX: Duration = Duration::from_secs(15 * 60);
/// A text that has waited this long tells of what nobody asks any more.
const STALE: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);
/// Alarms that are the modem's own.
const OWN: &str = "sms-";

/// An alarm that was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    pub key: String,
    pub about: String,
    pub critical: bool,
}

/// A text and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub to: Number,
    pub words: String,
    /// None is a trial.
    pub raised: Option<Raised>,
    since: Instant,
    due: Instant,
    tries: u8,
}

/// What became of a text for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    pub text: Text,
    pub sent: bool,
}

/// Counted for the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub sent: u64,
    /// Alarms that were not told, since the hour had its texts.
    pub withheld: u64,
    /// Texts that never went.
    pub lost: u64,
}

/// The texts of a site.
#[derive(Default)]
pub struct Texts {
    sms: Option<Sms>,
    site: Words,
    waiting: VecDeque<Text>,
    sending: Option<Text>,
    /// When each alarm was told last.
    told: BTreeMap<(String, String), Instant>,
    /// When alarms were told within the last hour.
    hour: VecDeque<Instant>,
    pub counters: Counters,
}

impl Texts {
    /// Uses what a site says.
    pub fn configure(&mut self, sms: Option<Sms>, site: Words) {
        (self.sms, self.site) = (sms, site);
    }

    /// Texts that wait or are on their way.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + usize::from(self.sending.is_some())
    }

    /// Takes an alarm that was raised; `at` is the time for people.
    pub fn raised(&mut self, now: Instant, raised: &Raised, at: &str) {
        let Some(sms) = &self.sms else { return };
        let wanted = match &sms.alarms {
            Told::Critical => raised.critical,
            Told::All => true,
            Told::Only(keys) => keys.contains(&raised.key),
        };
        if !wanted || raised.key.starts_with(OWN) {
            return;
        }
        self.told.retain(|_, told| now.since(*told) < sms.quiet);
        let place = (raised.key.clone(), raised.about.clone());
        if self.told.contains_key(&place) {
            return;
        }
        self.hour.retain(|told| now.since(*told) < HOUR);
        let most = usize::from(sms.an_hour);
        if self.hour.len() >= most {
            self.counters.withheld += 1;
            return;
        }
        self.hour.push_back(now);
        self.told.insert(place, now);
        let words = words(sms.lang, &self.site, raised, at, self.hour.len() == most);
        for to in sms.numbers.clone() {
            let raised = Some(raised.clone());
            self.put(Text { to, words: words.clone(), raised, since: now, due: now, tries: 0 });
        }
    }

    /// Takes a trial, ahead of everything; false where there is no modem.
    pub fn trial(&mut self, now: Instant, to: Number, at: &str) -> bool {
        let Some(sms) = &self.sms else { return false };
        let site = self.site.in_lang(sms.lang);
        let words = match sms.lang {
            Lang::Zh => format!("【{site}】测试短信，{at}。告警将发送到已配置的号码。"),
            Lang::En => format!("{site}: a trial, {at}. Alarms come to the numbers of the site."),
        };
        let text = Text { to, words, raised: None, since: now, due: now, tries: TRIES_MAX - 1 };
        self.waiting.push_front(text);
        true
    }

    /// Gives the next text that is due, while none is on its way.
    pub fn next(&mut self, now: Instant) -> Option<&Text> {
        if self.sending.is_some() {
            return None;
        }
        let place = self.waiting.iter().position(|text| text.due <= now)?;
        self.sending = self.waiting.remove(place);
        self.sending.as_ref()
    }

    /// Takes what became of the text on its way; tells it where that is for good.
    pub fn ended(&mut self, now: Instant, sent: bool, again: bool) -> Option<Over> {
        let mut text = self.sending.take()?;
        text.tries += 1;
        if !sent && again && text.tries < TRIES_MAX {
            let doubled = AGAIN.saturating_mul(1 << u32::from(text.tries - 1).min(8));
            text.due = now + doubled.min(AGAIN_MAX);
            self.waiting.push_back(text);
            return None;
        }
        match sent {
            true => self.counters.sent += 1,
            false => self.counters.lost += 1,
        }
        Some(Over { text, sent })
    }

    /// Gives up a text that waits too long.
    pub fn stale(&mut self, now: Instant) -> Option<Over> {
        let place = self.waiting.iter().position(|text| now.since(text.since) >= STALE)?;
        let text = self.waiting.remove(place)?;
        self.counters.lost += 1;
        Some(Over { text, sent: false })
    }

    fn put(&mut self, text: Text) {
        if self.waiting.len() >= WAITING_MAX {
            self.counters.lost += 1;
            return;
        }
        self.waiting.push_back(text);
    }
}

/// What a text says: the site, the alarm, what it is about, when. Nothing of a caller is in any alarm.
fn words(lang: Lang, site: &Words, raised: &Raised, at: &str, last: bool) -> String {
    let site = site.in_lang(lang);
    let what = alarm::alarm(&raised.key, lang).unwrap_or(&raised.key);
    let about = alarm::part(&raised.about, lang).unwrap_or(&raised.about);
    match lang {
        Lang::Zh => {
            let last = if last { "本小时内不再发送告警短信。" } else { "" };
            format!("【{site}】告警：{what}（{about}），{at}。{last}")
        }
        Lang::En => {
            let last = if last { " No more alarms are told this hour." } else { "" };
            format!("{site}: alarm: {what} ({about}), {at}.{last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::from_millis(s * 1000)
    }

    fn sms(alarms: Told) -> Sms {
        Sms {
            device: "/dev/ttyUSB2".into(),
            pin: None,
            numbers: vec![Number::new("10086")],
            alarms,
            an_hour: 3,
            quiet: Duration::from_secs(600),
            lang: Lang::Zh,
        }
    }

    fn texts(alarms: Told) -> Texts {
        let mut texts = Texts::default();
        texts.configure(Some(sms(alarms)), [(Lang::Zh, "市一医院")].into());
        texts
    }

    fn raised(key: &str, about: &str, critical: bool) -> Raised {
        Raised { key: key.into(), about: about.into(), critical }
    }

    fn sent(texts: &mut Texts, now: Instant) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(text) = texts.next(now) {
            all.push(text.words.clone());
            assert!(texts.ended(now, true, true).is_some_and(|over| over.sent));
        }
        all
    }

    #[test]
    fn an_alarm_is_told_in_the_sites_words() {
        let mut texts = texts(Told::Critical);
        texts.raised(at(0), &raised("no-battery", "fxo-1", true), "11-23 15:04");
        texts.raised(at(0), &raised("unheard", "8001", false), "11-23 15:04");
        texts.raised(at(0), &raised("disk-low", "recordings", true), "11-23 15:04");
        assert_eq!(
            sent(&mut texts, at(1)),
            [
                "【市一医院】告警：线路无馈电（fxo-1），11-23 15:04。",
                "【市一医院】告警：磁盘空间不足（录音），11-23 15:04。",
            ]
        );
        assert_eq!(texts.counters.sent, 2);
    }

    #[test]
    fn the_site_says_which_alarms_are_told_and_the_modems_own_are_not() {
        let mut some = texts(Told::Only(["unheard".to_owned()].into()));
        some.raised(at(0), &raised("no-battery", "fxo-1", true), "");
        some.raised(at(0), &raised("unheard", "8001", false), "");
        assert_eq!(sent(&mut some, at(1)).len(), 1);
        let mut all = texts(Told::All);
        all.raised(at(0), &raised("sms-no-sim", "sms", true), "");
        assert_eq!(sent(&mut all, at(1)), [""; 0]);
        let mut none = Texts::default();
        none.raised(at(0), &raised("no-battery", "fxo-1", true), "");
        assert_eq!(none.waiting(), 0);
        assert!(!none.trial(at(0), Number::new("10086"), ""));
    }

    #[test]
    fn an_alarm_that_comes_and_goes_is_told_once_until_quiet_is_over() {
        let mut texts = texts(Told::Critical);
        let flaps = raised("no-battery", "fxo-1", true);
        for s in 0..600 {
            texts.raised(at(s), &flaps, "");
        }
        assert_eq!(sent(&mut texts, at(600)).len(), 1);
        texts.raised(at(600), &flaps, "");
        assert_eq!(sent(&mut texts, at(600)).len(), 1);
    }

    #[test]
    fn an_hour_has_its_texts_and_the_last_one_says_so() {
        let mut texts = texts(Told::Critical);
        for no in 0..9 {
            texts.raised(at(no), &raised("no-battery", &format!("fxo-{no}"), true), "");
        }
        let told = sent(&mut texts, at(10));
        assert_eq!(told.len(), 3);
        assert!(told[2].ends_with("本小时内不再发送告警短信。") && !told[1].contains("本小时"));
        assert_eq!(texts.counters.withheld, 6);
        texts.raised(at(3602), &raised("red", "carrier", true), "");
        assert_eq!(sent(&mut texts, at(3602)).len(), 1);
    }

    #[test]
    fn a_text_that_failed_is_tried_again_later_each_time_and_given_up_in_the_end() {
        let mut texts = texts(Told::Critical);
        texts.raised(at(0), &raised("no-battery", "fxo-1", true), "");
        let (mut tries, mut tried) = (Vec::new(), at(0));
        let mut over = None;
        for s in 0..STALE.as_secs() {
            if texts.next(at(s)).is_some() {
                tries.push(at(s).since(tried).as_secs());
                tried = at(s);
                over = texts.ended(at(s), false, true);
            }
        }
        assert_eq!(tries[..7], [0, 30, 60, 120, 240, 480, 900]);
        assert_eq!(tries.len(), usize::from(TRIES_MAX));
        assert!(over.is_some_and(|over| !over.sent));
        assert_eq!(texts.counters.lost, 1);
    }

    #[test]
    fn a_number_that_does_not_exist_is_not_tried_again() {
        let mut texts = texts(Told::Critical);
        texts.raised(at(0), &raised("no-battery", "fxo-1", true), "");
        assert!(texts.next(at(0)).is_some());
        assert!(texts.next(at(0)).is_none(), "one at a time");
        assert!(texts.ended(at(0), false, false).is_some_and(|over| !over.sent));
        assert_eq!(texts.waiting(), 0);
    }

    #[test]
    fn what_waits_is_bounded_and_does_not_wait_for_ever() {
        let mut texts = texts(Told::Critical);
        let many = Sms { an_hour: 60, numbers: vec![Number::new("10086"); 2], ..sms(Told::All) };
        texts.configure(Some(many), Words::default());
        for no in 0..60 {
            texts.raised(at(0), &raised("no-battery", &no.to_string(), true), "");
        }
        assert_eq!((texts.waiting(), texts.counters.lost), (WAITING_MAX, 56));
        assert!(texts.stale(at(86_399)).is_none());
        assert_eq!((0..100).filter_map(|_| texts.stale(at(86_400))).count(), WAITING_MAX);
    }

    #[test]
    fn a_trial_goes_first_and_is_tried_once() {
        let mut texts = texts(Told::Critical);
        texts.raised(at(0), &raised("no-battery", "fxo-1", true), "");
        assert!(texts.trial(at(0), Number::new("10010"), "11-23 15:04"));
        assert!(texts.next(at(0)).is_some_and(|text| text.words.contains("测试短信")));
        assert!(texts.ended(at(0), false, true).is_some_and(|over| over.text.raised.is_none()));
    }
}
