//! Settles deliveries, many at once.

use std::sync::Arc;
use std::time::Duration;

use svckit_core::broker::{Broker, Settlement, Token};
use svckit_core::clock::Env;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::time::{Backoff, later, wall};

/// So many are settled at once.
const BATCH: usize = 512;
const BASE: Duration = Duration::from_millis(50);
const CAP: Duration = Duration::from_secs(5);
/// When dead letters can't be written, their messages wait so long in their queue.
const AWAY: Duration = Duration::from_secs(5);

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// As was said.
    Done,
    /// Another consumer has the delivery, or had it.
    Stale,
    /// The dead letter could not be written: the message is back in its queue.
    Postponed,
}

struct Request {
    token: Token,
    settlement: Settlement,
    answer: oneshot::Sender<Settled>,
}

/// Settles the deliveries of one consumer.
pub(super) struct Settler {
    env: Env,
    broker: Arc<dyn Broker>,
    group: Arc<str>,
    requests: mpsc::UnboundedSender<Request>,
    /// Taken by the one who runs it.
    incoming: Mutex<mpsc::UnboundedReceiver<Request>>,
}

impl Settler {
    pub(super) fn new(env: Env, broker: Arc<dyn Broker>, group: Arc<str>) -> Self {
        // Bounded by the permits: each delivery in hand asks once.
        let (requests, incoming) = mpsc::unbounded_channel();
        Self { env, broker, group, requests, incoming: Mutex::new(incoming) }
    }

    /// Settles; durable when it returns. Waits for a broker that is away.
    pub(super) async fn settle(&self, token: Token, settlement: Settlement) -> Settled {
        let (answer, answered) = oneshot::channel();
        let _ = self.requests.send(Request { token, settlement, answer });
        // Nobody answers when all ends at once: then the lease will end, too.
        answered.await.unwrap_or(Settled::Stale)
    }

    /// Works off what is asked, for ever.
    pub(super) async fn run(&self) {
        let mut incoming = self.incoming.lock().await;
        let mut batch = Vec::new();
        while incoming.recv_many(&mut batch, BATCH).await > 0 {
            let (dead, plain) = std::mem::take(&mut batch)
                .into_iter()
                .partition(|request| matches!(request.settlement, Settlement::Dead(_)));
            self.plain(plain, Settled::Done).await;
            self.dead(dead).await;
        }
    }

    /// Dead letters apart from the rest: where they can't be written, the messages stay where they are and nobody else
    /// waits.
    async fn dead(&self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        match self.once(&requests).await {
            Ok(held) => answer(requests, &held, Settled::Done),
            Err(error) => {
                tracing::error!(
                    group = %self.group,
                    messages = requests.len(),
                    %error,
                    "dead letters can't be written; their messages stay in the queue"
                );
                let at = later(wall(&self.env), AWAY);
                let back = |request| Request { settlement: Settlement::GiveBack { at }, ..request };
                self.plain(requests.into_iter().map(back).collect(), Settled::Postponed).await;
            }
        }
    }

    async fn plain(&self, requests: Vec<Request>, done: Settled) {
        if requests.is_empty() {
            return;
        }
        let mut backoff = Backoff::new(BASE, CAP);
        loop {
            match self.once(&requests).await {
                Ok(held) => {
                    if backoff.recovered() {
                        tracing::info!(group = %self.group, "messages are settled again");
                    }
                    return answer(requests, &held, done);
                }
                Err(error) => {
                    if backoff.failed() {
                        tracing::warn!(group = %self.group, %error, "messages can't be settled; trying again");
                    }
                }
            }
            backoff.wait(&self.env).await;
        }
    }

    async fn once(&self, requests: &[Request]) -> svckit_core::error::Result<Vec<bool>> {
        let all =
            requests.iter().map(|request| (request.token.clone(), request.settlement.clone()));
        self.broker.settle(all.collect(), wall(&self.env)).await
    }
}

fn answer(requests: Vec<Request>, held: &[bool], done: Settled) {
    for (at, request) in requests.into_iter().enumerate() {
        let held = held.get(at).copied().unwrap_or(false);
        let _ = request.answer.send(if held { done } else { Settled::Stale });
    }
}
