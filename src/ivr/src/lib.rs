//! Walks callers through a site's flow: says clips, takes keys, and ends in a queue or a goodbye.
//!
//! One core holds every caller who is in a flow now. It knows no leg and no sound file: what shall
//! be played leaves as `Output::Play`, and its end comes back as `Input::Played`.
//!
//! Facts: a menu or collect node that is entered says `MenuEntered`; exactly one of `MenuLeft` and
//! `Collected` follows, unless the visit ends first. Digits that were collected stand in `Collected`
//! alone, never in a `Chosen::Key`, and nowhere when the site calls them secret.

mod session;
mod silence;
mod turn;

use model::site::{Lang, Site};
use model::time::Anchor;
use model::{Clip, Digit, Fact, Instant, MenuId, PlayId, QueueId, VisitId};
use session::{Life, Session};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use turn::Turn;

/// Most nodes one visit may walk through; then it goes to an agent and `visits_cut` counts it.
pub const NODES_PER_VISIT_MAX: u16 = 200;
/// Most visits in flows at once; the next goes to an agent without a menu (`visits_refused`).
pub const VISITS_MAX: usize = 4096;
/// Longest wait for the end of a play. A lost `Played` counts as `plays_lost` and strands nobody.
pub const PLAY_GUARD: Duration = Duration::from_secs(300);
/// Shortest wait for a key, whatever the site says, so that a flow cannot spin.
pub const WAIT_MIN: Duration = Duration::from_secs(1);

/// What happens to a caller in a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A visit begins at a node of the flow.
    Begin { visit: VisitId, node: MenuId, lang: Lang },
    /// The caller pressed a key.
    Digit { visit: VisitId, digit: Digit },
    /// Clips came to their end by themselves.
    Played { visit: VisitId, play: PlayId },
    /// The caller hung up, or the visit was taken elsewhere: forget it. Nothing more comes of it.
    Gone { visit: VisitId },
}

/// What shall happen to a caller in a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Play clips joined without a gap, replacing what plays now.
    Play { visit: VisitId, play: PlayId, clips: Vec<Clip> },
    /// Stop what plays.
    StopPlay { visit: VisitId },
    /// The visit leaves the flow for a queue; it is forgotten here.
    ToQueue { visit: VisitId, queue: QueueId, complaint: bool, lang: Lang },
    /// The flow ended: hang up; the visit is forgotten here.
    HangUp { visit: VisitId },
    /// `MenuEntered`, `MenuLeft` or `Collected`.
    Fact(Fact),
}

/// What reached a limit since the core was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Visits sent to an agent because they walked through too many nodes.
    pub visits_cut: u64,
    /// Visits sent to an agent because `VISITS_MAX` were in flows.
    pub visits_refused: u64,
    /// Plays whose end never came.
    pub plays_lost: u64,
}

/// Every caller who is in a flow.
#[derive(Debug)]
pub struct Ivr {
    site: Arc<Site>,
    anchor: Anchor,
    sessions: BTreeMap<VisitId, Session>,
    plays: u64,
    counters: Counters,
    outputs: VecDeque<Output>,
}

impl Ivr {
    /// Makes a core without callers. The anchor tells opening hours from `now`.
    ///
    /// Plays are numbered from 1 within this core; a parent gives them numbers of its own.
    pub fn new(_now: Instant, anchor: Anchor, site: Arc<Site>) -> Self {
        Self {
            site,
            anchor,
            sessions: BTreeMap::new(),
            plays: 0,
            counters: Counters::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes a new site for visits that begin from now on; others end on the one they began with.
    pub fn apply(&mut self, site: Arc<Site>) {
        self.site = site;
    }

    /// Takes in what happened. What is said of a visit that is not here changes nothing.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Begin { visit, node, lang } => self.begin(now, visit, node, lang),
            Input::Digit { visit, digit } => {
                self.with(now, visit, |session, turn| session.digit(turn, digit));
            }
            Input::Played { visit, play } => {
                self.with(now, visit, |session, turn| session.played(turn, play));
            }
            Input::Gone { visit } => {
                self.sessions.remove(&visit);
            }
        }
    }

    /// Fires every timer that is due, the earliest first.
    pub fn tick(&mut self, now: Instant) {
        while let Some((at, visit)) = self.earliest() {
            if at > now {
                break;
            }
            self.with(now, visit, |session, turn| session.tick(turn));
        }
    }

    /// Gives the next output, oldest first.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `tick` must be called next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.sessions.values().map(Session::deadline).min()
    }

    /// Callers in flows now.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Tells whether nobody is in a flow.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The node a visit is at, for a screen.
    pub fn at(&self, visit: VisitId) -> Option<&MenuId> {
        self.sessions.get(&visit).map(Session::node)
    }

    /// What reached a limit.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn begin(&mut self, now: Instant, visit: VisitId, node: MenuId, lang: Lang) {
        let again = self.sessions.remove(&visit).is_some();
        let site = Arc::clone(&self.site);
        let full = !again && self.sessions.len() >= VISITS_MAX;
        let node = if full { site.flow.to_agent.clone() } else { node };
        let mut turn = Turn {
            now,
            anchor: self.anchor,
            counters: &mut self.counters,
            plays: &mut self.plays,
            outputs: &mut self.outputs,
        };
        turn.counters.visits_refused += u64::from(full);
        if let Some(session) = Session::begin(&mut turn, site, visit, node, lang) {
            self.sessions.insert(visit, session);
        }
    }

    /// Lets a session take a turn, and forgets it if it leaves.
    fn with(
        &mut self,
        now: Instant,
        visit: VisitId,
        turn_of: impl FnOnce(&mut Session, &mut Turn<'_>) -> Life,
    ) {
        let Some(session) = self.sessions.get_mut(&visit) else { return };
        let mut turn = Turn {
            now,
            anchor: self.anchor,
            counters: &mut self.counters,
            plays: &mut self.plays,
            outputs: &mut self.outputs,
        };
        if turn_of(session, &mut turn) == Life::Leaves {
            self.sessions.remove(&visit);
        }
    }

    fn earliest(&self) -> Option<(Instant, VisitId)> {
        self.sessions.iter().map(|(visit, session)| (session.deadline().0, *visit)).min()
    }
}
