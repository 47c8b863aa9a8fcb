//! Open files: as many as the system allows, and word when they have run out.

use crate::service::{Severity, log};
use rustix::io::Errno;
use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Files have been short until nothing was refused for so long.
const SHORT_FOR: Duration = Duration::from_secs(10);

/// When something was last refused for want of a file: whoever accepts connections says it, and the
/// exchange makes an alarm of it.
static REFUSED: Mutex<Option<Instant>> = Mutex::new(None);

/// Tells that a socket took nobody. Running out of files is logged when it begins, for it is met
/// many times a second; everything else each time.
pub fn took_none(what: &str, error: &io::Error) {
    if !is_shortage(error) {
        log(Severity::Error, &format!("{what} took nobody: {error}"));
        return;
    }
    let now = Instant::now();
    let before = REFUSED.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
    if !is_within(before, now) {
        log(Severity::Error, &format!("{what} takes nobody while files are short: {error}"));
    }
}

/// Tells whether files are short.
pub fn are_short() -> bool {
    let last = *REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    is_within(last, Instant::now())
}

fn is_within(last: Option<Instant>, now: Instant) -> bool {
    last.is_some_and(|at| now.saturating_duration_since(at) < SHORT_FOR)
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_short_after_a_refusal_for_want_of_one_and_for_no_other() {
        took_none("a socket", &io::Error::from(Errno::CONNABORTED));
        assert!(!are_short());
        took_none("a socket", &io::Error::from(Errno::MFILE));
        assert!(are_short());
        let now = Instant::now();
        assert!(!is_within(Some(now), now + SHORT_FOR));
    }
}
