//! What is known of a leg: whether it is heard, and its figures of each ten seconds.

use super::{Leg, Line};
use crate::coder::Coder;
use crate::content::{Content, LOOK_MS, LOOK_TICKS, Look, Sound};
use crate::mos::{CodecImpairment, Heard, burst_ratio, opinion, rating};
use crate::muted::{MutedWatch, Turn};
use crate::receive::Tally;
use crate::sink::LegCounters;
use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use model::quality::{Figures, QUALITY_MS};
use model::{Codec, Instant, SAMPLES_PER_FRAME};
use std::time::Duration;

/// Looks at a frame that only a decoder with a state can read are fewer: each stands for so many.
const STATEFUL_LOOKS: u64 = 4;
/// The packet that the other end hears it in is spoken into for so long.
const PACKET_MS: u64 = 20;
/// What the other end's phone takes: its own jitter buffer, microphone and loudspeaker.
const PHONE_MS: u64 = 60;
/// The worst opinion, in hundredths.
const WORST: u16 = 100;

/// What of a leg is known beyond its counters.
pub struct Known {
    content: Content,
    muted: MutedWatch,
    /// When the span of the next figures began, and the counters then.
    since: Instant,
    before: LegCounters,
    tally: Tally,
}

impl Known {
    /// Begins with a leg.
    pub fn new(now: Instant) -> Self {
        Self {
            content: Content::default(),
            muted: MutedWatch::default(),
            since: now,
            before: LegCounters::default(),
            tally: Tally::default(),
        }
    }

    /// Watches a talk from its beginning.
    pub fn renew(&mut self) {
        self.muted.renew();
    }
}

impl Leg {
    /// Looks at what the leg said in this tick, if it is its turn; `tick` counts with the slot, so
    /// that legs take turns.
    pub fn look(&mut self, tick: u64) {
        let turn = tick / LOOK_TICKS;
        if !tick.is_multiple_of(LOOK_TICKS) || !self.is_open() {
            return;
        }
        let law = self.codec().law();
        let hushed = match &self.line {
            Line::Rtp { receiver, .. } => receiver.is_hushed(),
            Line::Card { .. } | Line::Closed => false,
        };
        let said = &self.said;
        let per_frame = said.rate().samples_per_frame();
        let sound = match (hushed, law) {
            (true, _) => Sound::Comfort,
            _ if said.decoded => Sound::of(&said.samples[..per_frame]),
            // The same byte all along needs no decoder.
            (_, Some(_)) if said.bytes.iter().all(|byte| *byte == said.bytes[0]) => Sound::Flat,
            (_, Some(law)) => {
                let mut samples = [0; SAMPLES_PER_FRAME];
                law.decode(&said.bytes, &mut samples);
                Sound::of(&samples)
            }
            _ if !turn.is_multiple_of(STATEFUL_LOOKS) => return,
            _ => {
                // A decoder's own state is not touched: one from the start is in step soon enough
                // to tell how loud it is.
                let mut samples = [0; 2 * SAMPLES_PER_FRAME];
                let _ = G722Decoder::new().decode_into(&said.bytes, &mut samples);
                let sound = Sound::of(&samples[SAMPLES_PER_FRAME..]);
                for _ in 1..STATEFUL_LOOKS {
                    self.known.content.look(sound);
                }
                sound
            }
        };
        self.known.content.look(sound);
    }

    /// What was found at the last look.
    pub fn looks(&self) -> Look {
        self.known.content.last
    }

    /// Tells whether sound should flow both ways between the leg and those it is joined with.
    pub fn is_in_talk(&self) -> bool {
        let described = match &self.line {
            Line::Rtp { receiver, sender, .. } => receiver.receives() && sender.send,
            Line::Card { .. } => true,
            Line::Closed => false,
        };
        described && self.play.is_none() && (self.peer.is_some() || self.room.is_some())
    }

    /// Follows the talk; `others` is the loudest of those the leg is joined with, nothing where
    /// there is no talk. Gives what changed.
    pub fn watch(&mut self, now: Instant, others: Option<Look>) -> Option<Turn> {
        let found = self.known.content.last;
        let watched = others.is_some() && self.is_in_talk();
        self.known.muted.look(now, watched, found, others.unwrap_or_default())
    }

    /// Gives the figures of the last ten seconds when they are over.
    pub fn due_figures(&mut self, now: Instant) -> Option<Figures> {
        let over = now.since(self.known.since) >= Duration::from_millis(QUALITY_MS);
        (over && self.is_open()).then(|| self.figures(now))
    }

    /// Gives the figures since the last ones.
    pub fn figures(&mut self, now: Instant) -> Figures {
        let counters = self.counters();
        let before = std::mem::replace(&mut self.known.before, counters);
        let span = now.since(std::mem::replace(&mut self.known.since, now));
        let content = self.known.content.take_span();
        let since =
            |count: fn(&LegCounters) -> u64| count(&counters).saturating_sub(count(&before));
        let concealed_ms = since(|counters| counters.concealed_ms);
        let packets = since(|counters| counters.packets);
        let round_trip = self.round_trip();
        let tally = self.tally(now);
        let missed = missed(tally, std::mem::replace(&mut self.known.tally, tally));
        let mos = self.opinion(packets, missed, counters.delay_ms);
        let level = |level: Option<crate::tone::Dbm0>| level.map(|level| level.0.round() as i8);
        Figures {
            ms: short(span.as_millis() as u64),
            packets: short(packets),
            lost: short(missed.lost),
            late: short(missed.late),
            concealed_ms: short(concealed_ms),
            jitter_ms: short(counters.jitter_us / 1000),
            buffer_ms: short(counters.delay_ms),
            round_trip_ms: round_trip.map(|span| short(span.as_millis() as u64)),
            far_lost: self.far().map(|far| far.fraction),
            level_dbm0: level(content.level()),
            noise_dbm0: level(content.noise()),
            voice_ms: short(u64::from(content.voiced * LOOK_MS)),
            dead_ms: short(u64::from(content.dead * LOOK_MS)),
            muted: self.known.muted.muted(),
            mos,
        }
    }
}

impl Leg {
    /// What should have come of the leg so far, and did not.
    fn tally(&self, now: Instant) -> Tally {
        match &self.line {
            Line::Rtp { receiver, .. } => receiver.tally(now, self.counters.late),
            Line::Card { .. } | Line::Closed => Tally::default(),
        }
    }

    /// The opinion of a span, in hundredths: the worst where all is missing; none where nothing
    /// was to come.
    fn opinion(&self, packets: u64, missed: Tally, buffer_ms: u64) -> Option<u16> {
        let Line::Rtp { receiver, .. } = &self.line else { return None };
        if !receiver.receives() {
            return None;
        }
        if packets == 0 {
            let unheard = receiver.heard_nothing() && self.known.muted.muted().is_some();
            return (missed.expected > 0 || unheard).then_some(WORST);
        }
        let gone = missed.lost + missed.late;
        // Late ones of the span before may be more than came in this one.
        let expected = missed.expected.max(gone).max(1);
        let heard = Heard {
            codec: impairment(&self.coder),
            delay: receiver.packet()
                + Duration::from_millis(PACKET_MS + PHONE_MS + buffer_ms)
                + self.round_trip().unwrap_or_default() / 2,
            loss: gone as f32 / expected as f32,
            burst_ratio: burst_ratio(expected, gone, missed.rows),
        };
        Some((opinion(rating(&heard)) * 100.0).round() as u16)
    }
}

/// What is missing between two moments. What was owed and then not lost, as the peer had paused,
/// is not taken off what is lost now.
fn missed(now: Tally, before: Tally) -> Tally {
    Tally {
        expected: now.expected.saturating_sub(before.expected),
        lost: now.lost.saturating_sub(before.lost),
        late: now.late.saturating_sub(before.late),
        rows: now.rows.saturating_sub(before.rows),
    }
}

fn impairment(coder: &Coder) -> CodecImpairment {
    match coder.codec() {
        Codec::Pcma | Codec::Pcmu => CodecImpairment::G711,
        Codec::G722 => CodecImpairment::G722,
        Codec::Opus => CodecImpairment::OPUS,
    }
}

fn short(value: u64) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}
