//! Stories of the media engine, judged by what is heard.

#![allow(clippy::unwrap_used, reason = "a world that is not as the story says ends the story")]

mod appendix;
mod bridge;
mod care;
mod carried;
mod cases;
mod changed;
mod conceal;
mod ear;
mod early;
mod hearing;
mod impaired;
mod inband;
mod jitter;
mod judged;
mod keys;
mod known;
mod network;
mod prompts;
mod q24;
mod receiver;
mod relayed;
mod reports;
mod room;
mod silence;
mod speech;
mod srtp;
mod supervised;
mod wideband;
mod wire;
mod world;
