//! A fact as bytes: a version byte, then postcard of its time and itself.

use crate::{Error, row};
use model::fact::VERSION;
use model::seal::Seal;
use model::{Entry, Fact, WallTime};

/// Most bytes of one fact; a larger one is refused, since all that facts hold is bounded long
/// before it becomes one.
pub const FACT_BYTES_MAX: usize = 16 * 1024;

/// The version that `open` reads. Version 2, once there is one, gets an arm beside it: facts of
/// version 1 stay as they are for ever.
const READ: u8 = 1;

/// Seals a fact for its place.
pub(crate) fn seal(seal: &dyn Seal, seq: u64, at: WallTime, fact: &Fact) -> Result<Vec<u8>, Error> {
    let plain =
        postcard::to_extend(&(at, fact), vec![VERSION]).map_err(|_| Error::FactEncoding { seq })?;
    if plain.len() > FACT_BYTES_MAX {
        return Err(Error::FactTooLarge { bytes: plain.len() });
    }
    Ok(seal.seal(&row::fact_context(seq), seq, &plain))
}

/// Opens and reads a fact at its place.
pub(crate) fn open(seal: &dyn Seal, seq: u64, sealed: &[u8]) -> Result<Entry, Error> {
    let plain = seal.open(&row::fact_context(seq), sealed).ok_or(Error::FactSealed { seq })?;
    let (&version, bytes) = plain.split_first().ok_or(Error::FactEncoding { seq })?;
    if version != READ {
        return Err(Error::FactVersion { seq, version });
    }
    match postcard::take_from_bytes::<(WallTime, Fact)>(bytes) {
        Ok(((at, fact), [])) => Ok(Entry { seq, at, fact }),
        _ => Err(Error::FactEncoding { seq }),
    }
}
