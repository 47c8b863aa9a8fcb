//! What every leg shares: the transactions, the names it gives, and the way out.

use super::acks::Acks;
use super::late::Late;
use super::partings::Partings;
use crate::address::Address;
use crate::command::{Config, Limits, Output};
use crate::counters::Counters;
use crate::dialog::{Dialog, DialogId};
use crate::flows::Flows;
use crate::message::Message;
use crate::peer::{Locals, Peer, Transport};
use crate::transaction::{TransactionId, Transactions};
use crate::uri;
use crate::via::{MAGIC, Via};
use model::srtp::SrtpPolicy;
use model::{Codecs, Instant, LegEvent, LegId};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use rsip::{Method, Scheme, Uri};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// The methods we take.
pub const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER, PRACK, UPDATE, REFER, SUBSCRIBE";
/// The extensions we have (RFC 3262, 4028, 3891, 4488).
pub const SUPPORTED: &str = "100rel, timer, replaces, norefersub";
/// The body type of session descriptions.
pub const SDP: &str = "application/sdp";
/// Seconds after which a caller we refused by a limit may try again.
pub const RETRY_AFTER_S: &str = "10";
/// Who we are on the wire, without a version that would help an attacker.
pub(super) const PRODUCT: &str = "Ringfence";
/// Most bytes of a request over UDP where the path is not known better (RFC 3261 18.1.1).
const DATAGRAM_SAFE: usize = 1300;

/// Whose a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody waits for its outcome.
    Nobody,
    /// The INVITE that a leg arrived with.
    Arrived { leg: LegId },
    /// A fork of the INVITE that opens a leg.
    Invite { leg: LegId, fork: usize },
    /// A re-INVITE of ours.
    Reinvite { leg: LegId },
    /// An UPDATE of ours that refreshes the session of a leg.
    Update { leg: LegId },
    /// An OPTIONS that asks whether a leg's party is there.
    Ask { leg: LegId },
    /// An INFO that tells a leg's party of a key.
    Key { leg: LegId },
    /// A NOTIFY of how the transfer goes that the REFER of that number asked for.
    Referral { leg: LegId, number: u32 },
    /// A BYE that a trunk may challenge.
    Bye { leg: LegId },
    /// A BYE that is no leg's, which a trunk may challenge.
    Parting { no: u64 },
    /// A PRACK that a trunk may challenge.
    Prack { leg: LegId },
    /// A REGISTER of ours.
    Register { no: u32 },
    /// A NOTIFY of a subscription.
    Notify { subscription: u64 },
    /// A NOTIFY that nobody subscribed to.
    Unasked { no: u64 },
    /// An OPTIONS that asks a target of a trunk whether it is well.
    Probe { no: u64 },
    /// An OPTIONS that asks a phone that went silent whether it is there.
    Silent { no: u64 },
}

/// The transactions, dialogs, counters and the queue of outputs.
pub struct Wire {
    pub locals: Locals,
    /// The box's address where no transport matters.
    pub local: SocketAddr,
    pub realm: String,
    pub limits: Limits,
    /// Whether calls are encrypted, where a trunk has no rule of its own.
    pub srtp: SrtpPolicy,
    /// The codecs of calls, in the order they are asked for.
    pub codecs: Codecs,
    /// Longest silence of signalling in a call (RFC 4028); 0 for any.
    pub session_s: u32,
    pub transactions: Transactions<Owner>,
    pub dialogs: BTreeMap<DialogId, LegId>,
    pub counters: Counters,
    pub flows: Flows,
    /// What targets of trunks did to calls: when, the code, and how long to leave them alone. It is
    /// taken after each step of a leg.
    pub trunk_news: Vec<(Instant, Peer, u16, Option<u32>)>,
    pub(super) partings: Partings,
    pub(super) acks: Acks,
    pub(super) late: Late,
    rng: ChaCha12Rng,
    /// Makes tags of answers that keep no state.
    pub(super) tag_key: [u8; 32],
    out: VecDeque<Output>,
}

impl Wire {
    /// Starts with nothing open.
    pub fn new(config: &Config) -> Self {
        let mut rng = ChaCha12Rng::from_seed(config.seed);
        let mut tag_key = [0; 32];
        rng.fill_bytes(&mut tag_key);
        let limits = config.limits;
        Self {
            locals: config.locals.clone(),
            local: config.locals.main(),
            realm: config.realm.clone(),
            limits,
            srtp: config.srtp,
            codecs: config.codecs.clone(),
            session_s: config.session_s,
            transactions: Transactions::new(
                limits.server_transactions_max,
                limits.client_transactions_max,
            ),
            dialogs: BTreeMap::new(),
            counters: Counters::default(),
            flows: Flows::new(limits.flows),
            trunk_news: Vec::new(),
            partings: Partings::default(),
            acks: Acks::default(),
            late: Late::default(),
            rng,
            tag_key,
            out: VecDeque::new(),
        }
    }

    /// Makes a name nobody can guess: 64 bits in hexadecimal.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }

    /// A key that nobody else has.
    pub fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.rng.fill_bytes(&mut key);
        key
    }

    /// Fills a key with what nobody can guess.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.rng.fill_bytes(bytes);
    }

    /// A number below `bound`.
    pub fn dice(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound.max(1)
    }

    /// The Via of a new request to a peer.
    pub fn via(&mut self, to: &Peer) -> Via {
        let branch = format!("{MAGIC}{}", self.token());
        Via::new(to.transport, self.locals.towards(to), &branch)
    }

    /// Our Contact towards a peer, with the user part that a phone shows.
    pub fn contact(&self, to: &Peer, user: &str) -> String {
        Address::new(self.contact_uri(to, user)).to_string()
    }

    /// The address of our Contact towards a peer.
    pub fn contact_uri(&self, to: &Peer, user: &str) -> Uri {
        uri::of_ours(user, to.transport, self.locals.towards(to))
    }

    /// Our Contact within a dialog: sips where the call is to be protected on its whole way
    /// (RFC 3261 12.1.1, 12.2.1.1).
    pub fn contact_in(&self, dialog: &Dialog, user: &str) -> String {
        let mut at = self.contact_uri(&dialog.hop(), user);
        if dialog.is_sips() {
            at.scheme = Some(Scheme::Sips);
            at.params.clear();
        }
        Address::new(at).to_string()
    }

    /// Sends a message outside any transaction.
    pub fn send(&mut self, to: Peer, message: &Message) {
        self.send_bytes(to, message.encode());
    }

    /// Sends a request in a transaction of its own, with what every request of ours has.
    pub fn request(
        &mut self,
        now: Instant,
        mut request: Message,
        to: Peer,
        owner: Owner,
    ) -> Option<TransactionId> {
        request.headers.replace("User-Agent", PRODUCT);
        let mut to = self.flows.resolve(to);
        // 18.1.1: too long for a datagram, and the peer is known to take it otherwise.
        if to.transport == Transport::Udp && request.size() > DATAGRAM_SAFE {
            let by_tcp = self.flows.resolve(Peer::new(Transport::Tcp, to.addr));
            if by_tcp.flow.is_some() {
                to = by_tcp;
                request.headers.replace("Via", self.via(&to).to_string());
            }
        }
        let sent = self.transactions.request(now, request, to, owner);
        if sent.is_err() {
            self.counters.limited += 1;
        }
        sent.ok()
    }

    /// Makes a request that was refused anew, with the next number (RFC 3261 8.1.3.5).
    pub fn anew(&mut self, mut request: Message, to: &Peer) -> Option<Message> {
        let (method, cseq) = (request.method()?, request.cseq()?.0 + 1);
        request.headers.replace("Via", self.via(to).to_string());
        request.headers.replace("CSeq", format!("{cseq} {method}"));
        Some(request)
    }

    /// Says BYE within a dialog and why (RFC 3261 15.1.1). The session is over with the BYE,
    /// whatever comes of it.
    pub fn bye(
        &mut self,
        now: Instant,
        dialog: &mut Dialog,
        why: &str,
        owner: Owner,
    ) -> Option<TransactionId> {
        let hop = dialog.hop();
        let via = self.via(&hop);
        let bye = dialog.request(Method::Bye, &via).with("Reason", why);
        self.request(now, bye, hop, owner)
    }

    /// Says what happened on a leg.
    pub fn event(&mut self, leg: LegId, event: LegEvent) {
        self.tell(Output::Leg { leg, event });
    }

    /// Says that a leg's party is there.
    pub fn there(&mut self, leg: LegId) {
        self.tell(Output::There { leg });
    }

    /// Notes that a peer was let in.
    pub fn known(&mut self, peer: Peer) {
        self.flows.known(&peer);
        self.tell(Output::Known { peer });
    }

    /// Says something to the daemon.
    pub fn tell(&mut self, output: Output) {
        self.flush();
        self.out.push_back(output);
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.flush();
        self.out.pop_front()
    }

    /// Outputs that wait.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Sends bytes to where the peer is now.
    pub fn send_bytes(&mut self, to: Peer, bytes: Vec<u8>) {
        self.counters.datagrams_out += 1;
        let to = self.flows.resolve(to);
        self.tell(Output::Send { to, bytes });
    }

    /// Takes over what the transactions sent, so that datagrams leave in the order they were made.
    fn flush(&mut self) {
        while let Some((to, bytes)) = self.transactions.poll_send() {
            self.counters.datagrams_out += 1;
            let to = self.flows.resolve(to);
            self.out.push_back(Output::Send { to, bytes });
        }
    }
}
