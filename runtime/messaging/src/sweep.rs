//! Forgets, now and then, what is past its retention.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit_core::broker::Broker;
use svckit_core::clock::Env;
use svckit_core::error::Result;
use svckit_core::store::Store;

use crate::time::{pause, wall};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(60);
/// So many batches at a time, so that a great sweep leaves room for others.
const BATCHES: usize = 20;

/// What can be swept.
#[derive(Clone)]
pub(crate) enum Swept {
    Store(Arc<dyn Store>),
    Broker(Arc<dyn Broker>),
}

impl Swept {
    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        match self {
            Self::Store(store) => store.sweep(now),
            Self::Broker(broker) => broker.sweep(now),
        }
    }
}

/// Sweeps until it is dropped.
pub(crate) async fn run(env: Env, what: Vec<Swept>) {
    loop {
        pause(&env, EVERY).await;
        for swept in &what {
            if let Err(error) = all(&env, swept).await {
                tracing::warn!(%error, "what is past its retention could not be swept; tried again in a minute");
            }
        }
    }
}

async fn all(env: &Env, swept: &Swept) -> Result<()> {
    for _ in 0..BATCHES {
        if swept.sweep(wall(env)).await? == 0 {
            break;
        }
    }
    Ok(())
}
