//! The other connections of a phone that is rung by one: where that fails or says nothing, the phone
//! is rung by the next (RFC 5626 section 5.3).
//!
//! ```text
//!   INVITE by the newest --1xx--> it lives --closes--> INVITE by the next
//!            |-- closes, cannot be opened, nothing for 2 s --> INVITE by the next; should the first
//!                                                 speak after all, it is cancelled
//! ```

use super::wire::Wire;
use crate::message::Message;
use crate::peer::Peer;
use model::Instant;
use rsip::Uri;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How long a connection may say nothing to an INVITE.
pub const SILENT_MAX: Duration = Duration::from_secs(2);

/// By which connections the forks of a leg may go on.
#[derive(Debug, Default)]
pub struct Spares(BTreeMap<usize, Spare>);

#[derive(Debug)]
struct Spare {
    invite: Message,
    /// The newest first.
    to: VecDeque<(Uri, Peer)>,
    silent_at: Option<Instant>,
}

impl Spares {
    /// Notes the other connections of a fork whose INVITE was sent.
    pub fn note(&mut self, now: Instant, fork: usize, invite: Message, to: VecDeque<(Uri, Peer)>) {
        if !to.is_empty() {
            self.0.insert(fork, Spare { invite, to, silent_at: Some(now + SILENT_MAX) });
        }
    }

    /// A fork was heard: with its final response it needs no other connection.
    pub fn heard(&mut self, fork: usize, code: u16) {
        if code >= 200 {
            self.0.remove(&fork);
        } else if let Some(spare) = self.0.get_mut(&fork) {
            spare.silent_at = None;
        }
    }

    /// The next INVITE of a fork that failed, and where it goes; its own spares are those of `next`.
    /// Its body is the first one's, which was for another connection.
    pub fn take(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        fork: usize,
        next: usize,
    ) -> Option<(Message, Peer)> {
        let mut spare = self.0.remove(&fork)?;
        let (uri, to) = spare.to.pop_front()?;
        let mut invite = wire.anew(spare.invite, &to)?;
        invite.set_uri(uri);
        self.note(now, next, invite.clone(), spare.to);
        Some((invite, to))
    }

    /// A fork that said nothing for too long.
    pub fn silent(&self, now: Instant) -> Option<usize> {
        self.0.iter().find(|(_, s)| s.silent_at.is_some_and(|at| at <= now)).map(|(fork, _)| *fork)
    }

    /// When the next one said nothing for too long.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|spare| spare.silent_at).min()
    }
}
