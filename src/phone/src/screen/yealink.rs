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
        // An execution that does nothing ends the screen that stands.
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<YealinkIPPhoneExecute Beep=\"no\">\n\
                    <ExecuteItem URI=\"Command:XMLBrowser.Exit\"/>\n</YealinkIPPhoneExecute>\n";
        Some(Push::Notify { event: EVENT, content_type: CONTENT_TYPE, body: body.to_owned() })
    }
}
