//! From a request's path to what answers it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use svckit_core::call::{Accept, Answer, Body as Message, IncomingCall};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::{Operation, Shape};
use svckit_core::tls::PeerCertificate;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Status, Streaming};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::ServerOptions;
use crate::client::fits;
use crate::codec::Raw;
use crate::{deadline, meta, status};

type Ready = BoxCloneSyncService<Request<Body>, Response<Body>, std::convert::Infallible>;

/// What answers which path.
pub(super) struct Routes {
    operations: HashMap<&'static str, &'static Operation>,
    ready: HashMap<&'static str, Ready>,
    services: Arc<dyn Accept>,
    health: HealthReporter,
    env: Env,
    limit: usize,
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("operations", &self.operations.len()).finish_non_exhaustive()
    }
}

impl Routes {
    pub(super) async fn new(
        services: Arc<dyn Accept>,
        env: Env,
        options: ServerOptions,
    ) -> Result<Self> {
        let served = services.services();
        let operations =
            served.iter().flat_map(|service| service.operations).map(|op| (op.path, *op)).collect();
        let (health, server) = tonic_health::server::health_reporter();
        for service in &served {
            health.set_service_status(service.wire_name, ServingStatus::Serving).await;
        }
        let mut ready = HashMap::new();
        add(&mut ready, server);
        let sets: Vec<_> = served.iter().filter_map(|service| service.file_descriptor).collect();
        if options.reflection && !sets.is_empty() {
            let broken = |error| {
                Error::internal(format!("the descriptors of a service are broken: {error}"))
            };
            add(&mut ready, reflection(&sets).build_v1().map_err(broken)?);
            add(&mut ready, reflection(&sets).build_v1alpha().map_err(broken)?);
        }
        Ok(Self { operations, ready, services, health, env, limit: options.message_limit })
    }

    /// Tells those who watch that nothing new is taken, and ends their streams.
    pub(super) async fn drain(&self) {
        let mut health = self.health.clone();
        let served = self.services.services();
        for name in served.iter().map(|service| service.wire_name).chain([""]) {
            health.set_service_status(name, ServingStatus::NotServing).await;
            health.clear_service_status(name).await;
        }
    }

    pub(super) async fn handle(&self, request: Request<Body>, peer: Arc<str>) -> Response<Body> {
        if !is_grpc(&request) {
            return not_grpc();
        }
        let path = request.uri().path();
        if let Some(operation) = self.operations.get(path) {
            return self.serve(operation, request, peer).await;
        }
        let service = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match self.ready.get(service) {
            Some(ready) => {
                ready.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
            }
            None => {
                let known =
                    self.services.services().iter().any(|served| served.wire_name == service);
                let what = if known {
                    "no such operation in this service"
                } else {
                    "no such service here"
                };
                Status::unimplemented(format!("{path}: {what}")).into_http()
            }
        }
    }

    async fn serve(
        &self,
        operation: &'static Operation,
        request: Request<Body>,
        peer: Arc<str>,
    ) -> Response<Body> {
        let deadline = match deadline::read(request.headers()) {
            Ok(timeout) => timeout.and_then(|timeout| self.env.clock.now().checked_add(timeout)),
            Err(error) => return status::write(&error).into_http(),
        };
        let meta = meta::read(request.headers());
        let certificate = request.extensions().get::<PeerCertificate>().cloned();
        let call = Call {
            operation,
            services: self.services.clone(),
            parts: Some(Parts { meta, deadline, peer: Some(peer), certificate }),
            limit: self.limit,
        };
        let mut grpc = Grpc::new(Raw)
            .max_decoding_message_size(self.limit)
            .accept_compressed(CompressionEncoding::Gzip);
        let request = if matches!(operation.shape, Shape::ClientStream | Shape::Bidi) {
            // A caller that goes away must not look like one that has said all: tonic ends the stream on `cancelled`.
            request.map(|body| Body::new(body.map_err(|error| Status::aborted(error.to_string()))))
        } else {
            request
        };
        grpc.streaming(call, request).await
    }
}

fn add<S>(ready: &mut HashMap<&'static str, Ready>, service: S)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>,
    S: NamedService + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    ready.insert(S::NAME, BoxCloneSyncService::new(service));
}

fn reflection(sets: &[&'static [u8]]) -> tonic_reflection::server::Builder<'static> {
    let builder = tonic_reflection::server::Builder::configure();
    sets.iter().fold(builder, |builder, set| builder.register_encoded_file_descriptor_set(set))
}

fn is_grpc(request: &Request<Body>) -> bool {
    let kind = request
        .headers()
        .get(http::header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    kind.strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest, [] | [b';', ..]) || rest.starts_with(b"+proto"))
}

fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// One call on its way to the services.
struct Call {
    operation: &'static Operation,
    services: Arc<dyn Accept>,
    parts: Option<Parts>,
    limit: usize,
}

/// What there is of a call beside its messages.
struct Parts {
    meta: svckit_core::call::Metadata,
    deadline: Option<std::time::Instant>,
    peer: Option<Arc<str>>,
    certificate: Option<PeerCertificate>,
}

impl Default for Parts {
    /// Of a call from nowhere: never taken for one of this process.
    fn default() -> Self {
        let (meta, peer) = (Default::default(), Some("".into()));
        Self { meta, deadline: None, peer, certificate: None }
    }
}

impl StreamingService<Bytes> for Call {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        let (operation, limit) = (self.operation, self.limit);
        let Parts { meta, deadline, peer, certificate } = self.parts.take().unwrap_or_default();
        let stream =
            request.into_inner().map(|item| item.map_err(|status| status::read_request(&status)));
        let call = IncomingCall {
            meta,
            deadline,
            body: Message::Stream(stream.boxed()),
            peer,
            certificate: certificate.map(|certificate| certificate.0),
            principal: None,
            exchange: None,
        };
        let answer = self.services.accept(operation, call);
        async move {
            let Answer { meta, body } = answer.await.map_err(|error| status::write(&error))?;
            let fit = move |item: Result<Bytes>| {
                item.and_then(|bytes| fits(bytes, limit)).map_err(|e| status::write(&e))
            };
            let stream = match body {
                Message::One(bytes) => {
                    futures_util::stream::once(std::future::ready(Ok(fit(Ok(bytes))?))).boxed()
                }
                Message::Stream(stream) => stream.map(fit).boxed(),
                // The answer to a request of JSON, of which there is none here.
                Message::Json(_) | Message::Later(_) => futures_util::stream::empty().boxed(),
            };
            let mut response = tonic::Response::new(stream);
            let mut headers = http::HeaderMap::new();
            meta::write(&meta, &mut headers);
            *response.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
            Ok(response)
        }
        .boxed()
    }
}
