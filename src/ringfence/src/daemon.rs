//! Starts the box: reads what it needs, makes the cores, starts the threads and ends them in order.

mod accounts;
mod card;
mod choice;
mod driver;
mod sound;

pub use accounts::accounts;

use crate::boxkey;
use crate::clock::{Clock, wall_now};
use crate::control_socket::{self, Desk};
use crate::folders::Folders;
use crate::media_thread::AllCounters;
use crate::seal::{self, Seal, SealCounters};
use crate::service::{self, Severity, log};
use crate::sites::{Ready, Sites};
use crate::spans::Spans;
use crate::switch::{Ask, Desks, Devices, Parts, Switch, Telephones, seed};
use crate::tls::{Tls, Wanted};
use crate::{captures, devices, kept, ledger, net, provision, texts, wires};
use anyhow::Context as _;
use board::Card;
use exchange::Exchange;
use journal::Journal;
use model::Fact;
use model::site::Site;
use sip::Endpoint;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ASKS_MAX: usize = 64;
const BEGINS_MAX: usize = 1024;
/// Longest a box that was told to stop at once takes to seal, write and end.
const CUT_MAX: Duration = Duration::from_secs(5);
/// How a box ends that cut who talked: as a shell tells of a program that SIGINT ended.
const STOPPED_AT_ONCE: u8 = 130;
/// How far back calls without an end are looked for: more than a day of a busy site.
const CUT_CALLS_LOOKED_AT: u64 = 20_000;

/// What `ringfence run` is given.
pub struct Options {
    pub site: Option<PathBuf>,
    pub folders: Folders,
    pub share: PathBuf,
    /// Callers of the simulated card, when its ports are to ring by themselves.
    pub callers: Option<PathBuf>,
    /// The folder of the card driver's files.
    pub dahdi: PathBuf,
}

/// Runs the box until it has drained.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    service::start_log();
    options.folders.create()?;
    let _lock = lock(&options.folders)?;
    let sites = Arc::new(Sites::new(&options.folders, &options.share));
    let had_sites = !sites.is_empty()?;
    let (ready, site_damaged) = choice::choose_site(&sites, options)?;
    for note in &ready.notes {
        log(Severity::Notice, &format!("site: {note}"));
    }
    let key = Arc::new(boxkey::read_or_make(&options.folders)?);
    let epoch = boxkey::random_32()?;
    let facts_seal = Arc::new(key.fact_seal([epoch[0], epoch[1], epoch[2], epoch[3]]));
    let place = ledger::Place { dir: options.folders.journal(), seal: facts_seal };
    let journal = open_journal(&place)?;
    for aside in &journal.opened().moved_aside {
        let shown = aside.display();
        log(Severity::Warning, &format!("the journal's snapshot {shown} was torn and moved aside"));
    }
    let site_damaged = site_damaged.is_some();
    // Each box that ever ran had a site: with facts but no sites, those that were applied are gone.
    let sites_gone = !had_sites && journal.last_seq() > 0;
    if sites_gone {
        log(Severity::Error, "the applied sites are gone: the one of --site runs, as version 1");
    }
    Boxed { options, sites, ready, key, site_damaged, sites_gone }.start(journal, place)
}

/// Opens the journal. One that lost synced facts to a failing disk is copied aside and used all the
/// same: a hospital's box answers its telephones, and an alarm says what is missing.
fn open_journal(place: &ledger::Place) -> anyhow::Result<Journal> {
    let error = match place.open() {
        Err(error @ journal::Error::Lost { .. }) => error,
        opened => return Ok(opened?),
    };
    log(Severity::Error, &format!("the journal lost facts: {error}"));
    let aside = place.dir.with_extension(format!("lost-{}", wall_now().0));
    match crate::sites::copy_whole(&place.dir, &aside) {
        Ok(()) => log(Severity::Warning, &format!("a copy is kept in {}", aside.display())),
        Err(error) => log(Severity::Error, &format!("no copy could be kept: {error:#}")),
    }
    Ok(Journal::open_accepting_loss(&place.dir, place.seal.clone())?)
}

/// Keeps a second daemon from the same state folder for as long as the file is open.
fn lock(folders: &Folders) -> anyhow::Result<std::fs::File> {
    let path = folders.state().join("lock");
    let options = std::fs::File::options().create(true).truncate(false).write(true).clone();
    let file = options
        .open(&path)
        .with_context(|| format!("cannot open the lock file {}", path.display()))?;
    file.try_lock().map_err(|_| {
        anyhow::anyhow!("another ringfence runs on {}: stop it first", folders.state().display())
    })?;
    Ok(file)
}

/// A box about to start.
struct Boxed<'a> {
    options: &'a Options,
    sites: Arc<Sites>,
    ready: Ready,
    key: Arc<vault::BoxKey>,
    site_damaged: bool,
    sites_gone: bool,
}

impl Boxed<'_> {
    fn start(self, journal: Journal, place: ledger::Place) -> anyhow::Result<ExitCode> {
        let site = self.ready.site.clone();
        let (clock, anchor) = Clock::start();
        // A journal that lost its end would give numbers again whose recordings lie on the disk.
        let recorded = crate::recordings::last_call(&self.options.folders.recordings())?;
        let next_call = journal.counters().next_call.max(recorded + 1);
        let last = journal.entries(journal.last_seq().max(1)).next().transpose()?;
        let lost_facts = journal.opened().lost.is_some() || last.is_none() && recorded > 0;
        let died = last.is_some_and(|last| !matches!(last.fact, Fact::BoxStopped));
        let agents = journal.agents().0.iter();
        let agents = agents.map(|(id, row)| (id.clone(), row.state.clone(), row.since));
        let exchange = Exchange::new(
            seed()?,
            clock.now(),
            exchange::Config {
                site: site.clone(),
                anchor,
                next_call,
                agents: agents.collect(),
                seats: crate::restore::seats(&journal),
                phones: crate::restore::phones(&journal)?,
                owed: crate::restore::owed(&journal)?,
                spent: crate::restore::spent(&journal, &site, anchor.wall(clock.now()))?,
            },
        );
        let levels = crate::restore::levels(&journal, &site)?;
        let lost_calls = cut_calls(&journal)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tokio")
            .enable_all()
            .build()?;
        let here = std::thread::current();
        let tls = match (&site.sip.tls, &site.sip.provision) {
            (None, None) => None,
            _ => self.tls(&site),
        };
        let certificate_broken = tls.is_none() && site.sip.tls.is_some();
        let net = net::start(&net::Begin {
            sip: &site.sip,
            trunks: net::Trunks::of(&site),
            tls: tls.as_ref(),
            clock,
            exchange: here.clone(),
            runtime: &runtime,
            handshake_max: net::HANDSHAKE_MAX,
        })?;
        let local = net.locals.main();
        let shelf = provision::begin(&provision::Begin {
            site: site.clone(),
            folders: &self.options.folders,
            key: &self.key,
            tls: tls.as_ref(),
            host: local.ip(),
            clock,
            runtime: &runtime,
        });
        let mut endpoint_config = sip::Config::new(boxkey::random_32()?, local, &site.sip.realm);
        let accounts = accounts(&site);
        (endpoint_config.accounts, endpoint_config.trunks) = (accounts.accounts, accounts.trunks);
        endpoint_config.register_s = accounts.register_s;
        (endpoint_config.srtp, endpoint_config.session_s) = (accounts.srtp, accounts.session_s);
        endpoint_config.codecs = accounts.codecs;
        endpoint_config.directory = accounts.directory;
        endpoint_config.certificates = accounts.certificates;
        endpoint_config.guarding = site.sip.guarding.clone();
        endpoint_config.locals = net.locals.clone();
        let wall = anchor.wall(clock.now());
        endpoint_config.kept = kept::read(&self.options.folders, &self.key, &site, wall);
        endpoint_config.limits.flows = net::flow_limits(&site.sip);
        let endpoint = Endpoint::new(clock.now(), endpoint_config);
        let stop = Arc::new(AtomicBool::new(false));
        let seal_counters = Arc::new(SealCounters::default());

        driver::begin(&site, &self.options.folders, &self.options.dahdi, &stop)?;
        let wired = {
            let (callers, dahdi) = (self.options.callers.as_deref(), self.options.dahdi.as_path());
            let from = card::Sources { callers, dahdi, exchange: &here };
            card::card(&site, &from, clock.now())?
        };
        let devices = devices::of(&site);
        let first_device = u16::try_from(wired.ports())?;
        let ports = wired.ports() + devices.len();
        let lines = card::lines(&site, &wired.ids, clock.now())?;
        let spans = Spans::start(wired.spans, &self.options.dahdi, &here, &stop)?;
        let modem = site.sms.as_ref().map(|sms| {
            let (folders, key, exchange, stop) = (&self.options.folders, &*self.key, &here, &stop);
            texts::modem::start(&texts::modem::Begin { sms, folders, key, clock, exchange, stop })
        });
        let modem = modem.transpose()?;
        let (card, port_ids) = (wired.card, wired.ids);
        let sounds = devices::start(&devices, &stop)?;
        let card = match devices.is_empty() {
            true => card,
            false => Some(Box::new(devices::WithDevices::new(card, sounds.ends)) as Box<dyn Card>),
        };
        let (card, captures) = match card {
            Some(card) => {
                let (card, captures) = captures::start(card, &self.options.folders, &self.key)?;
                (Some(Box::new(card) as Box<dyn Card>), Some(captures))
            }
            None => (None, None),
        };
        let recorded =
            devices::Shelf { dir: self.options.folders.recordings(), key: self.key.clone() };
        let mut devices =
            Devices::new(first_device, devices, sounds.told).with(sounds.plays, recorded);
        let telephones = Telephones::of(&site, &port_ids);
        let music = site.sip.sound.music.clone();
        let line_in = music.map(|device| devices::LineIn::start(device, &stop)).transpose()?;
        devices.music = line_in.as_ref().map(|music| (music.live.clone(), music.told.clone()));
        let clips = devices.music_of(self.ready.clips);
        let legs = usize::from(site.limits.calls_max) * 2 + site.agents.len();
        let machine = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = site.sip.sound.threads_on(machine);
        let slots = wires::slots_of_threads(threads, ports, legs);
        let media_counters = AllCounters::new(threads);
        let media = sound::start(sound::Begin {
            site: &site,
            slots: &slots,
            clips: clips.clips(),
            card,
            lines,
            clock,
            exchange: &here,
            stop: &stop,
            counters: &media_counters,
        })?;

        let (begins, begins_in) = crossbeam_channel::bounded(BEGINS_MAX);
        let (sealed_out, sealed) = crossbeam_channel::unbounded();
        let seal_stop = Arc::new(AtomicBool::new(false));
        let seal_threads = seal::start(Seal {
            key: self.key.clone(),
            dir: self.options.folders.recordings(),
            taps: media.taps,
            begins: begins_in,
            sealed: sealed_out,
            wake: waker(&here),
            counters: seal_counters.clone(),
            stop: seal_stop.clone(),
        })?;
        let ledger = ledger::start(journal, place, waker(&here))?;

        let (kept, kept_thread) = kept::start(&self.options.folders, self.key.clone())?;
        let (asks_out, asks) = crossbeam_channel::bounded(ASKS_MAX);
        let guard = runtime.enter();
        let desk = Desk {
            asks: asks_out.clone(),
            exchange: here.clone(),
            reader: ledger.reader.clone(),
            shelf: shelf.clone(),
            sites: tokio::sync::Mutex::new(self.sites.clone()),
            watchers: tokio::sync::Semaphore::new(control_socket::WATCHERS_MAX),
        };
        let control_path = self.options.folders.control_socket();
        let listener = control_socket::bind(&control_path)?;
        runtime.spawn(control_socket::serve(listener, Arc::new(desk)));
        runtime.spawn(signals(asks_out, here));
        drop(guard);

        // Bound like signalling: to every address where that is, and each peer is told the one it
        // sees.
        let rtp_ip = site.sip.bind.ip();
        let status = format!("answering on {local}, {ports} ports");
        let wires = wires::Wires::new(
            ports,
            &slots,
            wires::Rtp { ip: rtp_ip, ports: site.sip.rtp_ports, dscp: site.sip.sound.dscp },
        );
        let mut switch = Switch::new(Parts {
            clock,
            anchor,
            site: site.clone(),
            site_version: self.ready.version,
            clips,
            exchange,
            endpoint,
            net,
            local,
            wires,
            orders: media.orders,
            news: media.news,
            asks,
            begins,
            sealed,
            batches: ledger.batches,
            progress: ledger.progress.clone(),
            media_counters,
            seal_counters,
            desks: Desks::new(shelf, tls),
            kept,
            port_ids,
            spans,
            devices,
            telephones,
        });
        switch.levels = levels;
        switch.note(Fact::BoxStarted {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            site_digest: site.digest.clone(),
        });
        let now = clock.now();
        switch.begin_texts(modem);
        switch.begin_captures(captures);
        switch.begin_spans(now);
        switch.begin_telephones(now);
        switch.alarms.set(now, "facts-lost", "journal", lost_facts);
        switch.alarms.set(now, "site-damaged", "box", self.site_damaged);
        switch.alarms.set(now, "sites-gone", "box", self.sites_gone);
        switch.alarms.set(now, "certificate-broken", "box", certificate_broken);
        if died {
            let cut = lost_calls.len();
            log(Severity::Warning, &format!("the last run died; {cut} calls were cut"));
            switch.alarms.raise(now, "last-run-died", "box", control::Level::Critical);
        }
        for call in lost_calls {
            let (by, cause) = (model::fact::Party::Box, model::Cause::Vanished);
            switch.note(Fact::CallEnded { call, by, cause });
        }
        service::tell_ready(&status);
        log(Severity::Notice, &format!("{status}, site version {}", self.ready.version));

        let switch = switch.run();
        let was_cut = switch.was_cut();
        service::tell_stopping();
        stop.store(true, Ordering::Release);
        for thread in media.threads {
            join(thread, "media")?;
        }
        for thread in sounds.threads.into_iter().chain(line_in.map(|music| music.thread)) {
            join(thread, "sound device")?;
        }
        seal_stop.store(true, Ordering::Release);
        for thread in seal_threads {
            join(thread, "seal")?;
        }
        ledger.progress.ending.store(true, Ordering::Release);
        // Nobody else reads the channel's end: the thread takes this and stops.
        let _ = switch.parts.kept.send(switch.kept(clock.now()));
        drop(switch);
        join(kept_thread, "kept")?;
        join(ledger.thread, "journal")?;
        runtime.shutdown_timeout(Duration::from_secs(2));
        let _ = std::fs::remove_file(&control_path);
        log(Severity::Notice, "stopped");
        Ok(if was_cut { ExitCode::from(STOPPED_AT_ONCE) } else { ExitCode::SUCCESS })
    }

    /// The certificate that phones and trunks are shown. Without a readable one nobody is answered
    /// over TLS, and an alarm says so; lines and whoever may come in clear are answered all the same.
    fn tls(&self, site: &Site) -> Option<Tls> {
        let wanted = Wanted::of(site, &crate::phones::addresses(site));
        Tls::read_or_make(&self.options.folders, wanted, wall_now())
            .inspect_err(|error| log(Severity::Error, &format!("no TLS is served: {error:#}")))
            .ok()
    }
}

/// Calls that a power cut or a kill ended: they have no end in the journal yet. They are among the
/// last ones, for a box holds at most so many at once and all of them began in its last run.
fn cut_calls(journal: &Journal) -> anyhow::Result<Vec<model::CallId>> {
    let next = journal.counters().next_call;
    let first = next.saturating_sub(CUT_CALLS_LOOKED_AT).max(1);
    let range = model::CallId(first)..=model::CallId(next);
    let mut cut = Vec::new();
    for row in journal.reader().calls(range) {
        let (call, row) = row?;
        if row.ended.is_none() {
            cut.push(call);
        }
    }
    Ok(cut)
}

fn waker(thread: &std::thread::Thread) -> Box<dyn Fn() + Send> {
    let thread = thread.clone();
    Box::new(move || thread.unpark())
}

/// SIGTERM and SIGINT drain; a second one cuts who still talks, and a third, or a box that has not
/// ended within `CUT_MAX` then, ends the process where it is.
async fn signals(asks: crossbeam_channel::Sender<Ask>, exchange: std::thread::Thread) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        log(Severity::Error, "signals cannot be taken: SIGTERM will not drain");
        return;
    };
    for ask in [Ask::Drain, Ask::Cut] {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        // A full queue of asks drains within a turn; the signal may be sent again.
        let _ = asks.try_send(ask);
        exchange.unpark();
    }
    let cut = tokio::time::sleep(CUT_MAX);
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {}, () = cut => {} }
    log(Severity::Error, "stopped where it was");
    std::process::exit(STOPPED_AT_ONCE.into());
}

fn join(thread: std::thread::JoinHandle<()>, name: &str) -> anyhow::Result<()> {
    thread.join().map_err(|_| anyhow::anyhow!("the {name} thread panicked"))
}
