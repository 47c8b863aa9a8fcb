//! The supervisors' console: what the box does right now, in a terminal, in zh-CN and en.
//!
//! ```text
//!   control socket -> link (a thread) -News-.
//!   keys, size, clock -> terminal -----------Msg-> update(Model) -> draw(Model) -> the screen
//! ```
//!
//! `Model` holds everything a frame shows, `update` is the only function that changes it and asks
//! neither clock nor socket, `draw` reads it. What the box sends is cleaned once, in `intake`,
//! before it enters the model: no control character of a caller's name reaches a terminal.

pub mod draw;
pub mod intake;
pub mod keys;
pub mod link;
pub mod model;
pub mod once;
pub mod options;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod words;

pub use draw::{draw, frame_text};
pub use link::{Link, News, Trouble};
pub use model::{Connection, Model, Sort, View};
pub use options::Options;
pub use update::{Effect, Msg, update};
