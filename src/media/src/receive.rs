//! The receiving side of a leg that speaks RTP: from datagrams to what the leg says in a tick.

use crate::coder::{Coder, Ear, PAST, PAST_SAMPLES, remember};
use crate::command::ControlPath;
use crate::conceal::{Concealer, likeness};
use crate::jitter::{IDLE_TICKS, IDLE_TICKS_DTX, Jitter, Kind, PAYLOAD_MAX, Placed};
use crate::made_up::MadeUp;
use crate::opus::{Marks, Opus};
use crate::packet::Packet;
use crate::rtcp::Receipt;
use crate::said::Said;
use crate::sequence::{Sequence, Taken};
use crate::silence::{Change, Watch};
use crate::sink::LegCounters;
use crate::source::Source;
use crate::telephone_event::EventIn;
use crate::tone::Dbm0;
use model::{Codec, Digit, Instant, SAMPLES_PER_FRAME};
use std::net::SocketAddr;
use std::time::Duration;

/// Payload type of comfort noise (RFC 3389 section 3).
const COMFORT_NOISE: u8 = 13;
/// Samples looked at when some are left out: the frame and as many after it.
const HELD: usize = 2 * SAMPLES_PER_FRAME;
/// Fewest samples that may be left out at once: a pitch period of 200 Hz.
const SKIP_MIN: usize = 40;
/// Samples over which the two sides of a cut are overlapped.
const OVERLAP: usize = 80;
/// Two sides this alike may be joined anywhere.
const ALIKE: f32 = 0.7;
/// Sound below this may be cut anywhere.
const FAINT: Dbm0 = Dbm0(-45.0);
/// Ticks a good place for a cut is waited for: 1 s. Then the best there is will do.
const PATIENCE: u8 = 50;

/// What a leg's description says of the packets that may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub remote: SocketAddr,
    pub codec: Codec,
    pub payload_type: u8,
    pub dtmf_payload_type: Option<u8>,
    pub receive: bool,
}

/// From the time stamp of one packet to the next in a pause that was meant: longer than any packet.
const PAUSE_MS: i32 = 200;

/// What a packet of telephone-event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key not told before.
    Pressed(Digit),
    /// One that was told goes on.
    Held(Digit),
}

/// Takes one leg's datagrams in and gives what it says.
pub struct Receiver {
    expected: Expected,
    source: Source,
    ssrc: Option<u32>,
    /// Another sender, with the number its second packet will have (RFC 3550 A.1, probation).
    candidate: Option<(u32, u16)>,
    sequence: Sequence,
    /// The last time stamp of the wire, and the same one by the clock of the jitter buffer.
    clock: (u32, u32),
    jitter: Jitter,
    events: EventIn,
    concealer: Concealer,
    /// The last bytes that were said.
    past: [u8; PAST],
    /// The last bytes were not decoded: decoder and concealer do not know them.
    behind: bool,
    watch: Watch,
    /// Ticks in which samples could have been left out but sounded too different.
    impatience: u8,
    /// Samples of 8 kHz in the last packet of sound.
    packet: u16,
    /// Rows of packets that came too late, and whether the last one did.
    late_rows: u64,
    was_late: bool,
    made_up: MadeUp,
    skipped: u64,
}

/// What should have come of a leg so far, and did not in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets numbered, and those that a peer that sends all the time owes by now.
    pub expected: u64,
    /// Of them, those that never came, and those that came too late to be played.
    pub lost: u64,
    pub late: u64,
    /// In how many rows.
    pub rows: u64,
}

impl Receiver {
    /// Waits for packets of a description given now, between a tick at `ticked` and the next.
    pub fn new(expected: Expected, now: Instant, ticked: Instant) -> Self {
        let mut jitter = Jitter::new();
        jitter.begin_tick(ticked);
        Self {
            expected,
            source: Source::new(expected.remote, now),
            ssrc: None,
            candidate: None,
            sequence: Sequence::default(),
            clock: (0, 0),
            jitter,
            events: EventIn::default(),
            concealer: Concealer::new(expected.codec.rate()),
            past: [expected.codec.silence(); PAST],
            behind: false,
            watch: Watch::new(now),
            impatience: 0,
            packet: SAMPLES_PER_FRAME as u16,
            late_rows: 0,
            was_late: false,
            made_up: MadeUp::default(),
            skipped: 0,
        }
    }

    /// Tells whether this is what is expected already.
    pub fn is_described(&self, expected: &Expected) -> bool {
        self.expected == *expected
    }

    /// Takes a description that changes nothing: a port from which nothing came yet may be learned
    /// for a while again.
    pub fn refresh(&mut self, now: Instant) {
        self.source.renew(self.expected.remote, now);
    }

    /// Changes what is expected; another address is learned anew, another codec heard anew.
    pub fn change(&mut self, expected: Expected, now: Instant) {
        let before = std::mem::replace(&mut self.expected, expected);
        self.source.renew(expected.remote, now);
        self.watch.renew(now);
        if before.codec != expected.codec || !expected.receive {
            self.jitter.restart();
        }
        if before.codec != expected.codec {
            self.concealer = Concealer::new(expected.codec.rate());
            self.past = [expected.codec.silence(); PAST];
            self.behind = false;
        }
    }

    /// Takes a datagram in clear, or one that was authenticated and decrypted; gives the key if it
    /// is a telephone-event not told before.
    pub fn datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
        authenticated: bool,
        coder: &mut Coder,
        counters: &mut LegCounters,
    ) -> Option<KeyEvent> {
        if !authenticated && !self.source.allows(now, from) {
            counters.foreign += 1;
            return None;
        }
        let Some(packet) = Packet::parse(bytes) else {
            counters.malformed += 1;
            return None;
        };
        let sound = packet.payload_type == self.expected.payload_type;
        let event = Some(packet.payload_type) == self.expected.dtmf_payload_type;
        if !sound && !event && packet.payload_type != COMFORT_NOISE {
            counters.unknown_payload += 1;
            return None;
        }
        if sound && !(1..=PAYLOAD_MAX).contains(&packet.payload.len()) {
            counters.malformed += 1;
            return None;
        }
        counters.sources += u64::from(self.source.lock(from, authenticated));
        let follows = self.sequence.follows(packet.sequence);
        let before = self.ssrc;
        let fresh = self.number(&packet, counters)?;
        if let Coder::Opus(opus) = coder
            && before.is_some_and(|before| before != packet.ssrc)
        {
            opus.restart();
        }
        if !self.expected.receive {
            counters.unwanted += 1;
            return None;
        }
        counters.packets += 1;
        // A pause that was meant is in the time stamps; what was held up on its way is not.
        let skipped =
            packet.timestamp.wrapping_sub(self.clock.0) as i32 / clock_khz(self.expected.codec);
        let meant = follows && skipped >= PAUSE_MS;
        self.watch.packet(now, !sound && !event, meant);
        if sound {
            self.sound(now, &packet, fresh, follows, coder, counters);
            None
        } else {
            let at = self.at(packet.timestamp);
            self.jitter.hush(at);
            event.then(|| self.event(&packet)).flatten()
        }
    }

    fn event(&mut self, packet: &Packet<'_>) -> Option<KeyEvent> {
        let pressed = self.events.take(packet.timestamp, packet.payload);
        pressed.map(KeyEvent::Pressed).or_else(|| self.events.held().map(KeyEvent::Held))
    }

    /// Gives what the leg says in this tick; `samples` tells that they are needed, else they are
    /// made only where bytes alone will not do.
    pub fn tick(&mut self, now: Instant, coder: &mut Coder, samples: bool, said: &mut Said) {
        said.silence(self.expected.codec);
        self.jitter.begin_tick(now);
        if !self.jitter.is_playing() {
            return;
        }
        if let Coder::Opus(opus) = coder {
            return self.play_packets(opus, said);
        }
        let whole = self.jitter.next(SAMPLES_PER_FRAME) == (Kind::Sound, SAMPLES_PER_FRAME);
        if !samples && whole && self.concealer.is_settled() && self.jitter.excess(HELD).is_none() {
            self.pass(said);
        } else {
            let mut ear = coder.ear();
            if !self.skip(&mut ear, said) {
                self.catch_up(&mut ear);
                self.play(&mut ear, said);
            }
        }
        remember(&mut self.past, &said.bytes);
        self.jitter.end_tick(IDLE_TICKS);
        if !self.jitter.is_playing() {
            self.concealer.reset();
        }
    }

    /// The one address packets in clear come from until the next description.
    pub fn settled(&self) -> Option<SocketAddr> {
        self.source.settled()
    }

    /// Tells whether reports in clear may come from here: from the sender of the sound, whose port
    /// they share or not.
    pub fn allows_control(&self, now: Instant, from: SocketAddr, path: ControlPath) -> bool {
        match path {
            ControlPath::Muxed => self.source.allows(now, from),
            ControlPath::Apart(_) | ControlPath::Off => self.source.is_host(from),
        }
    }

    /// Tells whether the last packet was comfort noise, or none came for a while.
    pub fn is_hushed(&self) -> bool {
        self.watch.is_noise() || !self.jitter.is_playing()
    }

    /// Tells whether sound is to come.
    pub fn receives(&self) -> bool {
        self.expected.receive
    }

    /// Whose sound is heard.
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// What came of its packets.
    pub fn receipt(&self) -> Option<Receipt> {
        let (highest, expected, received) = self.sequence.receipt()?;
        let clock = u64::from(self.expected.codec.rtp_clock_hz());
        let jitter = (self.jitter.jitter_us() * clock / 1_000_000) as u32;
        Some(Receipt { ssrc: self.ssrc?, highest, expected, received, jitter })
    }

    /// Notes that the peer reports: it is there, whether it sends sound or not.
    pub fn alive(&mut self, now: Instant) {
        self.watch.report(now);
    }

    /// Notes that the peer said goodbye.
    pub fn gone(&mut self) {
        self.watch.goodbye();
    }

    /// Tells whether the peer fell silent, or is heard again.
    pub fn silence(&mut self, now: Instant, after: Duration) -> Option<Change> {
        self.watch.tick(now, self.expected.receive, after)
    }

    /// Adds what is known beyond single packets.
    pub fn count(&self, counters: &mut LegCounters) {
        counters.lost = self.sequence.lost();
        counters.concealed_ms = self.made_up.ms();
        counters.gaps = self.sequence.rows() + self.late_rows;
        counters.skipped_ms = (self.skipped + self.jitter.skipped()) / 8;
        counters.jitter_us = self.jitter.jitter_us();
        counters.delay_ms = self.jitter.delay_ms();
    }

    /// What should have come so far; `late` is what the leg counted.
    pub fn tally(&self, now: Instant, late: u64) -> Tally {
        let owes = if self.expected.receive { self.watch.owes(now, self.packet()) } else { 0 };
        Tally {
            expected: self.sequence.expected().saturating_add(owes),
            lost: self.sequence.lost().saturating_add(owes),
            late,
            rows: self.sequence.rows() + self.late_rows + u64::from(owes > 0),
        }
    }

    /// How much sound is in a packet.
    pub fn packet(&self) -> Duration {
        Duration::from_micros(u64::from(self.packet) * 125)
    }

    /// Tells whether something was to come, and nothing did, not even a report.
    pub fn heard_nothing(&self) -> bool {
        self.expected.receive && self.watch.heard_nothing()
    }

    /// Judges sender and sequence number; gives whether the packet is newer than all before.
    fn number(&mut self, packet: &Packet<'_>, counters: &mut LegCounters) -> Option<bool> {
        if self.ssrc.is_some_and(|ssrc| ssrc != packet.ssrc) {
            if self.candidate != Some((packet.ssrc, packet.sequence)) {
                self.candidate = Some((packet.ssrc, packet.sequence.wrapping_add(1)));
                return None;
            }
            counters.resyncs += 1;
            self.sequence.restart(packet.sequence);
            self.jitter.restart();
            self.events.reset();
            self.ssrc = Some(packet.ssrc);
            self.candidate = None;
            return Some(true);
        }
        self.candidate = None;
        self.ssrc = Some(packet.ssrc);
        match self.sequence.take(packet.sequence) {
            Taken::New => Some(true),
            Taken::Reordered => Some(false),
            Taken::Restarted => {
                counters.resyncs += 1;
                Some(true)
            }
            Taken::Duplicate => {
                counters.duplicates += 1;
                None
            }
            Taken::Wild => None,
        }
    }

    fn sound(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        fresh: bool,
        follows: bool,
        coder: &mut Coder,
        counters: &mut LegCounters,
    ) {
        let at = self.at(packet.timestamp);
        let mut marks = Marks::new();
        let bytes = match coder {
            Coder::Opus(opus) => match opus.hold(at, packet.payload, &mut marks) {
                Some(marks) => marks,
                None => return counters.malformed += 1,
            },
            _ => packet.payload,
        };
        let paused = follows && self.jitter.pause(at);
        self.made_up.settle(paused);
        // No packet is longer than `PAYLOAD_MAX`.
        self.packet = bytes.len() as u16;
        let placed = self.jitter.put(now, at, bytes, fresh);
        let late = placed == Placed::Late;
        self.late_rows += u64::from(late && !self.was_late);
        self.was_late = late;
        match placed {
            Placed::Held => {}
            Placed::Late => counters.late += 1,
            Placed::Duplicate => counters.duplicates += 1,
            Placed::Resynced => counters.resyncs += 1,
        }
    }

    /// A time stamp of the wire by the clock of the jitter buffer, of 8 kHz. Both go on from the
    /// last one, so that neither's wrap is seen in the other.
    fn at(&mut self, timestamp: u32) -> u32 {
        let (wire, ours) = self.clock;
        let times = (self.expected.codec.rtp_clock_hz() / 8000) as i32;
        let later = timestamp.wrapping_sub(wire) as i32;
        // What is no whole step waits for the next packet.
        let steps = later.div_euclid(times);
        let whole = steps.wrapping_mul(times) as u32;
        self.clock = (wire.wrapping_add(whole), ours.wrapping_add(steps as u32));
        self.clock.1
    }

    /// Plays packets that are no line of bytes. To bring the delay down a frame is left out: a faint
    /// one, or any when none comes.
    fn play_packets(&mut self, opus: &mut Opus, said: &mut Said) {
        let excess = self.jitter.excess(HELD).is_some();
        opus.play(&mut self.jitter, &mut self.made_up, &mut said.samples);
        self.impatience = if excess { self.impatience + 1 } else { 0 };
        if excess && (Dbm0::of(&said.samples) < FAINT || self.impatience >= PATIENCE) {
            opus.play(&mut self.jitter, &mut self.made_up, &mut said.samples);
            self.skipped += SAMPLES_PER_FRAME as u64;
            self.impatience = 0;
        }
        // The decoder goes on from where it is, however long a pause lasts.
        self.jitter.end_tick(IDLE_TICKS_DTX);
    }

    /// Says the bytes of the wire without looking at what they mean.
    fn pass(&mut self, said: &mut Said) {
        self.jitter.peek(&mut said.bytes);
        said.decoded = false;
        self.behind = true;
        self.impatience = 0;
        self.jitter.take(SAMPLES_PER_FRAME, true);
    }

    /// Decodes what passed undecoded of late, so that what follows goes on from it.
    fn catch_up(&mut self, ear: &mut Ear<'_>) {
        if std::mem::take(&mut self.behind) {
            let mut samples = [0; PAST_SAMPLES];
            let len = ear.catch_up(&self.past, &mut samples);
            self.concealer.recall(&samples[PAST_SAMPLES - len..]);
        }
    }

    /// Plays what is there and makes up what is missing.
    fn play(&mut self, ear: &mut Ear<'_>, said: &mut Said) {
        let times = ear.rate().times();
        let (mut at, mut changed) = (0, false);
        while at < SAMPLES_PER_FRAME {
            let (kind, run) = self.jitter.next(SAMPLES_PER_FRAME - at);
            let bytes = &mut said.bytes[at..at + run];
            let samples = &mut said.samples[at * times..(at + run) * times];
            match kind {
                Kind::Sound => {
                    self.jitter.peek(bytes);
                    ear.decode(bytes, samples);
                    changed |= self.concealer.real(samples) > 0;
                }
                Kind::Gap => {
                    self.concealer.missing(samples);
                    self.made_up.note(run, self.jitter.is_dry());
                    changed = true;
                }
                Kind::Quiet => {
                    changed |= !self.concealer.is_settled();
                    self.concealer.quiet(samples);
                }
            }
            self.jitter.take(run, kind == Kind::Sound);
            at += run;
        }
        if changed {
            ear.encode(&self.past, &said.samples, &mut said.bytes);
        }
    }

    /// Leaves samples out where it is heard least, when the delay is longer than it need be.
    fn skip(&mut self, ear: &mut Ear<'_>, said: &mut Said) -> bool {
        let Some(excess) = self.jitter.excess(HELD) else {
            self.impatience = 0;
            return false;
        };
        let times = ear.rate().times();
        let (mut bytes, mut samples) = ([0; HELD], [0; 2 * HELD]);
        self.jitter.peek(&mut bytes);
        // The decoder is run ahead of what will be said; it comes into step with the next frame.
        self.catch_up(ear);
        self.behind = !ear.is_stateless();
        ear.decode(&bytes, &mut samples[..HELD * times]);
        let narrow = std::array::from_fn(|n| samples[n * times]);
        let Some(skip) = cut(&narrow, excess, self.impatience >= PATIENCE) else {
            self.impatience += 1;
            return false;
        };
        self.impatience = 0;
        let (from, len) = (skip * times, SAMPLES_PER_FRAME * times);
        said.samples[..len].copy_from_slice(&samples[from..from + len]);
        let overlap = OVERLAP * times;
        for (n, (after, before)) in said.samples.iter_mut().zip(&samples[..overlap]).enumerate() {
            let new = (n + 1) as f32 / (overlap + 1) as f32;
            let value = f32::from(*before) * (1.0 - new) + f32::from(*after) * new;
            *after = value.round() as i16;
        }
        self.concealer.real(&mut said.samples[..len]);
        ear.encode(&self.past, &said.samples, &mut said.bytes);
        self.jitter.take(skip + SAMPLES_PER_FRAME, true);
        self.skipped += skip as u64;
        true
    }
}

fn clock_khz(codec: Codec) -> i32 {
    (codec.rtp_clock_hz() / 1000) as i32
}

/// Finds how many samples to leave out, at most `excess`, so that what follows goes on where what
/// came before was; nothing if no place is good enough and there is time to wait for a better one.
fn cut(samples: &[i16; HELD], excess: usize, now: bool) -> Option<usize> {
    let longest = excess.min(HELD - SAMPLES_PER_FRAME);
    if longest < SKIP_MIN {
        return None;
    }
    if Dbm0::of(samples) < FAINT {
        return Some(longest);
    }
    let head = &samples[..OVERLAP];
    let mut best = (longest, f32::MIN);
    for skip in (SKIP_MIN..=longest).rev() {
        let alike = likeness(head, &samples[skip..skip + OVERLAP], 2);
        if alike > best.1 {
            best = (skip, alike);
        }
    }
    (now || best.1 >= ALIKE).then_some(best.0)
}
