//! Puts handlers to operations.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;

use super::handler::{self, Shared};
use super::{BusSlot, Handler, Queue, Schedule, ServiceServer, Subscription};
use crate::call::{Answer, Body, Streaming};
use crate::context::Context;
use crate::error::{Error, OperationError, Result};
use crate::message::{Every, Job};
use crate::operation::{EventDescriptor, Operation, QueueDescriptor, ServiceDescriptor};
use crate::upload::Upload;
use crate::wire::Record;

/// Puts handlers to the operations of a service. Generated code alone uses it; each function takes a closure of the
/// service, the context and the request.
pub struct ServerBuilder<S> {
    service: Shared<S>,
    server: ServiceServer,
}

impl<S> std::fmt::Debug for ServerBuilder<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.server.fmt(f)
    }
}

impl<S: Send + Sync + 'static> ServerBuilder<S> {
    pub(super) fn new(descriptor: &'static ServiceDescriptor, service: S) -> Self {
        let server = ServiceServer {
            descriptor,
            handlers: HashMap::new(),
            subscriptions: Vec::new(),
            queues: Vec::new(),
            schedules: Vec::new(),
            bus: BusSlot::default(),
        };
        Self { service: Arc::new(service), server }
    }

    /// One request, one answer.
    #[must_use]
    pub fn unary<Req, Res, E, F, Fut>(self, operation: &'static Operation, handler: F) -> Self
    where
        Req: Record,
        Res: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.answered(operation, handler::single, handler, handler::one)
    }

    /// One request, many answers.
    #[must_use]
    pub fn server_stream<Req, Res, E, F, Fut>(
        self,
        operation: &'static Operation,
        handler: F,
    ) -> Self
    where
        Req: Record,
        Res: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Streaming<Res>, E>> + Send + 'static,
    {
        self.answered(operation, handler::single, handler, handler::many)
    }

    /// Many requests, one answer.
    #[must_use]
    pub fn client_stream<Req, Res, E, F, Fut>(
        self,
        operation: &'static Operation,
        handler: F,
    ) -> Self
    where
        Req: Record,
        Res: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, Streaming<Req>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.answered(operation, handler::stream, handler, handler::one)
    }

    /// Many requests, many answers.
    #[must_use]
    pub fn bidi<Req, Res, E, F, Fut>(self, operation: &'static Operation, handler: F) -> Self
    where
        Req: Record,
        Res: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, Streaming<Req>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Streaming<Res>, E>> + Send + 'static,
    {
        self.answered(operation, handler::stream, handler, handler::many)
    }

    /// A request that ends in a stream of bytes, one answer.
    #[must_use]
    pub fn upload<U, Res, E, F, Fut>(self, operation: &'static Operation, handler: F) -> Self
    where
        U: Upload,
        Res: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, U) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.answered(operation, handler::upload, handler, handler::one)
    }

    /// A command that is accepted now and done later: its request is judged before it is accepted.
    #[must_use]
    pub fn queued<Req, E, F, Fut>(mut self, queue: &'static QueueDescriptor, handler: F) -> Self
    where
        Req: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let worker = self.worker(handler);
        self.server.queues.push(Queue { descriptor: queue, worker });
        let bus = self.server.bus.clone();
        self.add(queue.operation, move |_, ctx, body| {
            let bus = bus.clone();
            async move {
                let payload = handler::single::<Req>(body).await?.to_bytes();
                let none = || {
                    Error::unavailable("no queue is there to take the command; is the app started?")
                };
                let job = Job { id: ctx.new_id(), queue, payload, meta: ctx.propagated() };
                bus.get().cloned().ok_or_else(none)?.enqueue(job).await?;
                Ok(Answer::one(Bytes::new()))
            }
        })
    }

    /// An event that the service handles, by the handler `name`.
    #[must_use]
    pub fn on<T, E, F, Fut>(
        mut self,
        event: &'static EventDescriptor,
        name: &'static str,
        handler: F,
    ) -> Self
    where
        T: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let worker = self.worker(handler);
        let service = self.server.descriptor.name;
        self.server.subscriptions.push(Subscription { service, name, event, worker });
        self
    }

    /// What the service runs by the clock.
    #[must_use]
    pub fn schedule<E, F, Fut>(mut self, name: &'static str, every: Every, handler: F) -> Self
    where
        E: OperationError,
        F: Fn(Arc<S>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let (shared, handler) = (self.service.clone(), Arc::new(handler));
        let tick: super::Tick = Arc::new(move |ctx| {
            let (service, handler) = (shared.clone(), handler.clone());
            async move { handler::said(&ctx, handler(service, ctx.clone())).await }.boxed()
        });
        let service = self.server.descriptor.name;
        self.server.schedules.push(Schedule { service, name, every, tick });
        self
    }

    /// The service, ready to be served.
    #[must_use]
    pub fn build(self) -> ServiceServer {
        self.server
    }

    fn worker<T, E, F, Fut>(&self, handler: F) -> super::Worker
    where
        T: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let (shared, handler) = (self.service.clone(), Arc::new(handler));
        Arc::new(move |ctx, payload| {
            let (service, handler) = (shared.clone(), handler.clone());
            async move {
                let message = T::from_bytes(&payload).map_err(|error| {
                    Error::invalid_argument(format!("the message is not readable: {error}"))
                })?;
                handler::said(&ctx, handler(service, ctx.clone(), message)).await
            }
            .boxed()
        })
    }

    /// Reads the request, has it handled, writes the answer: what all forms of an operation have in common.
    fn answered<Req, Read, Res, E, F, Fut>(
        self,
        operation: &'static Operation,
        read: fn(Body) -> Read,
        handler: F,
        write: fn(Res) -> Answer,
    ) -> Self
    where
        Req: Send + 'static,
        Read: Future<Output = Result<Req>> + Send + 'static,
        Res: Send + 'static,
        E: OperationError,
        F: Fn(Arc<S>, Context, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(operation, move |service, ctx, body| {
            let handler = handler.clone();
            async move {
                let request = read(body).await?;
                let done = handler::said(&ctx, handler(service, ctx.clone(), request)).await?;
                Ok(write(done))
            }
        })
    }

    fn add<F, Fut>(mut self, operation: &'static Operation, handler: F) -> Self
    where
        F: Fn(Arc<S>, Context, Body) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer>> + Send + 'static,
    {
        let service = self.service.clone();
        let handler: Handler =
            Arc::new(move |ctx, body| handler(service.clone(), ctx, body).boxed());
        self.server.handlers.insert(operation.path, handler);
        self
    }
}
