//! What a waiting caller hears: the greeting when all are busy, music, and the position.

use crate::caller::Caller;
use crate::queues::{Queues, Rules};
use crate::timer::Timer;
use crate::{Output, PLAY};
use model::fact::Fact;
use model::order::CLIPS_PER_PLAY_MAX;
use model::say;
use model::site::Lang;
use model::{Clip, Instant, PlayId, QueueId, VisitId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Visits whose announcement is due, by queue.
pub type Due = BTreeMap<QueueId, BTreeSet<VisitId>>;

impl Queues {
    /// Lets a caller who just came hear something: that all agents are busy, unless a phone rings
    /// already, and music.
    pub(crate) fn greet(&mut self, now: Instant, visit: VisitId) {
        let Some(caller) = self.callers.get(&visit) else { return };
        if caller.offer.is_some() {
            self.music(visit);
        } else {
            let clips = vec![Clip::new(caller.lang, "queue.busy")];
            self.say(visit, clips, false);
        }
        self.next_announcement(now, visit);
    }

    /// Plays the queue's music to a caller until something else is played.
    pub(crate) fn music(&mut self, visit: VisitId) {
        let Some((caller, rules)) = self.caller_and_rules(visit) else { return };
        let clips = vec![Clip { lang: caller.lang, prompt: rules.queue.music.clone() }];
        self.say(visit, clips, true);
    }

    /// Goes back to music after a greeting or an announcement.
    pub(crate) fn played(&mut self, visit: VisitId, play: PlayId) {
        if self.callers.get(&visit).is_some_and(|caller| caller.play == play) {
            self.music(visit);
        } else if self.full.get(&visit).is_some_and(|told| told.play == play) {
            self.refuse(visit);
        }
    }

    /// Sets the next announcement of a caller, if the queue has any.
    pub(crate) fn next_announcement(&mut self, now: Instant, visit: VisitId) {
        let Some((caller, rules)) = self.caller_and_rules(visit) else { return };
        let every = rules.queue.announce_every;
        let old = caller.announce_at;
        let new = (!every.is_zero()).then(|| now + every);
        self.timers.unset(old, Timer::Announce, visit);
        if let Some(at) = new {
            self.timers.set(at, Timer::Announce, visit);
        }
        if let Some(caller) = self.callers.get_mut(&visit) {
            caller.announce_at = new;
        }
    }

    /// Tells each of `due` the position. A caller for whom a phone rings by now is spared.
    /// One walk along a queue finds all its positions.
    pub(crate) fn announce(&mut self, now: Instant, due: Due) {
        for (queue, visits) in due {
            let Some(open) = self.queues.get(&queue) else { continue };
            let pace = open.pace.interval(now);
            let positions: Vec<(VisitId, u16)> = (1..=u16::MAX)
                .zip(open.places.iter())
                .filter(|(_, place)| visits.contains(&place.visit))
                .map(|(position, place)| (place.visit, position))
                .collect();
            for (visit, position) in positions {
                self.next_announcement(now, visit);
                let Some(caller) = self.callers.get(&visit) else { continue };
                if caller.offer.is_some() {
                    continue;
                }
                let clips = announcement(caller.lang, position, pace);
                self.fact(Fact::Announced { visit, position });
                self.say(visit, clips, false);
            }
        }
    }

    /// Starts a play and remembers it as what the caller hears.
    pub(crate) fn say(&mut self, visit: VisitId, mut clips: Vec<Clip>, looped: bool) {
        clips.truncate(CLIPS_PER_PLAY_MAX);
        let play = self.next_play();
        if let Some(caller) = self.callers.get_mut(&visit) {
            caller.play = play;
        }
        self.out.push_back(Output::Say { visit, play, clips, looped });
    }

    /// A play id nobody had.
    pub(crate) fn next_play(&mut self) -> PlayId {
        self.plays += 1;
        PlayId(PLAY | self.plays)
    }

    fn caller_and_rules(&self, visit: VisitId) -> Option<(&Caller, &Rules)> {
        let caller = self.callers.get(&visit)?;
        Some((caller, self.queues.get(&caller.queue)?))
    }
}

/// The place in the queue, and how long it will take if the answers of late tell.
fn announcement(lang: Lang, position: u16, pace: Option<Duration>) -> Vec<Clip> {
    let mut clips = say::position(lang, u32::from(position));
    if let Some(wait) = pace.and_then(|pace| pace.checked_mul(u32::from(position))) {
        let minutes = u32::try_from(wait.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
        clips.extend(say::minutes(lang, minutes));
    }
    clips
}
