//! Fanvil: a TextScreen in a NOTIFY.

use super::{Push, SHOWN_S, Screen};
use crate::shown::Shown;
use crate::text::xml;

pub(super) struct Fanvil;

const EVENT: &str = "xml";
const CONTENT_TYPE: &str = "application/xml";

impl Screen for Fanvil {
    fn pop(&self, shown: &Shown) -> Push {
        let text: Vec<String> = shown.lines().iter().map(|line| xml(line)).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <FanvilIPPhoneTextScreen Beep=\"no\" Timeout=\"{SHOWN_S}\" LockIn=\"no\">\n\
             <Title>{}</Title>\n<Text>{}</Text>\n</FanvilIPPhoneTextScreen>\n",
            xml(&shown.title()),
            text.join("&#10;"),
        );
        Push::Notify { event: EVENT, content_type: CONTENT_TYPE, body }
    }

    fn clear(&self) -> Option<Push> {
        // It goes by its time-out.
        None
    }
}
