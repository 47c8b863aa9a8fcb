//! The daemon and the command line: sockets, devices, disk, clock, seeds and threads.
//!
//! ```text
//!  tokio: signalling sockets, control socket     media: one thread, 20 ms tick
//!        |  datagrams, asks                         |  ^ heapless queues
//!        v                                          v  |
//!  exchange thread (switch): owns all call state, no locks
//!        |  facts                                   |  tap begins
//!        v                                          v
//!  journal thread: group commit to sled          seal thread: encrypts, writes, syncs
//! ```

mod alarms;
pub mod boxkey;
mod captures;
pub mod cli;
pub mod clips;
pub mod clock;
mod console;
mod control_socket;
mod daemon;
mod devices;
mod files;
pub mod folders;
mod kept;
mod ledger;
mod levels;
mod lines;
pub mod media_thread;
mod net;
mod phones;
mod plain_file;
pub mod provision;
mod recordings;
mod reports;
mod restore;
mod rooms;
pub mod seal;
mod service;
mod sites;
mod spans;
mod switch;
mod texts;
pub mod tls;
mod trial;
mod wires;
mod wishes;
