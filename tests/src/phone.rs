//! A desk phone: registers, dials, rings, answers, speaks and listens over real sockets.
//!
//! Its signalling is the product's own `sip` crate as a user agent and its sound the product's own
//! engine, so it also shows that both work from the other side. Foreign phones (sipp, baresip)
//! have stories of their own.

use crate::refer;
use crate::signalling::{Came, Signalling, Way};
use media::{ClipNo, Engine, Event, Sink, Slot, TapFrame, TapNo};
use model::id::{LegId, PhoneId, PlayId, TrunkId};
use model::{Cause, Digit, Instant, LegEvent, Number, PersonName, Secret};
use sip::{Command, Endpoint, Input, Output};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const SLOT: Slot = Slot(0);
const VOICE: ClipNo = ClipNo(0);

/// How a phone is set up.
#[derive(Clone)]
pub struct Setup {
    pub server: SocketAddr,
    pub user: String,
    pub password: String,
    /// Answers this long after it began to ring; never when nothing is given.
    pub answer_after: Option<Duration>,
    /// What it says in a call, at 8 kHz, over and over.
    pub voice: Vec<i16>,
    /// The address it speaks from.
    pub bind: IpAddr,
    /// The address its session descriptions name, if not the one it speaks from.
    pub names: Option<IpAddr>,
    /// A caller behind a trunk does not register.
    pub register: bool,
    /// Keys are sent as sound, as by a phone that knows no telephone-event.
    pub in_band: bool,
    /// Declines every call with this.
    pub refuse: Option<Cause>,
    /// Speaks before it answers (183), as a carrier's announcement does.
    pub early: bool,
    /// How it speaks with the server; REFERs go by UDP alone.
    pub way: Way,
}

impl Setup {
    /// A desk phone of one of the demo sites' agents, beside the box, which answers at once.
    pub fn agent(server: SocketAddr, user: &str, voice: Vec<i16>) -> Self {
        Self {
            server,
            user: user.to_owned(),
            password: "ringfence-demo".to_owned(),
            answer_after: Some(Duration::from_millis(300)),
            voice,
            bind: server.ip(),
            names: None,
            register: true,
            in_band: false,
            refuse: None,
            early: false,
            way: Way::Udp,
        }
    }

    /// A caller behind the trunk whose peer is 127.0.0.2.
    pub fn trunk(server: SocketAddr, number: &str, voice: Vec<i16>) -> Self {
        Self {
            user: number.to_owned(),
            answer_after: None,
            bind: IpAddr::from([127, 0, 0, 2]),
            register: false,
            ..Self::agent(server, number, voice)
        }
    }
}

/// What a phone went through so far.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Seconds granted, or the refusal.
    pub registered: Option<Result<u32, u16>>,
    pub ringing: bool,
    pub talking: bool,
    /// Calls that came to it and calls that ended.
    pub rang: u32,
    pub ended: Vec<Cause>,
    /// Who called, as the display shows.
    pub caller: String,
    pub name: String,
    /// Everything it heard in calls, as A-law or µ-law bytes from the wire.
    pub heard: Vec<u8>,
    /// Everything it said.
    pub said: Vec<u8>,
    /// What it was told of a transfer it asked for, as status lines.
    pub transfer: Vec<String>,
}

enum Ask {
    Dial(String),
    Answer,
    HangUp,
    Press(Digit),
    Hold(bool),
    /// Send the other party on by REFER.
    Refer(String),
    Register,
    Unregister,
    /// Its connections are closed, or forgotten without a word to the other end.
    Cut {
        told: bool,
    },
    /// The cable is pulled: nothing is sent or heard any more.
    Vanish,
}

/// A running phone. Dropped, it falls silent like one whose cable was pulled.
pub struct Phone {
    asks: Sender<Ask>,
    shared: Arc<(Mutex<Story>, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
    pub address: SocketAddr,
}

impl Phone {
    /// Starts the phone and lets it register.
    pub fn start(setup: Setup) -> std::io::Result<Self> {
        let signalling = Signalling::bind(setup.bind, setup.way.clone())?;
        let sound = UdpSocket::bind((setup.bind, 0))?;
        sound.set_nonblocking(true)?;
        let address = signalling.address()?;
        let shared = Arc::new((Mutex::new(Story::default()), Condvar::new()));
        let (asks, inbox) = channel();
        let told = shared.clone();
        let thread =
            std::thread::Builder::new().name(format!("phone {}", setup.user)).spawn(move || {
                if let Ok(mut runner) = Runner::new(setup, signalling, sound, told) {
                    runner.run(&inbox);
                }
            })?;
        Ok(Self { asks, shared, thread: Some(thread), address })
    }

    fn ask(&self, ask: Ask) {
        // A phone that has stopped hears nobody; the story then shows that nothing happened.
        let _ = self.asks.send(ask);
    }
    pub fn dial(&self, number: &str) {
        self.ask(Ask::Dial(number.to_owned()));
    }
    pub fn answer(&self) {
        self.ask(Ask::Answer);
    }
    pub fn hang_up(&self) {
        self.ask(Ask::HangUp);
    }
    pub fn press(&self, key: char) {
        if let Some(digit) = Digit::new(key) {
            self.ask(Ask::Press(digit));
        }
    }
    pub fn hold(&self, on: bool) {
        self.ask(Ask::Hold(on));
    }
    /// Sends the other party to a number with a key of its own (REFER).
    pub fn refer(&self, number: &str) {
        self.ask(Ask::Refer(number.to_owned()));
    }
    /// Registers anew.
    pub fn register(&self) {
        self.ask(Ask::Register);
    }
    /// Its connections break: `told` where the other end hears of it.
    pub fn cut(&self, told: bool) {
        self.ask(Ask::Cut { told });
    }
    pub fn unregister(&self) {
        self.ask(Ask::Unregister);
    }
    pub fn vanish(&self) {
        self.ask(Ask::Vanish);
    }

    /// What it went through so far.
    pub fn story(&self) -> Story {
        self.lock().clone()
    }

    /// Waits until the story fits, and gives it; or the story as it stands after `within`.
    pub fn wait(
        &self,
        within: Duration,
        fits: impl Fn(&Story) -> bool,
    ) -> Result<Story, Box<Story>> {
        let (_, changed) = &*self.shared;
        let waited = changed.wait_timeout_while(self.lock(), within, |story| !fits(story));
        match waited {
            Ok((story, time)) if !time.timed_out() => Ok(story.clone()),
            Ok((story, _)) => Err(Box::new(story.clone())),
            Err(_) => Err(Box::default()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Story> {
        self.shared.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.asks = channel().0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Runner {
    setup: Setup,
    start: std::time::Instant,
    signalling: Signalling,
    sound: UdpSocket,
    endpoint: Endpoint,
    engine: Engine,
    shared: Arc<(Mutex<Story>, Condvar)>,
    leg: Option<LegId>,
    answer_at: Option<Instant>,
    dialog: refer::Dialog,
    next_leg: u64,
    next_play: u64,
}

impl Runner {
    fn new(
        setup: Setup,
        signalling: Signalling,
        sound: UdpSocket,
        shared: Arc<(Mutex<Story>, Condvar)>,
    ) -> std::io::Result<Self> {
        let mut seed = [0; 32];
        let own = signalling.address()?;
        seed[..2].copy_from_slice(&own.port().to_be_bytes());
        seed[2..6].copy_from_slice(&std::process::id().to_be_bytes());
        let mut config = sip::Config::new(seed, own, "phone.invalid");
        // A phone takes calls from its server without asking it for a password.
        let trunk = sip::TrunkConfig::from_peers(vec![setup.server.ip()], 2);
        config.trunks.insert(TrunkId::new("server"), trunk);
        let voice = media::Clip::narrow(setup.voice.clone());
        let engine = Engine::new(media::Config {
            legs_max: 1,
            clips: vec![voice].into(),
            seed: 7,
            silent_ms: media::silence::SILENT_MS,
        });
        let start = std::time::Instant::now();
        let endpoint = Endpoint::new(Instant::START, config);
        Ok(Self {
            setup,
            start,
            signalling,
            sound,
            endpoint,
            engine,
            shared,
            leg: None,
            answer_at: None,
            dialog: refer::Dialog::default(),
            next_leg: 1,
            next_play: 1,
        })
    }

    fn run(&mut self, inbox: &Receiver<Ask>) {
        if self.setup.register {
            self.register(3600);
        }
        let mut due = self.start;
        loop {
            due += Duration::from_millis(20);
            // Within a tick the signalling is looked at every 2 ms.
            while std::time::Instant::now() < due {
                self.signal();
                std::thread::sleep(Duration::from_millis(2));
            }
            self.signal();
            self.sound();
            loop {
                match inbox.try_recv() {
                    // Its sockets stay, so that no router says that nobody is there.
                    Ok(Ask::Vanish) => return while inbox.recv().is_ok() {},
                    Ok(ask) => self.obey(ask),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            if self.answer_at.is_some_and(|at| at <= self.now()) {
                self.answer_at = None;
                self.obey(Ask::Answer);
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn register(&mut self, expires_s: u32) {
        let command = Command::Register {
            registrar: self.server(),
            user: PhoneId::new(&self.setup.user),
            secret: Secret::new(self.setup.password.clone()),
            expires_s,
        };
        self.command(command);
    }

    fn server(&self) -> sip::Peer {
        sip::Peer::new(self.setup.way.transport(), self.setup.server)
    }

    fn command(&mut self, command: Command) {
        self.endpoint.handle(self.now(), Input::Command(command));
        self.drain();
    }

    fn obey(&mut self, ask: Ask) {
        let Ok(mut rtp) = self.sound.local_addr() else { return };
        rtp.set_ip(self.setup.names.unwrap_or(rtp.ip()));
        match (ask, self.leg) {
            (Ask::Dial(number), None) => {
                let leg = LegId::outbound(self.next_leg);
                self.next_leg += 1;
                self.leg = Some(leg);
                self.command(Command::InviteUri {
                    leg,
                    uri: format!("sip:{number}@{}", self.setup.server),
                    to: self.server(),
                    rtp,
                    caller: Number::new(self.setup.user.clone()),
                    name: PersonName::default(),
                    user: PhoneId::new(&self.setup.user),
                    secret: Secret::new(self.setup.password.clone()),
                    offer: true,
                });
            }
            (Ask::Answer, Some(leg)) => self.command(Command::Answer { leg, rtp }),
            (Ask::HangUp, Some(leg)) => self.command(Command::HangUp { leg, cause: Cause::Normal }),
            (Ask::Hold(true), Some(leg)) => self.command(Command::Hold { leg, send: false }),
            (Ask::Hold(false), Some(leg)) => self.command(Command::Resume { leg }),
            (Ask::Press(digit), Some(_)) => {
                let press = media::Command::SendDigit { slot: SLOT, digit };
                self.engine.command(self.now(), press);
            }
            (Ask::Refer(number), Some(_)) => {
                let own = self.signalling.address();
                let refer =
                    own.ok().and_then(|own| self.dialog.refer(own, self.setup.server, &number));
                if let Some(refer) = refer {
                    self.signalling.send(self.server(), refer.as_bytes());
                }
            }
            (Ask::Register, _) => {
                self.tell(|story| story.registered = None);
                self.register(3600);
            }
            (Ask::Unregister, _) => self.register(0),
            (Ask::Cut { told: true }, _) => self.signalling.cut(),
            (Ask::Cut { told: false }, _) => self.signalling.forget(),
            _ => {}
        }
    }

    fn signal(&mut self) {
        while let Some(came) = self.signalling.receive() {
            let now = self.now();
            match &came {
                Came::Datagram(from, bytes) if self.refers(*from, bytes) => {}
                Came::Datagram(from, bytes) => {
                    self.endpoint.handle(now, Input::Datagram { from: *from, bytes });
                }
                Came::Opened(flow, to) => {
                    let (flow, transport, addr) = (*flow, to.transport, to.addr);
                    let (outgoing, certificate) = (true, Vec::new());
                    let opened = Input::Opened { flow, transport, addr, outgoing, certificate };
                    self.endpoint.handle(now, opened);
                }
                Came::Bytes(flow, bytes) => {
                    self.endpoint.handle(now, Input::Bytes { flow: *flow, bytes });
                }
                Came::Closed(flow) => self.endpoint.handle(now, Input::Closed { flow: *flow }),
            }
            self.drain();
        }
        let now = self.now();
        if self.endpoint.deadline().is_some_and(|(at, _)| at <= now) {
            self.endpoint.tick(now);
            self.drain();
        }
    }

    /// Takes what belongs to a REFER of the phone's; tells whether it does.
    fn refers(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.dialog.came(&text);
        if let Some(line) = refer::progress(&text) {
            self.signalling.send(sip::Peer::udp(from), refer::accept(&text).as_bytes());
            self.tell(|story| story.transfer.push(line.to_owned()));
            return true;
        }
        refer::is_referred(&text)
    }

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes } if self.setup.in_band => {
                    self.signalling.send(to, &without_events(&bytes));
                }
                Output::Send { to, bytes } => {
                    self.dialog.went(&String::from_utf8_lossy(&bytes));
                    self.signalling.send(to, &bytes);
                }
                Output::Close { flow } => self.signalling.close(flow),
                Output::Leg { leg, event } => self.event(leg, event),
                Output::Media { media, .. } => self.open(&media),
                Output::RegisterResult { result, .. } => {
                    self.tell(|story| story.registered = Some(result));
                }
                _ => {}
            }
        }
    }

    fn event(&mut self, leg: LegId, event: LegEvent) {
        match event {
            LegEvent::Arrived { .. } if self.leg.is_some() || self.setup.refuse.is_some() => {
                let cause = self.setup.refuse.unwrap_or(Cause::Busy);
                let refuse = Command::Refuse { leg, cause };
                self.endpoint.handle(self.now(), Input::Command(refuse));
                self.tell(|story| story.rang += 1);
            }
            LegEvent::Arrived { caller, name, .. } => {
                self.leg = Some(leg);
                self.answer_at = self.setup.answer_after.map(|after| self.now() + after);
                if let Some(rtp) = self.sound.local_addr().ok().filter(|_| self.setup.early) {
                    let early = Command::EarlyMedia { leg, rtp };
                    self.endpoint.handle(self.now(), Input::Command(early));
                }
                self.tell(|story| {
                    story.ringing = true;
                    story.rang += 1;
                    story.caller = caller.reveal().to_owned();
                    story.name = name.reveal().to_owned();
                });
            }
            LegEvent::Answered => self.tell(|story| (story.ringing, story.talking) = (false, true)),
            LegEvent::Gone(cause) if self.leg == Some(leg) => {
                self.leg = None;
                self.answer_at = None;
                self.engine.command(self.now(), media::Command::Close { slot: SLOT });
                self.tell(|story| {
                    (story.ringing, story.talking) = (false, false);
                    story.ended.push(cause);
                });
            }
            _ => {}
        }
    }

    fn open(&mut self, plan: &sip::MediaPlan) {
        let now = self.now();
        let Some(coder) = media::Coder::of(plan.codec, plan.opus) else { return };
        self.engine.command(
            now,
            media::Command::OpenRtp {
                slot: SLOT,
                ssrc: 0x1234_5678,
                remote: plan.remote,
                coder,
                packets: media::Packets { ms: plan.ptime_ms, dtmf_clock_hz: plan.dtmf_clock_hz },
                payload_type: plan.payload_type,
                dtmf_payload_type: plan.dtmf_payload_type,
                send: plan.send,
                receive: plan.receive,
                srtp: plan.srtp.as_ref().and_then(media::Srtp::new),
                control: if plan.rtcp_mux {
                    media::ControlPath::Muxed
                } else {
                    media::ControlPath::Off
                },
                name: *b"a test phone",
            },
        );
        self.engine.command(now, media::Command::Tap { slot: SLOT, tap: TapNo(0) });
        if !self.setup.voice.is_empty() {
            let play = PlayId(self.next_play);
            self.next_play += 1;
            let clips = [VOICE].into_iter().collect();
            let say = media::Command::Play { slot: SLOT, play, clips, looped: true };
            self.engine.command(now, say);
        }
    }

    fn sound(&mut self) {
        let mut bytes = [0_u8; 2048];
        let now = self.now();
        while let Ok((length, from)) = self.sound.recv_from(&mut bytes) {
            self.engine.datagram(now, SLOT, from, &bytes[..length]);
        }
        let mut ears = Ears { socket: &self.sound, frame: None };
        self.engine.tick(now, &mut ears);
        let frame = ears.frame;
        while let Some(event) = self.engine.poll_event() {
            let (Event::Digit { .. }
            | Event::SignalDigit { .. }
            | Event::Played { .. }
            | Event::Silent { .. }
            | Event::Quiet { .. }
            | Event::Heard { .. }
            | Event::Muted { .. }
            | Event::Quality { .. }) = event;
        }
        if let Some(frame) = frame {
            self.tell(|story| {
                story.heard.extend_from_slice(&frame.left);
                story.said.extend_from_slice(&frame.right);
            });
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Story)) {
        let (story, changed) = &*self.shared;
        change(&mut story.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        changed.notify_all();
    }
}

/// A message of a phone that knows no telephone-event: its session description offers sound alone.
fn without_events(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return bytes.to_vec() };
    let Some(event) = body.lines().find(|line| line.contains("telephone-event")) else {
        return bytes.to_vec();
    };
    let number: String =
        event.chars().skip_while(|c| *c != ':').skip(1).take_while(char::is_ascii_digit).collect();
    let (map, parameters) = (format!("a=rtpmap:{number} "), format!("a=fmtp:{number} "));
    let body: String = body
        .lines()
        .filter(|line| !line.starts_with(&map) && !line.starts_with(&parameters))
        .map(|line| match line.strip_suffix(&format!(" {number}")) {
            Some(sound) if line.starts_with("m=") => format!("{sound}\r\n"),
            _ => format!("{line}\r\n"),
        })
        .collect();
    let head: Vec<String> = head
        .lines()
        .map(|line| match line.to_ascii_lowercase().starts_with("content-length:") {
            true => format!("Content-Length: {}", body.len()),
            false => line.to_owned(),
        })
        .collect();
    format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes()
}

struct Ears<'a> {
    socket: &'a UdpSocket,
    frame: Option<TapFrame>,
}

impl Sink for Ears<'_> {
    fn rtp(&mut self, _: Slot, to: SocketAddr, packet: &[u8]) {
        let _ = self.socket.send_to(packet, to);
    }
    fn rtcp(&mut self, _: Slot, to: SocketAddr, _: bool, packet: &[u8]) {
        let _ = self.socket.send_to(packet, to);
    }
    fn card(&mut self, _: Slot, _: &media::Block) {}
    fn tap(&mut self, _: TapNo, frame: &TapFrame) {
        self.frame = Some(*frame);
    }
}
