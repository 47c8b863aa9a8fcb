//! What the daemon wants: each command taken to whom it is for.

use super::{Endpoint, REGISTRATIONS_MAX};
use crate::address::Address;
use crate::command::{Command, Output};
use crate::events::unasked::News;
use crate::peer::Peer;
use crate::registrar::Target;
use crate::sdp::Direction;
use crate::trunk::TrunkCall;
use crate::ua::invitation::Invitation;
use crate::ua::leg::Leg;
use crate::ua::party::{Account, Party};
use crate::ua::register::{Registration, Verdict};
use crate::ua::wire::Wire;
use crate::uri;
use model::{Cause, Instant, LegEvent, LegId, Number, PersonName, PhoneId, Secret};

impl Endpoint {
    pub(super) fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Answer { leg, rtp } => self.with_leg(leg, |l, w| l.answer(now, w, rtp)),
            Command::Refuse { leg, cause } => self.with_leg(leg, |l, w| l.refuse(now, w, cause)),
            Command::HangUp { leg, cause } => self.with_leg(leg, |l, w| l.hang_up(now, w, cause)),
            Command::Hold { leg, send } => {
                let direction = if send { Direction::SendOnly } else { Direction::Inactive };
                self.with_leg(leg, |l, w| l.direct(now, w, direction));
            }
            Command::Ask { leg } => self.with_leg(leg, |l, w| l.ask(now, w)),
            Command::Key { leg, digit } => self.with_leg(leg, |l, w| l.key(now, w, digit)),
            Command::Resume { leg } => {
                self.with_leg(leg, |l, w| l.direct(now, w, Direction::SendReceive));
            }
            Command::Configure(accounts) => {
                self.trunks.configure(now, &mut self.wire, &accounts.trunks);
                self.reception.configure(now, accounts, &mut self.wire);
            }
            Command::Publish { watched, lamp } => {
                self.reception.notifier.publish(now, watched, lamp);
            }
            Command::ShowFeatures { phone, features } => {
                self.reception.notifier.show(now, &phone, features);
            }
            Command::Mailbox { phone, new, old } => {
                self.reception.notifier.mailbox(now, &phone, new, old);
            }
            Command::CheckSync { phone } => {
                self.reception.check_sync(now, &mut self.wire, phone);
            }
            Command::Push { phone, event, content_type, body } => {
                let news = News { event, content_type, body };
                self.reception.push(now, &mut self.wire, &phone, &news);
            }
            Command::Farewell => {
                self.reception.notifier.farewell(now, &mut self.wire);
                self.trunks.farewell(now, &mut self.wire);
            }
            Command::Drain(drains) => self.reception.drain(drains),
            Command::Shed(sheds) => self.reception.shed_calls(sheds),
            Command::Alert { leg } => self.with_leg(leg, |l, w| l.alert(now, w)),
            Command::EarlyMedia { leg, rtp } => {
                self.with_leg(leg, |l, w| l.early_media(now, w, rtp));
            }
            Command::Transferring { leg, stage } => {
                self.with_leg(leg, |l, w| l.transferring(now, w, stage));
            }
            Command::Invite { leg, phone, rtp, caller, name, auto_answer, referrer, codec } => {
                let targets = self.reception.targets(&phone);
                let from = self.wire.identity(&caller, &name);
                let asserted = (!caller.is_empty()).then(|| from.clone());
                let referred = (!referrer.is_empty())
                    .then(|| self.wire.identity(&referrer, &PersonName::default()));
                let party = Party { codec, ..Party::phone(phone.clone(), self.wire.srtp) };
                let invitation = Invitation {
                    asserted,
                    referred,
                    auto_answer,
                    ..Invitation::new(from, rtp, party)
                };
                let new = !self.legs.has(leg);
                self.open(now, leg, invitation, &targets);
                if new && self.legs.has(leg) {
                    self.reception.notifier.rings(leg, &phone);
                }
            }
            Command::InviteUri { leg, uri, to, rtp, caller, name, user, secret, offer } => {
                let from = self.wire.identity(&caller, &name);
                let contact = user.as_str().to_owned();
                let party = Party {
                    account: Some(Account::at([to.ip()], user, secret)),
                    srtp: self.wire.srtp,
                    ..Party::default()
                };
                let invitation = Invitation { contact, offer, ..Invitation::new(from, rtp, party) };
                match uri::parse(&uri) {
                    Ok(uri) => {
                        let target = Target { at: (uri, to), spare: Vec::new() };
                        self.open(now, leg, invitation, &[target]);
                    }
                    Err(_) => self.wire.event(leg, LegEvent::Gone(Cause::NotFound)),
                }
            }
            Command::InviteTrunk(call) => self.open_by(now, &call),
            Command::Register { registrar, user, secret, expires_s } => {
                self.register(now, registrar, user, secret, expires_s);
            }
        }
    }

    fn open(&mut self, now: Instant, id: LegId, invitation: Invitation, targets: &[Target]) {
        if self.legs.has(id) {
            return;
        }
        if targets.is_empty() {
            return self.wire.event(id, LegEvent::Gone(Cause::Unreachable));
        }
        if self.legs.len() >= self.wire.limits.legs_max {
            self.wire.counters.limited += 1;
            return self.wire.event(id, LegEvent::Gone(Cause::Congestion));
        }
        self.wire.counters.calls_out += 1;
        let leg = Leg::open(now, &mut self.wire, id, invitation, targets);
        self.legs.insert(id, leg);
    }

    fn register(
        &mut self,
        now: Instant,
        registrar: Peer,
        user: PhoneId,
        secret: Secret,
        expires_s: u32,
    ) {
        let known = self.ours.iter().find(|(_, ours)| ours.is_of(registrar, &user));
        let no = match known {
            Some((no, _)) => *no,
            None if self.ours.len() >= REGISTRATIONS_MAX => {
                return self.wire.tell(Output::RegisterResult { user, result: Err(503) });
            }
            None => {
                let no = self.ours_next;
                self.ours_next += 1;
                let new = Registration::new(&mut self.wire, no, registrar, user);
                self.ours.insert(no, new);
                no
            }
        };
        if let Some(ours) = self.ours.get_mut(&no) {
            ours.set(now, &mut self.wire, secret, expires_s);
        }
    }

    /// Says what became of a registration of ours.
    pub(super) fn registered(&mut self, no: u32, verdict: Verdict) {
        let Some(ours) = self.ours.get(&no) else { return };
        let user = ours.user().clone();
        match verdict {
            Verdict::Waits => {}
            Verdict::Granted(seconds) => {
                self.wire.tell(Output::RegisterResult { user, result: Ok(seconds) });
            }
            Verdict::Over(result) => {
                self.ours.remove(&no);
                self.wire.tell(Output::RegisterResult { user, result });
            }
        }
    }

    /// Calls over a trunk: its targets in their order, those that are well first.
    fn open_by(&mut self, now: Instant, call: &TrunkCall) {
        let id = call.leg;
        if self.legs.has(id) {
            return;
        }
        let Some((invitation, targets)) = self.trunks.invitation(now, &self.wire, call) else {
            return self.wire.event(id, LegEvent::Gone(Cause::Unreachable));
        };
        if self.legs.len() >= self.wire.limits.legs_max {
            self.wire.counters.limited += 1;
            return self.wire.event(id, LegEvent::Gone(Cause::Congestion));
        }
        self.wire.counters.calls_out += 1;
        let trunk = call.trunk.clone();
        let leg = Leg::open_by(now, &mut self.wire, id, trunk, invitation, targets);
        self.legs.insert(id, leg);
    }
}

impl Wire {
    /// The From of a call we place: the caller's number at our realm, or nobody's name
    /// (RFC 3323 section 4.1.1.3).
    fn identity(&self, caller: &Number, name: &PersonName) -> Address {
        let mut address = uri::of_user(caller.reveal(), self.local);
        if let Ok(host) = uri::host_port(&self.realm) {
            address.host_with_port = host;
        }
        if caller.is_empty() {
            if let Ok(nobody) = uri::parse("sip:anonymous@anonymous.invalid") {
                address = nobody;
            }
            return Address::new(address).named("Anonymous");
        }
        Address::new(address).named(name.reveal())
    }
}
