//! A talk over a network, judged: what the jitter buffer did, and how far it is from the speech.

use crate::ear::{Ear, aligned};
use crate::network::Network;
use crate::world::World;
use media::{Command, LegCounters, TapNo};
use model::Law;

/// What came of a talk.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub counters: LegCounters,
    /// Share of packets the network lost, and of sound that was made up.
    pub lost: f32,
    pub made_up: f32,
    /// Mean of the buffer's delay, looked at each second, in milliseconds.
    pub delay_ms: f32,
    pub delay_ms_most: u64,
    /// The MNRU as far from the speech, in dB; and of a line that does nothing but the law.
    pub q: f32,
}

/// How the phone and its network behave.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: &'static str,
    pub way: Network,
    pub fast_ppm: i64,
    pub pauses: bool,
}

/// Runs a talk of `seconds` and judges the last `judged_seconds` of it.
pub fn judge(ear: &Ear, speech: &[i16], case: &Case, seconds: u64, judged_seconds: u64) -> Judged {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), speech.to_vec());
    let phone = world.phone_mut(a);
    phone.way = Some(case.way.clone());
    phone.fast_ppm = case.fast_ppm;
    phone.pauses = case.pauses;
    let (mut delays, mut said) = (Vec::new(), 0);
    for second in 0..seconds {
        if second + judged_seconds == seconds {
            said = world.phones[&a].said;
            world.command(Command::Tap { slot: a, tap: TapNo(0) });
        }
        world.run(1000);
        world.phone_mut(a).said_bytes.clear();
        delays.push(world.counters(a).delay_ms);
    }
    let mut heard = vec![0; world.out.taps[&TapNo(0)].len() * 160];
    for (frame, place) in world.out.taps[&TapNo(0)].iter().zip(heard.chunks_mut(160)) {
        Law::A.decode(&frame.left, place);
    }
    let clean: Vec<i16> = (0..heard.len()).map(|n| speech[(said + n) % speech.len()]).collect();
    let heard = aligned(&clean, &heard, 4000);
    let distance = ear.distance(&clean, &heard);
    let counters = world.counters(a);
    let way = world.phones[&a].way.as_ref().unwrap();
    Judged {
        counters,
        lost: way.lost as f32 / way.sent.max(1) as f32,
        made_up: counters.concealed_ms as f32 / (seconds * 1000) as f32,
        delay_ms: delays.iter().sum::<u64>() as f32 / delays.len() as f32,
        delay_ms_most: delays.iter().copied().max().unwrap_or(0),
        q: ear.equivalent_q(&clean, distance),
    }
}
