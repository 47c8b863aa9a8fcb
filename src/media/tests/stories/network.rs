//! What networks do to packets, from a seed: bursts of loss, jitter, other orders, doubles, routes
//! that change. `World` uses it for a phone that has one.

use crate::world::Random;

/// Loss in bursts (Gilbert and Elliott): a good and a bad state with a chance to change each packet,
/// and a chance of loss in each.
#[derive(Clone, Copy, Debug)]
pub struct Bursts {
    pub to_bad: f32,
    pub to_good: f32,
    pub lost_in_good: f32,
    pub lost_in_bad: f32,
}

impl Bursts {
    /// Loss by chance.
    pub fn random(share: f32) -> Self {
        Self { to_bad: 0.0, to_good: 1.0, lost_in_good: share, lost_in_bad: share }
    }
    /// As much loss in all as `share`, in rows of `length` packets on average.
    pub fn rows(share: f32, length: f32) -> Self {
        let to_good = 1.0 / length;
        let to_bad = share * to_good / (1.0 - share);
        Self { to_bad, to_good, lost_in_good: 0.0, lost_in_bad: 1.0 }
    }
}

/// How long packets take beyond the shortest way.
#[derive(Clone, Copy, Debug)]
pub enum Delay {
    None,
    /// Each by chance up to this; they may overtake one another.
    Even {
        up_to_us: u64,
    },
    /// Bell-shaped, of this deviation about three of them; they may overtake one another.
    Bell {
        deviation_us: u64,
    },
    /// A queue that fills and drains: none overtakes another. The load comes and goes.
    Queue {
        up_to_us: u64,
    },
}

/// A network with its state.
#[derive(Clone, Debug)]
pub struct Network {
    pub bursts: Bursts,
    pub delay: Delay,
    /// Share of packets that go by a longer way of 25 ms and so come after later ones.
    pub overtaken: f32,
    pub doubled: f32,
    /// Each so often the way becomes this much longer, and as often short again.
    pub flap: Option<(u64, u64)>,
    pub random: Random,
    pub bad: bool,
    pub queue_us: i64,
    pub last_us: u64,
    pub lost: u64,
    pub sent: u64,
}

impl Network {
    /// A network that does nothing to packets yet.
    pub fn new(seed: u64) -> Self {
        Self {
            bursts: Bursts::random(0.0),
            delay: Delay::None,
            overtaken: 0.0,
            doubled: 0.0,
            flap: None,
            random: Random(seed),
            bad: false,
            queue_us: 0,
            last_us: 0,
            lost: 0,
            sent: 0,
        }
    }

    /// When the packet sent at a moment arrives: never, once or twice.
    pub fn arrivals(&mut self, sent_us: u64) -> Vec<u64> {
        self.sent += 1;
        let change = if self.bad { self.bursts.to_good } else { self.bursts.to_bad };
        if self.random.share() < change {
            self.bad = !self.bad;
        }
        let loss = if self.bad { self.bursts.lost_in_bad } else { self.bursts.lost_in_good };
        if self.random.share() < loss {
            self.lost += 1;
            return Vec::new();
        }
        let copies = if self.random.share() < self.doubled { 2 } else { 1 };
        (0..copies).map(|_| sent_us + self.takes(sent_us)).collect()
    }

    fn takes(&mut self, sent_us: u64) -> u64 {
        let jitter = match self.delay {
            Delay::None => 0,
            Delay::Even { up_to_us } => self.random.below(up_to_us + 1),
            Delay::Bell { deviation_us } => {
                let many = 3.0 + self.random.noise();
                (many.max(0.0) * deviation_us as f32) as u64
            }
            Delay::Queue { up_to_us } => {
                let step = self.random.noise() * up_to_us as f32 / 6.0;
                self.queue_us = (self.queue_us + step as i64).clamp(0, up_to_us as i64);
                let at = (sent_us + self.queue_us as u64).max(self.last_us + 50);
                self.last_us = at;
                at - sent_us
            }
        };
        let around = if self.random.share() < self.overtaken { 25_000 } else { 0 };
        let route = match self.flap {
            Some((every_us, longer_us)) if sent_us / every_us % 2 == 1 => longer_us,
            _ => 0,
        };
        jitter + around + route
    }
}

#[test]
fn rows_of_loss_are_as_long_and_as_many_as_asked() {
    for (share, length) in [(0.03, 1.5), (0.05, 3.0), (0.1, 6.0)] {
        let mut network = Network { bursts: Bursts::rows(share, length), ..Network::new(3) };
        let lost: Vec<bool> = (0..400_000).map(|n| network.arrivals(n).is_empty()).collect();
        let all = lost.iter().filter(|lost| **lost).count() as f32;
        let rows = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f32;
        assert!((all / 400_000.0 / share - 1.0).abs() < 0.1, "{share}: {all}");
        assert!((all / rows / length - 1.0).abs() < 0.1, "{length}: {}", all / rows);
    }
}
