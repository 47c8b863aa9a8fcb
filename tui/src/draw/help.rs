//! Help: every key, and how to attach a softphone.

use crate::keys::{Of, word};
use crate::model::Model;
use crate::text::{fit, width, wrap};
use crate::words::{self, Word};
use control::PhoneHelp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Width of the left side, the keys.
const KEYS: u16 = 36;

type Row = (String, Style);

/// Draws the help from its scrolled line on.
pub fn paint(model: &Model, buffer: &mut Buffer, area: Rect) {
    let from = usize::from(model.help.unwrap_or(0));
    let right = area.width.saturating_sub(KEYS);
    let sides = [(area.x, keys(model)), (area.x + KEYS, phone(model, right))];
    for (x, rows) in sides {
        for (row, y) in rows.iter().skip(from).zip(area.y..area.bottom()) {
            let room = if x == area.x { KEYS - 1 } else { right };
            buffer.set_string(x, y, fit(&row.0, room), row.1);
        }
    }
    let over = lines_over(model, area);
    if over > 0 {
        let mark = format!("{}/{} ↑↓", from + 1, over + 1);
        let x = area.right().saturating_sub(width(&mark));
        buffer.set_string(x, area.y, mark, model.theme.faint());
    }
}

/// Lines that do not fit into `area`.
pub fn lines_over(model: &Model, area: Rect) -> u16 {
    let right = area.width.saturating_sub(KEYS);
    let count = keys(model).len().max(phone(model, right).len());
    u16::try_from(count).unwrap_or(u16::MAX).saturating_sub(area.height)
}

fn keys(model: &Model) -> Vec<Row> {
    let (lang, theme) = (model.lang, model.theme);
    let keys: [(&str, Word); 16] = [
        ("1-7", words::HELP_VIEWS),
        ("Tab S-Tab", words::HELP_TAB),
        ("Esc", words::HELP_ESC),
        ("↑ ↓ k j", words::HELP_ARROWS),
        ("PgUp PgDn", words::HELP_PAGES),
        ("Home End", words::HELP_ENDS),
        ("s", words::HELP_SORT),
        ("m w", words::HELP_LISTEN),
        ("b t", words::HELP_BARGE),
        ("h", words::HELP_HANG_UP),
        ("l", words::HELP_LANG),
        ("Ctrl-L", words::HELP_REDRAW),
        ("? F1", words::HELP_HELP),
        ("q Ctrl-C", words::HELP_QUIT),
        ("", words::HELP_MARKS),
        ("!0:42", words::LATE),
    ];
    let marks = [
        (words::VIP_MARK, words::VIP),
        (words::COMPLAINT_MARK, words::COMPLAINT),
        (words::RECORDING_MARK, words::RECORDED),
    ];
    let mut rows = vec![(words::HELP_KEYS.in_lang(lang).to_owned(), theme.head())];
    for (key, meaning) in keys {
        if key.is_empty() {
            rows.push((String::new(), theme.plain()));
            rows.push((meaning.in_lang(lang).to_owned(), theme.head()));
        } else {
            rows.push((pair(key, meaning.in_lang(lang), 10), theme.plain()));
        }
    }
    for (mark, meaning) in marks {
        rows.push((pair(mark.in_lang(lang), meaning.in_lang(lang), 10), theme.plain()));
    }
    rows
}

fn phone(model: &Model, room: u16) -> Vec<Row> {
    let (lang, theme) = (model.lang, model.theme);
    let mut rows = vec![(words::HELP_PHONE.in_lang(lang).to_owned(), theme.head())];
    let Some(shown) = &model.snapshot else {
        rows.push((words::HELP_UNKNOWN.in_lang(lang).to_owned(), theme.faint()));
        return rows;
    };
    let help: &PhoneHelp = &shown.phone_help;
    let password = match &help.demo_password {
        Some(password) => password.clone(),
        None => words::HELP_PASSWORD_SITE.in_lang(lang).to_owned(),
    };
    let accounts = help.accounts.join(" ");
    let fields = [
        (words::HELP_SERVER, help.server.as_str()),
        (words::HELP_TRANSPORT, &help.transport),
        (words::HELP_REALM, &help.realm),
        (words::HELP_ACCOUNTS, &accounts),
        (words::HELP_PASSWORD, &password),
    ];
    for (name, value) in fields {
        let lead = 10;
        for (at, line) in wrap(value, room.saturating_sub(lead)).into_iter().enumerate() {
            let name = if at == 0 { name.in_lang(lang) } else { "" };
            rows.push((pair(name, &line, lead), theme.plain()));
        }
    }
    rows.push((String::new(), theme.plain()));
    rows.push((words::HELP_STEPS.in_lang(lang).to_owned(), theme.plain()));
    for (code, key) in &help.codes {
        rows.push((pair(&format!("  {code}"), word(Of::Code, key, lang), 10), theme.plain()));
    }
    rows.push((words::HELP_THEN.in_lang(lang).to_owned(), theme.plain()));
    rows
}

/// A name and its meaning, which begins in column `at`.
fn pair(name: &str, meaning: &str, at: u16) -> String {
    let blank = at.saturating_sub(width(name)).max(1);
    format!("{name}{}{meaning}", " ".repeat(usize::from(blank)))
}
