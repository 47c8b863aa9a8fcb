//! The cases: what a call is made of.

use model::Codec;

/// The first port of the subject; leg `n` has `PORTS_FROM + n`.
pub const PORTS_FROM: u16 = 10_000;
/// Legs there are ports for below the ephemeral ones.
pub const LEGS_MAX: usize = 20_000;
/// One call in so many is listened to.
const LISTENED: usize = 10;

/// One of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Case {
    /// Two phones of PCMA hear each other.
    Bridged,
    /// The same, recorded and sealed.
    RecordedSealed,
    /// The same, with SRTP on both legs.
    SrtpRecordedSealed,
    /// A phone hears a prompt.
    Prompts,
    /// A phone of PCMU and one of G.722 hear each other.
    Transcoded,
    /// Three phones hear each other.
    Conference3,
    /// Bridged calls, every tenth with a supervisor who listens.
    Listen10,
    /// Bare datagrams from leg to leg: epoll, a system call a datagram.
    ForwardLimit,
    /// The same over connected sockets.
    ForwardLimitConnected,
    /// The same as the media thread does it.
    ForwardLimitBatched,
    /// Recorded and sealed calls while others want the same core and disk.
    Background,
}

/// How a forwarder takes and sends datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Epoll,
    Connected,
    Batched,
}

impl Case {
    const ALL: [Self; 11] = [
        Self::Bridged,
        Self::RecordedSealed,
        Self::SrtpRecordedSealed,
        Self::Prompts,
        Self::Transcoded,
        Self::Conference3,
        Self::Listen10,
        Self::ForwardLimit,
        Self::ForwardLimitConnected,
        Self::ForwardLimitBatched,
        Self::Background,
    ];

    /// The cases named, or all.
    pub fn chosen(named: &[Self]) -> &[Self] {
        if named.is_empty() { &Self::ALL } else { named }
    }

    /// The name in figures and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bridged => "bridged",
            Self::RecordedSealed => "recorded_sealed",
            Self::SrtpRecordedSealed => "srtp_recorded_sealed",
            Self::Prompts => "prompts",
            Self::Transcoded => "transcoded",
            Self::Conference3 => "conference3",
            Self::Listen10 => "listen10",
            Self::ForwardLimit => "forward_limit",
            Self::ForwardLimitConnected => "forward_limit_connected",
            Self::ForwardLimitBatched => "forward_limit_batched",
            Self::Background => "background",
        }
    }

    /// Calls the search begins with.
    pub fn first(self) -> usize {
        match self {
            Self::Prompts => 900,
            Self::SrtpRecordedSealed | Self::Conference3 | Self::Transcoded => 300,
            _ => 500,
        }
    }

    /// How the case forwards, if it is one without the product's thread.
    pub fn forwarder(self) -> Option<Way> {
        match self {
            Self::ForwardLimit => Some(Way::Epoll),
            Self::ForwardLimitConnected => Some(Way::Connected),
            Self::ForwardLimitBatched => Some(Way::Batched),
            _ => None,
        }
    }

    /// What a leg's phone speaks.
    pub fn codec(self, leg: usize) -> Codec {
        match self {
            Self::Transcoded if leg.is_multiple_of(2) => Codec::Pcmu,
            Self::Transcoded => Codec::G722,
            _ => Codec::Pcma,
        }
    }

    pub fn is_recorded(self) -> bool {
        matches!(self, Self::RecordedSealed | Self::SrtpRecordedSealed | Self::Background)
    }

    pub fn is_encrypted(self) -> bool {
        self == Self::SrtpRecordedSealed
    }

    /// Most legs of one call.
    pub fn legs_a_call(self) -> usize {
        match self {
            Self::Prompts => 1,
            Self::Conference3 | Self::Listen10 => 3,
            _ => 2,
        }
    }

    /// All legs of so many calls.
    pub fn legs(self, calls: usize) -> usize {
        match self {
            Self::Prompts => calls,
            Self::Conference3 => calls * 3,
            Self::Listen10 => calls * 2 + calls.div_ceil(LISTENED),
            _ => calls * 2,
        }
    }

    /// The call that a listener's leg listens to.
    pub fn listened(self, calls: usize, leg: usize) -> Option<usize> {
        let over = leg.checked_sub(calls * 2).filter(|_| self == Self::Listen10)?;
        Some(over * LISTENED)
    }

    /// Tells whether what a leg hears is what another leg's phone sent, byte for byte.
    pub fn is_forwarded(self, calls: usize, leg: usize) -> bool {
        match self {
            Self::Prompts | Self::Transcoded | Self::Conference3 => false,
            // A call that is listened to is mixed.
            Self::Listen10 => leg < calls * 2 && !(leg / 2).is_multiple_of(LISTENED),
            _ => true,
        }
    }
}
