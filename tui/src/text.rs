//! Texts as a terminal takes them: without control, of a known width.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Longest text taken from the box for one cell of a screen; the rest is left out.
pub const TEXT_CHARS_MAX: usize = 256;

/// Gives the text without anything that steers a terminal or hides: a control character becomes
/// `?`; characters of no width (bidi marks, joiners, stacked accents) and line ends of Unicode go.
pub fn clean(text: &str) -> String {
    let shown = text.chars().filter_map(|sign| match (sign, sign.width()) {
        ('\u{2028}' | '\u{2029}', _) | (_, Some(0)) => None,
        (_, None) => Some('?'),
        (_, Some(_)) => Some(sign),
    });
    shown.take(TEXT_CHARS_MAX).collect()
}

/// Columns of a terminal the text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text in at most `columns`, with `…` at its end where it was cut; a wide character is never
/// halved.
pub fn fit(text: &str, columns: u16) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut cut = String::new();
    for sign in text.chars() {
        used += sign.width().unwrap_or(0);
        if used > usize::from(room) {
            break;
        }
        cut.push(sign);
    }
    cut.push('…');
    cut
}

/// The text in lines of at most `columns`, broken at spaces and, where it must be or between wide
/// characters, anywhere.
pub fn wrap(text: &str, columns: u16) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let breaks_anywhere = width(word) > columns || word.chars().any(is_wide);
        if !line.is_empty() {
            let fits = width(&line) + 1 + width(word) <= columns;
            if fits || (breaks_anywhere && width(&line) + 2 < columns) {
                line.push(' ');
            } else {
                lines.push(std::mem::take(&mut line));
            }
        }
        for sign in word.chars() {
            if !line.is_empty() && width(&line) + sign_width(sign) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(sign);
        }
    }
    lines.push(line);
    lines
}

fn sign_width(sign: char) -> u16 {
    sign.width().and_then(|wide| u16::try_from(wide).ok()).unwrap_or(0)
}

fn is_wide(sign: char) -> bool {
    sign_width(sign) > 1
}

/// A span as people read a stop-watch: `0:07`, `12:30`, `3:02:11`, `2d 03:04`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{rest:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{days}d {hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        assert_eq!(clean("a\x1b[31mb\x07c\u{9b}2Jd\r\ne\u{7f}"), "a?[31mb?c?2Jd??e?");
        assert_eq!(clean("pay\u{202e}drow\u{2066}x\u{200d}\u{feff}\u{2028}\u{2029}y"), "paydrowxy");
        assert_eq!(clean("王e\u{301}\u{301}"), "王e");
        assert_eq!(clean(&"x".repeat(100_000)).len(), TEXT_CHARS_MAX);
    }

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!(fit("预约挂号", 8), "预约挂号");
        assert_eq!(fit("预约挂号", 7), "预约挂…");
        assert_eq!(fit("预约挂号", 6), "预约…");
        assert_eq!(fit("预约", 1), "…");
        assert_eq!(fit("预约", 0), "");
    }

    #[test]
    fn long_texts_wrap_at_spaces_and_wide_ones_anywhere() {
        assert_eq!(wrap("log in with *11 now", 8), ["log in", "with *11", "now"]);
        assert_eq!(wrap("拨打示闲", 5), ["拨打", "示闲"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("本机 无法连接", 8), ["本机 无", "法连接"]);
        assert_eq!(wrap("", 8), [""]);
    }

    #[test]
    fn spans_read_like_a_stop_watch() {
        assert_eq!(span(7_999), "0:07");
        assert_eq!(span(750_000), "12:30");
        assert_eq!(span(10_931_000), "3:02:11");
        assert_eq!(span(183_840_000), "2d 03:04");
    }
}
