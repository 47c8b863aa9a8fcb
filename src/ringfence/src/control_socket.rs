//! The control socket: consoles and the command line ask, the box answers.
//!
//! A Unix socket in the state folder, which only the box's own user may enter. Long work (checking
//! a site, folding a report) runs on threads of its own and never on the exchange's.

use crate::reports;
use crate::sites::Sites;
use crate::switch::{Ask, LineTest};
use anyhow::Context as _;
use control::{Lines, PROTOCOL, Reply, Request};
use crossbeam_channel::Sender;
use line::trial::Way;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, Semaphore, oneshot};

/// Conversations at once; the next one waits in the socket's backlog.
const PEERS_MAX: usize = 32;
/// Consoles among them that watch; the rest stay free for whoever asks for something.
pub const WATCHERS_MAX: usize = 24;
/// A peer that does not read for this long is let go.
const WRITE_MAX: Duration = Duration::from_secs(5);
/// A peer that asks nothing for this long is let go, so that idle ones keep nobody out.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// Bounds of `Watch`'s period.
const WATCH_MS: (u32, u32) = (100, 10_000);

/// What the socket's tasks work with.
pub struct Desk {
    pub asks: Sender<Ask>,
    pub exchange: Thread,
    pub reader: crate::ledger::SharedReader,
    pub shelf: Arc<crate::provision::Shelf>,
    /// Sites are applied one after the other.
    pub sites: Mutex<Arc<Sites>>,
    /// Places of consoles that watch.
    pub watchers: Semaphore,
}

/// Binds the socket; a socket file that nobody answers on is left over and replaced.
pub fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    let shown = path.display();
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            anyhow::bail!("another ringfence answers on {shown}");
        }
        std::fs::remove_file(path)
            .with_context(|| format!("cannot replace {shown}, where the control socket goes"))?;
    }
    let listener = UnixListener::bind(path)
        .with_context(|| format!("cannot make the control socket {shown} (107 bytes at most)"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves peers until the runtime ends.
pub async fn serve(listener: UnixListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(PEERS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = desk.clone();
                tokio::spawn(async move {
                    // A peer that breaks off or speaks nonsense concerns nobody else.
                    let _ = talk(stream, &desk).await;
                    drop(place);
                });
            }
            Err(error) => {
                crate::files::took_none("the control socket", &error);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn talk(mut stream: UnixStream, desk: &Arc<Desk>) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let length = tokio::time::timeout(IDLE_MAX, stream.read(&mut bytes)).await??;
        if length == 0 {
            return Ok(());
        }
        lines.push(bytes.get(..length).unwrap_or_default());
        while let Some(line) = lines.next_line()? {
            match control::decode::<Request>(&line) {
                Ok(Request::Watch { every_ms }) => {
                    let Ok(_place) = desk.watchers.try_acquire() else {
                        let message = format!("{WATCHERS_MAX} consoles watch: close one first");
                        return send(&mut stream, &Reply::Error { message }).await;
                    };
                    return watch(stream, desk, every_ms).await;
                }
                Ok(request) => {
                    let reply = answer(desk, request).await;
                    send(&mut stream, &reply).await?;
                }
                Err(error) => {
                    send(&mut stream, &Reply::Error { message: error.to_string() }).await?;
                }
            }
        }
    }
}

async fn send(stream: &mut UnixStream, reply: &Reply) -> anyhow::Result<()> {
    let line = control::encode(reply).or_else(|error| {
        control::encode(&Reply::Error { message: format!("the answer is too long: {error}") })
    })?;
    tokio::time::timeout(WRITE_MAX, stream.write_all(&line)).await??;
    Ok(())
}

async fn watch(mut stream: UnixStream, desk: &Desk, every_ms: u32) -> anyhow::Result<()> {
    let every = Duration::from_millis(u64::from(every_ms.clamp(WATCH_MS.0, WATCH_MS.1)));
    let mut due = tokio::time::interval(every);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        due.tick().await;
        let snapshot = snapshot(desk).await?;
        send(&mut stream, &Reply::Snapshot(Box::new(snapshot))).await?;
    }
}

async fn snapshot(desk: &Desk) -> anyhow::Result<control::Snapshot> {
    ask(desk, Ask::Snapshot).await
}

/// Asks the exchange thread and waits for its answer.
async fn ask<T>(desk: &Desk, make: impl FnOnce(oneshot::Sender<T>) -> Ask) -> anyhow::Result<T> {
    let (sender, answer) = oneshot::channel();
    desk.asks.try_send(make(sender)).map_err(|_| anyhow::anyhow!("the box is too busy"))?;
    desk.exchange.unpark();
    answer.await.context("the box stops")
}

async fn answer(desk: &Arc<Desk>, request: Request) -> Reply {
    let result = match request {
        Request::Hello { protocol } if protocol != PROTOCOL => Err(anyhow::anyhow!(
            "this box speaks protocol {PROTOCOL} and you speak {protocol}: use the console of this version"
        )),
        Request::Hello { .. } => {
            let version = env!("CARGO_PKG_VERSION").to_owned();
            Ok(Reply::Hello { protocol: PROTOCOL, version })
        }
        Request::Snapshot => {
            snapshot(desk).await.map(|snapshot| Reply::Snapshot(Box::new(snapshot)))
        }
        Request::Watch { .. } => Err(anyhow::anyhow!("a watch cannot be nested")),
        Request::SiteApply { dir } => {
            apply(desk, move |sites| sites.take_in(Path::new(&dir))).await
        }
        Request::SiteRollBack { version } => apply(desk, move |sites| sites.load(version)).await,
        Request::SiteHistory => {
            let sites = desk.sites.lock().await.clone();
            blocking(move || Ok(Reply::SiteHistory { sites: sites.history()? })).await
        }
        Request::Report { date, lang, form } => {
            let (desk, sites) = (desk.clone(), desk.sites.lock().await.clone());
            blocking(move || {
                let site = sites.current_site()?;
                let text = reports::day(&desk.reader.get()?, &site, &date, lang, form, true)?;
                Ok(Reply::Text { text })
            })
            .await
        }
        Request::JournalCheck => {
            let desk = desk.clone();
            blocking(move || Ok(Reply::Text { text: reports::check_facts(&desk.reader.get()?)? }))
                .await
        }
        Request::Facts { from, count } => {
            let desk = desk.clone();
            blocking(move || reports::facts(&desk.reader.get()?, from, count)).await
        }
        Request::Phones => Ok(Reply::Text { text: desk.shelf.list() }),
        Request::CheckSync { phone } => {
            let phone = phone.as_deref().map(model::PhoneId::new);
            let asked = ask(desk, |sender| Ask::CheckSync(phone, sender)).await;
            asked.map(|count| Reply::Text { text: crate::phones::asked(count) })
        }
        Request::Headset { phone, wish } => {
            let phone = phone.as_deref().map(model::PhoneId::new);
            let done = ask(desk, |sender| Ask::Headset(phone, wish, sender)).await;
            done.and_then(|done| Ok(done?)).map(|()| Reply::Done)
        }
        Request::LineTest { port, number, incoming, lang } => {
            let way = match incoming {
                true => Some(Way::Await),
                false => number.map(Way::Call),
            };
            let port = model::PortId::new(&port);
            let make = |reply| Ask::LineTest(LineTest { port, way, lang, reply });
            let told = ask(desk, make).await;
            let told = told.and_then(|told| told.map_err(anyhow::Error::msg));
            told.map(|text| Reply::Text { text })
        }
        Request::LineList { lang } => {
            let told = ask(desk, |reply| Ask::LineList(lang, reply)).await;
            told.map(|text| Reply::Text { text })
        }
        Request::LineCapture { port, seconds } => {
            let port = model::PortId::new(&port);
            let told = ask(desk, |answer| Ask::LineCapture(port, seconds, answer)).await;
            let told = told.and_then(|told| told.map_err(anyhow::Error::msg));
            told.map(|text| Reply::Text { text })
        }
        Request::SmsTest { number } => {
            let told = ask(desk, |sender| Ask::SmsTest(number, sender)).await;
            told.and_then(|told| told.map(|()| Reply::Done).map_err(anyhow::Error::msg))
        }
        Request::Drain => {
            let sent =
                desk.asks.try_send(Ask::Drain).map_err(|_| anyhow::anyhow!("the box is too busy"));
            desk.exchange.unpark();
            sent.map(|()| Reply::Done)
        }
    };
    result.unwrap_or_else(|error| Reply::Error { message: format!("{error:#}") })
}

/// Runs long work beside the tasks.
async fn blocking(
    work: impl FnOnce() -> anyhow::Result<Reply> + Send + 'static,
) -> anyhow::Result<Reply> {
    tokio::task::spawn_blocking(work).await.context("the work broke off")?
}

/// One transaction: check, copy, load; then the switch of `current`; then the running box.
async fn apply(
    desk: &Desk,
    load: impl FnOnce(&Sites) -> anyhow::Result<crate::sites::Ready> + Send + 'static,
) -> anyhow::Result<Reply> {
    let sites = desk.sites.lock().await;
    let ready = tokio::task::spawn_blocking({
        let sites = sites.clone();
        move || {
            let ready = load(&sites)?;
            sites.make_current(ready.version)?;
            anyhow::Ok(ready)
        }
    })
    .await
    .context("the check broke off")??;
    let (version, digest) = (ready.version, ready.site.digest.clone());
    let notes = ask(desk, |sender| Ask::Apply(Box::new(ready), sender)).await?;
    Ok(Reply::SiteApplied { version, digest, notes })
}
