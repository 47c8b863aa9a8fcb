//! Why a call ended, as telephone networks number it (ITU-T Q.850).

use crate::Cause;
use crate::site::Lang;
use std::fmt;

/// A cause value, 1 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Q850(pub u8);

impl Q850 {
    pub const UNALLOCATED: Self = Self(1);
    pub const NORMAL: Self = Self(16);
    pub const BUSY: Self = Self(17);
    pub const NO_RESPONSE: Self = Self(18);
    pub const NO_ANSWER: Self = Self(19);
    pub const ABSENT: Self = Self(20);
    pub const REJECTED: Self = Self(21);
    pub const OUT_OF_ORDER: Self = Self(27);
    pub const INCOMPLETE: Self = Self(28);
    pub const STATUS_ENQUIRED: Self = Self(30);
    pub const UNSPECIFIED: Self = Self(31);
    pub const NO_CHANNEL: Self = Self(34);
    pub const TEMPORARY: Self = Self(41);
    pub const CONGESTION: Self = Self(42);
    pub const CHANNEL_TAKEN: Self = Self(44);
    pub const NOT_AUTHORIZED: Self = Self(57);
    pub const NOT_IMPLEMENTED: Self = Self(65);
    pub const INVALID_REFERENCE: Self = Self(81);
    pub const NO_SUCH_CHANNEL: Self = Self(82);
    pub const INCOMPATIBLE: Self = Self(88);
    pub const MANDATORY_MISSING: Self = Self(96);
    pub const UNKNOWN_MESSAGE: Self = Self(97);
    pub const INVALID_CONTENTS: Self = Self(100);
    pub const WRONG_STATE: Self = Self(101);
    pub const TIMER: Self = Self(102);
    pub const PROTOCOL: Self = Self(111);

    /// The cause that the box tells a network (RFC 3398 8.2.6.1 the other way).
    pub fn of(cause: Cause) -> Self {
        match cause {
            Cause::Normal | Cause::Cancelled => Self::NORMAL,
            Cause::Busy => Self::BUSY,
            Cause::NoAnswer => Self::NO_ANSWER,
            Cause::Declined => Self::REJECTED,
            Cause::NotFound => Self::UNALLOCATED,
            Cause::Unreachable => Self::ABSENT,
            Cause::Forbidden => Self::NOT_AUTHORIZED,
            Cause::NotAcceptable => Self::INCOMPATIBLE,
            Cause::Congestion => Self::CONGESTION,
            Cause::Failure => Self::TEMPORARY,
            Cause::Vanished => Self::OUT_OF_ORDER,
        }
    }

    /// What a network's value means to a call (RFC 3398 7.2.4.1).
    pub fn cause(self) -> Cause {
        match self.0 {
            1 | 2 | 3 | 22 | 26 | 28 => Cause::NotFound,
            16 | 31 => Cause::Normal,
            17 => Cause::Busy,
            18 | 19 | 102 => Cause::NoAnswer,
            20 | 27 => Cause::Unreachable,
            21 => Cause::Declined,
            34 | 38 | 42 | 44 | 47 => Cause::Congestion,
            50 | 55 | 57 | 63 | 87 => Cause::Forbidden,
            58 | 65 | 70 | 79 | 88 => Cause::NotAcceptable,
            _ => Cause::Failure,
        }
    }

    /// What it says, for a person. Of one that has no words here its number.
    pub fn words(self, lang: Lang) -> String {
        let known = WORDS.iter().find(|(value, ..)| *value == self.0);
        match (known, lang) {
            (Some((_, zh, _)), Lang::Zh) => format!("{zh}（{}）", self.0),
            (Some((_, _, en)), Lang::En) => format!("{en} ({})", self.0),
            (None, Lang::Zh) => format!("原因值 {}", self.0),
            (None, Lang::En) => format!("cause {}", self.0),
        }
    }
}

impl Default for Q850 {
    /// Normal, unspecified.
    fn default() -> Self {
        Self::UNSPECIFIED
    }
}

impl fmt::Display for Q850 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Lang::En))
    }
}

/// The values of Q.850 that networks send, with their words.
const WORDS: [(u8, &str, &str); 49] = [
    (1, "空号", "unallocated number"),
    (2, "无到指定转接网的路由", "no route to the transit network"),
    (3, "无到目的地的路由", "no route to the destination"),
    (6, "信道不可接受", "channel unacceptable"),
    (7, "呼叫已给出，正在已建立的信道上传送", "call awarded in an established channel"),
    (16, "正常清除", "normal call clearing"),
    (17, "用户忙", "user busy"),
    (18, "用户无响应", "no user responding"),
    (19, "用户已振铃未应答", "no answer from the user"),
    (20, "用户不在服务区", "subscriber absent"),
    (21, "呼叫被拒绝", "call rejected"),
    (22, "号码已改", "number changed"),
    (26, "清除未选中的用户", "non-selected user clearing"),
    (27, "终点故障", "destination out of order"),
    (28, "号码格式无效（不完整）", "invalid number format"),
    (29, "设施被拒绝", "facility rejected"),
    (30, "对状态询问的响应", "response to a status enquiry"),
    (31, "正常，未指定", "normal, unspecified"),
    (34, "无电路/信道可用", "no channel available"),
    (38, "网络故障", "network out of order"),
    (41, "临时故障", "temporary failure"),
    (42, "交换设备拥塞", "switching equipment congestion"),
    (43, "接入信息被丢弃", "access information discarded"),
    (44, "所请求的信道不可用", "requested channel not available"),
    (47, "资源不可用，未指定", "resource unavailable"),
    (49, "服务质量不可用", "quality of service not available"),
    (50, "未预订所请求的设施", "facility not subscribed"),
    (57, "承载能力未授权", "bearer capability not authorized"),
    (58, "承载能力目前不可用", "bearer capability not available"),
    (63, "服务或任选不可用", "service or option not available"),
    (65, "承载能力未实现", "bearer capability not implemented"),
    (66, "信道类型未实现", "channel type not implemented"),
    (69, "所请求的设施未实现", "facility not implemented"),
    (70, "仅有受限的数字信息承载能力", "only restricted digital information"),
    (79, "服务或任选未实现", "service or option not implemented"),
    (81, "无效的呼叫参考值", "invalid call reference"),
    (82, "所识别的信道不存在", "identified channel does not exist"),
    (88, "终点不兼容", "incompatible destination"),
    (91, "转接网选择无效", "invalid transit network selection"),
    (95, "无效消息，未指定", "invalid message"),
    (96, "必需的信息单元丢失", "mandatory information element missing"),
    (97, "消息类型不存在或未实现", "message type unknown"),
    (98, "消息与呼叫状态不符", "message unknown or not compatible with the call state"),
    (99, "信息单元不存在或未实现", "information element unknown"),
    (100, "信息单元内容无效", "invalid information element contents"),
    (101, "消息与呼叫状态不兼容", "message not compatible with the state"),
    (102, "定时器超时恢复", "recovery on timer expiry"),
    (111, "协议错误，未指定", "protocol error"),
    (127, "互通，未指定", "interworking"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_box_says_means_the_same_when_it_is_heard() {
        use Cause::*;
        for cause in [
            Normal,
            Busy,
            NoAnswer,
            Declined,
            NotFound,
            Unreachable,
            Forbidden,
            NotAcceptable,
            Congestion,
            Failure,
        ] {
            assert_eq!(Q850::of(cause).cause(), cause);
        }
        assert_eq!(Q850::of(Cancelled).cause(), Normal);
        assert_eq!(Q850::of(Vanished).cause(), Unreachable);
    }

    #[test]
    fn a_value_has_its_words_and_a_strange_one_its_number() {
        assert!(WORDS.is_sorted_by_key(|(value, ..)| *value));
        assert_eq!(Q850(17).words(Lang::Zh), "用户忙（17）");
        assert_eq!(Q850(17).to_string(), "user busy (17)");
        assert_eq!(Q850(5).to_string(), "cause 5");
    }
}
