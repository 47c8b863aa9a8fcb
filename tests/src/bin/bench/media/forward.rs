//! The limit: datagrams of 20 ms forwarded from each leg to the other and nothing else, with a
//! socket a leg as the product has it. What the media thread reaches is to be seen against it.

use super::case::Way;
use super::phones::LOAD_PORT;
use super::subject::{Report, socket};
use super::{CORES, Step};
use crate::process::{pin, real_time, resident_kb};
use media::Slot;
use ringfence::media_thread::sockets::Sockets;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::time::Timespec;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(20);
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
const PRIORITY: u8 = 40;
const DATAGRAM_MAX: usize = 2048;
/// Rounds of reading a tick, as many as the product makes.
const ROUNDS: usize = 16;

pub fn run(step: &Step, way: Way) -> anyhow::Result<()> {
    let before = resident_kb(std::process::id())?;
    let legs = step.case.legs(step.calls);
    let to = SocketAddr::from((step.load_ip, LOAD_PORT));
    let sockets = (0..legs).map(|leg| socket(step, leg)).collect::<anyhow::Result<Vec<_>>>()?;
    let stop = Arc::new(AtomicBool::new(false));
    let ended = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        ended.store(true, Ordering::Relaxed);
    });
    pin(0, CORES.0)?;
    real_time(PRIORITY);
    let mut forwarder: Box<dyn FnMut() -> anyhow::Result<()>> = match way {
        Way::Batched => batched(sockets, to)?,
        Way::Epoll | Way::Connected => one_by_one(sockets, to, way)?,
    };
    println!("ready");
    let (mut due, mut busy, mut ticks) = (Instant::now(), Duration::ZERO, 0_u32);
    let (mut late_max, begun) = (Duration::ZERO, Instant::now());
    while !stop.load(Ordering::Relaxed) {
        due += TICK;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let at = Instant::now();
        late_max = late_max.max(at.saturating_duration_since(due));
        forwarder()?;
        if begun.elapsed().as_secs() >= super::SETTLE_S
            && begun.elapsed().as_secs() < super::SETTLE_S + step.seconds
        {
            busy += at.elapsed();
            ticks += 1;
        }
    }
    let report = Report {
        busy: busy.as_secs_f64() / (TICK * ticks.max(1)).as_secs_f64(),
        memory_kb: resident_kb(std::process::id())? - before,
        late_max_us: late_max.as_micros() as f64,
        ..Report::default()
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

type Forwarder = Box<dyn FnMut() -> anyhow::Result<()>>;

/// Everything that came in a tick is taken, then everything is sent.
struct Held {
    datagrams: Vec<(usize, usize, [u8; 256])>,
}

impl Held {
    fn new(legs: usize) -> Self {
        Self { datagrams: Vec::with_capacity(legs * ROUNDS) }
    }

    fn push(&mut self, leg: usize, bytes: &[u8]) {
        let mut held = [0; 256];
        let len = bytes.len().min(held.len());
        held[..len].copy_from_slice(&bytes[..len]);
        self.datagrams.push((leg ^ 1, len, held));
    }
}

/// A system call a datagram.
fn one_by_one(sockets: Vec<UdpSocket>, to: SocketAddr, way: Way) -> anyhow::Result<Forwarder> {
    let watch = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (leg, socket) in sockets.iter().enumerate() {
        if way == Way::Connected {
            socket.connect(to)?;
        }
        let data = epoll::EventData::new_u64(leg as u64);
        epoll::add(&watch, socket, data, epoll::EventFlags::IN)?;
    }
    let mut ready: Vec<epoll::Event> = Vec::with_capacity(sockets.len());
    let mut held = Held::new(sockets.len());
    Ok(Box::new(move || {
        let mut bytes = [0; DATAGRAM_MAX];
        for _ in 0..ROUNDS {
            ready.clear();
            epoll::wait(&watch, spare_capacity(&mut ready), Some(&NOW))?;
            if ready.is_empty() {
                break;
            }
            for event in &ready {
                let leg = event.data.u64() as usize;
                let came = match way {
                    Way::Connected => sockets[leg].recv(&mut bytes),
                    _ => sockets[leg].recv_from(&mut bytes).map(|(len, _)| len),
                };
                if let Ok(len) = came {
                    held.push(leg, &bytes[..len]);
                }
            }
        }
        for (leg, len, bytes) in held.datagrams.drain(..) {
            // What is not taken is missing at the load.
            let _ = match way {
                Way::Connected => sockets[leg].send(&bytes[..len]),
                _ => sockets[leg].send_to(&bytes[..len], to),
            };
        }
        Ok(())
    }))
}

/// As the media thread does it.
fn batched(sockets: Vec<UdpSocket>, to: SocketAddr) -> anyhow::Result<Forwarder> {
    let mut held = Held::new(sockets.len());
    let mut batches = Sockets::new(sockets.len())?;
    for (leg, socket) in sockets.into_iter().enumerate() {
        batches.open(Slot(leg as u16), socket);
    }
    Ok(Box::new(move || {
        batches.read(|slot, _, bytes| held.push(usize::from(slot.0), bytes));
        for (leg, len, bytes) in held.datagrams.drain(..) {
            batches.send(Slot(leg as u16), to, &bytes[..len]);
        }
        batches.flush();
        Ok(())
    }))
}
