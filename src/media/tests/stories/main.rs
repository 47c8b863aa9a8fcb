//! Stories of the media engine, judged by what is heard.

mod bridge;
mod conceal;
mod inband;
mod jitter;
mod keys;
mod prompts;
mod wire;
mod world;
