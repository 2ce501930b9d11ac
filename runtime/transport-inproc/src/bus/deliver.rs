//! From a lane to a handler, again where it fails.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::call::Metadata;
use svckit_core::error::{Code, Error, Result};
use svckit_core::message::{Job, Message};
use svckit_core::server::{Queue, Subscription, Worker};
use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

use super::{ATTEMPTS, DeadLetter, Inner};

/// The pause before the second attempt is at most that long; it doubles.
const BASE: Duration = Duration::from_millis(100);
/// No pause is longer.
const CAP: Duration = Duration::from_secs(5);

/// One message for one handler.
pub(super) struct Work {
    id: Uuid,
    what: String,
    service: &'static str,
    handler: &'static str,
    key: String,
    payload: Bytes,
    meta: Metadata,
    attempts: u32,
    worker: Worker,
}

impl Work {
    pub(super) fn event(subscription: &Subscription, message: Message) -> Self {
        let Message { id, event, key, payload, meta, .. } = message;
        let Subscription { service, name: handler, ref worker, .. } = *subscription;
        let (what, worker, attempts) = (event.name.to_owned(), worker.clone(), ATTEMPTS);
        Self { id, what, service, handler, key, payload, meta, attempts, worker }
    }

    pub(super) fn job(queue: &Queue, job: Job) -> Self {
        let Job { id, payload, meta, .. } = job;
        let operation = queue.descriptor.operation;
        let (service, handler) = (operation.service, operation.name);
        let (what, key) = (format!("{service}.{handler}"), String::new());
        let (worker, attempts) = (queue.worker.clone(), queue.descriptor.attempts.max(1));
        Self { id, what, service, handler, key, payload, meta, attempts, worker }
    }
}

/// Handles what comes in one after the other.
pub(super) fn lane(inner: &Arc<Inner>, mut receiver: mpsc::UnboundedReceiver<Work>) {
    let (weak, stop) = (Arc::downgrade(inner), inner.stop.clone());
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        while let Some(work) = receiver.recv().await {
            let Some(inner) = weak.upgrade() else { return };
            handle(&inner, work).await;
        }
    }));
}

/// Handles what comes in, so many at once.
pub(super) fn workers(
    inner: &Arc<Inner>,
    receiver: mpsc::UnboundedReceiver<Work>,
    concurrency: usize,
) {
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..concurrency {
        let (weak, stop, receiver) = (Arc::downgrade(inner), inner.stop.clone(), receiver.clone());
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                let next = receiver.lock().await.recv().await;
                let (Some(work), Some(inner)) = (next, weak.upgrade()) else { return };
                handle(&inner, work).await;
            }
        }));
    }
}

async fn handle(inner: &Inner, work: Work) {
    let mut attempt = 1;
    loop {
        let Err(error) = once(inner, &work, attempt).await else { break };
        if attempt >= work.attempts || error.code() == Code::InvalidArgument {
            inner.dead.add(letter(inner, work, attempt, error));
            break;
        }
        tracing::warn!(id = %work.id, handler = work.handler, attempt, %error, "a message will be tried again");
        pause(inner, attempt).await;
        attempt += 1;
    }
    inner.done();
}

async fn once(inner: &Inner, work: &Work, attempt: u32) -> Result<()> {
    let span = tracing::info_span!("handle", service = work.service, handler = work.handler, id = %work.id, attempt);
    inner.host.work(work.meta.clone(), span, |ctx| (work.worker)(ctx, work.payload.clone())).await
}

async fn pause(inner: &Inner, attempt: u32) {
    let env = inner.host.env();
    let longest = BASE.saturating_mul(1 << (attempt - 1).min(16)).min(CAP);
    if let Some(then) = env.clock.now().checked_add(env.rng.up_to(longest)) {
        env.clock.sleep_until(then).await;
    }
}

fn letter(inner: &Inner, work: Work, attempts: u32, error: Error) -> DeadLetter {
    let time = Timestamp::try_from(inner.host.env().clock.wall()).unwrap_or(Timestamp::MAX);
    let Work { id, what, service, handler, key, payload, meta, .. } = work;
    DeadLetter { id, what, service, handler, key, payload, meta, attempts, error, time }
}
