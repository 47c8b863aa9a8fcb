//! A fact as bytes: a version byte, then postcard of its time and itself.

use crate::{Error, row};
use model::fact::VERSION;
use model::seal::Seal;
use model::{Entry, Fact, WallTime};

/// Most bytes of one fact; a larger one is refused, since all that facts hold is bounded long
/// before it becomes one.
pub const FACT_BYTES_MAX: usize = 16 * 1024;

/// The first version. Each later one added variants behind those of before and changed none of them,
/// so one reader reads all; facts of version 1 stay as they are for ever.
const FIRST: u8 = 1;

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
    if !(FIRST..=VERSION).contains(&version) {
        return Err(Error::FactVersion { seq, version });
    }
    match postcard::take_from_bytes::<(WallTime, Fact)>(bytes) {
        Ok(((at, fact), [])) => Ok(Entry { seq, at, fact }),
        _ => Err(Error::FactEncoding { seq }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::fact::Party;
    use model::{CallId, Cause, VisitId};

    /// Seals nothing: what is tested here is what lies inside.
    struct Open;

    impl Seal for Open {
        fn seal(&self, _: &[u8], _: u64, plain: &[u8]) -> Vec<u8> {
            plain.to_vec()
        }
        fn open(&self, _: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
            Some(sealed.to_vec())
        }
    }

    #[test]
    fn todays_version_is_read_and_tomorrows_is_refused_by_name() {
        let sealed = seal(&Open, 7, WallTime(9), &Fact::BoxStopped).unwrap();
        let entry = Entry { seq: 7, at: WallTime(9), fact: Fact::BoxStopped };
        assert_eq!(open(&Open, 7, &sealed).unwrap(), entry);
        let later = [&[VERSION + 1], &sealed[1..]].concat();
        let refused = open(&Open, 7, &later).unwrap_err().to_string();
        let (tomorrow, today) = (VERSION + 1, VERSION);
        assert_eq!(
            refused,
            format!("fact 7 was written in version {tomorrow}; this program reads up to {today}")
        );
    }

    /// `CallEnded` of call 5 by the agent, as version 1 wrote it.
    #[test]
    fn a_fact_of_version_1_says_what_it_said() {
        let old = [1, 0x12, 6, 5, 1, 0];
        let fact = Fact::CallEnded { call: CallId(5), by: Party::Agent, cause: Cause::Normal };
        assert_eq!(open(&Open, 7, &old).unwrap(), Entry { seq: 7, at: WallTime(9), fact });
        let last =
            Fact::TurnedAway { visit: VisitId { call: CallId(5), no: 1 }, queue: "desk".into() };
        let old = [&[1, 0x12, 29, 5, 1, 4][..], b"desk"].concat();
        assert_eq!(open(&Open, 7, &old).unwrap().fact, last);
    }

    #[test]
    fn a_fact_with_bytes_left_over_or_missing_is_no_fact() {
        let sealed = seal(&Open, 7, WallTime(9), &Fact::BoxStopped).unwrap();
        for bent in [&sealed[..sealed.len() - 1], &[&sealed[..], &[0]].concat(), &[]] {
            assert!(matches!(open(&Open, 7, bent), Err(Error::FactEncoding { seq: 7 })));
        }
    }

    #[test]
    fn a_minute_of_a_legs_sound_takes_less_than_200_bytes() {
        let figures = model::quality::Figures {
            ms: 10_000,
            packets: 500,
            lost: 20,
            late: 2,
            concealed_ms: 440,
            jitter_ms: 12,
            buffer_ms: 44,
            round_trip_ms: Some(300),
            far_lost: Some(12),
            level_dbm0: Some(-19),
            noise_dbm0: Some(-62),
            voice_ms: 4800,
            dead_ms: 320,
            muted: None,
            mos: Some(394),
        };
        let fact = Fact::LegQuality {
            call: CallId(1_000_000),
            leg: model::LegId(2_000_000),
            via: model::Via::Phone("8001".into()),
            agent: Some("1001".into()),
            figures: vec![figures; model::quality::QUALITY_PER_FACT],
        };
        let sealed = seal(&Open, 7, WallTime(1_790_000_000_000), &fact).unwrap();
        assert!(sealed.len() < 200, "{} bytes", sealed.len());
        assert_eq!(open(&Open, 7, &sealed).unwrap().fact, fact);
    }
}
