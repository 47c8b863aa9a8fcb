//! The cards that are there against the ports of the site, and every difference in a sentence.

use super::driver::{Driver, Setup};
use super::gain::Gain;
use super::info::{ChannelInfo, Signalling};
use model::Law;
use model::port::PortKind;
use rustix::io::Errno;
use std::io;

/// What the site says of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// DAHDI's number of the channel, from 1 over all cards.
    pub channel: u16,
    pub signalling: Signalling,
    pub law: Law,
    pub gain: Gain,
    /// The echo canceller while a call is up: 8 taps a millisecond, 0 for none.
    pub echo_taps: u16,
}

impl Wanted {
    /// An analogue port.
    pub fn analogue(channel: u16, kind: PortKind, law: Law) -> Self {
        let signalling = match kind {
            PortKind::Fxo => Signalling::Fxo,
            PortKind::Fxs => Signalling::Fxs,
        };
        Self { channel, signalling, law, gain: Gain::default(), echo_taps: 0 }
    }

    /// A B channel of a span.
    pub fn bearer(channel: u16, law: Law) -> Self {
        Self { signalling: Signalling::Bearer, ..Self::analogue(channel, PortKind::Fxo, law) }
    }

    pub(super) fn setup(&self) -> Setup {
        let bearer = self.signalling == Signalling::Bearer;
        Setup { law: self.law, gain: self.gain, bearer }
    }
}

/// Why a port of the site cannot be used as the cards are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    #[error("no card's driver is loaded: there is no DAHDI on this box")]
    NoDriver,
    #[error("the box may not open DAHDI's files: its user must be in their group (dialout)")]
    NotAllowed,
    #[error("there is no channel {0}: the card is missing, or has fewer ports than the site says")]
    NoChannel(u16),
    #[error(
        "channel {0} is not configured ({1}={0}): the box does it by itself with dahdi_cfg, and says \
         why where it could not"
    )]
    NotConfigured(u16, &'static str),
    #[error(
        "channel {channel} {found} and the site says that it {wanted}: move the line to another \
         port, or correct the site's port{hint}"
    )]
    OtherKind { channel: u16, found: Faces, wanted: Faces, hint: &'static str },
    #[error(
        "channel {channel} is the {} of its span, and the site says that a line begins there: \
         first-channel is the number of its first",
        nth(*.place)
    )]
    NotFirst { channel: u16, place: u16 },
    #[error("channel {channel} is no E1: its span has {channels} channels, not 31")]
    NotE1 { channel: u16, channels: u16 },
    #[error(
        "span {0} is not as the site says though the driver was told: look at its messages (dmesg)"
    )]
    NotTaken(u16),
    #[error("channel {0} is used by another program: only the box may drive its cards")]
    Busy(u16),
    #[error("channel {channel} does not open: error {error}")]
    Failed { channel: u16, error: i32 },
}

fn nth(place: u16) -> String {
    let end = match (place % 10, place % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{place}{end}")
}

/// What a channel is for, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faces(pub Signalling);

impl std::fmt::Display for Faces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Signalling::None => "is not configured",
            Signalling::Fxo => "faces the exchange (FXO)",
            Signalling::Fxs => "faces a telephone (FXS)",
            Signalling::Bearer => "is a B channel",
            Signalling::Data => "is a D channel",
            Signalling::Other => "has a signalling that the box does not use",
        })
    }
}

impl Difference {
    /// Why a channel did not open, by the error.
    pub(super) fn of(channel: u16, error: &io::Error) -> Self {
        let Some(raw) = error.raw_os_error() else { return Self::Failed { channel, error: 0 } };
        match Errno::from_raw_os_error(raw) {
            Errno::NOENT => Self::NoDriver,
            Errno::ACCESS | Errno::PERM => Self::NotAllowed,
            Errno::INVAL | Errno::NXIO | Errno::NODEV => Self::NoChannel(channel),
            Errno::BUSY => Self::Busy(channel),
            _ => Self::Failed { channel, error: raw },
        }
    }

    /// The card or its driver is not there, rather than the box being unable to ask.
    pub fn is_absence(self) -> bool {
        matches!(self, Self::NoDriver | Self::NoChannel(_))
    }

    /// What the channel is does not agree with the site, though it is there.
    pub fn is_misfit(self) -> bool {
        matches!(self, Self::NotConfigured(..) | Self::OtherKind { .. })
    }
}

/// What is between a port of the site and its channel.
pub(super) fn check(wanted: &Wanted, found: &ChannelInfo) -> Result<(), Difference> {
    let channel = wanted.channel;
    if found.signalling == wanted.signalling {
        return Ok(());
    }
    let able = match wanted.signalling {
        Signalling::Fxo => found.can_fxo,
        Signalling::Fxs => found.can_fxs,
        _ => true,
    };
    if found.signalling == Signalling::None && able {
        let line = match wanted.signalling {
            Signalling::Fxo => "fxsks",
            Signalling::Fxs => "fxoks",
            Signalling::Data => "dchan",
            _ => "bchan",
        };
        return Err(Difference::NotConfigured(channel, line));
    }
    let hint = if able { ", and start the box anew" } else { "" };
    let found = match found.signalling {
        // What its module is shows in what it could be.
        Signalling::None if found.can_fxs => Signalling::Fxs,
        Signalling::None if found.can_fxo => Signalling::Fxo,
        configured => configured,
    };
    let wanted = Faces(wanted.signalling);
    Err(Difference::OtherKind { channel, found: Faces(found), wanted, hint })
}

/// Everything that keeps ports from being used, by the port's place.
pub fn survey<D: Driver>(driver: &D, wanted: &[Wanted]) -> Vec<(usize, Difference)> {
    let mut differences = Vec::new();
    for (port, wanted) in wanted.iter().enumerate() {
        let found = driver.channel(wanted.channel);
        let checked = found.map_err(|error| Difference::of(wanted.channel, &error));
        if let Err(difference) = checked.and_then(|found| check(wanted, &found)) {
            differences.push((port, difference));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(wanted: Signalling, found: ChannelInfo) -> String {
        let wanted = Wanted { signalling: wanted, ..Wanted::analogue(3, PortKind::Fxo, Law::A) };
        check(&wanted, &found).expect_err("they differ").to_string()
    }

    #[test]
    fn a_telephones_port_where_the_site_says_exchange_is_explained() {
        let mut found = ChannelInfo::pretend(3, 1, Signalling::Fxs);
        found.can_fxo = false;
        assert_eq!(
            difference(Signalling::Fxo, found),
            "channel 3 faces a telephone (FXS) and the site says that it faces the exchange (FXO): \
             move the line to another port, or correct the site's port"
        );
    }

    #[test]
    fn a_channel_that_is_not_configured_is_told_with_the_line_it_wants() {
        let found = ChannelInfo::pretend(3, 1, Signalling::None);
        assert_eq!(
            difference(Signalling::Fxo, found),
            "channel 3 is not configured (fxsks=3): the box does it by itself with dahdi_cfg, and says \
             why where it could not"
        );
        assert!(difference(Signalling::Fxs, found).contains("fxoks=3"));
        assert!(difference(Signalling::Bearer, found).contains("bchan=3"));
    }

    #[test]
    fn an_empty_port_of_other_hardware_is_not_told_to_be_configured() {
        let mut found = ChannelInfo::pretend(3, 1, Signalling::None);
        found.can_fxo = false;
        let said = difference(Signalling::Fxo, found);
        assert!(said.starts_with("channel 3 faces a telephone (FXS)"), "{said}");
    }

    #[test]
    fn errors_of_opening_are_told_in_words() {
        let of = |errno: Errno| Difference::of(7, &errno.into()).to_string();
        assert!(of(Errno::NOENT).starts_with("no card's driver is loaded"));
        assert!(of(Errno::ACCESS).contains("dialout"));
        assert!(of(Errno::NXIO).starts_with("there is no channel 7"));
        assert!(of(Errno::BUSY).contains("another program"));
        assert_eq!(of(Errno::NOMEM), "channel 7 does not open: error 12");
    }
}
