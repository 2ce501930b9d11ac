//! Commands that are done once, however often they are called: by the key of idempotency, and undone by it.
//!
//! The flow is that of the IETF draft "The Idempotency-Key HTTP Header Field": the same key and the same request get the
//! recorded answer, another request under the key is refused, and so is one while the first still runs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::handler::Message;
use super::host::{Host, Served};
use crate::call::{Answer, Body, Principal, metadata};
use crate::check::Violation;
use crate::error::{Code, Error, Reason, Result};
use crate::observe::{Event, Replay};
use crate::operation::{Idempotency, Operation};
use crate::store::{
    Claim, Claimed, Close, Commit, Conflict, Finish, RecordKey, Recorded, Slot, Store, Undone, Unit,
};

/// How often a handler is run again because what it read has changed.
pub(super) const RUNS: u32 = 16;
/// How much longer than the call itself a claim holds, so that clocks may differ a little.
const MARGIN: Duration = Duration::from_secs(1);

/// What a request says of itself.
#[derive(Debug)]
pub(super) struct Asked {
    /// The key that the request holds.
    pub(super) key: Option<String>,
    /// The key of the command that it undoes.
    pub(super) undone: Option<String>,
    /// The request, encoded.
    pub(super) request: Bytes,
    /// SHA-256 of the request in its canonical form.
    pub(super) digest: [u8; 32],
    /// Whether an answer without content is an answer.
    pub(super) empty_answer: bool,
}

/// Reads a request and judges it.
pub(super) type Asks = Arc<dyn Fn(Message) -> Result<Asked> + Send + Sync>;

pub(super) fn digest(canonical: &[u8]) -> [u8; 32] {
    Sha256::digest(canonical).into()
}

/// One keyed call.
struct Once<'a> {
    host: &'a Host,
    served: &'a Served,
    store: Arc<dyn Store>,
    /// Where the answer is recorded, and the fence of the claim.
    claimed: Option<(RecordKey, u64)>,
    undone: Option<RecordKey>,
    empty_answer: bool,
}

/// Runs a command under its key, or answers what is recorded.
pub(super) async fn run(
    host: &Host,
    served: &Served,
    asked: Asked,
    store: Arc<dyn Store>,
) -> Result<Answer> {
    let operation = served.operation;
    let tenant = served.meta.get(metadata::TENANT).unwrap_or_default().to_owned();
    let principal = served.principal.as_deref().map(Principal::key).unwrap_or_default();
    let record = |operation: &Operation, key: String| RecordKey {
        operation: operation.full_name(),
        principal: principal.clone(),
        tenant: tenant.clone(),
        key,
    };
    let callers = || served.meta.get(metadata::IDEMPOTENCY_KEY).map(str::to_owned);
    let key =
        asked.key.or_else(|| callers().filter(|_| operation.idempotency == Idempotency::ByCaller));
    let key = key.filter(|_| operation.keyed());
    if key.as_deref() == Some("") {
        return Err(unkeyed(operation));
    }
    let key = key.map(|key| record(operation, key));
    let undone = operation.undoes.zip(asked.undone).map(|(undone, key)| record(undone, key));
    let mut once =
        Once { host, served, store, claimed: None, undone, empty_answer: asked.empty_answer };
    match key {
        None => once.attempts().await,
        Some(key) => match once.claim(key, asked.digest).await? {
            Some(recorded) => replay(recorded),
            None => once.guarded().await,
        },
    }
}

impl Once<'_> {
    /// What is recorded, or nothing: then the claim is ours.
    async fn claim(&mut self, key: RecordKey, request: [u8; 32]) -> Result<Option<Recorded>> {
        let (operation, now) = (self.served.operation, self.host.now());
        let total = self.host.env().live.policy(operation).timeout.total;
        let lease = total.saturating_add(MARGIN);
        let claim = Claim { key: key.clone(), request, now, lease };
        let claimed = self.store.claim(claim).await?;
        if let Some(how) = replayed(&claimed) {
            self.host.env().observe.tell(|| Event::Replayed { operation, how });
        }
        match claimed {
            Claimed::Run { fence } => {
                self.claimed = Some((key, fence));
                Ok(None)
            }
            Claimed::Done(recorded) => Ok(Some(recorded)),
            Claimed::Running { until } => Err(running(operation, now, until)),
            Claimed::OtherRequest => Err(reused(operation)),
            Claimed::Closed => Err(Error::aborted(format!(
                "{} was undone under this key before it came; it will not be done",
                operation.name
            ))),
        }
    }

    /// Runs under the claim, which is given back if this is dropped on the way: the caller went, and may come again.
    async fn guarded(&self) -> Result<Answer> {
        let mut guard = Release { store: &self.store, claimed: self.claimed.clone() };
        let answer = self.attempts().await;
        // A record that is there stays: giving back takes only what still runs.
        if answer.is_ok() {
            guard.claimed = None;
        }
        answer
    }

    async fn attempts(&self) -> Result<Answer> {
        for _ in 0..RUNS {
            if let Some(answer) = self.attempt().await? {
                return Ok(answer);
            }
        }
        Err(contended(self.served.operation))
    }

    /// Nothing: what was read has changed, so it is to be run again.
    async fn attempt(&self) -> Result<Option<Answer>> {
        let found = self.found().await?;
        let origin = self.claimed.as_ref().map(|(key, _)| origin(key));
        let (ctx, _guard) = self.host.context_of(self.served, origin);
        if let Some((key, _)) = &self.claimed {
            ctx.set_idempotency_key(&key.key);
        }
        let nothing = matches!(found, Some(Found::Nothing | Found::Closed));
        let skip = nothing && self.empty_answer;
        let done = if skip {
            Ok(Answer::one(Bytes::new()))
        } else {
            self.host.handled(self.served, &ctx).await
        };
        let done = self.host.judged(&self.served.operation.emits, &ctx, done);
        let passing = done.as_ref().is_err_and(|error| !is_final(error.code()));
        // What was emitted with a declared error is committed, whatever its code: so the error is recorded too.
        if passing && ctx.emitted(|names| names.is_empty()) {
            ctx.discard();
            return done.map(Some);
        }
        match ctx.commit(self.unit(found, &done)).await? {
            Commit::Done => done.map(Some),
            Commit::Refused(Conflict::Changed { table, .. }) => {
                let operation = self.served.operation.name;
                tracing::debug!(operation, table, "what was read has changed");
                Ok(None)
            }
            Commit::Refused(Conflict::Reopened) => Ok(None),
            Commit::Refused(Conflict::Fenced | Conflict::Seen) => Err(Error::aborted(format!(
                "{} took longer than its claim held, and was taken over or undone",
                self.served.operation.name
            ))),
        }
    }

    /// What there is of the command that is undone.
    async fn found(&self) -> Result<Option<Found>> {
        let Some(key) = &self.undone else { return Ok(None) };
        let slot = self.store.slot(key.clone(), self.host.now()).await?;
        Ok(Some(match slot {
            Slot::Succeeded => Found::Effect,
            Slot::Closed(_) => Found::Closed,
            Slot::Free | Slot::Running | Slot::Failed => Found::Nothing,
        }))
    }

    fn unit(&self, found: Option<Found>, done: &Result<Answer>) -> Unit {
        let now = self.host.now();
        let keep = |operation: &Operation| later(now, operation.retain);
        let operation = self.served.operation;
        let finish = self.claimed.clone().map(|(key, fence)| Finish {
            key,
            fence,
            outcome: recorded(done),
            keep_until: keep(operation),
        });
        let found = found.filter(|_| done.is_ok()).and_then(Found::to_close);
        let close = self.undone.clone().zip(found);
        let close = close.map(|(key, found)| Close {
            key,
            found,
            keep_until: keep(operation.undoes.unwrap_or(operation)),
        });
        Unit { now, finish, close, ..Unit::default() }
    }
}

/// What an undo finds of what it undoes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It was done.
    Effect,
    /// It was not done, and will not be once the key is closed.
    Nothing,
    /// It was undone before: to do that again is to do nothing.
    Closed,
}

impl Found {
    fn to_close(self) -> Option<Undone> {
        match self {
            Self::Effect => Some(Undone::Effect),
            Self::Nothing => Some(Undone::Nothing),
            Self::Closed => None,
        }
    }
}

/// Gives a claim back when it is dropped with one.
struct Release<'a> {
    store: &'a Arc<dyn Store>,
    claimed: Option<(RecordKey, u64)>,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let Some((key, fence)) = self.claimed.take() else { return };
        let released = self.store.release(key, fence);
        // Outside a runtime nobody is left to do it: the lease ends by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = released.await {
                    tracing::debug!(%error, "a claim is not given back; its lease will end");
                }
            });
        }
    }
}

/// Whether the same call would fail in the same way, so that the failure is recorded. What may pass is not.
fn is_final(code: Code) -> bool {
    !matches!(
        code,
        Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

fn recorded(done: &Result<Answer>) -> Recorded {
    match done {
        Ok(Answer { body: Body::One(bytes), .. }) => Recorded::Response(bytes.clone()),
        // A keyed command answers once.
        Ok(_) => Recorded::Response(Bytes::new()),
        Err(error) => Recorded::Failure(error.to_status()),
    }
}

fn replay(recorded: Recorded) -> Result<Answer> {
    match recorded {
        Recorded::Response(bytes) => Ok(Answer::one(bytes)),
        Recorded::Failure(bytes) => Err(Error::of_status(bytes)),
    }
}

/// What a call gets that is not the first under its key.
fn replayed(claimed: &Claimed) -> Option<Replay> {
    match claimed {
        Claimed::Done(Recorded::Response(_)) => Some(Replay::Answer),
        Claimed::Done(Recorded::Failure(_)) => Some(Replay::Error),
        Claimed::Running { .. } => Some(Replay::Running),
        Claimed::OtherRequest => Some(Replay::Reused),
        Claimed::Run { .. } | Claimed::Closed => None,
    }
}

fn origin(key: &RecordKey) -> String {
    let RecordKey { operation, principal, tenant, key } = key;
    format!("{operation}\0{principal}\0{tenant}\0{key}")
}

/// `after` later, or as late as can be said.
pub(super) fn later(now: Timestamp, after: Duration) -> Timestamp {
    now.checked_add(after).unwrap_or(Timestamp::MAX)
}

fn running(operation: &Operation, now: Timestamp, until: Timestamp) -> Error {
    let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    Error::aborted(format!("{} still runs under this key; ask again", operation.name))
        .with_retry_after(left.min(Duration::from_millis(100)))
}

/// Nobody's key: all who leave it out would share it, and get each other's answers.
fn unkeyed(operation: &Operation) -> Error {
    let path = match operation.idempotency {
        Idempotency::ByField(name) => name,
        _ => metadata::IDEMPOTENCY_KEY,
    };
    let message = "must not be empty: it is the key by which a repetition is known";
    Error::violations_of(vec![Violation {
        path: path.to_owned(),
        rule: "required".to_owned(),
        message: message.to_owned(),
    }])
}

fn reused(operation: &Operation) -> Error {
    let reason = Reason {
        reason: "IDEMPOTENCY_KEY_REUSED".to_owned(),
        domain: operation.service.to_owned(),
        metadata: std::collections::BTreeMap::new(),
    };
    Error::failed_precondition(format!(
        "the key of idempotency was used for another request of {}; use a new key for a new request",
        operation.name
    ))
    .with_reason(reason)
}

pub(super) fn contended(operation: &Operation) -> Error {
    Error::aborted(format!(
        "{} was run {RUNS} times, and each time what it read had changed before it could commit",
        operation.name
    ))
}
