//! Session timers: a call whose far end fell silent ends (RFC 4028).
//!
//! ```text
//!   agreed for n s --n/2: refreshed by us (UPDATE or re-INVITE)--> agreed anew
//!        |                 or by the far end ----------------^
//!        '-- n - min(32, n/3) s without one --> BYE
//! ```
//!
//! `uac` and `uas` in a message are the ends of the very transaction that it belongs to, whoever
//! placed the call.

use crate::address::seconds;
use crate::message::Message;
use model::Instant;
use std::time::Duration;

/// Shortest interval there is, in seconds (RFC 4028 section 4).
pub const MIN_SE: u32 = 90;
/// Longest interval that is believed, in seconds.
const SE_MAX: u32 = 86_400;
const TAG: &str = "timer";
const HEADER: &str = "Session-Expires";

/// A session's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimer {
    every_s: u32,
    /// We refresh.
    ours: bool,
    since: Instant,
    /// Ours was sent and is not answered yet.
    asked: bool,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Refresh,
    /// Nobody refreshed.
    Expired,
}

impl SessionTimer {
    fn start(now: Instant, every_s: u32, ours: bool) -> Self {
        Self { every_s, ours, since: now, asked: false }
    }

    /// What is due now.
    pub fn due(&self, now: Instant) -> Option<Due> {
        let due = if self.refreshes() { Due::Refresh } else { Due::Expired };
        (self.at() <= now).then_some(due)
    }

    /// When something is due (RFC 4028 section 10).
    pub fn at(&self) -> Instant {
        let wait_s = if self.refreshes() {
            self.every_s / 2
        } else {
            self.every_s - (self.every_s / 3).min(32)
        };
        self.since + Duration::from_secs(wait_s.into())
    }

    /// Our refresh is on its way; the session ends if it is not answered in time.
    pub fn asked(&mut self) {
        self.asked = true;
    }

    /// The far end is there, though it did not refresh the session.
    pub fn heard(&mut self, now: Instant) {
        (self.since, self.asked) = (now, false);
    }

    /// Takes the interval that a 422 demands.
    pub fn lengthen(&mut self, refusal: &Message) -> bool {
        let least = min_se(refusal).filter(|least| *least > self.every_s);
        self.every_s = least.unwrap_or(self.every_s);
        self.asked = false;
        least.is_some()
    }

    fn refreshes(&self) -> bool {
        self.ours && !self.asked
    }
}

/// Adds what our INVITE asks for: the least interval it takes, too.
pub fn ask(invite: Message, every_s: u32) -> Message {
    match every_s {
        0 => invite,
        _ => {
            invite.with(HEADER, every_s.max(MIN_SE).to_string()).with("Min-SE", MIN_SE.to_string())
        }
    }
}

/// Adds to a request of ours within the call that it refreshes the session, and that we do so.
pub fn ask_again(request: Message, timer: Option<SessionTimer>) -> Message {
    match timer {
        Some(timer) => request
            .with(HEADER, format!("{};refresher=uac", timer.every_s))
            .with("Min-SE", MIN_SE.to_string()),
        None => request,
    }
}

/// Makes an INVITE of ours that was refused with 422 ask for as much as that demands (RFC 4028
/// section 7.3). Nothing where it demands no more than was asked for.
pub fn ask_for_more(mut invite: Message, refusal: &Message) -> Option<Message> {
    let (every_s, _) = read(&invite)?;
    let least = min_se(refusal).filter(|least| *least > every_s)?;
    invite.headers.replace(HEADER, least.to_string());
    invite.headers.replace("Min-SE", least.to_string());
    Some(invite)
}

/// The timer that a 2xx to a request of ours agrees on. Where the far end knows none, we ask after
/// it all the same.
pub fn agreed(now: Instant, session_s: u32, answer: &Message) -> Option<SessionTimer> {
    match read(answer) {
        Some((every_s, refresher)) => {
            let theirs = refresher.is_some_and(|who| who.eq_ignore_ascii_case("uas"));
            Some(SessionTimer::start(now, every_s.max(MIN_SE), !theirs))
        }
        None => own(now, session_s),
    }
}

/// Tells whether a request asks for too short an interval, by a peer that understands the refusal
/// (RFC 4028 section 9).
pub fn is_too_brief(request: &Message) -> bool {
    read(request).is_some_and(|(every_s, _)| every_s < MIN_SE) && knows(request)
}

/// Adds to our 2xx what it grants, and gives the timer.
pub fn grant(
    now: Instant,
    session_s: u32,
    request: &Message,
    response: Message,
) -> (Message, Option<SessionTimer>) {
    let asked = read(request);
    if !knows(request) {
        return (response, own(now, session_s));
    }
    let Some(wish_s) = asked.map(|(every_s, _)| every_s).or((session_s > 0).then_some(session_s))
    else {
        return (response, None);
    };
    let most_s = if session_s > 0 { session_s } else { SE_MAX };
    let every_s = wish_s.min(most_s).max(min_se(request).unwrap_or(MIN_SE)).clamp(MIN_SE, SE_MAX);
    let theirs = asked
        .and_then(|(_, refresher)| refresher)
        .is_some_and(|who| who.eq_ignore_ascii_case("uac"));
    let who = if theirs { "uac" } else { "uas" };
    let response = response.with(HEADER, format!("{every_s};refresher={who}")).with("Require", TAG);
    (response, Some(SessionTimer::start(now, every_s, !theirs)))
}

fn own(now: Instant, session_s: u32) -> Option<SessionTimer> {
    (session_s > 0).then(|| SessionTimer::start(now, session_s.max(MIN_SE), true))
}

fn knows(request: &Message) -> bool {
    ["Supported", "Require"].iter().any(|name| request.headers.words(name).any(|tag| tag == TAG))
}

/// The interval and who refreshes.
fn read(message: &Message) -> Option<(u32, Option<&str>)> {
    let mut parts = message.headers.get(HEADER)?.split(';').map(str::trim);
    let every_s = seconds(parts.next()?)?.min(SE_MAX);
    let refresher = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("refresher").then(|| value.trim())
    });
    Some((every_s, refresher))
}

fn min_se(message: &Message) -> Option<u32> {
    let value = message.headers.get("Min-SE")?;
    seconds(value.split(';').next()?.trim()).map(|s| s.min(SE_MAX))
}
