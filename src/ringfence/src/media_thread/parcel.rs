//! Legs that go from one media thread to another, through the queues and the exchange thread.
//!
//! ```text
//!   one thread      tick k    Take ... the tick ... the leg and its sockets into the parcel
//!                                        | Left
//!   exchange thread                      +--> Land, and whatever is wanted of the leg behind it
//!   another thread  tick k+1                   | sockets and leg in place, Bridge, the tick
//! ```
//!
//! All threads count their ticks from one beginning and make them at the same time, so that a leg has
//! 20 ms for its way and misses none. One that comes too soon, to a thread that is behind, waits for
//! its tick, and all orders after it; one that comes too late has missed ticks, which are counted and
//! are in its time stamps. The parcel is made by the exchange thread and freed there.

use super::{MediaSaid, Runner};
use media::{Carried, Slot};
use model::id::LegId;
use std::net::UdpSocket;
use std::sync::atomic::Ordering;

/// Legs that may leave a thread in one tick; orders after a further one wait for the next.
pub(super) const LEAVING_MAX: usize = 64;

/// A leg on its way, with its sockets.
pub struct Parcel {
    pub leg: LegId,
    carried: Carried,
    sound: Option<UdpSocket>,
    reports: Option<UdpSocket>,
    /// The socket for reports is read.
    watched: bool,
    /// The last tick it was part of.
    tick: u64,
}

impl Parcel {
    /// Makes room for a leg.
    pub fn new(leg: LegId) -> Box<Self> {
        let (sound, reports, carried) = (None, None, Carried::default());
        Box::new(Self { leg, carried, sound, reports, watched: false, tick: 0 })
    }

    /// Tells whether a thread is in the tick that the leg is to be part of next, or a later one.
    pub(super) fn is_due(&self, tick: u64) -> bool {
        self.tick < tick
    }
}

impl Runner {
    /// Sends the legs off that are to go elsewhere. The news of it must not be lost: without room for
    /// them they stay another tick.
    pub(super) fn send_off(&mut self) {
        while let Some((slot, mut parcel)) = self.leaving.pop_front() {
            self.say_heard();
            if !self.news.ready() {
                return self.leaving.push_front((slot, parcel));
            }
            // One that was only rung has sockets and no sound.
            self.media.engine.take_leg(slot, &mut parcel.carried);
            (parcel.sound, parcel.reports, parcel.watched) = self.sockets.take(slot);
            parcel.tick = self.out.tick;
            self.peers.shut(slot);
            if let Some(place) = self.legs.get_mut(usize::from(slot.0)) {
                *place = None;
            }
            self.say(MediaSaid::Left(parcel));
        }
    }

    /// Takes a leg that another thread sent off.
    pub(super) fn land(&mut self, slot: Slot, mut parcel: Box<Parcel>) {
        self.say_heard();
        if let Some(place) = self.legs.get_mut(usize::from(slot.0)) {
            *place = Some(parcel.leg);
        }
        let mut opened = true;
        if let Some(sound) = parcel.sound.take() {
            self.peers.open(slot, &sound);
            opened = self.sockets.open(slot, sound);
        }
        if let Some(reports) = parcel.reports.take() {
            opened &= self.sockets.open_reports(slot, reports);
            self.sockets.watch_reports(slot, parcel.watched);
        }
        let counters = &self.media.counters;
        counters.unwatched.fetch_add(u64::from(!opened), Ordering::Relaxed);
        if parcel.carried.is_full() {
            let missed = self.out.tick.saturating_sub(parcel.tick).saturating_sub(1);
            counters.landed.fetch_add(1, Ordering::Relaxed);
            counters.missed_on_the_way.fetch_add(missed, Ordering::Relaxed);
            if !self.media.engine.place_leg(slot, missed, &mut parcel.carried) {
                counters.unlanded.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.say(MediaSaid::Landed(parcel));
    }
}
