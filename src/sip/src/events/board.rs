//! The board: what was last published of every lamp, phone and agent, kept for whoever subscribes.

use crate::dialog::DialogId;
use crate::uri;
use model::fact::AgentState;
use model::feature::{Features, Lamp, Watched};
use model::{AgentId, LegId, PhoneId};
use rsip::Host;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A lamp as it is shown now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub lamp: Lamp,
    /// Counts the calls shown by this lamp: another call is another dialog (RFC 4235 section 4.1.2).
    pub dialog: u64,
}

/// Who to call back: new and old ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub new: u32,
    pub old: u32,
}

/// What was last published.
#[derive(Debug)]
pub struct Board {
    realm: String,
    local: SocketAddr,
    lamps: BTreeMap<Watched, Shown>,
    features: BTreeMap<PhoneId, Features>,
    seats: BTreeMap<AgentId, PhoneId>,
    summaries: BTreeMap<PhoneId, Summary>,
    /// Legs that ring at a phone, with their dialog once the phone said that it rings.
    ringing: BTreeMap<(PhoneId, LegId), Option<DialogId>>,
    phones_of: BTreeMap<LegId, PhoneId>,
}

impl Board {
    /// Begins with every lamp dark; `local` stands in addresses where the realm is no host.
    pub fn new(realm: &str, local: SocketAddr) -> Self {
        Self {
            realm: realm.to_owned(),
            local,
            lamps: BTreeMap::new(),
            features: BTreeMap::new(),
            seats: BTreeMap::new(),
            summaries: BTreeMap::new(),
            ringing: BTreeMap::new(),
            phones_of: BTreeMap::new(),
        }
    }

    /// Shows a lamp; tells whether that changed it.
    pub fn set_lamp(&mut self, watched: Watched, lamp: Lamp) -> bool {
        let unlit = unlit(&watched);
        let shown = self.lamps.entry(watched).or_insert(unlit);
        if shown.lamp == lamp {
            return false;
        }
        if is_busy(&lamp) && !is_busy(&shown.lamp) {
            shown.dialog += 1;
        }
        shown.lamp = lamp;
        true
    }

    /// Shows a phone's features; tells whether that changed them.
    pub fn set_features(&mut self, phone: &PhoneId, features: Features) -> bool {
        let old = self.features.insert(phone.clone(), features.clone()).unwrap_or_default();
        if old == features {
            return false;
        }
        if let Some((agent, _)) = &old.agent
            && self.seats.get(agent) == Some(phone)
        {
            self.seats.remove(agent);
        }
        if let Some((agent, _)) = &features.agent {
            self.seats.insert(agent.clone(), phone.clone());
        }
        true
    }

    /// Shows a phone's summary; tells whether that changed it.
    pub fn set_summary(&mut self, phone: &PhoneId, summary: Summary) -> bool {
        self.summaries.insert(phone.clone(), summary).unwrap_or_default() != summary
    }

    /// Forgets what is not on the site any more.
    pub fn keep(&mut self, has: impl Fn(&Watched) -> bool) {
        self.lamps.retain(|watched, _| has(watched));
        let phone = |phone: &PhoneId| has(&Watched::Phone(phone.clone()));
        self.features.retain(|id, _| phone(id));
        self.summaries.retain(|id, _| phone(id));
        self.seats.retain(|_, id| phone(id));
    }

    /// A leg rings a phone.
    pub fn rings(&mut self, leg: LegId, phone: &PhoneId) {
        self.ringing.insert((phone.clone(), leg), None);
        self.phones_of.insert(leg, phone.clone());
    }

    /// Legs that ring at a phone.
    pub fn ringing(&self) -> usize {
        self.ringing.len().max(self.phones_of.len())
    }

    /// A phone said which dialog a leg has with it; gives the phone whose dialog is a new one.
    pub fn rung(&mut self, leg: LegId, dialog: DialogId) -> Option<PhoneId> {
        let phone = self.phones_of.get(&leg)?;
        let known = self.ringing.get_mut(&(phone.clone(), leg))?;
        // The first phone of several stays the one that is named: a pick-up takes the leg.
        if known.is_some() {
            return None;
        }
        *known = Some(dialog);
        Some(phone.clone())
    }

    /// A leg is over.
    pub fn leg_over(&mut self, leg: LegId) {
        if let Some(phone) = self.phones_of.remove(&leg) {
            self.ringing.remove(&(phone, leg));
        }
    }

    /// A lamp as it is shown now.
    pub fn lamp(&self, watched: &Watched) -> Shown {
        self.lamps.get(watched).cloned().unwrap_or_else(|| unlit(watched))
    }

    /// The phone that is watched: an agent's, where the agent sits.
    pub fn phone_of<'a>(&'a self, watched: &'a Watched) -> Option<&'a PhoneId> {
        match watched {
            Watched::Phone(phone) => Some(phone),
            Watched::Agent(agent) => self.seats.get(agent),
            Watched::Slot(_) => None,
        }
    }

    /// Whose seat a phone is, and how the agent is.
    pub fn seat(&self, phone: &PhoneId) -> Option<&(AgentId, AgentState)> {
        self.features.get(phone)?.agent.as_ref()
    }

    /// The dialog that a phone rings in, as our end knows it: an INVITE with Replaces takes it.
    pub fn dialog_of(&self, watched: &Watched) -> Option<&DialogId> {
        let phone = self.phone_of(watched)?;
        let first = (phone.clone(), LegId(0));
        let legs = self.ringing.range(first..).take_while(|((of, _), _)| of == phone);
        legs.filter_map(|(_, dialog)| dialog.as_ref()).last()
    }

    /// The agents who sit at a phone.
    pub fn agents_at<'a>(&'a self, phone: &'a PhoneId) -> impl Iterator<Item = &'a AgentId> {
        self.seats.iter().filter(move |(_, seat)| *seat == phone).map(|(agent, _)| agent)
    }

    /// An agent's state, while the agent sits somewhere.
    pub fn agent(&self, agent: &AgentId) -> Option<&AgentState> {
        let features = self.features.get(self.seats.get(agent)?)?;
        features.agent.as_ref().filter(|(id, _)| id == agent).map(|(_, state)| state)
    }

    /// A phone's features.
    pub fn features(&self, phone: &PhoneId) -> Features {
        self.features.get(phone).cloned().unwrap_or_default()
    }

    /// A phone's summary.
    pub fn summary(&self, phone: &PhoneId) -> Summary {
        self.summaries.get(phone).copied().unwrap_or_default()
    }

    /// The address of a name at the box: `sip:8002@box.example`.
    pub fn address(&self, user: &str) -> String {
        let mut address = uri::of_user(user, self.local);
        match uri::host_port(&self.realm) {
            Ok(host) => address.host_with_port = host,
            Err(_) => address.host_with_port.port = None,
        }
        uri::write(&address)
    }

    /// The host part of content identifiers.
    pub fn host(&self) -> String {
        match uri::host_port(&self.realm).map(|host| host.host) {
            Ok(Host::Domain(name)) => name.to_string(),
            _ => "box.invalid".to_owned(),
        }
    }
}

/// A lamp nobody published yet: a phone is taken to be away until it is said to be there.
fn unlit(watched: &Watched) -> Shown {
    let lamp = match watched {
        Watched::Phone(_) | Watched::Agent(_) => Lamp::Away,
        Watched::Slot(_) => Lamp::Idle,
    };
    Shown { lamp, dialog: 0 }
}

/// Tells whether a lamp shows a call.
pub fn is_busy(lamp: &Lamp) -> bool {
    matches!(lamp, Lamp::Ringing { .. } | Lamp::Talking { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        Board::new("box.example", "192.0.2.1:5060".parse().unwrap())
    }

    fn seated(agent: Option<&str>) -> Features {
        let agent = agent.map(|agent| (AgentId::new(agent), AgentState::Ready));
        Features { agent, ..Features::default() }
    }

    #[test]
    fn another_call_is_another_dialog_and_the_same_one_is_not() {
        let (mut board, desk) = (board(), Watched::Phone(PhoneId::new("8001")));
        let rings = |caller: &str| Lamp::Ringing { caller: caller.into() };
        assert!(board.set_lamp(desk.clone(), rings("110")));
        assert!(!board.set_lamp(desk.clone(), rings("110")), "nothing new");
        board.set_lamp(desk.clone(), Lamp::Talking { other: "110".into() });
        assert_eq!(board.lamp(&desk).dialog, 1);
        board.set_lamp(desk.clone(), Lamp::Idle);
        board.set_lamp(desk.clone(), rings("120"));
        assert_eq!(board.lamp(&desk).dialog, 2);
    }

    #[test]
    fn an_agent_who_moves_is_found_at_the_other_phone_whichever_is_told_first() {
        let (one, two) = (PhoneId::new("8001"), PhoneId::new("8002"));
        let agent = AgentId::new("8001");
        for leaves_first in [true, false] {
            let mut board = board();
            board.set_features(&one, seated(Some("8001")));
            let moves: [(&PhoneId, Option<&str>); 2] = [(&one, None), (&two, Some("8001"))];
            let (first, then) = if leaves_first { (0, 1) } else { (1, 0) };
            for (phone, agent) in [moves[first], moves[then]] {
                board.set_features(phone, seated(agent));
            }
            assert_eq!(board.agents_at(&two).collect::<Vec<_>>(), [&agent], "{leaves_first}");
            assert_eq!(board.agent(&agent), Some(&AgentState::Ready));
        }
    }

    #[test]
    fn the_dialog_named_is_that_of_the_phone_that_rings() {
        let mut board = board();
        let phone = PhoneId::new("8002");
        board.set_features(&phone, seated(Some("8001")));
        let leg = LegId::inbound(4);
        let dialog =
            DialogId { call_id: "c".into(), local_tag: "ours".into(), remote_tag: "theirs".into() };
        assert_eq!(board.rung(leg, dialog.clone()), None, "nobody is rung by it");
        board.rings(leg, &phone);
        let agent = Watched::Agent(AgentId::new("8001"));
        assert_eq!(board.dialog_of(&agent), None, "it does not ring yet");
        assert_eq!(board.rung(leg, dialog.clone()), Some(phone));
        assert_eq!(board.dialog_of(&agent), Some(&dialog));
        board.leg_over(leg);
        assert_eq!(board.dialog_of(&agent), None);
    }
}
