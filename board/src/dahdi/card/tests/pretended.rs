//! Cards of memory: what they are, what happens on them, and what was asked of them.

use super::super::abi;
use super::super::driver::Setup;
use super::super::info::{ChannelInfo, Signalling, SpanInfo};
use super::*;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// All of them, by their channels.
#[derive(Clone, Default)]
pub struct Cards(Arc<Mutex<BTreeMap<u16, Pretended>>>);

pub struct Pretended {
    pub info: ChannelInfo,
    pub digital: bool,
    pub crc4: bool,
    pub span_alarms: u32,
    pub events: VecDeque<Happened>,
    /// Blocks the line says.
    pub says: VecDeque<Vec<u8>>,
    pub heard: Vec<u8>,
    pub setup: Option<Setup>,
    pub hooks: Vec<Hook>,
    pub echo: Vec<u16>,
    pub dialled: Vec<(String, bool)>,
    pub dialling: bool,
    pub on_hook_ms: Vec<u32>,
    pub messages: u16,
    pub open: bool,
    /// The card was drawn: every call on the channel is an error, and costs 5 ms.
    pub drawn: bool,
    pub asked_in_vain: u32,
    pub no_room: bool,
    /// It gives no blocks: nobody tells the driver that time goes on.
    pub still: bool,
    /// So many orders of the hook are refused, since the one before is not done.
    pub busy: u32,
    /// The box has no file left to ask with.
    pub no_file: bool,
}

impl Cards {
    pub fn new(channels: &[(u16, u16, Signalling)]) -> Self {
        let cards = Self::default();
        for &(channel, span, signalling) in channels {
            cards.put(channel, span, signalling);
        }
        cards
    }

    pub fn put(&self, channel: u16, span: u16, signalling: Signalling) {
        let pretended = Pretended {
            info: ChannelInfo::pretend(channel, span, signalling),
            digital: signalling == Signalling::Bearer,
            crc4: false,
            span_alarms: 0,
            events: VecDeque::new(),
            says: VecDeque::new(),
            heard: Vec::new(),
            setup: None,
            hooks: Vec::new(),
            echo: Vec::new(),
            dialled: Vec::new(),
            dialling: false,
            on_hook_ms: Vec::new(),
            messages: 0,
            open: false,
            drawn: false,
            asked_in_vain: 0,
            no_room: false,
            still: false,
            busy: 0,
            no_file: false,
        };
        self.all().insert(channel, pretended);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u16, Pretended>> {
        self.0.lock().expect("no test panicked with it")
    }

    pub fn with<T>(&self, channel: u16, what: impl FnOnce(&mut Pretended) -> T) -> T {
        what(self.all().get_mut(&channel).expect("the channel"))
    }

    pub fn happens(&self, channel: u16, event: Happened) {
        self.with(channel, |pretended| pretended.events.push_back(event));
    }
}

fn nodev<T>() -> io::Result<T> {
    Err(Errno::NODEV.into())
}

impl Driver for Cards {
    type Line = Held;

    fn channel(&self, channel: u16) -> io::Result<ChannelInfo> {
        match self.all().get(&channel) {
            Some(pretended) if pretended.no_file => Err(Errno::MFILE.into()),
            Some(pretended) if !pretended.drawn => Ok(pretended.info),
            _ => Err(Errno::INVAL.into()),
        }
    }

    fn span(&self, span: u16) -> io::Result<SpanInfo> {
        let all = self.all();
        let of = all.values().find(|pretended| pretended.info.span == span);
        let Some(one) = of else { return nodev() };
        let channels = all.values().filter(|pretended| pretended.info.span == span).count();
        let mut info = SpanInfo::pretend(span, one.digital, one.span_alarms);
        (info.channels, info.crc4) = (channels as u16, one.crc4);
        Ok(info)
    }

    fn open(&self, channel: u16, setup: &Setup) -> io::Result<Held> {
        self.with(channel, |pretended| {
            assert!(!pretended.open, "a channel is opened twice");
            (pretended.open, pretended.setup) = (true, Some(*setup));
        });
        Ok(Held { cards: self.clone(), channel })
    }
}

pub struct Held {
    cards: Cards,
    channel: u16,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.cards.with(self.channel, |pretended| pretended.open = false);
    }
}

impl Held {
    fn ask<T>(&self, what: impl FnOnce(&mut Pretended) -> io::Result<T>) -> io::Result<T> {
        self.cards.with(self.channel, |pretended| {
            if pretended.drawn {
                pretended.asked_in_vain += 1;
                return nodev();
            }
            what(pretended)
        })
    }

    fn sound<T>(&self, what: impl FnOnce(&mut Pretended) -> io::Result<T>) -> io::Result<T> {
        self.ask(|pretended| match pretended.events.is_empty() {
            true => what(pretended),
            false => Err(io::Error::from_raw_os_error(abi::ELAST)),
        })
    }
}

impl Line for Held {
    fn event(&self) -> io::Result<Option<Happened>> {
        self.ask(|pretended| Ok(pretended.events.pop_front()))
    }

    fn read(&self, block: &mut [u8]) -> io::Result<Option<usize>> {
        self.sound(|pretended| {
            let silence = (!pretended.still).then(|| vec![Law::A.silence(); BLOCK]);
            let said = pretended.says.pop_front().or(silence);
            Ok(said.map(|said| {
                block[..said.len()].copy_from_slice(&said);
                said.len()
            }))
        })
    }

    fn write(&self, block: &[u8]) -> io::Result<bool> {
        self.sound(|pretended| {
            pretended.heard.extend(block.first());
            Ok(!pretended.no_room)
        })
    }

    fn hook(&self, hook: Hook) -> io::Result<()> {
        self.ask(|pretended| {
            if pretended.busy > 0 {
                pretended.busy -= 1;
                return Err(Errno::BUSY.into());
            }
            pretended.hooks.push(hook);
            Ok(())
        })
    }

    fn dial(&self, digits: &str, pulse: bool) -> io::Result<()> {
        self.ask(|pretended| {
            pretended.dialling = true;
            pretended.dialled.push((digits.into(), pulse));
            Ok(())
        })
    }

    fn is_dialling(&self) -> io::Result<bool> {
        self.ask(|pretended| Ok(pretended.dialling))
    }

    fn set_gain(&self, _law: Law, gain: Gain) -> io::Result<()> {
        self.ask(|pretended| {
            let setup = pretended.setup.as_mut().expect("it is open");
            setup.gain = gain;
            Ok(())
        })
    }

    fn send_on_hook(&self, ms: u32) -> io::Result<()> {
        self.ask(|pretended| {
            pretended.on_hook_ms.push(ms);
            Ok(())
        })
    }

    fn show_messages(&self, waiting: u16) -> io::Result<()> {
        self.ask(|pretended| {
            pretended.messages = waiting;
            Ok(())
        })
    }

    fn cancel_echo(&self, taps: u16) -> io::Result<()> {
        self.ask(|pretended| {
            pretended.echo.push(taps);
            Ok(())
        })
    }
}
