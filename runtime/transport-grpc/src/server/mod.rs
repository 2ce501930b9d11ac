//! The server's side: a socket, its connections, and how they end.

mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use svckit_core::call::Accept;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::routes::Routes;
use crate::MESSAGE_LIMIT;

/// How a server listens.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// The longest message, in bytes, that is sent or taken.
    pub message_limit: usize,
    /// Whether the reflection service tells what is served.
    pub reflection: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { message_limit: MESSAGE_LIMIT, reflection: true }
    }
}

/// What answers gRPC, without a socket of its own: for a server that speaks other protocols too.
#[derive(Clone, Debug)]
pub struct GrpcRoutes(Arc<Routes>);

impl GrpcRoutes {
    /// The services with health and reflection beside them.
    ///
    /// # Errors
    /// `internal` if a service's descriptors are broken.
    pub async fn new(services: Arc<dyn Accept>, env: Env, options: ServerOptions) -> Result<Self> {
        Ok(Self(Arc::new(Routes::new(services, env, options).await?)))
    }

    /// Answers one request; what is not gRPC is refused.
    pub async fn answer(
        &self,
        request: http::Request<hyper::body::Incoming>,
        peer: Arc<str>,
    ) -> http::Response<tonic::body::Body> {
        self.0.handle(request.map(tonic::body::Body::new), peer).await
    }

    /// Tells those who watch its health that nothing new is taken.
    pub async fn drain(&self) {
        self.0.drain().await;
    }
}

/// A server on a socket that is open already; it takes connections once it is served.
#[derive(Debug)]
pub struct GrpcServer {
    listener: TcpListener,
    address: SocketAddr,
    routes: Arc<Routes>,
}

impl GrpcServer {
    /// Opens the socket; port 0 takes any that is free.
    ///
    /// # Errors
    /// `unavailable` if the address cannot be had, `internal` if a service's descriptors are broken.
    pub async fn bind(
        address: &str,
        services: Arc<dyn Accept>,
        env: Env,
        options: ServerOptions,
    ) -> Result<Self> {
        let refused = |error: std::io::Error| {
            Error::from(error).context(format!("cannot listen on {address}"))
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let local = listener.local_addr().map_err(refused)?;
        let routes = Arc::new(Routes::new(services, env, options).await?);
        Ok(Self { listener, address: local, routes })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes connections until `drain`; then says so by health, closes the socket, lets calls in flight end and
    /// returns. `kill` ends it at once.
    pub async fn serve(self, drain: CancellationToken, kill: CancellationToken) {
        let Self { listener, routes, .. } = self;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = drain.cancelled() => break,
                () = kill.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(connection(stream, peer, routes.clone(), drain.clone()));
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
        routes.drain().await;
        let ended = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = ended => {}
            () = kill.cancelled() => {}
        }
        connections.shutdown().await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Arc<Routes>,
    drain: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let peer: Arc<str> = peer.to_string().into();
    let service =
        hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let (routes, peer) = (routes.clone(), peer.clone());
            async move {
                Ok::<_, std::convert::Infallible>(
                    routes.handle(request.map(tonic::body::Body::new), peer).await,
                )
            }
        });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
