//! The vocabulary of the house: ids, units, time, legs, facts, orders and the checked site.
//!
//! Every other crate imports this one and this one imports nothing of ours, so a word means the
//! same thing on a line card, in a queue and in a report.

pub mod alarm;
pub mod audio;
pub mod codec;
pub mod fact;
pub mod feature;
pub mod id;
pub mod law;
pub mod leg;
pub mod order;
pub mod owed;
pub mod person;
pub mod port;
pub mod q850;
pub mod quality;
pub mod say;
pub mod seal;
pub mod site;
pub mod srtp;
pub mod supervising;
pub mod time;

pub use audio::{Frame, SAMPLES_PER_FRAME};
pub use codec::{Codec, Codecs, OpusTerms, Rate, SAMPLES_PER_FRAME_MAX};
pub use fact::{Entry, Fact};
pub use id::*;
pub use law::Law;
pub use leg::{Cause, Digit, LegEvent, Via};
pub use order::{Clip, Order, Pop, TransferStage, Voice};
pub use owed::{Missed, Owed, Owner};
pub use person::{Number, PersonName, Secret};
pub use q850::Q850;
pub use supervising::Supervising;
pub use time::{Instant, WallTime};
