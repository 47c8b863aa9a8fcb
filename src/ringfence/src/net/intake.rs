//! The queues between the sockets and the exchange thread.
//!
//! ```text
//!   within      what belongs to a call that stands, and responses     always first
//!   begins      calls, registrations … that known peers begin         next; its wait is the load
//!   strangers   whoever proved nothing yet                            last, one turn in 16
//! ```
//!
//! A call that was begun is so finished before another begins, and what a box cannot do waits where
//! it costs least.
//!
//! The bytes of a connection keep their order, so those of known peers all go `within`. What begins
//! there is load too, once it waits: else a site of TLS alone would never be overloaded.

use super::load::{Load, SHORT};
use super::{Arrived, NetCounters};
use crate::clock::Clock;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use model::Instant;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Messages that may wait in each queue; more are shed and counted.
const MESSAGES_MAX: [usize; 3] = [2048, 4096, 8192];
/// Bytes that may wait in each queue: datagrams of the longest kind fill it before their number does.
const BYTES_MAX: [usize; 3] = [8 << 20, 16 << 20, 32 << 20];
/// Of so many messages one is a stranger's, however many known ones wait: else no phone could
/// register anew while trunks are at their busiest.
const STRANGERS_TURN: u32 = 16;
/// The orders in which the queues are asked.
const STRANGERS_FIRST: [Queue; 3] = [Queue::Strangers, Queue::Within, Queue::Begins];
const STRANGERS_LAST: [Queue; 3] = [Queue::Within, Queue::Begins, Queue::Strangers];

/// One of the queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Strangers,
    Begins,
    Within,
}

impl Queue {
    /// Where a datagram of a known peer goes.
    pub fn of_known(bytes: &[u8]) -> Self {
        if sip::glance::begins(bytes) { Self::Begins } else { Self::Within }
    }
}

/// The way to the exchange thread, of every socket.
#[derive(Clone)]
pub struct Intake {
    queues: [Sender<Arrived>; 3],
    exchange: std::thread::Thread,
    pub counters: Arc<NetCounters>,
    pub clock: Clock,
    bytes: Arc<[AtomicUsize; 3]>,
    /// Nobody takes anything any more.
    over: Arc<AtomicBool>,
}

/// The exchange thread's end of the queues.
pub struct Waiting {
    queues: [Receiver<Arrived>; 3],
    bytes: Arc<[AtomicUsize; 3]>,
    over: Arc<AtomicBool>,
    turn: u32,
    load: Load,
}

/// Makes the queues.
pub fn queues(
    exchange: std::thread::Thread,
    counters: Arc<NetCounters>,
    clock: Clock,
) -> (Intake, Waiting) {
    let [strangers, begins, within] = MESSAGES_MAX.map(crossbeam_channel::bounded);
    let (bytes, over): (Arc<[AtomicUsize; 3]>, Arc<AtomicBool>) = Default::default();
    let intake = Intake {
        queues: [strangers.0, begins.0, within.0],
        exchange,
        counters,
        clock,
        bytes: bytes.clone(),
        over: over.clone(),
    };
    let queues = [strangers.1, begins.1, within.1];
    (intake, Waiting { queues, bytes, over, turn: 0, load: Load::default() })
}

impl Intake {
    /// Hands over a datagram; tells whether there was room for it. The thread is not woken yet.
    pub fn offer(&self, queue: Queue, at: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let place = queue as usize;
        let waiting = &self.bytes[place];
        let before = waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        let datagram = Arrived::Datagram { from, bytes: bytes.to_vec(), at };
        let fits = before + bytes.len() <= BYTES_MAX[place];
        let taken = fits && self.queues[place].try_send(datagram).is_ok();
        if !taken {
            waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        taken
    }

    /// Hands over what must not be lost, however long it takes, and wakes the thread. Tells whether
    /// there still is one.
    pub async fn bring(&self, known: bool, mut arrived: Arrived) -> bool {
        let queue = if known { Queue::Within } else { Queue::Strangers };
        loop {
            match self.queues[queue as usize].try_send(arrived) {
                Ok(()) => {
                    self.wake();
                    return true;
                }
                Err(TrySendError::Full(back)) => arrived = back,
                Err(TrySendError::Disconnected(_)) => return false,
            }
            self.wake();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Wakes the exchange thread if it sleeps.
    pub fn wake(&self) {
        self.exchange.unpark();
    }

    /// Tells whether the box is gone.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl Waiting {
    /// What to do next.
    pub fn take(&mut self, now: Instant) -> Option<Arrived> {
        self.turn = (self.turn + 1) % STRANGERS_TURN;
        let order = if self.turn == 0 { STRANGERS_FIRST } else { STRANGERS_LAST };
        let (queue, arrived) = order
            .into_iter()
            .find_map(|queue| Some((queue, self.queues[queue as usize].try_recv().ok()?)))
            .or_else(|| {
                self.load.nothing_waits();
                None
            })?;
        match &arrived {
            Arrived::Datagram { bytes, at, .. } => {
                self.bytes[queue as usize].fetch_sub(bytes.len(), Ordering::Relaxed);
                if queue == Queue::Begins {
                    self.load.waited(now, now.since(*at));
                }
            }
            // It waits less than a datagram that begins something: a short wait of its tells nothing.
            Arrived::Bytes { bytes, at, .. } if queue == Queue::Within => {
                let waited = now.since(*at);
                if waited >= SHORT && Queue::of_known(bytes) == Queue::Begins {
                    self.load.waited(now, waited);
                }
            }
            Arrived::Bytes { .. } | Arrived::Opened(_) | Arrived::Closed { .. } => {}
        }
        Some(arrived)
    }

    /// How much there is to do.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Strangers' messages that wait.
    #[cfg(test)]
    pub fn strangers(&self) -> usize {
        self.queues[Queue::Strangers as usize].len()
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(Receiver::is_empty)
    }
}

impl Drop for Waiting {
    /// Lets the threads that read end.
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1000);
    const INVITE: &[u8] = b"INVITE sip:a@x SIP/2.0\r\nTo: <sip:a@x>\r\n\r\n";
    const BYE: &[u8] = b"BYE sip:a@x SIP/2.0\r\nTo: <sip:a@x>;tag=1\r\n\r\n";

    fn ends() -> (Intake, Waiting) {
        queues(std::thread::current(), Arc::default(), Clock::start().0)
    }

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn taken(waiting: &mut Waiting, now: Instant) -> Vec<u16> {
        std::iter::from_fn(|| waiting.take(now))
            .map(|arrived| match arrived {
                Arrived::Datagram { from, .. } => from.port(),
                _ => 0,
            })
            .collect()
    }

    #[test]
    fn known_peers_come_first_and_strangers_have_a_turn_in_sixteen() {
        let (intake, mut waiting) = ends();
        for _ in 0..60 {
            assert!(intake.offer(Queue::Strangers, NOW, addr(1), b"x"));
            assert!(intake.offer(Queue::Within, NOW, addr(2), b"x"));
        }
        let order = taken(&mut waiting, NOW);
        assert_eq!(order.len(), 120);
        assert_eq!(order[..48].iter().filter(|port| **port == 2).count(), 45);
    }

    #[test]
    fn a_call_that_stands_comes_before_one_that_begins() {
        let (intake, mut waiting) = ends();
        for (port, bytes) in [(1, INVITE), (2, BYE), (3, INVITE), (4, &b"SIP/2.0 200 OK"[..])] {
            assert!(intake.offer(Queue::of_known(bytes), NOW, addr(port), bytes));
        }
        assert_eq!(taken(&mut waiting, NOW), [2, 4, 1, 3]);
    }

    #[test]
    fn calls_that_wait_are_an_overload_and_requests_within_calls_are_none() {
        let (intake, mut waiting) = ends();
        let later = NOW + Duration::from_millis(350);
        intake.offer(Queue::of_known(BYE), NOW, addr(1), BYE);
        waiting.take(later);
        assert!(!waiting.load().is_over());
        for _ in 0..2 {
            intake.offer(Queue::of_known(INVITE), NOW, addr(1), INVITE);
        }
        waiting.take(later);
        assert!(waiting.load().is_over());
        assert_eq!(taken(&mut waiting, later).len(), 1);
        assert!(!waiting.load().is_over(), "nothing waits any more");
    }

    #[test]
    fn calls_that_wait_in_connections_are_an_overload_too() {
        let (intake, mut waiting) = ends();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let held = || Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().unwrap();
        let bring = |bytes: &[u8]| {
            let (flow, bytes) = (sip::FlowId(1), bytes.to_vec());
            let arrived = Arrived::Bytes { flow, bytes, at: NOW, held: held() };
            assert!(runtime.block_on(intake.bring(true, arrived)));
        };
        bring(BYE);
        bring(INVITE);
        bring(INVITE);
        bring(INVITE);
        let late = NOW + Duration::from_millis(350);
        waiting.take(late);
        assert!(!waiting.load().is_over(), "a request within a call");
        waiting.take(NOW + Duration::from_millis(5));
        assert!(!waiting.load().is_over());
        waiting.take(late);
        assert!(waiting.load().is_over());
        waiting.take(NOW + Duration::from_millis(5));
        assert!(waiting.load().is_over(), "a short wait of a connection ends no overload");
        assert!(waiting.take(late).is_none());
        assert!(!waiting.load().is_over(), "nothing waits any more");
    }

    #[test]
    fn long_datagrams_that_wait_have_a_limit_of_bytes() {
        let (intake, mut waiting) = ends();
        let long = [b'x'; 65_000];
        let offer = || intake.offer(Queue::Strangers, NOW, addr(1), &long);
        let taken = (0..2000).filter(|_| offer()).count();
        assert_eq!(taken, BYTES_MAX[0] / long.len());
        assert!(waiting.take(NOW).is_some());
        assert!(offer(), "room again");
    }

    #[test]
    fn the_readers_are_told_when_the_box_is_gone() {
        let (intake, waiting) = ends();
        assert!(!intake.is_over());
        drop(waiting);
        assert!(intake.is_over());
    }
}
