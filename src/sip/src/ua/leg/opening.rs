//! How a leg begins: with an INVITE that arrived, or with those that we send.

use super::{Leg, Phase};
use crate::peer::Peer;
use crate::registrar::Target;
use crate::ua::forks::Forks;
use crate::ua::incoming::{Arrived, Incoming};
use crate::ua::invitation::Invitation;
use crate::ua::outgoing::Outgoing;
use crate::ua::wire::Wire;
use model::{Cause, Instant, LegId, TrunkId, Via};
use rsip::Uri;

impl Leg {
    /// Takes an INVITE that arrived, and rings.
    pub fn arrive(now: Instant, wire: &mut Wire, id: LegId, arrived: Arrived) -> Self {
        wire.dialogs.insert(arrived.dialog.id().clone(), id);
        let trunk = match &arrived.party.via {
            Some(Via::Trunk(trunk)) => Some(trunk.clone()),
            _ => None,
        };
        let incoming = Incoming::ring(now, wire, id, arrived);
        let phase = Phase::Ringing(Box::new(incoming));
        Self { id, trunk, referred: false, gone: false, phase, forks: Forks::default() }
    }

    /// Opens a leg. It is gone at once where no target could be asked.
    pub fn open(
        now: Instant,
        wire: &mut Wire,
        id: LegId,
        invitation: Invitation,
        targets: &[Target],
    ) -> Self {
        let mut forks = Forks::towards(&invitation.party);
        let opened = Outgoing::invite(now, wire, id, &mut forks, invitation, targets);
        Self::opened(wire, id, None, forks, opened)
    }

    /// Opens a leg over a trunk, whose targets are tried one after the other.
    pub fn open_by(
        now: Instant,
        wire: &mut Wire,
        id: LegId,
        trunk: TrunkId,
        invitation: Invitation,
        targets: Vec<(Uri, Peer)>,
    ) -> Self {
        let mut forks = Forks::towards(&invitation.party);
        let opened = Outgoing::in_turn(now, wire, id, &mut forks, invitation, targets);
        Self::opened(wire, id, Some(trunk), forks, opened)
    }

    fn opened(
        wire: &mut Wire,
        id: LegId,
        trunk: Option<TrunkId>,
        forks: Forks,
        opened: Result<Outgoing, Cause>,
    ) -> Self {
        let (phase, refused) = match opened {
            Ok(outgoing) => (Phase::Calling(Box::new(outgoing)), None),
            Err(cause) => (Phase::Over, Some(cause)),
        };
        let mut leg = Self { id, trunk, referred: false, gone: false, phase, forks };
        if let Some(cause) = refused {
            leg.gone(wire, cause);
        }
        leg
    }
}
