//! Opus (RFC 6716) by libopus: packets of any length in, 20 ms out, losses repaired.
//!
//! ```text
//!   packet --> a place of its own; the jitter buffer holds the place's number for each 125 us of it
//!   tick:  place --decode--> samples | nothing there: the next packet's FEC | concealment
//! ```
//!
//! libopus keeps no heap after its states are made (RFC 6716's reference works on the stack).

use crate::coder::Mouth;
use crate::jitter::{Jitter, Kind};
use crate::made_up::MadeUp;
use crate::packet::PAYLOAD_MAX;
use crate::resample::{Resampler, Samples, Weights};
use crate::sink::Block;
use model::{Codec, OpusTerms, Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};
use opus::{Application, Bandwidth, Bitrate, Channels, Decoder, Encoder};

/// Packets that may wait: those of 500 ms and more, if they are of 10 ms.
const PLACES: usize = 64;
/// Bytes of one packet: 20 ms at 200 kbit/s; a longer one is malformed.
const PACKET_MAX: usize = 512;
/// Longest packet: 120 ms (RFC 6716 section 3.2), in steps of 8 kHz.
const STEPS_MAX: usize = 960;
/// The decoder's own step: 2.5 ms.
const STEP: usize = 20;
/// Samples for each step of 8 kHz.
const TIMES: usize = Rate::Full.times();
/// Losses that the encoder prepares for, in percent, where the peer makes use of that.
const LOSS_PERCENT: i32 = 10;
/// Effort of the encoder, 0 to 10: speech gains little above it.
const COMPLEXITY: i32 = 5;

/// What the jitter buffer holds for a packet: the number of its place, for each step.
pub struct Marks([u8; STEPS_MAX]);

impl Marks {
    /// Has room for the longest packet.
    pub fn new() -> Self {
        Self([0; STEPS_MAX])
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self::new()
    }
}

/// A packet that waits for its time.
#[derive(Clone, Copy)]
struct Place {
    from: u32,
    steps: u16,
    len: u16,
    bytes: [u8; PACKET_MAX],
}

/// The states of both directions.
pub struct Opus {
    decoder: Decoder,
    encoder: Encoder,
    places: [Place; PLACES],
    next: u8,
    /// The packet decoded last, from its first step on.
    decoded: Option<(u32, usize)>,
    samples: [i16; STEPS_MAX * TIMES],
    sent: [u8; PAYLOAD_MAX],
    sent_len: usize,
    /// What is heard, for a recording.
    heard: Samples,
    /// What was said, for a recording.
    said: Block,
    /// What was said and what is heard on their way there.
    taps: [Tape; 2],
}

impl std::fmt::Debug for Opus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opus")
    }
}

impl Opus {
    /// Makes the states, or nothing where libopus has no memory.
    pub fn new(terms: OpusTerms) -> Option<Box<Self>> {
        let hz = Rate::Full.hz();
        let mut encoder = Encoder::new(hz, Channels::Mono, Application::Voip).ok()?;
        let bitrate = i32::try_from(terms.bitrate_bps).unwrap_or(i32::MAX);
        let bandwidth = match terms.rate {
            Rate::Narrow => Bandwidth::Narrowband,
            Rate::Wide => Bandwidth::Wideband,
            Rate::Full => Bandwidth::Fullband,
        };
        encoder.set_bitrate(Bitrate::Bits(bitrate)).ok()?;
        encoder.set_max_bandwidth(bandwidth).ok()?;
        encoder.set_complexity(COMPLEXITY).ok()?;
        encoder.set_inband_fec(terms.fec).ok()?;
        encoder.set_packet_loss_perc(if terms.fec { LOSS_PERCENT } else { 0 }).ok()?;
        let decoder = Decoder::new(hz, Channels::Mono).ok()?;
        let place = Place { from: 0, steps: 0, len: 0, bytes: [0; PACKET_MAX] };
        Some(Box::new(Self {
            decoder,
            encoder,
            places: [place; PLACES],
            next: 0,
            decoded: None,
            samples: [0; STEPS_MAX * TIMES],
            sent: [0; PAYLOAD_MAX],
            sent_len: 0,
            heard: [0; SAMPLES_PER_FRAME_MAX],
            said: [Codec::G722.silence(); SAMPLES_PER_FRAME],
            taps: [Tape::new(), Tape::new()],
        }))
    }

    /// Keeps a packet that begins at a step of 8 kHz; gives what the jitter buffer holds for it, as
    /// long as it is, or nothing if it is no packet of Opus.
    pub fn hold<'a>(&mut self, from: u32, packet: &[u8], marks: &'a mut Marks) -> Option<&'a [u8]> {
        let steps = opus::packet::get_nb_samples(packet, Rate::Narrow.hz()).ok()?;
        let number = self.next;
        let place = self.places.get_mut(usize::from(number))?;
        place.bytes.get_mut(..packet.len())?.copy_from_slice(packet);
        let marks = marks.0.get_mut(..steps).filter(|marks| !marks.is_empty())?;
        (place.from, place.steps, place.len) = (from, steps as u16, packet.len() as u16);
        self.next = (number + 1) % PLACES as u8;
        marks.fill(number);
        Some(marks)
    }

    /// Gives the next 20 ms. In a pause (RFC 7587 section 3.1.3) the decoder goes on with the noise
    /// that was there, from wherever it is.
    pub fn play(&mut self, jitter: &mut Jitter, made_up: &mut MadeUp, said: &mut Samples) {
        let mut at = 0;
        while at < SAMPLES_PER_FRAME {
            let (kind, run) = jitter.next(SAMPLES_PER_FRAME - at);
            let out = &mut said[at * TIMES..(at + run) * TIMES];
            let (played, run) = match kind {
                Kind::Sound => match self.sound(jitter, out) {
                    Some(run) => (true, run),
                    None => (false, self.repair(jitter, run, out)),
                },
                Kind::Gap => {
                    made_up.note(run, jitter.is_dry());
                    (false, self.repair(jitter, run, out))
                }
                Kind::Quiet => (false, self.make_up(None, run, out)),
            };
            jitter.take(run, played);
            at += run;
        }
    }

    /// Forgets the stream: another sender's follows.
    pub fn restart(&mut self) {
        self.decoded = None;
        // It fails for no state that was made.
        let _ = self.decoder.reset_state();
    }

    /// Plays from the packet whose time it is; tells how many steps, or nothing if its place was
    /// taken by a later one.
    fn sound(&mut self, jitter: &Jitter, out: &mut [i16]) -> Option<usize> {
        let (now, number) = jitter.mark(0)?;
        let place = self.places.get(usize::from(number))?;
        let (steps, offset) = (usize::from(place.steps), now.wrapping_sub(place.from) as usize);
        if offset >= steps {
            return None;
        }
        if self.decoded != Some((place.from, steps)) {
            let packet = &place.bytes[..usize::from(place.len)];
            let samples = &mut self.samples[..steps * TIMES];
            if self.decoder.decode(packet, samples, false).is_err() {
                samples.fill(0);
            }
            self.decoded = Some((place.from, steps));
        }
        let run = (steps - offset).min(out.len() / TIMES);
        let from = offset * TIMES;
        out[..run * TIMES].copy_from_slice(&self.samples[from..from + run * TIMES]);
        Some(run)
    }

    /// Makes up what is missing, from what the packet after it says of it if that is there.
    fn repair(&mut self, jitter: &Jitter, run: usize, out: &mut [i16]) -> usize {
        let after = jitter.mark(run as u32);
        let after =
            after.and_then(|(at, n)| self.places.get(usize::from(n)).filter(|p| p.from == at));
        let after = after.map(|place| (place.bytes, usize::from(place.len)));
        self.make_up(after.as_ref().map(|(bytes, len)| &bytes[..*len]), run, out)
    }

    /// Goes on without a packet, or with what the one after it says of it.
    fn make_up(&mut self, after: Option<&[u8]>, run: usize, out: &mut [i16]) -> usize {
        let samples = &mut self.samples[..run.next_multiple_of(STEP) * TIMES];
        let made = self.decoder.decode(after.unwrap_or(&[]), samples, after.is_some());
        if made.is_err() {
            samples.fill(0);
        }
        out.copy_from_slice(&samples[..out.len()]);
        self.decoded = None;
        run
    }

    /// Encodes what the leg hears.
    pub fn encode(&mut self, samples: &[i16]) {
        let len = samples.len().min(SAMPLES_PER_FRAME_MAX);
        self.heard[..len].copy_from_slice(&samples[..len]);
        // A frame of a length that Opus has, into a buffer that is large enough: it cannot fail.
        self.sent_len = self.encoder.encode(&self.heard, &mut self.sent).unwrap_or(0);
    }

    /// What was encoded last.
    pub fn payload(&self) -> &[u8] {
        &self.sent[..self.sent_len]
    }

    /// Notes that what was encoded last was not sent.
    pub fn unheard(&mut self) {
        self.heard.fill(0);
    }

    /// Takes what is recorded instead of what was encoded last.
    pub fn record_instead(&mut self, samples: &[i16]) {
        let len = samples.len().min(SAMPLES_PER_FRAME_MAX);
        self.heard[..len].copy_from_slice(&samples[..len]);
    }

    /// Takes what was said in this tick for a recording.
    pub fn record(&mut self, weights: &Weights, said: &Samples) {
        self.said = self.taps[0].block(weights, said);
    }

    /// Both directions as a recording takes them, in G.722; what was said is what `record` took.
    pub fn tap(&mut self, weights: &Weights) -> (Codec, Block, Block) {
        (Codec::G722, self.said, self.taps[1].block(weights, &self.heard))
    }
}

/// One direction on its way to a recording in G.722.
struct Tape {
    resampler: Resampler,
    mouth: Mouth,
}

impl Tape {
    fn new() -> Self {
        Self { resampler: Resampler::new(), mouth: Mouth::new() }
    }

    fn block(&mut self, weights: &Weights, samples: &Samples) -> Block {
        let mut wide = [0; SAMPLES_PER_FRAME_MAX];
        let mut block = [Codec::G722.silence(); SAMPLES_PER_FRAME];
        self.resampler.frame(weights, Rate::Full, samples, Rate::Wide, &mut wide);
        self.mouth.encode(&wide, &mut block);
        block
    }
}
