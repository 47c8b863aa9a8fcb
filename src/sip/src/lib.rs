//! Phones and trunks over SIP: the same `LegEvent`s that an attached line gives.
//!
//! No socket, clock or dice inside: the daemon hands datagrams and `now` in and carries `Output`s
//! out. From the wire upwards:
//!
//! ```text
//! datagram -> framer -> message -> transaction -> dialog -> ua (legs, registrations) -> Output
//!                                                            |
//!                          sdp  digest  nonce  registrar ----+
//! ```
//!
//! README.md says which RFC section lives where and which test proves it.

pub mod address;
pub mod codecs;
pub mod command;
pub mod counters;
pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod events;
pub mod flows;
pub mod framer;
pub mod glance;
pub mod guard;
pub mod headers;
pub mod message;
mod method;
pub mod nonce;
mod normalise;
pub mod offer_answer;
pub mod param;
pub mod peer;
mod proved;
mod recent;
pub mod registrar;
pub mod sdes;
pub mod sdp;
pub mod source;
pub mod stream;
pub mod suspects;
pub mod terms;
pub mod transaction;
pub mod trunk;
pub mod ua;
pub mod uri;
pub mod via;
pub mod write;

pub use command::{Accounts, Command, Config, Input, Limits, Output, TrunkConfig};
pub use counters::Counters;
pub use endpoint::Endpoint;
pub use peer::{Facing, FlowId, Locals, Peer, Transport};
pub use registrar::Kept;
pub use sdp::MediaPlan;
pub use source::{Buckets, Rate, Source};
pub use trunk::TrunkCall;
