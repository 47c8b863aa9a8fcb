//! The table of impairments in README.md: `cargo run --release -p media --example impairments`.
//!
//! Each case is a talk of ten minutes of virtual time; its last 80 s are judged by the ear of the
//! stories. An argument gives other minutes.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made is not made")]
#![allow(dead_code, reason = "the stories use more of their world")]

#[path = "../tests/stories/cases.rs"]
mod cases;
#[path = "../tests/stories/ear.rs"]
mod ear;
#[path = "../tests/stories/judged.rs"]
mod judged;
#[path = "../tests/stories/network.rs"]
mod network;
#[path = "../tests/stories/speech.rs"]
mod speech;
#[path = "../tests/stories/world.rs"]
mod world;

fn main() {
    let minutes = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let (ear, speech) = (ear::Ear::new(), speech::speech());
    println!("| network | lost | made up | left out | delay | most | late | as MNRU |");
    println!("|---|---|---|---|---|---|---|---|");
    for case in cases::cases() {
        let judged = judged::judge(&ear, &speech, &case, minutes * 60, 80.min(minutes * 60));
        println!(
            "| {} | {:.1} % | {:.2} % | {} ms | {:.0} ms | {} ms | {} | {:.0} dB |",
            case.name,
            judged.lost * 100.0,
            judged.made_up * 100.0,
            judged.counters.skipped_ms,
            judged.delay_ms,
            judged.delay_ms_most,
            judged.counters.late,
            judged.q,
        );
    }
}
