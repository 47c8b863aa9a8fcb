//! Lamps as `application/dialog-info+xml` (RFC 4235).
//!
//! A full document names the call that is shown, or none. A partial one names what changed since the
//! last: the call that ended, the one that began or went on. The version counts each document of a
//! subscription, from 0 (section 4.1).
//!
//! While a phone rings, its dialog is named as that phone knows it (Call-ID, its own tag, ours), so
//! that a colleague's key can take the call by an INVITE with Replaces (RFC 3891): to those alone who
//! may pick it up (`pick_up`).

use super::board::{Board, Shown};
use super::directory::user_of;
use super::xml::escape;
use crate::dialog::DialogId;
use model::feature::{Lamp, Watched};
use std::fmt::Write;

/// What one subscriber was told of one lamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The version of the next document.
    version: u32,
    /// The call that it shows.
    dialog: Option<u64>,
}

impl Told {
    /// Writes the next document; a partial one says what changed since the last. `named` is the call
    /// that rings, where the subscriber may know its name.
    pub fn next(
        &mut self,
        board: &Board,
        watched: &Watched,
        named: Option<&DialogId>,
        full: bool,
    ) -> String {
        let Shown { lamp, dialog } = board.lamp(watched);
        let user = user_of(watched);
        let (version, state) = (self.version, if full { "full" } else { "partial" });
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
             <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" \
             state=\"{state}\" entity=\"{}\">\r\n",
            escape(&board.address(user))
        );
        let shown = match &lamp {
            Lamp::Ringing { caller } => Some((caller, "early")),
            Lamp::Talking { other } => Some((other, "confirmed")),
            Lamp::Idle | Lamp::Away => None,
        };
        let ended = self.dialog.filter(|old| !full && (shown.is_none() || *old != dialog));
        if let Some(old) = ended {
            let _ = write!(
                text,
                "<dialog id=\"{}\"><state>terminated</state></dialog>\r\n",
                name(user, old)
            );
        }
        if let Some((other, state)) = shown {
            text.push_str(&call(board, watched, (dialog, named), (state, other)));
        }
        text.push_str("</dialog-info>\r\n");
        self.version = self.version.wrapping_add(1);
        self.dialog = shown.map(|_| dialog);
        text
    }
}

/// One call.
fn call(
    board: &Board,
    watched: &Watched,
    (dialog, named): (u64, Option<&DialogId>),
    (state, other): (&str, &str),
) -> String {
    let user = user_of(watched);
    let mut text = format!("<dialog id=\"{}\"", name(user, dialog));
    if state == "early" {
        if let Some(ids) = named {
            let _ = write!(
                text,
                " call-id=\"{}\" local-tag=\"{}\" remote-tag=\"{}\"",
                escape(&ids.call_id),
                escape(&ids.remote_tag),
                escape(&ids.local_tag)
            );
        }
        text.push_str(" direction=\"recipient\"");
    }
    let local = escape(&board.address(user));
    let _ = write!(
        text,
        ">\r\n<state>{state}</state>\r\n\
         <local><identity>{local}</identity><target uri=\"{local}\"/></local>\r\n"
    );
    let far = match is_dialled(other) {
        true => escape(&board.address(other)),
        false => "sip:anonymous@anonymous.invalid".to_owned(),
    };
    let shown = match other.is_empty() {
        true => String::new(),
        false => format!(" display=\"{}\"", escape(other)),
    };
    // The target is where a pick-up goes: to the box, which knows whom the call is with.
    let _ = write!(
        text,
        "<remote><identity{shown}>{far}</identity><target uri=\"{local}\"/></remote>\r\n\
         </dialog>\r\n"
    );
    text
}

/// The identifier of a call within the documents of one lamp.
fn name(user: &str, dialog: u64) -> String {
    format!("{}-{dialog}", escape(user))
}

/// Tells whether a text may stand in the user part of an address: a number, masked or not.
fn is_dialled(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+*#".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{LegId, PhoneId};

    fn board() -> Board {
        Board::new("box.example", "192.0.2.1:5060".parse().unwrap())
    }

    fn desk() -> Watched {
        Watched::Phone(PhoneId::new("8002"))
    }

    fn rings(caller: &str) -> Lamp {
        Lamp::Ringing { caller: caller.into() }
    }

    /// Reads a document back: version, state, and each dialog's id and state.
    fn read(text: &str) -> (u32, String, Vec<(String, String)>) {
        let document = super::super::xml::parse(text).unwrap();
        let root = document.root_element();
        let dialogs = root.children().filter(|n| n.is_element()).map(|dialog| {
            let state = super::super::xml::child_text(dialog, "state").unwrap();
            (dialog.attribute("id").unwrap().to_owned(), state)
        });
        let version = root.attribute("version").unwrap().parse().unwrap();
        (version, root.attribute("state").unwrap().to_owned(), dialogs.collect())
    }

    #[test]
    fn rfc_4235_4_1_the_first_document_is_full_and_versions_count_from_0() {
        let (mut board, mut told) = (board(), Told::default());
        let (version, state, dialogs) = read(&told.next(&board, &desk(), None, true));
        assert_eq!((version, state.as_str(), dialogs.len()), (0, "full", 0));
        board.set_lamp(desk(), rings("*******678"));
        let (version, state, dialogs) = read(&told.next(&board, &desk(), None, false));
        assert_eq!((version, state.as_str()), (1, "partial"));
        assert_eq!(dialogs, [("8002-1".to_owned(), "early".to_owned())]);
    }

    #[test]
    fn rfc_4235_3_7_a_call_that_ended_between_two_documents_is_terminated_and_the_next_one_named() {
        let (mut board, mut told) = (board(), Told::default());
        board.set_lamp(desk(), rings("110"));
        told.next(&board, &desk(), None, true);
        board.set_lamp(desk(), Lamp::Idle);
        board.set_lamp(desk(), rings("120"));
        let (_, _, dialogs) = read(&told.next(&board, &desk(), None, false));
        let named: Vec<_> = dialogs.iter().map(|(id, s)| (id.as_str(), s.as_str())).collect();
        assert_eq!(named, [("8002-1", "terminated"), ("8002-2", "early")]);
        board.set_lamp(desk(), Lamp::Talking { other: "120".into() });
        let (_, _, dialogs) = read(&told.next(&board, &desk(), None, false));
        assert_eq!(dialogs, [("8002-2".to_owned(), "confirmed".to_owned())]);
        board.set_lamp(desk(), Lamp::Away);
        let (_, _, dialogs) = read(&told.next(&board, &desk(), None, false));
        assert_eq!(dialogs, [("8002-2".to_owned(), "terminated".to_owned())]);
        let (_, _, dialogs) = read(&told.next(&board, &desk(), None, false));
        assert_eq!(dialogs, [], "said once");
    }

    #[test]
    fn rfc_4235_4_1_2_a_ringing_call_is_named_as_the_ringing_phone_knows_it() {
        let mut board = board();
        let leg = LegId::inbound(1);
        board.rings(leg, &PhoneId::new("8002"));
        board.set_lamp(desk(), rings("110"));
        let ours = |text: &str| text.to_owned();
        let ids = DialogId {
            call_id: ours("c<1>@box"),
            local_tag: ours("ours"),
            remote_tag: ours("theirs"),
        };
        board.rung(leg, ids);
        let nameless = Told::default().next(&board, &desk(), None, true);
        assert!(nameless.contains("early") && !nameless.contains("tag"), "{nameless}");
        let text = Told::default().next(&board, &desk(), board.dialog_of(&desk()), true);
        let named = "call-id=\"c&lt;1&gt;@box\" local-tag=\"theirs\" remote-tag=\"ours\" direction=\"recipient\"";
        assert!(text.contains(named), "{text}");
    }

    #[test]
    fn a_masked_caller_is_shown_masked_and_a_name_is_no_address() {
        let mut board = board();
        board.set_lamp(desk(), rings("*******678"));
        let text = Told::default().next(&board, &desk(), None, true);
        assert!(
            text.contains("<identity display=\"*******678\">sip:*******678@box.example<"),
            "{text}"
        );
        board.set_lamp(desk(), rings("张 <b>"));
        let text = Told::default().next(&board, &desk(), None, true);
        let shown = "<identity display=\"张 &lt;b&gt;\">sip:anonymous@anonymous.invalid<";
        assert!(text.contains(shown), "{text}");
    }
}
