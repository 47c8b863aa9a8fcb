//! `ringfence-console`: the supervisors' console in this terminal.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = tui::Options::parse();
    let done = if options.once { tui::once::run(&options) } else { tui::terminal::run(&options) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringfence-console: {error:#}");
            ExitCode::FAILURE
        }
    }
}
