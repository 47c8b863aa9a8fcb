//! What the driver says of a channel and of a span.

use super::abi;
use model::Law;
use model::port::Alarm;

/// What a channel is configured to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signalling {
    /// Not configured: it cannot be opened.
    None,
    /// Faces the exchange. The driver names it by what it talks to: `fxsks`, `fxsls`, `fxsgs`.
    Fxo,
    /// Faces a telephone: `fxoks`, `fxols`, `fxogs`.
    Fxs,
    /// A B channel of a span: `bchan`.
    Bearer,
    /// The D channel of a span: `dchan` or `hardhdlc`.
    Data,
    /// CAS, E&M and others that the box does not use.
    Other,
}

impl Signalling {
    fn of(bits: i32) -> Self {
        match bits {
            0 => Self::None,
            abi::SIG_CLEAR => Self::Bearer,
            bits if bits & abi::SIG_HARDHDLC == abi::SIG_HARDHDLC => Self::Data,
            bits if bits & abi::SIG_HDLCFCS == abi::SIG_HDLCFCS => Self::Data,
            bits if bits & abi::SIG_FXS != 0 => Self::Fxo,
            bits if bits & abi::SIG_FXO != 0 => Self::Fxs,
            _ => Self::Other,
        }
    }
}

/// A channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    pub channel: u16,
    /// The span it is of; 0 where it is of none.
    pub span: u16,
    /// Its place in the span, from 1.
    pub place: u16,
    pub signalling: Signalling,
    pub law: Law,
    /// A telephone on it is off its hook, or the line has loop current.
    pub off_hook: bool,
    alarms: u32,
    /// What its hardware could be configured to be: facing the exchange, facing a telephone.
    pub can_fxo: bool,
    pub can_fxs: bool,
}

impl ChannelInfo {
    pub(super) fn of(params: &abi::Params) -> Self {
        Self {
            channel: small(params.channel),
            span: small(params.span),
            place: small(params.place_in_span),
            signalling: Signalling::of(params.signalling),
            law: if params.law == abi::LAW_MU { Law::Mu } else { Law::A },
            off_hook: params.receive_off_hook != 0,
            alarms: params.alarms,
            can_fxo: params.able & abi::SIG_FXS != 0,
            can_fxs: params.able & abi::SIG_FXO != 0,
        }
    }

    /// What is wrong with a line of an analogue card: a red alarm there is a line without battery.
    pub fn has_no_battery(&self) -> bool {
        self.signalling == Signalling::Fxo && self.alarms & abi::ALARM_RED != 0
    }
}

/// A span: the line of a digital card, or all ports of an analogue one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanInfo {
    pub span: u16,
    name: [u8; 20],
    description: [u8; 40],
    /// Its lines are digital: alarms are the span's, not a port's.
    pub digital: bool,
    pub channels: u16,
    pub ccs: bool,
    pub hdb3: bool,
    pub crc4: bool,
    /// How the line is built out; 0 for the shortest.
    pub build_out: u16,
    /// The span the card takes its clock of; 0 where it runs free.
    pub clock_of: u16,
    alarms: u32,
}

impl SpanInfo {
    pub(super) fn of(info: &abi::SpanInfo) -> Self {
        let line = info.line;
        Self {
            span: small(info.span),
            name: info.name,
            description: info.description,
            digital: info.able != 0,
            channels: small(info.channels),
            ccs: line & abi::LINE_CCS != 0,
            hdb3: line & abi::LINE_HDB3 != 0,
            crc4: line & abi::LINE_CRC4 != 0,
            build_out: small(info.build_out),
            clock_of: small(info.clock_of),
            alarms: info.alarms as u32,
        }
    }

    /// The driver's name of it.
    pub fn name(&self) -> String {
        text(&self.name)
    }

    /// What the card says of itself.
    pub fn description(&self) -> String {
        text(&self.description)
    }

    /// The alarms that stand on a digital line.
    pub fn alarms(&self) -> Alarms {
        let mut alarms = Alarms::default();
        if !self.digital {
            return alarms;
        }
        let says = |bit| self.alarms & bit != 0;
        // Cards say of a lost frame that it is red too, and name the signal where it is gone.
        let signal = says(abi::ALARM_SIGNAL);
        let frame = says(abi::ALARM_FRAME) || says(abi::ALARM_MULTIFRAME);
        let red = says(abi::ALARM_RED) || says(abi::ALARM_NOT_OPEN) || signal;
        alarms.set(Alarm::Red, red && (signal || !frame));
        alarms.set(Alarm::LossOfFrame, frame && !signal);
        alarms.set(Alarm::Yellow, says(abi::ALARM_YELLOW));
        alarms.set(Alarm::Blue, says(abi::ALARM_BLUE));
        alarms
    }
}

/// A set of alarms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms(u8);

impl Alarms {
    /// Every alarm a port can have, in the order they are told.
    const ALL: [Alarm; 7] = [
        Alarm::CardGone,
        Alarm::Misfit,
        Alarm::NoBattery,
        Alarm::Red,
        Alarm::LossOfFrame,
        Alarm::Yellow,
        Alarm::Blue,
    ];

    pub fn set(&mut self, alarm: Alarm, stands: bool) {
        let bit = 1 << alarm as u8;
        self.0 = if stands { self.0 | bit } else { self.0 & !bit };
    }

    pub fn has(self, alarm: Alarm) -> bool {
        self.0 & (1 << alarm as u8) != 0
    }

    /// What changed since, as alarms and whether they were raised: those that went first.
    pub fn since(self, before: Self) -> impl Iterator<Item = (Alarm, bool)> {
        let changed =
            Self::ALL.into_iter().filter(move |&alarm| self.has(alarm) != before.has(alarm));
        let (went, came) = (changed.clone(), changed);
        let went = went.filter(move |&alarm| !self.has(alarm)).map(|alarm| (alarm, false));
        went.chain(came.filter(move |&alarm| self.has(alarm)).map(|alarm| (alarm, true)))
    }
}

/// A number of the driver's that is never large; a wild one is 0, which is no channel and no span.
fn small(number: i32) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

/// A text of C, up to its zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
impl ChannelInfo {
    /// A channel of a card that tests pretend.
    pub(super) fn pretend(channel: u16, span: u16, signalling: Signalling) -> Self {
        let law = Law::A;
        let (off_hook, alarms, can_fxo, can_fxs) = (false, 0, true, true);
        Self { channel, span, place: channel, signalling, law, off_hook, alarms, can_fxo, can_fxs }
    }

    pub(super) fn pretend_alarms(&mut self, bits: u32) {
        self.alarms = bits;
    }
}

#[cfg(test)]
impl SpanInfo {
    pub(super) fn pretend(span: u16, digital: bool, alarms: u32) -> Self {
        let (channels, ccs, hdb3, crc4, build_out) = (31, digital, digital, false, 0);
        let (name, description, clock_of) = ([0; 20], [0; 40], span);
        Self {
            span,
            name,
            description,
            digital,
            channels,
            ccs,
            hdb3,
            crc4,
            build_out,
            clock_of,
            alarms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_named_by_what_it_faces_not_by_what_it_talks_to() {
        let fxsks = 1 << 2 | abi::SIG_FXS;
        let fxoks = 1 << 5 | abi::SIG_FXO;
        assert_eq!(Signalling::of(fxsks), Signalling::Fxo);
        assert_eq!(Signalling::of(fxoks), Signalling::Fxs);
        assert_eq!(Signalling::of(abi::SIG_CLEAR), Signalling::Bearer);
        assert_eq!(Signalling::of(abi::SIG_HDLCFCS), Signalling::Data);
        assert_eq!(Signalling::of(abi::SIG_HARDHDLC), Signalling::Data);
        assert_eq!(Signalling::of(0), Signalling::None);
        assert_eq!(Signalling::of(1 << 15), Signalling::Other);
    }

    #[test]
    fn a_lost_frame_is_told_from_a_lost_signal() {
        let alarms = |bits| SpanInfo::pretend(1, true, bits).alarms();
        let signal = alarms(abi::ALARM_RED | abi::ALARM_SIGNAL | abi::ALARM_FRAME);
        assert!(signal.has(Alarm::Red) && !signal.has(Alarm::LossOfFrame));
        let frame = alarms(abi::ALARM_RED | abi::ALARM_FRAME);
        assert!(frame.has(Alarm::LossOfFrame) && !frame.has(Alarm::Red));
        let plain = alarms(abi::ALARM_RED);
        assert!(plain.has(Alarm::Red));
        let far = alarms(abi::ALARM_YELLOW | abi::ALARM_BLUE);
        assert!(far.has(Alarm::Yellow) && far.has(Alarm::Blue) && !far.has(Alarm::Red));
        let analogue = SpanInfo::pretend(1, false, abi::ALARM_RED).alarms();
        assert_eq!(analogue, Alarms::default());
    }

    #[test]
    fn of_two_sets_of_alarms_what_went_is_told_before_what_came() {
        let (mut before, mut after) = (Alarms::default(), Alarms::default());
        before.set(Alarm::Red, true);
        before.set(Alarm::Yellow, true);
        after.set(Alarm::Yellow, true);
        after.set(Alarm::CardGone, true);
        let changes: Vec<_> = after.since(before).collect();
        assert_eq!(changes, [(Alarm::Red, false), (Alarm::CardGone, true)]);
    }
}
