//! The box stops and starts: drained for a new version, or without power.

use super::tapes::Tapes;
use super::town::{Happening, Town};
use anyhow::{Result, ensure};
use exchange::{Config, Counters, Exchange};
use model::fact::Party;
use model::{Cause, Fact};
use std::sync::Arc;
use std::time::Duration;

impl Town {
    /// The drained box stops, to start anew.
    pub(super) fn stops(&mut self) -> Result<()> {
        ensure!(self.legs.is_empty(), "drained with {} legs", self.legs.len());
        ensure!(self.tapes.is_empty(), "drained while a recording runs");
        self.drained = false;
        self.fact(Fact::BoxStopped)?;
        self.leaves_the_exchange()?;
        self.after(Duration::from_secs(10), Happening::Boots);
        Ok(())
    }

    pub(super) fn power_cut(&mut self) -> Result<()> {
        if let Some(exchange) = self.exchange.take() {
            self.add(exchange.counters());
        }
        self.legs.clear();
        self.tapes = Tapes::default();
        self.after(Duration::from_secs(40), Happening::Boots);
        Ok(())
    }

    pub(super) fn boots(&mut self) -> Result<()> {
        self.run += 1;
        self.fact(Fact::BoxStarted {
            version: "day".into(),
            site_digest: self.site.digest.clone(),
        })?;
        for call in self.ledger.cut_off() {
            self.fact(Fact::CallEnded { call, by: Party::Box, cause: Cause::Vanished })?;
        }
        let config = Config {
            site: Arc::clone(&self.site),
            anchor: self.anchor,
            next_call: self.ledger.arrived + 1,
            agents: self.ledger.agents(),
            seats: Vec::new(),
            phones: Vec::new(),
            owed: self.ledger.owed(),
            spent: Default::default(),
        };
        self.exchange = Some(Exchange::new(self.seed, self.now, config));
        for desk in 0..self.desks.len() {
            if self.desks[desk].up {
                let soon = self.dice.s(1, 30);
                self.after(soon, Happening::Phone { desk, up: true });
            }
        }
        self.settles()
    }

    /// Nothing may be left in any stage.
    pub(super) fn leaves_the_exchange(&mut self) -> Result<()> {
        let Some(exchange) = self.exchange.take() else { return Ok(()) };
        ensure!(exchange.is_idle(), "a stage is not idle");
        ensure!(exchange.live_calls() == 0, "a call is left");
        let (given_up, lost) = (exchange.counters().legs_lost, self.legs.lost);
        ensure!(given_up == lost, "{given_up} legs given up, the ends of {lost} were lost");
        self.legs.clear();
        self.add(exchange.counters());
        Ok(())
    }

    pub(super) fn add(&mut self, run: Counters) {
        let all = &mut self.counters;
        all.calls_refused += run.calls_refused;
        all.calls_too_long += run.calls_too_long;
        all.visits_exhausted += run.visits_exhausted;
        all.legs_lost += run.legs_lost;
        all.reconnected += run.reconnected;
        all.services_refused += run.services_refused;
        all.lines_unknown += run.lines_unknown;
        all.queues_full += run.queues_full;
        all.flows_cut += run.flows_cut;
        all.plays_lost += run.plays_lost;
        all.agents_unanswering += run.agents_unanswering;
        all.codes_unknown += run.codes_unknown;
        all.strays += run.strays;
        all.events_ignored += run.events_ignored;
        all.parked_too_long += run.parked_too_long;
        all.wishes_refused += run.wishes_refused;
        all.transfers_failed += run.transfers_failed;
    }
}
