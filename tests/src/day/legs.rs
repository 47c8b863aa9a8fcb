//! The legs of the day as the world outside has them.

use anyhow::{Context, Result, ensure};
use model::{LegId, PlayId, RoomId};
use std::collections::{BTreeMap, BTreeSet};

/// Whose leg it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    Caller(usize),
    /// A desk phone dialled: a code, a colleague, a slot.
    Phone {
        desk: usize,
        dialled: &'static str,
    },
    /// The box rings a desk phone.
    Desk(usize),
}

/// One leg.
#[derive(Clone, Debug)]
pub struct Leg {
    pub side: Side,
    /// The box was told of an answer.
    pub answered: bool,
    /// The box answered or refused.
    pub taken: bool,
    /// The box hung up.
    pub hung_up: bool,
    /// Sound passes although the box did not answer.
    pub early: bool,
    /// In a conference.
    pub room: Option<RoomId>,
    /// The party is gone; the box hears of it soon.
    pub over: bool,
    pub play: Option<PlayId>,
    pub peer: Option<LegId>,
}

impl Leg {
    pub fn new(side: Side) -> Self {
        Self {
            side,
            answered: false,
            taken: false,
            hung_up: false,
            early: false,
            room: None,
            over: false,
            play: None,
            peer: None,
        }
    }
    /// Neither end has ended it.
    pub fn stands(&self) -> bool {
        !self.hung_up && !self.over
    }
}

/// All legs of which the box has not heard the end.
#[derive(Debug, Default)]
pub struct Legs {
    all: BTreeMap<LegId, Leg>,
    /// Legs whose end is lost on the wire: the box must give them up by itself.
    pub lost: u64,
}

impl Legs {
    pub fn open(&mut self, leg: LegId, side: Side) -> Result<()> {
        ensure!(self.all.insert(leg, Leg::new(side)).is_none(), "leg {leg} is opened twice");
        Ok(())
    }
    pub fn get(&self, leg: LegId) -> Option<&Leg> {
        self.all.get(&leg)
    }
    pub fn get_mut(&mut self, leg: LegId) -> Option<&mut Leg> {
        self.all.get_mut(&leg)
    }
    /// A leg of which the box says something: it must be there and not hung up.
    pub fn ordered(&mut self, leg: LegId) -> Result<&mut Leg> {
        let found = self.all.get_mut(&leg).with_context(|| format!("order for no leg {leg}"))?;
        ensure!(!found.hung_up, "order for leg {leg} after it was hung up");
        Ok(found)
    }
    /// The box hears of the end, once.
    pub fn ended(&mut self, leg: LegId) -> Option<Leg> {
        self.part(leg);
        self.all.remove(&leg)
    }
    pub fn bridge(&mut self, a: LegId, b: LegId) -> Result<()> {
        self.part(a);
        self.part(b);
        for (one, other) in [(a, b), (b, a)] {
            let leg = self.ordered(one)?;
            ensure!(leg.answered, "leg {one} is bridged before its answer");
            leg.peer = Some(other);
            leg.room = None;
            leg.play = None;
        }
        Ok(())
    }
    /// Parts a leg from its peer.
    pub fn part(&mut self, leg: LegId) {
        let peer = self.all.get_mut(&leg).and_then(|leg| leg.peer.take());
        if let Some(peer) = peer.and_then(|peer| self.all.get_mut(&peer)) {
            peer.peer = None;
        }
    }
    /// The legs of a desk's phone that stand.
    pub fn of_desk(&self, desk: usize) -> impl Iterator<Item = &Leg> {
        self.all.values().filter(move |leg| match leg.side {
            Side::Desk(at) | Side::Phone { desk: at, .. } => at == desk && leg.stands(),
            Side::Caller(_) => false,
        })
    }
    /// Tells whether the box may think that a phone speaks with it by itself: one that is hung up
    /// is only thought of while it was a code's.
    pub fn on_service(&self, desk: usize) -> bool {
        let on = |leg: &Leg| matches!(leg.side, Side::Phone { desk: at, .. } if at == desk);
        self.all.values().any(on)
    }
    /// Tells whether the box may think that a phone is busy: until it heard the end of every leg.
    pub fn on_phone(&self, desk: usize) -> bool {
        let on = |leg: &Leg| match leg.side {
            Side::Phone { desk: at, .. } | Side::Desk(at) => at == desk,
            Side::Caller(_) => false,
        };
        self.all.values().any(on)
    }
    /// A leg of a desk's phone in a talk with a caller, other than this one.
    pub fn talks_beside(&self, desk: usize, leg: LegId) -> Option<LegId> {
        let with_caller = |one: &Leg| {
            let peer = one.peer.and_then(|peer| self.all.get(&peer));
            peer.is_some_and(|peer| matches!(peer.side, Side::Caller(_)))
        };
        let found = self.all.iter().find(|(id, one)| {
            **id != leg && one.side == Side::Desk(desk) && one.stands() && with_caller(one)
        });
        found.map(|(id, _)| *id)
    }
    /// Tells whether a leg is with one of these, or hears something played.
    pub fn heard_by(&self, leg: LegId, by: &BTreeSet<LegId>) -> bool {
        let Some(one) = self.all.get(&leg) else { return true };
        let in_room = |other: &LegId| {
            one.room.is_some() && self.all.get(other).is_some_and(|other| other.room == one.room)
        };
        one.peer.is_some_and(|peer| by.contains(&peer))
            || by.iter().any(in_room)
            || one.play.is_some()
    }
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
    pub fn len(&self) -> usize {
        self.all.len()
    }
    /// The power is cut.
    pub fn clear(&mut self) {
        self.all.clear();
        self.lost = 0;
    }
}
