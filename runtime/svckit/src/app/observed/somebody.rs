//! Telemetry at the seams of an app.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use svckit_core::broker::Broker;
use svckit_core::call::{Accept, Transport};
use svckit_core::clock::Env;
use svckit_core::server::{Host, ServiceServer};
use svckit_core::store::{OutboxStatus, Store};
use svckit_messaging::{ConsumerGroup, Lag};
use svckit_telemetry::{
    Admin, AdminParts, Checked, Peer, System, Telemetry, TelemetryConfig, Trust,
};
use tokio_util::sync::CancellationToken;

use super::super::{App, secured};
use super::{Seen, Way};
use crate::{Config, Result};

/// How often it is looked how far consumers are behind.
const LOOK: Duration = Duration::from_secs(10);

impl From<Way> for System {
    fn from(way: Way) -> Self {
        match way {
            Way::Grpc => Self::Grpc,
            Way::Http => Self::Http,
            Way::InProcess => Self::InProcess,
        }
    }
}

/// Telemetry, or nobody where none is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    telemetry: Option<Telemetry>,
    mistake: Option<String>,
}

impl Observed {
    /// As far as a configuration asks for it.
    pub(crate) fn of(config: &Config, env: &Env) -> Self {
        match &config.admin {
            Some(_) => Self::by(&TelemetryConfig::default(), env),
            None => Self::default(),
        }
    }

    pub(crate) fn by(config: &TelemetryConfig, env: &Env) -> Self {
        let tls = |trust: &Trust| secured::trusted(trust, env.clone());
        match Telemetry::secured(config, env.clone(), tls) {
            Ok(telemetry) => Self { telemetry: Some(telemetry), mistake: None },
            Err(error) => Self { telemetry: None, mistake: Some(error.to_string()) },
        }
    }

    pub(crate) fn observes(&self) -> bool {
        self.telemetry.is_some()
    }

    /// What is wrong with how it is configured.
    pub(crate) fn mistake(&self) -> Option<String> {
        self.mistake.clone()
    }

    pub(crate) fn env(&self, env: Env) -> Env {
        match &self.telemetry {
            Some(telemetry) => env.observed_by(telemetry.observer()),
            None => env,
        }
    }

    /// Sees what goes out over a transport.
    pub(crate) fn transport(
        &self,
        inner: Arc<dyn Transport>,
        seen: Seen,
        way: Way,
        url: &str,
    ) -> Arc<dyn Transport> {
        let Some(telemetry) = &self.telemetry else { return inner };
        let (system, peer) = (way.into(), Peer::of(url));
        match seen {
            Seen::Call => telemetry.transport(inner, system, peer),
            Seen::Attempts => telemetry.attempts(inner, system, peer),
        }
    }

    pub(crate) fn accept(&self, inner: Arc<dyn Accept>, way: Way) -> Arc<dyn Accept> {
        match &self.telemetry {
            Some(telemetry) => telemetry.accept(inner, way.into()),
            None => inner,
        }
    }

    pub(crate) fn broker(&self, inner: Arc<dyn Broker>) -> Arc<dyn Broker> {
        match &self.telemetry {
            Some(telemetry) => telemetry.broker(inner),
            None => inner,
        }
    }

    pub(crate) fn groups(&self, mut groups: Vec<ConsumerGroup>) -> Vec<ConsumerGroup> {
        let Some(telemetry) = &self.telemetry else { return groups };
        for group in &mut groups {
            group.handle = telemetry.handle(group.handle.clone(), &group.consumer.group.name);
        }
        groups
    }

    /// Sends what has gathered.
    pub(crate) async fn shutdown(&self) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.shutdown().await;
        }
    }
}

/// The port of operators, and what is looked at from time to time.
#[derive(Debug)]
pub(crate) struct AdminPort {
    address: Option<SocketAddr>,
    end: CancellationToken,
}

impl AdminPort {
    pub(crate) async fn open(
        app: &App,
        host: &Host,
        broker: &Arc<dyn Broker>,
        drain: &CancellationToken,
    ) -> Result<Self> {
        let mut port = Self { address: None, end: CancellationToken::new() };
        let Some(telemetry) = app.registry.observed().telemetry.clone() else { return Ok(port) };
        telemetry.outboxes(host.servers().iter().map(|server| server.descriptor().name));
        let looks = Looks {
            telemetry: telemetry.clone(),
            broker: broker.clone(),
            stores: stores(host),
            env: host.env().clone(),
        };
        tokio::spawn(port.end.clone().run_until_cancelled_owned(looks.clone().again()));
        let Some(address) = &app.config.admin else { return Ok(port) };
        let admin = Admin::bind(address).await?;
        port.address = Some(admin.address());
        let (stores, broker) = (stores(host), broker.clone());
        let parts = AdminParts {
            telemetry,
            checks: Arc::new(move || checked(stores.clone(), broker.clone()).boxed()),
            refresh: Arc::new(move || looks.clone().once().boxed()),
            drain: drain.clone(),
        };
        tokio::spawn(admin.serve(parts, port.end.clone()));
        tracing::info!(address = port.address.map(tracing::field::display), "metrics and health");
        Ok(port)
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    pub(crate) fn close(&self) {
        self.end.cancel();
    }
}

impl Drop for AdminPort {
    fn drop(&mut self) {
        self.close();
    }
}

/// Looks how far outboxes and consumers are behind.
#[derive(Clone)]
struct Looks {
    telemetry: Telemetry,
    broker: Arc<dyn Broker>,
    stores: Stores,
    env: Env,
}

impl Looks {
    async fn once(self) {
        let now = Timestamp::try_from(self.env.clock.wall()).unwrap_or(Timestamp::MAX);
        for (service, store) in self.stores.iter() {
            if let Ok(OutboxStatus { waiting, oldest }) = store.outbox_status().await {
                let waited = oldest.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
                self.telemetry.outbox(service, waiting, waited.unwrap_or_default());
            }
        }
        match self.broker.status().await {
            Ok(groups) => {
                let lag: Vec<Lag> = groups.iter().map(|status| Lag::of(status, now)).collect();
                self.telemetry.lag(&lag);
            }
            Err(error) => tracing::debug!(%error, "how far consumers are behind is not known"),
        }
    }

    async fn again(self) {
        loop {
            self.clone().once().await;
            let Some(then) = self.env.clock.now().checked_add(LOOK) else { return };
            self.env.clock.sleep_until(then).await;
        }
    }
}

type Stores = Arc<[(&'static str, Arc<dyn Store>)]>;

fn stores(host: &Host) -> Stores {
    let names = host.servers().iter().map(ServiceServer::descriptor).map(|service| service.name);
    names.filter_map(|name| Some((name, host.store(name)?))).collect()
}

/// Whether stores and broker answer. What is wrong is told by its code: the rest is for the log.
async fn checked(stores: Stores, broker: Arc<dyn Broker>) -> Vec<Checked> {
    let mut checks = Vec::new();
    let asked = broker.status().await.map(drop);
    checks.push(("broker".to_owned(), wrong("broker", asked)));
    for (name, store) in stores.iter() {
        let asked = store.outbox_status().await.map(drop);
        checks.push((format!("store of {name}"), wrong(name, asked)));
    }
    checks
}

fn wrong(part: &str, asked: Result<()>) -> Option<String> {
    let error = asked.err()?;
    tracing::warn!(part, %error, "not ready");
    Some(error.code().name().to_owned())
}
