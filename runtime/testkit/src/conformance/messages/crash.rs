//! Points at which a process dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// A point on a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Messages were handed out, no handler began.
    AfterFetch,
    /// The handler runs, nothing is committed.
    BeforeEffect,
    /// The commit is asked for, nobody waited for it.
    DuringEffect,
    /// The effect is durable.
    AfterEffect,
    /// The broker is about to be told.
    BeforeAck,
    /// The broker knows.
    AfterAck,
    /// Another attempt is about to be asked for.
    BeforeRetry,
    /// Another attempt was asked for.
    AfterRetry,
    /// The dead letter is about to be written.
    BeforeBury,
    /// The dead letter is written.
    AfterBury,
    /// The outbox was read, nothing is published.
    BeforePublish,
    /// It is published, and still in the outbox.
    AfterPublish,
    /// It is out of the outbox.
    AfterRemove,
    /// A message says so.
    Kill,
}

impl Label {
    /// As the variable `SVCKIT_CRASH_AT` has it.
    #[must_use]
    pub fn name(self) -> String {
        let text = serde_json::to_string(&self).unwrap_or_default();
        text.trim_matches('"').to_owned()
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        serde_json::from_str(&format!("\"{name}\"")).ok()
    }
}

/// Ends the process, in the world's way. It never returns.
pub(super) type Die = Arc<dyn Fn(Label) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a worker asks at each point.
#[derive(Clone)]
pub(super) struct Crash {
    at: Option<Label>,
    /// At which time of reaching it.
    left: Arc<AtomicU32>,
    die: Die,
}

impl Crash {
    pub(super) fn new(at: Option<(Label, u32)>, die: Die) -> Self {
        let (at, left) = at.map_or((None, 0), |(at, nth)| (Some(at), nth));
        Self { at, left: Arc::new(AtomicU32::new(left)), die }
    }

    /// Dies here, if this is the point.
    pub(super) async fn point(&self, label: Label) {
        if self.points_at(label) {
            self.now(label).await;
        }
    }

    /// Counts a point; whether it is the one.
    pub(super) fn points_at(&self, label: Label) -> bool {
        self.at == Some(label) && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }

    pub(super) async fn now(&self, label: Label) {
        (self.die)(label).await;
    }
}
