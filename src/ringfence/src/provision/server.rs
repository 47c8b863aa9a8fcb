//! The HTTPS server: bounded in connections, headers, requests and time.

use super::shelf::{Answer, Asked, Shelf};
use super::sources::{Sources, Verdict};
use crate::clock::{Clock, wall_now};
use crate::service::{Severity, log};
use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Headers of a request, and bytes of all of it.
const HEADERS_MAX: usize = 32;
const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// The first byte of every TLS record that may begin a connection: handshake (RFC 8446 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// How much the server bears.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; more wait in the socket's backlog.
    pub connections_max: usize,
    /// Longest until the handshake is done, until a request's headers are there, and for all of it.
    pub handshake: Duration,
    pub headers: Duration,
    pub connection: Duration,
    /// Longest from the handshake until a device proved itself: who does not holds a place no longer.
    pub unproven: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 256,
            handshake: Duration::from_secs(5),
            headers: Duration::from_secs(5),
            connection: Duration::from_secs(30),
            unproven: Duration::from_secs(5),
        }
    }
}

/// What every connection works with.
struct Desk {
    shelf: Arc<Shelf>,
    sources: Mutex<Sources>,
    clock: Clock,
    limits: Limits,
    /// Told of an address that guessed too often.
    banned: Box<dyn Fn(IpAddr) + Send + Sync>,
}

/// Serves phones until the runtime ends.
pub async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    shelf: Arc<Shelf>,
    clock: Clock,
    limits: Limits,
    banned: Box<dyn Fn(IpAddr) + Send + Sync>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let desk = Arc::new(Desk { shelf, sources: Mutex::default(), clock, limits, banned });
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, from) = match listener.accept().await {
            Ok(arrived) => arrived,
            Err(error) => {
                crate::files::took_none("the provisioning socket", &error);
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        if !desk.sources().arrive(desk.clock.now(), from.ip()) {
            count(&desk.shelf.counters.shed);
            continue;
        }
        let (desk, tls) = (desk.clone(), tls.clone());
        tokio::spawn(async move {
            let whole = desk.limits.connection;
            // A phone that breaks off, dawdles or speaks nonsense concerns nobody else.
            let _ = tokio::time::timeout(whole, talk(&desk, tls, stream, from)).await;
            desk.sources().leave(desk.clock.now(), from.ip());
            drop(place);
        });
    }
}

async fn talk(
    desk: &Arc<Desk>,
    tls: TlsAcceptor,
    stream: TcpStream,
    from: SocketAddr,
) -> anyhow::Result<()> {
    let shaking = async {
        let mut first = [0];
        // Whoever does not speak TLS gets no word, not even that it was wrong.
        let length = stream.peek(&mut first).await?;
        anyhow::ensure!(length == 1 && first[0] == TLS_HANDSHAKE, "no TLS");
        anyhow::Ok(tls.accept(stream).await?)
    };
    let stream = tokio::time::timeout(desk.limits.handshake, shaking).await??;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate = shown.and_then(crate::tls::subject).map(Arc::<str>::from);
    let proved = AtomicBool::new(false);
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let (desk, certificate, proved) = (desk.clone(), certificate.clone(), &proved);
        async move { answer(&desk, &request, certificate.as_deref(), from.ip(), proved) }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(desk.limits.headers)
        .max_headers(HEADERS_MAX)
        .max_buf_size(REQUEST_BYTES_MAX)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    match tokio::time::timeout(desk.limits.unproven, &mut serving).await {
        Ok(done) => done?,
        Err(_) if proved.load(Ordering::Relaxed) => serving.await?,
        Err(_) => anyhow::bail!("nothing was proved in time"),
    }
    Ok(())
}

/// A request that is over its source's measure: the connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("too many requests")]
struct TooMany;

fn answer(
    desk: &Desk,
    request: &Request<Incoming>,
    certificate: Option<&str>,
    from: IpAddr,
    proved: &AtomicBool,
) -> Result<Response<Full<Bytes>>, TooMany> {
    if !desk.sources().ask(desk.clock.now(), from) {
        count(&desk.shelf.counters.shed);
        return Err(TooMany);
    }
    let given = request.headers().get(AUTHORIZATION);
    let asked = Asked {
        path: request.uri().path(),
        // One that is no text proves nobody, but was given.
        authorization: given.map(|value| value.to_str().unwrap_or_default()),
        certificate,
        from,
    };
    let answered = desk.shelf.answer(asked, wall_now());
    if answered.is_proven() {
        proved.store(true, Ordering::Relaxed);
    }
    let mut response = match answered {
        Answer::Challenge { wrong } => {
            refused(desk, from, wrong);
            let mut response = empty(StatusCode::UNAUTHORIZED);
            let challenge = HeaderValue::from_static("Basic realm=\"phones\", charset=\"UTF-8\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            response
        }
        Answer::Nothing => empty(StatusCode::NOT_FOUND),
        Answer::Trust { .. } | Answer::File { .. }
            if !matches!(*request.method(), Method::GET | Method::HEAD) =>
        {
            empty(StatusCode::METHOD_NOT_ALLOWED)
        }
        Answer::Trust { pem } => file(desk, asked, "application/x-pem-file", pem),
        Answer::File { content_type, body } => file(desk, asked, content_type, body),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // No body is read: what a phone sends (its log, its list of calls) ends the connection.
    if !request.body().is_end_stream() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Hands a file out and tells of it.
fn file(
    desk: &Desk,
    asked: Asked<'_>,
    content_type: &'static str,
    body: String,
) -> Response<Full<Bytes>> {
    count(&desk.shelf.counters.fetched);
    log(Severity::Notice, &format!("{} fetched {}", asked.from, asked.path));
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Counts a challenge; a source that gave wrong credentials too often is left out for a while.
fn refused(desk: &Desk, from: IpAddr, wrong: bool) {
    if !wrong {
        return;
    }
    count(&desk.shelf.counters.refused);
    if desk.sources().failed(desk.clock.now(), from) == Verdict::Banned {
        count(&desk.shelf.counters.banned);
        log(Severity::Warning, &format!("{from} gave too many wrong credentials: left out"));
        (desk.banned)(from);
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Desk {
    fn sources(&self) -> std::sync::MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
