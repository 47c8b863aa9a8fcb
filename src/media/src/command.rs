//! What the media engine is told: small values that can be copied through a bounded queue.

use crate::care::Care;
use crate::coder::Coder;
use crate::room::Voice;
use crate::rtcp::NAME_BYTES;
use crate::srtp::Srtp;
use model::{Digit, Law, PlayId, order::CLIPS_PER_PLAY_MAX};
use std::net::SocketAddr;

/// A leg's place in the engine; the daemon maps its `LegId`s to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

/// A recording's place at the daemon; a tapped leg's frames are handed out under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapNo(pub u16);

/// A room's place in the engine, below `room::ROOMS_MAX`; the daemon maps its `RoomId`s to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomNo(pub u16);

/// A clip's place in `Config::clips`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClipNo(pub u32);

/// The clips of one play, in order; at most `CLIPS_PER_PLAY_MAX` and of fixed size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClipList {
    len: u8,
    clips: [ClipNo; CLIPS_PER_PLAY_MAX],
}

impl ClipList {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a clip at the end, or gives it back if the list is full.
    pub fn push(&mut self, clip: ClipNo) -> Result<(), ClipNo> {
        let place = self.clips.get_mut(usize::from(self.len)).ok_or(clip)?;
        *place = clip;
        self.len += 1;
        Ok(())
    }
    /// The clips, in order.
    pub fn as_slice(&self) -> &[ClipNo] {
        &self.clips[..usize::from(self.len)]
    }
}

impl FromIterator<ClipNo> for ClipList {
    /// Takes the first `CLIPS_PER_PLAY_MAX`; a longer list is cut, as `model::order` says.
    fn from_iter<I: IntoIterator<Item = ClipNo>>(clips: I) -> Self {
        let mut list = Self::new();
        for clip in clips {
            if list.push(clip).is_err() {
                break;
            }
        }
        list
    }
}

impl From<heapless::Vec<ClipNo, CLIPS_PER_PLAY_MAX>> for ClipList {
    fn from(clips: heapless::Vec<ClipNo, CLIPS_PER_PLAY_MAX>) -> Self {
        clips.into_iter().collect()
    }
}

/// Where a leg's reports come from and go to (RFC 3550 section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ControlPath {
    /// None are exchanged.
    #[default]
    Off,
    /// Beside the sound, on its ports (RFC 5761).
    Muxed,
    /// On ports of their own: the peer's is here.
    Apart(SocketAddr),
}

/// How what is sent is cut into packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packets {
    /// How long they are: 10, 20, 30 or 60 ms; Opus has 20 ms always.
    pub ms: u8,
    /// The clock that durations of telephone-events count by: that of the codec, or 8000.
    pub dtmf_clock_hz: u32,
}

impl Default for Packets {
    fn default() -> Self {
        Self { ms: 20, dtmf_clock_hz: 8000 }
    }
}

/// What the engine shall do. A command for a slot that is closed or out of range changes nothing
/// and is counted in `EngineCounters::commands_refused`.
#[derive(Debug)]
pub enum Command {
    /// Opens a leg that speaks RTP, or changes an open one (re-INVITE): play, bridge, tap, sequence
    /// and time stamps stay; what the source and the jitter buffer learned is kept unless the
    /// remote address or the codec changed. The SSRC stays too, unless the clock of the time stamps
    /// changed (RFC 7160 4.1), or keys or address of encrypted sound: then the peer counts anew
    /// (RFC 4568 7.1.4), and so do we under another one. A description that is merely said again
    /// changes nothing.
    OpenRtp {
        slot: Slot,
        ssrc: u32,
        /// Where packets are sent, and where they are taken from (`source`).
        remote: SocketAddr,
        /// The codec, with its state; not used where the leg has one of that codec already.
        coder: Coder,
        payload_type: u8,
        /// Telephone-event (RFC 4733); without it keys are heard and sent in the sound itself.
        dtmf_payload_type: Option<u8>,
        packets: Packets,
        send: bool,
        receive: bool,
        /// The keys of both directions, prepared; nothing for sound in clear.
        srtp: Option<Box<Srtp>>,
        /// Where reports come from and go to.
        control: ControlPath,
        /// Bytes by chance that the leg's name in reports is made of (RFC 7022 4.2).
        name: [u8; NAME_BYTES],
    },
    /// Opens a leg that is a port of a line card. One that is open already, for sound before the
    /// answer, goes on; a leg of another kind or law in the slot is closed first.
    OpenCard { slot: Slot, law: Law },
    /// Closes a leg: its bridge, play and tap end with it.
    Close { slot: Slot },
    /// Plays clips joined without a gap; replaces the play before.
    Play { slot: Slot, play: PlayId, clips: ClipList, looped: bool },
    /// Jumps within what plays, forward or back.
    Seek { slot: Slot, by_ms: i32 },
    /// Stops what plays: music fades out.
    StopPlay { slot: Slot },
    /// Lets two legs hear each other; ends any play on both and any bridge or stay in a room.
    Bridge { a: Slot, b: Slot },
    /// Parts a leg from its peer.
    Unbridge { slot: Slot },
    /// Puts a leg into a room, where it hears all others; ends its play, its bridge and its stay in
    /// another room. A play to a leg in a room replaces what it hears there.
    Mix { slot: Slot, room: RoomNo },
    /// Puts a leg into a room as `Mix` does, and leaves a play to it alone: its room went to another
    /// engine, and it with it.
    MixOn { slot: Slot, room: RoomNo },
    /// Puts a leg into a room as a guest, who hears all legs there and is heard as `voice` says, or
    /// changes by whom it is heard. With `beeps` the others are beeped at as long as it is so.
    /// Unlike `Mix` it leaves a play to the leg alone.
    Supervise { slot: Slot, room: RoomNo, voice: Voice, beeps: bool },
    /// Takes a leg out of its room.
    Unmix { slot: Slot },
    /// Hands both directions of the leg to the sink each tick; replaces a tap before.
    Tap { slot: Slot, tap: TapNo },
    /// Ends the tap.
    Untap { slot: Slot },
    /// Changes what is done for the sound of an open leg before others hear it.
    Care { slot: Slot, care: Option<Box<Care>> },
    /// Sends a key to the leg, as telephone-event, by its signalling or as a tone.
    SendDigit { slot: Slot, digit: Digit },
    /// Says whether keys go to the leg by its signalling (`Event::SignalDigit`) where it takes no
    /// telephone-event; as tones else.
    SignalDigits { slot: Slot, signalled: bool },
    /// The leg's signalling told of a key that was pressed there.
    Pressed { slot: Slot, digit: Digit },
}

impl Command {
    /// The leg the command is about; the first of two.
    pub fn slot(&self) -> Slot {
        match *self {
            Self::OpenRtp { slot, .. }
            | Self::OpenCard { slot, .. }
            | Self::Close { slot }
            | Self::Play { slot, .. }
            | Self::Seek { slot, .. }
            | Self::StopPlay { slot }
            | Self::Bridge { a: slot, .. }
            | Self::Unbridge { slot }
            | Self::Mix { slot, .. }
            | Self::MixOn { slot, .. }
            | Self::Supervise { slot, .. }
            | Self::Care { slot, .. }
            | Self::Unmix { slot }
            | Self::Tap { slot, .. }
            | Self::Untap { slot }
            | Self::SendDigit { slot, .. }
            | Self::SignalDigits { slot, .. }
            | Self::Pressed { slot, .. } => slot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_longer_than_a_play_may_be_is_cut() {
        let list: ClipList = (0..40).map(ClipNo).collect();
        assert_eq!(list.as_slice().len(), CLIPS_PER_PLAY_MAX);
        assert_eq!(list.as_slice().last(), Some(&ClipNo(31)));
    }

    #[test]
    fn a_command_is_small_enough_to_be_queued_by_value() {
        assert!(size_of::<Command>() <= 160, "{}", size_of::<Command>());
    }
}
