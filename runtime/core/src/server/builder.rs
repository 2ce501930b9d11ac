//! Puts handlers to operations.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;

use super::handler::{self, Message, Shared};
use super::once::{self, Asked, Asks};
use super::work::read;
use super::{Handler, Queue, Run, Schedule, ServiceServer, Subscription};
use crate::broker::Envelope;
use crate::call::{Answer, Body, Format, Streaming};
use crate::context::Context;
use crate::error::{OperationError, Result};
use crate::message::{QueueDescriptor, ScheduleDescriptor, SubscriptionDescriptor};
use crate::operation::{Operation, ServiceDescriptor};
use crate::page::Empty;
use crate::upload::Upload;
use crate::wire::Record;

/// Puts handlers to the operations of a service. Generated code alone uses it; each function takes a closure of the
/// service, the context and the request.
pub struct ServerBuilder<S> {
    service: Shared<S>,
    server: ServiceServer,
    /// What requests say of themselves, by the path of their operation: functions of the request's type.
    keys: HashMap<&'static str, Key>,
    undone: HashMap<&'static str, Key>,
    priorities: HashMap<&'static str, Arc<dyn Any + Send + Sync>>,
}

/// A `fn(&Request) -> Option<String>`.
type Key = Arc<dyn Any + Send + Sync>;
/// What [`Key`] holds.
type KeyOf<Req> = Box<dyn Fn(&Req) -> Option<String> + Send + Sync>;
/// A `fn(&Request) -> u8`.
type PriorityOf<Req> = Box<dyn Fn(&Req) -> u8 + Send + Sync>;

/// An older version of an event, read as the newest.
pub type Reader<T> = Arc<dyn Fn(&Envelope) -> Result<T> + Send + Sync>;

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
        };
        let (keys, undone, priorities) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { service: Arc::new(service), server, keys, undone, priorities }
    }

    /// Says where the requests of a command hold their key of idempotency. Stands before the command's handler.
    #[must_use]
    pub fn key<Req: Record, K: Into<Option<String>>>(
        mut self,
        operation: &'static Operation,
        key: impl Fn(&Req) -> K + Send + Sync + 'static,
    ) -> Self {
        let key: KeyOf<Req> = Box::new(move |request| key(request).into());
        self.keys.insert(operation.path, Arc::new(key));
        self
    }

    /// Says where the requests of an undo hold the key of what they undo. Stands before the undo's handler.
    #[must_use]
    pub fn undone<Req: Record, K: Into<Option<String>>>(
        mut self,
        operation: &'static Operation,
        key: impl Fn(&Req) -> K + Send + Sync + 'static,
    ) -> Self {
        let key: KeyOf<Req> = Box::new(move |request| key(request).into());
        self.undone.insert(operation.path, Arc::new(key));
        self
    }

    /// Says how urgent a queued command is, 0 to 7. Stands before the command's handler.
    #[must_use]
    pub fn priority<Req: Record>(
        mut self,
        queue: &'static QueueDescriptor,
        priority: impl Fn(&Req) -> u8 + Send + Sync + 'static,
    ) -> Self {
        let priority: PriorityOf<Req> = Box::new(priority);
        self.priorities.insert(queue.operation.path, Arc::new(priority));
        self
    }

    /// One request, one answer.
    #[must_use]
    pub fn unary<Req, Res, E, F, Fut>(mut self, operation: &'static Operation, handler: F) -> Self
    where
        Req: Record,
        Res: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        let asks = self.asks::<Req, Res>(operation);
        self.answered(operation, asks, handler::single, handler, handler::one)
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
        self.answered(operation, None, handler::single, handler, handler::many)
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
        self.answered(operation, None, handler::stream, handler, handler::one)
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
        self.answered(operation, None, handler::stream, handler, handler::many)
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
        self.answered(operation, None, handler::upload, handler, handler::one)
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
        let worker = self.worker(Arc::new(|envelope: &Envelope| read::<Req>(envelope)), handler);
        self.server.queues.push(Queue { descriptor: queue, worker });
        let priority = self.priorities.remove(queue.operation.path);
        let asks = self.asks::<Req, Empty>(queue.operation);
        self.add(queue.operation, asks, move |_, ctx, body, _| {
            let priority = priority.clone();
            async move {
                let request = handler::single::<Req>(body).await?;
                let priority = priority.as_ref().and_then(|p| p.downcast_ref::<PriorityOf<Req>>());
                let priority = priority.map_or(0, |priority| priority(&request));
                ctx.send(queue, priority, &request)?;
                Ok(Answer::one(Bytes::new()))
            }
        })
    }

    /// An event that the service handles.
    #[must_use]
    pub fn on<T, E, F, Fut>(self, subscription: &'static SubscriptionDescriptor, handler: F) -> Self
    where
        T: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.on_versions(subscription, [], handler)
    }

    /// An event that the service handles, with readers for versions that are older than the newest.
    #[must_use]
    pub fn on_versions<T, E, F, Fut>(
        mut self,
        subscription: &'static SubscriptionDescriptor,
        older: impl IntoIterator<Item = (u32, Reader<T>)>,
        handler: F,
    ) -> Self
    where
        T: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let older: HashMap<u32, Reader<T>> = older.into_iter().collect();
        let reader: Reader<T> = Arc::new(move |envelope| match older.get(&envelope.version) {
            Some(older) => older(envelope),
            None => read::<T>(envelope),
        });
        let worker = self.worker(reader, handler);
        self.server.subscriptions.push(Subscription { descriptor: subscription, worker });
        self
    }

    /// What the service runs by the clock.
    #[must_use]
    pub fn schedule<E, F, Fut>(mut self, schedule: &'static ScheduleDescriptor, handler: F) -> Self
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
        self.server.schedules.push(Schedule { descriptor: schedule, tick });
        self
    }

    /// The service, ready to be served.
    #[must_use]
    pub fn build(self) -> ServiceServer {
        self.server
    }

    fn worker<T, E, F, Fut>(&self, reader: Reader<T>, handler: F) -> super::Worker
    where
        T: Record,
        E: OperationError,
        F: Fn(Arc<S>, Context, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let (shared, handler) = (self.service.clone(), Arc::new(handler));
        Arc::new(move |ctx, envelope| {
            let (service, handler, reader) = (shared.clone(), handler.clone(), reader.clone());
            async move {
                let message = reader(&envelope)?;
                handler::said(&ctx, handler(service, ctx.clone(), message)).await
            }
            .boxed()
        })
    }

    /// What requests of a command say of themselves, if they are recorded or undo what is.
    fn asks<Req: Record, Res: 'static>(&mut self, operation: &'static Operation) -> Option<Asks> {
        let key = self.keys.remove(operation.path);
        let undone = self.undone.remove(operation.path);
        if !operation.keyed() && operation.undoes.is_none() {
            return None;
        }
        let said = |key: &Option<Key>, request: &Req| {
            key.as_ref().and_then(|key| key.downcast_ref::<KeyOf<Req>>()?(request))
        };
        let empty_answer = TypeId::of::<Res>() == TypeId::of::<Empty>();
        Some(Arc::new(move |message| {
            let request = handler::request_of::<Req>(&message)?;
            let canonical = request.to_bytes();
            Ok(Asked {
                key: said(&key, &request),
                undone: said(&undone, &request),
                digest: once::digest(&canonical),
                request: match message {
                    Message::Wire(bytes) => bytes,
                    Message::Json(_) => canonical,
                },
                empty_answer,
            })
        }))
    }

    /// Reads the request, has it handled, writes the answer: what all forms of an operation have in common.
    fn answered<Req, Read, Res, E, F, Fut>(
        self,
        operation: &'static Operation,
        asks: Option<Asks>,
        read: fn(Body) -> Read,
        handler: F,
        write: fn(Res, Format) -> Answer,
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
        self.add(operation, asks, move |service, ctx, body, format| {
            let handler = handler.clone();
            async move {
                let request = read(body).await?;
                let done = handler::said(&ctx, handler(service, ctx.clone(), request)).await?;
                Ok(write(done, format))
            }
        })
    }

    fn add<F, Fut>(mut self, operation: &'static Operation, asks: Option<Asks>, handler: F) -> Self
    where
        F: Fn(Arc<S>, Context, Body, Format) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer>> + Send + 'static,
    {
        let service = self.service.clone();
        let run: Run =
            Arc::new(move |ctx, body, format| handler(service.clone(), ctx, body, format).boxed());
        self.server.handlers.insert(operation.path, Handler { run, asks });
        self
    }
}
