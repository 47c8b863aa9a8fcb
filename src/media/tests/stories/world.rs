//! A world for the engine: phones, a network that loses and delays, and virtual time.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};
use media::packet::{Packet, SENT_MAX};
use media::srtp::{PACKET_MAX, TAG_MAX};
use media::{
    Block, Clip, ClipNo, Coder, Command, Config, ControlPath, Engine, Event, LegCounters, Packets,
    Sink, Slot, Srtp, TapFrame, TapNo,
};
use model::srtp::SrtpPlan;
use model::{Codec, Digit, Instant, Law, PlayId};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Numbers from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
    /// From 0 to 1, without 1.
    pub fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
    /// Noise of mean 0 and deviation 1 or so.
    pub fn noise(&mut self) -> f32 {
        (0..6).map(|_| self.share() - 0.5).sum::<f32>() * std::f32::consts::SQRT_2
    }
}

/// What the network between a phone and the box does.
#[derive(Clone, Copy, Default)]
pub struct Network {
    pub loss: f32,
    pub doubled: f32,
    /// Each packet is late by up to this.
    pub jitter_us: u64,
    pub delay_us: u64,
}

/// A phone that says a sound over and over, and remembers what it hears.
pub struct Phone {
    pub address: SocketAddr,
    pub codec: Codec,
    encoder: G722Encoder,
    opus: (opus::Encoder, opus::Decoder),
    /// How it wants to be sent packets.
    pub wants: Packets,
    pub payload_type: u8,
    pub dtmf: Option<u8>,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub packet_ms: u64,
    pub network: Network,
    /// Instead of `network`, where a story asks for more.
    pub way: Option<crate::network::Network>,
    /// Pauses in its talk: comfort noise in words (RFC 3389), then nothing until it speaks again.
    pub pauses: bool,
    /// It sends nothing of Opus that need not be sent (RFC 7587 3.1.3).
    dtx: bool,
    /// Where its reports go and come from.
    pub control: ControlPath,
    hushed: u32,
    /// Parts in a million its clock is fast.
    pub fast_ppm: i64,
    pub mute: bool,
    pub sound: Vec<i16>,
    pub said: usize,
    /// Payload bytes sent, in order, lost ones too.
    pub said_bytes: Vec<u8>,
    pub heard_bytes: Vec<u8>,
    /// What came of Opus.
    heard_samples: Vec<i16>,
    /// Packets that came, whole; decrypted if they were encrypted.
    pub packets: Vec<Vec<u8>>,
    /// Packets as the wire carried them.
    pub wire: Vec<Vec<u8>>,
    /// The phone's end of encrypted sound.
    pub srtp: Option<Box<Srtp>>,
    next_us: i64,
}

impl Phone {
    pub fn heard(&self) -> Vec<i16> {
        if self.codec == Codec::Opus {
            return self.heard_samples.clone();
        }
        let mut samples = vec![0; self.heard_bytes.len() * self.codec.rate().times()];
        match self.codec.law() {
            Some(law) => law.decode(&self.heard_bytes, &mut samples),
            None => _ = G722Decoder::new().decode_into(&self.heard_bytes, &mut samples),
        }
        samples
    }
    /// Units of the codec's clock in so many samples at 8 kHz.
    fn ticks(&self, len: usize) -> u32 {
        len as u32 * (self.codec.rtp_clock_hz() / 8000)
    }
    fn hear(&mut self, payload: &[u8]) {
        self.heard_bytes.extend(payload);
        if self.codec == Codec::Opus {
            let mut samples = [0; 5760];
            let len = self.opus.1.decode(payload, &mut samples, false).unwrap();
            self.heard_samples.extend(&samples[..len]);
        }
    }
    /// Lets what is said hold what repairs the loss of the packet before.
    pub fn prepare_for_loss(&mut self, percent: i32) {
        self.opus.0.set_inband_fec(true).unwrap();
        self.opus.0.set_packet_loss_perc(percent).unwrap();
    }
    /// Leaves packets out in which nobody speaks.
    pub fn pause_in_silence(&mut self) {
        // Below this rate Opus is SILK, whose decoder knows the noise of the room.
        self.opus.0.set_bitrate(opus::Bitrate::Bits(16_000)).unwrap();
        self.opus.0.set_dtx(true).unwrap();
        self.dtx = true;
    }
    /// Forgets what was heard so far.
    pub fn forget(&mut self) {
        self.heard_bytes.clear();
        self.heard_samples.clear();
        self.packets.clear();
        self.wire.clear();
    }
    pub fn packet(&mut self, payload_type: u8, marker: bool, payload: &[u8]) -> Vec<u8> {
        let packet = Packet {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut buffer = [0; SENT_MAX];
        if payload.len() <= SENT_MAX - 12 {
            let len = packet.write(&mut buffer);
            return buffer[..len].to_vec();
        }
        let len = Packet { payload: &[], ..packet }.write(&mut buffer);
        [&buffer[..len], payload].concat()
    }
    fn speak(&mut self) -> Option<Vec<u8>> {
        let len = self.packet_ms as usize * 8;
        let heard = len * self.codec.rate().times();
        let samples: Vec<i16> =
            (0..heard).map(|n| self.sound[(self.said + n) % self.sound.len()]).collect();
        self.said += heard;
        let mut bytes = vec![0; len];
        match self.codec {
            Codec::Opus => bytes = self.opus.0.encode_vec(&samples, 1000).unwrap(),
            Codec::G722 => _ = self.encoder.encode_into(&samples, &mut bytes),
            codec => codec.law().unwrap().encode(&samples, &mut bytes),
        }
        self.said_bytes.extend(&bytes);
        let faint = media::tone::Dbm0::of(&samples) < media::tone::Dbm0(-50.0);
        self.hushed = if self.pauses && faint { self.hushed + 1 } else { 0 };
        // Ten frames of hang-over, one packet of noise, nothing.
        let packet = match self.hushed {
            _ if self.dtx && bytes.len() <= 2 => None,
            0..10 => Some(self.packet(self.payload_type, false, &bytes)),
            10 => Some(self.packet(13, false, &[60])),
            _ => None,
        };
        self.timestamp = self.timestamp.wrapping_add(self.ticks(len));
        packet.map(|packet| self.protect(packet))
    }
    /// Encrypts a packet, if the phone does that.
    pub fn protect(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        let Some(srtp) = &mut self.srtp else { return packet };
        let len = packet.len();
        packet.resize(len + TAG_MAX, 0);
        let len = srtp.protect(&mut packet, len).unwrap();
        packet.truncate(len);
        packet
    }
    fn unprotect(&mut self, packet: Vec<u8>) -> Vec<u8> {
        let Some(srtp) = &mut self.srtp else { return packet };
        let mut plain = [0; PACKET_MAX];
        let len = srtp.unprotect(&packet, &mut plain).unwrap();
        plain[..len].to_vec()
    }
}

fn opus_phone() -> (opus::Encoder, opus::Decoder) {
    let mono = opus::Channels::Mono;
    let encoder = opus::Encoder::new(48_000, mono, opus::Application::Voip).unwrap();
    (encoder, opus::Decoder::new(48_000, mono).unwrap())
}

#[derive(Default)]
pub struct Out {
    pub rtp: Vec<(Slot, SocketAddr, Vec<u8>)>,
    pub cards: BTreeMap<Slot, Vec<u8>>,
    pub taps: BTreeMap<TapNo, Vec<TapFrame>>,
    /// Reports: whose, to where, on the port of sound, what.
    pub rtcp: Vec<(Slot, SocketAddr, bool, Vec<u8>)>,
}

impl Sink for Out {
    fn rtp(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        self.rtp.push((slot, to, packet.to_vec()));
    }
    fn rtcp(&mut self, slot: Slot, to: SocketAddr, muxed: bool, packet: &[u8]) {
        self.rtcp.push((slot, to, muxed, packet.to_vec()));
    }
    fn card(&mut self, slot: Slot, block: &Block) {
        self.cards.entry(slot).or_default().extend(block);
    }
    fn tap(&mut self, tap: TapNo, frame: &TapFrame) {
        self.taps.entry(tap).or_default().push(*frame);
    }
}

pub struct World {
    pub engine: Engine,
    pub now_us: u64,
    pub random: Random,
    pub phones: BTreeMap<Slot, Phone>,
    /// Sound on its way from a line to the box, a block each tick.
    pub lines: BTreeMap<Slot, Vec<u8>>,
    pub out: Out,
    pub events: Vec<Event>,
    on_the_way: BTreeMap<(u64, u64), (Slot, SocketAddr, Vec<u8>)>,
    count: u64,
    opened: u32,
}

impl World {
    pub fn new(clips: Vec<Clip>) -> Self {
        Self::with_legs(clips, 8)
    }

    pub fn with_legs(clips: Vec<Clip>, legs_max: usize) -> Self {
        let config = Config { legs_max, clips: Arc::from(clips), seed: 7, silent_ms: 3000 };
        let now_us = 1_000_000;
        let mut engine = Engine::new(config);
        engine.tick(Instant::from_micros(now_us), &mut Out::default());
        Self {
            engine,
            now_us,
            random: Random(11),
            phones: BTreeMap::new(),
            lines: BTreeMap::new(),
            out: Out::default(),
            events: Vec::new(),
            on_the_way: BTreeMap::new(),
            count: 0,
            opened: 0,
        }
    }

    pub fn now(&self) -> Instant {
        Instant::from_micros(self.now_us)
    }

    /// Opens a leg and gives it a phone that says `sound`, which is at its codec's rate.
    pub fn phone(
        &mut self,
        slot: u16,
        codec: impl Into<Codec>,
        dtmf: Option<u8>,
        sound: Vec<i16>,
    ) -> Slot {
        let codec = codec.into();
        let slot = Slot(slot);
        let phone = Phone {
            address: SocketAddr::from(([192, 0, 2, slot.0 as u8 + 1], 4000)),
            codec,
            encoder: G722Encoder::new(),
            opus: opus_phone(),
            wants: Packets::default(),
            payload_type: codec.payload_type().unwrap_or(111),
            dtmf,
            ssrc: 100 + u32::from(slot.0),
            sequence: 65_500,
            timestamp: u32::MAX - 5000,
            packet_ms: 20,
            network: Network::default(),
            way: None,
            pauses: false,
            dtx: false,
            control: ControlPath::Off,
            hushed: 0,
            fast_ppm: 0,
            mute: false,
            sound,
            said: 0,
            said_bytes: Vec::new(),
            heard_bytes: Vec::new(),
            heard_samples: Vec::new(),
            packets: Vec::new(),
            wire: Vec::new(),
            srtp: None,
            next_us: self.now_us as i64 + 3000 * i64::from(slot.0 % 6),
        };
        self.phones.insert(slot, phone);
        self.open(slot, true, true);
        slot
    }

    pub fn open(&mut self, slot: Slot, send: bool, receive: bool) {
        self.open_with(slot, send, receive, None);
    }

    /// Opens or changes a leg with keys, and gives the phone its end of them.
    pub fn encrypt(&mut self, slot: Slot, plan: &SrtpPlan) {
        let other = SrtpPlan { send: plan.receive.clone(), receive: plan.send.clone() };
        self.phone_mut(slot).srtp = Srtp::new(&other);
        self.open_with(slot, true, true, Some(plan));
    }

    pub fn open_with(&mut self, slot: Slot, send: bool, receive: bool, plan: Option<&SrtpPlan>) {
        self.opened += 1;
        let phone = &self.phones[&slot];
        let command = Command::OpenRtp {
            slot,
            ssrc: 9000 + 100 * self.opened + u32::from(slot.0),
            remote: phone.address,
            coder: Coder::new(phone.codec).unwrap(),
            packets: phone.wants,
            payload_type: phone.payload_type,
            dtmf_payload_type: phone.dtmf,
            send,
            receive,
            srtp: plan.map(|plan| Srtp::new(plan).unwrap()),
            control: phone.control,
            name: [self.opened as u8; 12],
        };
        self.command(command);
    }

    /// Opens a leg of a card whose line says `sound` once, and nothing after it.
    pub fn line(&mut self, slot: u16, law: Law, sound: &[i16]) -> Slot {
        let slot = Slot(slot);
        let mut bytes = vec![0; sound.len()];
        law.encode(sound, &mut bytes);
        self.lines.insert(slot, bytes);
        self.command(Command::OpenCard { slot, law });
        slot
    }

    pub fn command(&mut self, command: Command) {
        self.engine.command(self.now(), command);
    }

    pub fn play(&mut self, slot: Slot, play: u64, clips: &[u32], looped: bool) {
        let clips = clips.iter().copied().map(ClipNo).collect();
        self.command(Command::Play { slot, play: PlayId(play), clips, looped });
    }

    pub fn phone_mut(&mut self, slot: Slot) -> &mut Phone {
        self.phones.get_mut(&slot).unwrap()
    }

    pub fn counters(&self, slot: Slot) -> LegCounters {
        self.engine.counters(slot).unwrap()
    }

    /// Hands a packet in at once, as from the phone.
    pub fn datagram(&mut self, slot: Slot, bytes: &[u8]) {
        let from = self.phones[&slot].address;
        self.engine.datagram(self.now(), slot, from, bytes);
    }

    /// Lets time pass.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.step();
        }
    }

    /// Keys that were told, in order.
    pub fn keys(&self, of: Slot) -> String {
        let key = |event: &Event| match event {
            Event::Digit { slot, digit } if *slot == of => Some(Digit::as_char(*digit)),
            _ => None,
        };
        self.events.iter().filter_map(key).collect()
    }

    /// Legs that fell silent (and for how long) or were heard again, in order.
    pub fn silences(&self) -> Vec<(Slot, Option<u64>)> {
        let silence = |event: &Event| match event {
            Event::Silent { slot, ms } => Some((*slot, Some(*ms))),
            Event::Heard { slot } => Some((*slot, None)),
            _ => None,
        };
        self.events.iter().filter_map(silence).collect()
    }

    /// Legs of which nothing came for long, each time.
    pub fn quiet(&self) -> Vec<Slot> {
        let quiet = |event: &Event| match event {
            Event::Quiet { slot } => Some(*slot),
            _ => None,
        };
        self.events.iter().filter_map(quiet).collect()
    }

    /// Plays that ended, in order.
    pub fn played(&self) -> Vec<u64> {
        let play = |event: &Event| match event {
            Event::Played { play, .. } => Some(play.0),
            _ => None,
        };
        self.events.iter().filter_map(play).collect()
    }

    fn step(&mut self) {
        self.now_us += 1000;
        for (slot, phone) in &mut self.phones {
            if phone.next_us > self.now_us as i64 {
                continue;
            }
            // A fast clock's second is shorter.
            let length = phone.packet_ms as i64 * 1000;
            let sent_us = phone.next_us;
            phone.next_us += length - length * phone.fast_ppm / 1_000_000;
            if phone.mute {
                let len = phone.packet_ms as usize * 8;
                phone.timestamp = phone.timestamp.wrapping_add(phone.ticks(len));
                continue;
            }
            let Some(packet) = phone.speak() else { continue };
            if let Some(way) = &mut phone.way {
                for arrives in way.arrivals(sent_us as u64) {
                    self.count += 1;
                    self.on_the_way
                        .insert((arrives, self.count), (*slot, phone.address, packet.clone()));
                }
                continue;
            }
            let network = phone.network;
            if self.random.share() < network.loss {
                continue;
            }
            let copies = if self.random.share() < network.doubled { 2 } else { 1 };
            for _ in 0..copies {
                let jitter = self.random.below(network.jitter_us + 1);
                let arrives = sent_us as u64 + network.delay_us + jitter;
                self.count += 1;
                self.on_the_way
                    .insert((arrives, self.count), (*slot, phone.address, packet.clone()));
            }
        }
        while let Some(entry) = self.on_the_way.first_entry() {
            if entry.key().0 > self.now_us {
                break;
            }
            let at = Instant::from_micros(entry.key().0);
            let (slot, from, bytes) = entry.remove();
            self.engine.datagram(at, slot, from, &bytes);
        }
        if self.now_us.is_multiple_of(20_000) {
            self.tick();
        }
    }

    fn tick(&mut self) {
        for (slot, line) in &mut self.lines {
            let said = line.len().min(160);
            let mut block = [Law::A.silence(); 160];
            for (byte, said) in block.iter_mut().zip(line.drain(..said)) {
                *byte = said;
            }
            self.engine.card_block(*slot, &block);
        }
        let now = self.now();
        self.engine.tick(now, &mut self.out);
        while let Some(event) = self.engine.poll_event() {
            self.events.push(event);
        }
        for (slot, to, bytes) in self.out.rtp.drain(..) {
            let phone = self.phones.get_mut(&slot).unwrap();
            assert_eq!(to, phone.address, "sent to where the phone listens");
            phone.wire.push(bytes.clone());
            let bytes = phone.unprotect(bytes);
            let packet = Packet::parse(&bytes).unwrap();
            if packet.payload_type == phone.payload_type {
                phone.hear(packet.payload);
            }
            phone.packets.push(bytes);
        }
    }
}

/// A tone of a whole second, so that it can be said over and over without a step.
pub fn tone(hz: f32, level: f32) -> Vec<i16> {
    let mut samples = vec![0; 8000];
    media::tone::Tone::new(hz, media::tone::Dbm0(level)).fill(&mut samples);
    samples
}

/// A voice: glottal pulses of a moving pitch through three moving formants, in syllables.
pub fn voice(seed: u64, seconds: usize, pitch_hz: f32) -> Vec<i16> {
    let mut random = Random(seed);
    let mut out: Vec<f32> = Vec::with_capacity(seconds * 8000);
    let mut phase = 0.0f32;
    let mut filters = [[0.0f32; 2]; 3];
    while out.len() < seconds * 8000 {
        let len = 800 + random.below(1600) as usize;
        let kind = random.below(10);
        let from = pitch_hz * (0.85 + 0.3 * random.share());
        let to = pitch_hz * (0.85 + 0.3 * random.share());
        let formants = [
            250.0 + 550.0 * random.share(),
            850.0 + 1500.0 * random.share(),
            2300.0 + 900.0 * random.share(),
        ];
        let loud = 0.4 + 0.6 * random.share();
        for n in 0..len {
            let t = n as f32 / len as f32;
            let envelope = (std::f32::consts::PI * t).sin().sqrt() * loud;
            phase += (from + (to - from) * t) / 8000.0;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                12.0
            } else {
                0.0
            };
            let excitation = match kind {
                0 => 0.0,
                1 => random.noise() * 0.8,
                _ => pulse + random.noise() * 0.05,
            };
            let mut value = 0.0;
            for (k, state) in filters.iter_mut().enumerate() {
                let bandwidth = [70.0, 100.0, 150.0][k];
                let r = (-std::f32::consts::PI * bandwidth / 8000.0f32).exp();
                let w = std::f32::consts::TAU * formants[k] / 8000.0;
                let y = excitation + 2.0 * r * w.cos() * state[0] - r * r * state[1];
                *state = [y, state[0]];
                value += y * [1.0, 0.6, 0.3][k] * (1.0 - r) * 2.0;
            }
            out.push(value * envelope);
        }
    }
    out.truncate(seconds * 8000);
    let power: f32 = out.iter().map(|s| s * s).sum::<f32>() / out.len() as f32;
    // Active speech at about -20 dBm0.
    let gain = media::tone::PEAK_OF_0_DBM0 / std::f32::consts::SQRT_2 * 0.1 / power.sqrt();
    out.iter().map(|s| (s * gain).clamp(-32000.0, 32000.0) as i16).collect()
}
