//! The numbering plan: what was dialled, as a number of a kind and in the form of E.164.

use model::Number;
use model::fact::Barred;
use model::site::{NumberForm, NumberRule, Numbering, Reach};
use std::cmp::Reverse;

/// The kind of emergency numbers; no rule of a site may have this name.
pub const EMERGENCY: &str = "emergency";

/// Most digits of a number that is looked at: 15 of E.164 and every prefix before them.
const DIGITS_MAX: usize = 32;
/// Most digits after the plus (ITU-T E.164 6.2).
const E164_DIGITS_MAX: usize = 15;

/// What a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// A name of the site's kinds, or [`EMERGENCY`].
    pub kind: String,
    /// `+862161234567`; none for numbers that are answered in one country alone.
    pub e164: Option<Number>,
    /// As it is dialled at home, without the prefix for a line out: `02161234567`.
    pub home: Number,
}

impl Reading {
    /// Tells whether the number passes from every phone.
    pub fn is_emergency(&self) -> bool {
        self.kind == EMERGENCY
    }
    /// The number in the form a trunk takes.
    pub fn written(&self, form: NumberForm) -> Number {
        match (&self.e164, form) {
            (Some(e164), NumberForm::E164) => e164.clone(),
            (Some(e164), NumberForm::E164WithoutPlus) => {
                Number::new(e164.reveal().trim_start_matches('+'))
            }
            _ => self.home.clone(),
        }
    }
    /// The form that facts and lists know the number by.
    pub fn whole(&self) -> &Number {
        self.e164.as_ref().unwrap_or(&self.home)
    }
}

/// A numbering plan, ready to read numbers.
#[derive(Clone, Debug)]
pub struct Plan {
    numbering: Numbering,
    /// Every rule with its kind; what says more of a number stands before what says less.
    rules: Vec<(String, NumberRule)>,
}

impl Plan {
    /// Makes the plan of a site.
    pub fn new(numbering: &Numbering) -> Self {
        let each = |(kind, rules): (&String, &Vec<NumberRule>)| {
            rules.iter().map(|rule| (kind.clone(), rule.clone())).collect::<Vec<_>>()
        };
        let mut rules: Vec<_> = numbering.kinds.iter().flat_map(each).collect();
        rules.sort_by_key(|(_, rule)| Reverse(says(&rule.begins)));
        Self { numbering: numbering.clone(), rules }
    }

    /// Tells whether what was dialled is an emergency number, with or without the prefix for a line
    /// out or the country before it.
    pub fn is_emergency(&self, dialled: &str) -> bool {
        self.cleaned(dialled).is_some_and(|number| self.emergency(&number).is_some())
    }

    /// Tells whether what was dialled asks for a line out: it begins with the prefix for one, or
    /// with a plus, or is an emergency number. Without such a prefix every number of a kind does.
    pub fn is_outside(&self, dialled: &str) -> bool {
        let Some(number) = self.cleaned(dialled) else { return false };
        let outside = &self.numbering.outside;
        self.emergency(&number).is_some()
            || number.starts_with('+')
            || match outside.is_empty() {
                true => self.read(dialled).is_ok(),
                false => number.len() > outside.len() && number.starts_with(outside.as_str()),
            }
    }

    /// Reads what was dialled at a phone of the site.
    ///
    /// The prefix for a line out is taken off. What makes no number then is read as a whole, so
    /// that a number may be called back as it was shown.
    pub fn read(&self, dialled: &str) -> Result<Reading, Barred> {
        let number = self.cleaned(dialled).ok_or(Barred::NoNumber)?;
        if let Some(emergency) = self.emergency(&number) {
            let home = Number::new(emergency);
            return Ok(Reading { kind: EMERGENCY.to_owned(), e164: None, home });
        }
        if let Some(digits) = number.strip_prefix('+') {
            return self.canonical(digits).ok_or(Barred::UnknownKind);
        }
        let outside = self.numbering.outside.as_str();
        let stripped = number.strip_prefix(outside).filter(|_| !outside.is_empty());
        let stripped = stripped.and_then(|rest| self.at_home(rest));
        stripped.or_else(|| self.at_home(&number)).ok_or(Barred::UnknownKind)
    }

    /// The number of a caller, or one that was called, as a trunk or line gave it, in the form it is
    /// dialled at home: the same customer has the same number whichever line gives it. What the plan
    /// does not know stays as it is.
    pub fn home(&self, number: &Number, form: NumberForm) -> Number {
        let Some(given) = clean(number.reveal()) else { return number.clone() };
        let read = match given.strip_prefix('+') {
            Some(digits) => self.canonical(digits),
            None => {
                let whole = || self.canonical(&given);
                let at_home = || self.at_home(&given);
                let country = || given.starts_with(&self.numbering.country).then(whole).flatten();
                match form {
                    NumberForm::E164WithoutPlus => whole().or_else(at_home),
                    NumberForm::National | NumberForm::E164 => at_home().or_else(country),
                }
            }
        };
        read.map_or_else(|| Number::new(given), |reading| reading.home)
    }

    /// A number of the site as a trunk takes it.
    pub(crate) fn own(&self, number: &Number, form: NumberForm) -> Number {
        let given = clean(number.reveal()).unwrap_or_default();
        let read = match given.strip_prefix('+') {
            Some(digits) => self.canonical(digits),
            None => self.at_home(&given),
        };
        read.map_or_else(|| number.clone(), |reading| reading.written(form))
    }

    /// What was dialled without signs between the digits, and without the prefix for a line out
    /// where a plus follows it.
    fn cleaned(&self, dialled: &str) -> Option<String> {
        let dialled = dialled.trim();
        let rest = dialled.strip_prefix(self.numbering.outside.as_str()).map(str::trim_start);
        clean(rest.filter(|rest| rest.starts_with('+')).unwrap_or(dialled))
    }

    /// The emergency number that was dialled.
    fn emergency<'a>(&self, number: &'a str) -> Option<&'a str> {
        let Numbering { emergency, outside, country, .. } = &self.numbering;
        let after_plus =
            number.strip_prefix('+').and_then(|rest| rest.strip_prefix(country.as_str()));
        let bare = [Some(number), number.strip_prefix(outside.as_str()), after_plus];
        bare.into_iter().flatten().find(|number| emergency.contains(*number))
    }

    /// A number as it is dialled at home, by the rules alone.
    fn at_home(&self, number: &str) -> Option<Reading> {
        let (kind, rule) = self.rule(number, |_| true)?;
        match self.e164(number, rule) {
            Some(digits) => self.canonical(&digits),
            None => {
                let home = Number::new(number);
                Some(Reading { kind: kind.to_owned(), e164: None, home })
            }
        }
    }

    /// The digits behind the plus of a number that a rule fits; none where no form of E.164 is.
    fn e164(&self, number: &str, rule: &NumberRule) -> Option<String> {
        let Numbering { country, area, international, .. } = &self.numbering;
        let digits = match rule.reach {
            Reach::Short => return None,
            Reach::Local => format!("{country}{area}{number}"),
            Reach::National if self.strips(rule) => {
                format!("{country}{}", number.strip_prefix(self.numbering.national.as_str())?)
            }
            Reach::National => format!("{country}{number}"),
            Reach::International => number.strip_prefix(international.as_str())?.to_owned(),
        };
        Some(digits)
    }

    /// Tells whether numbers of a rule carry the national prefix.
    fn strips(&self, rule: &NumberRule) -> bool {
        let national = &self.numbering.national;
        !national.is_empty() && rule.begins.starts_with(national.as_str())
    }

    /// What the digits of an E.164 number are. Of the ways to dial it at home the one whose rule
    /// says most of it tells the kind, so that no way around makes another number of it.
    fn canonical(&self, digits: &str) -> Option<Reading> {
        let Numbering { country, area, international, national, .. } = &self.numbering;
        // No country's code begins with a nought.
        let fits = digits.len() <= E164_DIGITS_MAX && !digits.starts_with('0');
        if !fits || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let e164 = Some(Number::new(format!("+{digits}")));
        let within = Some(country).filter(|country| !country.is_empty());
        let within = within.and_then(|country| digits.strip_prefix(country.as_str()));
        let Some(significant) = within else {
            let home = format!("{international}{digits}");
            let foreign = |rule: &NumberRule| rule.reach == Reach::International;
            let (kind, _) = self.rule(&home, foreign).filter(|_| !international.is_empty())?;
            return Some(Reading { kind: kind.to_owned(), e164, home: Number::new(home) });
        };
        let prefixed = format!("{national}{significant}");
        let more = |(digits, length), by| (digits + by, length + by);
        let less = |(digits, length): (usize, usize), by| {
            (digits.saturating_sub(by), length.saturating_sub(by))
        };
        let in_area = significant.strip_prefix(area.as_str());
        let local = in_area
            .and_then(|number| self.rule(number, |rule| rule.reach == Reach::Local))
            .map(|(kind, rule)| (more(says(&rule.begins), area.len()), kind));
        let bare = significant.to_owned();
        let plain = self
            .rule(&bare, |rule| rule.reach == Reach::National && !self.strips(rule))
            .map(|(kind, rule)| (says(&rule.begins), kind));
        let full = self
            .rule(&prefixed, |rule| rule.reach == Reach::National && self.strips(rule))
            .map(|(kind, rule)| (less(says(&rule.begins), national.len()), kind));
        // Of equals the earlier counts for the kind; a bare number is nicer to read.
        let said = [local, plain, full].into_iter().flatten();
        let most = said.reduce(|most, next| if next.0 > most.0 { next } else { most });
        if let Some((_, kind)) = most {
            let home = Number::new(if plain.is_some() { &bare } else { &prefixed });
            return Some(Reading { kind: kind.to_owned(), e164, home });
        }
        let (kind, _) = self.rule(significant, |rule| rule.reach == Reach::Short)?;
        Some(Reading { kind: kind.to_owned(), e164: None, home: Number::new(significant) })
    }

    /// The rule that says most of those that fit a number.
    fn rule(
        &self,
        number: &str,
        wanted: impl Fn(&NumberRule) -> bool,
    ) -> Option<(&str, &NumberRule)> {
        let length = u8::try_from(number.len()).ok()?;
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let fits = |(_, rule): &&(String, NumberRule)| {
            (rule.digits.0..=rule.digits.1).contains(&length)
                && wanted(rule)
                && begins(number, &rule.begins)
        };
        self.rules.iter().find(fits).map(|(kind, rule)| (kind.as_str(), rule))
    }
}

/// How much a beginning says of a number: its digits, then its length.
fn says(begins: &str) -> (usize, usize) {
    (begins.bytes().filter(u8::is_ascii_digit).count(), begins.len())
}

/// Tells whether a number begins so: `x` stands for any digit, `z` for 1 to 9, `n` for 2 to 9.
fn begins(number: &str, begins: &str) -> bool {
    let fits = |(digit, sign): (u8, u8)| match sign {
        b'x' => true,
        b'z' => digit != b'0',
        b'n' => !matches!(digit, b'0' | b'1'),
        sign => digit == sign,
    };
    number.len() >= begins.len() && number.bytes().zip(begins.bytes()).all(fits)
}

/// A number without what people put between its digits (RFC 3966 5.1.1); none where something else
/// is in it. Codes with `*` and `#` are no numbers, and nothing is dialled behind a number.
fn clean(text: &str) -> Option<String> {
    let mut number = String::new();
    for (at, sign) in text.trim().char_indices() {
        match sign {
            '0'..='9' => number.push(sign),
            '+' if number.is_empty() && at == 0 => number.push(sign),
            '-' | '.' | '(' | ')' | ' ' => {}
            _ => return None,
        }
        if number.len() > DIGITS_MAX {
            return None;
        }
    }
    number.bytes().any(|b| b.is_ascii_digit()).then_some(number)
}
