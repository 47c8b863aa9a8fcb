//! A modem that nobody can hold: it answers AT commands as real ones do, and misbehaves as it is told.
//!
//! Bytes in, bytes out at their time; a test puts them on a pty or hands them over itself.

use model::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// Longest command that is kept.
const COMMAND_BYTES_MAX: usize = 1024;

/// How a modem is.
#[derive(Clone, Debug)]
pub struct ModemHabits {
    /// The SIM's PIN, where it wants one; none is no SIM at all where `sim` is false.
    pub pin: Option<String>,
    pub sim: bool,
    /// It says how many tries of the PIN are left (27.007 8.65).
    pub counts_tries: bool,
    /// It writes back what it is told until it is told not to.
    pub echoes: bool,
    /// Every answer comes this late.
    pub slow: Duration,
    /// The network takes it this long after its start; never where none.
    pub registers_after: Option<Duration>,
    /// The network is of LTE alone: `+CREG` knows of none.
    pub lte_alone: bool,
    /// Texts in its memory that were read, those that were not, and its room.
    pub memory: (usize, usize, usize),
    /// It can delete several texts at once.
    pub clears: bool,
    /// What it says to the next texts in place of taking them.
    pub refuses: VecDeque<&'static str>,
    /// It starts anew when it has taken so many bytes, once.
    pub reboots_at_byte: Option<usize>,
    /// How long it takes to start.
    pub boots_in: Duration,
    /// It says nothing from its start on, until it is told to start anew; for ever where `deaf`.
    pub hangs: bool,
    pub deaf: bool,
    /// Lines that come by themselves before each answer.
    pub chatters: bool,
}

impl Default for ModemHabits {
    fn default() -> Self {
        Self {
            pin: None,
            sim: true,
            counts_tries: true,
            echoes: true,
            slow: Duration::from_millis(20),
            registers_after: Some(Duration::ZERO),
            lte_alone: false,
            memory: (0, 0, 10),
            clears: true,
            refuses: VecDeque::new(),
            reboots_at_byte: None,
            boots_in: Duration::from_secs(8),
            hangs: false,
            deaf: false,
            chatters: false,
        }
    }
}

/// The modem.
pub struct SimModem {
    pub habits: ModemHabits,
    /// The octets of each text it took, in hex as it was told them.
    pub taken: Vec<String>,
    /// PINs it was given.
    pub pins: Vec<String>,
    /// Times it started.
    pub starts: u32,
    started: Instant,
    echo: bool,
    open: bool,
    tries: u8,
    bytes: usize,
    command: Vec<u8>,
    /// A text is awaited, of so many octets.
    text: Option<usize>,
    out: VecDeque<(Instant, Vec<u8>)>,
    reference: u8,
}

impl SimModem {
    /// A modem that is on.
    pub fn new(now: Instant, habits: ModemHabits) -> Self {
        let (echo, open) = (habits.echoes, habits.pin.is_none());
        let (taken, pins, command, out) = (Vec::new(), Vec::new(), Vec::new(), VecDeque::new());
        let (starts, tries, bytes, text, reference) = (0, 3, 0, None, 0);
        let started = now;
        Self {
            habits,
            taken,
            pins,
            starts,
            started,
            echo,
            open,
            tries,
            bytes,
            command,
            text,
            out,
            reference,
        }
    }

    /// Takes bytes from the line.
    pub fn take(&mut self, now: Instant, bytes: &[u8]) {
        for byte in bytes {
            self.bytes += 1;
            if self.habits.reboots_at_byte == Some(self.bytes) {
                self.habits.reboots_at_byte = None;
                self.boot(now);
            }
            if now >= self.started {
                self.byte(now, *byte);
            }
        }
    }

    /// Gives the bytes that it says by now.
    pub fn say(&mut self, now: Instant) -> Vec<u8> {
        let mut said = Vec::new();
        while self.out.front().is_some_and(|(at, _)| *at <= now) {
            said.extend(self.out.pop_front().into_iter().flat_map(|(_, bytes)| bytes));
        }
        said
    }

    /// Starts anew.
    pub fn boot(&mut self, now: Instant) {
        self.starts += 1;
        self.started = now + self.habits.boots_in;
        (self.echo, self.open, self.text) = (self.habits.echoes, self.habits.pin.is_none(), None);
        self.habits.hangs = false;
        self.command.clear();
        self.out.clear();
        self.out.push_back((self.started, b"\r\nRDY\r\n".to_vec()));
    }

    fn byte(&mut self, now: Instant, byte: u8) {
        if self.echo && !self.is_mute() {
            self.out.push_back((now, vec![byte]));
        }
        match (byte, self.text) {
            (0x1b, _) => {
                if self.text.take().is_some() {
                    self.answer(now, "OK");
                }
                self.command.clear();
            }
            (0x1a, Some(octets)) => {
                self.text = None;
                let hex = String::from_utf8_lossy(&std::mem::take(&mut self.command)).into_owned();
                self.submit(now, octets, hex);
            }
            (b'\r', None) => {
                let command =
                    String::from_utf8_lossy(&std::mem::take(&mut self.command)).into_owned();
                self.obey(now, &command);
            }
            _ if self.command.len() < COMMAND_BYTES_MAX => self.command.push(byte),
            _ => {}
        }
    }

    fn is_mute(&self) -> bool {
        self.habits.hangs || self.habits.deaf
    }

    fn say_at(&mut self, now: Instant, text: String) {
        if !self.is_mute() {
            self.out.push_back((now + self.habits.slow, text.into_bytes()));
        }
    }

    fn answer(&mut self, now: Instant, line: &str) {
        if self.habits.chatters {
            self.say_at(now, "\r\n^RSSI: 17\r\n\r\n+CMTI: \"SM\",3\r\n\r\nRING\r\n".into());
        }
        self.say_at(now, format!("\r\n{line}\r\n"));
    }

    fn obey(&mut self, now: Instant, command: &str) {
        let command = command.trim();
        if command.is_empty() {
            return;
        }
        if command == "AT+CFUN=1,1" {
            return self.boot(now);
        }
        let sim = |said: &'static str| if self.habits.sim { said } else { "+CME ERROR: 10" };
        let locked = self.habits.sim && !self.open;
        match command {
            "AT" => self.answer(now, "OK"),
            "ATE0V1" => {
                self.echo = false;
                self.answer(now, "OK");
            }
            "AT+CPIN?" => {
                let said = match (self.habits.sim, self.open, self.tries) {
                    (false, _, _) => "+CME ERROR: 10",
                    (_, true, _) => "+CPIN: READY\r\n\r\nOK",
                    (_, false, 0) => "+CPIN: SIM PUK\r\n\r\nOK",
                    (_, false, _) => "+CPIN: SIM PIN\r\n\r\nOK",
                };
                self.answer(now, said);
            }
            "AT+CPINR=\"SIM PIN\"" if self.habits.counts_tries => {
                self.answer(now, &format!("+CPINR: SIM PIN,{},3\r\n\r\nOK", self.tries));
            }
            "AT+CMEE=1" => self.answer(now, "OK"),
            _ if locked && !command.starts_with("AT+CPIN=") => self.answer(now, "+CME ERROR: 11"),
            "AT+CMGF=0" => self.answer(now, sim("OK")),
            "AT+CREG?" => {
                let state = if self.habits.lte_alone { 0 } else { self.registration(now) };
                self.answer(now, &format!("+CREG: 0,{state}\r\n\r\nOK"));
            }
            "AT+CEREG?" => {
                let state = if self.habits.lte_alone { self.registration(now) } else { 0 };
                self.answer(now, &format!("+CEREG: 0,{state}\r\n\r\nOK"));
            }
            "AT+CMGD=1,2" if self.habits.clears => {
                self.habits.memory.0 = 0;
                self.answer(now, "OK");
            }
            "AT+CMGL=1" => {
                let rows = 1..=self.habits.memory.0;
                let rows: String =
                    rows.map(|no| format!("+CMGL: {no},1,,24\r\n0791000000\r\n")).collect();
                self.answer(now, &format!("{rows}\r\nOK"));
            }
            _ => self.obey_with_value(now, command),
        }
    }

    fn obey_with_value(&mut self, now: Instant, command: &str) {
        if let Some(pin) = command.strip_prefix("AT+CPIN=") {
            let pin = pin.trim_matches('"').to_owned();
            self.pins.push(pin.clone());
            if self.habits.pin.as_ref() == Some(&pin) && self.tries > 0 {
                (self.open, self.tries) = (true, 3);
                return self.answer(now, "OK");
            }
            self.tries = self.tries.saturating_sub(1);
            return self.answer(now, "+CME ERROR: 16");
        }
        if let Some(octets) = command.strip_prefix("AT+CMGS=") {
            let Ok(octets) = octets.parse() else { return self.answer(now, "+CMS ERROR: 304") };
            self.text = Some(octets);
            return self.say_at(now, "\r\n> ".into());
        }
        let one = command.strip_prefix("AT+CMGD=").is_some_and(|index| !index.contains(','));
        if one && self.habits.memory.0 > 0 {
            self.habits.memory.0 -= 1;
            return self.answer(now, "OK");
        }
        self.answer(now, "ERROR");
    }

    fn registration(&self, now: Instant) -> u8 {
        let after = self.habits.registers_after;
        let there = after.is_some_and(|after| now >= self.started + after);
        if there { 1 } else { 2 }
    }

    fn submit(&mut self, now: Instant, octets: usize, hex: String) {
        let (read, unread, room) = self.habits.memory;
        let right = hex.len() == octets * 2 + 2 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if !right {
            self.answer(now, "+CMS ERROR: 304");
        } else if read + unread >= room {
            self.answer(now, "+CMS ERROR: 322");
        } else if let Some(said) = self.habits.refuses.pop_front() {
            self.answer(now, said);
        } else {
            self.taken.push(hex);
            self.reference = self.reference.wrapping_add(1);
            self.answer(now, &format!("+CMGS: {}\r\n\r\nOK", self.reference));
        }
    }
}
