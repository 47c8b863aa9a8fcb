//! The watch over a leg that is heard by its packets but not by its content: one-way audio, a dead
//! microphone, a gateway that sends comfort noise and nothing else.
//!
//! ```text
//!   joined --voice--> Heard --dead for AFTER, and asked TURNS_MIN times in vain--> Unanswered
//!      |                `--------dead for AFTER, and so is everybody else--------> DeadAir
//!      `--AFTER without voice--> Unheard              any of them --voice--> Heard
//! ```
//!
//! What a supervisor wants to be told is a talk that does not work, not a person who listens. Talks
//! break where they are put together (an answer, a transfer, a resumed call), so whoever has not
//! been heard `AFTER` a talk began is told of. One who was heard and then is silent mostly listens,
//! often with the phone muted. That tells itself from a dead line by what the other does: a speaker
//! who is not answered stops, waits, and asks again.
//!
//! A leg is watched while sound should flow both ways: joined to another, nothing played to either,
//! and neither on hold nor muted by its description.

use crate::content::Look;
use model::Instant;
use model::quality::Muted;
use std::time::Duration;

/// Silence that counts: told well within 10 s.
pub const AFTER: Duration = Duration::from_secs(9);
/// A question unanswered: the other spoke for so long, then waited for so long.
const SPOKEN_MIN: Duration = Duration::from_millis(300);
const WAITED_MIN: Duration = Duration::from_millis(1200);
/// Questions in vain within the silence.
const TURNS_MIN: u8 = 2;
/// Looks of voice that count as having been heard: less is a click.
const VOICED_MIN: u8 = 3;
/// Looks without voice that a spurt of talk bridges.
const SPURT_GAP: Duration = Duration::from_millis(400);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Muted(Muted),
    /// It is heard again, or no longer to be.
    Heard,
}

/// The watch over one leg.
#[derive(Clone, Copy, Debug, Default)]
pub struct MutedWatch {
    /// When the talk began, while there is one.
    since: Option<Instant>,
    voiced: u8,
    /// Since when there is no sound of any room; and no voice.
    dead_since: Option<Instant>,
    /// What the other does.
    other: Spurt,
    turns: u8,
    told: Option<Muted>,
}

/// A stretch of talk of the other, and the wait after it.
#[derive(Clone, Copy, Debug, Default)]
struct Spurt {
    began: Option<Instant>,
    voice_at: Option<Instant>,
}

impl Spurt {
    /// Follows the other; tells once when it has spoken and waited for an answer.
    fn follow(&mut self, now: Instant, voice: bool) -> bool {
        if voice {
            let pause = self.voice_at.is_none_or(|at| now.since(at) > SPURT_GAP);
            if pause || self.began.is_none() {
                self.began = Some(now);
            }
            self.voice_at = Some(now);
            return false;
        }
        let (Some(began), Some(voice_at)) = (self.began, self.voice_at) else { return false };
        if now.since(voice_at) < WAITED_MIN {
            return false;
        }
        self.began = None;
        voice_at.since(began) >= SPOKEN_MIN
    }
}

impl MutedWatch {
    /// Begins anew with the next look: the leg is joined to somebody else, or described anew.
    pub fn renew(&mut self) {
        *self = Self { told: self.told, ..Self::default() };
    }

    /// What the leg is told of now.
    pub fn muted(&self) -> Option<Muted> {
        self.told
    }

    /// Follows a look at the leg (`found`) and at the others it is joined with: the loudest of
    /// them. `watched` tells that sound should flow both ways. Gives what changed.
    pub fn look(&mut self, now: Instant, watched: bool, found: Look, others: Look) -> Option<Turn> {
        if !watched {
            self.renew();
            return self.tell(None);
        }
        let since = *self.since.get_or_insert(now);
        if found == Look::Voice {
            self.voiced = self.voiced.saturating_add(1);
            self.turns = 0;
        }
        match found {
            Look::Dead => drop(self.dead_since.get_or_insert(now)),
            Look::Faint | Look::Voice => (self.dead_since, self.turns) = (None, 0),
        }
        if self.other.follow(now, others == Look::Voice) && self.dead_since.is_some() {
            self.turns = self.turns.saturating_add(1);
        }
        let heard = self.voiced >= VOICED_MIN;
        let dead = self.dead_since.is_some_and(|at| now.since(at) >= AFTER);
        let muted = if !heard {
            (now.since(since) >= AFTER).then_some(Muted::Unheard)
        } else if dead && self.turns >= TURNS_MIN {
            Some(Muted::Unanswered)
        } else if dead && self.told.is_some() {
            self.told
        } else if dead && others == Look::Dead && self.others_dead(now) {
            Some(Muted::DeadAir)
        } else {
            None
        };
        // What was told stands until voice comes: a room's noise alone is no answer.
        let stands = self.told.filter(|_| found != Look::Voice && !heard);
        self.tell(muted.or(stands))
    }

    /// Nobody else spoke for as long.
    fn others_dead(&self, now: Instant) -> bool {
        self.other.voice_at.is_none_or(|at| now.since(at) >= AFTER)
    }

    fn tell(&mut self, muted: Option<Muted>) -> Option<Turn> {
        if std::mem::replace(&mut self.told, muted) == muted {
            return None;
        }
        Some(muted.map_or(Turn::Heard, Turn::Muted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::LOOK_MS;

    /// A talk told as stretches: how long, what the leg is, what the other is.
    struct Talk {
        watch: MutedWatch,
        ms: u64,
        told: Vec<(u64, Turn)>,
    }

    impl Talk {
        fn new() -> Self {
            Self { watch: MutedWatch::default(), ms: 0, told: Vec::new() }
        }
        fn goes(&mut self, seconds: f32, found: Look, others: Look) -> &mut Self {
            self.with(seconds, true, found, others)
        }
        fn with(&mut self, seconds: f32, watched: bool, found: Look, others: Look) -> &mut Self {
            for _ in 0..(seconds * 1000.0) as u32 / LOOK_MS {
                let now = Instant::from_millis(self.ms);
                let turn = self.watch.look(now, watched, found, others);
                self.told.extend(turn.map(|turn| (self.ms, turn)));
                self.ms += u64::from(LOOK_MS);
            }
            self
        }
        fn turns(&self) -> Vec<Turn> {
            self.told.iter().map(|(_, turn)| *turn).collect()
        }
    }

    use Look::{Dead, Faint, Voice};

    #[test]
    fn one_way_sound_from_the_beginning_is_told_within_ten_seconds() {
        for found in [Dead, Faint] {
            let mut talk = Talk::new();
            talk.goes(30.0, found, Voice);
            assert_eq!(talk.turns(), [Turn::Muted(Muted::Unheard)], "{found:?}");
            assert!(talk.told[0].0 <= 10_000);
            talk.goes(0.5, Voice, Voice);
            assert_eq!(talk.turns()[1..], [Turn::Heard]);
        }
    }

    #[test]
    fn a_muted_phone_whose_owner_listens_is_not_told_of_for_an_hour() {
        let mut talk = Talk::new();
        talk.goes(2.0, Voice, Dead);
        for _ in 0..360 {
            // Ten seconds of speech with the pauses of speech.
            talk.goes(4.0, Dead, Voice).goes(0.7, Dead, Faint);
            talk.goes(4.6, Dead, Voice).goes(0.9, Dead, Faint);
        }
        assert_eq!(talk.turns(), []);
    }

    #[test]
    fn a_listener_in_a_live_room_is_not_told_of_even_when_the_other_waits() {
        let mut talk = Talk::new();
        talk.goes(2.0, Voice, Dead);
        for _ in 0..100 {
            talk.goes(4.0, Faint, Voice).goes(5.0, Faint, Faint);
        }
        assert_eq!(talk.turns(), []);
    }

    #[test]
    fn a_line_that_dies_in_the_middle_is_told_of_when_it_was_asked_twice() {
        let mut talk = Talk::new();
        talk.goes(5.0, Voice, Faint);
        let died = talk.ms;
        talk.goes(3.0, Dead, Voice).goes(1.6, Dead, Faint);
        for _ in 0..4 {
            talk.goes(0.6, Dead, Voice).goes(1.6, Dead, Faint);
        }
        assert_eq!(talk.turns(), [Turn::Muted(Muted::Unanswered)]);
        assert!(talk.told[0].0 - died <= 10_000, "{:?} after {died}", talk.told);
        talk.goes(20.0, Dead, Voice);
        assert_eq!(talk.turns().len(), 1, "told once");
        talk.goes(1.0, Voice, Faint);
        assert_eq!(talk.turns()[1..], [Turn::Heard]);
    }

    #[test]
    fn nobody_heard_any_more_is_dead_air() {
        let mut talk = Talk::new();
        talk.goes(5.0, Voice, Faint).goes(5.0, Dead, Voice).goes(9.9, Dead, Dead);
        assert_eq!(talk.turns(), [Turn::Muted(Muted::DeadAir)]);
        let mut busy = Talk::new();
        busy.goes(5.0, Voice, Voice).goes(60.0, Faint, Dead);
        assert_eq!(busy.turns(), [], "a room is heard: somebody is there");
    }

    #[test]
    fn hold_music_and_menus_are_not_watched_and_end_what_was_told() {
        let mut talk = Talk::new();
        talk.with(60.0, false, Dead, Voice).goes(8.0, Dead, Voice);
        assert_eq!(talk.turns(), [], "the talk began 8 s ago");
        talk.goes(2.0, Dead, Voice);
        assert_eq!(talk.turns(), [Turn::Muted(Muted::Unheard)]);
        talk.with(1.0, false, Dead, Dead);
        assert_eq!(talk.turns()[1..], [Turn::Heard]);
    }

    #[test]
    fn a_click_is_not_a_voice() {
        let mut talk = Talk::new();
        talk.goes(3.0, Dead, Voice).goes(0.08, Voice, Voice).goes(7.0, Dead, Voice);
        assert_eq!(talk.turns(), [Turn::Muted(Muted::Unheard)]);
    }
}
