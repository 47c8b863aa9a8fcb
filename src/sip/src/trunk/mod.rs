//! Trunks as the box uses them: calls out, registration with the carrier, and the health of each
//! target.
//!
//! ```text
//!   Configure --> [ enrolment: REGISTER ]   [ health: OPTIONS of each target ]
//!                            \                  /
//!                             TrunkHealth, on change
//!   InviteTrunk --> the targets that are well, then the others --> turns, within the leg
//! ```

mod call;
mod enrol;
mod health;
mod leaving;
mod turns;

pub use call::TrunkCall;
pub use turns::{FAILOVER_MAX, Turns, cause_of, is_targets_fault};

use crate::address::Address;
use crate::command::{Output, TrunkConfig};
use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::ua::arrival::party_of;
use crate::ua::invitation::Invitation;
use crate::ua::party::Account;
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use enrol::Enrolment;
use health::Health;
use leaving::Leaving;
use model::site::TrunkOut;
use model::{Instant, TrunkId};
use rsip::{Method, Uri};
use std::collections::BTreeMap;
use std::time::Duration;

/// Registrations of trunks are numbered from here, those of `Command::Register` below.
pub const REGISTRATIONS: u32 = 1 << 31;
/// The first OPTIONS go out within so many milliseconds of the start, not all at once.
const JITTER_MS: u64 = 1000;

/// Every trunk that calls go out by.
#[derive(Debug, Default)]
pub struct Trunks {
    carriers: BTreeMap<TrunkId, Carrier>,
    /// Numbers that were given to OPTIONS and registrations.
    probes: u64,
    enrolments: u32,
    leaving: Leaving,
}

/// One trunk.
#[derive(Debug)]
struct Carrier {
    config: TrunkConfig,
    targets: Vec<(Peer, Health)>,
    enrolment: Option<Enrolment>,
    /// What was said of it last.
    up: bool,
}

impl Trunks {
    /// Uses these trunks from now on. One that stays as it was keeps its registration and health.
    pub fn configure(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        trunks: &BTreeMap<TrunkId, TrunkConfig>,
    ) {
        let stays = |id: &TrunkId, carrier: &Carrier| {
            trunks.get(id).is_some_and(|trunk| trunk.out == carrier.config.out)
        };
        let gone: Vec<TrunkId> = self
            .carriers
            .iter()
            .filter(|(id, old)| !stays(id, old))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            let enrolment = self.carriers.remove(&id).and_then(|carrier| carrier.enrolment);
            if let Some(enrolment) = enrolment {
                self.leaving.add(now, wire, enrolment);
            }
        }
        for (id, trunk) in trunks {
            if !trunk.out.targets.is_empty() && !self.carriers.contains_key(id) {
                let carrier = self.carrier(now, wire, trunk);
                self.carriers.insert(id.clone(), carrier);
            }
        }
    }

    fn carrier(&mut self, now: Instant, wire: &mut Wire, config: &TrunkConfig) -> Carrier {
        let out = &config.out;
        let peers: Vec<Peer> =
            out.targets.iter().map(|target| Peer::new(target.transport, target.addr)).collect();
        let account = out.account.clone().filter(|account| account.register);
        let enrolment = account.map(|account| {
            self.enrolments = self.enrolments.wrapping_add(1) % REGISTRATIONS;
            let no = REGISTRATIONS + self.enrolments;
            let new = Enrolment::new(now, no, account, peers.clone());
            let after = self.leaving.same_line(&new);
            new.after(after)
        });
        let mut health = |peer| {
            let jitter = Duration::from_millis(wire.dice(JITTER_MS));
            (peer, Health::new(now, out.options_every, jitter))
        };
        let targets = peers.into_iter().map(&mut health).collect();
        Carrier { config: config.clone(), targets, enrolment, up: true }
    }

    /// Makes the invitation of a call, with the targets that are well before the others.
    pub fn invitation(
        &self,
        now: Instant,
        wire: &Wire,
        call: &TrunkCall,
    ) -> Option<(Invitation, Vec<(Uri, Peer)>)> {
        let carrier = self.carriers.get(&call.trunk)?;
        let mut targets: Vec<&(Peer, Health)> = carrier.targets.iter().collect();
        targets.sort_by_key(|(_, health)| !health.is_well(now));
        let targets = targets.into_iter().map(|(peer, _)| *peer).collect();
        Some(call::invitation(wire, &carrier.config, call, targets))
    }

    /// The account that calls of a trunk are addressed to where the number dialled stands in To.
    pub fn account(&self, trunk: &TrunkId) -> Option<&str> {
        self.carriers.get(trunk)?.config.out.account.as_ref().map(|account| account.user.as_str())
    }

    /// What a peer may ask the proof of that is a target of one trunk alone.
    pub fn account_at(&self, wire: &Wire, peer: Peer) -> Option<Account> {
        let is_there =
            |carrier: &Carrier| carrier.targets.iter().any(|(to, _)| to.ip() == peer.ip());
        let mut there = self.carriers.iter().filter(|(_, carrier)| is_there(carrier));
        let (trunk, carrier) = there.next()?;
        let alone = there.next().is_none();
        party_of(wire, trunk, &carrier.config).account.filter(|_| alone)
    }

    /// A call showed how a target is: the code it failed with, and how long to leave it alone.
    pub fn met(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        peer: Peer,
        code: u16,
        retry_after_s: Option<u32>,
    ) {
        let same = |to: &Peer| to.addr == peer.addr && to.transport == peer.transport;
        for (to, health) in self.carriers.values_mut().flat_map(|carrier| &mut carrier.targets) {
            if !same(to) {
                continue;
            }
            match code {
                408 => health.failed(now, "no answer to a call", None),
                503 => health.failed(now, "503 to a call", retry_after_s),
                _ => {}
            }
        }
        self.tell(now, wire);
    }

    /// Takes the answer of an OPTIONS.
    pub fn well(&mut self, now: Instant, wire: &mut Wire, no: u64, response: &Message) {
        let code = response.code().unwrap_or(500);
        if code >= 200
            && let Some(health) = self.asked(no)
        {
            health.answered(now, code, response.retry_after());
            self.tell(now, wire);
        }
    }

    /// Nobody answered an OPTIONS, or its connection was lost.
    pub fn unwell(&mut self, now: Instant, wire: &mut Wire, no: u64) {
        if let Some(health) = self.asked(no) {
            health.failed(now, "not reached", None);
            self.tell(now, wire);
        }
    }

    fn asked(&mut self, no: u64) -> Option<&mut Health> {
        let all = self.carriers.values_mut().flat_map(|carrier| &mut carrier.targets);
        all.map(|(_, health)| health).find(|health| health.waits_for(no))
    }

    /// Takes a response to a REGISTER.
    pub fn registered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        no: u32,
        id: TransactionId,
        response: &Message,
    ) {
        if let Some(enrolment) = self.enrolment(no) {
            enrolment.response(now, wire, id, response);
            self.settle_leaving(now);
            self.tell(now, wire);
        }
    }

    /// Nobody answered a REGISTER.
    pub fn unregistered(&mut self, now: Instant, wire: &mut Wire, no: u32, code: u16) {
        if let Some(enrolment) = self.enrolment(no) {
            enrolment.failed(now, wire, code, None);
            self.settle_leaving(now);
            self.tell(now, wire);
        }
    }

    /// A connection closed: what was registered by it is registered anew soon.
    pub fn flow_closed(&mut self, now: Instant, wire: &mut Wire, flow: Peer) {
        let all = self.carriers.values_mut().filter_map(|carrier| carrier.enrolment.as_mut());
        all.for_each(|enrolment| enrolment.cut(now, wire, flow));
    }

    fn enrolment(&mut self, no: u32) -> Option<&mut Enrolment> {
        let mut all = self.carriers.values_mut().filter_map(|carrier| carrier.enrolment.as_mut());
        all.find(|enrolment| enrolment.no() == no).or_else(|| self.leaving.find(no))
    }

    /// Lets the enrolments begin that waited for an old one of the same line.
    fn settle_leaving(&mut self, now: Instant) {
        for gone in self.leaving.over(now) {
            let all = self.carriers.values_mut().filter_map(|carrier| carrier.enrolment.as_mut());
            all.for_each(|enrolment| enrolment.may_begin(now, gone));
        }
    }

    /// Registers, asks and gives up waiting where it is time.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        if self.deadline().is_none_or(|(at, _)| at > now) {
            return;
        }
        self.settle_leaving(now);
        for carrier in self.carriers.values_mut() {
            if let Some(enrolment) = &mut carrier.enrolment {
                enrolment.tick(now, wire);
            }
            let Carrier { config, targets, .. } = carrier;
            for (peer, health) in targets {
                health.release(now);
                let _unanswered = health.unanswered(now);
                let no = self.probes + 1;
                if health.ask(now, no) {
                    self.probes = no;
                    probe(now, wire, &config.out, *peer, no);
                }
            }
        }
        self.tell(now, wire);
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let enrolments = self.carriers.values().filter_map(|carrier| carrier.enrolment.as_ref());
        let enrolments =
            enrolments.filter_map(Enrolment::deadline).map(|at| (at, "trunk: register"));
        let targets = self.carriers.values().flat_map(|carrier| &carrier.targets);
        let health = targets.filter_map(|(_, health)| health.deadline());
        let leaving = self.leaving.deadline().map(|at| (at, "trunk: registration taken back"));
        enrolments.chain(health.map(|at| (at, "trunk: health"))).chain(leaving).min()
    }

    /// The box stops: the carriers send it no more calls.
    pub fn farewell(&mut self, now: Instant, wire: &mut Wire) {
        for carrier in self.carriers.values_mut() {
            if let Some(enrolment) = &mut carrier.enrolment {
                enrolment.leave(now, wire);
            }
        }
    }

    /// Tells whether no carrier is still being told that the box goes.
    pub fn has_left(&self) -> bool {
        let mut enrolments =
            self.carriers.values().filter_map(|carrier| carrier.enrolment.as_ref());
        enrolments.all(Enrolment::has_left) && self.leaving.is_empty()
    }

    /// Says which trunks can be used again, or no longer.
    fn tell(&mut self, now: Instant, wire: &mut Wire) {
        for (trunk, carrier) in &mut self.carriers {
            let (up, why) = carrier.state(now);
            if carrier.up != up {
                carrier.up = up;
                wire.tell(Output::TrunkHealth { trunk: trunk.clone(), up, why });
            }
        }
    }
}

impl Carrier {
    /// Whether calls may go out by it, and why not: one of its targets is well, and the carrier did
    /// not refuse to know us.
    fn state(&self, now: Instant) -> (bool, String) {
        if let Some(code) = self.enrolment.as_ref().and_then(Enrolment::refusal) {
            let why = match code {
                408 => "no answer to REGISTER".to_owned(),
                code => format!("{code} to REGISTER"),
            };
            return (false, why);
        }
        if self.targets.iter().any(|(_, health)| health.is_well(now)) {
            return (true, String::new());
        }
        let why: Vec<String> =
            self.targets.iter().map(|(peer, health)| format!("{peer}: {}", health.why())).collect();
        (false, why.join(", "))
    }
}

/// Asks a target whether it is well.
fn probe(now: Instant, wire: &mut Wire, out: &TrunkOut, to: Peer, no: u64) {
    let target = uri::of_ours("", to.transport, to.addr);
    let via = wire.via(&to);
    let user = out.account.as_ref().map(|account| account.user.as_str()).unwrap_or_default();
    let from = match user.is_empty() {
        true => uri::of_host(wire.local),
        false => uri::of_user(user, wire.local),
    };
    let from = Address::new(from).tagged(&wire.token());
    let mut options = Message::request(Method::Options, target.clone());
    options.headers.push_front("Via", via.to_string());
    let options = options
        .with("From", from.to_string())
        .with("To", Address::new(target).to_string())
        .with("Call-ID", format!("{}@{}", wire.token(), wire.local.ip()))
        .with("CSeq", "1 OPTIONS")
        .with("Contact", wire.contact(&to, user))
        .with("Accept", "application/sdp");
    // At the limit of transactions it counts as unanswered.
    let _ = wire.request(now, options, to, Owner::Probe { no });
}
