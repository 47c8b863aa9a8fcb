//! Real channels of Linux' DAHDI, in the guest that `scripts/guest` boots: two spans looped into each
//! other carry a primary rate line, two more an analogue one.
//!
//! ```text
//!   span 1: B 1-15 17-31, D 16 <--> span 2: B 32-46 48-62, D 47     (spans/1 is the user, 2 the network)
//!   span 3: FXS 63-65, 66 bare <--> span 4: FXO 67-69, 70 bare
//!   snd-aloop: device 0, the box's headset <--> device 1, who wears it
//! ```

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "the cards have a clock of their own")]

mod analogue;
mod bench;
mod boxed;
mod caller;
mod headset;
mod primary_rate;
mod telephone;
mod unplugged;
