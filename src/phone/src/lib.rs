//! What a desk phone of each vendor wants: its settings, a screen for who calls, plug and play.
//!
//! ```text
//!  Site + PhoneId + Place --> Setup --> settings::render(name) --> a file   (Yealink, Fanvil,
//!                                                                            Grandstream, Poly)
//!  Pop + caller --> Shown --> display_name (every phone: From)
//!                         \-> Screen::pop --> Push (a NOTIFY, or a page the phone fetches)
//!  multicast SUBSCRIBE --> pnp::Asked --> 200 and NOTIFY with the URL
//! ```
//!
//! Nothing here has a socket, a clock or randomness; the daemon serves and sends what this makes.

pub mod credential;
pub mod mac;
pub mod pnp;
pub mod screen;
pub mod settings;
pub mod setup;
pub mod shown;
pub mod sync;
pub mod text;

pub use credential::{Credential, Keys};
pub use mac::Mac;
pub use screen::{Push, Screen};
pub use settings::{File, files, render};
pub use setup::{LineKey, LineKeyKind, Place, Setup};
pub use shown::{Caller, Shown, caller_id};
