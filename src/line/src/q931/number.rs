//! The number of a party (Q.931 4.5.8, 4.5.10).

use model::Number;

/// Most digits read: longer ones are of no numbering plan.
const DIGITS_MAX: usize = 40;

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypeOfNumber {
    #[default]
    Unknown,
    International,
    National,
    NetworkSpecific,
    Subscriber,
    Abbreviated,
}

const TYPES: [(TypeOfNumber, u8); 6] = [
    (TypeOfNumber::Unknown, 0),
    (TypeOfNumber::International, 1),
    (TypeOfNumber::National, 2),
    (TypeOfNumber::NetworkSpecific, 3),
    (TypeOfNumber::Subscriber, 4),
    (TypeOfNumber::Abbreviated, 6),
];

/// Whose plan it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    #[default]
    Unknown,
    /// E.164.
    Isdn,
    National,
    Private,
}

const PLANS: [(Plan, u8); 4] =
    [(Plan::Unknown, 0), (Plan::Isdn, 1), (Plan::National, 8), (Plan::Private, 9)];

/// Whether a caller's number may be shown, and what it is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presentation {
    #[default]
    Allowed,
    Restricted,
    /// There is none, by interworking.
    Unavailable,
}

/// A number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyNumber {
    pub kind: TypeOfNumber,
    pub plan: Plan,
    pub presentation: Presentation,
    /// The network says so itself, or checked what the user said.
    pub screened: bool,
    pub digits: Number,
}

impl PartyNumber {
    /// A number of E.164, or of no plan that is named.
    pub fn new(kind: TypeOfNumber, plan: Plan, digits: &str) -> Self {
        Self { kind, plan, digits: Number::new(digits), ..Self::default() }
    }

    /// Reads the contents of a number's element; its third octet, with presentation, may be missing.
    pub(super) fn read(contents: &[u8]) -> Option<Self> {
        let [head, rest @ ..] = contents else { return None };
        let (of, digits) = match rest {
            [of, digits @ ..] if head & 0x80 == 0 => (Some(of), digits),
            _ => (None, rest),
        };
        if digits.len() > DIGITS_MAX || !digits.iter().all(|d| b"0123456789*#+".contains(d)) {
            return None;
        }
        let kind = TYPES.iter().find(|(_, code)| *code == head >> 4 & 7);
        let plan = PLANS.iter().find(|(_, code)| *code == head & 0x0F);
        Some(Self {
            kind: kind.map_or(TypeOfNumber::Unknown, |(kind, _)| *kind),
            plan: plan.map_or(Plan::Unknown, |(plan, _)| *plan),
            presentation: match of.map_or(0, |of| of >> 5 & 3) {
                0 => Presentation::Allowed,
                1 => Presentation::Restricted,
                _ => Presentation::Unavailable,
            },
            // User provided, verified and passed; or network provided.
            screened: of.is_some_and(|of| matches!(of & 3, 1 | 3)),
            digits: Number::new(String::from_utf8_lossy(digits)),
        })
    }

    /// Writes the contents; a called number has no third octet.
    pub(super) fn write(&self, calling: bool) -> Vec<u8> {
        let kind = TYPES.iter().find(|(kind, _)| *kind == self.kind).map_or(0, |(_, code)| *code);
        let plan = PLANS.iter().find(|(plan, _)| *plan == self.plan).map_or(0, |(_, code)| *code);
        let head = kind << 4 | plan;
        let mut bytes = match calling {
            false => vec![0x80 | head],
            true => {
                let presentation = match self.presentation {
                    Presentation::Allowed => 0,
                    Presentation::Restricted => 1,
                    Presentation::Unavailable => 2,
                };
                vec![head, 0x80 | presentation << 5 | u8::from(self.screened)]
            }
        };
        bytes.extend(self.digits.reveal().bytes().take(DIGITS_MAX));
        bytes
    }
}
