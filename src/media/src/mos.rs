//! How a call sounds, as a mean opinion: the E-model of ITU-T G.107, and G.107.1 for wide band.
//!
//! ```text
//!   R = R0 - Is - Id - Ie,eff        R0 - Is: the model's own default (G.107 table 3)
//!   Id  = talker echo + listener echo + delay       of the one-way delay     (G.107 7.4)
//!   Ie,eff = Ie + (95 - Ie) * loss / (loss / BurstR + Bpl)                   (G.107 7.5)
//!   MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6                            (G.107 annex B)
//! ```
//!
//! Wide band goes on where narrow band ends: G.107.1 measured its R so that a narrow call keeps its
//! own and the best wide one has 129. Both are read off one scale here, so that they may be compared,
//! and an opinion ends at 4.5 for both: above R = 100 a telephone's caller has nothing to wish for.
//!
//! Levels, room noise and echo loss are the model's defaults: they are the telephones', and nobody
//! tells the box of them. So the figure is what the network and the box make of a call, no more.

use std::time::Duration;

/// R0 - Is with the defaults, before the listener echo that `listener_echo` brings (G.107 table 3:
/// R of all defaults is 93.2).
const BASE: f32 = 93.35;
/// Noise (No) and receive loudness rating that the defaults come to, in dBm0p and dB.
const NO: f32 = -61.18;
const RLR: f32 = 2.0;
/// Talker echo loudness rating and weighted echo path loss by default, in dB (G.107 table 2).
const TELR: f32 = 65.0;
const WEPL: f32 = 110.0;
/// The best R of wide band (G.107.1: 129) to that of narrow band.
const WIDE: f32 = 129.0 / 93.2;
/// What the loss of everything costs (G.107 7.5), of narrow band's R.
const LOSS_MAX: f32 = 95.0;

/// What a codec costs: impairment, and how well it bears packets lost (ITU-T G.113).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodecImpairment {
    /// Ie.
    pub equipment: f32,
    /// Bpl.
    pub robustness: f32,
    /// It carries wide band, and Ie is that of G.107.1.
    pub wide: bool,
}

impl CodecImpairment {
    /// G.711 with the concealment of its appendix I (G.113 appendix I).
    pub const G711: Self = Self { equipment: 0.0, robustness: 25.1, wide: false };
    /// G.711 where what is lost is a gap (G.113 appendix I).
    pub const G711_GAPS: Self = Self { equipment: 0.0, robustness: 4.3, wide: false };
    /// G.722 at 64 kbit/s (G.113 appendix IV); how it bears loss is our estimate, a cautious one.
    pub const G722: Self = Self { equipment: 13.0, robustness: 10.0, wide: true };
    /// Opus of 24 kbit/s and more. G.113 has no figures for it: both are our estimate.
    pub const OPUS: Self = Self { equipment: 5.0, robustness: 20.0, wide: true };
}

/// What is known of one direction of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    pub codec: CodecImpairment,
    /// Mouth to ear.
    pub delay: Duration,
    /// Share of packets that were not there when they were to be played, from 0 to 1.
    pub loss: f32,
    /// Packets lost in a row, on average, to what they would be were loss random: 1 and more.
    pub burst_ratio: f32,
}

/// The transmission rating R: 0 to 93.2, and to 129 for wide band. The loss of everything costs
/// wide band as much more as it begins higher: by the 95 of G.107.1 a wide call of which nothing
/// comes would be rated 40 and a narrow one 17.
pub fn rating(heard: &Heard) -> f32 {
    let delay_ms = heard.delay.as_secs_f32() * 1000.0;
    let loss = heard.loss.clamp(0.0, 1.0) * 100.0;
    let Heard { codec, burst_ratio, .. } = heard;
    let times = if codec.wide { WIDE } else { 1.0 };
    let spread = loss / burst_ratio.max(1.0) + codec.robustness;
    let lossy = codec.equipment + (LOSS_MAX * times - codec.equipment) * loss / spread;
    (BASE * times - delay_impairment(delay_ms) - lossy).max(0.0)
}

/// The opinion of a rating, from 1 to 4.5 (G.107 annex B).
pub fn opinion(rating: f32) -> f32 {
    let r = rating.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
}

/// What the ratio of bursts is where `lost` of `expected` packets went in `bursts` rows: the mean
/// row to the one of random loss, 1 / (1 - share) (G.107 7.5).
pub fn burst_ratio(expected: u64, lost: u64, bursts: u64) -> f32 {
    if expected == 0 || lost == 0 || bursts == 0 {
        return 1.0;
    }
    let share = lost as f32 / expected as f32;
    (lost as f32 / bursts as f32 * (1.0 - share)).max(1.0)
}

/// Id, for a one-way delay and no echo but the model's default (G.107 7.4).
fn delay_impairment(delay_ms: f32) -> f32 {
    talker_echo(delay_ms) + listener_echo(2.0 * delay_ms) + absolute_delay(delay_ms)
}

/// Idte: one's own voice comes back.
fn talker_echo(t: f32) -> f32 {
    let terv =
        TELR - 40.0 * ((1.0 + t / 10.0) / (1.0 + t / 150.0)).log10() + 6.0 * (-0.3 * t * t).exp();
    let (roe, re) = (-1.5 * (NO - RLR), 80.0 + 2.5 * (terv - 14.0));
    let half = (roe - re) / 2.0;
    ((half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-t).exp())).max(0.0)
}

/// Idle: the other's voice comes twice, `round_trip` ms apart.
fn listener_echo(round_trip: f32) -> f32 {
    let ro = 15.0 - 1.5 * (8.0 + NO); // with the default send loudness of 8 dB
    let rle = 10.5 * (WEPL + 7.0) * (round_trip + 1.0).powf(-0.25);
    let half = (ro - rle) / 2.0;
    half + (half * half + 169.0).sqrt()
}

/// Idd: talk becomes taking turns, from 100 ms on.
fn absolute_delay(delay_ms: f32) -> f32 {
    if delay_ms <= 100.0 {
        return 0.0;
    }
    let x = (delay_ms / 100.0).log2();
    let sixth = |value: f32| (1.0 + value.powi(6)).powf(1.0 / 6.0);
    25.0 * (sixth(x) - 3.0 * sixth(x / 3.0) + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(delay_ms: u64, loss: f32) -> Heard {
        let delay = Duration::from_millis(delay_ms);
        Heard { codec: CodecImpairment::G711, delay, loss, burst_ratio: 1.0 }
    }

    fn near(value: f32, want: f32, by: f32) {
        assert!((value - want).abs() <= by, "{value}, not {want}");
    }

    #[test]
    fn g107_the_defaults_rate_93_and_sound_like_4_41() {
        near(rating(&heard(0, 0.0)), 93.2, 0.1);
        near(opinion(93.2), 4.41, 0.01);
        assert_eq!((opinion(0.0), opinion(100.0)), (1.0, 4.5));
    }

    /// Held against the straight lines that Cole and Rosenbluth fitted to the model (2001):
    /// Id = 0.024 d + 0.11 (d - 177.3) from 177.3 ms on.
    #[test]
    fn g107_7_4_delay_costs_little_to_150_ms_and_much_from_300_ms() {
        for delay_ms in [0u64, 50, 100, 150, 200, 250, 300, 350, 400] {
            let d = delay_ms as f32;
            let fitted = 93.2 - 0.024 * d - 0.11 * (d - 177.3).max(0.0);
            near(rating(&heard(delay_ms, 0.0)), fitted, 4.0);
        }
    }

    #[test]
    fn g107_7_5_loss_costs_by_how_well_the_codec_bears_it_and_bursts_cost_more() {
        let lossy = heard(0, 0.05);
        // 95 * 5 / (5 + 25.1) = 15.8 and 95 * 5 / (5 + 4.3) = 51.1
        near(rating(&heard(0, 0.0)) - rating(&lossy), 15.8, 0.1);
        let gaps = Heard { codec: CodecImpairment::G711_GAPS, ..lossy };
        near(rating(&heard(0, 0.0)) - rating(&gaps), 51.1, 0.1);
        let bursts = Heard { burst_ratio: 4.0, ..lossy };
        near(rating(&heard(0, 0.0)) - rating(&bursts), 18.0, 0.1);
    }

    #[test]
    fn a_clean_wide_call_is_never_rated_below_a_clean_narrow_one() {
        for delay_ms in (0..1000).step_by(20) {
            let narrow = heard(delay_ms, 0.0);
            for codec in [CodecImpairment::G722, CodecImpairment::OPUS] {
                let wide = Heard { codec, ..narrow };
                assert!(rating(&wide) > rating(&narrow), "{codec:?} {delay_ms} ms");
                assert!(opinion(rating(&wide)) >= opinion(rating(&narrow)));
            }
        }
    }

    #[test]
    fn g107_1_the_best_wide_call_rates_129_and_g722_thirteen_less() {
        let best = CodecImpairment { equipment: 0.0, robustness: 10.0, wide: true };
        near(rating(&Heard { codec: best, ..heard(0, 0.0) }), 129.0, 0.2);
        near(rating(&Heard { codec: CodecImpairment::G722, ..heard(0, 0.0) }), 116.0, 0.2);
    }

    #[test]
    fn a_call_of_which_nothing_comes_is_bad_in_both_bands() {
        for codec in [CodecImpairment::G711, CodecImpairment::G722, CodecImpairment::OPUS] {
            let nothing = Heard { codec, ..heard(60, 1.0) };
            assert!(opinion(rating(&nothing)) < 1.4, "{codec:?}: {}", rating(&nothing));
        }
    }

    #[test]
    fn more_loss_or_delay_never_sounds_better_and_nothing_leaves_the_scale() {
        for codec in [CodecImpairment::G711, CodecImpairment::G722, CodecImpairment::OPUS] {
            let mut before = 5.0;
            for step in 0..100 {
                let heard = Heard { codec, ..heard(step * 20, step as f32 / 100.0) };
                let now = opinion(rating(&heard));
                assert!((1.0..=4.5).contains(&now) && now <= before + 1e-4, "{heard:?}: {now}");
                before = now;
            }
        }
    }

    #[test]
    fn the_burst_ratio_of_random_loss_is_one_and_that_of_rows_their_length() {
        near(burst_ratio(1000, 100, 90), 1.0, 0.01);
        near(burst_ratio(1000, 100, 20), 4.5, 0.01);
        assert_eq!(burst_ratio(1000, 0, 0), 1.0);
        assert_eq!(burst_ratio(0, 0, 0), 1.0);
        assert_eq!(burst_ratio(10, 10, 1), 1.0, "all is lost: nothing to compare with");
    }
}
