//! The checked configuration of a site: what `site.toml` says once every promise in it holds.
//!
//! Only the crate `site` makes these from text (a test may build them by hand); whoever holds a
//! `Site` may rely on it: each id that is named exists, each flow ends, each prompt is there.

use crate::codec::Codecs;
use crate::id::{AgentId, MenuId, PhoneId, PortId, PromptId, QueueId, RoleId, SkillId, TrunkId};
use crate::law::Law;
use crate::leg::Digit;
use crate::person::{Number, Secret};
use crate::port::PortKind;
use crate::srtp::SrtpPolicy;
use crate::time::{Civil, Zone};
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

mod codes;
mod sms;
mod supervision;
mod telephony;
mod tones;
pub use codes::*;
pub use sms::{Sms, Told};
pub use supervision::*;
pub use telephony::*;
pub use tones::{Bell, Cadence, CallerTold, Part, Pitch, Tones};

/// A language a person reads or listens in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lang {
    #[serde(rename = "zh-CN")]
    Zh,
    #[serde(rename = "en")]
    En,
}

impl Lang {
    /// Every language the box speaks.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// The tag of RFC 5646, which is also the folder of its prompts.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
    /// The language of a tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

/// A text in each language of the box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words(pub BTreeMap<Lang, String>);

impl Words {
    /// The text in `lang`, or in any language there is.
    pub fn in_lang(&self, lang: Lang) -> &str {
        self.0.get(&lang).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
}

impl<const N: usize> From<[(Lang, &str); N]> for Words {
    fn from(texts: [(Lang, &str); N]) -> Self {
        Self(texts.into_iter().map(|(lang, text)| (lang, text.to_owned())).collect())
    }
}

/// One whole site.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub name: Words,
    /// SHA-256 of `site.toml`, in hex: which configuration a fact was made under.
    pub digest: String,
    pub zone: Zone,
    /// Spoken and shown where nobody chose.
    pub lang: Lang,
    pub sip: SipSite,
    pub trunks: BTreeMap<TrunkId, Trunk>,
    pub ports: BTreeMap<PortId, Port>,
    pub agents: BTreeMap<AgentId, Agent>,
    pub queues: BTreeMap<QueueId, Queue>,
    pub flow: Flow,
    /// Callers who come first, as the line gives their number.
    pub vip: BTreeSet<Number>,
    pub codes: Codes,
    /// Every account that may register, those of the agents' own phones too.
    pub phones: Phones,
    pub roles: BTreeMap<RoleId, Role>,
    pub numbering: Numbering,
    pub parking: Parking,
    pub ringing: Ringing,
    pub supervision: Supervision,
    /// Texts to telephones about alarms.
    pub sms: Option<Sms>,
    pub limits: Limits,
}

/// How phones and trunks reach the box.
#[derive(Clone, Debug, PartialEq)]
pub struct SipSite {
    pub bind: SocketAddr,
    /// The realm of digest authentication and the host part of the box's own addresses.
    pub realm: String,
    /// First and last UDP port for RTP; even ports carry RTP, the odd ones above them RTCP.
    pub rtp_ports: (u16, u16),
    /// Shortest and longest registration granted.
    pub register_s: (u32, u32),
    /// Also over TCP, at this address.
    pub tcp: Option<SocketAddr>,
    pub tls: Option<Tls>,
    pub srtp: SrtpPolicy,
    /// In the order phones and trunks are asked for them, and chosen from what these offer.
    pub codecs: Codecs,
    pub sound: Sound,
    pub care: SoundCare,
    /// Longest silence of signalling in a call before it is asked for (RFC 4028).
    pub session_s: u32,
    /// Most connections over TCP and TLS.
    pub connections_max: u16,
    pub provision: Option<Provision>,
    pub guarding: Guarding,
}

impl Default for SipSite {
    /// Answers on the loopback's UDP alone.
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 5060)),
            realm: "ringfence".into(),
            rtp_ports: (20_000, 29_999),
            register_s: (60, 3600),
            tcp: None,
            tls: None,
            srtp: SrtpPolicy::default(),
            codecs: Codecs::default(),
            sound: Sound::default(),
            care: SoundCare::default(),
            session_s: 1800,
            connections_max: 1000,
            provision: None,
            guarding: Guarding::default(),
        }
    }
}

/// A carrier or PBX that sends calls by SIP, over a span of a line card, or over analogue ports.
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    /// The span it runs over; none where it is SIP's or of ports.
    pub span: Option<SpanLine>,
    /// The FXO ports that calls out take, tried in this order. A caller on one of them begins where
    /// the port says.
    pub ports: Vec<PortId>,
    /// Only from these addresses is a call taken.
    pub peers: Vec<IpAddr>,
    /// Most calls at once.
    pub calls_max: u16,
    pub entry: Entry,
    /// Calls out, registration and health.
    pub out: TrunkOut,
}

impl Trunk {
    /// Tells whether calls can be made over it.
    pub fn dials_out(&self) -> bool {
        !self.by_sip() || !self.out.targets.is_empty()
    }

    /// Tells whether it is SIP's, and no line of a card.
    pub fn by_sip(&self) -> bool {
        self.span.is_none() && self.ports.is_empty()
    }
}

/// A primary rate line (E1): 30 calls, and their signalling by Q.931.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanLine {
    /// Which card drives it.
    pub driver: Driver,
    /// The card's number of its first channel; the sixteenth is its D channel.
    pub first_channel: u16,
    /// The box is the network's side, for a PBX behind it.
    pub network: bool,
    /// Digits of a number dialled to us, where they come one by one.
    pub overlap_digits: Option<u8>,
    /// Its frames are checked by CRC-4 (ITU-T G.704 2.3.3).
    pub crc4: bool,
    /// The rank by which the card takes its clock of this line, from 1; 0 for never.
    pub clock: u8,
    /// How the line is built out; 0 for the shortest.
    pub build_out: u8,
    /// Echoes up to this late are cancelled; 0 for none.
    pub echo_ms: u8,
    /// How long calls that talk go on without a data link, in seconds (Q.931 T309).
    pub t309_s: u16,
}

impl SpanLine {
    /// A line of a real card from a carrier, at this channel.
    pub const fn new(first_channel: u16) -> Self {
        Self {
            driver: Driver::Dahdi,
            first_channel,
            network: false,
            overlap_digits: None,
            crc4: true,
            clock: 1,
            build_out: 0,
            echo_ms: 32,
            t309_s: 90,
        }
    }
    /// Channels of a span.
    pub const CHANNELS: u16 = 31;
    /// The place of the D channel among them, from 1.
    pub const DATA_SLOT: u8 = 16;
    /// Channels that carry calls.
    pub const BEARERS: u16 = 30;

    /// The card's number of the channel of a slot, from 1.
    pub fn channel(self, slot: u8) -> u16 {
        self.first_channel.saturating_add(u16::from(slot).saturating_sub(1))
    }

    /// The slots that carry calls, in their order.
    pub fn slots() -> impl Iterator<Item = u8> {
        (1..=31).filter(|slot| *slot != Self::DATA_SLOT)
    }
}

/// A port of a line card.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    pub kind: PortKind,
    /// Which card drives it.
    pub driver: Driver,
    /// The card's channel, from 1.
    pub channel: u16,
    pub law: Law,
    /// Rings to wait for caller id before answering, at least 1.
    pub answer_after_rings: u8,
    pub receive_gain_tenths_db: i16,
    pub transmit_gain_tenths_db: i16,
    /// How late an echo may be that the card's driver cancels; 0 for none cancelled.
    pub echo_ms: u8,
    /// Calls out are dialled by pulse.
    pub pulse: bool,
    /// What a trial of the line dials where whoever asks for it names no number: keys and `W`.
    pub test_number: Option<Number>,
    /// The account that the telephone of an FXS port is; no SIP phone can register with it.
    pub telephone: Option<PhoneId>,
    /// Where callers begin; of no meaning where there is a telephone.
    pub entry: Entry,
}

/// What kind of card a port sits on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// The simulator of `board`.
    Sim,
    /// Linux' DAHDI.
    Dahdi,
}

/// Where calls of a line go.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// For any number dialled that is not listed.
    pub default: MenuId,
    /// By the number dialled (DID).
    pub by_number: BTreeMap<String, MenuId>,
}

impl Entry {
    /// The flow node for a dialled number.
    pub fn of(&self, dialled: &str) -> &MenuId {
        self.by_number.get(dialled).unwrap_or(&self.default)
    }
}

/// A person who answers, and the phone account of the same number.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    pub name: String,
    pub phone: PhoneId,
    /// Digest password of the phone.
    pub password: Secret,
    pub lang: Lang,
    /// What the agent can do, and how well: 1 (can) to 9 (best).
    pub skills: BTreeMap<SkillId, u8>,
    pub rights: Rights,
}

/// A queue 排队 and its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    pub name: Words,
    /// All of these an agent must have to be offered a call of this queue.
    pub skills: BTreeSet<SkillId>,
    /// Higher goes first, before VIP and complaint marks are added.
    pub priority: u8,
    /// How long a phone rings before the call goes to the next agent.
    pub ring: Duration,
    /// Rest after a call before the next one is offered; zero for none.
    pub wrap_up: Duration,
    /// How often a waiting caller is told the position; zero for never.
    pub announce_every: Duration,
    pub music: PromptId,
    /// More callers than this are not taken in; they overflow at once.
    pub waiting_max: u16,
    pub overflow: Option<Overflow>,
    /// Answered within this counts for the service level.
    pub service_level: Duration,
    /// Callers who gave up are to be called back: the lamps of its agents say so.
    pub callbacks: bool,
}

/// Where a caller goes who waited too long or found the queue full.
#[derive(Clone, Debug, PartialEq)]
pub struct Overflow {
    pub after: Duration,
    /// A node of the flow: another queue, a message, a goodbye.
    pub to: MenuId,
}

/// What a caller's wish adds to a queue's priority.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Marks {
    pub vip: bool,
    pub complaint: bool,
}

impl Marks {
    /// Points added to the priority: a complaint outranks a VIP, both outrank either.
    pub fn points(self) -> u16 {
        u16::from(self.vip) * 100 + u16::from(self.complaint) * 200
    }
}

/// The greeting and menus a caller walks through, as a graph of nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    pub nodes: BTreeMap<MenuId, Node>,
    /// Pressing nothing for this long in menus leads to `to_agent`. The rule of the trade: 30 s.
    pub silence: Duration,
    /// The queue node for callers who press nothing.
    pub to_agent: MenuId,
    pub schedules: BTreeMap<String, Schedule>,
}

/// Something said in a flow: a prompt in the caller's language, or in a fixed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say {
    pub prompt: PromptId,
    pub lang: Option<Lang>,
}

/// A node of a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Says clips and waits for one key.
    Menu {
        say: Vec<Say>,
        keys: BTreeMap<Digit, MenuId>,
        /// Silence after the clips before they are said again.
        wait: Duration,
        /// Wrong keys taken before `invalid_to`.
        tries_max: u8,
        /// Where too many wrong keys lead.
        invalid_to: MenuId,
    },
    /// Says clips and goes on.
    Message { say: Vec<Say>, then: MenuId },
    /// Collects digits, ended by `end` or by their number.
    Collect {
        say: Vec<Say>,
        /// The name the digits are kept under with the call.
        name: String,
        digits: (u8, u8),
        end: Digit,
        /// Longest pause between two digits.
        pause: Duration,
        tries_max: u8,
        /// Where enough digits lead.
        then: MenuId,
        /// Where too many wrong tries lead.
        invalid_to: MenuId,
        /// Digits that no fact and no screen may show (card numbers, PINs).
        secret: bool,
    },
    /// Branches by the clock.
    Hours { schedule: String, open: MenuId, closed: MenuId, holiday: MenuId },
    /// Sets the language for what follows.
    Language { lang: Lang, then: MenuId },
    /// Leaves the flow for a queue.
    Queue { queue: QueueId, complaint: bool },
    /// Says clips and ends the call.
    HangUp { say: Vec<Say> },
}

/// Opening hours and holidays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Open spans of each weekday, as seconds of the day `[from, to)`.
    pub week: BTreeMap<u8, Vec<(u32, u32)>>,
    pub holidays: BTreeSet<Date>,
    /// Days that are worked although the weekday says otherwise, with their spans.
    pub workdays: BTreeMap<Date, Vec<(u32, u32)>>,
}

/// What a schedule says of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Open,
    Closed,
    Holiday,
}

impl Schedule {
    /// Tells what the site is at a moment. A listed workday beats a holiday, which beats the week.
    pub fn at(&self, civil: Civil) -> Opening {
        let within = |spans: &[(u32, u32)]| {
            spans.iter().any(|&(from, to)| (from..to).contains(&civil.second_of_day))
        };
        let spans = match self.workdays.get(&civil.date) {
            Some(spans) => Some(spans),
            None if self.holidays.contains(&civil.date) => return Opening::Holiday,
            None => self.week.get(&weekday_number(civil.weekday)),
        };
        if spans.is_some_and(|spans| within(spans)) { Opening::Open } else { Opening::Closed }
    }
}

/// Monday is 1 and Sunday 7 (ISO 8601).
pub fn weekday_number(day: Weekday) -> u8 {
    day.to_monday_one_offset().unsigned_abs()
}

/// Named maxima; what happens at each is said where it is enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls in the box at once; the next is refused with congestion.
    pub calls_max: u16,
    /// Longest call; then both sides are told goodbye.
    pub call: Duration,
    /// Longest recording file; then the next part begins.
    pub recording: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: 200,
            call: Duration::from_secs(4 * 3600),
            recording: Duration::from_secs(3600),
        }
    }
}
