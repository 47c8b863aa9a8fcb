//! The load: every phone of every call, on one core, sending in turn and judging what comes back.
//!
//! One socket serves all phones, so that the load is cheaper than what it measures: it sends and
//! takes many datagrams a system call, and tells the legs apart by the subject's ports.

use super::case::PORTS_FROM;
use super::phones::{self, HEADER, LOAD_PORT, PACKET, now_ns};
use super::tones::Tones;
use super::verdict::{Heard, LATE_FORWARDED_MS, LATE_MS};
use super::{CORES, SETTLE_S, Step};
use crate::process::{pin, real_time};
use media::Srtp;
use media::srtp::{PACKET_MAX, TAG_MAX};
use nix::sys::socket::{
    MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt,
};
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

/// Datagrams a system call.
const BATCH: usize = 64;
/// Turns in 20 ms: phones do not send at the same moment.
const TURNS: usize = 40;
const TURN_NS: u64 = 500_000;
/// Bytes the kernel may keep for the load, so that nothing is lost on its side.
const KERNEL_BYTES: usize = 64 << 20;
/// A turn this late means that the load is the narrow place.
const OVERRUN_NS: u64 = 15_000_000;
/// Turns that may be so late: the machine's own stutter.
const OVERRUNS_MAX: u64 = 200;
const PRIORITY: u8 = 40;

pub fn run(step: &Step) -> anyhow::Result<()> {
    pin(0, CORES.1)?;
    real_time(PRIORITY);
    let mut load = Load::new(step)?;
    let begun = now_ns();
    let ends = (SETTLE_S + step.seconds) * 1000 * 1000 * 1000;
    let (mut turn, mut overruns) = (0_u64, 0);
    while turn * TURN_NS < ends {
        let due = begun + turn * TURN_NS;
        loop {
            load.take()?;
            let Some(left) = due.checked_sub(now_ns()).filter(|left| *left > 0) else { break };
            if left > 120_000 {
                std::thread::sleep(Duration::from_nanos(left - 60_000));
            }
        }
        let late = now_ns() - due;
        overruns += u64::from(late > OVERRUN_NS && load.judging);
        load.judging |= turn * TURN_NS >= SETTLE_S * 1_000_000_000;
        load.send(turn)?;
        turn += 1;
    }
    load.take()?;
    let late_ms = if step.case.forwarder().is_some() { LATE_FORWARDED_MS } else { LATE_MS };
    let overrun = overruns > OVERRUNS_MAX;
    let verdict = load.heard.judge(step.seconds as f32 * 1000.0, overrun, late_ms);
    println!("{}", serde_json::to_string(&verdict)?);
    Ok(())
}

struct Load<'a> {
    step: &'a Step,
    socket: UdpSocket,
    ports: Vec<Option<SockaddrIn>>,
    keys: Vec<Option<Box<Srtp>>>,
    begun: u64,
    heard: Heard,
    tones: Tones,
    judging: bool,
    sent: Vec<[u8; PACKET + TAG_MAX]>,
    came: Vec<[u8; 256]>,
}

impl<'a> Load<'a> {
    fn new(step: &'a Step) -> anyhow::Result<Self> {
        let legs = step.case.legs(step.calls);
        let socket = UdpSocket::bind((step.load_ip, LOAD_PORT))?;
        socket.set_nonblocking(true)?;
        // Without the right to it the system's own bound stays.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &KERNEL_BYTES);
        let _ = setsockopt(&socket, sockopt::SndBufForce, &KERNEL_BYTES);
        let port = |leg| SocketAddrV4::new(step.box_ip, PORTS_FROM + leg as u16);
        let key = |leg| step.case.is_encrypted().then(|| phones::keys(leg, false)).transpose();
        Ok(Self {
            step,
            socket,
            ports: (0..legs).map(|leg| Some(SockaddrIn::from(port(leg)))).collect(),
            keys: (0..legs).map(key).collect::<anyhow::Result<_>>()?,
            begun: now_ns(),
            heard: Heard::new(legs, step.seconds),
            tones: Tones::new(),
            judging: false,
            sent: vec![[0; PACKET + TAG_MAX]; BATCH],
            came: vec![[0; 256]; BATCH],
        })
    }

    /// Sends the packets of the phones whose turn it is.
    fn send(&mut self, turn: u64) -> anyhow::Result<()> {
        let (legs, place) = (self.ports.len(), turn as usize % TURNS);
        let sequence = (turn / TURNS as u64) as u16;
        let (from, to) = (legs * place / TURNS, legs * (place + 1) / TURNS);
        let mut at = from;
        while at < to {
            let batch = BATCH.min(to - at);
            let now = now_ns();
            let mut len = PACKET;
            for (n, packet) in self.sent.iter_mut().take(batch).enumerate() {
                let (case, leg) = (self.step.case, at + n);
                phones::write(packet, case.codec(leg), leg, sequence, now);
                if !case.is_forwarded(self.step.calls, leg) {
                    packet[HEADER..PACKET].copy_from_slice(self.tones.said(case, leg, sequence));
                }
                if let Some(Some(keys)) = self.keys.get_mut(at + n) {
                    len = keys.protect(packet, PACKET).unwrap_or(PACKET);
                }
            }
            let parts: Vec<[IoSlice<'_>; 1]> =
                self.sent.iter().take(batch).map(|packet| [IoSlice::new(&packet[..len])]).collect();
            let mut headers: MultiHeaders<SockaddrIn> = MultiHeaders::preallocate(batch, None);
            let ports = &self.ports[at..at + batch];
            let fd = self.socket.as_raw_fd();
            let sent = sendmmsg(fd, &mut headers, &parts, ports, [], MsgFlags::empty());
            // What the kernel does not take is lost to the subject, and counted as such.
            at += sent.map_or(batch, |sent| sent.count().max(1));
        }
        Ok(())
    }

    /// Takes what came.
    fn take(&mut self) -> anyhow::Result<()> {
        loop {
            let fd = self.socket.as_raw_fd();
            let mut came = Vec::with_capacity(BATCH);
            {
                let mut parts: Vec<[IoSliceMut<'_>; 1]> =
                    self.came.iter_mut().map(|place| [IoSliceMut::new(place)]).collect();
                let mut headers: MultiHeaders<SockaddrIn> = MultiHeaders::preallocate(BATCH, None);
                let flags = MsgFlags::MSG_DONTWAIT;
                if let Ok(all) = recvmmsg(fd, &mut headers, parts.iter_mut(), flags, None) {
                    came.extend(all.map(|one| (one.bytes, one.address)));
                }
            }
            let now = now_ns();
            for (n, (len, from)) in came.iter().enumerate() {
                let Some(port) = from.map(|from| from.port()) else { continue };
                let bytes = self.came[n];
                self.note(usize::from(port.wrapping_sub(PORTS_FROM)), &bytes[..*len], now);
            }
            if came.len() < BATCH {
                return Ok(());
            }
        }
    }

    fn note(&mut self, leg: usize, bytes: &[u8], now: u64) {
        let mut plain = [0; PACKET_MAX];
        let packet = match self.keys.get_mut(leg) {
            Some(Some(keys)) => match keys.unprotect(bytes, &mut plain) {
                Ok(len) => &plain[..len],
                Err(_) => return,
            },
            _ => bytes,
        };
        if packet.len() < PACKET {
            return;
        }
        let step = self.step;
        // The bare forwarder keeps the number the other phone gave.
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let forwarded = step.case.is_forwarded(step.calls, leg);
        let stamp = forwarded.then(|| phones::stamp(&packet[HEADER..])).flatten();
        let speaker = phones::speaker(step.case, step.calls, leg);
        let stamp = stamp.filter(|(from, _)| *from == speaker);
        let delay = stamp.map(|(_, at)| now.saturating_sub(at) as f64 / 1e6);
        let at_ms = (now - self.begun) as f64 / 1e6;
        // Ears listen from the start: a decoder that begins in the middle hears noise at first.
        let right = match forwarded {
            true => stamp.is_some(),
            false => self.tones.is_right(step.case, step.calls, leg, sequence, &packet[HEADER..]),
        };
        if !self.judging {
            return;
        }
        self.heard.note(leg, sequence, at_ms as f32, delay, right);
    }
}
