//! The media thread: every 20 ms it takes what came from sockets and card, and sends what is due.
//!
//! ```text
//!   exchange --MediaOrder--> [spsc] --> media thread --TapItem--> [spsc] --> seal thread
//!   exchange <--MediaSaid--- [spsc] <--     |  ^
//!                                 sockets, card (read, write)
//! ```
//!
//! A tick neither waits nor locks. What a full queue cannot take is counted: an order waits at the
//! exchange, a tap is filled with silence at the seal thread, news is lost and an alarm says so.

mod card;
mod counters;
mod lateness;
mod place;
pub mod sockets;

use crate::clock::Clock;
use crate::seal::{TapItem, TapReceiver};
use crate::service::AbortOnPanic;
use anyhow::Context as _;
use board::Card;
use heapless::spsc::{Consumer, Producer, Queue};
use line::LinePort;
use media::{Block, Clip, Engine, Event, Retired, Sink, Slot, TapFrame, TapNo};
use model::audio::FRAME_MS;
use model::port::Alarm;
use model::{Cause, LegEvent};
use sockets::Sockets;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

/// Orders and news the queues to and from the exchange hold.
pub const ORDERS: usize = 1024;
const NEWS: usize = 1024;
/// A stall longer than this is not caught up tick by tick: the ticks are skipped and counted.
const CATCH_UP_MAX: Duration = Duration::from_millis(200);
/// How much the thread is preferred (setpriority(2); of a thread on Linux): as much as there is.
const NICE: i32 = -20;
const TICK: Duration = Duration::from_millis(FRAME_MS);
/// The shortest pause between two ticks.
const BREATH: Duration = Duration::from_micros(200);

/// What the exchange thread wants of the media.
pub enum MediaOrder {
    Engine(media::Command),
    /// A socket for a leg; it is dropped by `Shut`.
    Open {
        slot: Slot,
        socket: UdpSocket,
    },
    Shut {
        slot: Slot,
    },
    /// Ends a tap, and tells the seal thread so after the last frame.
    Untap {
        slot: Slot,
        tap: TapNo,
    },
    Line {
        port: u16,
        order: LineOrder,
    },
    /// Another set of clips; the old one comes back to be freed elsewhere.
    Clips(Arc<[Clip]>),
}

/// What a line port is told.
#[derive(Clone, Copy, Debug)]
pub enum LineOrder {
    /// Play to the port before it is answered.
    Early,
    Answer,
    Refuse(Cause),
    HangUp(Cause),
}

/// What the media thread tells the exchange.
pub enum MediaSaid {
    Engine(Event),
    Line {
        port: u16,
        event: LegEvent,
    },
    Alarm {
        port: u16,
        alarm: Alarm,
        raised: bool,
    },
    /// Clips no longer used, to be freed where it costs no frame.
    Clips(Arc<[Clip]>),
    /// Keys no longer used.
    Retired(Retired),
}

pub use counters::MediaCounters;
pub use lateness::Lateness;
pub use place::Place;

pub type OrderSender = Producer<'static, MediaOrder>;
pub type NewsReceiver = Consumer<'static, MediaSaid>;

/// What the thread begins with.
pub struct Media {
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
    let (taps_out, taps) = leak::<TapItem, { crate::seal::TAP_QUEUE }>()?;
    // The sockets' ring belongs to the thread that makes it.
    let (told, begun) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("media".into()).spawn(move || {
        let sockets = match Sockets::new(media.slots) {
            Ok(sockets) => sockets,
            Err(error) => return drop(told.send(Err(error))),
        };
        let place = media.place.take();
        let began = Began { in_batches: sockets.in_batches(), refused: place };
        if told.send(Ok(began)).is_err() {
            return;
        }
        let runner = Runner {
            sockets,
            early: vec![false; media.lines.len()],
            out: Outlet { taps: taps_out, tick: 0 },
            orders: orders_in,
            news: news_out,
            said: false,
            media,
        };
        runner.run();
    })?;
    let began = begun.recv().context("the media thread ended at its start")??;
    Ok(Ends { orders, news, taps, thread, began })
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

/// Lets this thread run before all others of the machine where that is allowed (CAP_SYS_NICE, or
/// `LimitNICE=` of the unit): its tick must not wait until a flood of signalling had its turn. Tells
/// whether it is.
fn prefer() -> bool {
    let this = rustix::thread::gettid();
    rustix::process::setpriority_process(Some(this), NICE).is_ok()
}

struct Runner {
    media: Media,
    sockets: Sockets,
    /// Ports whose leg is open but not answered.
    early: Vec<bool>,
    orders: Consumer<'static, MediaOrder>,
    news: Producer<'static, MediaSaid>,
    out: Outlet,
    /// Something was said in this tick, so the exchange is to be woken.
    said: bool,
}

struct Outlet {
    taps: Producer<'static, TapItem>,
    tick: u64,
}

impl Runner {
    fn run(mut self) {
        let _guard = AbortOnPanic;
        self.media.counters.preferred.store(prefer(), Ordering::Relaxed);
        let mut due = std::time::Instant::now() + TICK;
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
        while let Some(order) = self.orders.dequeue() {
            self.obey(now, order);
        }
        self.read_sockets(now);
        self.read_card(now);
        let mut sink = Outgoing {
            sockets: &mut self.sockets,
            card: self.media.card.as_deref_mut(),
            out: &mut self.out,
            counters: &self.media.counters,
        };
        self.media.engine.tick(now, &mut sink);
        let sent = self.sockets.flush();
        self.media.counters.packets_out.fetch_add(sent.sent, Ordering::Relaxed);
        self.media.counters.send_failed.fetch_add(sent.failed, Ordering::Relaxed);
        while let Some(event) = self.media.engine.poll_event() {
            self.say(MediaSaid::Engine(event));
        }
        while let Some(done) = self.media.engine.poll_retired() {
            self.say(MediaSaid::Retired(done));
        }
        self.note_totals();
        self.out.tick += 1;
        self.media.counters.ticks.fetch_add(1, Ordering::Relaxed);
        if std::mem::take(&mut self.said) {
            self.media.wake.unpark();
        }
    }

    fn obey(&mut self, now: model::Instant, order: MediaOrder) {
        match order {
            MediaOrder::Engine(command) => self.media.engine.command(now, command),
            MediaOrder::Open { slot, socket } => {
                if !self.sockets.open(slot, socket) {
                    self.media.counters.unwatched.fetch_add(1, Ordering::Relaxed);
                }
            }
            MediaOrder::Shut { slot } => {
                let mut sink = Outgoing {
                    sockets: &mut self.sockets,
                    card: None,
                    out: &mut self.out,
                    counters: &self.media.counters,
                };
                self.media.engine.say_goodbye(now, slot, &mut sink);
                self.media.engine.command(now, media::Command::Close { slot });
                self.sockets.shut(slot);
            }
            MediaOrder::Untap { slot, tap } => {
                self.media.engine.command(now, media::Command::Untap { slot });
                // The end must not be lost, or a recording would stay open: it waits for room,
                // which the seal thread makes within its 20 ms.
                let mut item = TapItem::End { tap };
                for _ in 0..50 {
                    match self.out.taps.enqueue(item) {
                        Ok(()) => return,
                        Err(back) => item = back,
                    }
                    std::thread::yield_now();
                }
                self.media.counters.taps_lost.fetch_add(1, Ordering::Relaxed);
            }
            MediaOrder::Line { port, order } => {
                if let Some(line) = self.media.lines.get_mut(usize::from(port)) {
                    let input = match order {
                        LineOrder::Early => return self.open_card(now, port, true),
                        LineOrder::Answer => line::Input::Answer,
                        LineOrder::Refuse(cause) => line::Input::Refuse(cause),
                        LineOrder::HangUp(cause) => line::Input::HangUp(cause),
                    };
                    line.handle(now, input);
                }
                self.settle_line(now, port);
            }
            MediaOrder::Clips(clips) => {
                let old = self.media.engine.replace_clips(clips);
                self.say(MediaSaid::Clips(old));
            }
        }
    }

    fn read_sockets(&mut self, now: model::Instant) {
        let engine = &mut self.media.engine;
        let taken = self.sockets.read(|slot, from, bytes| engine.datagram(now, slot, from, bytes));
        self.media.counters.packets_in.fetch_add(taken, Ordering::Relaxed);
    }

    fn say(&mut self, said: MediaSaid) {
        self.said = true;
        if self.news.enqueue(said).is_err() {
            self.media.counters.news_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where a tick's sound goes.
struct Outgoing<'a> {
    sockets: &'a mut Sockets,
    card: Option<&'a mut (dyn Card + 'static)>,
    out: &'a mut Outlet,
    counters: &'a MediaCounters,
}

impl Sink for Outgoing<'_> {
    fn rtp(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        self.sockets.send(slot, to, packet);
    }

    fn rtcp(&mut self, slot: Slot, to: SocketAddr, muxed: bool, packet: &[u8]) {
        if muxed {
            self.rtp(slot, to, packet);
        }
    }

    fn card(&mut self, slot: Slot, block: &Block) {
        let Some(card) = &mut self.card else { return };
        if card.write(usize::from(slot.0), block).is_err() {
            self.counters.card_errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn tap(&mut self, tap: TapNo, frame: &TapFrame) {
        let item = TapItem::Frame { tap, tick: self.out.tick, frame: *frame };
        if self.out.taps.enqueue(item).is_err() {
            self.counters.taps_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
