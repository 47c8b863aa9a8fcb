//! What the daemon says to the endpoint and hears from it.

use crate::events::Directory;
use crate::flows::FlowLimits;
use crate::peer::{FlowId, Locals, Peer, Transport};
use crate::registrar::Kept;
use crate::sdp::MediaPlan;
use crate::source::Source;
use crate::trunk::TrunkCall;
use model::feature::{FeatureWish, Features, Lamp, Watched};
use model::site::{Guarding, TrunkOut};
use model::srtp::SrtpPolicy;
use model::{
    AgentId, Cause, Codec, Codecs, Digit, Instant, LegEvent, LegId, Number, PersonName, PhoneId,
    Secret, TransferStage, TrunkId, Via,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// What the endpoint is told once, at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where tags, branches, nonces and retry times come from.
    pub seed: [u8; 32],
    /// The addresses of the signalling sockets as others reach them: they go to Via and Contact.
    pub locals: Locals,
    /// The realm of the digest challenge and the host part of the box's own addresses.
    pub realm: String,
    /// The desk phones that may register and call, with their passwords.
    pub accounts: BTreeMap<PhoneId, Secret>,
    pub trunks: BTreeMap<TrunkId, TrunkConfig>,
    /// See `Accounts::certificates`.
    pub certificates: BTreeMap<PhoneId, Vec<String>>,
    /// Where phones were reached when the box stopped; those that have no account now are passed over.
    pub kept: Vec<Kept>,
    /// What phones may watch.
    pub directory: Directory,
    /// Shortest and longest registration granted, in seconds (423 below the first).
    pub register_s: (u32, u32),
    /// Whether calls are encrypted, where a trunk has no rule of its own.
    pub srtp: SrtpPolicy,
    /// The codecs of calls, in the order they are asked for.
    pub codecs: Codecs,
    /// Longest silence of signalling in a call before it is asked for (RFC 4028); 0 for any.
    pub session_s: u32,
    /// How hard strangers are dealt with.
    pub guarding: Guarding,
    pub limits: Limits,
    /// The first inbound leg is `LegId::inbound(first_leg)`.
    pub first_leg: u64,
}

impl Config {
    /// Makes a configuration with no accounts and no trunks, for UDP at one address.
    pub fn new(seed: [u8; 32], local: SocketAddr, realm: &str) -> Self {
        Self {
            seed,
            locals: Locals::udp(local),
            realm: realm.to_owned(),
            accounts: BTreeMap::new(),
            trunks: BTreeMap::new(),
            certificates: BTreeMap::new(),
            kept: Vec::new(),
            directory: Directory::default(),
            register_s: (60, 3600),
            srtp: SrtpPolicy::default(),
            codecs: Codecs::default(),
            session_s: 1800,
            guarding: Guarding::default(),
            limits: Limits::default(),
            first_leg: 1,
        }
    }
}

/// A trunk: calls from its peers' addresses are taken without a challenge.
#[derive(Clone, Debug, PartialEq)]
pub struct TrunkConfig {
    pub peers: Vec<IpAddr>,
    /// Calls of the trunk at a time, both ways; one more that comes is refused with 503.
    pub calls_max: u16,
    /// Where calls out and registrations go.
    pub out: TrunkOut,
}

impl TrunkConfig {
    /// Makes a trunk that only takes calls.
    pub fn from_peers(peers: Vec<IpAddr>, calls_max: u16) -> Self {
        Self { peers, calls_max, out: TrunkOut::default() }
    }
}

/// Who may register and call: the part of `Config` that can change while the box runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accounts {
    pub accounts: BTreeMap<PhoneId, Secret>,
    pub trunks: BTreeMap<TrunkId, TrunkConfig>,
    /// The names of each phone's certificate, where the site asks for certificates: over TLS an
    /// account is taken from a connection with one of its names alone. Empty where it does not ask.
    pub certificates: BTreeMap<PhoneId, Vec<String>>,
    pub directory: Directory,
    pub register_s: (u32, u32),
    pub srtp: SrtpPolicy,
    pub codecs: Codecs,
    pub session_s: u32,
}

/// Most of everything that a peer can make the endpoint hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Legs at a time, both ways; one more INVITE gets 503, one more command ends in `Gone`.
    pub legs_max: usize,
    /// Server transactions at a time; at it a new request gets 503 without state.
    pub server_transactions_max: usize,
    /// Client transactions at a time; at it a request of ours ends as if it timed out.
    pub client_transactions_max: usize,
    /// Outputs waiting for `poll`; at it datagrams in are dropped until the daemon drained them.
    pub outputs_max: usize,
    /// Subscriptions at a time; one more gets 503.
    pub subscriptions_max: usize,
    /// Connections, and what is unfinished on them.
    pub flows: FlowLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            legs_max: 4096,
            server_transactions_max: 131_072,
            client_transactions_max: 131_072,
            outputs_max: 16_384,
            subscriptions_max: 32_768,
            flows: FlowLimits::default(),
        }
    }
}

/// What comes in.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram of a signalling socket.
    Datagram { from: SocketAddr, bytes: &'a [u8] },
    /// A connection was accepted, or is being opened because a `Send` named no connection. The
    /// latter is said at once, before it is known whether the other end takes it.
    Opened {
        flow: FlowId,
        transport: Transport,
        addr: SocketAddr,
        outgoing: bool,
        /// The names in the certificate that mutual TLS proved.
        certificate: Vec<String>,
    },
    /// Bytes of a connection, cut anywhere.
    Bytes { flow: FlowId, bytes: &'a [u8] },
    /// A connection is closed, or could not be opened.
    Closed { flow: FlowId },
    /// An order of the daemon.
    Command(Command),
}

/// What the daemon wants done. A leg that is not known (any more) is passed over without a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Answer a leg that arrived; `rtp` is our address in the session description.
    Answer { leg: LegId, rtp: SocketAddr },
    /// Tell a leg that arrived that the far side rings.
    Alert { leg: LegId },
    /// Open the sound of a leg that arrived before it is answered.
    EarlyMedia { leg: LegId, rtp: SocketAddr },
    /// Refuse a leg that arrived and was not answered.
    Refuse { leg: LegId, cause: Cause },
    /// Ring a desk phone at each address it registered. The first to answer is the leg; the
    /// others are cancelled, or hung up if they answered too.
    Invite {
        leg: LegId,
        phone: PhoneId,
        rtp: SocketAddr,
        /// As the phone shows it.
        caller: Number,
        /// What else the phone shows of the call.
        name: PersonName,
        /// Whether the phone shall answer by itself.
        auto_answer: bool,
        /// Who transfers the caller to the phone; empty where nobody does (RFC 3892).
        referrer: Number,
        /// What the other party of the call speaks, which is asked for first.
        codec: Option<Codec>,
    },
    /// End a leg with what its state asks for: BYE, CANCEL or a refusal.
    HangUp { leg: LegId, cause: Cause },
    /// Ask the party of a leg that is up whether it is there, by an OPTIONS within the call; `There`
    /// says that it answered. One that knows of no such call is gone (RFC 3261 12.2.1.2).
    Ask { leg: LegId },
    /// Send a key to the party by INFO, as `Output::KeysByInfo` offered.
    Key { leg: LegId, digit: Digit },
    /// Put the party on hold: we still send to it (music) or the line is still both ways.
    Hold { leg: LegId, send: bool },
    /// Take the party back.
    Resume { leg: LegId },
    /// Tell the phone that asked for a transfer how it goes (RFC 3515).
    Transferring { leg: LegId, stage: TransferStage },
    /// Use other phones and trunks from now on. A phone that is gone, or whose password changed,
    /// has to register anew; calls that stand go on.
    Configure(Accounts),
    /// Refuses new calls with 503 while there is more to do than can be done, or takes them again.
    /// Calls of phones that proved their password are taken all the same.
    Shed(bool),
    /// Refuse new calls with 503 and Retry-After, or take them again.
    Drain(bool),
    /// Show a lamp from now on.
    Publish { watched: Watched, lamp: Lamp },
    /// Show what a phone's own keys do from now on, and who sits at it.
    ShowFeatures { phone: PhoneId, features: Features },
    /// Show how many a phone has to call back, new and old.
    Mailbox { phone: PhoneId, new: u32, old: u32 },
    /// Let a phone, or all that are registered, fetch their settings.
    CheckSync { phone: Option<PhoneId> },
    /// Tell a phone something nobody subscribed to, at each address it registered.
    Push { phone: PhoneId, event: String, content_type: String, body: Vec<u8> },
    /// The box stops: end every subscription so that phones subscribe anew when it is back.
    Farewell,
    /// Register at a registrar as a phone does, and again before it runs out. `expires_s` 0
    /// takes the registration back.
    Register { registrar: Peer, user: PhoneId, secret: Secret, expires_s: u32 },
    /// Call a number over a trunk.
    InviteTrunk(TrunkCall),
    /// Call any address, with `user`'s password if the far side asks for one.
    InviteUri {
        leg: LegId,
        /// The request URI, e.g. `sip:95@box.example`.
        uri: String,
        to: Peer,
        rtp: SocketAddr,
        caller: Number,
        name: PersonName,
        /// The account to answer a challenge with.
        user: PhoneId,
        secret: Secret,
        /// Whether the INVITE carries the offer; if not, the 200 does and the ACK answers it.
        offer: bool,
    },
}

/// What goes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send a datagram, or bytes by the connection `to` names. Where it names none for TCP or TLS,
    /// one to its address is opened, unless one is being opened already.
    Send { to: Peer, bytes: Vec<u8> },
    /// Somebody proved an account's password, or is a trunk, from there: let it pass before
    /// strangers.
    Known { peer: Peer },
    /// Who proved a password from there guessed at others: it is a stranger again.
    Estranged { addr: SocketAddr },
    /// A source guessed passwords: take nothing of it until then. An alarm.
    Banned { source: Source, until: Instant },
    /// Close a connection. Nothing more of it is wanted, `Closed` neither.
    Close { flow: FlowId },
    /// Something happened on a leg. `LegEvent::Gone` comes once and is the last.
    Leg { leg: LegId, event: LegEvent },
    /// What the media shall do for the leg: before `Answered` and after each re-INVITE.
    /// `signalling` is where the leg's requests go: behind a NAT, or from another interface of the
    /// same machine, sound comes from there and not from what the session description names.
    Media { leg: LegId, media: MediaPlan, signalling: SocketAddr },
    /// Keys can be sent to the party by `Command::Key` where it takes no telephone-event, or no longer.
    KeysByInfo { leg: LegId, signalled: bool },
    /// The party does not take keys by INFO though it seemed so: send this one in the sound.
    KeyRefused { leg: LegId, digit: Digit },
    /// The party of a leg answered `Command::Ask`.
    There { leg: LegId },
    /// Nobody answered it: 408 where it was said until the end of its transaction (RFC 3261 17.1.2.2,
    /// timer F), 503 where the connection closed meanwhile.
    Unanswered { leg: LegId, code: u16 },
    /// A call was refused since it would have been in clear where encryption is required.
    RefusedClear { via: Via },
    /// A call was refused since its sound would have to go between IPv4 and IPv6.
    RefusedFamily { via: Via },
    /// A phone or trunk was refused, since the certificate of its connection is another's. An alarm.
    WrongCertificate { via: Via },
    /// A phone has `contacts` addresses now, at least one of them new, moved or heard again.
    Registered { phone: PhoneId, contacts: usize },
    /// A phone is reached where it was, for longer.
    Refreshed { phone: PhoneId },
    /// A phone's last address was taken back, ran out or fell silent.
    Unregistered { phone: PhoneId },
    /// A phone's own key asks for something; `ShowFeatures` says what came of it.
    FeatureAsked { phone: PhoneId, wish: FeatureWish },
    /// A phone's hoteling key gave a wrong proof of an agent's PIN: whoever counts them is to.
    WrongPin { phone: PhoneId, agent: AgentId },
    /// What a registrar said to `Command::Register`: the seconds it granted (0 when it took the
    /// registration back), or its refusal (408 when it said nothing at all).
    RegisterResult { user: PhoneId, result: Result<u32, u16> },
    /// A trunk can take calls out again, or no longer, and why. Each is taken to be well at first.
    TrunkHealth { trunk: TrunkId, up: bool, why: String },
}
