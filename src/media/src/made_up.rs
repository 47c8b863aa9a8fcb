//! How much sound was made up for what was lost or late.
//!
//! ```text
//!   nothing is there to be played: open --the next packet's number goes on after a pause--> no loss
//!                                       --any other packet--> made up
//!   something later is there: made up at once
//! ```
//!
//! A sender that pauses (RFC 7587 3.1.3, RFC 3551 4.1) is found out only when it goes on.

/// What was made up on one leg, in samples of 8 kHz.
#[derive(Clone, Copy, Debug, Default)]
pub struct MadeUp {
    samples: u64,
    /// Made up since the last packet, with none after it to tell whether it was lost.
    open: u64,
}

impl MadeUp {
    /// Notes samples made up; `dry` tells that nothing later is there.
    pub fn note(&mut self, samples: usize, dry: bool) {
        let sum = if dry { &mut self.open } else { &mut self.samples };
        *sum += samples as u64;
    }

    /// Notes a packet; `paused` tells that its number goes on and its time does not.
    pub fn settle(&mut self, paused: bool) {
        let open = std::mem::take(&mut self.open);
        self.samples += if paused { 0 } else { open };
    }

    /// Milliseconds made up.
    pub fn ms(&self) -> u64 {
        self.samples / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_no_loss_and_a_late_packet_is() {
        let mut made_up = MadeUp::default();
        made_up.note(1600, true);
        made_up.settle(true);
        assert_eq!(made_up.ms(), 0);
        made_up.note(160, true);
        made_up.settle(false);
        made_up.note(80, false);
        assert_eq!(made_up.ms(), 30);
    }
}
