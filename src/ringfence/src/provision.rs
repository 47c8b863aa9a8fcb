//! Where desk phones fetch their settings: HTTPS on a port of its own, and the answer to a phone
//! that asks the network (PnP).
//!
//! ```text
//!  phone --TCP--> [sources: banned? too many?] --TLS--> [hyper] --> shelf: whose credential?
//!                      \-> closed without a word                    its own file, made from the
//!  anything but TLS ----> closed without a word                     site as it is now
//! ```
//!
//! A phone proves itself by the credential of its own device (Basic, RFC 7617, which travels inside
//! TLS alone), or by its factory certificate where IT brought the maker's authority. An unknown
//! device and a wrong credential get the same answer after the same work.

mod begin;
mod generations;
mod pnp;
mod server;
mod shelf;
mod sources;

pub use begin::{Begin, begin};
pub use generations::Generations;
pub use server::{Limits, serve};
pub use shelf::{Counters, Shelf, mac, vendor};

#[cfg(test)]
pub mod tests;
