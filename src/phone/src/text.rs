//! Text that comes from outside, made fit for a display, a header, a line or an element.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Removes what has no place on a display: control characters, line ends, marks that turn the
/// direction of writing or hide what is written. Runs of white space become one space.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut gap = false;
    for letter in text.chars() {
        if letter.is_whitespace() || letter.is_control() {
            gap = true;
        } else if !is_hidden(letter) {
            if gap && !clean.is_empty() {
                clean.push(' ');
            }
            gap = false;
            clean.push(letter);
        }
    }
    clean
}

/// Characters that show nothing and change what is shown beside them: the bidirectional marks of
/// UAX 9, zero-width ones, interlinear notes, tags, variation selectors.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFD}' | '\u{E0000}'..='\u{E0FFF}'
        | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// Cuts a text to so many cells of a display, where a Chinese character takes two; what was cut
/// ends in `…`.
pub fn cut(text: &str, cells_max: usize) -> String {
    if text.width() <= cells_max {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut cells = 0;
    for letter in text.chars() {
        let width = letter.width().unwrap_or(0);
        // A mark that stands over the letter before it may not outlive the room for it.
        if cells + width + 1 > cells_max {
            break;
        }
        cells += width;
        cut.push(letter);
    }
    let kept = cut.trim_end().len();
    cut.truncate(kept);
    if cells_max > 0 {
        cut.push('…');
    }
    cut
}

/// Covers the digits of a text in which a number may hide, all but the last three of many.
pub fn cover_digits(text: &str) -> String {
    let count = text.chars().filter(|letter| is_digit(*letter)).count();
    if count < 5 {
        return text.to_owned();
    }
    let shown = if count > 6 { 3 } else { 0 };
    let mut seen = 0;
    let cover = |letter| {
        if !is_digit(letter) {
            return letter;
        }
        seen += 1;
        if seen + shown > count { letter } else { '*' }
    };
    text.chars().map(cover).collect()
}

/// Digits of every script, since a name may write a number in full-width ones.
fn is_digit(letter: char) -> bool {
    letter.is_numeric()
}

/// The value of a line `name = value` of a settings file: one line, without what begins a comment
/// or a section at its start. Values that are secrets or addresses pass unchanged.
pub fn line_value(text: &str) -> String {
    let clean = clean(text);
    clean.trim_start_matches(['#', '[', ';', '=', '%', '$']).trim().to_owned()
}

/// Escapes a text for an element or an attribute of XML (XML 1.0 section 2.4). Line ends stay, as
/// references where a parser would fold them; other control characters cannot be written.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            letter if letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_that_turn_or_hide_writing_are_removed() {
        assert_eq!(clean("Wang\u{202E}gnaF\u{202C}\u{200B}\u{2066}x"), "WanggnaFx");
        assert_eq!(clean(" a\r\nVia: evil\t\u{0}b \u{85} "), "a Via: evil b");
        assert_eq!(clean("王芳 门诊"), "王芳 门诊");
        assert_eq!(clean("\u{E0041}\u{FEFF}"), "");
    }

    #[test]
    fn a_chinese_character_takes_two_cells() {
        assert_eq!(cut("王芳在门诊", 10), "王芳在门诊");
        assert_eq!(cut("王芳在门诊", 9), "王芳在门…");
        assert_eq!(cut("王芳在门诊", 8), "王芳在…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn a_number_in_a_name_is_covered_in_any_script() {
        assert_eq!(cover_digits("Call 139-1234-5678"), "Call ***-****-*678");
        assert_eq!(cover_digits("１３９１２３４５６７８"), "********６７８");
        assert_eq!(cover_digits("Ward 12"), "Ward 12");
    }

    #[test]
    fn a_value_cannot_end_its_line_or_begin_another() {
        assert_eq!(line_value("x\naccount.1.password = y"), "x account.1.password = y");
        assert_eq!(line_value("# [x"), "[x");
        assert_eq!(xml("<a b=\"c\">&'\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_one_clean_line_goes_out(text in any::<String>()) {
            let clean = clean(&text);
            prop_assert!(!clean.chars().any(|letter| letter.is_control() || is_hidden(letter)));
            prop_assert!(!line_value(&text).contains(['\n', '\r']));
            prop_assert!(cut(&clean, 20).width() <= 20);
            let escaped = xml(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        }
    }
}
