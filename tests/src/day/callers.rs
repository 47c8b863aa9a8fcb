//! The callers of a day: when they come, what they press, how long they wait and talk.

use super::CALLERS;
use super::dice::Dice;
use super::site::{VIPS, number};
use model::{Digit, Instant, Number};
use std::time::Duration;

/// Who ends a talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ender {
    Caller,
    Agent,
    /// The agent's phone falls silent.
    Phone,
}

/// A caller, decided before the day begins.
#[derive(Debug)]
pub struct Caller {
    pub at: Instant,
    pub by_port: bool,
    pub number: Number,
    /// Keys, and the time after the answer each is pressed.
    pub keys: Vec<(Duration, Digit)>,
    /// Hangs up before the box answers.
    pub misdials: bool,
    /// How long the caller bears menus and music.
    pub patience: Duration,
    pub talk: Duration,
    pub ender: Ender,
    /// The agent puts the caller on hold: after, and for how long.
    pub hold: Option<(Duration, Duration)>,
}

/// How many come in each half-hour from 7:30 to 19:00, roughly.
const HALF_HOURS: [u64; 23] =
    [2, 8, 14, 22, 30, 32, 28, 24, 20, 16, 12, 14, 20, 26, 30, 28, 24, 20, 16, 12, 8, 3, 1];

/// One caller in twenty-five rings within the same minute at 10:00, when a card machine fails.
const STORM_PERMILLE: u64 = 40;

/// The callers of a day, in no order.
pub fn callers(dice: &mut Dice) -> Vec<Caller> {
    (0..CALLERS).map(|n| caller(dice, n as u64)).collect()
}

fn caller(dice: &mut Dice, n: u64) -> Caller {
    let slots: Vec<(u64, u64)> = HALF_HOURS.into_iter().zip(15..).collect();
    let at = match dice.chance(STORM_PERMILLE) {
        true => dice.s(36_000, 36_060),
        false => {
            let slot = dice.pick(&slots);
            dice.s(slot * 1800, (slot + 1) * 1800)
        }
    };
    let number = match dice.between(0, 100) {
        0..4 => number(dice.between(0, VIPS)),
        4..7 => Number::default(),
        _ => number(1000 + n),
    };
    let patience = match dice.between(0, 100) {
        0..8 => dice.s(1, 12),
        8..50 => dice.s(30, 240),
        _ => dice.s(120, 900),
    };
    let talk = match dice.between(0, 1000) {
        0..4 => dice.s(1700, 2600),
        4..50 => dice.s(1, 5),
        _ => dice.s(60, 480),
    };
    let hold = dice.chance(120).then(|| (dice.s(5, 60), dice.s(5, 90)));
    Caller {
        at: Instant::START + at,
        by_port: dice.chance(300),
        number,
        keys: keys(dice),
        misdials: dice.chance(10),
        patience,
        talk,
        ender: dice.pick(&[(58, Ender::Caller), (39, Ender::Agent), (3, Ender::Phone)]),
        hold,
    }
}

/// What is pressed: the way to a queue, nothing, anything, or the right keys too late.
fn keys(dice: &mut Dice) -> Vec<(Duration, Digit)> {
    let way = match dice.between(0, 100) {
        0..8 => String::new(),
        8..14 => (0..dice.between(1, 6)).map(|_| any_key(dice)).collect(),
        _ => {
            dice.pick(&[(30, "10"), (22, "11777777"), (4, "11777#"), (14, "12"), (7, "13")]).into()
        }
    };
    let way = match dice.between(0, 100) {
        0..12 => dice.pick(&[(6, "21"), (2, "20"), (2, "29")]).to_owned(),
        12..18 => "19".to_owned(),
        18..20 => "1#".to_owned(),
        _ => way,
    };
    let slow = dice.chance(150);
    let mut at = Duration::ZERO;
    way.chars()
        .filter_map(|key| {
            at += if slow { dice.s(3, 20) } else { dice.ms(300, 3500) };
            Some((at, Digit::new(key)?))
        })
        .collect()
}

fn any_key(dice: &mut Dice) -> char {
    char::from(b"0123456789*#"[dice.between(0, 12) as usize])
}
