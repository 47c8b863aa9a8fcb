//! Who calls: every way an exchange may tell it, listened for at once.

use crate::config::Names;
use crate::fsk::{BELL_202, FskEar, V23};
use crate::keys::KeysEar;
use crate::message::Bytes;
use crate::sound::Sound;
use model::{Number, PersonName};

/// Who calls. The number is empty when withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallerId {
    pub number: Number,
    pub name: PersonName,
}

/// The ears of one port, so that nobody has to know which one its exchange uses.
#[derive(Clone, Debug)]
pub(crate) struct CallerIdEar {
    bell: (FskEar, Bytes),
    v23: (FskEar, Bytes),
    keys: KeysEar,
}

impl CallerIdEar {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            bell: (FskEar::new(BELL_202), Bytes::new(names)),
            v23: (FskEar::new(V23), Bytes::new(names)),
            keys: KeysEar::new(),
        }
    }

    /// Hears 20 ms; gives the caller when one of the ears is sure.
    pub(crate) fn hear(&mut self, sound: &Sound) -> Option<CallerId> {
        let mut found = None;
        for (ear, bytes) in [&mut self.bell, &mut self.v23] {
            ear.hear(sound, &mut |byte| {
                if let Some(caller) = bytes.push(byte) {
                    found = Some(caller);
                }
            });
        }
        found.or_else(|| {
            let digits = self.keys.hear(sound)?;
            Some(CallerId { number: Number::new(digits.as_str()), name: PersonName::default() })
        })
    }
}
