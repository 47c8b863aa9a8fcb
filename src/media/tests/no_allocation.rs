//! The engine allocates nothing after `Engine::new`: counted over minutes of a busy box.

use assert_no_alloc::{AllocDisabler, assert_no_alloc, reset_violation_count, violation_count};
use media::care::{Care, Terms};
use media::dtmf::KeyTone;
use media::packet::{Packet, SENT_MAX};
use media::{
    Block, Carried, Clip, ClipList, ClipNo, Coder, Command, Config, ControlPath, Engine, Event,
    Live, Packets, RoomNo, Sink, Slot, Srtp, TapFrame, TapNo, Voice,
};
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use model::{Codec, Digit, Instant, Law, PlayId};
use std::net::SocketAddr;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Counts what comes and keeps nothing.
#[derive(Default)]
struct Count {
    packets: u64,
    reports: u64,
    blocks: u64,
    frames: u64,
}

impl Sink for Count {
    fn rtp(&mut self, _slot: Slot, _to: SocketAddr, _packet: &[u8]) {
        self.packets += 1;
    }
    fn rtcp(&mut self, _slot: Slot, _to: SocketAddr, _muxed: bool, _packet: &[u8]) {
        self.reports += 1;
    }
    fn card(&mut self, _slot: Slot, _block: &Block) {
        self.blocks += 1;
    }
    fn tap(&mut self, _tap: TapNo, _frame: &TapFrame) {
        self.frames += 1;
    }
}

const LEGS: u16 = 60;
/// Legs 50 to 59 are ports of a card.
const PHONES: u16 = 50;

fn address(n: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n as u8], 4000))
}

/// Every fifth phone has wide band; those at both ends of some bridges.
fn codec_of(n: u16) -> Codec {
    match n {
        _ if n >= PHONES => Codec::Pcma,
        6 | 16 => Codec::Opus,
        _ if n % 10 == 4 || n.is_multiple_of(5) => Codec::G722,
        _ if n.is_multiple_of(3) => Codec::Pcmu,
        _ => Codec::Pcma,
    }
}

/// Every third phone encrypts, by one suite or the other; the box's end of it, or the phone's.
fn session(n: u16, of_box: bool, keys: u8) -> Option<Box<Srtp>> {
    if n % 3 != 1 || n >= PHONES {
        return None;
    }
    let suite = SrtpSuite::ALL[usize::from(n / 3 % 2)];
    let made = |seed: u8| SrtpKeys::new(suite, &vec![seed; suite.total()]);
    let (ours, theirs) = (made(200)?, made(keys)?);
    Srtp::new(&match of_box {
        true => SrtpPlan { send: ours, receive: theirs },
        false => SrtpPlan { send: theirs, receive: ours },
    })
}

/// That of Opus is any.
fn payload_type(codec: Codec) -> u8 {
    codec.payload_type().unwrap_or(111)
}

fn open(n: u16, coder: Coder, srtp: Option<Box<Srtp>>) -> Command {
    if n >= PHONES {
        return Command::OpenCard { slot: Slot(n), law: Law::A };
    }
    Command::OpenRtp {
        slot: Slot(n),
        ssrc: u32::from(n),
        remote: address(n),
        payload_type: payload_type(coder.codec()),
        packets: Packets { ms: [10, 20, 20, 30, 60][usize::from(n % 5)], ..Packets::default() },
        coder,
        dtmf_payload_type: (!n.is_multiple_of(4)).then_some(101),
        send: true,
        receive: true,
        srtp,
        control: if n.is_multiple_of(2) {
            ControlPath::Muxed
        } else {
            ControlPath::Apart(address(n))
        },
        name: [n as u8; 12],
    }
}

fn datagram(n: u16, tick: u32, payload_type: u8, payload: &[u8], buffer: &mut [u8]) -> usize {
    let packet = Packet {
        marker: false,
        payload_type,
        sequence: tick as u16,
        timestamp: tick * 160 * if codec_of(n) == Codec::Opus { 6 } else { 1 },
        ssrc: 7,
        payload,
    };
    let mut bytes = [0; SENT_MAX];
    let mut len = packet.write(&mut bytes);
    buffer[..len].copy_from_slice(&bytes[..len]);
    if n.is_multiple_of(5) {
        // Sources and an extension in front of the payload.
        let head = [&[0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x10, 9, 0, 0][..], payload].concat();
        buffer[0] |= 0x11;
        len = 12 + head.len();
        buffer[12..len].copy_from_slice(&head);
    }
    len
}

/// A phone's sender report with a block about us, and its name (RFC 3550 section 6.4.1); some say
/// goodbye for another source.
fn report(n: u16, tick: u32, buffer: &mut [u8]) -> usize {
    let part = |head: [u8; 2], words: &[u32]| {
        let body: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        [&head[..], &(words.len() as u16).to_be_bytes(), &body].concat()
    };
    let (ntp, lost) = (tick << 8, (tick % 50) << 24);
    let block = [u32::from(n), lost | 3, tick, tick % 90, ntp, 0x8000];
    let sender = part(
        [0x81, 200],
        &[&[7, tick / 50, ntp, tick * 160, tick, tick * 160], &block[..]].concat(),
    );
    let name = part([0x81, 202], &[7, 0x0103_6162, 0x6300_0000]);
    let bye = part([0x81, 203], &[if tick.is_multiple_of(3) { 9 } else { 7 }]);
    let parts = [sender, name, if tick % 500 < 20 { bye } else { Vec::new() }].concat();
    buffer[..parts.len()].copy_from_slice(&parts);
    parts.len()
}

#[test]
fn thousands_of_ticks_of_a_busy_box_with_loss_allocate_nothing() {
    let sound: Vec<i16> = (0..24_000).map(|n| ((n * n / 7) % 9000) as i16 - 4500).collect();
    let wide = Clip::from_pcm(&sound[..16_000], 16_000).unwrap();
    // Music comes from a line-in, which is there and not there.
    let live = Live::new();
    let clips = Arc::from([Clip::narrow(&sound[..1234]).with_live(&live), wide]);
    let mut engine =
        Engine::new(Config { legs_max: usize::from(LEGS), clips, seed: 1, silent_ms: 3000 });
    let mut sink = Count::default();
    let (mut digits, mut signalled) = (0, 0);
    let (mut played, mut retired, mut figures) = (0, 0, 0);
    let mut random = 1u64;
    let mut keys = vec![0; 8000];
    KeyTone::new(Digit::new('6').unwrap(), 800).fill(&mut keys[..800]);
    let mut line = vec![0; 8000];
    Law::A.encode(&keys, &mut line);
    let mut phones: Vec<_> = (0..LEGS).map(|n| session(n, false, 0)).collect();
    let mut sessions: Vec<_> = (0..LEGS).map(|n| session(n, true, 0)).collect();
    let coder = |n| Coder::new(codec_of(n)).unwrap();
    let mut coders: Vec<_> = (0..LEGS).map(|n| Some(coder(n))).collect();
    let (mut carried, mut moved) = (Carried::default(), 0);
    media::care::warm();
    reset_violation_count();

    assert_no_alloc(|| {
        for (n, (srtp, coder)) in (0..LEGS).zip(sessions.iter_mut().zip(&mut coders)) {
            engine.command(Instant::START, open(n, coder.take().unwrap(), srtp.take()));
            engine.command(Instant::START, Command::Tap { slot: Slot(n), tap: TapNo(n) });
        }
        for n in 0..LEGS / 2 {
            engine.command(Instant::START, Command::Bridge { a: Slot(2 * n), b: Slot(2 * n + 1) });
        }
    });
    for tick in 0..5000u32 {
        let now = Instant::from_millis(u64::from(tick) * 20);
        for n in 0..PHONES {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (dice, slot) = (random >> 33, Slot(n));
            let mut payload = [0; 160];
            let at = (tick as usize * 160) % 20_000;
            match codec_of(n).law() {
                Some(law) => law.encode(&sound[at..at + 160], &mut payload),
                // Any bytes are some sound of G.722; of Opus they are mono CELT of 20 ms.
                None => {
                    payload.fill(tick as u8);
                    payload[0] = 0xF8;
                }
            }
            let mut buffer = [0; 300];
            let event = (tick + u32::from(n)) % 100 < 5 && !n.is_multiple_of(4);
            let mut len = if event {
                datagram(n, tick, 101, &[5, 10, 0, 160], &mut buffer)
            } else {
                datagram(n, tick, payload_type(codec_of(n)), &payload, &mut buffer)
            };
            if let Some(srtp) = &mut phones[usize::from(n)] {
                len = srtp.protect(&mut buffer, len).unwrap();
            }
            assert_no_alloc(|| match dice % 20 {
                // Lost, cut, foreign, doubled, late by two ticks' worth of jitter.
                0 | 1 => {}
                2 => engine.datagram(now, slot, address(n), &buffer[..(dice % 300) as usize]),
                3 => engine.datagram(now, slot, address(99), &buffer[..len]),
                4 => {
                    engine.datagram(now, slot, address(n), &buffer[..len]);
                    engine.datagram(now, slot, address(n), &buffer[..len]);
                }
                _ => engine.datagram(now, slot, address(n), &buffer[..len]),
            });
            if (tick + u32::from(n)).is_multiple_of(40) {
                let mut len = report(n, tick, &mut buffer);
                if let Some(srtp) = &mut phones[usize::from(n)] {
                    len = srtp.protect_control(&mut buffer, len).unwrap();
                }
                let len = if dice % 9 == 0 { (dice % 60) as usize } else { len };
                assert_no_alloc(|| match n.is_multiple_of(2) {
                    true => engine.datagram(now, slot, address(n), &buffer[..len]),
                    false => engine.rtcp(now, slot, address(n), &buffer[..len]),
                });
            }
        }
        let at = (tick as usize * 160) % 8000;
        let block: &Block = line[at..at + 160].try_into().unwrap();
        // Keys are made and freed outside of the tick; those of a re-INVITE are others each time.
        let about = (tick % u32::from(LEGS)) as u16;
        let keys = if matches!(tick % 11, 5 | 6) { tick as u8 } else { 0 };
        let (mut srtp, mut coder) = (session(about, true, keys), Some(coder(about)));
        if keys != 0 {
            phones[usize::from(about)] = session(about, false, keys);
        }
        // A few legs at a time are cared for: each costs as much as fifty others.
        let terms = Terms { noise: tick % 700 < 3, level: tick % 70 < 9 };
        let mut care = Care::new(terms);
        assert_no_alloc(|| {
            live.set(tick % 600 < 400);
            live.write(&sound[at..at + 160]);
            for n in PHONES..LEGS {
                engine.card_block(Slot(n), block);
            }
            let slot = Slot((tick % u32::from(LEGS)) as u16);
            let clips: ClipList = [ClipNo(0), ClipNo(1), ClipNo(7)].into_iter().collect();
            let play = PlayId(u64::from(tick));
            let digit = Digit::from_event_code((tick % 16) as u8);
            if let Some(care) = care.take() {
                engine.command(now, Command::Care { slot, care: Some(care) });
            }
            match (tick % 11, digit) {
                (0, _) => engine.command(now, Command::Play { slot, play, clips, looped: true }),
                (1 | 2, _) => {
                    engine.command(now, Command::Play { slot, play, clips, looped: false })
                }
                (3, _) => {
                    engine.command(now, Command::Seek { slot, by_ms: tick as i32 % 700 - 350 });
                    if tick.is_multiple_of(2) {
                        engine.command(now, Command::StopPlay { slot });
                    }
                }
                (4, Some(digit)) => {
                    let signalled = tick.is_multiple_of(2);
                    engine.command(now, Command::SignalDigits { slot, signalled });
                    engine.command(now, Command::SendDigit { slot, digit });
                    engine.command(now, Command::Pressed { slot, digit });
                }
                (5, _) if slot.0 < PHONES => {
                    engine.command(now, open(slot.0, coder.take().unwrap(), srtp.take()));
                }
                (6, _) => {
                    engine.command(now, Command::Close { slot });
                    engine.command(now, open(slot.0, coder.take().unwrap(), srtp.take()));
                    engine.command(now, Command::Tap { slot, tap: TapNo(slot.0) });
                }
                (9, _) if tick % 2 == 0 => {
                    let (room, beeps) = (RoomNo(tick as u16 % 3), tick % 4 == 0);
                    let voice =
                        [Voice::Nobody, Voice::One(Slot(tick as u16 % 9)), Voice::Everybody];
                    let voice = voice[tick as usize % 3];
                    engine.command(now, Command::Supervise { slot, room, voice, beeps });
                }
                (8 | 9, _) => {
                    engine.command(now, Command::Mix { slot, room: RoomNo(tick as u16 % 3) });
                }
                (10, _) if tick % 3 == 0 => engine.command(now, Command::Unmix { slot }),
                (7, _) => engine.command(now, Command::Bridge { a: slot, b: Slot(slot.0 ^ 1) }),
                _ => {}
            }
            // As if it went to another engine and came back.
            if tick % 3 == 0 && engine.take_leg(slot, &mut carried) {
                moved += u32::from(engine.place_leg(slot, u64::from(tick % 2), &mut carried));
            }
            engine.tick(now, &mut sink);
            while let Some(event) = engine.poll_event() {
                match event {
                    Event::Digit { .. } => digits += 1,
                    Event::SignalDigit { .. } => signalled += 1,
                    Event::Played { .. } => played += 1,
                    Event::Silent { .. }
                    | Event::Quiet { .. }
                    | Event::Heard { .. }
                    | Event::Muted { .. } => {}
                    Event::Quality { .. } => figures += 1,
                }
            }
            engine.counters(slot);
        });
        while let Some(done) = engine.poll_retired() {
            retired += 1;
            drop(done);
        }
    }
    assert_eq!(violation_count(), 0);

    // The box was busy, and the count counts.
    assert_eq!(sink.frames, 300_000);
    // A port that was opened anew waits for two of its frames.
    assert!((49_800..=50_000).contains(&sink.blocks), "{}", sink.blocks);
    assert!((240_000..260_000).contains(&sink.packets), "{}", sink.packets);
    assert!(moved > 1000, "{moved} legs moved");
    assert!(digits > 1000 && played > 100, "{digits} keys, {played} plays");
    assert!(signalled > 20, "{signalled} keys to be signalled");
    let concealed: u64 =
        (0..PHONES).filter_map(|n| engine.counters(Slot(n))).map(|c| c.concealed_ms).sum();
    assert!(concealed > 1000, "{concealed} ms");
    let heard = |n: &u16| engine.counters(Slot(*n)).is_some_and(|c| c.packets > 100);
    let encrypted: Vec<u16> = (0..PHONES).filter(|n| n % 3 == 1).collect();
    assert!(encrypted.iter().filter(|n| heard(n)).count() > encrypted.len() / 2);
    assert!(figures > 300 && sink.reports > 500, "{figures} figures, {} reports", sink.reports);
    let total = engine.totals();
    let (taken, spoiled) = (total.reports_in, total.reports_malformed);
    assert!(taken > 100 && spoiled > 5, "{taken} reports taken, {spoiled} spoiled");
    assert!(retired > 200, "{retired} sessions");
    assert_eq!(engine.engine_counters().retired_not_fetched, 0);
    assert_no_alloc(|| drop(std::hint::black_box(Box::new(random))));
    assert!(violation_count() > 0, "the allocator is watched");
}
