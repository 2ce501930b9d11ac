//! The server's side of a call: what every generated server is made of.

mod builder;
mod handler;
mod host;
mod once;
mod panics;
mod work;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use self::builder::{Reader, ServerBuilder};
pub use self::host::{Host, HostParts};
use self::once::Asks;
pub use self::panics::{hide_panics, said};
pub use self::work::{Consumer, Trouble, Worked, no_upcast, read, tick};
use crate::broker::Envelope;
use crate::call::{Answer, Body, Format};
use crate::context::Context;
use crate::error::Result;
use crate::message::{QueueDescriptor, ScheduleDescriptor, SubscriptionDescriptor};
use crate::operation::ServiceDescriptor;

/// What an operation is run by: a context and requests in, answers out, in the form that is asked for.
type Run = Arc<dyn Fn(Context, Body, Format) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;

/// What an operation is served by.
#[derive(Clone)]
pub(crate) struct Handler {
    run: Run,
    /// For what is recorded under a key, or undoes what is.
    asks: Option<Asks>,
}

/// What works off a message: nothing is answered.
pub type Worker = Arc<dyn Fn(Context, Envelope) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// What a tick of a schedule runs.
pub type Tick = Arc<dyn Fn(Context) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A service with its handlers, as generated `server(…)` functions make it.
#[derive(Clone)]
pub struct ServiceServer {
    pub(crate) descriptor: &'static ServiceDescriptor,
    pub(crate) handlers: HashMap<&'static str, Handler>,
    /// The events that it handles.
    pub subscriptions: Vec<Subscription>,
    /// The queued commands that it works off.
    pub queues: Vec<Queue>,
    /// What it runs by the clock.
    pub schedules: Vec<Schedule>,
}

/// One `on E do NAME`.
#[derive(Clone)]
pub struct Subscription {
    /// Which one.
    pub descriptor: &'static SubscriptionDescriptor,
    /// The handler, which reads every version up to the newest that it knows.
    pub worker: Worker,
}

/// One command with a `queue`.
#[derive(Clone)]
pub struct Queue {
    /// Which one.
    pub descriptor: &'static QueueDescriptor,
    /// The handler.
    pub worker: Worker,
}

/// One `schedule NAME every …`.
#[derive(Clone)]
pub struct Schedule {
    /// Which one.
    pub descriptor: &'static ScheduleDescriptor,
    /// The handler.
    pub tick: Tick,
}

impl ServiceServer {
    /// Starts to put handlers to the operations of a service.
    pub fn builder<S: Send + Sync + 'static>(
        descriptor: &'static ServiceDescriptor,
        service: S,
    ) -> ServerBuilder<S> {
        ServerBuilder::new(descriptor, service)
    }

    /// What the compiler says of the service.
    #[must_use]
    pub fn descriptor(&self) -> &'static ServiceDescriptor {
        self.descriptor
    }
}

impl fmt::Debug for ServiceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceServer")
            .field("service", &self.descriptor.name)
            .finish_non_exhaustive()
    }
}
