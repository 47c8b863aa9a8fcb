//! What comes under a key: each sender's index and the packets of it that came already.

use super::control::ControlIn;
use super::index::{Window, index_of, likely_roc};
use super::transform::Transform;
use super::{PACKET_MAX, Plain, Refused};
use crate::packet::Head;
use heapless::Vec;
use model::srtp::SrtpKeys;

/// Senders (SSRCs) remembered of one leg; one more and the one heard longest ago is forgotten. Only
/// a packet that was authenticated makes one.
pub const SOURCES_MAX: usize = 4;

struct Source {
    ssrc: u32,
    window: Window,
}

/// One direction's keys and the senders heard under them.
pub struct Inbound {
    keys: SrtpKeys,
    transform: Transform,
    pub control: ControlIn,
    /// The one heard last is first.
    sources: Vec<Source, SOURCES_MAX>,
}

impl Inbound {
    pub fn new(keys: SrtpKeys) -> Option<Self> {
        let transform = Transform::new(&keys)?;
        let control = ControlIn::new(&keys)?;
        Some(Self { keys, transform, control, sources: Vec::new() })
    }

    /// Tells whether both were made of the same master key.
    pub fn same_keys(&self, other: &Self) -> bool {
        self.keys == other.keys
    }

    /// The rollover counter that a packet would have here, if its sender is known.
    pub fn estimate(&self, head: Head) -> Option<u32> {
        let source = self.sources.iter().find(|source| source.ssrc == head.ssrc)?;
        likely_roc(source.window.highest, head.sequence)
    }

    /// Authenticates a packet and decrypts it. A sender not heard before starts at rollover counter
    /// 0, or at `goes_on` where keys rolled under way, or at 1 where it began close to the wrap
    /// and spoke before it could be heard.
    pub fn unprotect(
        &mut self,
        bytes: &[u8],
        head: Head,
        goes_on: Option<u32>,
        plain: &mut Plain,
    ) -> Result<usize, Refused> {
        let len = bytes.len();
        if len < head.payload + self.transform.tag_len() || len > PACKET_MAX {
            return Err(Refused::Malformed);
        }
        let known = self.sources.iter().position(|source| source.ssrc == head.ssrc);
        let Some(place) = known else {
            let wrapped = (head.sequence < 1 << 15).then_some(1);
            let tries = [goes_on.filter(|&roc| roc > 1), Some(0), wrapped];
            for roc in tries.into_iter().flatten() {
                if let Some(len) = self.transform.unprotect(bytes, head, roc, plain) {
                    self.learn(head, roc);
                    return Ok(len);
                }
            }
            return Err(Refused::Unauthenticated);
        };
        let highest = self.sources.get(place).map_or(0, |source| source.window.highest);
        let roc = likely_roc(highest, head.sequence).ok_or(Refused::Replayed)?;
        let index = index_of(roc, head.sequence);
        if !self.sources.get(place).is_some_and(|source| source.window.admits(index)) {
            return Err(Refused::Replayed);
        }
        let len = self.transform.unprotect(bytes, head, roc, plain);
        let len = len.ok_or(Refused::Unauthenticated)?;
        if let Some(heard) = self.sources.get_mut(..=place) {
            heard.rotate_right(1);
        }
        if let Some(source) = self.sources.first_mut() {
            source.window.note(index);
        }
        Ok(len)
    }

    /// Remembers a sender whose first packet was authenticated.
    fn learn(&mut self, head: Head, roc: u32) {
        if self.sources.is_full() {
            self.sources.pop();
        }
        let window = Window::new(index_of(roc, head.sequence));
        // There is room now.
        let _ = self.sources.push(Source { ssrc: head.ssrc, window });
        self.sources.rotate_right(1);
    }
}
