//! Numbers, times and places in a queue as joined parts of speech, in both languages.
//!
//! Each part is a prompt of its own, recorded in the middle of a sentence, so that parts joined
//! without a gap sound like one. Which parts there are and what they say stands in
//! `images/prompts/texts.toml`; the rules stand in `images/prompts/README.md` and here.

use crate::order::Clip;
use crate::site::Lang;

/// The largest number that is said as a quantity; a larger one is read out digit by digit.
pub const NUMBER_MAX: u32 = 9_999;
/// The longest wait told in minutes; a longer one is "more than half an hour".
pub const MINUTES_MAX: u32 = 30;

/// Says a number: 105 is 一百零五, "one hundred and five".
pub fn number(lang: Lang, n: u32) -> Vec<Clip> {
    if n > NUMBER_MAX {
        return digits(lang, &n.to_string());
    }
    let mut parts = Parts::new(lang);
    match lang {
        Lang::Zh => parts.zh_number(n),
        Lang::En => parts.en_number(n),
    }
    parts.clips
}

/// Says a number of people or things: like `number`, but two of them are 两, not 二.
pub fn count(lang: Lang, n: u32) -> Vec<Clip> {
    if n == 2 { vec![Clip::new(lang, "count.2")] } else { number(lang, n) }
}

/// Tells a waiting caller how long it will take, in minutes; less than one is said as one.
pub fn minutes(lang: Lang, n: u32) -> Vec<Clip> {
    match n {
        0 | 1 => vec![Clip::new(lang, "queue.wait-one")],
        2..=MINUTES_MAX => around(lang, "queue.wait-before", count(lang, n), "queue.wait-after"),
        _ => vec![Clip::new(lang, "queue.wait-long")],
    }
}

/// Tells a waiting caller the place in the queue: 1 is the next one to be answered.
pub fn position(lang: Lang, place: u32) -> Vec<Clip> {
    match place {
        0 | 1 => vec![Clip::new(lang, "queue.position-next")],
        2 => vec![Clip::new(lang, "queue.position-one")],
        _ => {
            let ahead = count(lang, place - 1);
            around(lang, "queue.position-before", ahead, "queue.position-after")
        }
    }
}

/// Tells a caller the number of the agent who answers, digit by digit.
pub fn agent_number(lang: Lang, number: &str) -> Vec<Clip> {
    around(lang, "queue.agent-id-before", digits(lang, number), "queue.agent-id-after")
}

/// Says digits, `*` and `#` one by one, as numbers of telephones and agents are; 1 is 幺.
/// Other signs are not said.
pub fn digits(lang: Lang, text: &str) -> Vec<Clip> {
    let mut parts = Parts::new(lang);
    for sign in text.chars() {
        match sign {
            '0'..='9' => parts.push(&format!("digit.{sign}")),
            '*' => parts.push("digit.star"),
            '#' => parts.push("digit.hash"),
            _ => {}
        }
    }
    parts.clips
}

/// Says a time of day: 14:05 is 下午两点零五分, "two oh five P M".
/// `hour` counts from 0 to 23 and `minute` to 59; what lies beyond starts over.
pub fn time(lang: Lang, hour: u8, minute: u8) -> Vec<Clip> {
    let (hour, minute) = (hour % 24, u32::from(minute % 60));
    let on_clock = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let mut parts = Parts::new(lang);
    match lang {
        Lang::Zh => {
            parts.push(match hour {
                0..=5 => "time.early",
                6..=11 => "time.am",
                12 => "time.noon",
                13..=17 => "time.pm",
                _ => "time.evening",
            });
            parts.push(&format!("time.hour.{on_clock}"));
            match minute {
                0 => {}
                30 => parts.push("time.half"),
                _ => {
                    if minute < 10 {
                        parts.number_part(0);
                    }
                    parts.number_part(minute);
                    parts.push("time.minute");
                }
            }
        }
        Lang::En => {
            parts.push(&format!("time.hour.{on_clock}"));
            match minute {
                0 => {}
                1..=9 => {
                    parts.push("time.oh");
                    parts.number_part(minute);
                }
                _ => parts.number_part(minute),
            }
            parts.push(if hour < 12 { "time.am" } else { "time.pm" });
        }
    }
    parts.clips
}

/// Puts parts between the beginning and the end of a sentence.
fn around(lang: Lang, before: &str, mut parts: Vec<Clip>, after: &str) -> Vec<Clip> {
    parts.insert(0, Clip::new(lang, before));
    parts.push(Clip::new(lang, after));
    parts
}

/// Parts of one saying, in the order they are heard.
struct Parts {
    lang: Lang,
    clips: Vec<Clip>,
}

impl Parts {
    fn new(lang: Lang) -> Self {
        Self { lang, clips: Vec::new() }
    }

    fn push(&mut self, part: &str) {
        self.clips.push(Clip::new(self.lang, part));
    }

    /// A part of its own: 0 to 99, whole hundreds, whole thousands.
    fn number_part(&mut self, n: u32) {
        self.push(&format!("num.{n}"));
    }

    /// Thousands and hundreds, then the rest: a gap between them is said 零, and ten to nineteen
    /// after anything larger is 一十 with its unit.
    fn zh_number(&mut self, n: u32) {
        let (thousands, hundreds, rest) = (n / 1000, n / 100 % 10, n % 100);
        if thousands > 0 {
            self.number_part(thousands * 1000);
        }
        if hundreds > 0 {
            self.number_part(hundreds * 100);
        }
        if n < 100 {
            return self.number_part(n);
        }
        if rest == 0 {
            return;
        }
        if hundreds == 0 || rest < 10 {
            self.number_part(0);
        }
        if (10..20).contains(&rest) {
            self.push("num.one-ten");
            if rest > 10 {
                self.number_part(rest - 10);
            }
        } else {
            self.number_part(rest);
        }
    }

    /// Thousands, hundreds, "and" before what is below a hundred.
    fn en_number(&mut self, n: u32) {
        let (thousands, hundreds, rest) = (n / 1000, n / 100 % 10, n % 100);
        if thousands > 0 {
            self.number_part(thousands * 1000);
        }
        if hundreds > 0 {
            self.number_part(hundreds * 100);
        }
        if n < 100 {
            return self.number_part(n);
        }
        if rest > 0 {
            self.push("num.and");
            self.number_part(rest);
        }
    }
}
