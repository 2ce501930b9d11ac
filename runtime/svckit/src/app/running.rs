//! An app that runs, and how it ends.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{Broker, DeadFilter, DeadLetter, Envelope};
use svckit_core::operation::ServiceDescriptor;
use svckit_core::server::Host;
use svckit_messaging::{ConsumerGroup, Lag, Messaging, MessagingParts, ServiceStore, Status};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::listen::{Ends, listen};
use super::observed::AdminPort;
use super::{Address, App};
use crate::Result;
use crate::overrides::Watched;

/// How long connections may take to say goodbye once their calls are ended by force.
const GOODBYE: Duration = Duration::from_secs(1);

/// An app that has started. Dropping it ends everything at once; [`shutdown`](Self::shutdown) ends it gracefully.
pub struct Running {
    app: App,
    address: Address,
    host: Host,
    broker: Arc<dyn Broker>,
    messaging: Option<Messaging>,
    drain: CancellationToken,
    kill: CancellationToken,
    server: Option<JoinHandle<()>>,
    admin: AdminPort,
    _overrides: Arc<Watched>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("app", &self.app).field("address", &self.address).finish()
    }
}

impl Running {
    pub(super) async fn start(app: App) -> Result<Self> {
        let overrides = app.registry.overrides(app.config.path.clone())?;
        let host = app.registry.host()?;
        let broker = app.registry.observed().broker(app.registry.durable().broker()?);
        let (drain, kill) = (CancellationToken::new(), CancellationToken::new());
        let ends = Ends { drain: &drain, kill: &kill };
        let (address, server) = listen(&app, &app.registry.door()?, ends).await?;
        let messaging = Some(messaging(&app, &host, broker.clone()).await?);
        let admin = AdminPort::open(&app, &host, &broker, &drain).await?;
        Ok(Self {
            app,
            address,
            host,
            broker,
            messaging,
            drain,
            kill,
            server,
            admin,
            _overrides: overrides,
        })
    }

    /// Where gRPC and HTTP listen; nothing if they do not.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where gRPC and HTTP listen, as a client writes it: `http://127.0.0.1:7000`.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let scheme = if self.app.config.tls.cert.is_some() { "https" } else { "http" };
        self.address.map(|address| format!("{scheme}://{address}"))
    }

    /// Where `/metrics`, `/livez` and `/readyz` are; nothing if they are nowhere.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.address()
    }

    /// Returns once every event and queued command that was published so far is done or given up: for tests, and for those
    /// who measure. One that waits for another process, or for a version that is not known here, keeps it waiting.
    ///
    /// # Errors
    /// What is wrong with the store or the broker.
    pub async fn idle(&self) -> Result<()> {
        match &self.messaging {
            Some(messaging) => messaging.idle().await,
            None => Ok(()),
        }
    }

    /// What messages did in this process so far.
    #[must_use]
    pub fn messages(&self) -> Status {
        self.messaging.as_ref().map(Messaging::status).unwrap_or_default()
    }

    /// How far the consumer groups are behind, over all processes.
    ///
    /// # Errors
    /// What is wrong with the broker.
    pub async fn lag(&self) -> Result<Vec<Lag>> {
        match &self.messaging {
            Some(messaging) => messaging.lag().await,
            None => Ok(Vec::new()),
        }
    }

    /// Hands a message to those who want it, as if its service had published it: for tests, and to bring in what came
    /// another way.
    ///
    /// # Errors
    /// What is wrong with the broker; then it was not taken.
    pub async fn publish(&self, message: Envelope) -> Result<()> {
        let now = Timestamp::try_from(self.app.registry.env().clock.wall());
        self.broker.publish(vec![message], now.unwrap_or(Timestamp::MAX)).await
    }

    /// The messages that were given up and lie there now, the oldest first, some hundreds at most.
    ///
    /// # Errors
    /// What is wrong with the broker.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.broker.dead(DeadFilter::default()).await
    }

    /// Takes nothing new, lets calls and handlers end within the configured time, and ends the rest: callers are told
    /// `unavailable`, messages are given back.
    pub async fn shutdown(mut self) {
        let limit = self.app.config.drain;
        self.drain.cancel();
        let messaging = self.messaging.take();
        let server = self.server.take();
        if self.app.registry.durable().is_memory() {
            // What is not done ends with the process.
            let idle = async {
                if let Some(messaging) = &messaging {
                    drop(messaging.idle().await);
                }
            };
            let _ = tokio::time::timeout(limit, idle).await;
        }
        let drained = async {
            match messaging {
                Some(messaging) => messaging.drain(limit).await,
                None => true,
            }
        };
        tokio::join!(drained, self.served(server, limit));
        self.admin.close();
        self.app.registry.observed().shutdown().await;
    }

    /// Returns once nothing is served any more.
    async fn served(&self, server: Option<JoinHandle<()>>, limit: Duration) {
        let Some(mut server) = server else { return };
        if tokio::time::timeout(limit, &mut server).await.is_ok() {
            return;
        }
        tracing::warn!("calls still ran at the end of the drain; they are ended");
        self.host.stop();
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
        self.host.stop();
        self.admin.close();
    }
}

impl Deref for Running {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

async fn messaging(app: &App, host: &Host, broker: Arc<dyn Broker>) -> Result<Messaging> {
    let names = host.servers().iter().map(|server| server.descriptor());
    let store = |service: &ServiceDescriptor| {
        let store = host.store(service.name)?;
        Some(ServiceStore { service: service.name.to_owned(), store })
    };
    let stores = names.filter_map(store).collect();
    let groups = app.registry.observed().groups(ConsumerGroup::of(host));
    let env = app.registry.env().clone();
    Messaging::start(MessagingParts { env, broker, groups, stores }).await
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
