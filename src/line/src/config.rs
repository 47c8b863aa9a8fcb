//! What a port has to know before it can be served.

use model::port::PortKind;
use model::site::Tones;
use model::{Law, PhoneId, PortId};

/// How a port is wired and when it answers.
#[derive(Clone, Debug)]
pub struct Config {
    pub port: PortId,
    pub kind: PortKind,
    pub law: Law,
    /// Rings to wait for caller id, at least 1.
    pub answer_after_rings: u8,
    /// Calls out are dialled by pulse: the exchange knows no tones.
    pub pulse: bool,
    /// What the exchange sounds like.
    pub tones: Tones,
    /// How names of callers are written.
    pub names: Names,
    /// The telephone of a port that faces one.
    pub telephone: Option<Telephone>,
}

/// How an exchange writes names of callers that are not in ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// In UTF-8.
    #[default]
    Unicode,
    /// As in China: in GB 18030, of which GBK and GB 2312 are parts, or in UTF-8.
    Gb18030,
}

/// A telephone on a port.
#[derive(Clone, Debug)]
pub struct Telephone {
    /// The account it is to the box.
    pub phone: PhoneId,
    /// Numbers that are whole with their last digit: nothing is waited for behind them.
    pub whole: std::collections::BTreeSet<String>,
}

/// Why a port cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("port {0} is fxs and has no telephone: say which phone hangs there")]
    NoTelephone(PortId),
    #[error("port {0} is fxo and has a telephone: only fxs ports face one")]
    Telephone(PortId),
    #[error("port {0} answers after no ring: at least 1 is needed")]
    NoRings(PortId),
}

impl Config {
    /// A port on a line of China.
    pub fn new(port: PortId, kind: PortKind, law: Law, answer_after_rings: u8) -> Self {
        let (tones, telephone) = (Tones::default(), None);
        let (pulse, names) = (false, Names::Gb18030);
        Self { port, kind, law, answer_after_rings, pulse, tones, names, telephone }
    }

    /// Tells whether the port can be served.
    pub fn check(&self) -> Result<(), ConfigError> {
        let port = || self.port.clone();
        match (self.kind, &self.telephone, self.answer_after_rings) {
            (PortKind::Fxs, None, _) => Err(ConfigError::NoTelephone(port())),
            (PortKind::Fxo, Some(_), _) => Err(ConfigError::Telephone(port())),
            (PortKind::Fxo, None, 0) => Err(ConfigError::NoRings(port())),
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
        let alone = "port p is fxs and has no telephone: say which phone hangs there";
        assert_eq!(said(PortKind::Fxs, 2), alone);
        assert_eq!(said(PortKind::Fxo, 0), "port p answers after no ring: at least 1 is needed");
    }
}
