//! The words of alarms: what the console shows and what texts to telephones say.
//!
//! `(key, zh-CN, en)`. A key without a row here is shown as it is.

use crate::site::Lang;

/// Every alarm.
pub const ALARMS: &[(&str, &str, &str)] = &[
    ("trunk-down", "中继不可用", "trunk not reached"),
    ("dial-ceiling", "呼出已达当日上限", "calls out reached the day's ceiling"),
    ("pins-guessed", "有人猜测工号密码，已锁定", "PINs guessed: locked for a while"),
    ("other-address-family", "IPv4 与 IPv6 不通的呼叫被拒绝", "call between IPv4 and IPv6 refused"),
    ("call-in-clear", "未加密的呼叫被拒绝", "call in clear refused"),
    ("unheard", "接通后听不到声音", "not heard since the talk began"),
    ("unanswered", "通话中断声，无人应答", "silent in mid-talk, asked in vain"),
    ("dead-air", "双方均无声", "dead air"),
    ("no-battery", "线路无馈电", "no battery"),
    ("sound-device-gone", "音频设备未连接", "sound device not there"),
    ("card-gone", "板卡无响应", "card silent"),
    ("red", "红色告警：失去信号", "red: no signal"),
    ("yellow", "黄色告警：对端失去信号", "yellow: far side has no signal"),
    ("loss-of-frame", "失帧告警：有信号但不同步", "frames lost: no alignment"),
    ("port-misfit", "板卡端口与配置不符", "card's port is not as the site says"),
    ("receiver-off", "话机听筒未挂好", "receiver lies beside its telephone"),
    ("blue", "蓝色告警：对端全 1", "blue: all ones"),
    ("certificate-broken", "证书无法读取", "the certificate cannot be read"),
    ("certificate-ends", "证书即将到期", "the certificate ends soon"),
    ("provision-down", "话机配置服务未启动", "phones get no settings"),
    ("credentials-guessed", "有人猜测话机凭据", "phone credentials guessed"),
    ("nobody-answers", "有人排队，无坐席可接", "nobody there to answer"),
    ("disk-slow", "磁盘过慢", "disk too slow"),
    ("frames-late", "语音帧延迟", "audio frames late"),
    ("disk-low", "磁盘空间不足", "disk nearly full"),
    ("sites-gone", "已应用配置丢失", "applied sites gone"),
    ("files-short", "打开文件数用尽", "out of open files"),
    ("site-damaged", "现用配置损坏", "applied site damaged"),
    ("last-run-died", "上次运行异常中断", "the last run died"),
    ("facts-lost", "日志缺失", "journal lost facts"),
    ("facts-late", "记录落盘延迟", "records late on disk"),
    ("passwords-guessed", "有人猜测话机密码，来源已封禁", "passwords guessed: banned"),
    ("sip-flood", "信令洪泛攻击", "flood of SIP"),
    ("wrong-certificate", "证书缺失或与账号不符", "no certificate, or another's"),
    ("sip-overload", "呼叫超出处理能力，新呼叫被拒", "more calls than the box can take"),
    ("no-media", "无可用语音通道", "no media for a call"),
    ("not-recording", "通话未在录音", "a call isn't recorded"),
    ("not-recorded", "有通话未录音", "seconds not recorded"),
    ("journal-failing", "日志无法写入", "journal can't be written"),
    ("sms-modem-gone", "短信模块未接入", "SMS modem not there"),
    ("sms-modem-silent", "短信模块无响应", "SMS modem silent"),
    ("sms-no-sim", "短信模块无 SIM 卡或卡故障", "no SIM, or a broken one"),
    ("sms-pin-wanted", "SIM 卡需要 PIN 码，未配置", "SIM wants a PIN, and the site has none"),
    ("sms-pin-refused", "SIM 卡 PIN 码错误，不再尝试", "SIM's PIN wrong: not tried again"),
    ("sms-puk-wanted", "SIM 卡已锁，需要 PUK 码", "SIM locked: wants its PUK"),
    ("sms-no-network", "短信模块未注册到网络", "no mobile network"),
    ("sms-memory-full", "SIM 卡短信已满", "SIM full of unread texts"),
    ("sms-texts-lost", "有告警短信未能发出", "alarm texts not sent"),
];

/// Parts of the box that an alarm may be about; others are named by the site.
pub const PARTS: &[(&str, &str, &str)] = &[
    ("media", "语音线程", "media thread"),
    ("music", "等待音乐", "music on hold"),
    ("journal", "日志", "journal"),
    ("sip", "信令", "signalling"),
    ("rtp", "语音端口", "RTP"),
    ("seal", "录音封存", "sealing"),
    ("rooms", "会议室", "conference rooms"),
    ("srtp", "语音加密", "SRTP"),
    ("recordings", "录音", "recordings"),
    ("box", "本机", "box"),
    ("sms", "短信", "texts"),
];

/// The words for an alarm, if there are any.
pub fn alarm(key: &str, lang: Lang) -> Option<&'static str> {
    find(ALARMS, key, lang)
}

/// The words for a part of the box, if it is one.
pub fn part(key: &str, lang: Lang) -> Option<&'static str> {
    find(PARTS, key, lang)
}

fn find(table: &'static [(&str, &str, &str)], key: &str, lang: Lang) -> Option<&'static str> {
    let row = table.iter().find(|row| row.0 == key)?;
    Some(match lang {
        Lang::Zh => row.1,
        Lang::En => row.2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_stands_once_and_has_both_words() {
        for table in [ALARMS, PARTS] {
            for (at, (key, zh, en)) in table.iter().enumerate() {
                assert!(!zh.is_empty() && !en.is_empty(), "{key}");
                assert!(table.iter().skip(at + 1).all(|row| row.0 != *key), "{key} stands twice");
            }
        }
        assert_eq!(alarm("flux-capacitor", Lang::Zh), None);
    }
}
