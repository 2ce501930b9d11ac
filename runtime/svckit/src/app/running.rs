//! An app that runs, and how it ends.

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use svckit_core::server::Host;
use svckit_transport_inproc::{DeadLetter, LocalBus};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Address, App};
use crate::Result;

/// How long connections may take to say goodbye once their calls are ended by force.
const GOODBYE: Duration = Duration::from_secs(1);

/// An app that has started. Dropping it ends everything at once; [`shutdown`](Self::shutdown) ends it gracefully.
#[derive(Debug)]
pub struct Running {
    app: App,
    address: Address,
    host: Stop,
    bus: LocalBus,
    drain: CancellationToken,
    kill: CancellationToken,
    server: Option<JoinHandle<()>>,
}

struct Stop(Host);

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl Running {
    pub(super) async fn start(app: App) -> Result<Self> {
        let host = app.registry.host();
        let (drain, kill) = (CancellationToken::new(), CancellationToken::new());
        let bus = LocalBus::start(&host);
        let (address, server) = listen(&app, &host, &drain, &kill).await?;
        Ok(Self { app, address, host: Stop(host), bus, drain, kill, server })
    }

    /// Where gRPC listens; nothing if it does not.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where gRPC listens, as a client writes it: `http://127.0.0.1:7000`.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.address.map(|address| format!("http://{address}"))
    }

    /// Returns once every event and queued command that was taken so far is done or given up.
    pub async fn idle(&self) {
        self.bus.idle().await;
    }

    /// The messages that were given up, the oldest first; the last thousand.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.bus.dead_letters()
    }

    /// Takes nothing new, lets calls, events and queued commands end within the configured time, and ends the rest:
    /// callers are told `unavailable`.
    pub async fn shutdown(mut self) {
        self.drain.cancel();
        let mut server = self.server.take();
        let ended = async {
            if let Some(server) = &mut server {
                let _ = server.await;
            }
            self.bus.idle().await;
        };
        if tokio::time::timeout(self.app.config.drain, ended).await.is_ok() {
            return;
        }
        tracing::warn!("work still ran at the end of the drain; it is ended");
        self.host.0.stop();
        let Some(mut server) = server.filter(|server| !server.is_finished()) else { return };
        if tokio::time::timeout(GOODBYE, &mut server).await.is_err() {
            self.kill.cancel();
            let _ = server.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.drain.cancel();
        self.kill.cancel();
        self.host.0.stop();
    }
}

impl Deref for Running {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

#[cfg(feature = "grpc")]
async fn listen(
    app: &App,
    host: &Host,
    drain: &CancellationToken,
    kill: &CancellationToken,
) -> Result<(Address, Option<JoinHandle<()>>)> {
    use svckit_transport_grpc::{GrpcServer, ServerOptions};
    let Some(address) = &app.config.listen else { return Ok((None, None)) };
    let options = ServerOptions {
        message_limit: app.config.message_limit,
        reflection: app.config.reflection,
    };
    let services = std::sync::Arc::new(host.clone());
    let server = GrpcServer::bind(address, services, app.registry.env().clone(), options).await?;
    let address = server.address();
    let serving = tokio::spawn(server.serve(drain.clone(), kill.clone()));
    Ok((Some(address), Some(serving)))
}

#[cfg(not(feature = "grpc"))]
async fn listen(
    app: &App,
    _: &Host,
    _: &CancellationToken,
    _: &CancellationToken,
) -> Result<(Address, Option<JoinHandle<()>>)> {
    match &app.config.listen {
        Some(address) => Err(crate::Error::failed_precondition(format!(
            "cannot listen on {address}: svckit is built without its feature `grpc`"
        ))),
        None => Ok((None, None)),
    }
}

/// Waits for SIGTERM or SIGINT.
#[cfg(unix)]
pub(super) async fn signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn signal() -> Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
