//! The media thread: every 20 ms it takes what came from sockets and card, and sends what is due.
//!
//! ```text
//!   exchange --MediaOrder--> [spsc] --> media thread --TapItem--> [spsc] --> seal thread
//!   exchange <--MediaSaid--- [spsc] <--     |  ^
//!                                 sockets, card (read, write)
//! ```
//!
//! There is one a core (`Sound::threads_on`), each with an engine, sockets and queues of its own; the
//! card's ports are the first one's. Legs that meet are in one of them, and go there (`parcel`).
//!
//! ```text
//!                  +--> media 0: engine, sockets, card --taps--+
//!   exchange <-----+--> media 1: engine, sockets       --taps--+--> seal
//!                  +--> ...                                    |
//!                       legs move 0 <--> 1 through the exchange thread's hands
//! ```
//!
//! A tick neither waits nor locks. What a full queue cannot take is counted: an order waits at the
//! exchange, a tap is filled with silence at the seal thread, news is lost and an alarm says so.

mod card;
mod counters;
mod lateness;
mod orders;
mod outlet;
mod parcel;
mod peers;
mod place;
pub mod sockets;
#[cfg(test)]
mod tests;
mod trial;

use crate::clock::Clock;
use crate::seal::{TAP_QUEUE, TapItem, TapReceiver};
use crate::service::AbortOnPanic;
use anyhow::Context as _;
use board::Card;
use heapless::spsc::{Consumer, Producer, Queue};
use line::LinePort;
use media::{Engine, Slot};
use model::audio::FRAME_MS;
use model::id::LegId;
use outlet::{Outgoing, Outlet};
use peers::Peers;
use sockets::Sockets;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

/// Orders and news the queues to and from the exchange hold.
pub const ORDERS: usize = 1024;
const NEWS: usize = 1024;
/// A stall longer than this is not caught up tick by tick: the ticks are skipped and counted.
const CATCH_UP_MAX: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(FRAME_MS);
/// Sockets are not read again sooner.
const READ_AFTER: Duration = Duration::from_millis(5);
/// The shortest pause between two ticks.
const BREATH: Duration = Duration::from_micros(200);

pub use counters::{AllCounters, MediaCounters};
pub use lateness::Lateness;
pub use orders::{LineOrder, MediaOrder, MediaSaid, NUMBER_MAX};
pub use parcel::Parcel;
pub use place::Place;

pub type OrderSender = Producer<'static, MediaOrder>;
pub type NewsReceiver = Consumer<'static, MediaSaid>;

/// What a thread begins with.
pub struct Media {
    /// The thread's number; the card is the first one's, 0.
    pub no: u8,
    /// From when on ticks are counted: the same moment for all threads.
    pub epoch: std::time::Instant,
    /// Legs are tapped at once for this many threads.
    pub threads: usize,
    pub engine: Engine,
    pub slots: usize,
    /// The card and its ports' state machines; port `n` is slot `n`.
    pub card: Option<Box<dyn Card>>,
    pub lines: Vec<LinePort>,
    pub clock: Clock,
    pub wake: Thread,
    pub stop: Arc<AtomicBool>,
    pub counters: Arc<MediaCounters>,
    pub place: Place,
}

/// The exchange's ends of the queues.
pub struct Ends {
    pub orders: OrderSender,
    pub news: NewsReceiver,
    pub taps: TapReceiver,
    pub thread: JoinHandle<()>,
    pub began: Began,
}

/// How the thread began.
pub struct Began {
    /// Its sockets are used in batches, which the kernel may refuse.
    pub in_batches: bool,
    /// What of its place was not permitted.
    pub refused: Vec<String>,
}

/// Reserves the queues and starts the thread.
pub fn start(media: Media) -> anyhow::Result<Ends> {
    let (orders, orders_in) = leak::<MediaOrder, ORDERS>()?;
    let (news_out, news) = leak::<MediaSaid, NEWS>()?;
    let (taps_out, taps) = tap_queue(media.threads)?;
    // The sockets' ring belongs to the thread that makes it.
    let (told, begun) = std::sync::mpsc::sync_channel(1);
    let name = match media.no {
        0 => "media".to_owned(),
        no => format!("media-{no}"),
    };
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let sockets = match Sockets::new(media.slots) {
            Ok(sockets) => sockets,
            Err(error) => return drop(told.send(Err(error))),
        };
        let place = media.place.take();
        media::care::warm();
        media.counters.preferred.store(place.first, Ordering::Relaxed);
        let began = Began { in_batches: sockets.in_batches(), refused: place.refused };
        if told.send(Ok(began)).is_err() {
            return;
        }
        Runner::new(media, sockets, orders_in, news_out, taps_out).run();
    })?;
    let began = begun.recv().context("the media thread ended at its start")??;
    Ok(Ends { orders, news, taps, thread, began })
}

/// The queue of taps of one of so many threads: each has its share of the recordings, and half as much
/// again or more.
fn tap_queue(threads: usize) -> anyhow::Result<Queued<TapItem>> {
    match threads {
        0 | 1 => leak::<TapItem, TAP_QUEUE>(),
        2 | 3 => leak::<TapItem, { 3 * TAP_QUEUE / 4 }>(),
        4 | 5 => leak::<TapItem, { TAP_QUEUE / 2 }>(),
        _ => leak::<TapItem, { TAP_QUEUE / 4 }>(),
    }
}

/// The ends of a queue.
type Queued<T> = (Producer<'static, T>, Consumer<'static, T>);

/// A queue that lives as long as the process: it is made once, at the start. A long one passes over
/// the stack on its way, which is more than a thread commonly has.
fn leak<T: Send + 'static, const N: usize>() -> anyhow::Result<Queued<T>> {
    let make = || -> &'static mut Queue<T, N> { Box::leak(Box::new(Queue::new())) };
    let maker = std::thread::Builder::new().stack_size(4 * size_of::<Queue<T, N>>() + (1 << 20));
    let queue = maker.spawn(make)?.join();
    Ok(queue.map_err(|_| anyhow::anyhow!("a queue of the media thread could not be made"))?.split())
}

struct Runner {
    media: Media,
    sockets: Sockets,
    peers: Peers,
    /// When sockets were read last.
    read_at: std::time::Instant,
    /// Whose each slot is, of those that have a socket.
    legs: Vec<Option<LegId>>,
    /// Ports whose leg is open but not answered.
    early: Vec<bool>,
    /// Ports that say something themselves in this tick.
    speaks: Vec<bool>,
    orders: Consumer<'static, MediaOrder>,
    news: Producer<'static, MediaSaid>,
    /// An order that waits for another tick, and all after it.
    postponed: Option<MediaOrder>,
    /// Legs that leave after this tick.
    leaving: VecDeque<(Slot, Box<Parcel>)>,
    out: Outlet,
    /// The port on trial, if any.
    trial: Option<trial::OnTrial>,
    /// Something was said in this tick, so the exchange is to be woken.
    said: bool,
}

impl Runner {
    fn new(
        media: Media,
        sockets: Sockets,
        orders: Consumer<'static, MediaOrder>,
        news: Producer<'static, MediaSaid>,
        taps: Producer<'static, TapItem>,
    ) -> Self {
        Self {
            sockets,
            peers: Peers::new(media.slots),
            read_at: std::time::Instant::now(),
            legs: vec![None; media.slots],
            early: vec![false; media.lines.len()],
            speaks: vec![false; media.lines.len()],
            out: Outlet::new(taps),
            trial: None,
            orders,
            news,
            postponed: None,
            leaving: VecDeque::with_capacity(parcel::LEAVING_MAX),
            said: false,
            media,
        }
    }

    fn run(mut self) {
        let _guard = AbortOnPanic;
        // Tick n is due so many times 20 ms after the beginning, in every thread.
        let passed = self.media.epoch.elapsed().as_millis() / TICK.as_millis();
        let next = u32::try_from(passed).unwrap_or(0) + 1;
        self.out.tick = u64::from(next);
        let mut due = self.media.epoch + TICK * next;
        while !self.media.stop.load(Ordering::Relaxed) {
            let now = std::time::Instant::now();
            // Even a thread that cannot keep up lets the others have a little of its core, and
            // blocks, as its watchdog wants (`Place`).
            let wait = due.saturating_duration_since(now).max(BREATH);
            std::thread::sleep(wait);
            let late = std::time::Instant::now().saturating_duration_since(due);
            self.note_late(late);
            if late > CATCH_UP_MAX {
                let skipped = u32::try_from(late.as_millis() / TICK.as_millis()).unwrap_or(0);
                let counter = &self.media.counters.ticks_skipped;
                counter.fetch_add(u64::from(skipped), Ordering::Relaxed);
                self.out.tick += u64::from(skipped);
                due += TICK * skipped;
            }
            let began = std::time::Instant::now();
            self.tick();
            let busy = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.media.counters.busy_us.fetch_add(busy, Ordering::Relaxed);
            due += TICK;
        }
    }

    fn note_late(&self, late: Duration) {
        let counters = &self.media.counters;
        let micros = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        counters.lateness.note(micros);
        if late > TICK {
            counters.ticks_late.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn tick(&mut self) {
        let now = self.media.clock.now();
        self.out.begin(&self.media.counters);
        self.take_orders(now);
        self.read_sockets(now);
        self.read_card(now);
        let mut sink = Outgoing {
            sockets: &mut self.sockets,
            card: self.media.card.as_deref_mut(),
            speaks: &self.speaks,
            out: &mut self.out,
            counters: &self.media.counters,
        };
        self.media.engine.tick(now, &mut sink);
        let sent = self.sockets.flush();
        self.media.counters.packets_out.fetch_add(sent.sent, Ordering::Relaxed);
        self.media.counters.send_failed.fetch_add(sent.failed, Ordering::Relaxed);
        self.media.counters.refused.fetch_add(sent.refused, Ordering::Relaxed);
        self.media.counters.ring_lost.store(self.sockets.lost_ring(), Ordering::Relaxed);
        self.say_heard();
        while let Some(done) = self.media.engine.poll_retired() {
            self.say(MediaSaid::Retired(done));
        }
        self.send_off();
        self.peers.tick(self.out.tick, &self.media.engine, &mut self.sockets);
        self.note_totals();
        self.out.tick += 1;
        self.media.counters.ticks.fetch_add(1, Ordering::Relaxed);
        if std::mem::take(&mut self.said) {
            self.media.wake.unpark();
        }
    }

    /// Obeys what was ordered, up to an order that must wait for another tick.
    fn take_orders(&mut self, now: model::Instant) {
        while let Some(order) = self.postponed.take().or_else(|| self.orders.dequeue()) {
            let waits = match &order {
                MediaOrder::Land { parcel, .. } => !parcel.is_due(self.out.tick),
                MediaOrder::Take { .. } => self.leaving.len() >= parcel::LEAVING_MAX,
                _ => false,
            };
            if waits {
                self.postponed = Some(order);
                break;
            }
            self.obey(now, order);
        }
    }

    /// Takes what came. Of ticks that are caught up the second has little to take: looking at every
    /// socket would make the third later still.
    fn read_sockets(&mut self, now: model::Instant) {
        let at = std::time::Instant::now();
        if at.saturating_duration_since(self.read_at) < READ_AFTER {
            return;
        }
        self.read_at = at;
        let engine = &mut self.media.engine;
        let taken = self.sockets.read(|slot, from, bytes| engine.datagram(now, slot, from, bytes));
        let reports = self.sockets.read_reports(|slot, from, bytes| {
            engine.rtcp(now, slot, from, bytes);
        });
        self.media.counters.packets_in.fetch_add(taken + reports, Ordering::Relaxed);
    }

    /// Tells what the engine said, and of which leg; before a slot changes its leg or a line's leg
    /// is told to be over.
    fn say_heard(&mut self) {
        while let Some(event) = self.media.engine.poll_event() {
            let leg = self.legs.get(usize::from(event.slot().0)).copied().flatten();
            self.say(MediaSaid::Engine { leg, event });
        }
    }

    fn say(&mut self, said: MediaSaid) {
        self.said = true;
        if self.news.enqueue(said).is_err() {
            self.media.counters.news_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
