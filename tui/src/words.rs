//! The console's own words, in both languages: one table. Words for keys the box sends are in
//! `keys`.

use control::Lang;

/// A word or sentence in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub zh: &'static str,
    pub en: &'static str,
}

impl Word {
    /// The text in `lang`.
    pub const fn in_lang(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        $(pub const $name: Word = Word { zh: $zh, en: $en };)*
        /// Every word of the console.
        pub const ALL: &[(&str, Word)] = &[$((stringify!($name), $name),)*];
    };
}

words! {
    // Views, as the bar at the bottom names them.
    OVERVIEW: "总览", "Main";
    QUEUES: "排队", "Queues";
    AGENTS: "坐席", "Agents";
    CALLS: "通话", "Calls";
    LINES: "线路", "Lines";
    ALARMS: "告警", "Alarms";
    COUNTERS: "计数", "Counts";

    // The bars.
    UPTIME: "运行", "up";
    ALARMS_NONE: "无告警", "no alarms";
    ALARM_COUNT_ONE: "个告警", "alarm";
    ALARM_COUNT: "个告警", "alarms";
    DRAINING: "排空中", "draining";
    HELP: "帮助", "help";
    OTHER_LANG: "English", "中文";
    QUIT: "退出", "quit";
    PRESS: "按", "press";
    HEADSET_DONE: "耳机：已执行", "headset: done";

    // Heads of columns.
    WAITING: "等待", "waiting";
    LONGEST: "最长等待", "longest";
    TARGET: "服务目标", "target";
    FREE: "空闲坐席", "free";
    RINGING: "振铃", "ringing";
    STATE: "状态", "state";
    TIME: "时长", "time";
    CALL: "通话", "call";
    CALL_OR_REASON: "通话/原因", "call/why";
    CALLER: "主叫", "caller";
    VIA: "来自", "via";
    AT: "位置", "at";
    TOTAL: "总时长", "total";
    LANGUAGE: "语言", "lang";
    MARKS: "标记", "marks";
    MOS: "音质", "MOS";
    PHONE: "话机", "phone";
    NAME: "姓名", "name";
    KIND: "类型", "kind";
    LINE_CALLS: "通话", "calls";
    ABOUT: "对象", "about";
    SINCE: "持续", "for";
    LEVEL: "级别", "level";
    VALUE: "数值", "value";
    KEY: "键名", "key";

    // Cells.
    PHONE_UP: "已注册", "registered";
    PHONE_DOWN: "未注册", "no phone";
    PHONE_DND: "免打扰", "DND";
    PHONE_FORWARDED: "呼叫转移", "forwarded";
    CRITICAL: "严重", "CRITICAL";
    WARNING: "警告", "warning";
    VIP_MARK: "贵", "V";
    COMPLAINT_MARK: "诉", "C";
    RECORDING_MARK: "录", "R";
    VIP: "贵宾", "VIP";
    COMPLAINT: "投诉", "complaint";
    RECORDED: "录音中", "being recorded";
    NUMBER_WITHHELD: "未显示号码", "withheld";
    LATE: "超时", "late";
    REASON: "原因", "reason";

    // When there is nothing or no box.
    NOTHING_QUEUES: "没有排队", "no queues";
    NOTHING_AGENTS: "没有坐席", "no agents";
    NOTHING_CALLS: "当前没有通话", "no calls right now";
    NOTHING_LINES: "没有线路", "no lines";
    NOTHING_ALARMS: "没有告警", "no alarms";
    NOTHING_COUNTERS: "没有计数", "no counters";
    CONNECTING: "正在连接本机…", "reaching the box …";
    UNREACHABLE_SINCE: "无法连接本机，自", "box not reachable since";
    UNREACHABLE_FOR: "无法连接本机，已", "box not reachable for";
    TRYING: "正在重试", "trying";
    SOCKET: "控制套接字", "control socket";
    START_HINT: "本机是否已启动？ringfence run --site 目录", "is it started? ringfence run --site DIR";
    TOO_SMALL: "终端太小", "terminal too small";
    TOO_SMALL_NEED: "至少需要", "need at least";

    // Why the box can't be reached.
    TROUBLE_ABSENT: "控制套接字不存在", "there is no control socket";
    TROUBLE_REFUSED: "控制套接字无人应答", "nobody answers its socket";
    TROUBLE_NOT_ALLOWED: "无权访问控制套接字", "this user may not use the control socket";
    TROUBLE_CLOSED: "连接已断开", "the box closed the connection";
    TROUBLE_SILENT: "本机没有应答", "the box does not answer";
    TROUBLE_PROTOCOL_BOX: "协议不一致：本机", "other protocol: the box speaks";
    TROUBLE_PROTOCOL_OURS: "，控制台", ", this console";
    TROUBLE_NOT_UNDERSTOOD: "无法识别本机的应答", "the box's answer is not understood";
    TROUBLE_ADVICE: "；请使用与本机同版本的控制台", "; use the console of the box's version";
    TROUBLE_SAID: "本机答复", "the box says";

    // Help: keys.
    HELP_KEYS: "按键", "Keys";
    HELP_VIEWS: "切换画面", "the views";
    HELP_TAB: "下一个、上一个画面", "next, previous view";
    HELP_ARROWS: "移动选择", "move the selection";
    HELP_PAGES: "翻页", "a page up, down";
    HELP_ENDS: "首行、末行", "first, last row";
    HELP_SORT: "排序：按编号或按时长", "sort by number or time";
    HELP_LISTEN: "耳机监听、密语所选坐席", "headset: listen, whisper";
    HELP_BARGE: "耳机强插、拦截", "headset: barge, take over";
    HELP_HANG_UP: "耳机挂机", "headset: hang up";
    HELP_LANG: "中文、English", "English, 中文";
    HELP_REDRAW: "重绘屏幕", "draw the screen anew";
    HELP_HELP: "打开、关闭帮助", "open, close this help";
    HELP_ESC: "返回总览", "back to the main view";
    HELP_QUIT: "退出控制台", "quit the console";
    HELP_MARKS: "标记", "Marks";

    // Help: how to attach a softphone.
    HELP_PHONE: "接入软电话", "Attach a softphone";
    HELP_SERVER: "服务器", "server";
    HELP_TRANSPORT: "传输", "transport";
    HELP_REALM: "域", "realm";
    HELP_ACCOUNTS: "账号", "accounts";
    HELP_PASSWORD: "密码", "password";
    HELP_PASSWORD_SITE: "见 site.toml", "as in site.toml";
    HELP_STEPS: "注册后拨功能码：", "Register, then dial the codes:";
    HELP_THEN: "振铃后接听即可。", "Then answer when it rings.";
    HELP_UNKNOWN: "连接本机后显示", "shown once the box is reached";
    SORTED_NUMBER: "按编号", "by number";
    SORTED_TIME: "按时长", "by time";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_in_both_languages() {
        for (name, word) in ALL {
            assert!(!word.zh.trim().is_empty() && !word.en.trim().is_empty(), "{name}");
        }
    }
}
