//! Parameters of addresses and header values: `;name`, `;name=token`, `;name="quoted"` (RFC 3261
//! section 25.1), as `rsip`'s types.

use rsip::Param;

/// Most parameters of one address or header value; more are refused.
pub const PARAMS_MAX: usize = 32;

/// Why a text is no list of parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    #[error("the parameter '{0}' is malformed")]
    Malformed(String),
    #[error("the parameter '{0}' stands more than once")]
    Twice(String),
    #[error("more than {PARAMS_MAX} parameters")]
    TooMany,
}

/// Reads parameters after their first `;`, which is not part of `text`. None may stand twice (RFC
/// 3261 sections 7.3.1 and 19.1.1): one reader would take the first and another the last.
pub fn parse(text: &str) -> Result<Vec<Param>, ParamError> {
    let mut params = Vec::new();
    for part in split_outside_quotes(text, ';') {
        if params.len() == PARAMS_MAX {
            return Err(ParamError::TooMany);
        }
        let param = one(part.trim())?;
        let (name, _) = name_value(&param);
        if value_of(&params, &name).is_some() {
            return Err(ParamError::Twice(name));
        }
        params.push(param);
    }
    Ok(params)
}

/// The value of a parameter: `Some(None)` where it stands without one.
pub fn value_of(params: &[Param], name: &str) -> Option<Option<String>> {
    params.iter().find(|p| name_of(p).eq_ignore_ascii_case(name)).map(|p| name_value(p).1)
}

/// A parameter's name.
pub fn name_of(param: &Param) -> &str {
    match param {
        Param::Transport(_) => "transport",
        Param::User(_) => "user",
        Param::Method(_) => "method",
        Param::Ttl(_) => "ttl",
        Param::Maddr(_) => "maddr",
        Param::Lr => "lr",
        Param::Branch(_) => "branch",
        Param::Received(_) => "received",
        Param::Tag(_) => "tag",
        Param::Expires(_) => "expires",
        Param::Q(_) => "q",
        Param::Other(name, _) => name.value(),
    }
}

/// Splits at `at`, but not within quoted strings.
pub fn split_outside_quotes(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == at && !quoted => {
                parts.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A parameter's name and value.
pub fn name_value(param: &Param) -> (String, Option<String>) {
    let text = param.to_string();
    let text = text.strip_prefix(';').unwrap_or(&text);
    match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// Reads one parameter; a value may be a token, a host or a quoted string (kept with its quotes).
fn one(text: &str) -> Result<Param, ParamError> {
    let wrong = || ParamError::Malformed(text.to_owned());
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
        None => (text, None),
    };
    let of_name = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~[]/:&$()".contains(c);
    if name.is_empty() || !name.chars().all(of_name) {
        return Err(wrong());
    }
    let whole = match value {
        None => true,
        Some(quoted) if quoted.starts_with('"') => is_quoted(quoted),
        Some(plain) => {
            let foreign = |c: char| {
                c.is_control() || c.is_whitespace() || matches!(c, '"' | ';' | ',' | '<' | '>')
            };
            !plain.is_empty() && !plain.contains(foreign)
        }
    };
    if !whole {
        return Err(wrong());
    }
    let other = || Param::Other(name.into(), value.map(Into::into));
    Ok(Param::try_from((name, value)).unwrap_or_else(|_| other()))
}

/// Tells whether the whole text is one quoted string.
fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut escaped = false;
    for c in inner.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return false,
            _ => {}
        }
    }
    !escaped && text.len() >= 2
}
