//! What the stories share: a box in a process, phones, an ear.

pub mod boxed;
pub mod day;
pub mod flood;
pub mod foreign;
pub mod linphone;
pub mod modem;
pub mod network;
pub mod phone;
pub mod refer;
pub mod registrants;
pub mod scene;
pub mod signalling;
pub mod sound;
pub mod wire;
