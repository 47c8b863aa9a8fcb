//! The sentences of an explanation, in both languages; `{}` stands for what differs.

use model::site::Lang;

/// A sentence with places to fill.
pub(super) struct Phrase(&'static str);

impl Phrase {
    /// Fills the places in their order.
    pub(super) fn fill(&self, values: &[&str]) -> String {
        let mut pieces = self.0.split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (value, piece) in values.iter().zip(pieces) {
            text += value;
            text += piece;
        }
        text
    }
}

/// Every sentence in one language. Values are filled in the order of the comment.
pub(super) struct Phrases {
    lang: Lang,
    /// zone, language
    pub(super) clock: Phrase,
    /// calls, length of a call, length of a recording
    pub(super) limits: Phrase,
    /// how many
    pub(super) vip: Phrase,
    pub(super) lines: &'static str,
    /// port, rings, node
    pub(super) port: Phrase,
    /// port, phone
    pub(super) telephone: Phrase,
    /// trunk, peers, calls, nodes
    pub(super) trunk: Phrase,
    /// first and last channel
    pub(super) span: Phrase,
    /// names
    pub(super) ports: Phrase,
    /// number, node
    pub(super) number: Phrase,
    /// address, realm
    pub(super) phones: Phrase,
    /// address
    pub(super) tcp: Phrase,
    /// address
    pub(super) tls: Phrase,
    pub(super) own_certificate: &'static str,
    /// path
    pub(super) brought_certificate: Phrase,
    pub(super) clients: &'static str,
    /// policy
    pub(super) srtp: Phrase,
    /// forbid, offer, require
    pub(super) policies: [&'static str; 3],
    /// address
    pub(super) provision: Phrase,
    pub(super) multicast: &'static str,
    pub(super) out: &'static str,
    /// trunk, targets, form of numbers, caller id
    pub(super) trunk_out: Phrase,
    /// national, E.164, E.164 without plus
    pub(super) forms: [&'static str; 3],
    /// agent's, withheld
    pub(super) shown: [&'static str; 2],
    /// user, time
    pub(super) registers: Phrase,
    /// user
    pub(super) answers: Phrase,
    /// time
    pub(super) options: Phrase,
    /// country, area, prefix for a line out
    pub(super) numbering: Phrase,
    /// numbers
    pub(super) emergency: Phrase,
    /// role, kinds and beginnings, calls, minutes
    pub(super) role: Phrase,
    /// slots, time
    pub(super) parking: Phrase,
    pub(super) desks: &'static str,
    /// number, place, vendor
    pub(super) desk: Phrase,
    pub(super) headset: Phrase,
    pub(super) loudspeaker: Phrase,
    /// role
    pub(super) of_role: Phrase,
    pub(super) flow: &'static str,
    /// time, node
    pub(super) silence: Phrase,
    /// prompts
    pub(super) says: Phrase,
    /// key, node
    pub(super) key: Phrase,
    /// wait, wrong keys, node
    pub(super) wrong_key: Phrase,
    /// node
    pub(super) then: Phrase,
    /// fewest, most, end key, name
    pub(super) digits: Phrase,
    pub(super) secret: &'static str,
    /// tries, node
    pub(super) wrong_digits: Phrase,
    /// schedule, open, closed, holiday
    pub(super) hours: Phrase,
    /// language, node
    pub(super) language: Phrase,
    /// queue
    pub(super) to_queue: Phrase,
    pub(super) complaint: &'static str,
    pub(super) hang_up: &'static str,
    pub(super) queues: &'static str,
    pub(super) any: &'static str,
    pub(super) none: &'static str,
    /// name, queue, skills, agents, priority
    pub(super) queue: Phrase,
    /// ring, wrap-up
    pub(super) ring: Phrase,
    /// time
    pub(super) announce: Phrase,
    /// time, waiting, node
    pub(super) overflow: Phrase,
    /// waiting
    pub(super) full: Phrase,
    pub(super) agents: &'static str,
    /// number, name, phone, skills
    pub(super) agent: Phrase,
    /// log in, log out, ready, not ready, end of wrap-up
    pub(super) codes: Phrase,
}

impl Phrases {
    pub(super) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }

    /// The name of a language.
    pub(super) fn lang(&self, named: Lang) -> &'static str {
        match (self.lang, named) {
            (Lang::Zh, Lang::Zh) => "中文",
            (Lang::Zh, Lang::En) => "英文",
            (Lang::En, Lang::Zh) => "Mandarin",
            (Lang::En, Lang::En) => "English",
        }
    }
}

static EN: Phrases = Phrases {
    lang: Lang::En,
    clock: Phrase("Time zone {}; {} where nobody chose a language."),
    limits: Phrase("At most {} calls at once, {} a call, {} a recording file."),
    vip: Phrase("{} numbers of callers who come first."),
    lines: "Lines",
    port: Phrase("port {}: answers after {} rings, begins at {}"),
    telephone: Phrase("port {}: the telephone with number {}"),
    span: Phrase("the E1 line on channels {} to {}"),
    ports: Phrase("the analogue lines {}"),
    trunk: Phrase("trunk {}: calls from {} alone, at most {} at once, begin at {}"),
    number: Phrase("{} at {}"),
    phones: Phrase("desk phones register at {} (realm {})"),
    tcp: Phrase("also over TCP at {}"),
    tls: Phrase("also over TLS at {}"),
    own_certificate: " with a certificate of the box's own",
    brought_certificate: Phrase(" with the certificate {}"),
    clients: ", to clients with a certificate alone",
    srtp: Phrase("encryption of sound is {}"),
    policies: ["forbidden", "offered over TLS", "required: clear phones are refused"],
    provision: Phrase("phones fetch their settings at https://{}"),
    multicast: ", which they find by multicast",
    out: "Calls out",
    trunk_out: Phrase("trunk {} to {}: numbers {}, shows {}"),
    forms: ["as dialled at home", "with + and country", "with country, no +"],
    shown: ["the agent's number", "no number"],
    registers: Phrase("; registers as {} every {}"),
    answers: Phrase("; answers challenges as {}"),
    options: Phrase("; asks whether it is well every {}"),
    numbering: Phrase("country {}, area {}, a line out by {}"),
    emergency: Phrase("from every phone, whatever else is forbidden: {}"),
    role: Phrase("role {} dials {}; calls a day {}, minutes a day {}"),
    parking: Phrase("calls are parked at {}, for {} at most"),
    desks: "Desk phones",
    desk: Phrase("{} {} ({})"),
    headset: Phrase("headset of the console: {}"),
    loudspeaker: Phrase("loudspeaker, answers by itself: {}"),
    of_role: Phrase("; alone it dials as {}"),
    flow: "What callers hear",
    silence: Phrase("whoever presses nothing for {} goes to {}"),
    says: Phrase("says {}"),
    key: Phrase("; {} leads to {}"),
    wrong_key: Phrase("; says it again after {}; {} wrong keys lead to {}"),
    then: Phrase(", then {}"),
    digits: Phrase("; takes {} to {} digits ended by {}, kept as {}"),
    secret: " (secret: shown nowhere)",
    wrong_digits: Phrase("; {} wrong tries lead to {}"),
    hours: Phrase("by schedule {}: open leads to {}, closed to {}, a holiday to {}"),
    language: Phrase("from here in {}, then {}"),
    to_queue: Phrase("waits in queue {}"),
    complaint: ", marked as a complaint",
    hang_up: ", then hangs up",
    queues: "Queues",
    any: "any",
    none: "none",
    queue: Phrase("{} ({}): skills {}, {} agents have them, priority {}"),
    ring: Phrase("; a phone rings {}, rest after a call {}"),
    announce: Phrase("; tells the place every {}"),
    overflow: Phrase("; after {}, or with {} waiting, to {}"),
    full: Phrase("; with {} waiting it takes no more"),
    agents: "Agents",
    agent: Phrase("{} {}: phone {}, skills {}"),
    codes: Phrase("codes: {} log in, {} log out, {} ready, {} not ready, {} end wrap-up"),
};

static ZH: Phrases = Phrases {
    lang: Lang::Zh,
    clock: Phrase("时区 {}；未选择语言时用{}。"),
    limits: Phrase("最多同时 {} 路通话，每路最长 {}，每个录音文件最长 {}。"),
    vip: Phrase("优先接听的号码 {} 个。"),
    lines: "线路",
    port: Phrase("端口 {}：响铃 {} 声后接听，进入 {}"),
    telephone: Phrase("端口 {}：号码为 {} 的普通话机"),
    span: Phrase("通道 {} 至 {} 的 E1 线路"),
    ports: Phrase("模拟线路 {}"),
    trunk: Phrase("中继 {}：只接受来自 {} 的呼叫，最多同时 {} 路，进入 {}"),
    number: Phrase("{} 进入 {}"),
    phones: Phrase("话机注册地址 {}（域 {}）"),
    tcp: Phrase("TCP 地址 {}"),
    tls: Phrase("TLS 地址 {}"),
    own_certificate: "，使用本机自签证书",
    brought_certificate: Phrase("，使用证书 {}"),
    clients: "，只接受持有证书的客户端",
    srtp: Phrase("语音加密：{}"),
    policies: ["禁止", "经 TLS 提供", "必须，拒绝未加密的话机"],
    provision: Phrase("话机配置地址 https://{}"),
    multicast: "，可通过组播发现",
    out: "呼出",
    trunk_out: Phrase("中继 {} 至 {}：号码{}，显示{}"),
    forms: ["按本地拨号方式", "带 + 和国家码", "带国家码不带 +"],
    shown: ["坐席号码", "不显示号码"],
    registers: Phrase("；以 {} 注册，每 {} 一次"),
    answers: Phrase("；以 {} 应答鉴权"),
    options: Phrase("；每 {} 检查一次状态"),
    numbering: Phrase("国家码 {}，区号 {}，外线前缀 {}"),
    emergency: Phrase("任何话机随时可拨：{}"),
    role: Phrase("角色 {} 可拨 {}；每日通话 {} 次，{} 分钟"),
    parking: Phrase("通话可驻留于 {}，最长 {}"),
    desks: "话机",
    desk: Phrase("{} {}（{}）"),
    headset: Phrase("控制台耳机：{}"),
    loudspeaker: Phrase("广播喇叭，自动应答：{}"),
    of_role: Phrase("；无人签入时按角色 {} 呼出"),
    flow: "来电者听到的流程",
    silence: Phrase("{} 不按键，转到 {}"),
    says: Phrase("播放 {}"),
    key: Phrase("；按 {} 到 {}"),
    wrong_key: Phrase("；{} 不按键则重播；按错 {} 次到 {}"),
    then: Phrase("，然后到 {}"),
    digits: Phrase("；收 {} 至 {} 位数字，以 {} 结束，记为 {}"),
    secret: "（保密，不记录不显示）",
    wrong_digits: Phrase("；错 {} 次到 {}"),
    hours: Phrase("按时间表 {}：工作时间到 {}，非工作时间到 {}，节假日到 {}"),
    language: Phrase("此后用{}，然后到 {}"),
    to_queue: Phrase("进入排队 {}"),
    complaint: "，标记为投诉",
    hang_up: "，然后挂机",
    queues: "排队",
    any: "不限",
    none: "无",
    queue: Phrase("{}（{}）：技能 {}，有此技能的坐席 {} 位，优先级 {}"),
    ring: Phrase("；每次振铃 {}，话后处理 {}"),
    announce: Phrase("；每 {} 播报位置"),
    overflow: Phrase("；等候 {} 或排满 {} 位，转到 {}"),
    full: Phrase("；排满 {} 位后不再接入"),
    agents: "坐席",
    agent: Phrase("{} {}：话机 {}，技能 {}"),
    codes: Phrase("功能码：{} 签入，{} 签出，{} 示闲，{} 示忙，{} 结束话后处理"),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fill_places_in_order_and_braces_in_values_stay() {
        assert_eq!(Phrase("a {} b {}.").fill(&["{}", "2"]), "a {} b 2.");
    }
}
