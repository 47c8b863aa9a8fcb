//! A caller's name by the Facility element, as private networks tell it: the callingName operation of
//! QSIG (ECMA-164, ISO/IEC 13868), in a component of remote operations (ITU-T Q.932, X.880).
//!
//! ```text
//!   1C length  91 | 9F  [AA ..] [92 ..] [8B ..]  A1 length  02 length id  operation  argument
//!              profile  what goes before it      invoke
//!   operation  02 01 00, or 06 04 2B 0C 09 00    callingName: 0, or 1.3.12.9.0
//!   argument   80 length octets                  shown, in ISO 8859-1
//!              A1 length  04 length octets  [02 01 set]      shown, in a set that is named
//!              82, A3, 87: withheld   84: not known   30 length: one of these, and extensions
//! ```
//!
//! It is read and never written. Lengths of indefinite form are not read.

use model::PersonName;

/// Facility (Q.931 table 4-3, Q.932).
pub(super) const FACILITY: u8 = 0x1C;
/// Longest name (NameData of ECMA-164).
const NAME_OCTETS_MAX: usize = 50;

/// What the components follow: remote operations, or extensions of private networks.
const ROSE: u8 = 0x11;
const NETWORKING: u8 = 0x1F;

const INVOKE: u8 = 0xA1;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The invocation that this one follows, if any.
const LINKED: u8 = 0x80;

/// The callingName operation, by number and by name: {iso(1) identified-organization(3) icd-ecma(12)
/// private-isdn-signalling-domain(9) 0}.
const CALLING_NAME: [u8; 1] = [0];
const CALLING_NAME_OBJECT: [u8; 4] = [0x2B, 0x0C, 0x09, 0x00];

/// The caller's name that the contents of an element tell; empty where it is withheld, and nothing where
/// they tell of something else, of no name, or mean nothing.
pub(super) fn caller_name(contents: &[u8]) -> Option<PersonName> {
    let (profile, mut rest) = contents.split_first()?;
    let profile = profile & 0x1F;
    if ![ROSE, NETWORKING].contains(&profile) {
        return None;
    }
    while let Some((tag, value, after)) = part(rest) {
        if tag == INVOKE
            && let Some(name) = invoked(value, profile)
        {
            return Some(name);
        }
        rest = after;
    }
    None
}

/// The name of an invocation of callingName. Numbers of operations are those of private networks where
/// the profile says so.
fn invoked(bytes: &[u8], profile: u8) -> Option<PersonName> {
    let (INTEGER, _, mut rest) = part(bytes)? else { return None };
    if let Some((LINKED, _, after)) = part(rest) {
        rest = after;
    }
    let (tag, operation, rest) = part(rest)?;
    let is_ours = match tag {
        INTEGER => profile == NETWORKING && operation == CALLING_NAME,
        OBJECT => operation == CALLING_NAME_OBJECT,
        _ => false,
    };
    let (tag, value, _) = part(rest).filter(|_| is_ours)?;
    if tag != SEQUENCE {
        return name(tag, value);
    }
    let (tag, value, _) = part(value)?;
    name(tag, value)
}

fn name(tag: u8, value: &[u8]) -> Option<PersonName> {
    match tag {
        0x80 => text(value, LATIN_1),
        0xA1 => {
            let (OCTETS, octets, rest) = part(value)? else { return None };
            let set = match part(rest) {
                Some((INTEGER, [set], _)) => *set,
                Some(_) => return None,
                None => LATIN_1,
            };
            text(octets, set)
        }
        0x82 | 0xA3 | 0x87 => Some(PersonName::default()),
        _ => None,
    }
}

/// Values of CharacterSet.
const LATIN_1: u8 = 1;
const BMP: u8 = 8;
const UTF_8: u8 = 9;

/// The text of a name. Of sets that are not known the letters that all have are read: a name left out is
/// better than one that reads wrong.
fn text(octets: &[u8], set: u8) -> Option<PersonName> {
    if !(1..=NAME_OCTETS_MAX).contains(&octets.len()) {
        return None;
    }
    let text: String = match set {
        LATIN_1 => octets.iter().map(|octet| char::from(*octet)).collect(),
        BMP => {
            let (pairs, []) = octets.as_chunks::<2>() else { return None };
            let letter = |pair: &[u8; 2]| char::from_u32(u16::from_be_bytes(*pair).into());
            pairs.iter().map(letter).collect::<Option<_>>()?
        }
        UTF_8 => str::from_utf8(octets).ok()?.to_owned(),
        _ if octets.is_ascii() => str::from_utf8(octets).ok()?.to_owned(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| PersonName::new(text))
}

/// The first part of the octets (X.690 8.1): its tag, its contents, and what follows.
fn part(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, rest) = match bytes {
        [_, 0x81, length, rest @ ..] => (length, rest),
        [_, length @ 0..=0x7F, rest @ ..] => (length, rest),
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((*bytes.first()?, contents, rest))
}
