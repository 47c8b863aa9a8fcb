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

#[test]
fn places_in_the_queue_are_whole_sentences() {
    for (place, zh, en) in [
        (1, "您是下一位，请您稍候，不要挂机。", "You are next in line. Please stay on the line."),
        (2, "您前面还有一位来电者，请您稍候。", "There is one caller ahead of you."),
        (3, "您前面还有两位来电者，请您稍候。", "There are two callers ahead of you."),
        (13, "您前面还有十二位来电者，请您稍候。", "There are twelve callers ahead of you."),
    ] {
        assert_eq!(all(|lang| say::position(lang, place)), [zh, en], "{place}");
    }
}

#[test]
fn waits_are_whole_sentences() {
    for (n, zh, en) in [
        (0, "预计等待时间约一分钟。", "Your estimated waiting time is about one minute."),
        (2, "预计等待时间约两分钟。", "Your estimated waiting time is about two minutes."),
        (12, "预计等待时间约十二分钟。", "Your estimated waiting time is about twelve minutes."),
        (
            31,
            "目前来电较多，预计等待时间超过半小时。",
            "We are receiving a large number of calls. You may have to wait for more than half an hour.",
        ),
    ] {
        assert_eq!(all(|lang| say::minutes(lang, n)), [zh, en], "{n}");
    }
}

#[test]
fn an_agents_number_is_read_digit_by_digit() {
    assert_eq!(
        all(|lang| say::agent_number(lang, "8001")),
        ["工号八零零幺为您服务。", "Agent number eight zero zero one will help you."]
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
