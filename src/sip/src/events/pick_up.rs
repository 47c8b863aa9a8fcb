//! Whose ringing phones a phone may pick up: as the feature code does, so does a lamp's key.
//!
//! Who sits at a phone brings the group, else it is the phone's own. Phones without a group are one
//! group together.

use super::board::Board;
use super::directory::Directory;
use crate::dialog::DialogId;
use model::fact::AgentState;
use model::feature::Watched;
use model::{AgentId, PhoneId};

/// What a phone, or who sits at one, may pick up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PickUp {
    pub group: Option<String>,
    /// Phones of other groups too.
    pub anywhere: bool,
}

impl Directory {
    /// The call that rings at what is watched, where `by` may pick it up. Who may not is not told its
    /// name, which lets anybody take it (RFC 4235 section 4.1.1: Call-ID and tags are optional).
    pub fn named<'a>(
        &self,
        board: &'a Board,
        by: &PhoneId,
        watched: &Watched,
    ) -> Option<&'a DialogId> {
        let rung = board.phone_of(watched)?;
        let same = self.group(board, by) == self.group(board, rung);
        let anywhere = || match sitter(board, by).and_then(|agent| self.agents.get(agent)) {
            Some(desk) => desk.pick_up.anywhere,
            None => self.pick_ups.get(by).is_some_and(|own| own.anywhere),
        };
        board.dialog_of(watched).filter(|_| same || anywhere())
    }

    fn group(&self, board: &Board, phone: &PhoneId) -> Option<&str> {
        let sitter = sitter(board, phone).and_then(|agent| self.agents.get(agent));
        let of_sitter = sitter.and_then(|desk| desk.pick_up.group.as_deref());
        of_sitter.or_else(|| self.pick_ups.get(phone)?.group.as_deref())
    }
}

/// The agent who is logged in at a phone.
fn sitter<'a>(board: &'a Board, phone: &PhoneId) -> Option<&'a AgentId> {
    let (agent, state) = board.seat(phone)?;
    (*state != AgentState::LoggedOut).then_some(agent)
}

#[cfg(test)]
mod tests {
    use super::super::directory::Desk;
    use super::*;
    use model::LegId;
    use model::feature::Features;

    const RUNG: &str = "8002";

    /// Phone 8002 rings; 8001 and 8003 stand beside it, 8003 in another group.
    fn site() -> (Board, Directory) {
        let mut board = Board::new("box.example", "192.0.2.1:5060".parse().unwrap());
        board.rings(LegId::inbound(1), &PhoneId::new(RUNG));
        let ids = DialogId { call_id: "c".into(), local_tag: "l".into(), remote_tag: "r".into() };
        board.rung(LegId::inbound(1), ids);
        let group = |name: &str| PickUp { group: Some(name.into()), anywhere: false };
        let directory = Directory {
            pick_ups: [("8001", "ward"), (RUNG, "ward"), ("8003", "desk")]
                .map(|(phone, name)| (PhoneId::new(phone), group(name)))
                .into(),
            agents: [
                ("7001", PickUp { group: Some("ward".into()), anywhere: false }),
                ("7002", PickUp { group: None, anywhere: true }),
                ("7003", PickUp { group: Some("desk".into()), anywhere: false }),
            ]
            .map(|(agent, pick_up)| (AgentId::new(agent), Desk { pick_up, ..Desk::default() }))
            .into(),
            ..Directory::default()
        };
        (board, directory)
    }

    fn is_named(board: &Board, directory: &Directory, by: &str) -> bool {
        directory.named(board, &by.into(), &Watched::Phone(RUNG.into())).is_some()
    }

    #[test]
    fn rfc_4235_4_1_1_a_ringing_call_is_named_to_its_group_and_to_nobody_else() {
        let (board, directory) = site();
        for (by, named) in [("8001", true), ("8003", false), ("8009", false)] {
            assert_eq!(is_named(&board, &directory, by), named, "{by}");
        }
        assert!(is_named(&board, &Directory::default(), "8009"), "a site that names no groups");
    }

    #[test]
    fn who_sits_at_a_phone_brings_the_group_and_the_right() {
        for (agent, state, named) in [
            ("7001", AgentState::Ready, true),
            ("7001", AgentState::LoggedOut, false),
            ("7002", AgentState::Ready, true),
            ("7003", AgentState::Ready, false),
        ] {
            let (mut board, directory) = site();
            let agent = Some((AgentId::new(agent), state));
            board.set_features(&"8003".into(), Features { agent, ..Features::default() });
            assert_eq!(is_named(&board, &directory, "8003"), named);
        }
    }
}
