//! `scripts/run --once`: the whole walk of one call, verified step by step.

use std::process::Command;

#[test]
fn one_call_walks_from_a_line_to_a_sealed_recording_and_a_report() {
    let output = Command::new(env!("CARGO_BIN_EXE_once")).output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    for step in
        ["agent", "line", "menu", "queue", "offer", "talk", "recording", "report", "verified"]
    {
        assert!(out.lines().any(|line| line.starts_with(step)), "no {step} in\n{out}");
    }
}
