//! A sinc under Kaiser's window: what a filter between two rates is made of.

use std::f64::consts::PI;

/// Weighs the input sample `x` samples from the output's place, of a filter that reaches `half`
/// samples to either side and falls to a half at `cutoff` of the sampling rate. `beta` chooses
/// between a steep slope and a quiet stop band.
pub fn weight(x: f64, half: f64, cutoff: f64, beta: f64) -> f64 {
    let sinc = if x.abs() < 1e-9 { 2.0 * cutoff } else { (2.0 * PI * cutoff * x).sin() / (PI * x) };
    let edge = x / half;
    sinc * bessel(beta * (1.0 - edge * edge).max(0.0).sqrt()) / bessel(beta)
}

/// The modified Bessel function of order 0.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..=24 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_weighs_most_and_the_window_ends_where_it_reaches() {
        assert_eq!(weight(0.0, 16.0, 0.5, 5.65), 1.0);
        assert!(weight(1.0, 16.0, 0.5, 5.65).abs() < 1e-12, "a sinc is nought at its samples");
        let end = weight(15.5, 16.0, 0.5, 5.65).abs();
        assert!(end > 0.0 && end < 0.002, "{end}");
    }
}
