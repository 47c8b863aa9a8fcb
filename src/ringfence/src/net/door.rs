//! The door of the connections: how many may be open, of whom, and how fast they come.
//!
//! ```text
//!   accept --room? source not banned, not too fast, not too many?--> Place --closed--> given back
//!                '--no--> dropped at once, counted
//! ```
//!
//! A source's count is of strangers: once it proved a password, a connection counts as the box's.

use super::friends::{Friends, Who};
use crate::clock::Clock;
use model::Instant;
use model::site::SipSite;
use sip::{Buckets, Rate, Source};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections a second of one source.
const SOURCE: Rate = Rate { per_s: 10, burst: 40 };
/// Connections a second of all strangers: handshakes of TLS cost half a millisecond each.
const ALL: Rate = Rate { per_s: 200, burst: 400 };
/// Sources whose rate is remembered.
const SOURCES_MAX: usize = 8192;
/// Connections beyond the site's that may be at their handshake, or wait to be closed for others.
const SPARE: usize = 64;

/// The limits of a door.
#[derive(Clone, Copy, Debug)]
pub struct DoorLimits {
    pub connections_max: usize,
    /// Open at once of one source that never proved anything.
    pub strangers_max: usize,
}

impl DoorLimits {
    /// Those of a site.
    pub fn of(sip: &SipSite) -> Self {
        let connections_max = usize::from(sip.connections_max);
        Self { connections_max, strangers_max: (connections_max / 8).clamp(4, 64) }
    }
}

/// Why nobody comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Banned,
    Full,
}

/// The door, shared by all listeners.
pub struct Door {
    limits: DoorLimits,
    friends: Arc<Friends>,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    open: usize,
    strangers: HashMap<Source, usize>,
    rates: Buckets,
    all: sip::source::Bucket,
}

/// A place within; given back when it is dropped.
pub struct Place {
    door: Arc<Door>,
    /// Counted against this source.
    source: Option<Source>,
}

impl Door {
    /// Begins with nobody within.
    pub fn new(limits: DoorLimits, friends: Arc<Friends>, clock: Clock) -> Self {
        let state = State {
            open: 0,
            strangers: HashMap::new(),
            rates: Buckets::new(SOURCE, SOURCES_MAX),
            all: sip::source::Bucket::new(Instant::START),
        };
        Self { limits, friends, clock, state: Mutex::new(state) }
    }

    /// Lets one in, or not.
    pub fn enter(self: &Arc<Self>, from: SocketAddr) -> Result<Place, Refused> {
        let now = self.clock.now();
        let source = Source::of(from.ip());
        let trunk = match self.friends.who(now, from) {
            Who::Banned => return Err(Refused::Banned),
            Who::Trunk => true,
            Who::Phone | Who::Stranger => false,
        };
        let mut state = self.state();
        if state.open >= self.limits.connections_max + SPARE {
            return Err(Refused::Full);
        }
        if !trunk {
            let there = state.strangers.get(&source).copied().unwrap_or(0);
            let fits = there < self.limits.strangers_max
                && state.rates.take(now, source)
                && state.all.take(now, ALL);
            if !fits {
                return Err(Refused::Full);
            }
            state.strangers.insert(source, there + 1);
        }
        state.open += 1;
        drop(state);
        Ok(Place { door: self.clone(), source: (!trunk).then_some(source) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Who has it is no stranger any more.
    pub fn known(&mut self) {
        if let Some(source) = self.source.take() {
            leave(&mut self.door.state(), source);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let source = self.source.take();
        let mut state = self.door.state();
        state.open -= 1;
        if let Some(source) = source {
            leave(&mut state, source);
        }
    }
}

fn leave(state: &mut State, source: Source) {
    match state.strangers.get_mut(&source) {
        Some(count) if *count > 1 => *count -= 1,
        _ => _ = state.strangers.remove(&source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(connections_max: usize, strangers_max: usize) -> Arc<Door> {
        let limits = DoorLimits { connections_max, strangers_max };
        Arc::new(Door::new(limits, Arc::default(), Clock::start().0))
    }

    fn addr(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 40_000))
    }

    #[test]
    fn one_source_takes_no_more_than_its_share_and_others_still_come_in() {
        let door = door(100, 3);
        let mut places: Vec<_> = (0..3).map(|_| door.enter(addr(1)).ok().unwrap()).collect();
        assert_eq!(door.enter(addr(1)).err(), Some(Refused::Full));
        assert!(door.enter(addr(2)).is_ok());
        places.pop();
        assert!(door.enter(addr(1)).is_ok(), "a place was given back");
    }

    #[test]
    fn who_proved_a_password_is_not_counted_against_its_source() {
        let door = door(100, 1);
        let mut place = door.enter(addr(1)).ok().unwrap();
        assert!(door.enter(addr(1)).is_err());
        place.known();
        assert!(door.enter(addr(1)).is_ok());
    }

    #[test]
    fn a_full_box_lets_nobody_in_until_one_leaves() {
        let door = door(0, 1000);
        let places: Vec<_> = (0..SPARE).map(|n| door.enter(addr(n as u8)).ok().unwrap()).collect();
        assert_eq!(door.enter(addr(200)).err(), Some(Refused::Full));
        drop(places);
        assert!(door.enter(addr(200)).is_ok());
    }

    #[test]
    fn a_source_that_comes_too_fast_is_refused_though_it_leaves_at_once() {
        let door = door(1000, 100);
        let let_in = (0..200).filter(|_| door.enter(addr(1)).is_ok()).count();
        assert!((40..60).contains(&let_in), "{let_in}");
    }
}
