//! Stories of the media engine, judged by what is heard.

#![allow(clippy::unwrap_used, reason = "a world that is not as the story says ends the story")]

mod bridge;
mod conceal;
mod early;
mod inband;
mod jitter;
mod keys;
mod prompts;
mod room;
mod silence;
mod srtp;
mod wire;
mod world;
