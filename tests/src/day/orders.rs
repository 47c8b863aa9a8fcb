//! What becomes of each order of the box, and what may not be ordered.

use super::callers::Ender;
use super::desks::{Reaction, reaction};
use super::legs::Side;
use super::town::{Happening, Town};
use anyhow::{Context, Result, ensure};
use model::order::CLIPS_PER_PLAY_MAX;
use model::{Cause, LegEvent, LegId, Order, PlayId};
use std::time::Duration;

/// One clip's length.
const CLIP: Duration = Duration::from_millis(1200);

impl Town {
    pub(super) fn order(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Answer { leg } => {
                let found = self.legs.ordered(leg)?;
                ensure!(!found.taken && !leg.is_outbound(), "answered twice");
                found.taken = true;
                let soon = self.dice.ms(5, 60);
                self.event_after(soon, leg, LegEvent::Answered);
            }
            Order::Refuse { leg, cause } => {
                let found = self.legs.ordered(leg)?;
                ensure!(!found.taken, "refused after an answer");
                (found.taken, found.hung_up) = (true, true);
                let side = found.side.clone();
                self.event_after(Duration::ZERO, leg, LegEvent::Gone(cause));
                if let Side::Service { desk, dialled } = side {
                    let later = self.dice.s(20, 40);
                    self.after(later, Happening::Dials { desk, code: dialled });
                }
            }
            Order::Ring { leg, phone, .. } => self.rings(leg, &phone)?,
            Order::Play { leg, play, clips, looped } => {
                ensure!((1..=CLIPS_PER_PLAY_MAX).contains(&clips.len()), "{} clips", clips.len());
                self.plays(leg, play, clips.len() as u32, looped)?;
            }
            Order::StopPlay { leg } => self.legs.ordered(leg)?.play = None,
            Order::Bridge { a, b } => self.bridges(a, b)?,
            Order::Unbridge { leg } => {
                let side = self.legs.ordered(leg)?.side.clone();
                self.legs.part(leg);
                if let Side::Caller(n) = side {
                    let patience = self.callers[n].patience;
                    self.after(patience, Happening::Leaves { run: self.run, leg });
                }
            }
            Order::Record { leg, recording } => {
                ensure!(self.legs.ordered(leg)?.answered, "recorded before the answer");
                self.tapes.begins(leg, recording)?;
            }
            Order::StopRecord { recording } => self.tapes.ends(recording)?,
            Order::HangUp { leg, cause } => self.hangs_up(leg, cause)?,
            other => anyhow::bail!("{other:?} is not ordered on this day"),
        }
        Ok(())
    }

    pub(super) fn rings(&mut self, leg: LegId, phone: &model::PhoneId) -> Result<()> {
        let desk = self.desks.iter().position(|desk| desk.phone == *phone);
        let desk = desk.context("a phone of nobody is rung")?;
        ensure!(leg.is_outbound(), "the leg of a ring is one that arrived");
        ensure!(self.legs.of_desk(desk).next().is_none(), "{phone} is rung while it is busy");
        self.legs.open(leg, Side::Desk(desk))?;
        if !self.desks[desk].up {
            let soon = self.dice.ms(50, 500);
            self.event_after(soon, leg, LegEvent::Gone(Cause::Unreachable));
            return Ok(());
        }
        let soon = self.dice.ms(10, 50);
        self.event_after(soon, leg, LegEvent::Ringing);
        match reaction(&mut self.dice, Duration::from_secs(20)) {
            Reaction::Answers(after) => self.event_after(after, leg, LegEvent::Answered),
            Reaction::Ignores => {}
            Reaction::Gone(after, cause) => self.event_after(after, leg, LegEvent::Gone(cause)),
        }
        Ok(())
    }

    pub(super) fn plays(
        &mut self,
        leg: LegId,
        play: PlayId,
        clips: u32,
        looped: bool,
    ) -> Result<()> {
        let found = self.legs.ordered(leg)?;
        ensure!(found.answered, "played before the answer");
        found.play = Some(play);
        if !looped {
            // The end is on its way even if something else is played in the last moment.
            let late = self.dice.ms(0, 20);
            self.event_after(CLIP * clips + late, leg, LegEvent::Played(play));
        }
        Ok(())
    }

    pub(super) fn bridges(&mut self, a: LegId, b: LegId) -> Result<()> {
        self.legs.bridge(a, b)?;
        let (caller, agent) = if a.is_outbound() { (b, a) } else { (a, b) };
        let side = self.legs.get(caller).map(|leg| leg.side.clone());
        let Some(Side::Caller(n)) = side else { anyhow::bail!("no caller in a bridge") };
        let (talk, ender, hold) =
            (self.callers[n].talk, self.callers[n].ender, self.callers[n].hold);
        // Whoever lost one phone does not lose the next.
        self.callers[n].ender = Ender::Caller;
        let run = self.run;
        self.after(talk, Happening::TalkEnds { run, caller, agent, ender });
        if let Some((after, lasts)) = hold {
            self.after(after, Happening::Hold { run, agent, on: true });
            self.after(after + lasts, Happening::Hold { run, agent, on: false });
        }
        Ok(())
    }

    pub(super) fn hangs_up(&mut self, leg: LegId, cause: Cause) -> Result<()> {
        let found = self.legs.ordered(leg)?;
        found.hung_up = true;
        self.tapes.gone(leg);
        let found = self.legs.get(leg).context("no such leg")?;
        let (over, service) = (found.over, matches!(found.side, Side::Service { .. }));
        if !over && !service && self.dice.chance(2) {
            self.legs.ended(leg);
            self.legs.lost += 1;
        } else if !over {
            let soon = self.dice.ms(5, 80);
            self.event_after(soon, leg, LegEvent::Gone(cause));
        }
        Ok(())
    }
}
