//! What an INVITE that arrived is: from whom, and in whose place (RFC 3891).

use super::caller;
use super::leg::{Leg, Stand};
use super::legs::Legs;
use super::party::{Account, Party};
use super::refer;
use super::wire::Wire;
use crate::command::TrunkConfig;
use crate::message::Message;
use model::{LegEvent, LegId, Number, PhoneId, TrunkId, Via};

/// Who is at a trunk's end.
pub fn party_of(wire: &Wire, trunk: &TrunkId, config: &TrunkConfig) -> Party {
    Party {
        via: Some(Via::Trunk(trunk.clone())),
        trusted: config.out.trusted,
        account: config.out.account.as_ref().map(|account| {
            let targets = config.out.targets.iter().map(|target| target.addr.ip());
            let hosts = config.peers.iter().copied().chain(targets);
            Account::at(hosts, PhoneId::new(&account.user), account.password.clone())
                .in_realm(account.realm.clone())
        }),
        srtp: config.out.srtp.unwrap_or(wire.srtp),
        codec: None,
        keys_by_info: config.out.keys_by_info,
    }
}

/// The leg whose place an INVITE takes, or the code to refuse it with (RFC 3891 section 3). One
/// that rings at us is nobody's to take: only whom we ring can be picked up elsewhere.
pub fn replaced(
    wire: &Wire,
    legs: &Legs,
    party: &Party,
    invite: &Message,
) -> Result<Option<LegId>, u16> {
    let Some(replaces) = refer::replaces(invite)? else { return Ok(None) };
    if !party.may_refer() {
        return Err(403);
    }
    let id = wire.dialogs.get(&replaces.dialog).ok_or(481_u16)?;
    match legs.get(*id).map(Leg::stand) {
        Some(Stand::Rung) => Ok(Some(*id)),
        Some(Stand::Talks) if replaces.early_only => Err(486),
        Some(Stand::Talks) => Ok(Some(*id)),
        Some(Stand::Over) => Err(603),
        Some(Stand::Waiting) | None => Err(481),
    }
}

/// The leg that the Replaces of a REFER names: one of the same phone, and another than the REFER's.
pub fn consulted(wire: &Wire, legs: &Legs, leg: LegId, refer: &Message) -> Option<LegId> {
    let Ok(refer::Asked::InCall(replaces)) = refer::asked(refer) else { return None };
    let other = *wire.dialogs.get(&replaces.dialog)?;
    let (one, two) = (legs.get(leg)?, legs.get(other)?);
    let same = one.party().zip(two.party()).is_some_and(|(one, two)| one.is_same(two));
    (other != leg && same && two.stand() != Stand::Over).then_some(other)
}

/// What is said of a leg that arrived. Who calls by a trunk and names an extension of ours is
/// withheld, whatever host it names, and so is a name that is an extension's number: a phone would
/// show it as the colleague of that number.
pub fn arrival(
    invite: &Message,
    party: &Party,
    old: Option<LegId>,
    is_extension: impl Fn(&str) -> bool,
) -> LegEvent {
    let via = party.via.clone().unwrap_or(Via::Phone(PhoneId::new("")));
    if let Some(old) = old {
        return LegEvent::ArrivedInPlace { via, old };
    }
    let (caller, name) = match &via {
        Via::Phone(phone) => {
            let name = invite.from().as_ref().map(caller::name).unwrap_or_default();
            (Number::new(phone.as_str()), name)
        }
        _ => {
            let (caller, name) = caller::of(invite, party.trusted);
            match is_extension(caller.reveal()) {
                true => Default::default(),
                false if is_extension(name.reveal()) => (caller, Default::default()),
                false => (caller, name),
            }
        }
    };
    // A phone of ours does not say who sent it a call.
    let diverted = if party.is_phone() { Number::default() } else { caller::diverted(invite) };
    LegEvent::Arrived { via, caller, name, dialled: dialled(invite, party), diverted }
}

/// What was dialled. A carrier that we register with may address each call to our account, and name
/// the number that was dialled in To.
fn dialled(invite: &Message, party: &Party) -> String {
    let dialled = caller::dialled(invite);
    let to_account = party.account.as_ref().is_some_and(|ours| ours.user.as_str() == dialled);
    let named = invite.to().filter(|_| to_account).and_then(|to| caller::user_of(&to));
    named.unwrap_or(dialled)
}
