//! Words for the keys the box sends: states, reasons, alarms, counters.
//!
//! A key without a word here is shown as it is, so that a newer box stays readable.

use control::Lang;

/// What a key is a key of; the same key may mean another thing elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// `CallRow::state`.
    Call,
    /// `AgentRow::state`.
    Agent,
    /// `AgentRow::reason`: the site's words for not ready, or a cause.
    Reason,
    /// `LineRow::state`.
    Line,
    /// `LineRow::kind` and the first word of `CallRow::via`.
    Kind,
    /// `AlarmRow::key`.
    Alarm,
    /// `AlarmRow::about`, where it is a part of the box.
    Part,
    /// `Counter::name`.
    Counter,
    /// The second of `PhoneHelp::codes`.
    Code,
}

/// The word for a key, if the console knows it.
pub fn known(of: Of, key: &str, lang: Lang) -> Option<&'static str> {
    match of {
        Of::Alarm => return control::alarm::alarm(key, lang),
        Of::Part => return control::alarm::part(key, lang),
        _ => {}
    }
    let row = TABLE.iter().find(|row| row.0 == of && row.1 == key)?;
    Some(match lang {
        Lang::Zh => row.2,
        Lang::En => row.3,
    })
}

/// The word for a key, or the key itself.
pub fn word(of: Of, key: &str, lang: Lang) -> &str {
    known(of, key, lang).unwrap_or(key)
}

/// Every key with its words in zh-CN and en. Those of alarms and parts are `model::alarm`'s, for
/// texts to telephones say them too.
pub const TABLE: &[(Of, &str, &str, &str)] = &[
    (Of::Call, "ringing", "振铃", "ringing"),
    (Of::Call, "menu", "语音菜单", "menu"),
    (Of::Call, "waiting", "排队", "waiting"),
    (Of::Call, "offered", "呼叫坐席", "offered"),
    (Of::Call, "talking", "通话中", "talking"),
    (Of::Call, "held", "保持", "on hold"),
    (Of::Call, "calling", "呼叫中", "calling"),
    (Of::Call, "transferring", "转接中", "transfer"),
    (Of::Call, "consulting", "咨询中", "consult"),
    (Of::Call, "parked", "驻留", "parked"),
    (Of::Call, "conference", "会议", "confer"),
    (Of::Call, "ending", "结束中", "ending"),
    (Of::Agent, "logged-out", "未签入", "logged out"),
    (Of::Agent, "not-ready", "示忙", "not ready"),
    (Of::Agent, "ready", "示闲", "ready"),
    (Of::Agent, "ringing", "振铃", "ringing"),
    (Of::Agent, "talking", "通话中", "talking"),
    (Of::Agent, "wrap-up", "话后处理", "wrap-up"),
    (Of::Reason, "break", "小休", "break"),
    (Of::Reason, "lunch", "用餐", "lunch"),
    (Of::Reason, "training", "培训", "training"),
    (Of::Reason, "meeting", "会议", "meeting"),
    (Of::Reason, "dnd", "免打扰", "do not disturb"),
    (Of::Reason, "forwarded", "呼叫转移", "forwarded"),
    (Of::Reason, "phone-gone", "话机离线", "phone gone"),
    (Of::Reason, "restart", "系统重启", "restart"),
    (Of::Reason, "listen", "被监听", "listened to"),
    (Of::Reason, "whisper", "密语中", "whispered to"),
    (Of::Reason, "barge", "强插中", "barged in"),
    (Of::Reason, "normal", "正常挂机", "hung up"),
    (Of::Reason, "cancelled", "主叫取消", "cancelled"),
    (Of::Reason, "busy", "忙", "busy"),
    (Of::Reason, "no-answer", "无应答", "no answer"),
    (Of::Reason, "declined", "拒接", "declined"),
    (Of::Reason, "not-found", "号码不存在", "not found"),
    (Of::Reason, "unreachable", "无法接通", "unreachable"),
    (Of::Reason, "forbidden", "不允许", "forbidden"),
    (Of::Reason, "not-acceptable", "编码不符", "not acceptable"),
    (Of::Reason, "congestion", "拥塞", "congestion"),
    (Of::Reason, "failure", "故障", "failure"),
    (Of::Reason, "vanished", "失联", "vanished"),
    (Of::Line, "idle", "空闲", "idle"),
    (Of::Line, "ringing", "振铃", "ringing"),
    (Of::Line, "busy", "占用", "busy"),
    (Of::Line, "alarm", "告警", "alarm"),
    (Of::Kind, "fxo", "外线 FXO", "FXO"),
    (Of::Kind, "fxs", "内线 FXS", "FXS"),
    (Of::Kind, "trunk", "中继", "trunk"),
    (Of::Kind, "port", "端口", "port"),
    (Of::Kind, "phone", "话机", "phone"),
    (Of::Counter, "calls-barred", "不允许的呼出", "calls out not allowed"),
    (Of::Counter, "trunk-failovers", "换中继的呼出", "calls out moved to another trunk"),
    (Of::Counter, "queues-full", "遇到排队已满", "callers at a full queue"),
    (Of::Counter, "flows-cut", "达到流程上限", "flows cut at their limit"),
    (Of::Counter, "plays-lost", "未结束的放音", "plays that never ended"),
    (Of::Counter, "agents-unanswering", "未应答转示忙", "agents who did not answer"),
    (Of::Counter, "codes-unknown", "未知功能码", "unknown codes dialled"),
    (Of::Counter, "strays", "内部错配", "words that fit nothing"),
    (Of::Counter, "calls-refused", "拒接的呼入", "calls refused at a limit"),
    (Of::Counter, "calls-too-long", "超过时限的通话", "calls ended at their limit"),
    (Of::Counter, "visits-exhausted", "转接次数用尽的通话", "calls out of visits"),
    (Of::Counter, "legs-lost", "未正常结束的通路", "legs lost"),
    (Of::Counter, "reconnected", "重新排队的主叫", "callers queued again"),
    (Of::Counter, "services-refused", "拒绝的功能码呼叫", "feature codes refused"),
    (Of::Counter, "transfers-failed", "未成功的转接", "transfers in vain"),
    (Of::Counter, "parked-too-long", "驻留超时", "parked too long"),
    (Of::Counter, "slots-full", "驻留位已满", "no slot was free"),
    (Of::Counter, "wishes-refused", "未满足的话机请求", "phones' wishes refused"),
    (Of::Counter, "forwards-cut", "被截断的循环转移", "forwards in a circle"),
    (Of::Counter, "pins-wrong", "工号密码错误", "wrong PINs by code or key"),
    (Of::Counter, "lines-unknown", "未知线路的呼入", "calls by unknown lines"),
    (Of::Counter, "events-ignored", "忽略的事件", "events ignored"),
    (Of::Counter, "legs", "当前通路", "legs now"),
    (Of::Counter, "ticks", "语音节拍", "media ticks"),
    (Of::Counter, "media-preferred", "语音线程优先运行（1 为是）", "sound runs first (1: yes)"),
    (Of::Counter, "ticks-late", "延迟的节拍", "ticks late"),
    (Of::Counter, "ticks-skipped", "跳过的节拍", "ticks skipped"),
    (Of::Counter, "tick-late-us-p50", "节拍延迟中位数(微秒)", "tick lateness, median (µs)"),
    (Of::Counter, "tick-late-us-p99", "节拍延迟 99%(微秒)", "tick lateness, 99 % within (µs)"),
    (Of::Counter, "tick-late-us-p999", "节拍延迟 99.9%(微秒)", "tick lateness, 99.9 % within (µs)"),
    (Of::Counter, "media-busy-ms", "语音线程忙时(毫秒)", "media thread busy (ms)"),
    (Of::Counter, "late-us-max", "最大延迟(微秒)", "latest tick (µs)"),
    (Of::Counter, "rtp-in", "收到的语音包", "RTP packets in"),
    (Of::Counter, "rtp-out", "发出的语音包", "RTP packets out"),
    (Of::Counter, "rtp-send-failed", "发送失败的语音包", "RTP packets not sent"),
    (Of::Counter, "rtp-refused", "对端未接听的语音包", "RTP told of as unheard"),
    (Of::Counter, "rtp-foreign", "来历不明的语音包", "RTP from elsewhere"),
    (Of::Counter, "rtp-moved", "语音来源变更", "RTP senders moved"),
    (Of::Counter, "rtp-unauthenticated", "未通过认证的加密包", "SRTP not authenticated"),
    (Of::Counter, "rtp-replayed", "重放的加密包", "SRTP replayed"),
    (Of::Counter, "rtp-malformed", "格式错误的语音包", "RTP malformed"),
    (Of::Counter, "rtp-lost", "途中丢失的语音包", "RTP packets lost"),
    (Of::Counter, "rtp-late", "迟到的语音包", "RTP packets late"),
    (Of::Counter, "rtp-unwatched", "无法监视的语音端口", "RTP sockets not watched"),
    (Of::Counter, "rtp-ring-lost", "成批收发失效次数", "batched sockets given up"),
    (Of::Counter, "media-orders-refused", "被拒绝的媒体指令", "media orders refused"),
    (
        Of::Counter,
        "keys-in-sound",
        "录音中消去的带内按键音（该方本应发按键事件）",
        "keys left out of recordings, in the sound of who agreed on events",
    ),
    (
        Of::Counter,
        "media-care-refused",
        "因算力不足未作降噪或音量调节的通话方",
        "legs left without noise suppression or level, to keep time",
    ),
    (Of::Counter, "media-events-lost", "语音引擎丢失的事件", "events the engine lost"),
    (Of::Counter, "media-threads", "语音线程", "threads of sound"),
    (Of::Counter, "legs-moved", "换过语音线程的支路", "legs moved to another thread of sound"),
    (
        Of::Counter,
        "legs-moved-ticks-missed",
        "支路换线程时错过的节拍",
        "ticks missed by legs that moved",
    ),
    (
        Of::Counter,
        "meetings-refused",
        "因无空位未能接通的会合",
        "meetings refused for want of room",
    ),
    (Of::Counter, "rooms", "会议室", "conference rooms"),
    (Of::Counter, "figures-stray", "无归属的音质记录", "sound of no call"),
    (Of::Counter, "legs-vanished", "话机失联的支路", "phones gone silent"),
    (Of::Counter, "taps-lost", "丢失的录音帧", "frames lost to recording"),
    (Of::Counter, "taps-ending", "等待结束的录音", "recordings about to end"),
    (Of::Counter, "news-lost", "未送达交换线程的语音事件", "media events not delivered"),
    (Of::Counter, "card-errors", "板卡错误", "card errors"),
    (Of::Counter, "span-frames-lost", "E1 信令帧丢失", "E1 frames not sent"),
    (Of::Counter, "sound-xruns", "音频设备溢出或断流", "sound devices' overruns"),
    (Of::Counter, "sound-gaps", "送往音频设备的空缺", "gaps in what sound devices said"),
    (Of::Counter, "sound-lost", "音频设备丢弃的声音块", "sound devices' blocks without room"),
    (Of::Counter, "sound-opened", "音频设备打开次数", "times sound devices were opened"),
    (Of::Counter, "recordings-open", "进行中的录音", "recordings open"),
    (Of::Counter, "recordings-failed", "失败的录音", "recordings failed"),
    (Of::Counter, "recorded-ticks-missed", "缺失的录音节拍", "ticks not recorded"),
    (Of::Counter, "recordings-sync-ms", "录音落盘用时(毫秒)", "recordings' sync (ms)"),
    (Of::Counter, "sip-legs", "SIP 通话支路", "SIP legs"),
    (Of::Counter, "sip-dialogs", "SIP 对话", "SIP dialogs"),
    (Of::Counter, "sip-transactions", "SIP 事务", "SIP transactions"),
    (Of::Counter, "sip-in", "收到的 SIP 报文", "SIP messages in"),
    (Of::Counter, "sip-out", "发出的 SIP 报文", "SIP messages out"),
    (Of::Counter, "sip-malformed", "格式错误的报文", "SIP malformed"),
    (Of::Counter, "sip-retransmitted", "重发的报文", "SIP sent again"),
    (Of::Counter, "sip-limited", "超限拒绝的报文", "SIP refused at a limit"),
    (Of::Counter, "sip-wrong-certificates", "因证书不符拒绝的请求", "refused for the certificate"),
    (Of::Counter, "sip-phones-silent", "振铃无任何应答的话机", "phones silent when rung"),
    (Of::Counter, "sip-flows-failed-over", "改用话机另一连接的呼叫", "rung by another connection"),
    (Of::Counter, "sip-calls-shed", "过载拒绝的呼叫", "calls refused in overload"),
    (Of::Counter, "sip-refused-clear", "因未加密拒绝的呼叫", "calls refused in clear"),
    (Of::Counter, "sip-intruders", "冒充通话中话机的请求", "others in a phone's call"),
    (Of::Counter, "sip-refused-family", "因 IPv4/IPv6 不通拒绝的呼叫", "refused, IPv4 and IPv6"),
    (Of::Counter, "sip-sessions-expired", "会话超时的呼叫", "sessions expired"),
    (Of::Counter, "sip-shed", "过载丢弃的报文", "SIP shed by load"),
    (Of::Counter, "sip-banned", "被封禁来源的报文", "SIP of banned sources"),
    (Of::Counter, "sip-connections", "信令连接", "SIP connections"),
    (Of::Counter, "sip-connections-refused", "拒绝的信令连接", "SIP connections refused"),
    (Of::Counter, "sip-connections-slow", "过慢断开的连接", "SIP connections too slow"),
    (Of::Counter, "tls-handshakes-failed", "TLS 握手失败", "TLS handshakes failed"),
    (Of::Counter, "sip-send-failed", "发送失败的报文", "SIP not sent"),
    (Of::Counter, "sip-wrong-passwords", "密码错误", "wrong passwords"),
    (Of::Counter, "sip-wrong-pins", "话机按键的密码错误", "wrong PINs by phones' keys"),
    (Of::Counter, "sip-subscriptions", "话机订阅", "subscriptions of phones"),
    (Of::Counter, "sip-notified", "状态通知", "phones notified"),
    (Of::Counter, "sip-notify-failed", "失败的状态通知", "notifications failed"),
    (Of::Counter, "sip-pushed", "推送到话机", "pushed to phones"),
    (Of::Counter, "sip-wishes", "话机功能键请求", "asked by phones' keys"),
    (Of::Counter, "provision-fetched", "话机取走的配置", "settings fetched"),
    (Of::Counter, "provision-refused", "话机凭据错误", "wrong phone credentials"),
    (Of::Counter, "provision-banned", "禁止取配置的来源", "sources banned from settings"),
    (Of::Counter, "provision-shed", "超限丢弃的配置请求", "settings requests shed"),
    (Of::Counter, "pnp-answered", "即插即用应答", "plug and play answered"),
    (Of::Counter, "prompts-missing", "缺失的语音", "prompts missing"),
    (Of::Counter, "facts-shed", "未能写入的记录", "records shed, disk stuck"),
    (Of::Counter, "released-early", "先于落盘放行的命令", "orders ahead of their record"),
    (Of::Counter, "texts-sent", "已发告警短信", "alarm texts sent"),
    (Of::Counter, "texts-waiting", "待发告警短信", "alarm texts waiting"),
    (
        Of::Counter,
        "texts-withheld",
        "超过每小时上限未发的告警",
        "alarms above the texts of an hour",
    ),
    (Of::Counter, "texts-lost", "未能发出的告警短信", "alarm texts not sent"),
    (Of::Code, "log-in", "签入", "log in"),
    (Of::Code, "log-out", "签出", "log out"),
    (Of::Code, "ready", "示闲", "ready"),
    (Of::Code, "not-ready", "示忙(可加一位原因)", "not ready (+ a reason's digit)"),
    (Of::Code, "wrap-up-end", "结束话后处理", "end wrap-up"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_once_and_has_both_words() {
        for (at, (of, key, zh, en)) in TABLE.iter().enumerate() {
            assert!(!zh.is_empty() && !en.is_empty(), "{key}");
            let moved = [Of::Alarm, Of::Part].contains(of);
            assert!(!moved, "{key}: the words of alarms and parts stand in model/src/alarm.rs");
            let twice = TABLE.iter().skip(at + 1).any(|row| row.0 == *of && row.1 == *key);
            assert!(!twice, "{of:?} {key} stands twice");
            // Two counters with one word cannot be told apart.
            let counted = *of == Of::Counter;
            let same =
                |row: &(Of, &str, &str, &str)| row.0 == *of && (row.2 == *zh || row.3 == *en);
            let same = counted && TABLE.iter().skip(at + 1).any(same);
            assert!(!same, "{of:?} {key} has the words of another");
        }
    }

    #[test]
    fn a_key_nobody_knows_is_shown_as_it_is() {
        assert_eq!(word(Of::Alarm, "flux-capacitor", Lang::Zh), "flux-capacitor");
    }
}
