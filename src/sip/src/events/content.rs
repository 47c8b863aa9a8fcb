//! What the NOTIFYs of a subscription hold, and what was told already.

use super::board::Board;
use super::dialog_info::Told;
use super::directory::{Directory, Resource, user_of_resource};
use super::features::{self, Known};
use super::list::{self, Related, ToldList};
use super::package::Package;
use super::pidf;
use super::summary;
use model::PhoneId;
use model::feature::{FeatureWish, Watched};
use std::collections::{BTreeSet, VecDeque};

/// What its NOTIFYs hold, with what was told already.
#[derive(Debug)]
pub enum Content {
    Lamp(Told),
    List(ToldList),
    Presence,
    Summary,
    Features {
        known: Known,
        /// Documents that wait for a NOTIFY of their own.
        waiting: VecDeque<String>,
        /// The phone reads several documents in one body.
        mixed: bool,
    },
    Hoteling {
        /// The proof of a PIN is asked for with this.
        nonce: Option<String>,
    },
}

/// What is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Due {
    #[default]
    Nothing,
    /// These of a list changed; for anything else, it changed.
    Changed(BTreeSet<Watched>),
    Everything,
}

/// What the state to be told is read from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub board: &'a Board,
    pub directory: &'a Directory,
    pub phones: &'a BTreeSet<PhoneId>,
    /// Who is told.
    pub by: &'a PhoneId,
}

impl Content {
    /// Begins with nothing told. `mixed` tells that the phone reads several documents in one body.
    pub fn new(package: Package, resource: &Resource, mixed: bool) -> Self {
        match (package, resource) {
            (Package::Dialog, Resource::List(_)) => Self::List(ToldList::default()),
            (Package::Dialog, _) => Self::Lamp(Told::default()),
            (Package::Presence, _) => Self::Presence,
            (Package::Summary, _) => Self::Summary,
            (Package::Features, _) => {
                Self::Features { known: Known::default(), waiting: VecDeque::new(), mixed }
            }
            (Package::Hoteling, _) => Self::Hoteling { nonce: None },
        }
    }

    /// Tells whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// Tells whether more waits for a NOTIFY, or may have changed while the last was told.
    pub fn has_more(&self) -> bool {
        matches!(self, Self::Features { .. })
    }

    /// The phone asked for a change: whatever comes of it is told, and that alone. Tells whether it
    /// can be told alone.
    pub fn asked(&mut self, wish: &FeatureWish) -> bool {
        match self {
            Self::Features { known, .. } => {
                known.asked(wish);
                true
            }
            _ => false,
        }
    }

    /// Asks for the proof of a PIN by the next NOTIFY.
    pub fn ask_proof(&mut self, fresh: String) {
        if let Self::Hoteling { nonce } = self {
            *nonce = Some(fresh);
        }
    }

    /// The nonce that a proof has to be made with; good for one.
    pub fn take_nonce(&mut self) -> Option<String> {
        match self {
            Self::Hoteling { nonce } => nonce.take(),
            _ => None,
        }
    }

    /// Writes what is due. Nothing where there is nothing to say after all. `last` tells that no
    /// NOTIFY comes after this one.
    pub fn next(
        &mut self,
        package: Package,
        resource: &Resource,
        due: Due,
        last: bool,
        source: Source<'_>,
    ) -> Option<Related> {
        let Source { board, directory, phones, by } = source;
        let full = due == Due::Everything;
        if due == Due::Nothing {
            return None;
        }
        let text = match (self, resource) {
            (Self::List(told), Resource::List(phone)) => {
                let list = directory.list(phones, phone);
                let changed = match &due {
                    Due::Changed(changed) => Some(changed),
                    Due::Nothing | Due::Everything => None,
                };
                let uri = board.address(&user_of_resource(resource));
                return Some(told.next(source, &uri, &list, changed));
            }
            (Self::Lamp(told), Resource::One(watched)) => {
                told.next(board, watched, directory.named(board, by, watched), full)
            }
            (Self::Presence, Resource::One(watched)) => pidf::body(board, watched),
            (Self::Summary, Resource::Own(phone)) => summary::body(board, phone),
            (Self::Hoteling { nonce: Some(nonce) }, _) => features::guest_challenge(nonce),
            (Self::Hoteling { nonce: None }, Resource::Own(phone)) => {
                features::guest(&board.features(phone))
            }
            (Self::Features { known, waiting, mixed }, Resource::Own(phone)) => {
                if full {
                    *known = Known::default();
                    waiting.clear();
                }
                if waiting.is_empty() {
                    waiting.extend(known.learn(directory, phone, &board.features(phone)));
                }
                if (*mixed || last) && waiting.len() > 1 {
                    let all: Vec<String> = waiting.drain(..).collect();
                    return Some(list::mixed(package.content_type(), &all));
                }
                waiting.pop_front()?
            }
            _ => return None,
        };
        let content_type = package.content_type().to_owned();
        Some(Related { content_type, body: text.into_bytes() })
    }
}
