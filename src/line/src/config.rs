//! What a port has to know before it can be served.

use crate::zone::{CHINA, Zone};
use model::port::PortKind;
use model::{Law, PortId};

/// How a port is wired and when it answers.
#[derive(Clone, Debug)]
pub struct Config {
    pub port: PortId,
    pub kind: PortKind,
    pub law: Law,
    /// Rings to wait for caller id, at least 1.
    pub answer_after_rings: u8,
    /// Whose tones the exchange sends.
    pub zone: Zone,
}

/// Why a port cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("port {0} is fxs: this version serves fxo ports alone")]
    Fxs(PortId),
    #[error("port {0} answers after no ring: at least 1 is needed")]
    NoRings(PortId),
}

impl Config {
    /// A port on a line of China.
    pub fn new(port: PortId, kind: PortKind, law: Law, answer_after_rings: u8) -> Self {
        Self { port, kind, law, answer_after_rings, zone: CHINA }
    }

    /// Tells whether the port can be served. One that cannot is silent: it reports its alarms and
    /// nothing else.
    pub fn check(&self) -> Result<(), ConfigError> {
        match (self.kind, self.answer_after_rings) {
            (PortKind::Fxs, _) => Err(ConfigError::Fxs(self.port.clone())),
            (_, 0) => Err(ConfigError::NoRings(self.port.clone())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_cannot_be_served_says_why() {
        let check = |kind, rings| Config::new(PortId::new("p"), kind, Law::A, rings).check();
        assert_eq!(check(PortKind::Fxo, 1), Ok(()));
        let said = |kind, rings| check(kind, rings).unwrap_err().to_string();
        assert_eq!(said(PortKind::Fxs, 2), "port p is fxs: this version serves fxo ports alone");
        assert_eq!(said(PortKind::Fxo, 0), "port p answers after no ring: at least 1 is needed");
    }
}
