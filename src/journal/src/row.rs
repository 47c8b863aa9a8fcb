//! Keys of rows, and what is sealed with them.
//!
//! ```text
//! f/<seq 8>            a fact            v/agents/<agent>     AgentRow
//! v/calls/<call 8>     CallRow           v/hours/<seq 8>      hour of the run that begins there
//! v/counters           CountersView      v/phones/<phone>     PhoneRow
//! v/owed/<a|p|q><id>   (Owner, Owed)
//! ```
//! Numbers are big endian, so that the order of keys is the order of numbers.

use crate::Error;
use model::seal::Seal;
use model::{AgentId, CallId, Owner, PhoneId};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const FACTS: &[u8] = b"f/";
pub(crate) const VIEWS: &[u8] = b"v/";
pub(crate) const CALLS: &[u8] = b"v/calls/";
pub(crate) const AGENTS: &[u8] = b"v/agents/";
pub(crate) const PHONES: &[u8] = b"v/phones/";
pub(crate) const OWED: &[u8] = b"v/owed/";
pub(crate) const HOURS: &[u8] = b"v/hours/";
pub(crate) const COUNTERS: &[u8] = b"v/counters";

pub(crate) fn fact_key(seq: u64) -> Vec<u8> {
    numbered(FACTS, seq)
}
pub(crate) fn call_key(call: CallId) -> Vec<u8> {
    numbered(CALLS, call.0)
}
pub(crate) fn agent_key(agent: &AgentId) -> Vec<u8> {
    [AGENTS, agent.as_str().as_bytes()].concat()
}
pub(crate) fn phone_key(phone: &PhoneId) -> Vec<u8> {
    [PHONES, phone.as_str().as_bytes()].concat()
}
pub(crate) fn owner_key(owner: &Owner) -> Vec<u8> {
    let (kind, id) = match owner {
        Owner::Agent(agent) => (b"a", agent.as_str()),
        Owner::Phone(phone) => (b"p", phone.as_str()),
        Owner::Queue(queue) => (b"q", queue.as_str()),
    };
    [OWED, kind, id.as_bytes()].concat()
}
pub(crate) fn hour_key(first_seq: u64) -> Vec<u8> {
    numbered(HOURS, first_seq)
}

/// The number that a key ends in.
pub(crate) fn number_of(prefix: &[u8], key: &[u8]) -> Option<u64> {
    key.strip_prefix(prefix)?.try_into().ok().map(u64::from_be_bytes)
}

/// What a fact is sealed with: that it is one, and its place.
pub(crate) fn fact_context(seq: u64) -> [u8; 12] {
    let mut context = *b"fact........";
    context[4..].copy_from_slice(&seq.to_be_bytes());
    context
}

/// A row of a view as it lies in the store; `seq` is the fact it was last touched by.
pub(crate) fn seal_row(
    seal: &dyn Seal,
    key: &[u8],
    seq: u64,
    row: &impl Serialize,
) -> Result<Vec<u8>, Error> {
    Ok(seal.seal(&view_context(key), seq, &bytes_of(key, row)?))
}

/// The canonical bytes of a row.
pub(crate) fn bytes_of(key: &[u8], row: &impl Serialize) -> Result<Vec<u8>, Error> {
    postcard::to_stdvec(row).map_err(|_| Error::RowEncoding { row: shown(key) })
}

/// The canonical bytes of a stored row.
pub(crate) fn open_bytes(seal: &dyn Seal, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    seal.open(&view_context(key), sealed).ok_or_else(|| Error::RowSealed { row: shown(key) })
}

/// A stored row.
pub(crate) fn open_row<T: DeserializeOwned>(
    seal: &dyn Seal,
    key: &[u8],
    sealed: &[u8],
) -> Result<T, Error> {
    let bytes = open_bytes(seal, key, sealed)?;
    postcard::from_bytes(&bytes).map_err(|_| Error::RowEncoding { row: shown(key) })
}

/// A key as a person reads it.
pub(crate) fn shown(key: &[u8]) -> String {
    for prefix in [FACTS, CALLS, HOURS] {
        if let Some(number) = number_of(prefix, key) {
            return format!("{}{number}", String::from_utf8_lossy(prefix));
        }
    }
    key.escape_ascii().to_string()
}

fn view_context(key: &[u8]) -> Vec<u8> {
    [b"view", key].concat()
}

fn numbered(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, &number.to_be_bytes()].concat()
}
