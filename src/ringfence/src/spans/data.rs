//! The thread that waits for a span's frames.

use super::Frames;
use crate::service::{Severity, log};
use anyhow::Context as _;
use board::dahdi::{DataChannel, FRAME_BYTES_MAX, Happened, Kernel};
use crossbeam_channel::Sender;
use model::TrunkId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// Longest wait for a frame, so that the box can end.
const WAIT: Duration = Duration::from_millis(200);
/// From a D channel that does not open, or went, to the next try.
const AGAIN: Duration = Duration::from_secs(1);

/// What is told of a D channel.
pub enum Said {
    /// It is open: frames go there.
    Open(Arc<dyn Frames>),
    /// A frame came, without its check.
    Frame(Vec<u8>),
    /// It is gone: whoever holds it must let it go, so that the driver can.
    Gone,
}

/// What the thread begins with.
pub struct Wait {
    pub no: usize,
    pub trunk: TrunkId,
    pub channel: u16,
    pub kernel: Kernel,
    pub say: Sender<(usize, Said)>,
    pub exchange: Thread,
    pub stop: Arc<AtomicBool>,
}

impl Wait {
    pub fn start(self) -> anyhow::Result<()> {
        let name = format!("span-{}", self.no);
        std::thread::Builder::new().name(name).spawn(move || self.run()).context("a span")?;
        Ok(())
    }

    fn run(self) {
        let mut complained = None;
        while !self.stop.load(Ordering::Relaxed) {
            match self.kernel.open_data(self.channel) {
                Ok(data) => {
                    complained = None;
                    let data = Arc::new(data);
                    self.tell(Said::Open(data.clone()));
                    self.frames(&data);
                    drop(data);
                    self.tell(Said::Gone);
                }
                Err(why) if complained != Some(why) => {
                    log(Severity::Error, &format!("trunk {}: {why}", self.trunk));
                    complained = Some(why);
                }
                Err(_) => {}
            }
            std::thread::sleep(AGAIN);
        }
    }

    /// Hands frames on until the channel is gone or the box ends.
    fn frames(&self, data: &DataChannel) {
        let mut frame = [0; FRAME_BYTES_MAX];
        while !self.stop.load(Ordering::Relaxed) && data.wait(WAIT) {
            loop {
                match data.event() {
                    Ok(None) => break,
                    Ok(Some(Happened::Removed)) | Err(_) => return,
                    Ok(Some(_)) => {}
                }
            }
            // An error is an event that came meanwhile, or the channel that went: both are seen next.
            while let Ok(Some(bytes)) = data.read(&mut frame) {
                self.tell(Said::Frame(frame.get(..bytes).unwrap_or_default().to_vec()));
            }
        }
    }

    /// What finds no room is a frame lost; that the channel is open or gone waits for room.
    fn tell(&self, said: Said) {
        let _ = match said {
            Said::Frame(_) => self.say.try_send((self.no, said)).is_ok(),
            _ => self.say.send((self.no, said)).is_ok(),
        };
        self.exchange.unpark();
    }
}
