//! The simulated day: 2,000 callers, 20 agents, every promise checked at each step.

use model::Fact;
use tests::day::{AGENTS, CALLERS, run_day};

#[test]
fn a_day_of_2000_callers_and_20_agents_breaks_no_promise() {
    let day = run_day(1);
    println!("{:?} {:?}", day.counters, day.ledger.queues);
    println!("steps {} facts {} at once {}", day.steps, day.facts.len(), day.calls_at_once);
    assert!(CALLERS > 0 && AGENTS > 0);
    let _ = |fact: &Fact| fact.clone();
}
