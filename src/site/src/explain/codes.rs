//! The feature codes as a table for people, in both languages.

use model::site::{Codes, Lang, Takes};
use std::fmt::Write as _;

/// What each code does; a code that is missing here fails a test.
const WORDS: [(&str, &str, &str); model::site::CODES] = [
    ("log-in", "签入", "log in"),
    ("log-out", "签出", "log out"),
    ("ready", "示闲", "ready"),
    ("not-ready", "示忙", "not ready"),
    ("wrap-up-end", "结束话后处理", "end after-call work"),
    ("wrap-up", "话后处理", "after-call work"),
    ("seat", "在本机签入（移动座席）", "sit down at this phone"),
    ("transfer", "直接转接", "send the caller to a number"),
    ("consult", "咨询后转接", "ask somebody while the caller waits"),
    ("swap", "切换通话", "talk with the other one"),
    ("complete", "完成转接", "join the other two and leave"),
    ("conference", "三方会议", "let all three hear each other"),
    ("park", "驻留通话", "park the caller"),
    ("pick-up", "代接或取回驻留", "answer a phone that rings, or fetch a parked call"),
    ("dnd-on", "免打扰", "do not disturb"),
    ("dnd-off", "取消免打扰", "disturb again"),
    ("forward-always", "无条件转移", "send all calls on"),
    ("forward-busy", "遇忙转移", "send calls on when busy"),
    ("forward-no-answer", "无应答转移", "send calls on when nobody answers"),
    ("forward-off", "取消转移", "send no calls on"),
    ("call-waiting-on", "开启呼叫等待", "ring during a talk"),
    ("missed", "听取未接来电并熄灭留言灯", "hear missed calls, and put the lamp out"),
    ("listen", "监听坐席通话", "listen to an agent's talk"),
    ("whisper", "密语（仅坐席听到）", "whisper: the agent alone hears you"),
    ("barge", "强插", "barge in: all hear you"),
    ("take-over", "拦截通话", "take the talk over"),
    ("call-waiting-off", "关闭呼叫等待", "do not ring during a talk"),
];

/// Pressed by a supervisor who is in a talk already; as ChanSpy has them.
const SUPERVISING_ZH: &str =
    "监听时按\n  4        监听\n  5        密语\n  6        强插\n  7        拦截\n";
const SUPERVISING_EN: &str = "Pressed by who supervises\n  4        listen\n  5        whisper\n  6        barge in\n  7        take over\n";

/// Lists every feature code of a site: what is dialled, what follows it, what it does.
pub fn codes(codes: &Codes, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let mut text = String::new();
    for (title, in_talk) in [
        (if zh { "摘机后拨" } else { "Dialled" }, false),
        (if zh { "通话中按" } else { "Pressed during a talk" }, true),
    ] {
        let _ = writeln!(text, "{title}");
        for row in codes.rows().iter().filter(|row| row.in_talk == in_talk) {
            let words = WORDS.iter().find(|(key, ..)| *key == row.key);
            let words = words.map_or(row.key, |(_, cn, en)| if zh { cn } else { en });
            let follows = follows(row.takes, zh);
            let _ = writeln!(text, "  {:<8} {words}{follows}", row.code);
        }
    }
    text.push_str(if zh { SUPERVISING_ZH } else { SUPERVISING_EN });
    let _ = writeln!(text, "{}", if zh { "示忙原因" } else { "Reasons of not ready" });
    for (digit, reason) in &codes.reasons {
        let code = format!("{}{}", codes.not_ready, digit.as_char());
        let _ = writeln!(text, "  {code:<8} {reason}");
    }
    text
}

/// What is dialled behind a code.
fn follows(takes: Takes, zh: bool) -> &'static str {
    match (takes, zh) {
        (Takes::Nothing, _) => "",
        (Takes::Reason, true) => " [+ 原因]",
        (Takes::Reason, false) => " [+ reason]",
        (Takes::Agent, true) => " [+ 工号 [* PIN]]",
        (Takes::Agent, false) => " [+ agent [* PIN]]",
        (Takes::Talker, true) => " + 工号",
        (Takes::Talker, false) => " + agent",
        (Takes::Number, true) => " + 号码",
        (Takes::Number, false) => " + number",
        (Takes::NumberAndRings, true) => " + 号码 [* 振铃次数]",
        (Takes::NumberAndRings, false) => " + number [* rings]",
        (Takes::MaybeNumber, true) => " [+ 号码]",
        (Takes::MaybeNumber, false) => " [+ number]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_in_both_languages() {
        let own = Codes::default();
        for row in own.rows() {
            assert!(WORDS.iter().any(|(key, ..)| *key == row.key), "{}", row.key);
        }
        let (zh, en) = (codes(&own, Lang::Zh), codes(&own, Lang::En));
        assert!(zh.contains("*11      签入\n") && en.contains("*11      log in\n"), "{zh}{en}");
        assert!(zh.contains("*2       直接转接 + 号码\n"), "{zh}");
        assert!(en.contains("*141     break\n"), "{en}");
    }
}
