//! What fuzzing holds parsers and cores to: a target takes any bytes and panics where a promise is
//! broken. `scripts/fuzz` runs them under libFuzzer; `tests/replay.rs` plays what was found again.

mod dialled;
mod endpoint;
mod modem;
mod primary;
mod provisioning;
mod signalling;
mod sound;

/// A target: what it is called, and what takes the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 14] = [
    ("sip_message", signalling::message),
    ("sip_stream", signalling::stream),
    ("sip_names", signalling::names),
    ("sdp", signalling::sdp),
    ("digest", signalling::digest),
    ("event_bodies", signalling::event_bodies),
    ("endpoint", endpoint::endpoint),
    ("rtp", sound::rtp),
    ("rtcp", sound::rtcp),
    ("srtp", sound::srtp),
    ("dialled", dialled::dialled),
    ("primary", primary::frames),
    ("modem", modem::talk),
    ("provisioning", provisioning::provisioning),
];

/// The target of that name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// Bytes that choices are read off; when they are used up, every choice is the first.
pub struct Dice<'a>(pub &'a [u8]);

impl<'a> Dice<'a> {
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }
    /// The next bytes: at most as many as the byte before them says.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }
}
