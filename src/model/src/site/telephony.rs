//! What a site says of transports, encryption, trunks out, desk phones and who may dial what.

use super::{Entry, Tones, Trunk};
use crate::codec::Rate;
use crate::id::{PhoneId, RoleId};
use crate::person::{Number, Secret};
use crate::srtp::SrtpPolicy;
use crate::supervising::Supervising;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Media threads of one box.
pub const THREADS_MAX: u8 = 8;

/// Where the sound of calls is carried, and how networks shall treat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The cores that media threads are kept on, one each; any if none are given.
    pub cores: Vec<u16>,
    /// How many media threads there are, at most `THREADS_MAX`; as the machine has cores if neither
    /// is said.
    pub threads: Option<u8>,
    /// The media threads go before all ordinary ones.
    pub real_time: bool,
    /// The mark of its packets (RFC 2474).
    pub dscp: u8,
    /// A sound device of the box whose line in is the music of who waits.
    pub music: Option<String>,
}

impl Sound {
    /// How many media threads a machine of so many cores has: all but one of them, which is everybody
    /// else's, where the site says nothing else.
    pub fn threads_on(&self, cores: usize) -> usize {
        let said = self.threads.map(usize::from).or(Some(self.cores.len()).filter(|n| *n > 0));
        said.unwrap_or(cores.saturating_sub(1)).clamp(1, usize::from(THREADS_MAX))
    }
}

impl Default for Sound {
    /// On any core, first, and marked as speech: Expedited Forwarding (RFC 4594 4.1, RFC 3246).
    fn default() -> Self {
        Self { cores: Vec::new(), threads: None, real_time: true, dscp: 46, music: None }
    }
}

/// How a SIP message travels (RFC 3261 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// Every transport, the plainest first.
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// The name in a Via header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
    /// The value of a `transport` parameter (RFC 3261 19.1.1).
    pub const fn param(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
    /// The transport of a name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name().eq_ignore_ascii_case(name))
    }
    /// The port where none is given (RFC 3261 19.1.2).
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }
    /// Tells whether what is sent arrives, in order, or the connection ends.
    pub const fn reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }
    /// Tells whether nobody on the way can read it.
    pub const fn secure(self) -> bool {
        matches!(self, Self::Tls)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// SIP and provisioning over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub bind: SocketAddr,
    /// A certificate brought by IT, with its key; without one the box makes its own.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Certificates of the authorities whose clients alone may connect (mutual TLS).
    pub clients: Option<PathBuf>,
}

/// A host of a trunk that calls and registrations are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub addr: SocketAddr,
    pub transport: Transport,
}

/// How the box makes itself known to a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkAccount {
    pub user: String,
    pub password: Secret,
    /// The domain of the address-of-record; the first target's address where empty.
    pub domain: String,
    /// The realm of its challenges; whatever they say where none is named.
    pub realm: Option<String>,
    /// Whether the box registers; if not, the account only answers challenges.
    pub register: bool,
    pub expires_s: u32,
}

/// Whose number a call out shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallerId {
    /// The number of the agent who calls where there is one, else the first of the trunk.
    #[default]
    Agent,
    /// Always this number.
    Fixed(Number),
    /// None.
    Withheld,
}

/// In which form a carrier takes numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberForm {
    /// As one dials at home: `02161234567`, `13912345678`.
    #[default]
    National,
    /// `+862161234567`
    E164,
    /// `862161234567`
    E164WithoutPlus,
}

/// What the box sends to a trunk and takes of it, beside the calls that come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrunkOut {
    /// Lower goes first among the trunks that calls out may take.
    pub order: u16,
    /// Tried in their order; none means that the trunk takes no calls out.
    pub targets: Vec<Target>,
    pub account: Option<TrunkAccount>,
    pub caller_id: CallerId,
    pub form: NumberForm,
    /// Its P-Asserted-Identity is believed and ours is sent to it (RFC 3325).
    pub trusted: bool,
    /// Keys go to it by SIP INFO where it takes no telephone-event; else as tones.
    pub keys_by_info: bool,
    /// Instead of the site's.
    pub srtp: Option<SrtpPolicy>,
    /// The name in the certificate of its peers that connect over TLS, where the site asks for one.
    pub certificate: Option<String>,
    /// How often its health is asked by OPTIONS; zero for never.
    pub options_every: Duration,
    /// Whether noise of who calls over it is suppressed; none for as the site says.
    pub suppress_noise: Option<bool>,
}

impl TrunkOut {
    /// All its targets together may say nothing to a call for so long.
    pub const SILENCE_MAX: Duration = Duration::from_secs(4);
    /// One of its targets may say no more than that it tries for so long: nineteen of twenty calls
    /// to another country are switched through in 11 s (ITU-T E.721, table 2).
    pub const TRYING_MAX: Duration = Duration::from_secs(15);
}

impl Trunk {
    /// Makes a trunk that only takes calls from these addresses.
    pub fn from_peers(peers: Vec<IpAddr>, calls_max: u16, entry: Entry) -> Self {
        Self { span: None, ports: Vec::new(), peers, calls_max, entry, out: TrunkOut::default() }
    }
}

/// How hard the box is on whoever proved no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarding {
    /// Messages a second that are taken of one source; for a moment twice as many.
    pub requests_per_s: u32,
    /// Wrong passwords of one source that ban it.
    pub wrong_passwords: u32,
    /// The first ban; each further one is twice as long, up to a day.
    pub ban: Duration,
    /// Networks, with how many bits of each count, of which nobody is ever banned.
    pub trusted: Vec<(IpAddr, u8)>,
}

impl Default for Guarding {
    /// Many phones behind one router that start anew at once pass.
    fn default() -> Self {
        let ban = Duration::from_secs(600);
        Self { requests_per_s: 100, wrong_passwords: 10, ban, trusted: Vec::new() }
    }
}

/// A vendor whose phones the box can set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    Yealink,
    Fanvil,
    Grandstream,
    Poly,
    Cisco,
    /// Any other, or a softphone: nothing is set up and nothing is pushed.
    Other,
}

/// A desk phone: an account that registers, and the device behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Phone {
    /// Digest password.
    pub password: Secret,
    pub vendor: Vendor,
    /// The device's hardware address, where the box sets it up.
    pub mac: Option<[u8; 6]>,
    /// Names the place (`Desk 4`); empty for none.
    pub name: String,
    /// Answers by itself when rung for a queue's call: for agents with a headset.
    pub auto_answer: bool,
    /// Colleagues and park slots on its line keys, in their order.
    pub keys: Vec<String>,
    /// Any agent may sit down at it.
    pub hot_desk: bool,
    /// What may be dialled while nobody sits at it; without one nothing but emergencies.
    pub role: Option<RoleId>,
    /// Whose ringing phones it may pick up while nobody sits at it, and by whom it may be.
    pub pick_up_group: Option<String>,
    /// The name in its certificate, where the site asks phones for one; its number or hardware
    /// address where empty.
    pub certificate: Option<String>,
    /// A sound device of the box that is this phone; it registers nowhere.
    pub device: Option<SoundDevice>,
}

/// A sound device of the box: a phone that the console picks up, or that rooms hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundDevice {
    /// A card's id or a part of its name, or a PCM of ALSA.
    pub name: String,
    pub used: SoundUse,
    /// The lowest that it takes where none is said.
    pub rate: Option<Rate>,
}

/// What a sound device is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SoundUse {
    /// A headset or handset of who sits at the console.
    Headset,
    /// Announcements: it answers whoever calls it, by itself.
    Loudspeaker,
}

impl Phone {
    /// Makes an account without a known device.
    pub fn with_password(password: Secret) -> Self {
        Self {
            password,
            vendor: Vendor::Other,
            mac: None,
            name: String::new(),
            auto_answer: false,
            keys: Vec::new(),
            hot_desk: true,
            role: None,
            pick_up_group: None,
            certificate: None,
            device: None,
        }
    }
}

/// What the people of a role may do and see.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Kinds of numbers the role may dial: names of `Numbering.kinds`.
    pub dial: BTreeSet<String>,
    /// Numbers beyond these kinds: E.164 beginnings, e.g. `+8621`.
    pub also: Vec<String>,
    /// Most calls out a day; none for no ceiling.
    pub calls_a_day: Option<u32>,
    /// Most minutes out a day.
    pub minutes_a_day: Option<u32>,
    /// Most calls out at once of all its people over one trunk.
    pub calls_at_once: Option<u16>,
    /// Callers' numbers are shown whole.
    pub sees_numbers: bool,
    /// Phones of other pick-up groups may be picked up too, by their number.
    pub picks_up_anywhere: bool,
    /// What the role may do in talks of agents.
    pub supervises: BTreeSet<Supervising>,
    /// Recordings may be heard at a headset of the box.
    pub hears_recordings: bool,
}

impl Default for Role {
    /// Nobody dials out and numbers are masked unless the site says so.
    fn default() -> Self {
        Self {
            dial: BTreeSet::new(),
            also: Vec::new(),
            calls_a_day: None,
            minutes_a_day: None,
            calls_at_once: None,
            sees_numbers: false,
            picks_up_anywhere: false,
            supervises: BTreeSet::new(),
            hears_recordings: false,
        }
    }
}

/// How numbers are written and dialled where the box stands: national rules as data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbering {
    /// Country code, e.g. `86`.
    pub country: String,
    /// Area code without the national prefix, e.g. `21`; empty where there is none.
    pub area: String,
    /// What is dialled before a number of another country, e.g. `00`.
    pub international: String,
    /// What is dialled before a number of another area, e.g. `0`.
    pub national: String,
    /// What agents dial for a line out, e.g. `9`; empty for nothing.
    pub outside: String,
    /// Numbers that pass from every phone, whatever else is forbidden.
    pub emergency: BTreeSet<String>,
    /// What a number is by its beginning and length; of the rules that fit, the one whose
    /// beginning has most digits counts.
    pub kinds: BTreeMap<String, Vec<NumberRule>>,
    /// The number of the site itself: shown by emergency calls, and where nobody has another.
    pub number: Option<Number>,
    /// What all calls out of the site together may come to in a day.
    pub ceiling: Ceiling,
    /// What becomes of calls that run when the minutes of a day are used up.
    pub at_ceiling: AtCeiling,
    /// What one hears while a call is being made.
    pub tones: Tones,
}

/// What becomes of a call out that runs past the minutes of a day. An emergency call always goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtCeiling {
    /// It goes on; an alarm is raised and no other is made.
    #[default]
    Finish,
    /// Whoever pays is told a minute before, and then it is ended.
    Cut,
}

/// Numbers of one kind, as they are dialled at home after the line out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRule {
    /// Digits; `x` stands for any, `z` for 1 to 9, `n` for 2 to 9.
    pub begins: String,
    /// Shortest and longest, all digits counted.
    pub digits: (u8, u8),
    pub reach: Reach,
}

/// What has to be put before a number for the rest of the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Nothing would do: it is answered in this country alone (`95588`).
    Short,
    /// Country and area.
    Local,
    /// The country, instead of the national prefix where the rule begins with it.
    #[default]
    National,
    /// A plus, instead of the international prefix.
    International,
}

/// Most calls and minutes out a day; none for no ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    pub calls: Option<u32>,
    pub minutes: Option<u32>,
}

/// Where phones fetch their settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provision {
    /// Serves HTTPS alone.
    pub bind: SocketAddr,
    /// Answers phones that ask by multicast (PnP).
    pub multicast: bool,
}

/// Which phone an agent sits at by default, and what the agent may do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rights {
    pub role: Option<RoleId>,
    /// Asked when the agent sits down at another phone; none where not asked.
    pub pin: Option<Secret>,
    /// The number calls out show, where the trunk shows the agent's.
    pub shown: Option<Number>,
    /// Instead of the group of the phone the agent sits at.
    pub pick_up_group: Option<String>,
    /// Whether noise around the agent is suppressed; none for as the site says.
    pub suppress_noise: Option<bool>,
}

/// How long phones ring that are called directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ringing {
    /// Where nothing is set to happen on no answer.
    pub longest: Duration,
    /// Before calls are sent on, where the phone says nothing of its own.
    pub forward_after: Duration,
}

impl Ringing {
    /// One ring and the pause after it, as the phones count rings: 1 s and 4 s.
    pub const CYCLE: Duration = Duration::from_secs(5);
    /// Most rings before a call is sent on.
    pub const RINGS_MAX: u8 = 20;

    /// How many rings a time comes to, at least one.
    pub fn rings(time: Duration) -> u8 {
        let rings = time.as_millis().div_ceil(Self::CYCLE.as_millis());
        u8::try_from(rings).unwrap_or(Self::RINGS_MAX).clamp(1, Self::RINGS_MAX)
    }
}

impl Default for Ringing {
    /// 30 s, and 20 s before calls are sent on.
    fn default() -> Self {
        Self { longest: Duration::from_secs(30), forward_after: Duration::from_secs(20) }
    }
}

/// Slots calls are parked in, by what is dialled to pick one up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parking {
    pub slots: Vec<String>,
    /// A caller parked longer rings at the phone that parked.
    pub longest: Duration,
}

/// Names an account for where only that is known.
pub type Phones = BTreeMap<PhoneId, Phone>;
