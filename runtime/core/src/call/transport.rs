//! The seam between a call and the way it travels: encoded bytes and metadata, so that every transport is alike and a
//! retry clones no message. A transport whose messages are JSON says so, and gets and gives them as that.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::{Metadata, Principal};
use crate::error::{Error, Result};
use crate::http::Exchange;
use crate::observe::{Side, watched};
use crate::operation::{Operation, ServiceDescriptor};

/// In which form a message travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Protobuf.
    #[default]
    Wire,
    /// The text of ProtoJSON.
    Json,
}

/// One message, or a stream of them.
///
/// The answer to one in JSON is one in JSON, or encoded, where it is one that was recorded.
pub enum Body {
    /// One message, encoded.
    One(Bytes),
    /// One message as JSON text, which nobody has looked at yet.
    Json(Bytes),
    /// A request of JSON that is put together once it is wanted, which is after it is known who calls. Answered in JSON.
    Later(Box<dyn FnOnce() -> Result<Self> + Send>),
    /// Many, encoded, the last of which may be an error.
    Stream(BoxStream<'static, Result<Bytes>>),
}

impl Body {
    /// The one message that is there, and its form.
    #[must_use]
    pub fn message(&self) -> Option<(&Bytes, Format)> {
        match self {
            Self::One(bytes) => Some((bytes, Format::Wire)),
            Self::Json(text) => Some((text, Format::Json)),
            Self::Later(_) | Self::Stream(_) => None,
        }
    }

    /// One message in this form.
    #[must_use]
    pub fn of(message: Bytes, format: Format) -> Self {
        match format {
            Format::Wire => Self::One(message),
            Format::Json => Self::Json(message),
        }
    }

    /// Puts together what was to be later, and says in which form it is answered.
    ///
    /// # Errors
    /// Why it can't be.
    pub(crate) fn ready(self) -> Result<(Self, Format)> {
        match self {
            Self::Later(make) => make().map(|body| (body, Format::Json)),
            Self::Json(_) => Ok((self, Format::Json)),
            Self::One(_) | Self::Stream(_) => Ok((self, Format::Wire)),
        }
    }

    /// The request of `operation`, encoded, for a transport that knows no JSON.
    ///
    /// # Errors
    /// `invalid_argument` for a text that is not this request, `unimplemented` where the operation has no JSON.
    pub fn encoded(self, operation: &Operation) -> Result<Self> {
        match self.ready()?.0 {
            Self::Json(text) => {
                let codec = operation.codec.as_ref().ok_or_else(|| {
                    let name = operation.full_name();
                    Error::unimplemented(format!("{name} has no JSON"))
                })?;
                codec.request.read_slice(&text).map(Self::One).map_err(Error::unreadable)
            }
            body => Ok(body),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(bytes) => write!(f, "One({} bytes)", bytes.len()),
            Self::Json(text) => write!(f, "Json({} bytes)", text.len()),
            Self::Later(_) => f.write_str("Later"),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// A call on its way out.
#[derive(Debug)]
pub struct OutgoingCall {
    /// What travels beside it.
    pub meta: Metadata,
    /// When the answer is of no use any more.
    pub deadline: Option<Instant>,
    /// The request.
    pub body: Body,
}

/// A call as it came in, not yet judged.
#[derive(Debug)]
pub struct IncomingCall {
    /// What travelled beside it.
    pub meta: Metadata,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// The request.
    pub body: Body,
    /// Who is at the other end, as far as the transport knows. Nothing within the process.
    pub peer: Option<Arc<str>>,
    /// The certificate (DER) that the other end has proven to hold, by TLS, and that an authority known here has signed.
    pub certificate: Option<Arc<[u8]>>,
    /// Who calls, once somebody has looked: a transport leaves it empty.
    pub principal: Option<Arc<Principal>>,
    /// What the request was like, if it came over HTTP and somebody observes.
    pub exchange: Option<Box<Exchange>>,
}

impl IncomingCall {
    /// A call with nothing beside it, from within the process.
    #[must_use]
    pub fn new(body: Body) -> Self {
        let meta = Metadata::default();
        Self {
            meta,
            deadline: None,
            body,
            peer: None,
            certificate: None,
            principal: None,
            exchange: None,
        }
    }
}

/// What a call is answered with.
#[derive(Debug)]
pub struct Answer {
    /// What travels beside it.
    pub meta: Metadata,
    /// The response.
    pub body: Body,
}

impl Answer {
    /// One message, encoded, and nothing beside it.
    #[must_use]
    pub fn one(bytes: Bytes) -> Self {
        Self::of(Body::One(bytes))
    }

    /// This, and nothing beside it.
    #[must_use]
    pub fn of(body: Body) -> Self {
        Self { meta: Metadata::default(), body }
    }

    /// A stream of messages and nothing beside it.
    #[must_use]
    pub fn stream(stream: BoxStream<'static, Result<Bytes>>) -> Self {
        Self::of(Body::Stream(stream))
    }
}

/// Which attempt of a call this is, and where those before it went. Clones share the places; the default one remembers
/// nothing and costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    places: Option<Arc<Mutex<Vec<u64>>>>,
    before: u32,
}

impl Tried {
    /// One that remembers.
    #[must_use]
    pub fn remembered() -> Self {
        Self { places: Some(Arc::default()), before: 0 }
    }

    /// The same, for the attempt with this number; the first is 1.
    #[must_use]
    pub fn at(&self, number: u32) -> Self {
        Self { places: self.places.clone(), before: number.saturating_sub(1) }
    }

    /// How many attempts went before this one.
    #[must_use]
    pub fn before(&self) -> u32 {
        self.before
    }

    /// Adds a place, by a number that the transport gives it.
    pub fn add(&self, place: u64) {
        if let Some(places) = &self.places {
            places.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        }
    }

    /// Whether `place` was tried.
    #[must_use]
    pub fn contains(&self, place: u64) -> bool {
        let tried = |places: &Arc<Mutex<Vec<u64>>>| {
            places.lock().unwrap_or_else(PoisonError::into_inner).contains(&place)
        };
        self.places.as_ref().is_some_and(tried)
    }
}

/// The client's side of a way to travel. It makes one attempt per call and no retry of its own.
pub trait Transport: Send + Sync + 'static {
    /// Makes the call. Dropping the future, or the stream that it gave, cancels the call at the callee too.
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>>;

    /// As [`call`](Self::call), for one of several attempts: a transport that may choose where the call goes prefers
    /// what is not in `tried`, and adds what it chooses.
    fn call_again(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
        tried: &Tried,
    ) -> BoxFuture<'static, Result<Answer>> {
        let _ = tried;
        self.call(operation, call)
    }

    /// Whether a call is over at its deadline without anybody watching it. What streams afterwards is not meant.
    fn keeps_deadline(&self) -> bool {
        false
    }

    /// Whether it has a breaker for each endpoint of the callee: then there is none for the callee as a whole.
    fn guards_endpoints(&self) -> bool {
        false
    }
}

/// The server's side: what a transport hands calls to.
pub trait Accept: Send + Sync + 'static {
    /// The services that are served, for routes, health and reflection.
    fn services(&self) -> Vec<&'static ServiceDescriptor>;
    /// Does the call. Never panics; dropping the future cancels the handler.
    fn accept(
        &self,
        operation: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>>;

    /// Hears of a call that the transport itself refused, as one that can't be read, before it came to
    /// [`accept`](Self::accept).
    fn refused(&self, operation: &'static Operation, meta: &Metadata, refused: Refusal<'_>) {
        let _ = (operation, meta, refused);
    }
}

/// A call that did not come to its operation.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// The request.
    pub exchange: &'a Exchange,
    /// What it is answered with.
    pub error: &'a Error,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
}

/// A way to one service, cheap to clone.
#[derive(Clone)]
pub struct Channel {
    transport: Arc<dyn Transport>,
    env: crate::clock::Env,
    format: Format,
}

impl Channel {
    /// A channel over any transport.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, env: crate::clock::Env) -> Self {
        Self { transport, env, format: Format::Wire }
    }

    /// The same channel over a transport that takes single messages as JSON text.
    #[must_use]
    pub fn in_json(self) -> Self {
        Self { format: Format::Json, ..self }
    }

    /// How a request is written for it.
    #[must_use]
    pub(crate) fn format(&self, operation: &Operation) -> Format {
        if operation.codec.is_some() { self.format } else { Format::Wire }
    }

    /// A channel on which every call fails with `error`: for what could not be resolved.
    #[must_use]
    pub fn failing(error: Error) -> Self {
        Self::new(Arc::new(Failing(error)), crate::clock::Env::default())
    }

    /// Makes a call as it stands.
    ///
    /// # Errors
    /// What the callee or the transport answered.
    pub async fn call(&self, operation: &'static Operation, call: OutgoingCall) -> Result<Answer> {
        let work = self.transport.call(operation, call);
        watched(&self.env, operation, Side::Client, work).await
    }

    /// Whether a call on this channel ends at its deadline by itself.
    #[must_use]
    pub(crate) fn keeps_deadline(&self) -> bool {
        self.transport.keeps_deadline()
    }

    /// Clock, randomness and ids that calls on this channel use.
    #[must_use]
    pub fn env(&self) -> &crate::clock::Env {
        &self.env
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

struct Failing(Error);

impl Transport for Failing {
    fn call(&self, _: &'static Operation, _: OutgoingCall) -> BoxFuture<'static, Result<Answer>> {
        let error = self.0.clone();
        Box::pin(async move { Err(error) })
    }
}

/// Knows the way to every service that may be called.
pub trait Resolve: Send + Sync + 'static {
    /// The way to `service`.
    ///
    /// # Errors
    /// `unavailable` if no way is known, saying what to configure.
    fn resolve(&self, service: &'static ServiceDescriptor) -> Result<Channel>;
}
