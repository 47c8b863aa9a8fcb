//! Packets of sound, in clear and encrypted, from the peer and from anybody.

use super::Dice;
use media::{
    Block, Clip, Coder, Command, Config, ControlPath, Engine, Packets, RoomNo, Sink, Slot, Srtp,
    TapFrame, TapNo, silence::SILENT_MS,
};
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use model::{Codec, Instant, Law};
use std::net::SocketAddr;
use std::time::Duration;

const CLEAR: Slot = Slot(0);
const SECRET: Slot = Slot(1);

#[derive(Default)]
struct Out {
    tapped: u32,
    sent: Vec<(Slot, SocketAddr)>,
}

impl Sink for Out {
    fn rtp(&mut self, slot: Slot, to: SocketAddr, _: &[u8]) {
        self.sent.push((slot, to));
    }
    fn rtcp(&mut self, slot: Slot, to: SocketAddr, _: bool, _: &[u8]) {
        self.sent.push((slot, to));
    }
    fn card(&mut self, _: Slot, _: &Block) {}
    fn tap(&mut self, _: TapNo, _: &TapFrame) {
        self.tapped += 1;
    }
}

/// The longest payload of a packet made here: a little more than is ever taken.
const PAYLOAD_MAX: usize = 1300;

/// Any packets of any codec, with any time stamp, in any order, time and length: every tick says
/// one frame a leg, and what was not authenticated teaches an encrypted leg nothing.
pub fn rtp(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let peer = SocketAddr::from(([192, 0, 2, 7], 4000));
    let thief = SocketAddr::from(([203, 0, 113, 66], 4000));
    let clips = vec![Clip::narrow(vec![0; 800])].into();
    let config = Config { legs_max: 2, clips, seed: 7, silent_ms: SILENT_MS };
    let mut engine = Engine::new(config);
    let setting = dice.byte();
    let suite = SrtpSuite::ALL[usize::from(setting & 1)];
    let codec = |bits: u8| Codec::ALL[usize::from(bits) % Codec::ALL.len()];
    let codecs = [codec(setting >> 1 & 3), codec(setting >> 3 & 3)];
    let keys = |fill| SrtpKeys::new(suite, &vec![fill; suite.total()]).expect("keys of its length");
    let ours = SrtpPlan { send: keys(1), receive: keys(2) };
    let theirs = SrtpPlan { send: keys(2), receive: keys(1) };
    let mut now = Instant::from_millis(1000);
    let legs = [(CLEAR, codecs[0], None), (SECRET, codecs[1], Srtp::new(&ours))];
    for (slot, codec, srtp) in legs {
        let open = Command::OpenRtp {
            slot,
            ssrc: 7,
            remote: peer,
            coder: Coder::new(codec).expect("there is memory for a codec"),
            packets: Packets::default(),
            payload_type: 8,
            dtmf_payload_type: Some(101),
            send: true,
            receive: true,
            srtp,
            control: ControlPath::Muxed,
            name: [7; 12],
        };
        engine.command(now, open);
    }
    engine.command(now, Command::Tap { slot: SECRET, tap: TapNo(0) });
    if setting & 0x20 == 0 {
        engine.command(now, Command::Bridge { a: CLEAR, b: SECRET });
    } else {
        for slot in [CLEAR, SECRET] {
            engine.command(now, Command::Mix { slot, room: RoomNo(0) });
        }
    }
    let mut far = Srtp::new(&theirs);
    let (mut out, mut ticks) = (Out::default(), 0);
    while !dice.is_over() {
        let choice = dice.byte();
        let slot = Slot(u16::from(choice & 1));
        let from = if choice & 2 == 0 { peer } else { thief };
        match choice >> 2 & 3 {
            0 => engine.datagram(now, slot, from, dice.piece()),
            // A packet as the peer makes it, with header and payload of the fuzzer's choice.
            1 | 2 => {
                let mut packet = vec![0x80, dice.byte()];
                let (far_off, long) = (choice & 0x10 != 0, choice & 0x20 != 0);
                if far_off {
                    packet.extend((0..6).map(|_| dice.byte()));
                } else {
                    packet.extend([0, dice.byte(), 0, 0, dice.byte(), 0]);
                }
                packet.extend([0, 0, 0, 7 + (choice >> 6)]);
                let payload = dice.piece();
                let times = if long { usize::from(dice.byte()) } else { 1 };
                packet.extend(payload.repeat(times).iter().take(PAYLOAD_MAX));
                let length = packet.len();
                packet.resize(length + 64, 0);
                let sealed = far.as_mut().and_then(|far| far.protect(&mut packet, length));
                packet.truncate(if slot == SECRET { sealed.unwrap_or(length) } else { length });
                engine.datagram(now, slot, from, &packet);
            }
            _ => {
                now = now + Duration::from_millis(20);
                ticks += 1;
                engine.tick(now, &mut out);
                while engine.poll_event().is_some() {}
                while engine.poll_retired().is_some() {}
            }
        }
    }
    assert_eq!(out.tapped, ticks, "a tapped leg gives a frame a tick");
    for (slot, to) in out.sent {
        assert!(slot == CLEAR || to != thief, "an encrypted leg followed a thief");
    }
}

/// Any reports, in clear and encrypted, from the peer and from anybody: what is not in order is
/// counted, what was not authenticated teaches nothing, and every report we send is in order.
pub fn rtcp(bytes: &[u8]) {
    if let Some(compound) = media::rtcp::compound::Compound::parse(bytes) {
        assert!(compound.parts().count() * 4 <= bytes.len(), "a part has four bytes at least");
    }
    reports(bytes, false);
}

/// Any encrypted packets of sound and reports under any suite: a forged one is never taken.
pub fn srtp(bytes: &[u8]) {
    reports(bytes, true);
    let mut dice = Dice(bytes);
    let suite = SrtpSuite::ALL[dice.below(2)];
    let keys = |fill| SrtpKeys::new(suite, &vec![fill; suite.total()]).expect("keys of its length");
    let ours = SrtpPlan { send: keys(1), receive: keys(2) };
    let mut srtp = Srtp::new(&ours).expect("the library takes keys of their length");
    let mut plain = [0; media::srtp::PACKET_MAX];
    while !dice.is_over() {
        let (sound, piece) = (dice.byte() & 1 == 0, dice.piece());
        let taken = if sound {
            srtp.unprotect(piece, &mut plain)
        } else {
            srtp.unprotect_control(piece, &mut plain)
        };
        assert!(taken.is_err(), "nobody here has the keys");
    }
}

fn reports(bytes: &[u8], secret: bool) {
    let mut dice = Dice(bytes);
    let peer = SocketAddr::from(([192, 0, 2, 7], 4000));
    let thief = SocketAddr::from(([203, 0, 113, 66], 4000));
    let config = Config { legs_max: 1, clips: vec![].into(), seed: 7, silent_ms: SILENT_MS };
    let mut engine = Engine::new(config);
    let suite = SrtpSuite::ALL[dice.below(2)];
    let keys = |fill| SrtpKeys::new(suite, &vec![fill; suite.total()]).expect("keys of its length");
    let ours = SrtpPlan { send: keys(1), receive: keys(2) };
    let mut now = Instant::from_millis(1000);
    let apart = dice.byte() & 1 == 1;
    let open = Command::OpenRtp {
        slot: CLEAR,
        ssrc: 7,
        remote: peer,
        coder: Coder::Law(Law::A),
        payload_type: 8,
        dtmf_payload_type: Some(101),
        send: true,
        receive: true,
        srtp: if secret { Srtp::new(&ours) } else { None },
        packets: Packets::default(),
        control: if apart { ControlPath::Apart(peer) } else { ControlPath::Muxed },
        name: [7; 12],
    };
    engine.command(now, open);
    let mut far = Srtp::new(&SrtpPlan { send: keys(2), receive: keys(1) });
    let mut out = Out::default();
    while !dice.is_over() {
        let choice = dice.byte();
        let from = if choice & 2 == 0 { peer } else { thief };
        match choice >> 2 & 3 {
            0 => engine.datagram(now, CLEAR, from, dice.piece()),
            1 => engine.rtcp(now, CLEAR, from, dice.piece()),
            2 => {
                // A report as the peer makes it, with what it says of the fuzzer's choice.
                let mut packet = vec![0x80 | dice.byte() & 0x1F, 200 + dice.byte() % 5];
                let rest = dice.piece();
                packet.extend(((rest.len() / 4) as u16).to_be_bytes());
                packet.extend(&rest[..rest.len() / 4 * 4]);
                let length = packet.len();
                packet.resize(length + 64, 0);
                let sealed = far.as_mut().and_then(|far| far.protect_control(&mut packet, length));
                packet.truncate(if secret { sealed.unwrap_or(length) } else { length });
                engine.rtcp(now, CLEAR, from, &packet);
            }
            _ => {
                now = now + Duration::from_millis(20 * u64::from(dice.byte()));
                engine.tick(now, &mut out);
                while engine.poll_event().is_some() {}
            }
        }
    }
    assert!(out.sent.iter().all(|(_, to)| secret || *to == peer), "a thief was sent to");
}
