//! The line: commands, rest, a modem that is told to start anew and a device that is gone.

use super::{
    ANSWER, Ask, ESCAPE, GONE_AFTER, HELLO_EVERY, News, OPEN_AGAIN, OUTPUTS_MAX, Output,
    PIN_ANSWER, POLL_EVERY, RESTARTED, State, Talk, Trouble, Wire,
};
use model::{Instant, Secret};
use std::time::Duration;

impl Talk {
    pub(super) fn hello(&mut self, now: Instant) {
        self.hellos = 0;
        self.ask(now, Ask::Hello);
    }

    /// Has a modem that answers nothing start anew, blindly (27.007 8.2).
    pub(super) fn restart(&mut self, now: Instant) {
        self.write(&[&[ESCAPE][..], b"\rAT+CFUN=1,1\r"].concat());
        self.put(Output::Close);
        self.down(Trouble::Silent);
        self.state = State::Shut;
        self.due = Some(now + RESTARTED);
    }

    pub(super) fn lost(&mut self, now: Instant) {
        let since = *self.lost.get_or_insert(now);
        if now.since(since) >= GONE_AFTER {
            self.down(Trouble::Gone);
        }
        self.lines.clear();
        self.state = State::Shut;
        self.due = Some(now + OPEN_AGAIN);
    }

    pub(super) fn up(&mut self, now: Instant) {
        (self.searching, self.lost) = (None, None);
        let was = std::mem::replace(&mut self.ready, true);
        if self.trouble.is_some_and(|trouble| trouble != Trouble::Full) || !was {
            self.trouble = self.trouble.filter(|trouble| *trouble == Trouble::Full);
            self.tell(News::Ready);
        }
        self.header(now);
    }

    /// Tells once why nothing can be sent. A text on its way is given back.
    pub(super) fn down(&mut self, trouble: Trouble) {
        self.ready = false;
        self.give_up(true, None);
        if self.trouble.replace(trouble) != Some(trouble) {
            self.tell(News::Down(trouble));
        }
    }

    pub(super) fn idle(&mut self, now: Instant) {
        self.state = State::Idle;
        self.due = Some(now + POLL_EVERY);
    }

    pub(super) fn rest(&mut self, now: Instant, span: Duration, ask: Ask) {
        self.state = State::Resting(ask);
        self.due = Some(now + span);
    }

    pub(super) fn ask(&mut self, now: Instant, ask: Ask) {
        let command = match ask {
            Ask::Hello => {
                self.hellos += 1;
                // The escape leaves a text that was begun.
                "\u{1b}\rAT".to_owned()
            }
            Ask::Manners => "ATE0V1".into(),
            Ask::Errors => "AT+CMEE=1".into(),
            Ask::Sim => "AT+CPIN?".into(),
            Ask::TriesLeft => "AT+CPINR=\"SIM PIN\"".into(),
            Ask::Pin => {
                let pin = self.config.pin.as_ref().map_or("", Secret::reveal);
                format!("AT+CPIN=\"{pin}\"")
            }
            Ask::PduMode => "AT+CMGF=0".into(),
            Ask::Network => "AT+CREG?".into(),
            Ask::NetworkOfLte => "AT+CEREG?".into(),
            Ask::Clear => "AT+CMGD=1,2".into(),
            Ask::List => {
                self.read.clear();
                "AT+CMGL=1".into()
            }
            Ask::Delete => format!("AT+CMGD={}", self.read.pop().unwrap_or(1)),
        };
        self.state = State::Asking(ask);
        self.heard = None;
        let wait = match ask {
            Ask::Hello => HELLO_EVERY,
            Ask::Pin => PIN_ANSWER,
            Ask::Clear | Ask::List | Ask::Delete => PIN_ANSWER,
            _ => ANSWER,
        };
        self.due = Some(now + wait);
        self.write(format!("{command}\r").as_bytes());
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.put(Output::Write(Wire(bytes.to_vec())));
    }

    pub(super) fn tell(&mut self, news: News) {
        self.put(Output::News(news));
    }

    pub(super) fn put(&mut self, output: Output) {
        // News are few and bounded by what was asked for; bytes to a modem that floods are not.
        let full = self.outputs.len() >= OUTPUTS_MAX;
        if !(full && matches!(output, Output::Write(_))) {
            self.outputs.push_back(output);
        }
    }
}
