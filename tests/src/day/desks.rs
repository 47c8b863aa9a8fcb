//! The agents of a day: when they dial which code, and what they do when the phone rings.

use super::dice::Dice;
use super::site::COLLEAGUES;
use model::site::Site;
use model::{AgentId, Cause, PhoneId};
use std::time::Duration;

/// An agent's desk.
#[derive(Debug)]
pub struct Desk {
    pub agent: AgentId,
    pub phone: PhoneId,
    /// The phone is registered, if the box runs.
    pub up: bool,
}

/// What happens to a phone that rings.
#[derive(Clone, Copy, Debug)]
pub enum Reaction {
    Answers(Duration),
    /// Rings until it is stopped.
    Ignores,
    Gone(Duration, Cause),
}

/// When every agent's day is over.
pub const NIGHT: Duration = Duration::from_secs(20 * 3600);

pub fn desks(site: &Site) -> Vec<Desk> {
    let desk = |(id, agent): (&AgentId, &model::site::Agent)| Desk {
        agent: id.clone(),
        phone: agent.phone.clone(),
        up: false,
    };
    site.agents.iter().map(desk).collect()
}

/// The codes an agent dials: log-in before the doors open, lunch, breaks, a training for some, out.
pub fn shift(dice: &mut Dice, n: usize) -> Vec<(Duration, &'static str)> {
    let hour = |at: u64| at * 3600;
    let mut day = vec![(dice.s(hour(8) - 1800, hour(8) + 1200), "*11")];
    let lunch = dice.s(hour(11) + 1200, hour(13));
    day.push((lunch, "*142"));
    day.push((lunch + dice.s(1500, 3000), "*13"));
    for near in [hour(9) + 1800, hour(15)] {
        let rest = dice.s(near, near + 3600);
        day.push((rest, "*141"));
        day.push((rest + dice.s(200, 900), "*13"));
    }
    if n.is_multiple_of(4) {
        let training = dice.s(hour(14), hour(15));
        day.push((training, "*143"));
        day.push((training + dice.s(900, 1800), "*13"));
    }
    // A word with a colleague now and then, and some peace from time to time.
    for _ in 0..3 {
        let at = dice.s(hour(9), hour(17));
        day.push((at, dice.pick(&COLLEAGUES)));
    }
    if dice.chance(300) {
        let at = dice.s(hour(10), hour(16));
        day.push((at, "*78"));
        day.push((at + dice.s(60, 900), "*79"));
        day.push((NIGHT - Duration::from_secs(3600), "*79"));
    }
    if dice.chance(300) {
        let at = dice.s(hour(10), hour(16));
        day.push((at, dice.pick(&[(1, "*748007"), (1, "*758004"), (1, "*728013")])));
        day.push((at + dice.s(60, 900), "*73"));
        day.push((NIGHT - Duration::from_secs(3600), "*73"));
    }
    // A slip of the finger, and a code that is none.
    day.push((dice.s(hour(10), hour(17)), dice.pick(&[(1, "*99"), (1, "8002"), (1, "*13")])));
    day.push((dice.s(hour(18) + 60, hour(18) + 2400), "*12"));
    day.push((NIGHT + dice.s(0, 60), "*12"));
    day
}

/// What an agent does about a phone that rings for `ring` at most.
pub fn reaction(dice: &mut Dice, ring: Duration) -> Reaction {
    match dice.between(0, 1000) {
        0..25 => Reaction::Gone(dice.s(1, 6), Cause::Declined),
        25..35 => Reaction::Gone(dice.ms(20, 90), Cause::Busy),
        35..75 => Reaction::Ignores,
        // Crosses the end of the ring time on the wire.
        75..85 => Reaction::Answers(ring + dice.ms(0, 40)),
        85..90 => Reaction::Gone(dice.ms(100, 900), Cause::Unreachable),
        90..95 => Reaction::Gone(dice.ms(20, 900), Cause::Failure),
        _ => Reaction::Answers(dice.s(1, 9)),
    }
}
