//! Packets of sound, in clear and encrypted, from the peer and from anybody.

use super::Dice;
use media::{
    Block, Clip, Coder, Command, Config, ControlPath, Engine, Packets, Sink, Slot, Srtp, TapFrame,
    TapNo, silence::SILENT_MS,
};
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use model::{Instant, Law};
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

/// Any packets, in any order and time: every tick says one frame a leg, and what was not
/// authenticated teaches an encrypted leg nothing.
pub fn rtp(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let peer = SocketAddr::from(([192, 0, 2, 7], 4000));
    let thief = SocketAddr::from(([203, 0, 113, 66], 4000));
    let clips = vec![Clip::narrow(vec![0; 800])].into();
    let config = Config { legs_max: 2, clips, seed: 7, silent_ms: SILENT_MS };
    let mut engine = Engine::new(config);
    let suite = SrtpSuite::ALL[dice.below(2)];
    let keys = |fill| SrtpKeys::new(suite, &vec![fill; suite.total()]).expect("keys of its length");
    let ours = SrtpPlan { send: keys(1), receive: keys(2) };
    let theirs = SrtpPlan { send: keys(2), receive: keys(1) };
    let mut now = Instant::from_millis(1000);
    for (slot, srtp) in [(CLEAR, None), (SECRET, Srtp::new(&ours))] {
        let open = Command::OpenRtp {
            slot,
            ssrc: 7,
            remote: peer,
            coder: Coder::Law(Law::A),
            packets: Packets::default(),
            payload_type: 8,
            dtmf_payload_type: Some(101),
            send: true,
            receive: true,
            srtp,
            control: ControlPath::Muxed,
        };
        engine.command(now, open);
    }
    engine.command(now, Command::Tap { slot: SECRET, tap: TapNo(0) });
    engine.command(now, Command::Bridge { a: CLEAR, b: SECRET });
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
                let mut packet = vec![0x80, dice.byte(), 0, dice.byte(), 0, 0, dice.byte(), 0];
                packet.extend([0, 0, 0, 7 + (choice >> 6)]);
                packet.extend(dice.piece());
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
