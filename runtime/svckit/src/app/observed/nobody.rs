//! Without telemetry nobody observes an app.

use std::net::SocketAddr;
use std::sync::Arc;

use svckit_core::broker::Broker;
use svckit_core::call::{Accept, Transport};
use svckit_core::clock::Env;
use svckit_core::server::Host;
use svckit_messaging::ConsumerGroup;
use tokio_util::sync::CancellationToken;

use super::super::App;
use super::{Seen, Way};
use crate::{Config, Result};

/// Nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    asked: bool,
}

impl Observed {
    pub(crate) fn of(config: &Config, _: &Env) -> Self {
        Self { asked: config.admin.is_some() }
    }

    pub(crate) fn observes(&self) -> bool {
        false
    }

    /// What can't be done.
    pub(crate) fn mistake(&self) -> Option<String> {
        self.asked.then(|| {
            "metrics and health are to be served (`admin`, SVCKIT_ADMIN), but svckit is built without its feature \
             `telemetry`; build it with that"
                .to_owned()
        })
    }

    pub(crate) fn env(&self, env: Env) -> Env {
        env
    }

    pub(crate) fn transport(
        &self,
        inner: Arc<dyn Transport>,
        _: Seen,
        _: Way,
        _: &str,
    ) -> Arc<dyn Transport> {
        inner
    }

    pub(crate) fn accept(&self, inner: Arc<dyn Accept>, _: Way) -> Arc<dyn Accept> {
        inner
    }

    pub(crate) fn broker(&self, inner: Arc<dyn Broker>) -> Arc<dyn Broker> {
        inner
    }

    pub(crate) fn groups(&self, groups: Vec<ConsumerGroup>) -> Vec<ConsumerGroup> {
        groups
    }

    pub(crate) async fn shutdown(&self) {}
}

/// No port.
#[derive(Debug)]
pub(crate) struct AdminPort;

impl AdminPort {
    pub(crate) async fn open(
        _: &App,
        _: &Host,
        _: &Arc<dyn Broker>,
        _: &CancellationToken,
    ) -> Result<Self> {
        Ok(Self)
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        None
    }

    pub(crate) fn close(&self) {}
}
