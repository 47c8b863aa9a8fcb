//! The exchange thread: hands what happens to the exchange and carries out what it orders.
//!
//! ```text
//!   datagrams ---> sip -----+                    +--> sip ------> datagrams
//!   media news -------------+--> exchange --+----+--> media, line (queue)
//!   control asks -----------+               |    +--> seal (tap begins)
//!                                           +--> journal (facts)
//!                                                    |
//!   orders that acknowledge a fact wait here <-------+ until it is on disk
//! ```
//!
//! It owns all call state; nobody locks anything to reach it. It sleeps until the next deadline or
//! until somebody unparks it.

mod asks;
mod care;
mod devices;
mod facts;
mod farewell;
mod heard;
mod heartbeat;
mod known;
mod lines;
mod meet;
mod orders;
mod phones;
mod pops;
pub mod shown;
mod signalling;
mod silence;
mod sound;
mod spans;
mod telephones;
mod texts;
mod trials;
mod watch;

pub use devices::Devices;
pub use phones::Desks;
pub use silence::ASKED_AFTER_MS;
pub use telephones::{Telephones, whole_numbers};
pub use trials::LineTest;

use crate::boxkey;
use crate::clips::ClipTable;
use crate::clock::Clock;
use crate::ledger::{Batch, Progress};
use crate::levels::Levels;
use crate::media_thread::{AllCounters, LineOrder, MediaOrder, NewsReceiver, OrderSender};
use crate::net::Net;
use crate::seal::{SealCounters, Sealed, TapBegin};
use crate::service::{self, Severity, log};
use crate::sites::Ready;
use crate::spans::Spans;
use crate::wires::{ThreadNo, Wires};
use crate::wishes::Wishes;
use crossbeam_channel::{Receiver, Sender};
use exchange::Exchange;
use model::id::{LegId, PhoneId, RecordingId};
use model::site::Site;
use model::time::Anchor;
use model::{Fact, Instant, Order, WallTime};
use sip::Endpoint;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Longest a drained box waits for its last recordings to be sealed.
const SEALING_MAX: Duration = Duration::from_secs(10);
/// Longest one that was told to end at once does.
const CUT_SEALING_MAX: Duration = Duration::from_secs(1);
/// Turns of passing outputs on before the thread looks at the outside again.
const PASSES_MAX: usize = 10_000;
/// Messages taken between two looks at media and deadlines.
const MESSAGES_PER_LOOK: usize = 64;
/// Longest sleep, so that the watchdog and the progress of the disk are looked at.
const SLEEP_MAX: Duration = Duration::from_millis(200);
/// Orders that may wait for a full media queue; beyond it the box is broken and says so.
const ORDERS_WAITING_MAX: usize = 16_384;

/// What the control side asks of the thread.
pub enum Ask {
    /// The state for a console.
    Snapshot(tokio::sync::oneshot::Sender<control::Snapshot>),
    /// A site that was checked, copied and loaded: use it. Answers with what needs a restart.
    Apply(Box<Ready>, tokio::sync::oneshot::Sender<Vec<String>>),
    /// Lets a phone, or every one, fetch its settings anew. Answers with how many.
    CheckSync(Option<PhoneId>, tokio::sync::oneshot::Sender<usize>),
    /// Has something done at a headset of the box. Answers why it is not.
    Headset(
        Option<PhoneId>,
        control::HeadsetWish,
        tokio::sync::oneshot::Sender<Result<(), devices::NotAtHeadset>>,
    ),
    /// Tries a line, and answers with what was found in words.
    LineTest(LineTest),
    /// The ports and how loud their far sides are, in words.
    LineList(model::site::Lang, tokio::sync::oneshot::Sender<String>),
    /// Captures a port for so many seconds; answers with the file.
    LineCapture(model::PortId, u16, crate::captures::Answer),
    /// Sends a text that says it is a trial; answers with what became of it.
    SmsTest(model::Number, tokio::sync::oneshot::Sender<Result<(), String>>),
    /// No new calls; end when the live ones have.
    Drain,
    /// End at once: everybody is hung up, and the recordings are sealed.
    Cut,
}

/// Everything the thread begins with.
pub struct Parts {
    pub clock: Clock,
    pub anchor: Anchor,
    pub site: Arc<Site>,
    pub site_version: u64,
    pub clips: ClipTable,
    pub exchange: Exchange,
    pub endpoint: Endpoint,
    pub net: Net,
    pub local: SocketAddr,
    pub wires: Wires,
    /// The ends of the queues of each media thread.
    pub orders: Vec<OrderSender>,
    pub news: Vec<NewsReceiver>,
    pub asks: Receiver<Ask>,
    pub begins: Sender<TapBegin>,
    pub sealed: Receiver<Sealed>,
    pub batches: Sender<Batch>,
    pub progress: Arc<Progress>,
    pub media_counters: AllCounters,
    pub seal_counters: Arc<SealCounters>,
    pub desks: Desks,
    /// Where it is put by where phones are reached.
    pub kept: Sender<crate::kept::Put>,
    /// The lines' names, by port number.
    pub port_ids: Vec<model::PortId>,
    /// Trunks that are primary rate lines.
    pub spans: Spans,
    /// Phones that are sound devices.
    pub devices: Devices,
    /// Ordinary telephones on ports.
    pub telephones: Telephones,
}

/// An order and the batch of facts that must be on disk before it.
struct Held {
    order: Order,
    after: u64,
    since: Instant,
}

/// A recording that failed while its call goes on.
pub(crate) struct Unrecorded {
    /// When it failed, or a new part was last asked for.
    tried: Instant,
    /// Since when nothing is recorded, where the seal thread was never told of it to count that.
    never_begun: Option<Instant>,
}

/// The exchange thread's state.
pub struct Switch {
    pub(crate) parts: Parts,
    facts: Vec<(WallTime, Fact)>,
    batch: u64,
    held: VecDeque<Held>,
    /// Orders that found no room in the queue of their media thread.
    waiting: Vec<VecDeque<MediaOrder>>,
    /// What waits for legs that go from one to another.
    pub(crate) wishes: Wishes,
    /// Legs that were to meet and for which no thread had room.
    pub(crate) meetings_refused: u64,
    /// Legs of carriers, whose sound may come from another machine than their signalling.
    trunk_legs: BTreeSet<LegId>,
    pub(crate) sound: sound::Sound,
    pops: pops::Pops,
    pub(crate) known: known::Known,
    /// Calls out over analogue lines.
    lines: crate::lines::Lines,
    /// Recordings that run or are being sealed.
    recordings: BTreeSet<RecordingId>,
    /// Of these the ones that failed: their calls go on unrecorded.
    pub(crate) unrecorded: BTreeMap<RecordingId, Unrecorded>,
    pub(crate) alarms: crate::alarms::Alarms,
    pub(crate) telling: texts::Telling,
    /// Who asked for the trial of a line that goes on.
    trial: Option<LineTest>,
    /// How loud the far sides of ports are.
    pub(crate) levels: Levels,
    /// None where the box has no card.
    captures: Option<crate::captures::Captures>,
    pub(crate) draining: bool,
    drained: bool,
    /// When everybody was cut off.
    cut_at: Option<Instant>,
    /// New calls are refused, for there is more to do than can be done.
    shedding: bool,
    watchdog: Option<Duration>,
    alive_told: Instant,
    heartbeats: Vec<heartbeat::Heartbeat>,
    skipped_seen: u64,
    watched: Instant,
    queues_looked: Instant,
    put_by: watch::PutBy,
    /// Facts that found no room while the disk was stuck.
    pub(crate) facts_shed: u64,
    /// The disk did not keep up within `HOLD_MAX`, and has not since.
    behind: bool,
    /// Orders let go before their facts were on disk.
    pub(crate) released_early: u64,
    pub(crate) prompts_missing: u64,
}

impl Switch {
    pub fn new(parts: Parts) -> Self {
        let threads = parts.orders.len();
        let heartbeat = || heartbeat::Heartbeat::new(Instant::START);
        Self {
            parts,
            facts: Vec::new(),
            batch: 0,
            held: VecDeque::new(),
            waiting: (0..threads).map(|_| VecDeque::new()).collect(),
            wishes: Wishes::default(),
            meetings_refused: 0,
            trunk_legs: BTreeSet::new(),
            sound: sound::Sound::default(),
            pops: pops::Pops::default(),
            known: known::Known::default(),
            lines: crate::lines::Lines::default(),
            recordings: BTreeSet::new(),
            unrecorded: BTreeMap::new(),
            alarms: crate::alarms::Alarms::default(),
            telling: texts::Telling::default(),
            levels: Levels::default(),
            trial: None,
            captures: None,
            draining: false,
            drained: false,
            cut_at: None,
            shedding: false,
            watchdog: service::watchdog(),
            alive_told: Instant::START,
            heartbeats: (0..threads).map(|_| heartbeat()).collect(),
            skipped_seen: 0,
            watched: Instant::START,
            queues_looked: Instant::START,
            put_by: watch::PutBy::default(),
            facts_shed: 0,
            behind: false,
            released_early: 0,
            prompts_missing: 0,
        }
    }

    /// Writes a fact of the daemon's own.
    pub fn note(&mut self, fact: Fact) {
        let wall = self.parts.anchor.wall(self.parts.clock.now());
        self.facts.push((wall, fact));
    }

    /// Runs until the box has drained and every fact is on its way to the disk.
    pub fn run(mut self) -> Self {
        let mut drained_at = None;
        while !self.is_over(drained_at) {
            let now = self.parts.clock.now();
            self.take_in(now);
            self.settle(now);
            self.watch(now);
            if self.drained {
                drained_at.get_or_insert(now);
            }
            let sleep = self.sleep(self.parts.clock.now());
            if !sleep.is_zero() {
                std::thread::park_timeout(sleep);
            }
        }
        // Who was cut off stands without an end in the journal; the next start tells it.
        if !self.was_cut() {
            self.farewell();
            self.note(Fact::BoxStopped);
        }
        self.send_facts();
        self
    }

    /// Tells whether live calls were cut rather than waited for.
    pub fn was_cut(&self) -> bool {
        self.cut_at.is_some()
    }

    /// Tells whether nothing is left to do: no leg, no order, no recording being sealed.
    fn is_over(&self, drained_at: Option<Instant>) -> bool {
        if let Some(at) = self.cut_at {
            let waited = self.parts.clock.now().since(at) >= CUT_SEALING_MAX;
            return waited || self.recordings.is_empty();
        }
        let Some(at) = drained_at else { return false };
        let waited = self.parts.clock.now().since(at) >= SEALING_MAX;
        waited || self.held.is_empty() && self.recordings.is_empty()
    }

    /// Takes what came from outside since the last look.
    fn take_in(&mut self, now: Instant) {
        for thread in self.parts.wires.threads().collect::<Vec<_>>() {
            while let Some(said) = self.parts.news.get_mut(thread.index()).and_then(|n| n.dequeue())
            {
                self.heard(now, thread, said);
            }
        }
        for _ in 0..MESSAGES_PER_LOOK {
            let now = self.parts.clock.now();
            let Some(arrived) = self.parts.net.take(now) else { break };
            self.shed(now);
            self.parts.net.outlet.take(now, &mut self.parts.endpoint, arrived);
            self.settle(now);
        }
        self.parts.spans.take_in(now);
        while let Ok(sealed) = self.parts.sealed.try_recv() {
            self.recording_sealed(sealed);
        }
        while let Ok(ask) = self.parts.asks.try_recv() {
            self.answer(now, ask);
        }
        if self.parts.exchange.deadline().is_some_and(|(at, _)| at <= now) {
            self.parts.exchange.tick(now);
        }
        if self.parts.endpoint.deadline().is_some_and(|(at, _)| at <= now) {
            self.parts.endpoint.tick(now);
        }
    }

    /// Has new calls refused while there is more to do than can be done.
    fn shed(&mut self, now: Instant) {
        let over = self.parts.net.load().is_over();
        if std::mem::replace(&mut self.shedding, over) != over {
            let shed = sip::Command::Shed(over);
            self.parts.endpoint.handle(now, sip::Input::Command(shed));
        }
    }

    /// Passes on what exchange and endpoint say until both have said everything.
    fn settle(&mut self, now: Instant) {
        for _ in 0..PASSES_MAX {
            if let Some(output) = self.parts.endpoint.poll() {
                self.take_endpoint(now, output);
            } else if let Some((line, output)) = self.parts.spans.poll() {
                self.take_span(now, line, output);
            } else if let Some(output) = self.parts.exchange.poll() {
                self.take_exchange(now, output);
            } else {
                self.send_facts();
                if !self.release(now) {
                    break;
                }
            }
        }
        self.flush_orders();
    }

    fn take_exchange(&mut self, now: Instant, output: exchange::Output) {
        match output {
            exchange::Output::Fact(wall, fact) => {
                self.alarms.of_fact(now, &fact);
                self.facts.push((wall, fact));
            }
            exchange::Output::Order(order) => {
                let after = self.batch + u64::from(!self.facts.is_empty());
                self.held.push_back(Held { order, after, since: now });
            }
            exchange::Output::Show { phone, features } => self.show(now, phone, features),
            exchange::Output::Waiting { phone, new, .. } if self.is_telephone(&phone) => {
                self.light_telephone(&phone, new);
            }
            exchange::Output::Waiting { phone, new, old } => {
                let mailbox = sip::Command::Mailbox { phone, new, old };
                self.parts.endpoint.handle(now, sip::Input::Command(mailbox));
            }
            exchange::Output::Lamp { watched, lamp } => self.light(now, watched, lamp),
            exchange::Output::Drained => self.drained = true,
        }
    }

    fn phone(&mut self, now: Instant, phone: PhoneId, up: bool) {
        self.put_by.moved = true;
        self.parts.desks.shelf.registered(&phone, up);
        self.parts.exchange.handle(now, exchange::Input::Phone { phone, up });
    }

    /// Orders something of a port, whoever has it.
    fn tell_port(&mut self, port: u16, order: LineOrder) {
        self.tell_media(ThreadNo::OF_THE_CARD, MediaOrder::Line { port, order });
    }

    fn tell_media(&mut self, thread: ThreadNo, order: MediaOrder) {
        if let Some(waiting) = self.waiting.get_mut(thread.index()) {
            waiting.push_back(order);
        }
        self.flush_orders();
    }

    fn flush_orders(&mut self) {
        let mut held = self.wishes.len();
        for (waiting, orders) in self.waiting.iter_mut().zip(&mut self.parts.orders) {
            while let Some(order) = waiting.pop_front() {
                if let Err(back) = orders.enqueue(order) {
                    waiting.push_front(back);
                    break;
                }
            }
            held += waiting.len();
        }
        if held > ORDERS_WAITING_MAX {
            // A media thread has not taken an order for a long time: it is dead, and so is
            // every call. The service manager starts the box anew.
            log(Severity::Error, "a media thread does not take orders any more");
            std::process::abort();
        }
    }

    fn sleep(&self, now: Instant) -> Duration {
        if !self.parts.net.is_empty() || self.waiting.iter().any(|w| !w.is_empty()) && self.drained
        {
            return Duration::ZERO;
        }
        let spans = self.parts.spans.deadline();
        let deadlines = [self.parts.exchange.deadline(), self.parts.endpoint.deadline(), spans];
        let vanishes = self.sound.silences.deadline();
        let next = deadlines.into_iter().flatten().map(|(at, _)| at).chain(vanishes);
        let next = next.map(|at| at.since(now)).min();
        next.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)
    }
}

/// The address others reach the box at: the one bound, or the machine's own when all are bound.
pub fn reachable(bind: SocketAddr) -> SocketAddr {
    if !bind.ip().is_unspecified() {
        return bind;
    }
    // Connecting a datagram socket sends nothing; it asks the routing table (addresses of RFC 5737
    // and RFC 3849).
    let (far, loopback): (IpAddr, IpAddr) = match bind {
        SocketAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1).into(), IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SocketAddr::V6(_) => {
            (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(), Ipv6Addr::LOCALHOST.into())
        }
    };
    let own = crate::net::facing::facing(far).unwrap_or(loopback);
    SocketAddr::new(own, bind.port())
}

/// A seed for one of the cores.
pub fn seed() -> anyhow::Result<u64> {
    let bytes = boxkey::random_32()?;
    Ok(bytes.iter().take(8).fold(0, |seed, &byte| seed << 8 | u64::from(byte)))
}
