//! What becomes of each order of the box, and what may not be ordered.

use super::callers::Ender;
use super::desks::{Reaction, reaction};
use super::legs::Side;
use super::site::COLLEAGUES;
use super::town::{Asks, Happening, Town};
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
                if let Side::Phone { desk, dialled } = side
                    && cause == Cause::Congestion
                    && dialled.starts_with('*')
                {
                    let later = self.dice.s(20, 40);
                    self.after(later, Happening::Dials { desk, code: dialled });
                }
            }
            Order::Ring { leg, phone, pop, .. } => self.rings(leg, &phone, !pop.from.is_empty())?,
            Order::Play { leg, play, clips, looped } => {
                ensure!((1..=CLIPS_PER_PLAY_MAX).contains(&clips.len()), "{} clips", clips.len());
                self.plays(leg, play, clips.len() as u32, looped)?;
            }
            Order::StopPlay { leg } => self.legs.ordered(leg)?.play = None,
            Order::Bridge { a, b } => self.bridges(a, b)?,
            Order::Unbridge { leg } => {
                let side = self.legs.ordered(leg)?.side.clone();
                self.legs.part(leg);
                match side {
                    Side::Caller(n) => {
                        let patience = self.callers[n].patience;
                        self.after(patience, Happening::Leaves { run: self.run, leg });
                    }
                    Side::Phone { .. } => self.bears(leg, 60),
                    Side::Desk(_) => {}
                }
            }
            Order::Record { leg, recording } => {
                ensure!(self.legs.ordered(leg)?.answered, "recorded before the answer");
                self.tapes.begins(leg, recording)?;
            }
            Order::StopRecord { recording } => self.tapes.ends(recording)?,
            Order::HangUp { leg, cause } => self.hangs_up(leg, cause)?,
            Order::Alert { leg } | Order::EarlyMedia { leg } => {
                let early = matches!(order, Order::EarlyMedia { .. });
                let found = self.legs.ordered(leg)?;
                ensure!(!found.taken && !found.answered, "alerted after an answer");
                found.early |= early;
            }
            Order::Mix { leg, room } => {
                let found = self.legs.ordered(leg)?;
                ensure!(found.answered, "mixed before the answer");
                (found.room, found.play) = (Some(room), None);
                self.legs.part(leg);
                let stays = self.dice.s(10, 90);
                self.after(stays, Happening::Hangs { run: self.run, leg });
            }
            Order::Supervise { .. } => anyhow::bail!("nobody supervises on this day"),
            Order::Unmix { leg } => {
                let room = self.legs.ordered(leg)?.room.take();
                ensure!(room.is_some(), "taken out of no room");
            }
            Order::Transferring { leg, .. } => {
                let side = &self.legs.ordered(leg)?.side;
                ensure!(!matches!(side, Side::Caller(_)), "a caller is told of a transfer");
            }
            Order::Dial { .. } => anyhow::bail!("nobody may call out on this day"),
        }
        Ok(())
    }

    pub(super) fn rings(
        &mut self,
        leg: LegId,
        phone: &model::PhoneId,
        by_queue: bool,
    ) -> Result<()> {
        let desk = self.desks.iter().position(|desk| desk.phone == *phone);
        let desk = desk.context("a phone of nobody is rung")?;
        ensure!(leg.is_outbound(), "the leg of a ring is one that arrived");
        let busy = self.legs.of_desk(desk).count();
        // A colleague's call may wait for the one that talks; a queue's never does.
        ensure!(busy <= usize::from(!by_queue), "{phone} is rung while it is busy");
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
        ensure!(found.answered || found.early, "played before the answer");
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
        let side = |leg| self.legs.get(leg).map(|leg| leg.side.clone());
        let (caller, agent, n) = match (side(a), side(b)) {
            (Some(Side::Caller(n)), _) => (a, b, n),
            (_, Some(Side::Caller(n))) => (b, a, n),
            _ => return self.colleagues_talk(a, b),
        };
        let (talk, ender, hold) =
            (self.callers[n].talk, self.callers[n].ender, self.callers[n].hold);
        // Whoever lost one phone does not lose the next.
        self.callers[n].ender = Ender::Caller;
        let run = self.run;
        self.after(talk, Happening::TalkEnds { run, caller, agent, ender });
        self.asks_something(agent, talk);
        if let Some((after, lasts)) = hold {
            self.after(after, Happening::Hold { run, agent, on: true });
            self.after(after + lasts, Happening::Hold { run, agent, on: false });
        }
        Ok(())
    }

    /// Two phones talk: a call among colleagues, or one asks the other for a caller who waits.
    fn colleagues_talk(&mut self, a: LegId, b: LegId) -> Result<()> {
        let run = self.run;
        let talk = self.dice.s(3, 60);
        self.after(talk, Happening::TalkEnds { run, caller: a, agent: b, ender: Ender::Caller });
        for leg in [a, b] {
            let Some(Side::Phone { desk, .. } | Side::Desk(desk)) =
                self.legs.get(leg).map(|leg| leg.side.clone())
            else {
                continue;
            };
            let soon = self.dice.s(1, 10);
            match self.legs.talks_beside(desk, leg) {
                Some(other) if self.dice.chance(700) => {
                    let conference = self.dice.chance(300);
                    let asks = if conference { Asks::Keys("*3") } else { Asks::Join(other) };
                    self.after(soon, Happening::Asks { run, leg, asks });
                }
                _ => {
                    // Of a consultation; in any other talk these keys ask for nothing.
                    let keys = [(4, "*5"), (3, "*3"), (3, "*4"), (4, "1")];
                    let asks = Asks::Keys(self.dice.pick(&keys));
                    self.after(soon, Happening::Asks { run, leg, asks });
                }
            }
        }
        Ok(())
    }

    /// Some agents do something with the caller.
    fn asks_something(&mut self, leg: LegId, talk: Duration) {
        let caller = |leg: &super::legs::Leg| matches!(leg.side, Side::Caller(_));
        let joined = self.legs.get(leg).is_some_and(caller);
        if joined || !self.dice.chance(220) || talk < Duration::from_secs(6) {
            return;
        }
        let run = self.run;
        let colleague = self.dice.pick(&COLLEAGUES);
        let asks = match self.dice.between(0, 100) {
            0..30 => Asks::Refer(colleague),
            30..45 => Asks::Refer(self.dice.pick(&[(3, "general"), (2, "english"), (1, "main")])),
            45..50 => Asks::Refer("nobody"),
            50..70 => Asks::Consult(colleague),
            70..90 => Asks::Keys("*70#"),
            _ => Asks::Refer(self.dice.pick(&[(1, "701"), (1, "702")])),
        };
        let soon = self.dice.s(2, 30);
        self.after(soon, Happening::Asks { run, leg, asks });
    }

    /// A phone that waits is put down after so long.
    pub(super) fn bears(&mut self, leg: LegId, seconds: u64) {
        let patience = self.dice.s(seconds / 2, seconds);
        self.after(patience, Happening::Leaves { run: self.run, leg });
    }

    pub(super) fn hangs_up(&mut self, leg: LegId, cause: Cause) -> Result<()> {
        let found = self.legs.ordered(leg)?;
        found.hung_up = true;
        self.tapes.gone(leg);
        let found = self.legs.get(leg).context("no such leg")?;
        let (over, service) = (found.over, matches!(found.side, Side::Phone { .. }));
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
