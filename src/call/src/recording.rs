//! The recording of a call: from the answer of the caller's leg until it is gone or hung up, in
//! parts.

use crate::RECORDING_MIN;
use crate::shared::Shared;
use crate::state::Call;
use crate::timers::Kind;
use model::{Fact, Instant, Order, RecordingId};

/// Shorter silences than a second need no explanation.
const UNRECORDED_MS_MIN: u64 = 1000;

/// A part that runs.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) id: RecordingId,
    since: Instant,
}

impl Call {
    /// Begins the next part on the caller's leg.
    pub(crate) fn start_recording(&mut self, now: Instant, shared: &mut Shared) {
        let (Some(leg), None) = (self.caller, &self.recording) else { return };
        self.parts = self.parts.saturating_add(1);
        let id = RecordingId { call: self.id, part: self.parts };
        self.recording = Some(Recording { id, since: now });
        shared.fact(Fact::RecordingStarted { recording: id });
        shared.order(Order::Record { leg, recording: id });
        let length = shared.rules.limits.recording.max(RECORDING_MIN);
        shared.timers.set(self.id, Kind::Part, now + length);
    }

    /// Ends the part that runs, if one does.
    pub(crate) fn stop_recording(&mut self, now: Instant, shared: &mut Shared) {
        let Some(Recording { id, since }) = self.recording.take() else { return };
        shared.timers.clear(self.id, Kind::Part);
        shared.order(Order::StopRecord { recording: id });
        let ms = shared.span_ms(since, now);
        shared.fact(Fact::RecordingEnded { recording: id, ms });
        self.recorded_to = Some(now);
    }

    /// Explains why an answered call ends later than its recording: a leg that was hung up took
    /// long to be gone, and nothing was to be heard on it.
    pub(crate) fn explain_silence(&self, now: Instant, shared: &mut Shared) {
        let Some(to) = self.recorded_to else { return };
        let ms = shared.span_ms(to, now);
        if ms >= UNRECORDED_MS_MIN {
            let why = "waited for the end of a leg that was hung up".to_owned();
            shared.fact(Fact::RecordingMissed { call: self.id, ms, why });
        }
    }

    /// Ends the part that became too long, or that failed, and begins the next at the same moment.
    pub(crate) fn next_part(&mut self, now: Instant, shared: &mut Shared) {
        self.stop_recording(now, shared);
        self.start_recording(now, shared);
    }
}
