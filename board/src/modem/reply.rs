//! What a line of a modem's means (ITU-T V.250 5.7.1, 3GPP TS 27.007 9.2, 27.005 3.2.5).

use super::Trouble;

/// An error's kind and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Plain,
    /// `+CME ERROR`: of the telephone (27.007 9.2).
    Cme(u16),
    /// `+CMS ERROR`: of the message (27.005 3.2.5).
    Cms(u16),
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    Ok,
    Error(Fault),
    /// The modem has just started.
    Booted,
    /// `+NAME: what`.
    Said(&'a str, &'a str),
    Other,
}

/// What modems say when they have started, which no standard says.
const BOOTED: [&str; 5] = ["RDY", "^SYSSTART", "^BOOT", "START", "SYSTEM START"];

impl<'a> Reply<'a> {
    /// Reads a line.
    pub fn of(line: &'a str) -> Self {
        match line {
            "OK" => return Self::Ok,
            "ERROR" => return Self::Error(Fault::Plain),
            _ => {}
        }
        if BOOTED.iter().any(|word| line == *word || line.starts_with(&format!("{word}:"))) {
            return Self::Booted;
        }
        let Some((name, what)) = line.split_once(':') else { return Self::Other };
        let what = what.trim();
        match name {
            "+CME ERROR" => Self::Error(Fault::Cme(cme(what))),
            "+CMS ERROR" => Self::Error(Fault::Cms(what.parse().unwrap_or(500))),
            _ if name.starts_with('+') => Self::Said(name, what),
            _ => Self::Other,
        }
    }
}

/// The number of an error of the telephone; some modems write the ones of the SIM in words.
fn cme(what: &str) -> u16 {
    let words = [
        ("SIM not inserted", 10),
        ("SIM PIN required", 11),
        ("SIM PUK required", 12),
        ("SIM failure", 13),
        ("SIM busy", 14),
        ("incorrect password", 16),
        ("no network service", 30),
    ];
    let named = || words.iter().find(|(word, _)| what.eq_ignore_ascii_case(word));
    what.parse().ok().or_else(|| named().map(|(_, code)| *code)).unwrap_or(100)
}

/// What an answer to a message means for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The modem's memory is full.
    Full,
    /// The SIM is not there or not open.
    Sim,
    /// The network has a fault, or the modem: it may go at another time.
    Later,
    /// It will never go: the number does not exist, is barred, or the message is not taken.
    Never,
}

impl Fault {
    /// What it means for a message that was being sent (27.005 3.2.5; below 128 the causes of
    /// 3GPP TS 24.011 E.2).
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Cms(322) => Verdict::Full,
            Self::Cms(310..=318) | Self::Cme(10..=18) => Verdict::Sim,
            Self::Cms(1 | 8 | 10 | 21 | 28 | 29 | 30 | 50 | 69 | 95..=99 | 302..=305) => {
                Verdict::Never
            }
            _ => Verdict::Later,
        }
    }

    /// The number for a log.
    pub fn code(self) -> Option<u16> {
        match self {
            Self::Plain => None,
            Self::Cme(code) | Self::Cms(code) => Some(code),
        }
    }

    /// What is the matter with a SIM that was asked for (27.007 9.2.1); none where it is busy.
    pub fn of_sim(self) -> Option<Trouble> {
        match self {
            Self::Cme(11) => Some(Trouble::PinWanted),
            Self::Cme(12 | 18) => Some(Trouble::Puk),
            Self::Cme(14) => None,
            _ => Some(Trouble::NoSim),
        }
    }
}

/// The state of a registration, in an answer (`n,state,…`) or told by itself (`state,…`)
/// (27.007 7.2).
pub fn registration(what: &str) -> Option<u8> {
    let mut fields = what.split(',').map(|field| field.trim().parse::<u8>());
    let (first, second) = (fields.next()?, fields.next());
    second.and_then(Result::ok).or(first.ok())
}

/// Tells whether messages may go: at home or roaming, also where only messages may (27.007 7.2).
pub fn is_registered(state: u8) -> bool {
    matches!(state, 1 | 5 | 6 | 7)
}

/// Tries that are left for a PIN and those there were (`SIM PIN,left,all`, 27.007 8.65).
pub fn tries_left(what: &str) -> Option<(u8, u8)> {
    let mut fields = what.split(',').map(str::trim).skip(1);
    let left = fields.next()?.parse().ok()?;
    Some((left, fields.next().and_then(|all| all.parse().ok()).unwrap_or(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_modems_mean_what_the_standards_say() {
        assert_eq!(Reply::of("OK"), Reply::Ok);
        assert_eq!(Reply::of("+CMS ERROR: 322"), Reply::Error(Fault::Cms(322)));
        assert_eq!(Reply::of("+CME ERROR: SIM not inserted"), Reply::Error(Fault::Cme(10)));
        assert_eq!(Reply::of("+CMGS: 41"), Reply::Said("+CMGS", "41"));
        assert_eq!(Reply::of("RDY"), Reply::Booted);
        assert_eq!(Reply::of("^SYSSTART"), Reply::Booted);
        assert_eq!(Reply::of("RING"), Reply::Other);
    }

    #[test]
    fn ts_27_007_7_2_a_registration_is_read_from_an_answer_and_from_what_comes_by_itself() {
        assert_eq!(registration("0,1"), Some(1));
        assert_eq!(registration("2,5,\"00C3\",\"1B2F\""), Some(5));
        assert_eq!(registration("1,\"00C3\",\"1B2F\""), Some(1));
        assert_eq!(registration("3"), Some(3));
        assert_eq!(registration("x"), None);
        assert!(is_registered(6) && !is_registered(4));
    }

    #[test]
    fn what_an_error_means_for_a_message() {
        assert_eq!(Fault::Cms(322).verdict(), Verdict::Full);
        assert_eq!(Fault::Cms(1).verdict(), Verdict::Never);
        assert_eq!(Fault::Cms(331).verdict(), Verdict::Later);
        assert_eq!(Fault::Cms(310).verdict(), Verdict::Sim);
        assert_eq!(Fault::Plain.verdict(), Verdict::Later);
    }

    #[test]
    fn ts_27_007_8_65_tries_of_a_pin() {
        assert_eq!(tries_left("SIM PIN,3,3"), Some((3, 3)));
        assert_eq!(tries_left("SIM PIN,2"), Some((2, 3)));
        assert_eq!(tries_left("SIM PIN"), None);
    }
}
