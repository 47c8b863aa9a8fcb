//! Walks callers through a site's flow: says clips, takes keys, and ends in a queue or a goodbye.
//!
//! One core holds every caller who is in a flow now. It knows no leg and no sound file: what shall
//! be played leaves as `Output::Play`, and its end comes back as `Input::Played`.

use model::site::{Lang, Site};
use model::time::Anchor;
use model::{Clip, Digit, Fact, Instant, MenuId, PlayId, QueueId, VisitId};
use std::collections::VecDeque;
use std::sync::Arc;

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

/// Every caller who is in a flow.
#[derive(Debug)]
pub struct Ivr {
    site: Arc<Site>,
    anchor: Anchor,
    outputs: VecDeque<Output>,
}

impl Ivr {
    /// Makes a core without callers. The anchor tells opening hours from `now`.
    pub fn new(_now: Instant, anchor: Anchor, site: Arc<Site>) -> Self {
        Self { site, anchor, outputs: VecDeque::new() }
    }
    /// Takes a new site for visits that begin from now on; others end on the one they began with.
    pub fn apply(&mut self, site: Arc<Site>) {
        self.site = site;
    }
    /// Takes in what happened.
    pub fn handle(&mut self, _now: Instant, _input: Input) {
        let _ = (&self.anchor, &self.site);
    }
    /// Fires every timer that is due.
    pub fn tick(&mut self, _now: Instant) {}
    /// Gives the next output, oldest first.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
    /// When `tick` must be called next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        None
    }
    /// Callers in flows now.
    pub fn len(&self) -> usize {
        0
    }
    /// Tells whether nobody is in a flow.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The node a visit is at, for a screen.
    pub fn at(&self, _visit: VisitId) -> Option<&MenuId> {
        None
    }
}
