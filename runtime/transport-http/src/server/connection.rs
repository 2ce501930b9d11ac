//! One connection: HTTP/1.1 or HTTP/2, as the caller begins.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::{SockRef, TcpKeepalive};
use svckit_core::tls::{PeerCertificate, Secured};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::routes::Routed;
use super::watch::Secure;
use super::{Others, Peer, ServerOptions, unread};

/// How long a connection may lie idle after its last request.
const IDLE: Duration = Duration::from_secs(300);
/// How long a caller may be silent before the kernel asks whether it is still there.
const SILENT: Duration = Duration::from_secs(30);
/// How often it asks again.
const AGAIN: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const HEAD: usize = 64 * 1024;

/// What answers the requests of a connection.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) router: Routed,
    pub(super) others: Option<Others>,
    /// Whether its bytes come over TLS.
    pub(super) secured: bool,
}

impl Answers {
    async fn answer(
        self,
        mut request: Request<Incoming>,
        peer: Arc<str>,
        certificate: Option<PeerCertificate>,
    ) -> Response<Body> {
        if self.secured {
            request.extensions_mut().insert(Secure);
        }
        if let Some(certificate) = certificate {
            request.extensions_mut().insert(certificate);
        }
        match self.others.filter(|_| is_grpc(&request)) {
            Some(others) => others(request, peer).await,
            None => {
                request.extensions_mut().insert(Peer(peer));
                let router = self.router.of(request.method(), request.headers());
                let answer = |request| async move {
                    router.oneshot(request).await.unwrap_or_else(|never| match never {})
                };
                unread::answered(request, answer).await
            }
        }
    }
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    let kind = request.headers().get(http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// Serves a connection until its end; `drain` lets it end what it has begun.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    answers: Answers,
    options: Arc<ServerOptions>,
    drain: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keep_alive(&stream)) {
        tracing::debug!(%error, "an option of TCP is not there");
    }
    let Some(tls) = options.tls.clone() else {
        return serve_io(TokioIo::new(stream), None, peer, answers, options, drain).await;
    };
    let greeted = tokio::select! {
        greeted = tls.accept(Box::new(stream)) => greeted,
        () = drain.cancelled() => return,
        () = tokio::time::sleep(options.read_timeout) => return,
    };
    match greeted {
        Ok(Secured { io, certificate }) => {
            let answers = Answers { secured: true, ..answers };
            serve_io(TokioIo::new(io), certificate, peer, answers, options, drain).await;
        }
        Err(error) => tracing::debug!(%peer, %error, "a caller's greeting was refused"),
    }
}

/// Lets the kernel find out callers that vanished, whatever they speak.
fn keep_alive(stream: &TcpStream) -> std::io::Result<()> {
    let keep = TcpKeepalive::new().with_time(SILENT).with_interval(AGAIN);
    SockRef::from(stream).set_tcp_keepalive(&keep)
}

/// As [`serve`], once it is known what bytes come from.
async fn serve_io(
    io: impl hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    certificate: Option<PeerCertificate>,
    peer: SocketAddr,
    answers: Answers,
    options: Arc<ServerOptions>,
    drain: CancellationToken,
) {
    let peer: Arc<str> = peer.to_string().into();
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        counted.fetch_add(1, Ordering::Relaxed);
        let answer = answers.clone().answer(request, peer.clone(), certificate.clone());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let builder = builder(&options);
    let connection = builder.serve_connection_with_upgrades(io, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = idle(&requests, options.read_timeout) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}

fn builder(options: &ServerOptions) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    http1.timer(TokioTimer::new()).header_read_timeout(options.read_timeout).max_buf_size(HEAD);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).max_concurrent_streams(options.calls);
    http2.max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX));
    // A caller that vanished leaves calls behind that nobody waits for: silence is asked whether anybody is there.
    http2.keep_alive_interval(options.read_timeout).keep_alive_timeout(options.read_timeout);
    builder
}

/// Returns once nothing has been asked for too long: the first request at once, the others within [`IDLE`].
async fn idle(requests: &AtomicUsize, first: Duration) {
    let (mut before, mut time) = (0, first);
    loop {
        tokio::time::sleep(time).await;
        let now = requests.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        (before, time) = (now, IDLE);
    }
}
