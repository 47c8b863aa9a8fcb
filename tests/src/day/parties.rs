//! What people do: callers who arrive, press, wait and leave, agents who dial and talk.

use super::callers::Ender;
use super::desks::NIGHT;
use super::legs::Side;
use super::site::PORTS;
use super::town::{Asks, Happening, Town};
use anyhow::Result;
use exchange::Input;
use model::{Cause, Instant, LegEvent, LegId, Number, PersonName, Via};

impl Town {
    pub(super) fn arrives(&mut self, n: usize) -> Result<()> {
        if self.exchange.is_none() {
            return Ok(());
        }
        self.arrived += 1;
        let leg = LegId::inbound(self.arrived);
        let caller = &self.callers[n];
        let port = self.dice.between(1, u64::from(PORTS) + 1);
        let via = match caller.by_port {
            true => Via::Port(format!("fxo-{port}").as_str().into()),
            false => Via::Trunk("carrier".into()),
        };
        let event = LegEvent::Arrived {
            via,
            caller: caller.number.clone(),
            name: PersonName::default(),
            dialled: String::new(),
            diverted: Default::default(),
        };
        self.legs.open(leg, Side::Caller(n))?;
        if caller.misdials {
            let soon = self.dice.ms(0, 60);
            self.event_after(soon, leg, LegEvent::Gone(Cause::Cancelled));
        }
        self.tell(Input::Leg { leg, event: event.clone() })?;
        // A leg that was refused is forgotten, and would be another call.
        if self.legs.get(leg).is_some_and(|leg| !leg.hung_up) && self.dice.chance(10) {
            self.tell(Input::Leg { leg, event })?;
        }
        Ok(())
    }

    pub(super) fn dials(&mut self, desk: usize, code: &'static str) -> Result<()> {
        let night = self.now.since(Instant::START) >= NIGHT;
        if night && !self.ledger.logged_in(&self.desks[desk].agent) {
            return Ok(());
        }
        let on_a_call = self.legs.of_desk(desk).any(|leg| matches!(leg.side, Side::Desk(_)));
        let serviced = self.legs.on_service(desk);
        let down = self.exchange.is_none() || !self.desks[desk].up;
        if down || serviced || (on_a_call && self.dice.chance(700)) {
            let later = self.dice.s(10, 30);
            self.after(later, Happening::Dials { desk, code });
            return Ok(());
        }
        self.arrived += 1;
        let leg = LegId::inbound(self.arrived);
        self.legs.open(leg, Side::Phone { desk, dialled: code })?;
        self.bears(leg, 60);
        if self.dice.chance(80) {
            // Puts the phone down without listening, or before anybody answers.
            let soon = self.dice.ms(0, 900);
            self.event_after(soon, leg, LegEvent::Gone(Cause::Normal));
        }
        let phone = self.desks[desk].phone.clone();
        let event = LegEvent::Arrived {
            caller: Number::new(phone.as_str()),
            via: Via::Phone(phone),
            name: PersonName::default(),
            dialled: code.to_owned(),
            diverted: Default::default(),
        };
        self.tell(Input::Leg { leg, event })
    }

    /// An event of a leg reaches the box, if the leg is still there to say it.
    pub(super) fn event(&mut self, id: LegId, event: LegEvent) -> Result<()> {
        let Some(leg) = self.legs.get_mut(id) else { return Ok(()) };
        match &event {
            LegEvent::Answered if leg.over || leg.answered => return Ok(()),
            LegEvent::Answered => {
                leg.answered = true;
                let (side, hung_up) = (leg.side.clone(), leg.hung_up);
                if let Side::Caller(n) = side
                    && !hung_up
                {
                    self.tapes.answered(id);
                    self.caller_listens(id, n);
                }
            }
            LegEvent::Played(play) if leg.play == Some(*play) => leg.play = None,
            LegEvent::Gone(_) => {
                self.legs.ended(id);
                self.tapes.gone(id);
            }
            _ if leg.over => return Ok(()),
            _ => {}
        }
        if self.dice.chance(10) && !matches!(event, LegEvent::Digit(_)) {
            let soon = self.dice.ms(0, 200);
            let again = Happening::Again { run: self.run, leg: id, event: event.clone() };
            self.after(soon, again);
        }
        self.tell(Input::Leg { leg: id, event })
    }

    /// Plans what a caller does with what is heard.
    pub(super) fn caller_listens(&mut self, leg: LegId, n: usize) {
        let (keys, patience) = (self.callers[n].keys.clone(), self.callers[n].patience);
        for (at, key) in keys {
            self.after(at, Happening::Presses { run: self.run, leg, key });
        }
        self.after(patience, Happening::Leaves { run: self.run, leg });
    }

    /// A party hangs up or falls silent; the box hears of it a moment later.
    pub(super) fn party_gone(&mut self, id: LegId, cause: Cause) {
        let soon = self.dice.ms(2, 50);
        if let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.stands()) {
            leg.over = true;
            self.event_after(soon, id, LegEvent::Gone(cause));
        }
    }

    pub(super) fn talk_ends(&mut self, caller: LegId, agent: LegId, ender: Ender) {
        let Some(leg) = self.legs.get(caller).filter(|leg| leg.peer == Some(agent)) else { return };
        if !leg.stands() {
            return;
        }
        match ender {
            Ender::Caller => self.party_gone(caller, Cause::Normal),
            Ender::Agent => self.party_gone(agent, Cause::Normal),
            Ender::Phone => {
                let cause = self.dice.pick(&[(2, Cause::Vanished), (1, Cause::Failure)]);
                self.party_gone(agent, cause);
                if let Some(Side::Desk(desk)) = self.legs.get(agent).map(|leg| leg.side.clone()) {
                    let (gone, back) = (self.dice.s(1, 60), self.dice.s(61, 240));
                    self.after(gone, Happening::Phone { desk, up: false });
                    self.after(back, Happening::Phone { desk, up: true });
                }
            }
        }
    }

    pub(super) fn comes_back(
        &mut self,
        agent: model::AgentId,
        code: &'static str,
        from: u64,
        to: u64,
    ) {
        let later = self.dice.s(from, to);
        if let Some(desk) = self.desks.iter().position(|desk| desk.agent == agent) {
            self.after(later, Happening::Dials { desk, code });
        }
    }

    /// A party of a conference hangs up, or one who waits.
    pub(super) fn hangs(&mut self, leg: LegId) {
        if self.legs.get(leg).is_some_and(|leg| leg.room.is_some()) {
            self.party_gone(leg, Cause::Normal);
        }
    }

    /// An agent does something with the other party, while there is a talk.
    pub(super) fn asks(&mut self, leg: LegId, asks: Asks) -> Result<()> {
        if !self.legs.get(leg).is_some_and(|leg| leg.stands() && leg.peer.is_some()) {
            return Ok(());
        }
        let keys = match asks {
            Asks::Keys(keys) => keys.to_owned(),
            Asks::Consult(to) => format!("*6{to}#"),
            Asks::Refer(to) => {
                self.asked += 1;
                if self.dice.chance(200) {
                    // Many phones hang up as soon as they have sent somebody on.
                    let soon = self.dice.ms(100, 4000);
                    self.event_after(soon, leg, LegEvent::Gone(Cause::Normal));
                }
                return self.event(leg, LegEvent::TransferAsked { to: to.to_owned() });
            }
            Asks::Join(other) => {
                self.asked += 1;
                return self.event(leg, LegEvent::JoinAsked { other });
            }
        };
        self.asked += 1;
        if keys.starts_with("*70") {
            // Somebody else fetches the caller, mostly.
            let desk = usize::try_from(self.dice.between(0, self.desks.len() as u64))?;
            let code = self.dice.pick(&[(3, "701"), (2, "702"), (1, "703"), (2, "*8")]);
            let later = self.dice.s(5, 50);
            self.after(later, Happening::Dials { desk, code });
        }
        for key in keys.chars().filter_map(model::Digit::new) {
            if self.legs.get(leg).is_some_and(|leg| leg.stands()) {
                self.event(leg, LegEvent::Digit(key))?;
            }
        }
        Ok(())
    }
}
