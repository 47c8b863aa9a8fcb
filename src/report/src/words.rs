//! The words of the table, in both languages.

use model::site::Lang;

/// A word in both languages.
pub struct Word {
    zh: &'static str,
    en: &'static str,
}

impl Word {
    /// The word in a language.
    pub fn lang(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        $(pub const $name: Word = Word { zh: $zh, en: $en };)*
    };
}

words! {
    TITLE: "日报", "Day report";
    AS_OF: "截至", "as of";
    COLON: "：", ": ";
    COMMA: "，", ", ";
    CALLS: "来电", "Calls";
    REFUSED: "拒接", "refused";
    BOX_ANSWERED: "系统应答", "answered by the box";
    QUEUED: "进入排队", "queued";
    QUEUES: "排队", "Queues";
    WAITS: "等待与通话", "Waits and talks";
    AGENTS: "坐席", "Agents";
    SOUND: "通话音质", "Sound";
    WHOSE: "坐席或线路", "Agent or line";
    TOGETHER: "全部", "All";
    MEASURED: "测量时长", "Measured";
    MOS: "MOS 平均", "MOS";
    MOS_WORST: "MOS 最差", "Worst MOS";
    POOR: "音质差", "Poor";
    LOST_PACKETS: "丢包", "Lost";
    MADE_UP: "补偿", "Made up";
    NOT_HEARD: "无声", "Not heard";
    REASONS: "示忙原因", "Not ready by reason";
    QUEUE: "队列", "Queue";
    TOTAL: "合计", "Total";
    OFFERED: "呼入", "Offered";
    ANSWERED: "接听", "Answered";
    ABANDONED: "放弃", "Abandoned";
    OVERFLOWED: "溢出", "Overflowed";
    TURNED_AWAY: "满员谢绝", "Turned away";
    LOST: "中断", "Lost";
    WAITING: "等待中", "Waiting";
    SERVICE: "服务水平", "Service level";
    WAIT_AVERAGE: "平均等待", "Avg wait";
    WAIT_LONGEST: "最长等待", "Longest";
    GIVEN_UP_AVERAGE: "放弃前平均", "Avg abandoned";
    GIVEN_UP_LONGEST: "放弃前最长", "Longest";
    TALK: "通话总计", "Talk";
    TALK_AVERAGE: "平均通话", "Avg talk";
    WRAP_UP_AVERAGE: "平均话后", "Avg wrap-up";
    AGENT: "工号", "Agent";
    NAME: "姓名", "Name";
    MISSED: "未接", "Missed";
    LOGGED_IN: "签入", "Logged in";
    READY: "示闲", "Ready";
    NOT_READY: "示忙", "Not ready";
    RINGING: "振铃", "Ringing";
    TALKING: "通话", "Talking";
    WRAP_UP: "话后处理", "Wrap-up";
    REASON: "原因", "Reason";
    TIME: "时长", "Time";
    HOW_OFFERED: "呼入＝接听＋放弃＋溢出＋满员谢绝＋中断＋等待中；来电计入其到达之日。",
        "Offered = answered + abandoned + overflowed + turned away + lost + waiting; a call counts on the day it arrived.";
    HOW_SERVICE: "服务水平＝规定时限内接听÷呼入。",
        "Service level = answered within the queue's time / offered.";
    HOW_AGENTS: "签入＝示闲＋示忙＋振铃＋通话＋话后处理，按时钟计入当日。",
        "Logged in = ready + not ready + ringing + talking + wrap-up, by the clock of the day.";
}

/// A reason of not ready as a person reads it; a site's own word as it stands.
pub fn reason(word: &str, lang: Lang) -> &str {
    let known = match word {
        "" => Word { zh: "未说明", en: "none given" },
        "break" => Word { zh: "小休", en: "break" },
        "lunch" => Word { zh: "用餐", en: "lunch" },
        "training" => Word { zh: "培训", en: "training" },
        "meeting" => Word { zh: "会议", en: "meeting" },
        "dnd" => Word { zh: "免打扰", en: "do not disturb" },
        "forwarded" => Word { zh: "呼叫转移", en: "forwarded" },
        "phone-gone" => Word { zh: "话机离线", en: "phone gone" },
        "no-answer" => Word { zh: "未应答", en: "no answer" },
        "restart" => Word { zh: "系统重启", en: "restart" },
        other => return other,
    };
    known.lang(lang)
}
