//! A text on its way, part by part.

use super::super::reply::{Fault, Verdict};
use super::{Ask, News, PROMPT, State, TRIES_MAX, Talk, Trouble};
use model::Instant;

impl Talk {
    /// Begins a part, or rests where there is none.
    pub(super) fn header(&mut self, now: Instant) {
        let part = self.sending.as_ref().map(|sending| (sending.tries, sending.part));
        let Some((tries, part)) = part else { return self.idle(now) };
        if tries >= TRIES_MAX {
            self.give_up(true, None);
            return self.idle(now);
        }
        let octets = self.sending.as_mut().and_then(|sending| {
            sending.tries += 1;
            sending.submit.part(part)
        });
        let Some((octets, _)) = octets else { return self.idle(now) };
        self.state = State::Header;
        (self.heard, self.due) = (None, Some(now + PROMPT));
        self.write(format!("AT+CMGS={octets}\r").as_bytes());
    }

    /// Room was made, as far as there was any to make: the part is begun again.
    pub(super) fn cleared(&mut self, now: Instant) {
        if let Some(sending) = &mut self.sending {
            sending.cleared = true;
        }
        self.header(now);
    }

    pub(super) fn part_sent(&mut self, now: Instant) {
        if self.trouble == Some(Trouble::Full) {
            self.trouble = None;
            self.tell(News::Ready);
        }
        if let Some(sending) = &mut self.sending {
            (sending.part, sending.tries) = (sending.part + 1, 0);
            if sending.part < sending.submit.count() {
                return self.header(now);
            }
        }
        self.sending = None;
        self.tell(News::Sent);
        self.idle(now);
    }

    pub(super) fn part_refused(&mut self, now: Instant, fault: Fault) {
        let cleared = self.sending.as_ref().is_some_and(|sending| sending.cleared);
        match fault.verdict() {
            Verdict::Full if !cleared => self.ask(now, Ask::Clear),
            Verdict::Full => {
                self.give_up(true, fault.code());
                if self.trouble.replace(Trouble::Full) != Some(Trouble::Full) {
                    self.tell(News::Down(Trouble::Full));
                }
                self.idle(now);
            }
            Verdict::Sim => {
                self.give_up(true, fault.code());
                self.ask(now, Ask::Sim);
            }
            Verdict::Later => {
                self.give_up(true, fault.code());
                self.idle(now);
            }
            Verdict::Never => {
                self.give_up(false, fault.code());
                self.idle(now);
            }
        }
    }

    pub(super) fn give_up(&mut self, again: bool, code: Option<u16>) {
        if self.sending.take().is_some() {
            self.tell(News::Failed { again, code });
        }
    }
}
