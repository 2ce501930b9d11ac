//! Connections, plain or over TLS.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use svckit_core::clock::Env;
use svckit_core::tls::{BoxIo, Protocol, TlsConnect};
use tower::{BoxError, Service};

use super::ClientOptions;

/// How long a connection lies idle before the kernel asks whether the other end is still there.
const IDLE: Duration = Duration::from_secs(30);
/// How often it asks again.
const AGAIN: Duration = Duration::from_secs(10);
/// How often it asks in vain.
const IN_VAIN: u32 = 3;
/// How long bytes that were sent may stay unacknowledged: the kernel alone would send them again for a quarter of an hour.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// Opens connections, within the time that the contract gives them.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    more: Arc<More>,
}

/// What all clones share: each call has one.
struct More {
    tls: Option<Arc<dyn TlsConnect>>,
    options: ClientOptions,
    env: Env,
}

impl Connector {
    pub(super) fn new(options: ClientOptions, tls: Option<Arc<dyn TlsConnect>>, env: Env) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(IDLE));
        tcp.set_keepalive_interval(Some(AGAIN));
        tcp.set_keepalive_retries(Some(IN_VAIN));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        Self { tcp, more: Arc::new(More { tls, options, env }) }
    }
}

/// An open connection.
pub(super) struct Io(TokioIo<BoxIo>);

impl Service<Uri> for Connector {
    type Response = Io;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Io, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let More { tls, options, env } = &*self.more;
        let limit = options.connect_within(env);
        self.tcp.set_connect_timeout(Some(limit));
        let (opened, tls, clock) = (self.tcp.call(uri), tls.clone(), env.clock.clone());
        let opened = async move {
            let stream = opened.await?.into_inner();
            let io: BoxIo = match tls {
                Some(tls) => tls.connect(Box::new(stream), &host, Protocol::Http1).await?,
                None => Box::new(stream),
            };
            Ok(Io(TokioIo::new(io)))
        };
        Box::pin(async move {
            let Some(at) = clock.now().checked_add(limit) else { return opened.await };
            tokio::select! {
                biased;
                opened = opened => opened,
                () = clock.sleep_until(at) => Err(late(limit).into()),
            }
        })
    }
}

fn late(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("none came about within {limit:?}"))
}

impl Connection for Io {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
