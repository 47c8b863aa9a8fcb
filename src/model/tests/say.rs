//! What is said is checked against the texts of the parts, as a caller would hear them.
#![allow(clippy::unwrap_used)]

use model::Clip;
use model::order::CLIPS_PER_PLAY_MAX;
use model::say;
use model::site::Lang;
use std::collections::BTreeMap;

/// The text of each part per language, read from the very file the recordings are made of.
fn texts() -> BTreeMap<Clip, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../images/prompts/texts.toml");
    let file = std::fs::read_to_string(path).unwrap();
    let mut texts = BTreeMap::new();
    let mut id = None;
    for line in file.lines() {
        if line.starts_with('[') {
            id = line.strip_prefix("[prompt.\"").and_then(|rest| rest.strip_suffix("\"]"));
        }
        let Some(id) = id else { continue };
        for lang in Lang::ALL {
            if let Some(text) = line.strip_prefix(&format!("{lang} = ")) {
                texts.insert(Clip::new(lang, id), text.trim_matches('"').to_owned());
            }
        }
    }
    texts
}

/// What a caller hears: Mandarin without spaces, English with them.
fn heard(texts: &BTreeMap<Clip, String>, clips: &[Clip]) -> String {
    assert!(!clips.is_empty() && clips.len() <= CLIPS_PER_PLAY_MAX);
    let words: Vec<&str> = clips
        .iter()
        .map(|clip| texts.get(clip).unwrap_or_else(|| panic!("no recording of {clip:?}")).as_str())
        .collect();
    words.join(if clips[0].lang == Lang::Zh { "" } else { " " })
}

fn all(say: impl Fn(Lang) -> Vec<Clip>) -> [String; 2] {
    let texts = texts();
    [heard(&texts, &say(Lang::Zh)), heard(&texts, &say(Lang::En))]
}

#[test]
fn numbers_are_said_as_people_say_them() {
    for (n, zh, en) in [
        (0, "零", "zero"),
        (2, "二", "two"),
        (10, "十", "ten"),
        (15, "十五", "fifteen"),
        (42, "四十二", "forty two"),
        (100, "一百", "one hundred"),
        (105, "一百零五", "one hundred and five"),
        (110, "一百一十", "one hundred and ten"),
        (115, "一百一十五", "one hundred and fifteen"),
        (222, "两百二十二", "two hundred and twenty two"),
        (1000, "一千", "one thousand"),
        (1005, "一千零五", "one thousand and five"),
        (1015, "一千零一十五", "one thousand and fifteen"),
        (1050, "一千零五十", "one thousand and fifty"),
        (1200, "一千两百", "one thousand two hundred"),
        (2002, "两千零二", "two thousand and two"),
        (3105, "三千一百零五", "three thousand one hundred and five"),
        (9999, "九千九百九十九", "nine thousand nine hundred and ninety nine"),
        (10_001, "幺零零零幺", "one zero zero zero one"),
    ] {
        assert_eq!(all(|lang| say::number(lang, n)), [zh, en], "{n}");
    }
}

#[test]
fn times_are_said_with_the_part_of_the_day() {
    for (hour, minute, zh, en) in [
        (0, 0, "凌晨十二点", "twelve A M"),
        (8, 0, "上午八点", "eight A M"),
        (8, 5, "上午八点零五分", "eight oh five A M"),
        (12, 30, "中午十二点半", "twelve thirty P M"),
        (14, 5, "下午两点零五分", "two oh five P M"),
        (17, 45, "下午五点四十五分", "five forty five P M"),
        (23, 59, "晚上十一点五十九分", "eleven fifty nine P M"),
    ] {
        assert_eq!(all(|lang| say::time(lang, hour, minute)), [zh, en], "{hour}:{minute}");
    }
}

/// The parts' names, where the words between them may be written anew.
fn named(clips: &[Clip]) -> String {
    clips.iter().map(|clip| clip.prompt.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_caller_is_told_how_many_are_ahead() {
    let around = |n: &str| format!("queue.position-before {n} queue.position-after");
    for (place, parts) in [
        (1, "queue.position-next".to_owned()),
        (2, "queue.position-one".to_owned()),
        (3, around("count.2")),
        (13, around("num.12")),
    ] {
        for lang in Lang::ALL {
            assert_eq!(named(&say::position(lang, place)), parts, "{place}");
        }
    }
}

#[test]
fn a_wait_is_told_in_minutes_up_to_half_an_hour() {
    let around = |n: &str| format!("queue.wait-before {n} queue.wait-after");
    for (n, parts) in [
        (0, "queue.wait-one".to_owned()),
        (1, "queue.wait-one".to_owned()),
        (2, around("count.2")),
        (12, around("num.12")),
        (30, around("num.30")),
        (31, "queue.wait-long".to_owned()),
    ] {
        for lang in Lang::ALL {
            assert_eq!(named(&say::minutes(lang, n)), parts, "{n}");
        }
    }
}

#[test]
fn an_agents_number_is_read_digit_by_digit() {
    assert_eq!(
        named(&say::agent_number(Lang::Zh, "8001")),
        "queue.agent-id-before digit.8 digit.0 digit.0 digit.1 queue.agent-id-after"
    );
    assert_eq!(all(|lang| say::digits(lang, "*1 4#")), ["星号幺四井号", "star one four hash"]);
}

#[test]
fn every_part_of_every_number_and_time_is_recorded() {
    let texts = texts();
    for lang in Lang::ALL {
        for n in 0..=say::NUMBER_MAX {
            for clips in [
                say::number(lang, n),
                say::count(lang, n),
                say::position(lang, n),
                say::minutes(lang, n),
                say::digits(lang, &n.to_string()),
            ] {
                heard(&texts, &clips);
            }
        }
        for minute_of_day in 0..24 * 60_u16 {
            let (hour, minute) = ((minute_of_day / 60) as u8, (minute_of_day % 60) as u8);
            heard(&texts, &say::time(lang, hour, minute));
        }
    }
}

#[test]
fn no_two_numbers_sound_the_same() {
    let texts = texts();
    for lang in Lang::ALL {
        let mut known = BTreeMap::new();
        for n in 0..=say::NUMBER_MAX {
            let said = heard(&texts, &say::number(lang, n));
            assert_eq!(known.insert(said, n), None, "{n} sounds like another number");
        }
    }
}

/// The parts in the backticks of a table's cell.
fn parts(lang: Lang, cell: &str) -> Vec<Clip> {
    cell.trim().trim_matches('`').split(' ').map(|id| Clip::new(lang, id)).collect()
}

#[test]
fn numbers_and_times_are_joined_as_the_readme_of_the_prompts_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../images/prompts/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (mut numbers, mut times) = (0, 0);
    for line in readme.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [what, zh, en] = cells[..] else { continue };
        let said: Box<dyn Fn(Lang) -> Vec<Clip>> = if let Ok(n) = what.parse::<u32>() {
            numbers += 1;
            Box::new(move |lang| say::number(lang, n))
        } else if let Some((hour, minute)) = what.split_once(':') {
            let (Ok(hour), Ok(minute)) = (hour.parse(), minute.parse()) else { continue };
            times += 1;
            Box::new(move |lang| say::time(lang, hour, minute))
        } else {
            continue;
        };
        assert_eq!(said(Lang::Zh), parts(Lang::Zh, zh), "{what}");
        assert_eq!(said(Lang::En), parts(Lang::En, en), "{what}");
    }
    assert!(numbers >= 10 && times >= 10, "{numbers} numbers and {times} times were read");
}
