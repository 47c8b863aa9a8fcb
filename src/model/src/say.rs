//! Numbers and times as joined parts of speech, in both languages.

use crate::order::Clip;
use crate::site::Lang;

/// Says a number from 0 to 9,999 as a quantity.
pub fn number(_lang: Lang, _n: u32) -> Vec<Clip> {
    Vec::new()
}
/// Says how many minutes a caller will have to wait.
pub fn minutes(_lang: Lang, _n: u32) -> Vec<Clip> {
    Vec::new()
}
/// Says a time of day; `hour` is 0 to 23.
pub fn time(_lang: Lang, _hour: u8, _minute: u8) -> Vec<Clip> {
    Vec::new()
}
/// Says digits, `*` and `#` one by one, as an agent's number is read out.
pub fn digits(_lang: Lang, _text: &str) -> Vec<Clip> {
    Vec::new()
}
/// Tells a waiting caller the place in the queue: 1 is the next one to be answered.
pub fn position(_lang: Lang, _place: u32) -> Vec<Clip> {
    Vec::new()
}
