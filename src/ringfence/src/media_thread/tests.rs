//! The thread's turn by itself: orders in, a tick, what is told and what is handed on.

use super::*;
use media::{Coder, Command, Config, ControlPath, Event, Slot, TapNo};
use model::{Codec, Law};
use std::net::{SocketAddr, UdpSocket};

/// A runner without a thread, and the ends of its queues.
struct Bench {
    runner: Runner,
    orders: OrderSender,
    news: NewsReceiver,
    taps: TapReceiver,
}

impl Bench {
    fn new() -> Self {
        let (clock, _) = Clock::start();
        let config = Config { legs_max: 2, clips: [].into(), seed: 1, silent_ms: 3000 };
        let media = Media {
            no: 0,
            epoch: std::time::Instant::now(),
            threads: 1,
            engine: Engine::new(config),
            slots: 2,
            card: None,
            lines: Vec::new(),
            clock,
            wake: std::thread::current(),
            stop: Arc::default(),
            counters: Arc::default(),
            place: Place::default(),
        };
        let (orders, orders_in) = leak::<MediaOrder, ORDERS>().unwrap();
        let (news_out, news) = leak::<MediaSaid, NEWS>().unwrap();
        let (taps_out, taps) = leak::<TapItem, { crate::seal::TAP_QUEUE }>().unwrap();
        let sockets = Sockets::new(2).unwrap();
        let runner = Runner::new(media, sockets, orders_in, news_out, taps_out);
        Self { runner, orders, news, taps }
    }

    fn order(&mut self, order: MediaOrder) {
        assert!(self.orders.enqueue(order).is_ok());
    }

    /// Has a leg rung: it has a socket.
    fn ring(&mut self, leg: u64) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        self.order(MediaOrder::Open { slot: Slot(0), leg: LegId(leg), socket, reports: None });
    }

    /// Has it answered: it has sound.
    fn answer(&mut self) {
        self.describe("127.0.0.1:9".parse().unwrap(), ControlPath::Off);
    }

    fn describe(&mut self, remote: SocketAddr, control: ControlPath) {
        self.order(MediaOrder::Engine(Command::OpenRtp {
            slot: Slot(0),
            ssrc: 1,
            remote,
            coder: Coder::new(Codec::from(Law::A)).unwrap(),
            payload_type: 8,
            dtmf_payload_type: Some(101),
            packets: media::Packets::default(),
            send: true,
            receive: true,
            srtp: None,
            control,
            name: [9; 12],
        }));
    }

    fn hang_up(&mut self) {
        self.order(MediaOrder::Shut { slot: Slot(0) });
    }

    /// Whose last figures are told.
    fn ended(&mut self) -> Vec<Option<LegId>> {
        let news = std::iter::from_fn(|| self.news.dequeue());
        news.filter_map(|said| match said {
            MediaSaid::Engine { leg, event: Event::Quality { last: true, .. } } => Some(leg),
            _ => None,
        })
        .collect()
    }
}

#[test]
fn what_is_said_of_a_leg_names_it_though_its_slot_is_anothers_by_then() {
    let mut bench = Bench::new();
    for leg in 1..=3 {
        bench.ring(leg);
        bench.answer();
        bench.hang_up();
    }
    bench.ring(4);
    bench.runner.tick();
    assert_eq!(bench.ended(), [1, 2, 3].map(|leg| Some(LegId(leg))));
}

#[test]
fn a_leg_that_was_rung_and_never_answered_leaves_no_trace_and_is_no_refused_order() {
    let mut bench = Bench::new();
    bench.ring(1);
    bench.hang_up();
    bench.ring(2);
    bench.answer();
    bench.runner.tick();
    bench.hang_up();
    bench.runner.tick();
    assert_eq!(bench.ended(), [Some(LegId(2))]);
    assert_eq!(bench.runner.media.engine.engine_counters().commands_refused, 0);
}

#[test]
fn the_end_of_a_recording_waits_for_a_seal_thread_that_is_behind() {
    let mut bench = Bench::new();
    let tap = |n| MediaOrder::Engine(Command::Tap { slot: Slot(0), tap: TapNo(n) });
    bench.ring(1);
    bench.answer();
    bench.order(tap(7));
    while bench.taps.len() < crate::seal::TAP_QUEUE - 1 {
        bench.runner.tick();
    }
    bench.order(MediaOrder::Untap { slot: Slot(0), tap: TapNo(7) });
    bench.order(tap(8));
    bench.runner.tick();
    assert_eq!(bench.runner.media.counters.taps_lost.load(Ordering::Relaxed), 1, "a frame of 8");
    for _ in 0..2 {
        assert!(bench.taps.dequeue().is_some());
    }
    bench.runner.tick();
    let items: Vec<_> = std::iter::from_fn(|| bench.taps.dequeue()).collect();
    let last = items.last_chunk::<2>().unwrap();
    assert!(
        matches!(last, [TapItem::End { tap: TapNo(7), .. }, TapItem::Frame { tap: TapNo(8), .. }]),
        "the end, and then the next one's frame"
    );
}

/// A card of one port whose clock is off by parts in a million.
struct OffCard {
    ppm: i64,
    /// Microseconds of sound in its buffer.
    held_us: i64,
    most_us: Arc<std::sync::atomic::AtomicI64>,
}

impl Card for OffCard {
    fn ports(&self) -> usize {
        1
    }
    fn law(&self) -> Law {
        Law::A
    }
    fn tick(&mut self, _now: model::Instant) {
        self.held_us += 20_000 + 20_000 * self.ppm / 1_000_000;
        self.most_us.fetch_max(self.held_us, Ordering::Relaxed);
    }
    fn event(&mut self) -> Option<(usize, model::port::PortEvent)> {
        None
    }
    fn read(&mut self, _: usize, block: &mut [u8; 160]) -> Result<bool, board::CardError> {
        block.fill(0xD5);
        let there = self.held_us >= 20_000;
        self.held_us -= if there { 20_000 } else { 0 };
        Ok(there)
    }
    fn write(&mut self, _: usize, _: &[u8; 160]) -> Result<(), board::CardError> {
        Ok(())
    }
    fn order(&mut self, _: usize, _: &model::port::PortOrder) -> Result<(), board::CardError> {
        Ok(())
    }
}

#[test]
fn a_card_whose_clock_is_off_either_way_loses_nothing_and_nothing_piles_up_in_it() {
    for ppm in [-150, 150] {
        let mut bench = Bench::new();
        let most_us = Arc::<std::sync::atomic::AtomicI64>::default();
        let card = OffCard { ppm, held_us: 10_000, most_us: most_us.clone() };
        bench.runner.media.card = Some(Box::new(card));
        bench.order(MediaOrder::Engine(Command::OpenCard { slot: Slot(0), law: Law::A }));
        // Twelve minutes: five blocks more or less.
        for _ in 0..36_000 {
            bench.runner.tick();
            while bench.news.dequeue().is_some() {}
        }
        let counters = bench.runner.media.engine.counters(Slot(0)).unwrap();
        assert_eq!((counters.skipped_ms, counters.concealed_ms), (0, 0), "{ppm}");
        assert_eq!(bench.runner.media.counters.card_errors.load(Ordering::Relaxed), 0);
        let most_us = most_us.load(Ordering::Relaxed);
        assert!(most_us < 60_000, "{ppm}: {most_us} us wait in the card");
    }
}

/// A socket bound by number, as a leg's is.
fn socket() -> (UdpSocket, SocketAddr) {
    let at = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let socket = UdpSocket::bind(at).unwrap();
    socket.set_nonblocking(true).unwrap();
    (socket, at)
}

#[test]
fn reports_without_mux_come_and_go_over_the_ports_above_those_of_sound() {
    let mut bench = Bench::new();
    let ((sound, _), (reports, at)) = (socket(), socket());
    let (peer, peer_at) = socket();
    let open =
        MediaOrder::Open { slot: Slot(0), leg: LegId(1), socket: sound, reports: Some(reports) };
    bench.order(open);
    let remote = SocketAddr::new(peer_at.ip(), peer_at.port() - 1);
    bench.describe(remote, ControlPath::Apart(peer_at));
    bench.runner.tick();
    // A receiver report about nothing (RFC 3550 6.4.2) and an empty description (6.5).
    let report = [0x80, 201, 0, 1, 0, 0, 0, 9, 0x80, 202, 0, 0];
    peer.send_to(&report, at).unwrap();
    bench.runner.read_at -= READ_AFTER;
    bench.runner.tick();
    let counters = bench.runner.media.engine.counters(Slot(0)).unwrap();
    assert_eq!((counters.reports_in, counters.foreign), (1, 0), "{counters:?}");
    bench.hang_up();
    bench.runner.tick();
    let mut bytes = [0; 256];
    let (len, from) = peer.recv_from(&mut bytes).unwrap();
    assert_eq!(from, at, "from our port for reports");
    let goodbye = 203;
    assert!(bytes[..len].chunks(4).any(|word| word[1] == goodbye), "{:?}", &bytes[..len]);
}

#[test]
fn reports_that_went_with_the_sound_come_by_their_own_port_again_after_a_description_without_mux() {
    let mut bench = Bench::new();
    let ((sound, _), (reports, at)) = (socket(), socket());
    let (peer, peer_at) = socket();
    let open =
        MediaOrder::Open { slot: Slot(0), leg: LegId(1), socket: sound, reports: Some(reports) };
    bench.order(open);
    let remote = SocketAddr::new(peer_at.ip(), peer_at.port() - 1);
    let report = [0x80, 201, 0, 1, 0, 0, 0, 9, 0x80, 202, 0, 0];
    let mut came = Vec::new();
    let apart = ControlPath::Apart(peer_at);
    for control in [apart, ControlPath::Muxed, apart, apart] {
        bench.describe(remote, control);
        bench.runner.tick();
        if control == apart {
            peer.send_to(&report, at).unwrap();
        }
        bench.runner.read_at -= READ_AFTER;
        bench.runner.tick();
        came.push(bench.runner.media.engine.counters(Slot(0)).unwrap().reports_in);
    }
    assert_eq!(came, [1, 1, 2, 3]);
}

#[test]
fn a_settled_legs_socket_hears_its_peer_alone_until_the_next_description() {
    let mut bench = Bench::new();
    let ((sound, at), (peer, peer_at), (next, next_at)) = (socket(), socket(), socket());
    bench.order(MediaOrder::Open { slot: Slot(0), leg: LegId(1), socket: sound, reports: None });
    bench.describe(peer_at, ControlPath::Off);
    bench.runner.tick();
    let packet = |sequence: u16| {
        let mut packet = [0xD5; 172];
        packet[..12].copy_from_slice(&[0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[6..8].copy_from_slice(&(sequence * 160).to_be_bytes());
        packet
    };
    let tick = |bench: &mut Bench| {
        bench.runner.read_at -= READ_AFTER;
        bench.runner.tick();
        bench.runner.media.engine.counters(Slot(0)).unwrap()
    };
    for n in 0..60 {
        peer.send_to(&packet(n), at).unwrap();
        tick(&mut bench);
    }
    let stranger = socket().0;
    for n in 0..20 {
        stranger.send_to(&packet(100 + n), at).unwrap();
    }
    let counters = tick(&mut bench);
    assert_eq!((counters.packets, counters.foreign), (60, 0), "the kernel keeps them off");
    bench.describe(next_at, ControlPath::Off);
    tick(&mut bench);
    next.send_to(&packet(200), at).unwrap();
    assert_eq!(tick(&mut bench).packets, 61, "and hears whom the description names");
}

/// A packet of a phone's sound.
fn packet(sequence: u16) -> [u8; 172] {
    let mut packet = [0xD5; 172];
    packet[..12].copy_from_slice(&[0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet
}

/// Two threads' turns, and what goes between them.
struct Two([Bench; 2]);

impl Two {
    fn new() -> Self {
        let mut two = Self([Bench::new(), Bench::new()]);
        // Each is in its tick of the same number.
        two.0.iter_mut().for_each(|bench| bench.runner.out.tick = 100);
        two
    }

    fn tick(&mut self, no: usize) {
        let bench = &mut self.0[no];
        bench.runner.read_at -= READ_AFTER;
        bench.runner.tick();
    }

    fn take(&mut self, no: usize) {
        self.0[no].order(MediaOrder::Take { slot: Slot(0), parcel: Parcel::new(LegId(1)) });
    }

    /// What a thread gave out.
    fn left(&mut self, no: usize) -> Option<Box<Parcel>> {
        let news = std::iter::from_fn(|| self.0[no].news.dequeue());
        news.filter_map(|said| match said {
            MediaSaid::Left(parcel) => Some(parcel),
            _ => None,
        })
        .last()
    }

    fn land(&mut self, no: usize, parcel: Box<Parcel>) {
        self.0[no].order(MediaOrder::Land { slot: Slot(1), parcel });
    }
}

/// The numbers and stamps of all packets that wait at a phone.
fn heard(phone: &UdpSocket) -> Vec<(u16, u32)> {
    let mut bytes = [0; 256];
    let came = std::iter::from_fn(|| {
        phone.recv(&mut bytes).ok().map(|_| {
            let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
            (sequence, u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]))
        })
    });
    came.collect()
}

#[test]
fn a_leg_goes_to_another_thread_with_its_sockets_and_misses_no_tick_and_no_packet() {
    let mut two = Two::new();
    let ((sound, at), (phone, phone_at)) = (socket(), socket());
    two.0[0].order(MediaOrder::Open { slot: Slot(0), leg: LegId(1), socket: sound, reports: None });
    two.0[0].describe(phone_at, ControlPath::Off);
    let mut whose = 0;
    for n in 0..200_u16 {
        phone.send_to(&packet(n), at).unwrap();
        if n == 100 {
            two.take(0);
        }
        two.tick(0);
        if let Some(parcel) = two.left(0) {
            assert_eq!((n, parcel.leg), (100, LegId(1)), "after the tick it was ordered in");
            two.land(1, parcel);
            // Both are in the same tick: it is the next one's.
            two.tick(1);
            assert_eq!(two.0[1].runner.media.engine.counters(Slot(1)), None);
            whose = 1;
        } else {
            two.tick(1);
        }
    }
    assert_eq!(whose, 1);
    let counters = two.0[1].runner.media.engine.counters(Slot(1)).unwrap();
    assert_eq!((counters.packets, counters.lost, counters.foreign), (200, 0, 0), "{counters:?}");
    assert!(two.0[0].runner.media.engine.counters(Slot(0)).is_none());
    let went = heard(&phone);
    assert_eq!(went.len(), 200);
    for (before, after) in went.iter().zip(&went[1..]) {
        assert_eq!(*after, (before.0.wrapping_add(1), before.1.wrapping_add(160)));
    }
    let counted = &two.0[1].runner.media.counters;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!((count(&counted.landed), count(&counted.missed_on_the_way)), (1, 0));
    // Its slot there is told with it.
    two.0[1].order(MediaOrder::Shut { slot: Slot(1) });
    two.tick(1);
    assert_eq!(two.0[1].ended(), [Some(LegId(1))]);
}

#[test]
fn a_leg_that_lands_late_has_missed_ticks_and_its_time_stamps_tell_so() {
    let mut two = Two::new();
    let ((sound, _), (phone, phone_at)) = (socket(), socket());
    two.0[0].order(MediaOrder::Open { slot: Slot(0), leg: LegId(1), socket: sound, reports: None });
    two.0[0].describe(phone_at, ControlPath::Off);
    two.take(0);
    two.tick(0);
    let parcel = two.left(0).unwrap();
    (0..4).for_each(|_| two.tick(1));
    two.land(1, parcel);
    two.tick(1);
    let went = heard(&phone);
    let [(first, at), (second, later)] = went[..] else { panic!("{went:?}") };
    assert_eq!((second, later), (first.wrapping_add(1), at.wrapping_add(4 * 160)));
    let missed = &two.0[1].runner.media.counters.missed_on_the_way;
    assert_eq!(missed.load(Ordering::Relaxed), 3);
}

#[test]
fn a_leg_that_was_only_rung_goes_with_its_sockets_and_one_without_news_stays() {
    let mut two = Two::new();
    let ((sound, _), (reports, _)) = (socket(), socket());
    let open =
        MediaOrder::Open { slot: Slot(0), leg: LegId(1), socket: sound, reports: Some(reports) };
    two.0[0].order(open);
    two.take(0);
    // Nobody fetches the news: the queue is full.
    for port in 0..NEWS as u16 {
        let event = model::LegEvent::Ringing;
        two.0[0].runner.say(MediaSaid::Line { port, event });
    }
    two.tick(0);
    assert!(two.left(0).is_none(), "it stays until its news find room");
    two.tick(0);
    let parcel = two.left(0).unwrap();
    two.land(1, parcel);
    // Until it is in the tick after those.
    (0..3).for_each(|_| two.tick(1));
    assert_eq!(two.0[1].runner.media.engine.counters(Slot(1)), None);
    let (sound, reports, watched) = two.0[1].runner.sockets.take(Slot(1));
    assert!(sound.is_some() && reports.is_some() && watched);
}
