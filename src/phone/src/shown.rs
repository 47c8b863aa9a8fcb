//! What an agent's phone shows of a caller: in the From display name and on a pushed screen.

use crate::text::{clean, cover_digits, cut};
use model::order::Pop;
use model::site::Lang;
use model::{Number, PersonName};
use unicode_width::UnicodeWidthStr as _;

/// Cells of a display name: the line of a middle phone. More is cut by the phone where it likes.
pub const NAME_CELLS_MAX: usize = 40;
/// Cells that who calls keeps, however long the rest is.
const WHO_CELLS_MIN: usize = 12;
/// Cells of a line of a pushed screen.
pub const LINE_CELLS_MAX: usize = 32;
/// Longest wait that is told: 9:59:59.
const WAITED_S_MAX: u32 = 35_999;
const PART: &str = " · ";

/// Who calls, as the line gave it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub number: &'a Number,
    pub name: &'a PersonName,
}

/// The number that goes into the headers of the call to an agent's phone: covered where the agent's
/// role does not see numbers, since every phone shows the address beside the name.
pub fn caller_id(number: &Number, pop: &Pop) -> Number {
    if pop.masked { Number::new(number.masked()) } else { number.clone() }
}

/// A pop in the agent's language, cleaned and masked: everything in it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub lang: Lang,
    /// The caller's name, else the number, else words for neither.
    pub who: String,
    /// The number, masked where the agent's role asks for it; empty where `who` is the number.
    pub number: String,
    /// The menu or queue the caller comes from.
    pub from: String,
    /// Minutes and seconds; empty for a caller who did not wait.
    pub waited: String,
    /// VIP, complaint.
    pub marks: Vec<&'static str>,
}

impl Shown {
    /// Makes a pop fit to be shown.
    pub fn new(caller: Caller<'_>, pop: &Pop, lang: Lang) -> Self {
        let number =
            if pop.masked { caller.number.masked() } else { caller.number.reveal().into() };
        let number = clean(&number);
        let mut name = clean(caller.name.reveal());
        if pop.masked {
            name = cover_digits(&name);
        }
        let (who, number) = match (name.is_empty(), number.is_empty()) {
            (false, _) => (name, number),
            (true, false) => (number, String::new()),
            (true, true) => (words(lang).unknown.to_owned(), String::new()),
        };
        let waited = match pop.waited_s.min(WAITED_S_MAX) {
            0 => String::new(),
            s if s < 3600 => format!("{}:{:02}", s / 60, s % 60),
            s => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        };
        let marks =
            [(pop.marks.vip, words(lang).vip), (pop.marks.complaint, words(lang).complaint)];
        let marks = marks.into_iter().filter_map(|(set, word)| set.then_some(word)).collect();
        Self { lang, who, number, from: clean(&pop.from), waited, marks }
    }

    /// One line for a display name: `Wang Fang · 门诊 · 2:10 · VIP`. Where it is too long, where the
    /// caller comes from is cut first and who calls next; the wait and the marks stay.
    pub fn display_name(&self) -> String {
        let mut end = String::new();
        for part in std::iter::once(self.waited.as_str()).chain(self.marks.iter().copied()) {
            if !part.is_empty() {
                end = format!("{end}{PART}{part}");
            }
        }
        let room = NAME_CELLS_MAX.saturating_sub(end.width());
        let who = cut(&self.who, room.max(WHO_CELLS_MIN));
        let left = room.saturating_sub(who.width() + PART.width());
        let from = cut(&self.from, left);
        if from.is_empty() || left < 3 {
            return format!("{who}{end}");
        }
        format!("{who}{PART}{from}{end}")
    }

    /// The lines of a pushed screen, who calls left out: that is its title.
    pub fn lines(&self) -> Vec<String> {
        let words = words(self.lang);
        let mut lines = Vec::new();
        let mut add = |label: &str, value: &str| {
            if !value.is_empty() {
                lines.push(cut(&format!("{label}{value}"), LINE_CELLS_MAX));
            }
        };
        add("", &self.number);
        add(words.from, &self.from);
        add(words.waited, &self.waited);
        add("", &self.marks.join(PART));
        lines
    }

    /// The title of a pushed screen.
    pub fn title(&self) -> String {
        cut(&self.who, LINE_CELLS_MAX)
    }
}

struct ShownWords {
    unknown: &'static str,
    vip: &'static str,
    complaint: &'static str,
    from: &'static str,
    waited: &'static str,
}

fn words(lang: Lang) -> ShownWords {
    match lang {
        Lang::Zh => ShownWords {
            unknown: "未知来电",
            vip: "VIP",
            complaint: "投诉",
            from: "来自：",
            waited: "已等候：",
        },
        Lang::En => ShownWords {
            unknown: "Unknown caller",
            vip: "VIP",
            complaint: "complaint",
            from: "From: ",
            waited: "Waited: ",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::site::Marks;
    use proptest::prelude::*;

    fn shown(number: &str, name: &str, pop: &Pop, lang: Lang) -> Shown {
        let (number, name) = (Number::new(number), PersonName::new(name));
        Shown::new(Caller { number: &number, name: &name }, pop, lang)
    }

    fn pop() -> Pop {
        Pop {
            from: "门诊".into(),
            waited_s: 130,
            marks: Marks { vip: true, complaint: false },
            ..Pop::default()
        }
    }

    #[test]
    fn a_pop_says_who_from_where_how_long_and_what_matters() {
        let shown = shown("13912345678", "Wang Fang", &pop(), Lang::Zh);
        assert_eq!(shown.display_name(), "Wang Fang · 门诊 · 2:10 · VIP");
        assert_eq!(shown.title(), "Wang Fang");
        assert_eq!(shown.lines(), ["13912345678", "来自：门诊", "已等候：2:10", "VIP"]);
    }

    #[test]
    fn a_masked_pop_shows_no_number_not_even_one_that_poses_as_a_name() {
        let pop = Pop { masked: true, ..pop() };
        let shown = shown("13912345678", "13912345678", &pop, Lang::En);
        assert_eq!(shown.display_name(), "********678 · 门诊 · 2:10 · VIP");
        assert!(!shown.lines().concat().contains("5678"), "{:?}", shown.lines());
    }

    #[test]
    fn the_number_in_the_headers_is_covered_like_the_one_on_the_display() {
        let number = Number::new("13912345678");
        let masked = Pop { masked: true, ..pop() };
        assert_eq!(caller_id(&number, &masked).reveal(), "********678");
        assert_eq!(caller_id(&number, &pop()), number);
    }

    #[test]
    fn a_caller_without_number_and_name_has_words_in_the_agents_language() {
        let nothing = Pop::default();
        assert_eq!(shown("", "", &nothing, Lang::Zh).display_name(), "未知来电");
        assert_eq!(shown("", "\u{202E}", &nothing, Lang::En).display_name(), "Unknown caller");
    }

    #[test]
    fn a_long_name_is_cut_before_the_marks_are() {
        let marks = Marks { vip: true, complaint: true };
        let pop = Pop { marks, from: "Outpatients of the eastern wing".into(), ..pop() };
        let name = "A caller whose name is much longer than any phone shows";
        let line = shown("1", name, &pop, Lang::En).display_name();
        assert!(line.ends_with(" · 2:10 · VIP · complaint"), "{line}");
        assert!(line.width() <= NAME_CELLS_MAX, "{line}");
        assert!(line.starts_with("A caller"), "{line}");
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let shown = shown("1", "x\r\nContact: <sip:evil>", &Pop::default(), Lang::En);
        assert_eq!(shown.display_name(), "x Contact: <sip:evil>");
    }

    proptest! {
        #[test]
        fn no_pop_is_wider_than_a_phone(
            name in any::<String>(), number in any::<String>(), from in any::<String>(),
            waited_s in any::<u32>(), vip in any::<bool>(), complaint in any::<bool>(),
        ) {
            let pop = Pop { from, waited_s, marks: Marks { vip, complaint }, ..Pop::default() };
            let shown = shown(&number, &name, &pop, Lang::En);
            prop_assert!(shown.display_name().width() <= NAME_CELLS_MAX);
            prop_assert!(shown.lines().iter().all(|line| line.width() <= LINE_CELLS_MAX));
        }
    }
}
