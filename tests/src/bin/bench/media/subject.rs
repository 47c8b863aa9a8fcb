//! The subject: the product's media thread, engine and seal thread, told by the orders that the
//! exchange would give, on one core.

use super::case::{Case, PORTS_FROM};
use super::phones::{LOAD_PORT, keys};
use super::tones::{LOUD, PROMPT_HZ};
use super::{CORES, Step};
use crate::process::{pin_all, resident_kb, threads_cpu_s};
use anyhow::Context as _;
use media::{Clip, ClipList, ClipNo, Coder, Command, Config, Engine, RoomNo, Slot, TapNo};
use model::id::{CallId, LegId, RecordingId};
use model::{PlayId, WallTime};
use ringfence::clock::Clock;
use ringfence::media_thread::{self, Media, MediaCounters, MediaOrder, OrderSender, Place};
use ringfence::seal::{self, Seal, SealCounters, TapBegin};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vault::BoxKey;

/// What the subject took of its core and memory while it was loaded.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Share of the time that the media thread was in its tick.
    pub busy: f64,
    /// Share of a core that sealing took.
    pub seal_cpu: f64,
    /// Kilobytes more than before the memory for the legs was reserved.
    pub memory_kb: f64,
    pub late_p50_us: f64,
    pub late_p99_us: f64,
    pub late_max_us: f64,
    /// Frames that the seal thread did not get.
    pub taps_lost: u64,
    /// Packets the kernel would not take.
    pub send_failed: u64,
    /// Orders that were not obeyed: the step is not what it says.
    pub refused: u64,
}

/// Runs until a line comes in: `ready` out, then the report.
pub fn run(step: &Step) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let before = resident_kb(std::process::id())?;
    let legs = step.case.legs(step.calls);
    let (clock, _) = Clock::start();
    let counters = Arc::new(MediaCounters::default());
    let stop = Arc::new(AtomicBool::new(false));
    let engine = Engine::new(Config {
        legs_max: legs,
        clips: [tone()].into(),
        seed: 1,
        silent_ms: media::silence::SILENT_MS,
    });
    let mut ends = media_thread::start(Media {
        no: 0,
        epoch: Instant::now(),
        threads: 1,
        engine,
        slots: legs,
        card: None,
        lines: Vec::new(),
        clock,
        wake: std::thread::current(),
        stop: stop.clone(),
        counters: counters.clone(),
        place: Place { core: Some(CORES.0), real_time: true },
    })?;
    let (begins, begins_in) = crossbeam_channel::unbounded();
    let (sealed_out, sealed) = crossbeam_channel::unbounded();
    let seal_stop = Arc::new(AtomicBool::new(false));
    let sealers = seal::start(Seal {
        key: Arc::new(BoxKey::from_bytes([7; 32])),
        dir: dir.path().to_owned(),
        taps: vec![ends.taps],
        begins: begins_in,
        sealed: sealed_out,
        wake: Box::new(|| {}),
        counters: Arc::new(SealCounters::default()),
        stop: seal_stop.clone(),
    })?;
    pin_all(std::process::id(), CORES.0)?;
    if step.case.is_recorded() {
        for call in 0..step.calls {
            let recording = RecordingId { call: CallId(call as u64 + 1), part: 1 };
            begins.send(TapBegin { tap: TapNo(call as u16), recording, started: WallTime(0) })?;
        }
    }
    connect(step, &mut ends.orders)?;
    println!("ready");

    // What is measured is the second half: the legs are open and the phones speak.
    let total = super::SETTLE_S + step.seconds;
    std::thread::sleep(Duration::from_secs(super::SETTLE_S));
    let (begun, busy) = (Instant::now(), counters.busy_us.load(Ordering::Relaxed));
    let sealing = threads_cpu_s(std::process::id(), "seal")?;
    counters.lateness.clear();
    std::thread::sleep(Duration::from_secs(total - super::SETTLE_S - 1));
    let lasted = begun.elapsed().as_secs_f64();
    let busy = (counters.busy_us.load(Ordering::Relaxed) - busy) as f64 / 1e6 / lasted;
    let late = |share| counters.lateness.quantile_us(share) as f64;
    let report = Report {
        busy,
        seal_cpu: (threads_cpu_s(std::process::id(), "seal")? - sealing) / lasted,
        memory_kb: resident_kb(std::process::id())? - before,
        late_p50_us: late(0.5),
        late_p99_us: late(0.99),
        late_max_us: late(1.0),
        taps_lost: counters.taps_lost.load(Ordering::Relaxed),
        send_failed: counters.send_failed.load(Ordering::Relaxed),
        refused: counters.orders_refused.load(Ordering::Relaxed),
    };
    std::io::stdin().read_line(&mut String::new())?;
    println!("{}", serde_json::to_string(&report)?);
    stop.store(true, Ordering::Release);
    let _ = ends.thread.join();
    seal_stop.store(true, Ordering::Release);
    sealers.into_iter().for_each(|thread| drop(thread.join()));
    drop(sealed);
    Ok(())
}

/// Opens every leg and joins them as the case wants.
fn connect(step: &Step, orders: &mut OrderSender) -> anyhow::Result<()> {
    let (case, calls) = (step.case, step.calls);
    let slot = |leg: usize| Slot(leg as u16);
    for leg in 0..case.legs(calls) {
        let (socket, codec) = (socket(step, leg)?, case.codec(leg));
        give(
            orders,
            MediaOrder::Open { slot: slot(leg), leg: LegId(leg as u64), socket, reports: None },
        );
        give(
            orders,
            MediaOrder::Engine(Command::OpenRtp {
                slot: slot(leg),
                ssrc: leg as u32 + 1,
                remote: SocketAddr::from((step.load_ip, LOAD_PORT)),
                coder: Coder::new(codec).context("a codec of this build")?,
                payload_type: codec.payload_type().context("of a number of its own")?,
                dtmf_payload_type: Some(101),
                send: true,
                receive: case.listened(calls, leg).is_none(),
                srtp: case.is_encrypted().then(|| keys(leg, true)).transpose()?,
                packets: media::Packets::default(),
                control: media::command::ControlPath::Off,
                name: [0; 12],
            }),
        );
    }
    let mut tell = |command| give(orders, MediaOrder::Engine(command));
    let mixed = |call: usize| case == Case::Listen10 && !case.is_forwarded(calls, call * 2);
    for call in 0..calls {
        let (a, b) = (slot(call * 2), slot(call * 2 + 1));
        let room = RoomNo(call as u16);
        match case {
            Case::Prompts => {
                let clips: ClipList = [ClipNo(0)].into_iter().collect();
                tell(Command::Play { slot: slot(call), play: PlayId(1), clips, looped: true });
            }
            Case::Conference3 => {
                (0..3).for_each(|n| tell(Command::Mix { slot: slot(call * 3 + n), room }));
            }
            _ if mixed(call) => [a, b].into_iter().for_each(|slot| {
                let room = RoomNo(call as u16 / 10);
                tell(Command::Mix { slot, room });
            }),
            _ => tell(Command::Bridge { a, b }),
        }
        if case.is_recorded() {
            tell(Command::Tap { slot: a, tap: TapNo(call as u16) });
        }
    }
    for leg in calls * 2..case.legs(calls) {
        if let Some(call) = case.listened(calls, leg) {
            tell(Command::Mix { slot: slot(leg), room: RoomNo(call as u16 / 10) });
        }
    }
    Ok(())
}

/// The socket of a leg, as the daemon opens it. The kernel takes a moment to close what the ring of
/// the step before held.
pub fn socket(step: &Step, leg: usize) -> anyhow::Result<UdpSocket> {
    let patience = Instant::now() + Duration::from_secs(10);
    let bind = || UdpSocket::bind((step.box_ip, PORTS_FROM + leg as u16));
    let mut bound = bind();
    while bound.as_ref().is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
        && Instant::now() < patience
    {
        std::thread::sleep(Duration::from_millis(50));
        bound = bind();
    }
    let socket = bound?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn give(orders: &mut OrderSender, mut order: MediaOrder) {
    while let Err(back) = orders.enqueue(order) {
        order = back;
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ten seconds of a tone.
fn tone() -> Clip {
    let turn = PROMPT_HZ * std::f64::consts::TAU / 8000.0;
    let sample = |n: usize| (f64::sin(n as f64 * turn) * LOUD) as i16;
    Clip::narrow((0..80_000).map(sample).collect::<Vec<_>>())
}
