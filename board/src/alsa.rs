//! Sound devices of the box: a headset or handset, a loudspeaker, a line-in, through Linux' ALSA.
//!
//! ```text
//!   name of the site --names--> PCM --device--> blocks of 20 ms, by the device's own clock
//!                                        '----- pace: by ours, where it has none (`file`, `null`)
//! ```
//!
//! A device waits: it belongs to a thread of its own, never to one that carries calls.

mod device;
mod names;
mod pace;

pub use device::{Device, DeviceError, Ways, quiet};
pub use names::{Found, found, pcm_of};
pub use pace::Pace;
