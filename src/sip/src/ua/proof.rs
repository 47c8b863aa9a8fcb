//! A challenge of a request of ours, answered with the password's proof (RFC 3261 22.2).
//!
//! ```text
//!   401, 407 to a request without proof --> the request again, with it
//!            to one with proof, stale   --> the request again, with another
//!            to one with proof          --> refused: the same password would fail again
//! ```
//!
//! That a challenge comes from whom the request went to is seen before (`Endpoint::response`): a
//! password is proved to nobody who answers in another's place. And it is proved to the hosts of
//! its account alone, whomever a Contact or a route had us ask, and of its realm where the site names
//! one: a proof made for another is good elsewhere.

use super::party::Account;
use super::wire::Wire;
use crate::digest::Challenge;
use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::uri;

/// Makes a challenged request of ours anew, with the proof and the next number, and says where it
/// goes. Nothing where the challenge is none we can answer, or refuses the proof that was given:
/// only a stale nonce is worth another (RFC 7616 3.3).
pub fn of_challenged(
    wire: &mut Wire,
    id: TransactionId,
    challenged: &Message,
    account: &Account,
) -> Option<(Message, Peer)> {
    let (challenge, header) = Challenge::of_realm(challenged, account.realm())?;
    let to = wire.transactions.peer(id)?;
    let secret = account.secret_for(&to)?;
    let request = wire.transactions.request_of(id)?;
    if !challenge.stale && request.headers.get(header).is_some() {
        return None;
    }
    let mut request = wire.anew(request.clone(), &to)?;
    let target = uri::write(request.uri()?);
    let (cnonce, method) = (wire.token(), request.method()?);
    let user = account.user.as_str();
    let proof = challenge.answer(user, secret, method, &target, &cnonce, 1);
    request.headers.replace(header, proof.to_string());
    Some((request, to))
}
