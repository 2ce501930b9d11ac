//! From a request's path, method and version to the operation that answers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, rejection::RawPathParamsRejection};
use axum::routing::any;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use svckit_core::call::Accept;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::Operation;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};
use tower_http::decompression::RequestDecompressionLayer;

use super::body::Bounds;
use super::call::{self, Calls, Target};
use super::socket::{self, Sockets};
use super::{Cors, ServerOptions};
use crate::address::{self, Address};
use crate::params::short;
use crate::status::Refusal;

/// Answers that are shorter are not worth compressing, in bytes.
const COMPRESSED: u64 = 1024;

/// What is answered at one path.
#[derive(Clone, Default)]
struct Site {
    entries: Vec<Entry>,
}

/// One operation at a path.
#[derive(Clone)]
struct Entry {
    method: Method,
    target: Target,
    version: Option<u32>,
    /// Whether the path leaves the version out.
    short: bool,
    /// The fields that the path's segments hold, in order.
    names: Vec<String>,
}

/// What is served, with and without what only some requests need.
#[derive(Clone)]
pub(super) struct Routed {
    /// For requests that neither are compressed nor take what is.
    plain: Router,
    whole: Router,
}

impl Routed {
    /// The router of a request.
    pub(super) fn of(self, headers: &HeaderMap) -> Router {
        let coded = headers.contains_key(ACCEPT_ENCODING) || headers.contains_key(CONTENT_ENCODING);
        if coded { self.whole } else { self.plain }
    }
}

/// A router of axum over what is served: for programs that have a server of their own.
///
/// # Errors
/// `failed_precondition` if two operations are to answer the same request.
pub fn router(services: Arc<dyn Accept>, env: Env, options: &ServerOptions) -> Result<Router> {
    routed(services, env, options, Sockets::default()).map(|routed| routed.whole)
}

pub(super) fn routed(
    services: Arc<dyn Accept>,
    env: Env,
    options: &ServerOptions,
    sockets: Sockets,
) -> Result<Routed> {
    let operations = services.services().into_iter().flat_map(|service| service.operations);
    let sites = sites(operations.copied())?;
    let bounds = Bounds { limit: options.message_limit, time: options.read_timeout };
    let cors = options.cors.clone();
    let calls = Arc::new(Calls { services, env, bounds, cors, sockets });
    let mut router = Router::new();
    for (pattern, site) in sites {
        let (calls, site) = (calls.clone(), Arc::new(site));
        let handler = move |params: Result<RawPathParams, RawPathParamsRejection>, request| {
            let (calls, site) = (calls.clone(), site.clone());
            async move { site.answer(&calls, params, request).await }
        };
        router = router.route(&pattern, any(handler));
    }
    let plain = router.fallback(nowhere);
    let whole = layered(plain.clone(), options);
    let plain = if options.cors.is_some() { whole.clone() } else { plain };
    Ok(Routed { plain, whole })
}

fn layered(mut router: Router, options: &ServerOptions) -> Router {
    if options.compression {
        let predicate = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED));
        router = router.layer(CompressionLayer::new().compress_when(predicate));
    }
    router = router.layer(RequestDecompressionLayer::new().pass_through_unaccepted(true));
    match &options.cors {
        Some(cors) => router.layer(cors_layer(cors)),
        None => router,
    }
}

fn cors_layer(cors: &Cors) -> CorsLayer {
    let origins = match cors {
        Cors::Any => AllowOrigin::any(),
        Cors::Origins(origins) => AllowOrigin::list(
            origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()),
        ),
    };
    let exposed = ["api-version", "etag", "link", "retry-after"].map(http::HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::list(exposed))
}

/// What there is at each path, parameters named by their place: `/v1/orders/{p0}`.
fn sites(operations: impl Iterator<Item = &'static Operation>) -> Result<BTreeMap<String, Site>> {
    let mut sites: BTreeMap<String, Site> = BTreeMap::new();
    for operation in operations {
        let Some(codec) = operation.codec.as_ref() else { continue };
        let address = Address::of(operation);
        let by_query = operation.http.is_some_and(|http| http.method.asks_by_query());
        let target = Target { operation, codec, by_query };
        let version = address::version(operation);
        let method = Method::from_bytes(address.method.name().as_bytes()).unwrap_or_default();
        let entry = |path: &str, short| {
            let names = path.split('/').filter_map(address::param).map(str::to_owned).collect();
            Entry { method: method.clone(), target, version, short, names }
        };
        let unversioned = version.and_then(|version| address.unversioned(version));
        let paths = [(Some(address.path), false), (unversioned, true)];
        for (path, short) in paths.into_iter().filter_map(|(path, short)| Some((path?, short))) {
            let site = sites.entry(pattern(&path)).or_default();
            site.add(entry(&path, short), &path)?;
        }
    }
    Ok(sites)
}

fn pattern(path: &str) -> String {
    let mut count = 0;
    let segments = path.split('/').map(|segment| {
        if address::param(segment).is_none() {
            return segment.to_owned();
        }
        count += 1;
        format!("{{p{}}}", count - 1)
    });
    segments.collect::<Vec<_>>().join("/")
}

impl Site {
    fn add(&mut self, entry: Entry, path: &str) -> Result<()> {
        let alike = |other: &&Entry| other.method == entry.method && !other.short;
        let other = self.entries.iter().find(alike).filter(|_| !entry.short);
        if let Some(other) = other {
            let (a, b) = (other.target.operation, entry.target.operation);
            return Err(Error::failed_precondition(format!(
                "`{} {path}` is answered by {} and by {}; give one of them another path, or serve them in two processes",
                entry.method,
                a.full_name(),
                b.full_name()
            )));
        }
        self.entries.push(entry);
        Ok(())
    }

    async fn answer(
        &self,
        calls: &Arc<Calls>,
        params: Result<RawPathParams, RawPathParamsRejection>,
        request: Request<Body>,
    ) -> Response<Body> {
        let entry = match self.chosen(&request) {
            Ok(Some(entry)) => entry,
            Ok(None) => return self.options(),
            Err(refusal) => return refusal.response(None),
        };
        let values = match params {
            Ok(params) => params.iter().map(|(_, value)| value.to_owned()).collect::<Vec<_>>(),
            Err(_) => {
                let error = Error::invalid_argument("the path is not UTF-8 once it is decoded");
                return Refusal::from(error).response(None);
            }
        };
        let path = entry.names.iter().cloned().zip(values).collect();
        let head = request.method() == Method::HEAD;
        let mut response = if socket::is_upgrade(request.headers()) && streams(entry) {
            calls.upgrade(entry.target, path, request).await
        } else {
            calls.serve(entry.target, path, request).await
        };
        call::say_version(entry.target, &mut response);
        if head { without_body(response) } else { response }
    }

    /// The operation that a request is for; nothing where it asks what there is.
    fn chosen(&self, request: &Request<Body>) -> Result<Option<&Entry>, Refusal> {
        if let Some(encoding) = request.headers().get(CONTENT_ENCODING)
            && encoding != "identity"
        {
            let encoding = short(encoding.to_str().unwrap_or("?"));
            let error = Error::invalid_argument(format!(
                "the body is sent in `Content-Encoding: {encoding}`; send it as it is, or as gzip"
            ));
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
        }
        let upgrade = request.method() == Method::GET && socket::is_upgrade(request.headers());
        let wanted = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let fits = |entry: &&Entry| {
            if upgrade { streams(entry) } else { entry.method == *wanted }
        };
        let fitting: Vec<_> = self.entries.iter().filter(fits).collect();
        if fitting.is_empty() {
            return if request.method() == Method::OPTIONS {
                Ok(None)
            } else {
                Err(Refusal::method(request.method(), self.allow()))
            };
        }
        let version = call::version(request.headers())?;
        let of_version =
            fitting.iter().filter(|entry| version.is_none() || entry.version == version);
        let newest = of_version.max_by_key(|entry| (!entry.short, entry.version));
        newest.map(|entry| Some(*entry)).ok_or_else(|| {
            let known: Vec<_> = fitting.iter().filter_map(|entry| entry.version).collect();
            let known: Vec<_> = known.iter().map(u32::to_string).collect();
            Refusal::from(Error::invalid_argument(format!(
                "`Api-Version: {}` is not served at this path; it has {}",
                version.unwrap_or_default(),
                known.join(", ")
            )))
        })
    }

    fn allow(&self) -> String {
        let mut methods: Vec<_> = self.entries.iter().map(|entry| entry.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.dedup();
        methods.join(", ")
    }

    fn options(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if let Ok(allow) = HeaderValue::try_from(self.allow()) {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

fn streams(entry: &Entry) -> bool {
    entry.target.operation.shape.streams()
}

/// The same answer to `HEAD`: all that is said of the body, and no body.
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact()
        && parts.status != StatusCode::NOT_MODIFIED
    {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// What is not here.
async fn nowhere(request: Request<Body>) -> Response<Body> {
    let path = short(request.uri().path());
    let error = Error::not_found(format!(
        "nothing is at {path}; an operation is where the contract's `http` puts it, else at \
         POST /package.Service/Operation"
    ));
    Refusal::from(error).response(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_named_by_their_place() {
        assert_eq!(pattern("/v1/orders/{id}/lines/{line}"), "/v1/orders/{p0}/lines/{p1}");
        assert_eq!(pattern("/"), "/");
    }
}
