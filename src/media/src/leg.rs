//! A leg of the engine: what it says, what it hears, and to whom it is joined.
//!
//! In each tick a leg hears the first of these that there is: a key being sent, a play, its bridge
//! peer or its room, silence.

mod care;
mod control;
mod keys;
mod known;
mod sender;

pub use control::Control;
pub use keys::{Keys, Taken};
pub use known::Known;
pub use sender::Sender;

use crate::card::{CardEar, CardMouth};
use crate::care::Care;
use crate::clip::Clip;
use crate::coder::Coder;
use crate::command::{RoomNo, Slot, TapNo};
use crate::digits::Key;
use crate::hear::Filters;
use crate::play::{Play, Played};
use crate::presses::Way;
use crate::receive::{KeyEvent, Receiver};
use crate::resample::{Resampler, Samples, Weights};
use crate::said::Said;
use crate::silence::Change;
use crate::sink::{Block, LegCounters, Sink, TapFrame};
use crate::srtp::{PACKET_MAX, Refused, Secured, Srtp};
use model::{Codec, Digit, Instant, Law, PlayId, Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};
use std::net::SocketAddr;
use std::time::Duration;

/// Ticks that a peer's sound is decoded and encoded again before its bytes are passed on: 100 ms, in
/// which the encoder's state, that the far decoder shares, comes to be that of the peer's encoder.
const SETTLE_TICKS: u8 = 5;

/// How a leg's sound comes and goes.
#[expect(clippy::large_enum_variant, reason = "legs are reserved in place, at the largest size")]
pub enum Line {
    /// The slot is free.
    Closed,
    Rtp {
        receiver: Receiver,
        sender: Sender,
        /// Nothing where sound goes in clear.
        secured: Option<Secured>,
        /// Nothing where no reports are exchanged.
        control: Option<Control>,
    },
    Card {
        ear: CardEar,
        mouth: CardMouth,
    },
}

/// One leg, with all the memory it will ever use.
pub struct Leg {
    pub line: Line,
    pub coder: Coder,
    pub peer: Option<Slot>,
    pub room: Option<RoomNo>,
    pub tap: Option<TapNo>,
    pub said: Said,
    care: Option<Box<Care>>,
    /// A fax was heard: nothing is done for the sound any more.
    left_alone: bool,
    play: Option<Play>,
    /// What was stopped and is heard yet, and music that would go on where it was.
    falling: Option<Play>,
    rested: Option<Play>,
    pub keys: Keys,
    /// What is said on its way to the rate of a room, and to that of the ear for keys.
    to_room: Resampler,
    to_ear: Resampler,
    /// What is heard on its way to the leg's rate.
    to_leg: Resampler,
    to_tape: Resampler,
    /// Something else was recorded in the last tick than was heard.
    records_apart: bool,
    /// Whose sound is heard, and for how many ticks.
    hears: Option<Slot>,
    settled: u8,
    counters: LegCounters,
    pub known: Known,
}

/// What all legs share and none changes.
pub struct Constants {
    pub filters: Filters,
    pub weights: Weights,
}

impl Leg {
    /// Makes a free slot.
    pub fn closed() -> Self {
        Self::open(Line::Closed, Coder::Law(Law::A), Instant::START)
    }

    /// Makes a leg of a line.
    pub fn open(line: Line, coder: Coder, now: Instant) -> Self {
        Self {
            line,
            peer: None,
            room: None,
            tap: None,
            said: Said::nothing(coder.codec()),
            care: None,
            left_alone: false,
            coder,
            play: None,
            falling: None,
            rested: None,
            keys: Keys::new(),
            to_room: Resampler::new(),
            to_ear: Resampler::new(),
            to_leg: Resampler::new(),
            to_tape: Resampler::new(),
            records_apart: false,
            hears: None,
            settled: 0,
            counters: LegCounters::default(),
            known: Known::new(now),
        }
    }

    /// Tells whether the slot is in use.
    pub fn is_open(&self) -> bool {
        !matches!(self.line, Line::Closed)
    }

    /// Tells whether the leg could be another engine's.
    pub fn can_leave(&self) -> bool {
        matches!(self.line, Line::Rtp { .. })
    }

    /// Forgets whose sound it heard: slots of another engine are others'.
    pub fn hears_nobody(&mut self) {
        self.hears = None;
        self.settled = 0;
    }

    /// Goes on in another engine, with so many ticks between: time stamps are those of their time.
    pub fn go_on(&mut self, missed: u64) {
        if let Line::Rtp { sender, .. } = &mut self.line {
            sender.miss(missed);
        }
    }

    /// How the leg's sound is coded.
    pub fn codec(&self) -> Codec {
        self.coder.codec()
    }

    /// Tells whether the bytes of a peer can be passed on to the leg in this tick, unread.
    pub fn takes_bytes(&self, peer: Slot, codec: Codec) -> bool {
        let settled = self.hears == Some(peer) && self.settled >= SETTLE_TICKS;
        codec == self.codec() && codec.is_even() && (settled || self.coder.is_stateless())
    }

    /// Plays something else from the next tick on.
    pub fn play(&mut self, mut play: Play) {
        self.counters.clips_missing += play.missing();
        self.stop_play();
        if let Some(rested) = &self.rested {
            play.resume(rested);
        }
        self.play = Some(play);
    }
    /// Stops what plays; it fades out under what is played next, or into silence.
    pub fn stop_play(&mut self) {
        if let Some(play) = self.play.take() {
            self.rest(play);
            self.falling = Some(play.fall());
        }
    }
    /// Ends what plays at once, as another is heard.
    pub fn end_play(&mut self) {
        if let Some(play) = self.play.take() {
            self.rest(play);
        }
        self.falling = None;
    }
    /// Jumps within what plays.
    pub fn seek(&mut self, clips: &[Clip], by_ms: i32) {
        if let Some(play) = &mut self.play {
            self.falling = Some(play.fall());
            play.seek(clips, by_ms);
        }
    }
    /// Remembers where music was.
    fn rest(&mut self, play: Play) {
        if play.is_music() {
            self.rested = Some(play);
        }
    }
    /// Adds what falls to a frame of a rate.
    fn add_falling(&mut self, clips: &[Clip], rate: Rate, frame: &mut Samples) {
        let Some(falling) = &mut self.falling else { return };
        let mut under = [0; SAMPLES_PER_FRAME_MAX];
        let (at, played) = falling.fill(clips, self.coder.codec().rate(), &mut under);
        if at == rate {
            let len = rate.samples_per_frame();
            for (sample, under) in frame.iter_mut().zip(&under[..len]) {
                *sample = sample.saturating_add(*under);
            }
        }
        if falling.is_over() || played != Played::On || at != rate {
            self.falling = None;
        }
    }
    /// Takes a datagram; gives the key if it is a telephone-event not told before.
    pub fn datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Result<Option<Digit>, NotOfThisLine> {
        let Line::Rtp { receiver, secured, .. } = &mut self.line else { return Err(NotOfThisLine) };
        let counters = &mut self.counters;
        let event = if let Some(secured) = secured {
            let mut plain = [0; PACKET_MAX];
            match secured.unprotect(now, bytes, &mut plain) {
                Ok(len) => {
                    receiver.datagram(now, from, &plain[..len], true, &mut self.coder, counters)
                }
                Err(refused) => {
                    *match refused {
                        Refused::Malformed => &mut counters.malformed,
                        Refused::Unauthenticated => &mut counters.unauthenticated,
                        Refused::Replayed => &mut counters.replayed,
                    } += 1;
                    None
                }
            }
        } else {
            receiver.datagram(now, from, bytes, false, &mut self.coder, counters)
        };
        Ok(match event {
            Some(KeyEvent::Held(digit)) => {
                self.keys.goes_on(now, Way::Event, digit);
                None
            }
            Some(KeyEvent::Pressed(digit)) => Some(digit),
            None => None,
        })
    }

    /// Gives keys of a peer that no longer count.
    pub fn retire_keys(&mut self, now: Instant) -> Option<Box<Srtp>> {
        let Line::Rtp { secured: Some(secured), .. } = &mut self.line else { return None };
        secured.retire(now)
    }

    /// Tells whether the leg's peer fell silent, or is heard again.
    pub fn silence(&mut self, now: Instant, after: Duration) -> Option<Change> {
        let Line::Rtp { receiver, .. } = &mut self.line else { return None };
        receiver.silence(now, after)
    }

    /// Takes a card's block.
    pub fn block(&mut self, block: &Block) -> Result<(), NotOfThisLine> {
        let Line::Card { ear, mouth } = &mut self.line else { return Err(NotOfThisLine) };
        ear.block(block);
        mouth.owe();
        self.counters.packets += 1;
        Ok(())
    }

    /// Finds what the leg says in this tick; gives a key heard in it. `samples` tells that others
    /// need them and not the bytes alone, `recorded` that its keys are to be found even where none are
    /// meant to be in the sound.
    pub fn listen(
        &mut self,
        now: Instant,
        constants: &Constants,
        samples: bool,
        recorded: bool,
    ) -> Option<Digit> {
        let in_band = match &mut self.line {
            Line::Closed => return None,
            Line::Rtp { receiver, sender, .. } => {
                let in_band = sender.dtmf_payload_type.is_none();
                receiver.tick(now, &mut self.coder, samples || in_band, &mut self.said);
                in_band
            }
            Line::Card { ear, .. } => {
                ear.tick(&constants.weights.fractions, &mut self.said);
                true
            }
        };
        if in_band {
            return self.hear_keys(now, constants);
        }
        if recorded {
            self.find_keys(constants);
        }
        None
    }

    /// Gives what the leg said in this tick at a room's rate.
    pub fn said_at(&mut self, weights: &Weights, rate: Rate, samples: &mut Samples) {
        self.to_room.frame(weights, self.said.rate(), &self.said.samples, rate, samples);
    }

    /// Gives what the leg said in the last tick once more at a room's rate, backwards, so that it
    /// goes on from where it was.
    pub fn said_once_more(&mut self, weights: &Weights, rate: Rate, samples: &mut Samples) {
        let from = self.said.rate();
        let mut back = self.said.samples;
        back[..from.samples_per_frame()].reverse();
        self.to_room.frame(weights, from, &back, rate, samples);
    }

    /// Sends what the leg hears in this tick; gives the play that ended with it.
    pub fn speak(
        &mut self,
        now: Instant,
        slot: Slot,
        others: Others<'_>,
        clips: &[Clip],
        weights: &Weights,
        sink: &mut impl Sink,
    ) -> Option<PlayId> {
        let codec = self.codec();
        let mut heard = [codec.silence(); SAMPLES_PER_FRAME];
        let mut frame = [0; SAMPLES_PER_FRAME_MAX];
        // The frame's rate, if it is to be heard; else the bytes are.
        let mut rate = None;
        let mut ended = None;
        if let Some(play) = &mut self.play {
            let (at, played) = play.fill(clips, codec.rate(), &mut frame);
            rate = Some(at);
            if let Played::Ended(play) = played {
                self.play = None;
                ended = Some(play);
            }
        }
        if rate.is_some() || matches!(others, Others::Nobody) {
            let at = rate.or_else(|| self.falling.map(|play| play.rate(clips, codec.rate())));
            if let Some(at) = at {
                self.add_falling(clips, at, &mut frame);
            }
            rate = at;
        } else {
            self.falling = None;
        }
        let (as_event, timestamp) = match &self.line {
            Line::Rtp { sender, .. } => {
                let clock_hz = sender.dtmf_clock_hz();
                (sender.dtmf_payload_type.map(|_| clock_hz), sender.timestamp())
            }
            Line::Card { .. } | Line::Closed => (None, 0),
        };
        let key = self.keys.sent.tick(as_event, timestamp, &mut frame[..SAMPLES_PER_FRAME]);
        if key == Key::Tone {
            rate = Some(Rate::Narrow);
            self.keys.sounding(now);
        }
        let mut tone = key == Key::Tone;
        // What is recorded instead of what is heard.
        let mut recorded = None;
        self.settle(match (rate, &others) {
            (None, Others::Peer(peer, _)) => Some(*peer),
            _ => None,
        });
        match (rate, others) {
            (Some(rate), _) => self.encode(weights, rate, &frame, &mut heard),
            // It is sent apart: who hears both takes it for two. What passed of it is in the recording.
            (None, Others::Peer(_, said)) if said.likely_key && self.takes() != Taken::Sound => {
                tone |= said.key;
                self.encode(weights, codec.rate(), &frame, &mut heard);
            }
            (None, Others::Peer(peer, said)) => {
                tone |= said.key;
                if !said.changed && (!said.decoded || self.takes_bytes(peer, said.codec)) {
                    self.pass(&said.bytes, &mut heard);
                } else {
                    self.encode(weights, said.rate(), &said.samples, &mut heard);
                }
            }
            (None, Others::Room { rate, heard: samples, recorded: other, key }) => {
                tone |= key;
                let before = self.to_leg;
                self.encode(weights, rate, samples, &mut heard);
                recorded = other.map(|other| self.encode_recorded(weights, before, rate, other));
            }
            (None, Others::Nobody) => self.encode(weights, codec.rate(), &frame, &mut heard),
        }
        let went = self.send(slot, key, &mut heard, weights, sink);
        self.records_apart = recorded.is_some();
        if let Some(tap) = self.tap {
            let heard = match recorded.filter(|_| went) {
                Some(recorded) => recorded,
                None => self.coder.recorded(heard),
            };
            let (codec, left, right) = match &mut self.coder {
                Coder::Opus(opus) => opus.tap(weights),
                _ => (codec, self.said.bytes, heard),
            };
            let keys = [self.said.key, tone];
            sink.tap(tap, &TapFrame { codec, left, right, keys });
        }
        ended
    }

    /// Notes whose sound is heard in this tick.
    fn settle(&mut self, hears: Option<Slot>) {
        let before = std::mem::replace(&mut self.hears, hears);
        let same = hears.is_some() && before == hears;
        self.settled = if same { self.settled.saturating_add(1) } else { 0 };
    }

    /// Makes what is heard of samples of any rate.
    fn encode(&mut self, weights: &Weights, from: Rate, samples: &Samples, heard: &mut Block) {
        let rate = self.codec().rate();
        if from == rate {
            self.to_leg.rest();
            return self.coder.encode(&samples[..rate.samples_per_frame()], heard);
        }
        let mut resampled = [0; SAMPLES_PER_FRAME_MAX];
        self.to_leg.frame(weights, from, samples, rate, &mut resampled);
        self.coder.encode(&resampled[..rate.samples_per_frame()], heard);
    }

    /// Makes what is recorded where that is something else than what is heard, of samples of any
    /// rate; `before` is where the way to the leg's rate was.
    fn encode_recorded(
        &mut self,
        weights: &Weights,
        before: Resampler,
        from: Rate,
        samples: &Samples,
    ) -> Block {
        if !self.records_apart {
            self.to_tape = before;
        }
        let (mut frame, mut block) = ([0; SAMPLES_PER_FRAME_MAX], [0; SAMPLES_PER_FRAME]);
        let rate = self.codec().rate();
        self.to_tape.frame(weights, from, samples, rate, &mut frame);
        self.coder.record(&frame[..rate.samples_per_frame()], &mut block);
        block
    }

    /// Lets bytes be heard as they are.
    fn pass(&mut self, bytes: &Block, heard: &mut Block) {
        *heard = *bytes;
        self.coder.passed(bytes);
        self.to_leg.rest();
    }

    /// What happened on the leg.
    pub fn counters(&self) -> LegCounters {
        let mut counters = self.counters;
        (counters.digits_out, counters.digits_dropped) = self.keys.sent.counts();
        match &self.line {
            Line::Closed => {}
            Line::Rtp { receiver, sender, .. } => {
                receiver.count(&mut counters);
                counters.unsent_ms = sender.unsent_ms();
            }
            Line::Card { ear, .. } => (counters.concealed_ms, counters.skipped_ms) = ear.counts(),
        }
        counters
    }

    /// Sends the block, or the packet of a key instead; what is not sent as sound is not heard. Tells
    /// whether it is.
    fn send(
        &mut self,
        slot: Slot,
        key: Key,
        heard: &mut Block,
        weights: &Weights,
        sink: &mut impl Sink,
    ) -> bool {
        let codec = self.codec();
        let (sent, went) = match &mut self.line {
            Line::Closed => (false, false),
            Line::Card { mouth, .. } => {
                self.counters.unsent_ms += mouth.frame(heard) as u64 / 8;
                while let Some(block) = mouth.block(&weights.fractions) {
                    sink.card(slot, &block);
                }
                (true, true)
            }
            Line::Rtp { sender, secured, .. } => {
                let secured = secured.as_mut();
                let (as_event, sent) = match &key {
                    Key::Event { timestamp, packet } => {
                        (true, sender.key(slot, *timestamp, packet, secured, sink))
                    }
                    _ => {
                        let (payload, blocks) = (self.coder.payload(heard), codec.is_even());
                        (false, sender.sound(slot, payload, blocks, secured, sink))
                    }
                };
                sender.tick();
                if as_event || !sent {
                    *heard = [codec.silence(); SAMPLES_PER_FRAME];
                    self.coder.unheard();
                }
                (sent, sent && !as_event)
            }
        };
        self.counters.sent += u64::from(sent);
        went
    }
}

/// Who a leg hears when nothing is played to it.
pub enum Others<'a> {
    Nobody,
    /// The leg it is bridged with.
    Peer(Slot, &'a Said),
    /// All others of its room.
    Room {
        rate: Rate,
        heard: &'a Samples,
        /// What its recording hears, where that is something else: whispers are in none.
        recorded: Option<&'a Samples>,
        /// A key's tone is in what is recorded.
        key: bool,
    },
}

/// A datagram for a card's leg, or a block for one that speaks RTP.
#[derive(Debug, PartialEq, Eq)]
pub struct NotOfThisLine;
