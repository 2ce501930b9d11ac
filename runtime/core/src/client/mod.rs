//! The client's side of a call: what every generated client is made of.

mod keys;

use std::future::Future;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt};

pub(crate) use self::keys::{CallKeys, derived_id};
use crate::call::{Answer, Body, Channel, Format, Metadata, OutgoingCall, Streaming, metadata};
use crate::clock::Env;
use crate::error::{Error, OperationError, Result};
use crate::json;
use crate::operation::{Idempotency, Operation};
use crate::upload::{self, Upload};
use crate::wire::{DecodeError, Record};

/// What one call, or each call of one client, is given beside the request.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    timeout: Option<Duration>,
    meta: Metadata,
}

impl CallOptions {
    /// Nothing beside the request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most that long for the whole call with its retries. The policy's total still holds for a unary call; a call
    /// with streams has no other limit.
    #[must_use]
    pub fn deadline(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The key that makes two calls of a command the same call. Without it, one is made for each call.
    #[must_use]
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        self.metadata(metadata::IDEMPOTENCY_KEY, key)
    }

    /// The tenant on whose behalf the call is made.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        self.metadata(metadata::TENANT, tenant)
    }

    /// What this call belongs to.
    #[must_use]
    pub fn correlation_id(self, id: impl Into<String>) -> Self {
        self.metadata(metadata::CORRELATION_ID, id)
    }

    /// Anything else that travels beside the request: a name of lower-case ASCII, a value of printable ASCII.
    #[must_use]
    pub fn metadata(mut self, name: &str, value: impl Into<String>) -> Self {
        self.meta.set(name, value);
        self
    }
}

/// A client of one service that knows no operation: generated ones are a typed skin over it.
#[derive(Clone, Debug)]
pub struct Stub {
    channel: Channel,
    options: CallOptions,
    inherited: Metadata,
    deadline: Option<Instant>,
    keys: Option<CallKeys>,
}

impl Stub {
    /// A client over a channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            options: CallOptions::default(),
            inherited: Metadata::default(),
            deadline: None,
            keys: None,
        }
    }

    /// The same client with other options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self { options, ..self.clone() }
    }

    /// In the name of a call that is served: its metadata and its deadline travel along.
    #[must_use]
    pub(crate) fn within(
        mut self,
        meta: Metadata,
        deadline: Option<Instant>,
        keys: Option<CallKeys>,
    ) -> Self {
        self.inherited = meta;
        self.deadline = deadline;
        self.keys = keys;
        self
    }

    /// One request, one answer.
    ///
    /// # Errors
    /// What the operation declares, or why it could not be asked.
    pub async fn unary<Req, Res, E>(
        &self,
        operation: &'static Operation,
        request: &Req,
    ) -> Result<Res, E>
    where
        Req: Record,
        Res: Record,
        E: OperationError,
    {
        self.one(operation, self.message(operation, request)).await.map_err(E::from_error)
    }

    /// One request, many answers.
    ///
    /// # Errors
    /// What the operation declares, or why it could not be asked; later failures end the stream.
    pub async fn server_stream<Req, Res, E>(
        &self,
        operation: &'static Operation,
        request: &Req,
    ) -> Result<Streaming<Res>, E>
    where
        Req: Record,
        Res: Record,
        E: OperationError,
    {
        self.many(operation, self.message(operation, request)).await.map_err(E::from_error)
    }

    /// Many requests, one answer.
    ///
    /// # Errors
    /// What the operation declares, or why it could not be asked; an error in `requests` cancels the call.
    pub async fn client_stream<Req, Res, E>(
        &self,
        operation: &'static Operation,
        requests: Streaming<Req>,
    ) -> Result<Res, E>
    where
        Req: Record,
        Res: Record,
        E: OperationError,
    {
        self.one(operation, encode_all(requests)).await.map_err(E::from_error)
    }

    /// Many requests, many answers, at the same time.
    ///
    /// # Errors
    /// What the operation declares, or why it could not be asked; later failures end the stream.
    pub async fn bidi<Req, Res, E>(
        &self,
        operation: &'static Operation,
        requests: Streaming<Req>,
    ) -> Result<Streaming<Res>, E>
    where
        Req: Record,
        Res: Record,
        E: OperationError,
    {
        self.many(operation, encode_all(requests)).await.map_err(E::from_error)
    }

    /// A request that ends in a stream of bytes, one answer.
    ///
    /// # Errors
    /// What the operation declares, or why it could not be asked.
    pub async fn upload<U, Res, E>(
        &self,
        operation: &'static Operation,
        request: U,
    ) -> Result<Res, E>
    where
        U: Upload,
        Res: Record,
        E: OperationError,
    {
        self.one(operation, Body::Stream(upload::send(request))).await.map_err(E::from_error)
    }

    /// A request in the form that the channel takes.
    fn message<Req: Record>(&self, operation: &Operation, request: &Req) -> Body {
        match self.channel.format(operation) {
            Format::Wire => Body::One(request.to_bytes()),
            Format::Json => Body::Json(json::to_bytes(request)),
        }
    }

    async fn one<Res: Record>(&self, operation: &'static Operation, body: Body) -> Result<Res> {
        let call = self.outgoing(operation, body);
        let (env, deadline) = (self.channel.env(), self.watched(&call));
        let whole = async {
            match self.channel.call(operation, call).await?.body {
                Body::Stream(stream) => only(operation, stream).await.map(Body::One),
                one => Ok(one),
            }
        };
        decoded(operation, until(env, deadline, operation, whole).await?)
    }

    async fn many<Res: Record>(
        &self,
        operation: &'static Operation,
        body: Body,
    ) -> Result<Streaming<Res>> {
        let call = self.outgoing(operation, body);
        let (env, deadline, watched) = (self.channel.env(), call.deadline, self.watched(&call));
        let Answer { body, .. } =
            until(env, watched, operation, self.channel.call(operation, call)).await?;
        let stream = match body {
            Body::Stream(stream) => stream,
            one => {
                let one = decoded(operation, one);
                return Ok(Streaming::from_results(futures_util::stream::once(async { one })));
            }
        };
        let stream = bounded(env, deadline, operation, stream);
        Ok(Streaming::from_results(
            stream.map(move |item| item.and_then(|bytes| decode(operation, &bytes))),
        ))
    }

    /// The deadline that nobody else keeps.
    fn watched(&self, call: &OutgoingCall) -> Option<Instant> {
        call.deadline.filter(|_| !self.channel.keeps_deadline())
    }

    fn outgoing(&self, operation: &'static Operation, body: Body) -> OutgoingCall {
        let env = self.channel.env();
        let mut meta = self.inherited.clone();
        for (name, value) in self.options.meta.iter() {
            meta.set(name, value);
        }
        if operation.idempotency == Idempotency::ByCaller
            && meta.get(metadata::IDEMPOTENCY_KEY).is_none()
        {
            let key = self.keys.as_ref().map(|keys| keys.next(operation));
            let key = key.unwrap_or_else(|| env.ids.new_id());
            meta.set(metadata::IDEMPOTENCY_KEY, key.to_string());
        }
        let total = (!operation.shape.streams()).then(|| env.live.policy(operation).timeout.total);
        let timeout = total.into_iter().chain(self.options.timeout).min();
        let own = timeout.and_then(|timeout| env.clock.now().checked_add(timeout));
        OutgoingCall { meta, deadline: own.into_iter().chain(self.deadline).min(), body }
    }
}

fn decode<Res: Record>(operation: &'static Operation, bytes: &Bytes) -> Result<Res> {
    Res::from_bytes(bytes).map_err(|error| unreadable(operation, error))
}

/// As [`decode`], of one message in either form.
fn decoded<Res: Record>(operation: &'static Operation, body: Body) -> Result<Res> {
    match body {
        Body::One(bytes) => decode(operation, &bytes),
        Body::Json(text) => json::received(&text).map_err(|error| unreadable(operation, error)),
        Body::Later(_) | Body::Stream(_) => Err(missing(operation)),
    }
}

fn unreadable(operation: &'static Operation, error: DecodeError) -> Error {
    let name = operation.name;
    Error::internal(format!("the answer of {name} is not what the contract says: {error}"))
        .with_source(error)
}

fn missing(operation: &'static Operation) -> Error {
    Error::internal(format!("{} was answered with nothing", operation.name))
}

fn encode_all<Req: Record>(requests: Streaming<Req>) -> Body {
    Body::Stream(requests.map(|item| item.map(|request| request.to_bytes())).boxed())
}

async fn only(
    operation: &'static Operation,
    mut stream: impl Stream<Item = Result<Bytes>> + Unpin,
) -> Result<Bytes> {
    let first = stream.next().await.unwrap_or_else(|| Err(missing(operation)))?;
    match stream.next().await {
        None => Ok(first),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => {
            Err(Error::internal(format!("{} was answered more than once", operation.name)))
        }
    }
}

/// Runs `work` up to the deadline; what is dropped then is cancelled at the callee too.
pub(crate) async fn until<T>(
    env: &Env,
    deadline: Option<Instant>,
    operation: &'static Operation,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(at) = deadline else { return work.await };
    if at <= env.clock.now() {
        return Err(late(operation).with_unreached());
    }
    let mut work = std::pin::pin!(work);
    // What is ready at once needs none.
    let mut timer = None;
    std::future::poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        let timer = timer.get_or_insert_with(|| env.clock.sleep_until(at));
        timer.poll_unpin(cx).map(|()| Err(late(operation)))
    })
    .await
}

/// Ends `stream` after its first error, and with an error at the deadline.
pub(crate) fn bounded(
    env: &Env,
    deadline: Option<Instant>,
    operation: &'static Operation,
    stream: BoxStream<'static, Result<Bytes>>,
) -> BoxStream<'static, Result<Bytes>> {
    let mut timer = deadline.map(|at| env.clock.sleep_until(at));
    let mut open = Some(stream);
    futures_util::stream::poll_fn(move |cx| {
        let Some(stream) = open.as_mut() else { return Poll::Ready(None) };
        let over = timer.as_mut().is_some_and(|timer| timer.poll_unpin(cx).is_ready());
        let next =
            if over { Some(Err(late(operation))) } else { ready!(stream.poll_next_unpin(cx)) };
        if !matches!(next, Some(Ok(_))) {
            open = None;
        }
        Poll::Ready(next)
    })
    .boxed()
}

pub(crate) fn late(operation: &'static Operation) -> Error {
    Error::deadline_exceeded(format!("{} took longer than its caller waits", operation.name))
}
