//! The media threads: how many, where, and with what each begins.

use crate::clock::Clock;
use crate::media_thread::{self, AllCounters, Ends, Media, NewsReceiver, OrderSender, Place};
use crate::seal::TapReceiver;
use crate::service::{Severity, log};
use crate::switch::seed;
use board::Card;
use line::LinePort;
use media::{Clip, Engine};
use model::site::Site;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{JoinHandle, Thread};

/// What they begin with.
pub(super) struct Begin<'a> {
    pub site: &'a Site,
    /// A thread for each, and the slots it has.
    pub slots: &'a [usize],
    pub clips: Arc<[Clip]>,
    /// The first thread's.
    pub card: Option<Box<dyn Card>>,
    pub lines: Vec<LinePort>,
    pub clock: Clock,
    pub exchange: &'a Thread,
    pub stop: &'a Arc<AtomicBool>,
    pub counters: &'a AllCounters,
}

/// The other ends of their queues.
#[derive(Default)]
pub(super) struct Threads {
    pub orders: Vec<OrderSender>,
    pub news: Vec<NewsReceiver>,
    pub taps: Vec<TapReceiver>,
    pub threads: Vec<JoinHandle<()>>,
}

/// Starts them, one after the other.
pub(super) fn start(begin: Begin<'_>) -> anyhow::Result<Threads> {
    let sound = &begin.site.sip.sound;
    let (mut card, mut lines) = (begin.card, begin.lines);
    let epoch = std::time::Instant::now();
    let mut started = Threads::default();
    for (no, (slots, counters)) in begin.slots.iter().zip(begin.counters.each()).enumerate() {
        let engine = Engine::new(media::Config {
            legs_max: *slots,
            silent_ms: crate::switch::ASKED_AFTER_MS,
            clips: begin.clips.clone(),
            seed: seed()?,
        });
        let Ends { orders, news, taps, thread, began } = media_thread::start(Media {
            no: u8::try_from(no)?,
            epoch,
            threads: begin.slots.len(),
            engine,
            slots: *slots,
            card: card.take(),
            lines: std::mem::take(&mut lines),
            clock: begin.clock,
            wake: begin.exchange.clone(),
            stop: begin.stop.clone(),
            counters: counters.clone(),
            place: Place {
                core: sound.cores.get(no).copied().map(usize::from),
                real_time: sound.real_time,
            },
        })?;
        if !began.in_batches {
            let text =
                format!("media thread {no}: the kernel refuses io_uring: packets go one by one");
            log(Severity::Notice, &text);
        }
        for refused in &began.refused {
            log(Severity::Warning, &format!("media thread {no}: not permitted: {refused}"));
        }
        started.orders.push(orders);
        started.news.push(news);
        started.taps.push(taps);
        started.threads.push(thread);
    }
    Ok(started)
}
