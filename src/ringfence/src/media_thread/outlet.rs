//! Where a tick's sound goes: the sockets, the card, and the taps on their way to the seal thread.
//!
//! ```text
//!   frame --> queue to the seal thread; full: lost and counted, the seal thread fills it in
//!   end   --> behind the ends that wait --> the queue, in this tick or a later one
//! ```

use super::MediaCounters;
use super::sockets::Sockets;
use crate::seal::TapItem;
use board::Card;
use heapless::spsc::Producer;
use media::{Block, Sink, Slot, TapFrame, TapNo};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

/// Ends of taps that may wait for room in the queue: more than a box has recordings. A further one
/// is lost and counted; its recording stays open until the box ends.
const ENDS_MAX: usize = 4096;

/// The taps' way to the seal thread.
pub(super) struct Outlet {
    taps: Producer<'static, TapItem>,
    /// Ends that found no room. Without its end a recording would stay open.
    ends: VecDeque<TapNo>,
    pub(super) tick: u64,
}

impl Outlet {
    pub(super) fn new(taps: Producer<'static, TapItem>) -> Self {
        Self { taps, ends: VecDeque::with_capacity(ENDS_MAX), tick: 0 }
    }

    /// Sends the ends that wait, before the frames of this tick take the room.
    pub(super) fn begin(&mut self, counters: &MediaCounters) {
        while let Some(tap) = self.ends.pop_front() {
            let end = TapItem::End { tap, tick: self.tick };
            if self.taps.enqueue(end).is_err() {
                self.ends.push_front(tap);
                break;
            }
        }
        counters.ends_waiting.store(self.ends.len() as u64, Ordering::Relaxed);
    }

    /// Sends the end of a tap, or keeps it for the next tick.
    pub(super) fn end(&mut self, tap: TapNo, counters: &MediaCounters) {
        let end = TapItem::End { tap, tick: self.tick };
        if self.ends.is_empty() && self.taps.enqueue(end).is_ok() {
            return;
        }
        if self.ends.len() < ENDS_MAX {
            self.ends.push_back(tap);
        } else {
            counters.taps_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where a tick's sound goes.
pub(super) struct Outgoing<'a> {
    pub(super) sockets: &'a mut Sockets,
    pub(super) card: Option<&'a mut (dyn Card + 'static)>,
    /// Ports that speak themselves: a dial tone in a talk is all that is heard then.
    pub(super) speaks: &'a [bool],
    pub(super) out: &'a mut Outlet,
    pub(super) counters: &'a MediaCounters,
}

impl Sink for Outgoing<'_> {
    fn rtp(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        self.sockets.send(slot, to, packet);
    }

    fn rtcp(&mut self, slot: Slot, to: SocketAddr, muxed: bool, packet: &[u8]) {
        if muxed {
            self.rtp(slot, to, packet);
        } else {
            self.sockets.send_report(slot, to, packet);
        }
    }

    fn card(&mut self, slot: Slot, block: &Block) {
        let Some(card) = &mut self.card else { return };
        if self.speaks.get(usize::from(slot.0)).is_some_and(|speaks| *speaks) {
            return;
        }
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
