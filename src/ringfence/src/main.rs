//! `ringfence`: the box, and what IT types to it.

fn main() -> std::process::ExitCode {
    ringfence::cli::main()
}
