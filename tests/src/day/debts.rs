//! Promise: who is to be called back is told one step at a time, and right after the reason. A
//! caller who gives up in a queue that calls back is owed a call, and so is one who left it by its
//! overflow and was answered nowhere; nobody else comes from nowhere.

use anyhow::{Result, ensure};
use model::{CallId, Fact, Number, Owed, Owner, QueueId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is owed, as the facts tell it.
#[derive(Debug, Default)]
pub struct Debts {
    owed: BTreeMap<Owner, Owed>,
    callers: BTreeMap<CallId, Number>,
    /// The queues a caller left by their overflow, since somebody answered last.
    overflowed: BTreeMap<CallId, BTreeSet<QueueId>>,
    /// Who gave up this moment, and where.
    due: VecDeque<(QueueId, Number)>,
}

impl Debts {
    /// Takes the next fact.
    pub fn fact(&mut self, fact: &Fact) -> Result<()> {
        // Whoever was called directly in the same call is told first.
        let direct = matches!(fact, Fact::CallsOwed { by: Owner::Agent(_) | Owner::Phone(_), .. });
        if !direct && let Some((queue, caller)) = self.due.pop_front() {
            let told = match fact {
                Fact::CallsOwed { by: Owner::Queue(by), new, .. } if *by == queue => new.last(),
                _ => None,
            };
            ensure!(told.is_some_and(|told| told.from == caller), "{queue} owes a call untold");
        }
        match fact {
            Fact::CallArrived { call, caller, .. } => {
                self.callers.insert(*call, caller.clone());
            }
            Fact::Abandoned { visit, queue, .. } | Fact::TurnedAway { visit, queue } => {
                let caller = self.callers.get(&visit.call).filter(|caller| !caller.is_empty());
                self.due =
                    caller.map(|caller| (queue.clone(), caller.clone())).into_iter().collect();
                self.overflowed.remove(&visit.call);
            }
            Fact::Overflowed { visit, queue, .. } => {
                self.overflowed.entry(visit.call).or_default().insert(queue.clone());
            }
            Fact::Connected { visit, .. } | Fact::Reached { visit, .. } => {
                self.overflowed.remove(&visit.call);
            }
            Fact::CallEnded { call, .. } => {
                let caller = self.callers.remove(call).filter(|caller| !caller.is_empty());
                let queues = self.overflowed.remove(call).unwrap_or_default();
                if let Some(caller) = caller {
                    self.due = queues.into_iter().map(|queue| (queue, caller.clone())).collect();
                }
            }
            // What was not over is cut off, and owed by nobody.
            Fact::BoxStarted { .. } => {
                self.callers.clear();
                self.overflowed.clear();
            }
            Fact::CallsOwed { by, new, seen } => {
                let now = Owed { new: new.clone(), seen: seen.clone() };
                let before = self.owed.remove(by).unwrap_or_default();
                ensure!(is_step(&before, &now), "{by:?} owes {now:?} after {before:?}");
                if !now.is_empty() {
                    self.owed.insert(by.clone(), now);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What is owed now, as a restart finds it.
    pub fn owed(&self) -> Vec<(Owner, Owed)> {
        self.owed.iter().map(|(owner, owed)| (owner.clone(), owed.clone())).collect()
    }

    /// Checks at the end that nothing was left untold.
    pub fn close(&self) -> Result<()> {
        ensure!(self.due.is_empty(), "a call owed was not told: {:?}", self.due);
        Ok(())
    }
}

/// Tells whether one caller more, one less, or a look lies between the two.
fn is_step(before: &Owed, now: &Owed) -> bool {
    let after = |change: &dyn Fn(&mut Owed)| {
        let mut owed = before.clone();
        change(&mut owed);
        owed == *now
    };
    let mut looked = before.clone();
    let heard = looked.look() && looked == *now;
    let more = now.new.last().is_some_and(|last| after(&|owed| owed.add(last.clone())));
    let callers = before.new.iter().chain(&before.seen);
    let less = callers.clone().any(|missed| after(&|owed| _ = owed.forget(&missed.from)));
    heard || more || less
}
