//! A screen of its own on a phone's display: who calls, as XML of the vendor.
//!
//! | vendor | how it travels | document |
//! |---|---|---|
//! | Yealink | NOTIFY, `Event: Yealink-xml`, the document in it | `YealinkIPPhoneTextScreen` |
//! | Fanvil | NOTIFY, `Event: xml`, the document in it | `FanvilIPPhoneTextScreen` |
//! | Grandstream | NOTIFY, `Event: x-gs-screen`, empty; the phone then fetches the document | `Screen` |
//! | Poly, Cisco, others | nothing: the display name carries the pop | |
//!
//! No push goes over HTTP to a phone, for it would need the phone's own password on the way and a
//! web server on every desk. The settings let a phone take a push from the box alone.

mod fanvil;
mod grandstream;
mod yealink;

use crate::shown::Shown;
use model::site::Vendor;

/// How long a pop stays when the call is neither answered nor gone.
pub const SHOWN_S: u32 = 30;
/// The name under which a phone fetches a document that was pushed to it.
pub const FETCHED_FILE: &str = "gs_screen.xml";

/// What brings a screen onto a phone.
#[derive(Clone, PartialEq, Eq)]
pub enum Push {
    /// A NOTIFY outside a dialog, with the document in it.
    Notify { event: &'static str, content_type: &'static str, body: String },
    /// A NOTIFY without a body; the phone then fetches `body` under `FETCHED_FILE` from its folder
    /// on the provisioning server.
    NotifyAndServe { event: &'static str, body: String },
    /// An HTTP POST to the phone. No vendor here needs it.
    HttpPost { path: &'static str, body: String },
}

impl std::fmt::Debug for Push {
    /// Shows how, not what: the document names a caller.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Notify { event, .. } => write!(f, "Notify({event}, …)"),
            Self::NotifyAndServe { event, .. } => write!(f, "NotifyAndServe({event}, …)"),
            Self::HttpPost { path, .. } => write!(f, "HttpPost({path}, …)"),
        }
    }
}

/// A vendor's way of putting text on a display.
pub trait Screen: Send + Sync {
    /// Shows who calls.
    fn pop(&self, shown: &Shown) -> Push;
    /// Takes the pop away again, where the phone does not by itself.
    fn clear(&self) -> Option<Push>;
}

/// The screen of a vendor's phones; none for phones that are pushed nothing.
pub fn of(vendor: Vendor) -> Option<&'static dyn Screen> {
    match vendor {
        Vendor::Yealink => Some(&yealink::Yealink),
        Vendor::Fanvil => Some(&fanvil::Fanvil),
        Vendor::Grandstream => Some(&grandstream::Grandstream),
        Vendor::Poly | Vendor::Cisco | Vendor::Other => None,
    }
}
