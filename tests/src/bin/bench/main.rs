//! `scripts/bench`: figures of the running box under load, the box on one core and its load on the
//! other.
//!
//! `calls`: 50 agents and 50 callers are bridged and recorded; what that costs of the core, and how
//! long INVITE to 200 takes meanwhile. `sip`: how many calls a second a core sets up, what a
//! registration and a dialog cost, and what is left of it under a flood. `media`: how many calls'
//! sound a core carries, judged where it arrives. `lines`: how many attached lines it serves.

mod calls;
mod lines;
mod media;
mod process;
mod sip;
mod sipp;
mod site;

use anyhow::ensure;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", about = "Figures of the box under load")]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
    /// One line of JSON a figure instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Bench {
    /// 50 bridged and recorded calls, and the set-up time.
    Calls,
    /// Set-up rates, registrations and floods; all cases, or the ones named.
    Sip {
        #[arg(value_enum)]
        cases: Vec<sip::Case>,
        /// Seconds a flood lasts.
        #[arg(long, default_value_t = 60)]
        flood_s: u64,
    },
    /// Calls a core carries with all frames in time; all cases, or the ones named.
    Media {
        #[arg(value_enum)]
        cases: Vec<media::Case>,
        /// One small step of each case instead of a search.
        #[arg(long)]
        quick: bool,
    },
    /// Attached lines a core serves in time with every detector at work; both cases, or one.
    Lines {
        #[arg(value_enum)]
        cases: Vec<lines::Case>,
    },
    #[command(hide = true)]
    MediaSubject(media::Step),
    #[command(hide = true)]
    MediaLoad(media::Step),
}

/// A figure measured.
struct Figure {
    case: String,
    value: f64,
    unit: &'static str,
}

impl Figure {
    fn new(case: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { case: case.into(), value, unit }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(std::thread::available_parallelism()?.get() >= 2, "the benches want two cores");
    let show = |name: &str, figures: Vec<Figure>| {
        for Figure { case, value, unit } in figures {
            if arguments.json {
                let value = (value * 1000.0).round() / 1000.0;
                let line =
                    serde_json::json!({"bench": name, "case": case, "value": value, "unit": unit});
                println!("{line}");
            } else {
                println!("{case:<34} {value:>12.2} {unit}");
            }
        }
    };
    match &arguments.bench {
        Bench::Calls => show("calls", calls::calls()?),
        Bench::Sip { cases, flood_s } => {
            for case in sip::Case::chosen(cases) {
                show("sip", case.measure(*flood_s)?);
            }
        }
        Bench::Media { cases, quick } => show("media", media::measure(cases, *quick)?),
        Bench::Lines { cases } => show("lines", lines::measure(cases)?),
        Bench::MediaSubject(step) => media::side(step, true)?,
        Bench::MediaLoad(step) => media::side(step, false)?,
    }
    Ok(())
}
