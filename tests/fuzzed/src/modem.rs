//! The talk with an SMS modem that says anything at any time.

use crate::Dice;
use board::modem::{Config, Input, News, Output, Submit, Talk};
use model::{Instant, Number, Secret};
use std::time::Duration;

const PIN: &str = "4711";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// What a modem might say, so that more than noise is said.
const SAYINGS: [&[u8]; 16] = [
    b"\r\nOK\r\n",
    b"\r\nERROR\r\n",
    b"\r\n> ",
    b"+CPIN: READY\r\n\r\nOK\r\n",
    b"+CPIN: SIM PIN\r\n\r\nOK\r\n",
    b"+CPINR: SIM PIN,3,3\r\n\r\nOK\r\n",
    b"+CPINR: SIM PIN,2,3\r\n\r\nOK\r\n",
    b"+CME ERROR: 16\r\n",
    b"+CMS ERROR: 322\r\n",
    b"+CMS ERROR: 331\r\n",
    b"+CREG: 0,1\r\n\r\nOK\r\n",
    b"+CEREG: 0,3\r\n\r\nOK\r\n",
    b"+CMGL: 4,1,,24\r\n0791\r\n\r\nOK\r\n",
    b"+CMGS: 7\r\n\r\nOK\r\n",
    b"RDY\r\n",
    b"AT\r\r\n",
];

/// A text that was taken ends once, as sent or failed; after a PIN was refused none is given; what
/// is written is a command, a text or an escape.
pub(crate) fn talk(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let pin = (dice.below(2) == 1).then(|| Secret::new(PIN));
    let pin_refused = dice.below(4) == 1;
    let mut now = Instant::START;
    let mut talk = Talk::new(now, Config { pin, pin_refused });
    let (mut refused, mut sending) = (pin_refused, false);
    while !dice.is_over() {
        match dice.below(8) {
            0 => talk.handle(now, Input::Bytes(dice.piece())),
            1..=3 => {
                let said = SAYINGS.get(dice.below(SAYINGS.len())).copied().unwrap_or_default();
                talk.handle(now, Input::Bytes(said));
            }
            4 => {
                let words = "线".repeat(1 + dice.below(200));
                let text = Submit::new(&Number::new("10086"), &words, dice.byte(), DAY);
                if talk.is_free() {
                    assert!(!sending, "it is free in the middle of a text");
                    talk.handle(now, Input::Send(text.expect("is short enough")));
                    sending = true;
                }
            }
            5 => talk.handle(now, Input::Lost),
            6 => talk.handle(now, Input::Opened),
            _ => {
                now = now + Duration::from_millis(u64::from(dice.byte()) * 100);
                talk.tick(now);
            }
        }
        let mut outputs = 0;
        while let Some(output) = talk.poll() {
            outputs += 1;
            assert!(outputs < 1000, "it never comes to an end");
            match output {
                Output::News(News::Sent | News::Failed { .. }) => {
                    assert!(std::mem::take(&mut sending), "a text ended twice");
                }
                Output::News(News::PinRefused) => refused = true,
                Output::Write(bytes) => {
                    let wire = String::from_utf8(bytes.0).expect("is ASCII");
                    assert!(!(refused && wire.contains(PIN)), "a refused PIN is given again");
                    let ends = wire.ends_with(['\r', '\u{1a}', '\u{1b}']);
                    assert!(ends && wire.len() < 400, "{} bytes", wire.len());
                }
                _ => {}
            }
        }
    }
}
