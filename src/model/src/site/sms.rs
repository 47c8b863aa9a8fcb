//! What a site says of texts to telephones, `[sms]`.

use crate::person::{Number, Secret};
use crate::site::Lang;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The modem, and who is told of which alarms.
#[derive(Clone, Debug, PartialEq)]
pub struct Sms {
    /// The modem's serial line.
    pub device: PathBuf,
    pub pin: Option<Secret>,
    pub numbers: Vec<Number>,
    pub alarms: Told,
    /// Most alarms that are told in any hour.
    pub an_hour: u16,
    /// An alarm that comes again is not told before this has passed.
    pub quiet: Duration,
    pub lang: Lang,
}

/// Which alarms are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// Those that are critical.
    #[default]
    Critical,
    All,
    /// Those with these keys.
    Only(BTreeSet<String>),
}
