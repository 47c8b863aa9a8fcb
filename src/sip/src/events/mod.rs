//! Events: phones subscribe to lamps, presence, summaries and their own keys, and are notified (RFC
//! 6665), and are told what nobody subscribed to.
//!
//! ```text
//!   SUBSCRIBE -> reception (password) -> notifier -> subscription -> NOTIFY
//!                      directory (who may) --^            ^
//!   Publish, ShowFeatures, Mailbox -> board --------------'
//!   bodies in:  xml, wish            bodies out: dialog_info, list, pidf, summary, features
//! ```

pub mod asked;
pub mod board;
pub mod content;
pub mod dialog_info;
pub mod directory;
pub mod features;
pub mod list;
pub mod notifier;
pub mod package;
mod pick_up;
pub mod pidf;
pub mod pins;
mod publishing;
pub mod subscription;
pub mod summary;
mod table;
pub mod unasked;
pub mod wish;
pub mod xml;

pub use directory::{Desk, Directory};
pub use notifier::Notifier;
pub use pick_up::PickUp;
