//! The core: joins, leaves, overflow, and the order in which things happen.

use crate::announce::Due;
use crate::bench::{Bench, Free};
use crate::caller::{Caller, Waiting};
use crate::pace::Pace;
use crate::place::{Place, Places};
use crate::timer::{Timer, Timers};
use crate::{Input, Output};
use model::site::{Lang, Marks, Queue, Site};
use model::{AgentId, Clip, Fact, Instant, MenuId, PlayId, QueueId, VisitId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Longest time a caller is told that the queue is full; then the call ends, heard or not.
pub const FULL_MAX: Duration = Duration::from_secs(30);

/// All queues of the box.
///
/// A queue holds `waiting_max` callers; the next overflows at once, or is told so and refused.
/// Every other collection here is bounded by the callers or by the site's agents.
#[derive(Debug)]
pub struct Queues {
    pub(crate) queues: BTreeMap<QueueId, Rules>,
    pub(crate) callers: BTreeMap<VisitId, Caller>,
    pub(crate) full: BTreeMap<VisitId, Told>,
    pub(crate) bench: Bench,
    /// Agents whose phones ring, and for whom.
    pub(crate) rung: BTreeMap<AgentId, VisitId>,
    pub(crate) timers: Timers,
    pub(crate) out: VecDeque<Output>,
    pub(crate) plays: u64,
    joins: u64,
    counters: Counters,
}

/// A queue: its rules and who waits.
#[derive(Debug)]
pub struct Rules {
    pub queue: Queue,
    pub places: Places,
    pub pace: Pace,
    /// The site no longer has this queue: it ends with its last caller.
    closing: bool,
}

impl Rules {
    fn open(queue: Queue) -> Self {
        Self { queue, places: Places::default(), pace: Pace::default(), closing: false }
    }
}

/// A caller who is being told that the queue is full.
#[derive(Debug)]
pub struct Told {
    pub play: PlayId,
    until: Instant,
}

/// What a console counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Callers who found their queue full.
    pub full: u64,
    /// Inputs that fit no caller or offer; each is ignored.
    pub stray: u64,
}

impl Queues {
    /// Opens the queues of a site.
    pub fn new(_now: Instant, site: Arc<Site>) -> Self {
        let mut queues = Self {
            queues: BTreeMap::new(),
            callers: BTreeMap::new(),
            full: BTreeMap::new(),
            bench: Bench::default(),
            rung: BTreeMap::new(),
            timers: Timers::default(),
            out: VecDeque::new(),
            plays: 0,
            joins: 0,
            counters: Counters::default(),
        };
        queues.apply(&site);
        queues
    }

    /// Takes an input in and offers what can be offered after it.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Join { visit, queue, marks, lang } => {
                self.join(now, visit, queue, marks, lang, false);
            }
            Input::Rejoin { visit, queue, marks, lang } => {
                self.join(now, visit, queue, marks, lang, true);
            }
            Input::Leave { visit } => self.leave(now, visit),
            Input::AgentFree { agent, skills, idle_since } => {
                self.agent_free(agent, Free { skills, idle_since });
            }
            Input::AgentBusy { agent } => self.agent_busy(&agent),
            Input::Accepted { visit, agent } => self.accepted(now, visit, agent),
            Input::PickedUp { visit, agent } => self.picked_up(now, visit, agent),
            Input::Failed { visit, agent, cause } => self.failed(now, visit, agent, cause),
            Input::Played { visit, play } => self.played(visit, play),
            Input::Site(site) => self.apply(&site),
        }
        self.serve(now);
    }

    /// Fires the timers that are due, serves, and then tells those who still wait their position.
    pub fn tick(&mut self, now: Instant) {
        let mut due = Due::new();
        while let Some((timer, visit)) = self.timers.due(now) {
            match timer {
                Timer::Ring => self.ring_over(now, visit),
                Timer::Overflow => self.overflow_time(now, visit),
                Timer::Full => self.refuse(visit),
                Timer::Announce => {
                    if let Some(caller) = self.callers.get_mut(&visit) {
                        caller.announce_at = None;
                        due.entry(caller.queue.clone()).or_default().insert(visit);
                    }
                }
            }
        }
        self.serve(now);
        self.announce(now, due);
    }

    /// Gives the next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Tells when `tick` is needed next, and what for.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.timers.next()
    }

    /// Lists who waits in a queue, in order of service.
    pub fn waiting(&self, queue: &QueueId) -> impl Iterator<Item = Waiting> {
        let places = self.queues.get(queue).into_iter().flat_map(|open| open.places.iter());
        places.filter_map(|place| self.callers.get(&place.visit)).map(Waiting::of)
    }

    /// Tells whether callers may join a queue: the site has it, or somebody still waits in it.
    pub fn is_open(&self, queue: &QueueId) -> bool {
        self.queues.contains_key(queue)
    }

    /// Tells how many agents are free and fit for a queue.
    pub fn free(&self, queue: &QueueId) -> usize {
        self.bench.fit_count(queue)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn join(
        &mut self,
        now: Instant,
        visit: VisitId,
        queue: QueueId,
        marks: Marks,
        lang: Lang,
        first: bool,
    ) {
        let known = self.callers.contains_key(&visit) || self.full.contains_key(&visit);
        let Some(open) = self.queues.get_mut(&queue).filter(|_| !known) else {
            if !known {
                self.out.push_back(Output::Refused { visit });
            }
            return self.stray();
        };
        let full = !first && open.places.len() >= usize::from(open.queue.waiting_max);
        let points = u16::from(open.queue.priority).saturating_add(marks.points());
        let priority = Reverse(if first { u16::MAX } else { points });
        let overflow = open.queue.overflow.clone();
        self.fact(Fact::Queued { visit, queue: queue.clone(), marks, lang });
        if full {
            self.counters.full += 1;
            return match overflow {
                Some(overflow) => self.overflowed(visit, queue, overflow.to, 0),
                None => self.turn_away(now, visit, queue, lang),
            };
        }
        self.joins += 1;
        let place = Place { priority, since: now, no: self.joins, visit };
        let overflow_at = overflow.map(|overflow| now + overflow.after);
        if let Some(at) = overflow_at {
            self.timers.set(at, Timer::Overflow, visit);
        }
        if let Some(open) = self.queues.get_mut(&queue) {
            open.places.enter(place);
        }
        let caller = Caller {
            queue,
            place,
            marks,
            lang,
            offer: None,
            attempts: 0,
            tried: BTreeSet::new(),
            play: PlayId(0),
            overflow_at,
            overflow_due: false,
            announce_at: None,
        };
        self.callers.insert(visit, caller);
        self.serve(now);
        self.greet(now, visit);
    }

    /// Tells the caller that the queue is full; `refuse` follows when it was said.
    fn turn_away(&mut self, now: Instant, visit: VisitId, queue: QueueId, lang: Lang) {
        self.fact(Fact::TurnedAway { visit, queue });
        let (play, until) = (self.next_play(), now + FULL_MAX);
        self.full.insert(visit, Told { play, until });
        self.timers.set(until, Timer::Full, visit);
        let clips = vec![Clip::new(lang, "queue.full")];
        self.out.push_back(Output::Say { visit, play, clips, looped: false });
    }

    /// Has a caller hung up on who was told that the queue is full.
    pub(crate) fn refuse(&mut self, visit: VisitId) {
        if let Some(told) = self.full.remove(&visit) {
            self.timers.unset(Some(told.until), Timer::Full, visit);
            self.out.push_back(Output::Refused { visit });
        }
    }

    fn leave(&mut self, now: Instant, visit: VisitId) {
        if let Some(told) = self.full.remove(&visit) {
            return self.timers.unset(Some(told.until), Timer::Full, visit);
        }
        self.withdraw(visit);
        let Some(caller) = self.remove(visit) else {
            return self.stray();
        };
        let waited_ms = caller.waited_ms(now);
        self.fact(Fact::Abandoned { visit, queue: caller.queue, waited_ms });
    }

    /// Lets a caller go who waited long enough, or notes it while a phone rings.
    fn overflow_time(&mut self, now: Instant, visit: VisitId) {
        let Some(caller) = self.callers.get_mut(&visit) else { return };
        caller.overflow_at = None;
        match caller.offer {
            Some(_) => caller.overflow_due = true,
            None => self.overflow(now, visit),
        }
    }

    /// Lets a caller go to where the queue's rules of now say; nowhere keeps the caller waiting.
    pub(crate) fn overflow(&mut self, now: Instant, visit: VisitId) {
        let Some(caller) = self.callers.get_mut(&visit) else { return };
        caller.overflow_due = false;
        let rules = self.queues.get(&caller.queue).and_then(|open| open.queue.overflow.as_ref());
        let Some(to) = rules.map(|overflow| overflow.to.clone()) else { return };
        let Some(caller) = self.remove(visit) else { return };
        let waited_ms = caller.waited_ms(now);
        self.overflowed(visit, caller.queue, to, waited_ms);
    }

    fn overflowed(&mut self, visit: VisitId, queue: QueueId, to: MenuId, waited_ms: u64) {
        self.fact(Fact::Overflowed { visit, queue, to: to.clone(), waited_ms });
        self.out.push_back(Output::Overflow { visit, to, waited_ms });
    }

    /// Takes a caller out of the queue with every timer, and the queue itself if it was the last
    /// caller of one that closes.
    pub(crate) fn remove(&mut self, visit: VisitId) -> Option<Caller> {
        let mut caller = self.callers.remove(&visit)?;
        self.timers.unset(caller.overflow_at, Timer::Overflow, visit);
        self.timers.unset(caller.announce_at, Timer::Announce, visit);
        if let Some(offer) = caller.offer.take() {
            self.forget_offer(visit, offer);
        }
        if let Some(open) = self.queues.get_mut(&caller.queue) {
            open.places.leave(caller.place);
            if open.closing && open.places.is_empty() {
                self.queues.remove(&caller.queue);
            }
        }
        Some(caller)
    }

    /// Takes the rules of a site; queues it does not have close when their last caller is gone.
    fn apply(&mut self, site: &Site) {
        for open in self.queues.values_mut() {
            open.closing = true;
        }
        for (id, queue) in &site.queues {
            match self.queues.get_mut(id) {
                Some(open) => {
                    open.queue = queue.clone();
                    open.closing = false;
                }
                None => {
                    self.queues.insert(id.clone(), Rules::open(queue.clone()));
                }
            }
        }
        self.queues.retain(|_, open| !open.closing || !open.places.is_empty());
        let needs = self.queues.iter().map(|(id, open)| (id.clone(), open.queue.skills.clone()));
        self.bench.ask(needs.collect());
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.out.push_back(Output::Fact(fact));
    }

    /// Counts an input that fits nothing here.
    pub(crate) fn stray(&mut self) {
        self.counters.stray += 1;
    }
}
