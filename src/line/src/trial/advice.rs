//! What findings mean for `site.toml`, in plain words.

use super::Findings;
use model::site::Lang;

/// Levels that a line of an exchange has, and what is aimed at (GB/T 3380: tones at -10 ± 3 dBm0).
const TONE_DBM0: f32 = -10.0;
const TOO_LOUD_DBM0: f32 = -5.0;
const TOO_QUIET_DBM0: f32 = -18.0;
/// Noise that callers complain of.
const NOISY_DBM0: f32 = -48.0;
/// An echo this much weaker or less is heard.
const ECHO_LOSS_MIN_DB: f32 = 18.0;
/// Gains that the site may name.
const GAIN_MAX_DB: f32 = 12.0;

/// What the site says of the port now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub receive_gain_tenths_db: i16,
    pub echo_ms: u8,
}

/// A piece of advice, or that something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Advice {
    NoBattery,
    CardGone,
    NoDialTone,
    /// Something is heard that is not the country's dial tone.
    StrangeDialTone,
    /// The gain toward the box that brings tones to their level, in tenths of a decibel.
    TooLoud(i16),
    TooQuiet(i16),
    LevelGood,
    Noisy(i16),
    /// It comes back this many decibels weaker, and the canceller is off or too short.
    Echo(i16),
    NobodyCalled,
    CallerUnknown,
    CallerKnown,
    /// The number comes before the first ring.
    CallerAnnounced,
    Refused,
    Unanswered,
    /// An answer is told by a reversal of polarity.
    AnswerByPolarity,
    HangUpByCurrent,
    HangUpByPolarity,
    HangUpByTone,
    NoHangUp,
}

/// Advice on what was found, the gravest first.
pub fn advice(findings: &Findings, settings: Settings) -> Vec<Advice> {
    if findings.card_gone {
        return vec![Advice::CardGone];
    }
    if findings.no_battery {
        return vec![Advice::NoBattery];
    }
    let mut all = Vec::new();
    if findings.awaited {
        all.push(match (findings.rings, findings.caller_known, findings.announced) {
            (0, false, _) => return vec![Advice::NobodyCalled],
            (_, true, true) => Advice::CallerAnnounced,
            (_, true, false) => Advice::CallerKnown,
            (_, false, _) => Advice::CallerUnknown,
        });
    } else {
        match (findings.dial_tone, findings.dial_dbm0) {
            (true, _) => {}
            (false, Some(level)) if level > -45.0 => all.push(Advice::StrangeDialTone),
            (false, _) => all.push(Advice::NoDialTone),
        }
    }
    all.extend(level(findings, settings));
    if let Some(noise) = findings.noise_dbm0.filter(|noise| *noise > NOISY_DBM0) {
        all.push(Advice::Noisy(rounded(noise)));
    }
    let uncancelled = settings.echo_ms < 64;
    if let Some(loss) = findings.echo_loss_db.filter(|loss| *loss < ECHO_LOSS_MIN_DB && uncancelled)
    {
        all.push(Advice::Echo(rounded(loss)));
    }
    if findings.refused {
        all.push(Advice::Refused);
    } else if !findings.answered {
        all.push(Advice::Unanswered);
    }
    if !findings.answered {
        return all;
    }
    if findings.reversed && !findings.awaited {
        all.push(Advice::AnswerByPolarity);
    }
    let signals = findings.hang_up;
    all.extend(signals.current_ms.map(|_| Advice::HangUpByCurrent));
    all.extend(signals.polarity_ms.map(|_| Advice::HangUpByPolarity));
    all.extend(signals.tone_ms.map(|_| Advice::HangUpByTone));
    if !signals.any() {
        all.push(Advice::NoHangUp);
    }
    all
}

/// The dial tone tells the level of the line; of a call that came in its caller id does.
fn level(findings: &Findings, settings: Settings) -> Option<Advice> {
    let heard = match findings.awaited {
        true => findings.caller_dbm0,
        false => findings.dial_dbm0.filter(|_| findings.dial_tone),
    }?;
    let now_db = f32::from(settings.receive_gain_tenths_db) / 10.0;
    let wanted = (now_db + TONE_DBM0 - heard).clamp(-GAIN_MAX_DB, GAIN_MAX_DB);
    let tenths = (wanted * 2.0).round() as i16 * 5;
    Some(match heard {
        _ if heard > TOO_LOUD_DBM0 => Advice::TooLoud(tenths),
        _ if heard < TOO_QUIET_DBM0 => Advice::TooQuiet(tenths),
        _ => Advice::LevelGood,
    })
}

fn rounded(level: f32) -> i16 {
    level.round() as i16
}

/// Tenths as they are written in `site.toml`.
fn decibels(tenths: i16) -> String {
    format!("{:.1}", f32::from(tenths) / 10.0)
}

impl Advice {
    /// The advice in words.
    pub fn words(&self, lang: Lang) -> String {
        let (zh, en) = match self {
            Self::NoBattery => (
                "线路无馈电：检查外线是否插好、局端是否开通。".to_owned(),
                "No battery: is the line plugged in, and does the exchange serve it?".to_owned(),
            ),
            Self::CardGone => (
                "板卡或驱动无响应：先处理板卡告警。".into(),
                "The card or its driver does not answer: see to its alarm first.".into(),
            ),
            Self::NoDialTone => (
                "摘机后听不到拨号音：检查线路；盲拨 5 秒后仍会拨号。".into(),
                "No dial tone: check the line. The box dials after 5 s all the same.".into(),
            ),
            Self::StrangeDialTone => (
                "听到的不是本国拨号音：检查 numbering.tones.country 是否与局端一致。".into(),
                "Something sounds that is not the country's dial tone: set numbering.tones.country \
                 to the exchange's."
                    .into(),
            ),
            Self::TooLoud(tenths) => (
                format!("线路声音过大：将该端口的 receive-gain-db 设为 {}。", decibels(*tenths)),
                format!("The line is too loud: set the port's receive-gain-db to {}.", decibels(*tenths)),
            ),
            Self::TooQuiet(tenths) => (
                format!("线路声音过小：将该端口的 receive-gain-db 设为 {}。", decibels(*tenths)),
                format!("The line is too quiet: set the port's receive-gain-db to {}.", decibels(*tenths)),
            ),
            Self::LevelGood => ("线路电平正常。".into(), "The line's level is good.".into()),
            Self::Noisy(level) => (
                format!("线路噪声大（{level} dBm0）：请运营商检查线路，或检查附近电源干扰。"),
                format!(
                    "The line is noisy ({level} dBm0): have the carrier check it, and look for \
                     power cables beside it."
                ),
            ),
            Self::Echo(loss) => (
                format!("线路回声大（仅衰减 {loss} dB）：将该端口的 echo-ms 设为 64。"),
                format!("The line echoes (only {loss} dB weaker): set the port's echo-ms to 64."),
            ),
            Self::NobodyCalled => (
                "等待期间没有来电：请在测试时拨打该线路。".into(),
                "Nobody called: call this line while it is tried.".into(),
            ),
            Self::CallerUnknown => (
                "未收到来电显示：向运营商确认已开通来电显示；若已开通，将 answer-after-rings 设为 2。".into(),
                "No caller id: ask the carrier whether it is booked; if it is, set \
                 answer-after-rings to 2."
                    .into(),
            ),
            Self::CallerKnown => (
                "第一声振铃后收到来电显示：answer-after-rings 用 2。".into(),
                "Caller id comes after the first ring: leave answer-after-rings at 2.".into(),
            ),
            Self::CallerAnnounced => (
                "振铃前收到来电显示：answer-after-rings 可设为 1。".into(),
                "Caller id comes before the first ring: answer-after-rings may be 1.".into(),
            ),
            Self::Refused => (
                "对方忙或无法接通：换一个测试号码再试。".into(),
                "The number was busy or not reached: try with another.".into(),
            ),
            Self::Unanswered => (
                "无人应答，未能测量通话：换一个会应答的测试号码。".into(),
                "Nobody answered, so no talk was measured: try a number that answers.".into(),
            ),
            Self::AnswerByPolarity => (
                "局端以反极性通知应答：已自动识别，无需设置。".into(),
                "The exchange tells an answer by reversing the polarity: it is used by itself.".into(),
            ),
            Self::HangUpByCurrent => (
                "对方挂机时断流：可识别，无需设置。".into(),
                "A hang-up is told by loop current: nothing to set.".into(),
            ),
            Self::HangUpByPolarity => (
                "对方挂机时反极性：可识别，无需设置。".into(),
                "A hang-up is told by polarity: nothing to set.".into(),
            ),
            Self::HangUpByTone => (
                "对方挂机后有忙音：可识别，无需设置。".into(),
                "A hang-up is told by a busy tone: nothing to set.".into(),
            ),
            Self::NoHangUp => (
                "对方挂机没有任何信号，或对方没有挂机：请在测试中挂断对方电话；若确无信号，向运营商申请反极性或断流，\
                 并核对 numbering.tones.country。"
                    .into(),
                "No sign of a hang-up: hang up at the far side during the trial. If there is none \
                 then, ask the carrier for polarity reversal or disconnect supervision, and check \
                 numbering.tones.country."
                    .into(),
            ),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}
