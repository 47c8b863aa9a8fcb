//! The service manager and the log: systemd when it started us, plain stderr otherwise.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How loud a message is, as syslog counts (RFC 5424 section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error = 3,
    Warning = 4,
    Notice = 5,
}

static TO_JOURNALD: AtomicBool = AtomicBool::new(false);

/// Finds out where messages go: to journald if systemd connected our stderr to it, which it says
/// in `$JOURNAL_STREAM`; `journal::send` itself would report success with no journald there.
pub fn start_log() {
    let connected = std::env::var_os("JOURNAL_STREAM").is_some()
        && std::path::Path::new("/run/systemd/journal/socket").exists();
    TO_JOURNALD.store(connected, Ordering::Relaxed);
}

/// Writes a message. Never called from a media thread.
pub fn log(severity: Severity, message: &str) {
    if TO_JOURNALD.load(Ordering::Relaxed) {
        let fields = [
            format!("PRIORITY={}", severity as u8),
            "SYSLOG_IDENTIFIER=ringfence".to_owned(),
            format!("MESSAGE={message}"),
        ];
        let borrowed: Vec<&str> = fields.iter().map(String::as_str).collect();
        if systemd::journal::send(&borrowed).is_ok() {
            return;
        }
    }
    eprintln!("ringfence: {message}");
}

/// Ends the process when the thread that holds it panics: a box without one of its threads answers
/// calls that nobody hears or records. The service manager starts it anew.
pub struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            log(Severity::Error, "a thread of the box panicked: the box stops");
            std::process::abort();
        }
    }
}

/// Tells systemd something about us; without systemd nothing happens.
fn notify(pairs: &[(&str, &str)]) {
    if let Err(error) = systemd::daemon::notify(pairs.iter()) {
        eprintln!("ringfence: systemd was not told {pairs:?}: {error}");
    }
}

/// The box answers calls from here.
pub fn tell_ready(status: &str) {
    notify(&[("READY", "1"), ("STATUS", status)]);
}

/// The box drains.
pub fn tell_stopping() {
    notify(&[("STOPPING", "1"), ("STATUS", "draining: no new calls")]);
}

/// The exchange thread lives: to be told within half of what `watchdog` gives.
pub fn tell_alive() {
    notify(&[("WATCHDOG", "1")]);
}

/// How long systemd waits for a sign of life, if it watches us.
pub fn watchdog() -> Option<Duration> {
    let micros = systemd::daemon::watchdog_enabled().ok()?;
    (micros > 0).then(|| Duration::from_micros(micros))
}
