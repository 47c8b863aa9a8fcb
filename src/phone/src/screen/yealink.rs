//! Yealink: a TextScreen in a NOTIFY.

use super::{Push, SHOWN_S, Screen};
use crate::shown::Shown;
use crate::text::xml;

pub(super) struct Yealink;

const EVENT: &str = "Yealink-xml";
const CONTENT_TYPE: &str = "application/xml";

impl Screen for Yealink {
    fn pop(&self, shown: &Shown) -> Push {
        let text: Vec<String> = shown.lines().iter().map(|line| xml(line)).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <YealinkIPPhoneTextScreen Beep=\"no\" Timeout=\"{SHOWN_S}\" LockIn=\"no\" \
             destroyOnExit=\"yes\">\n\
             <Title wrap=\"no\">{}</Title>\n<Text>{}</Text>\n</YealinkIPPhoneTextScreen>\n",
            xml(&shown.title()),
            text.join("&#10;"),
        );
        Push::Notify { event: EVENT, content_type: CONTENT_TYPE, body }
    }

    fn clear(&self) -> Option<Push> {
        // It goes by its time-out: the keys that would close it might end a call instead.
        None
    }
}
