//! Calls out over analogue lines and to telephones on ports: which port of its trunk a call takes, and
//! which one follows. A telephone is a trunk of one port.
//!
//! ```text
//!   Dial --first free port--> Asked --Seized(Ok)--> Seized --dialled--> the leg's own to its end
//!                              | Seized(Err)         | Gone: glare, no dial tone, alarm
//!              the next port <-'---------------------'      none is left: Gone of the call
//! ```
//!
//! A port says of every number whether it took the line for it, and of every ring. Until it has, nothing that it tells is
//! the call's, for a caller may have come while the order was on its way; and whoever gives the call up
//! meanwhile is told its end when the port has spoken, lest that caller be hung up.

use model::id::LegId;
use model::port::Alarm;
use model::{Cause, Number, TrunkId};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Dial(Number),
    Ring(line::Message),
}

/// What follows for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing but what the port tells of it.
    Nothing,
    /// This port is to be asked.
    Ask { leg: LegId, port: u16, asked: Asked },
    /// It was given up before the port had spoken: the port is to hang up.
    HangUp { leg: LegId, cause: Cause },
    /// It came to nothing.
    Gone { leg: LegId, cause: Cause },
}

/// Who gives a call up, as far as its port is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// The leg is no call out, or its port knows it: it is told to hang up.
    Now,
    /// The port has not spoken yet.
    Later,
}

/// A call out.
struct Call {
    asked: Asked,
    port: u16,
    /// Ports of its trunk that were not asked yet, the last one first.
    left: Vec<u16>,
    stage: Stage,
    /// Why it was given up.
    ended: Option<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asked,
    Seized,
    /// Its number was sent: what becomes of it is the far side's doing.
    Dialled,
}

/// All calls out, and the ports that cannot carry any.
#[derive(Default)]
pub struct Lines {
    calls: BTreeMap<LegId, Call>,
    alarms: BTreeMap<u16, BTreeSet<Alarm>>,
    down: BTreeSet<TrunkId>,
}

impl Lines {
    /// Begins a call over the first of these ports that is free.
    pub fn begin(
        &mut self,
        leg: LegId,
        asked: Asked,
        ports: &[u16],
        free: impl Fn(u16) -> bool,
    ) -> Next {
        let left = ports.iter().rev().copied().collect();
        let (port, stage) = (u16::MAX, Stage::Asked);
        self.calls.insert(leg, Call { asked, port, left, stage, ended: None });
        self.next(leg, Cause::Congestion, free)
    }

    /// A port answered the order to dial.
    pub fn seized(
        &mut self,
        port: u16,
        seized: Result<(), Cause>,
        free: impl Fn(u16) -> bool,
    ) -> Next {
        let asked = |call: &Call| call.port == port && call.stage == Stage::Asked;
        let found = self.calls.iter_mut().find(|(_, call)| asked(call));
        let Some((leg, call)) = found.map(|(leg, call)| (*leg, call)) else {
            return Next::Nothing;
        };
        match (seized, call.ended) {
            (Ok(()), ended) => {
                call.stage = Stage::Seized;
                ended.map_or(Next::Nothing, |cause| Next::HangUp { leg, cause })
            }
            (Err(why), _) => self.next(leg, why, free),
        }
    }

    /// The number of a call was sent.
    pub fn dialled(&mut self, leg: LegId) {
        if let Some(call) = self.calls.get_mut(&leg) {
            call.stage = Stage::Dialled;
        }
    }

    /// The port of a leg says that it is over.
    pub fn gone(&mut self, leg: LegId, cause: Cause, free: impl Fn(u16) -> bool) -> Next {
        match self.calls.get(&leg).map(|call| call.stage) {
            Some(Stage::Asked | Stage::Seized) => self.next(leg, cause, free),
            Some(Stage::Dialled) | None => {
                self.calls.remove(&leg);
                Next::Gone { leg, cause }
            }
        }
    }

    /// Whoever called gives up.
    pub fn hang_up(&mut self, leg: LegId, cause: Cause) -> HangUp {
        let Some(call) = self.calls.get_mut(&leg) else { return HangUp::Now };
        call.ended = call.ended.or(Some(cause));
        if call.stage == Stage::Asked { HangUp::Later } else { HangUp::Now }
    }

    /// Goes on to the next port where the last one is to blame.
    fn next(&mut self, leg: LegId, cause: Cause, free: impl Fn(u16) -> bool) -> Next {
        let alarms = &self.alarms;
        let lives = |port: u16| alarms.get(&port).is_none_or(BTreeSet::is_empty);
        let Some(call) = self.calls.get_mut(&leg) else { return Next::Nothing };
        let again = matches!(cause, Cause::Congestion | Cause::Unreachable) && call.ended.is_none();
        while let Some(port) = call.left.pop().filter(|_| again) {
            if lives(port) && free(port) {
                (call.port, call.stage) = (port, Stage::Asked);
                return Next::Ask { leg, port, asked: call.asked.clone() };
            }
        }
        let cause = call.ended.unwrap_or(cause);
        self.calls.remove(&leg);
        Next::Gone { leg, cause }
    }

    /// An alarm of a port was raised or cleared.
    pub fn alarm(&mut self, port: u16, alarm: Alarm, raised: bool) {
        if alarm.ends_calls() {
            let alarms = self.alarms.entry(port).or_default();
            let _ = if raised { alarms.insert(alarm) } else { alarms.remove(&alarm) };
        }
    }

    /// Tells whether an alarm keeps calls from a port.
    pub fn is_dead(&self, port: u16) -> bool {
        self.alarms.get(&port).is_some_and(|alarms| !alarms.is_empty())
    }

    /// Whether a trunk of these ports carries calls, where that is otherwise than it was.
    pub fn health(&mut self, trunk: &TrunkId, ports: &[u16]) -> Option<bool> {
        let lives = |port: &u16| self.alarms.get(port).is_none_or(BTreeSet::is_empty);
        let up = ports.iter().any(lives);
        let news = if up { self.down.remove(trunk) } else { self.down.insert(trunk.clone()) };
        news.then_some(up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(7);

    fn number() -> Asked {
        Asked::Dial(Number::new("10086"))
    }

    fn ask(port: u16) -> Next {
        Next::Ask { leg: LEG, port, asked: number() }
    }

    fn gone(cause: Cause) -> Next {
        Next::Gone { leg: LEG, cause }
    }

    fn begin(lines: &mut Lines, ports: &[u16], taken: u16) -> Next {
        lines.begin(LEG, number(), ports, |port| port != taken)
    }

    fn free(_: u16) -> bool {
        true
    }

    #[test]
    fn a_call_takes_the_first_port_that_is_free_and_alive_and_the_next_one_where_a_caller_was_quicker()
     {
        let mut lines = Lines::default();
        lines.alarm(4, Alarm::NoBattery, true);
        lines.alarm(6, Alarm::Yellow, true);
        assert_eq!(begin(&mut lines, &[2, 4, 6, 8, 9], 2), ask(6));
        assert_eq!(lines.seized(8, Ok(()), free), Next::Nothing, "another's");
        assert_eq!(lines.seized(6, Err(Cause::Congestion), free), ask(8), "it rings");
        assert_eq!(lines.seized(8, Ok(()), free), Next::Nothing);
        assert_eq!(lines.gone(LEG, Cause::Congestion, free), ask(9), "glare");
        assert_eq!(lines.seized(9, Ok(()), free), Next::Nothing);
        assert_eq!(lines.gone(LEG, Cause::Unreachable, free), gone(Cause::Unreachable));
        assert_eq!(
            lines.gone(LegId(8), Cause::Normal, free),
            Next::Gone { leg: LegId(8), cause: Cause::Normal }
        );
    }

    #[test]
    fn what_the_far_side_says_is_no_reason_to_take_another_port() {
        for (dialled, cause) in
            [(true, Cause::Congestion), (true, Cause::Busy), (false, Cause::NotFound)]
        {
            let mut lines = Lines::default();
            assert_eq!(begin(&mut lines, &[1, 2], 0), ask(1));
            lines.seized(1, Ok(()), free);
            if dialled {
                lines.dialled(LEG);
            }
            assert_eq!(lines.gone(LEG, cause, free), gone(cause));
            assert!(lines.calls.is_empty());
        }
    }

    #[test]
    fn who_gives_up_before_the_port_has_spoken_is_hung_up_when_it_has_and_nobody_else_is() {
        let mut lines = Lines::default();
        begin(&mut lines, &[1, 2], 0);
        assert_eq!(lines.hang_up(LEG, Cause::Cancelled), HangUp::Later);
        let hang_up = Next::HangUp { leg: LEG, cause: Cause::Cancelled };
        assert_eq!(lines.seized(1, Ok(()), free), hang_up);
        assert_eq!(lines.gone(LEG, Cause::Cancelled, free), gone(Cause::Cancelled));
        // The caller who was quicker keeps the line.
        begin(&mut lines, &[1, 2], 0);
        lines.hang_up(LEG, Cause::Cancelled);
        assert_eq!(lines.seized(1, Err(Cause::Congestion), free), gone(Cause::Cancelled));
        assert_eq!(lines.hang_up(LEG, Cause::Normal), HangUp::Now, "no call out any more");
        begin(&mut lines, &[1], 0);
        lines.seized(1, Ok(()), free);
        assert_eq!(lines.hang_up(LEG, Cause::Normal), HangUp::Now);
    }

    #[test]
    fn a_trunk_whose_ports_are_all_dead_is_down_and_one_that_comes_back_brings_it_up() {
        let (mut lines, trunk) = (Lines::default(), TrunkId::new("lines"));
        assert_eq!(lines.health(&trunk, &[1, 2]), None, "it is up at first");
        for port in [1, 2] {
            lines.alarm(port, Alarm::NoBattery, true);
        }
        assert_eq!(lines.health(&trunk, &[1, 2]), Some(false));
        assert_eq!(begin(&mut lines, &[1, 2], 0), gone(Cause::Congestion));
        lines.alarm(2, Alarm::CardGone, true);
        lines.alarm(2, Alarm::NoBattery, false);
        assert_eq!(lines.health(&trunk, &[1, 2]), None);
        lines.alarm(2, Alarm::CardGone, false);
        assert_eq!(lines.health(&trunk, &[1, 2]), Some(true));
        assert_eq!(begin(&mut lines, &[1, 2], 0), ask(2));
    }
}
