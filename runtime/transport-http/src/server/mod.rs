//! The server's side: a socket, its connections, and how they end.

mod accept;
mod answer;
mod body;
mod call;
mod connection;
mod events;
mod options;
mod routes;
mod session;
mod site;
mod socket;
mod unread;
mod watch;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use svckit_core::call::Accept;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::tls::PeerCertificate;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::connection::Answers;
pub use self::options::{Cors, ServerOptions};
pub use self::routes::router;
use self::socket::Sockets;

/// What answers the requests of another protocol on the same socket: those of gRPC, told by their content type.
type Others =
    Arc<dyn Fn(Request<Incoming>, Arc<str>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// Who is at the other end: an extension of each request, for handlers of [`router`] behind another server.
#[derive(Clone, Debug)]
pub struct Peer(pub Arc<str>);

/// What the other end has shown by TLS.
fn certificate(extensions: &http::Extensions) -> Option<Arc<[u8]>> {
    extensions.get::<PeerCertificate>().map(|certificate| certificate.0.clone())
}

/// A server on a socket that is open already; it takes connections once it is served.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    answers: Answers,
    options: Arc<ServerOptions>,
    sockets: Sockets,
}

impl HttpServer {
    /// Opens the socket; port 0 takes any that is free.
    ///
    /// # Errors
    /// `unavailable` if the address cannot be had, `failed_precondition` if two operations are to answer the same
    /// request.
    pub async fn bind(
        address: &str,
        services: Arc<dyn Accept>,
        env: Env,
        options: ServerOptions,
    ) -> Result<Self> {
        let sockets = Sockets::default();
        let router = routes::routed(services, env, &options, sockets.clone())?;
        let refused = |error: std::io::Error| {
            Error::from(error).context(format!("cannot listen on {address}"))
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let answers = Answers { router, others: None, secured: false };
        Ok(Self { listener, address, answers, options: Arc::new(options), sockets })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers gRPC too, told by its content type, by `others`, which gets each request and who is at the other end.
    #[must_use]
    pub fn grpc<F, Fut, B>(mut self, others: F) -> Self
    where
        F: Fn(Request<Incoming>, Arc<str>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<B>> + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        self.answers.others = Some(Arc::new(move |request, peer| {
            let answer = others(request, peer);
            Box::pin(async move { answer.await.map(Body::new) })
        }));
        self
    }

    /// Takes connections until `drain`; then closes the socket, lets calls in flight end and returns. `kill` ends it at
    /// once.
    pub async fn serve(self, drain: CancellationToken, kill: CancellationToken) {
        let Self { listener, answers, options, sockets, .. } = self;
        let room = Arc::new(Semaphore::new(options.connections.clamp(1, Semaphore::MAX_PERMITS)));
        let mut connections = JoinSet::new();
        loop {
            let accepted = async {
                // Those that wait are in the queue of the socket.
                let permit = room.clone().acquire_owned().await;
                (permit, listener.accept().await)
            };
            tokio::select! {
                biased;
                () = drain.cancelled() => break,
                () = kill.cancelled() => break,
                Some(_) = connections.join_next() => {}
                (permit, accepted) = accepted => match accepted {
                    Ok((stream, peer)) => {
                        let (answers, options) = (answers.clone(), options.clone());
                        let served = connection::serve(stream, peer, answers, options, drain.clone());
                        connections.spawn(async move {
                            served.await;
                            drop(permit);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        // Out of files, most likely: others must end first.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        sockets.open.close();
        let ended = async {
            while connections.join_next().await.is_some() {}
            sockets.open.wait().await;
        };
        tokio::select! {
            () = ended => {}
            () = kill.cancelled() => {}
        }
        sockets.kill.cancel();
        connections.shutdown().await;
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").field("address", &self.address).finish_non_exhaustive()
    }
}
