//! The router, and what stands before it: compression, and what pages of other origins may do.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::header::{ACCEPT_ENCODING, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use svckit_core::call::Accept;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use tower::util::MapRequestLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};
use tower_http::decompression::RequestDecompressionLayer;

use super::body::Bounds;
use super::call::Calls;
use super::site::sites;
use super::socket::Sockets;
use super::{Cors, ServerOptions};
use crate::status::Refusal;

/// How long a browser may keep what it was told before a call from another origin.
const PREFLIGHT: Duration = Duration::from_secs(600);

/// Answers that are shorter are not worth compressing, in bytes.
const COMPRESSED: u64 = 1024;

/// What is served, with and without what only some requests need.
#[derive(Clone)]
pub(super) struct Routed {
    /// Without anything before it.
    bare: Router,
    /// For requests that neither are compressed nor take what is.
    plain: Router,
    whole: Router,
}

impl Routed {
    /// The router of a request.
    pub(super) fn of(self, method: &Method, headers: &HeaderMap) -> Router {
        // What answers pages of other origins answers each `OPTIONS`, also one that asks what there is.
        if method == Method::OPTIONS && !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return self.bare;
        }
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
    // A contract may have `/:x` as a path, which an older axum took for a parameter.
    let mut router = Router::new().without_v07_checks();
    for (pattern, site) in sites {
        let (calls, site) = (calls.clone(), Arc::new(site));
        let handler = move |request| {
            let (calls, site) = (calls.clone(), site.clone());
            async move { site.answer(&calls, request).await }
        };
        router = router.route(&pattern, any(handler));
    }
    let bare = router.fallback(nowhere);
    let whole = layered(bare.clone(), options);
    let plain = if options.cors.is_some() { whole.clone() } else { bare.clone() };
    Ok(Routed { bare, plain, whole })
}

fn layered(mut router: Router, options: &ServerOptions) -> Router {
    if options.compression {
        let predicate = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED));
        router = router.layer(CompressionLayer::new().compress_when(predicate));
    }
    router = router.layer(RequestDecompressionLayer::new().pass_through_unaccepted(true));
    router = router.layer(MapRequestLayer::new(in_lower_case));
    match &options.cors {
        Some(cors) => router.layer(cors_layer(cors)),
        None => router,
    }
}

/// Names of codings are the same in capitals; what unpacks bodies knows them in lower case alone.
fn in_lower_case<B>(mut request: Request<B>) -> Request<B> {
    if let Some(coding) = request.headers_mut().get_mut(CONTENT_ENCODING)
        && let Ok(lower) = HeaderValue::from_bytes(&coding.as_bytes().to_ascii_lowercase())
    {
        *coding = lower;
    }
    request
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
        .max_age(PREFLIGHT)
}

/// What is not here. The address is not repeated in words: parts of it may be sensitive, and messages are logged.
async fn nowhere(request: Request<Body>) -> Response<Body> {
    let error = Error::not_found(
        "nothing is at this address; an operation is where the contract's `http` puts it, else at \
         POST /package.Service/Operation",
    );
    Refusal::from(error).response(request.uri().path(), None)
}
