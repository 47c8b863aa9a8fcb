//! The ear itself: what is known to sound worse is heard as worse.

use crate::ear::{Ear, aligned, mnru};
use crate::speech::speech;
use crate::world::Random;
use model::Law;

const FRAME: usize = 160;

/// Speech through A-law and back: what a perfect line gives.
fn through_a_law(sound: &[i16]) -> Vec<i16> {
    let mut bytes = vec![0; sound.len()];
    Law::A.encode(sound, &mut bytes);
    let mut back = vec![0; sound.len()];
    Law::A.decode(&bytes, &mut back);
    back
}

/// Loses frames by chance; what is lost is made up by `make_up`, of what was heard before.
fn losing(sound: &[i16], share: f32, seed: u64, make_up: fn(&[i16]) -> [i16; FRAME]) -> Vec<i16> {
    let mut random = Random(seed);
    let mut out: Vec<i16> = Vec::with_capacity(sound.len());
    for frame in sound.chunks(FRAME) {
        if frame.len() == FRAME && out.len() > FRAME && random.share() < share {
            let made_up = make_up(&out);
            out.extend(made_up);
        } else {
            out.extend(frame);
        }
    }
    out
}

fn gap(_: &[i16]) -> [i16; FRAME] {
    [0; FRAME]
}

fn repetition(before: &[i16]) -> [i16; FRAME] {
    before[before.len() - FRAME..].try_into().unwrap()
}

#[test]
fn the_same_sound_is_at_no_distance_and_a_later_one_is_found() {
    let (ear, clean) = (Ear::new(), speech());
    assert_eq!(ear.distance(&clean, &clean), 0.0);
    let later = [&[0; 777][..], &clean].concat();
    assert!(ear.distance(&clean, &later) > 1.0);
    assert_eq!(ear.distance(&clean, &aligned(&clean, &later, 2000)), 0.0);
}

#[test]
fn noise_that_follows_speech_is_worse_the_more_there_is_of_it() {
    let (ear, clean) = (Ear::new(), speech());
    let distances: Vec<f32> =
        (0..9).map(|q| ear.distance(&clean, &mnru(&clean, 5.0 * q as f32, 7))).collect();
    eprintln!("MNRU of 0, 5 .. 40 dB: {distances:.2?}");
    assert!(distances.windows(2).all(|pair| pair[0] > pair[1] * 1.05), "{distances:?}");
    for q in [8.0, 17.0, 26.0] {
        let read = ear.equivalent_q(&clean, ear.distance(&clean, &mnru(&clean, q, 99)));
        assert!((read - q).abs() < 1.0, "{q} dB is read as {read}");
    }
}

#[test]
fn a_law_is_nearly_clean_and_loss_is_worse_the_more_there_is_of_it() {
    let (ear, clean) = (Ear::new(), speech());
    let law = ear.equivalent_q(&clean, ear.distance(&clean, &through_a_law(&clean)));
    assert!(law > 30.0, "A-law is as an MNRU of {law} dB");
    let lossy = [0.0, 0.01, 0.03, 0.05, 0.1, 0.2]
        .map(|share| ear.distance(&clean, &losing(&clean, share, 3, gap)));
    assert!(lossy.windows(2).all(|pair| pair[0] < pair[1]), "{lossy:?}");
}

#[test]
fn a_gap_is_worse_than_the_frame_before_again() {
    let (ear, clean) = (Ear::new(), speech());
    for share in [0.03, 0.05, 0.1] {
        let mean = |make_up| {
            let far = |seed| ear.distance(&clean, &losing(&clean, share, seed, make_up));
            (0..6).map(far).sum::<f32>() / 6.0
        };
        let (gaps, again) = (mean(gap as fn(&[i16]) -> _), mean(repetition));
        eprintln!("{share}: gap {gaps:.2}, again {again:.2}");
        assert!(gaps > again, "{share}: gap {gaps}, again {again}");
    }
}
