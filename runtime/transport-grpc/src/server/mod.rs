//! The server's side: a socket, its connections, and how they end.

mod routes;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use svckit_core::call::Accept;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::tls::{PeerCertificate, Secured, TlsAccept};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::routes::Routes;
use crate::MESSAGE_LIMIT;

/// How a server listens.
#[derive(Clone)]
pub struct ServerOptions {
    /// The longest message, in bytes, that is sent or taken.
    pub message_limit: usize,
    /// Whether the reflection service tells what is served.
    pub reflection: bool,
    /// What keeps connections of [`GrpcServer`] from being read by others; nothing: they are plain.
    pub tls: Option<Arc<dyn TlsAccept>>,
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("message_limit", &self.message_limit)
            .field("reflection", &self.reflection)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

/// How long a caller may be silent before it is asked whether it is still there, and how long it may take to answer.
const SILENT: Duration = Duration::from_secs(30);

impl Default for ServerOptions {
    fn default() -> Self {
        Self { message_limit: MESSAGE_LIMIT, reflection: true, tls: None }
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
pub struct GrpcServer {
    listener: TcpListener,
    address: SocketAddr,
    routes: Arc<Routes>,
    tls: Option<Arc<dyn TlsAccept>>,
}

impl fmt::Debug for GrpcServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcServer").field("address", &self.address).finish_non_exhaustive()
    }
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
        let tls = options.tls.clone();
        let routes = Arc::new(Routes::new(services, env, options).await?);
        Ok(Self { listener, address: local, routes, tls })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes connections until `drain`; then says so by health, closes the socket, lets calls in flight end and
    /// returns. `kill` ends it at once.
    pub async fn serve(self, drain: CancellationToken, kill: CancellationToken) {
        let Self { listener, routes, tls, .. } = self;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = drain.cancelled() => break,
                () = kill.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let (routes, tls) = (routes.clone(), tls.clone());
                        connections.spawn(connection(stream, peer, routes, tls, drain.clone()));
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
    tls: Option<Arc<dyn TlsAccept>>,
    drain: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let Some(tls) = tls else {
        return serve_io(TokioIo::new(stream), None, peer, routes, drain).await;
    };
    let greeted = tokio::select! {
        greeted = tls.accept(Box::new(stream)) => greeted,
        () = drain.cancelled() => return,
    };
    match greeted {
        Ok(Secured { io, certificate }) => {
            serve_io(TokioIo::new(io), certificate, peer, routes, drain).await;
        }
        Err(error) => tracing::debug!(%peer, %error, "a caller's greeting was refused"),
    }
}

async fn serve_io(
    io: impl hyper::rt::Read + hyper::rt::Write + Unpin,
    certificate: Option<PeerCertificate>,
    peer: SocketAddr,
    routes: Arc<Routes>,
    drain: CancellationToken,
) {
    let peer: Arc<str> = peer.to_string().into();
    let service =
        hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            if let Some(certificate) = &certificate {
                request.extensions_mut().insert(certificate.clone());
            }
            let (routes, peer) = (routes.clone(), peer.clone());
            async move {
                Ok::<_, std::convert::Infallible>(
                    routes.handle(request.map(tonic::body::Body::new), peer).await,
                )
            }
        });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    // A caller that vanished leaves calls behind that nobody waits for: silence is asked whether anybody is there.
    builder.keep_alive_interval(SILENT).keep_alive_timeout(SILENT);
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
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
