//! Connections: how long one may take, when one that died is found out, and what those hear who wait for one that does
//! not come about.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use svckit_core::clock::Env;
use svckit_core::tls::{BoxIo, Protocol, TlsConnect};
use tower::{BoxError, Service};

use super::{ClientOptions, last};

/// How long a connection lies idle before the kernel asks whether the other end is still there.
const IDLE: Duration = Duration::from_secs(30);
/// How often it asks again.
const AGAIN: Duration = Duration::from_secs(10);
/// How often it asks in vain.
const IN_VAIN: u32 = 3;
/// How long bytes that were sent may stay unacknowledged: the kernel alone would send them again for a quarter of an hour.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
/// Of the time that it took to fail, the part for which a connection is not tried again.
const PAUSE: u32 = 10;

/// Opens connections, within the time that the contract gives them.
///
/// Calls that wait for a connection are handed to it one after the other. Where none comes about because nobody answers,
/// each of them would wait for a connection of its own, after those before it: so for a tenth of the time that it took
/// to fail they hear at once what the first one heard.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Option<Arc<dyn TlsConnect>>,
    options: ClientOptions,
    env: Env,
    failed: Arc<Mutex<Option<Failed>>>,
}

/// What the last connection failed with, and how long that is told.
#[derive(Clone)]
struct Failed {
    until: Instant,
    why: String,
}

impl Connector {
    pub(super) fn new(options: ClientOptions, env: Env, tls: Option<Arc<dyn TlsConnect>>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(IDLE));
        tcp.set_keepalive_interval(Some(AGAIN));
        tcp.set_keepalive_retries(Some(IN_VAIN));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        Self { tcp, tls, options, env, failed: Arc::default() }
    }

    fn failed(&self) -> Option<Failed> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.clone().filter(|failed| self.env.clock.now() < failed.until)
    }

    async fn connect(self, uri: Uri, limit: Duration) -> Result<TokioIo<BoxIo>, BoxError> {
        let began = self.env.clock.now();
        let opened = self.clone().open(uri);
        let Some(at) = began.checked_add(limit) else { return opened.await };
        let opened = tokio::select! {
            biased;
            opened = opened => opened,
            () = self.env.clock.sleep_until(at) => Err(late(limit).into()),
        };
        if let Err(error) = &opened {
            let now = self.env.clock.now();
            let pause = now.saturating_duration_since(began) / PAUSE;
            let (until, why) = (now.checked_add(pause).unwrap_or(now), last(&**error));
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Failed { until, why });
        }
        opened
    }

    async fn open(mut self, uri: Uri) -> Result<TokioIo<BoxIo>, BoxError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        std::future::poll_fn(|cx| self.tcp.poll_ready(cx)).await?;
        let stream = self.tcp.call(uri).await?.into_inner();
        Ok(TokioIo::new(match self.tls {
            Some(tls) => tls.connect(Box::new(stream), &host, Protocol::Http2).await?,
            None => Box::new(stream),
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<BoxIo>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = self.options.connect_within(&self.env);
        let (mut this, failed) = (self.clone(), self.failed());
        this.tcp.set_connect_timeout(Some(limit));
        Box::pin(async move {
            match failed {
                Some(Failed { why, .. }) => Err(io::Error::other(why).into()),
                None => this.connect(uri, limit).await,
            }
        })
    }
}

fn late(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("none came about within {limit:?}"))
}
