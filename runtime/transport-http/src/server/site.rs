//! From a request's path, method and version to the operation that answers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use percent_encoding::percent_decode_str;
use svckit_core::error::{Error, Result};
use svckit_core::operation::Operation;

use super::call::{self, Calls, PathValues, Target};
use super::socket;
use crate::address::{self, Address, Hidden};
use crate::params::short;
use crate::status::Refusal;

/// The longest path and query, in bytes: half of what the head of a request may be.
const URL: usize = 32 * 1024;

/// What is answered at one path.
#[derive(Clone, Default)]
pub(super) struct Site {
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
    /// The segments of the path that hold fields, by their place.
    names: Vec<(usize, String)>,
    /// How many segments of the path are given: where several operations fit, the one whose path says most is meant.
    given: usize,
}

impl Entry {
    fn new(target: Target, method: Method, path: &str, short: bool) -> Self {
        let params = path.split('/').enumerate();
        let params = params.filter_map(|(at, part)| Some((at, address::param(part)?.to_owned())));
        let names: Vec<_> = params.collect();
        let given = path.split('/').count() - names.len();
        let sensitive =
            |name: &str| target.codec.params.iter().any(|param| param.is(name) && param.sensitive);
        let hidden = names.iter().filter(|(_, name)| sensitive(name)).map(|(at, _)| *at);
        let target = Target { hidden: Hidden::of(hidden), ..target };
        Self { method, target, version: address::version(target.operation), short, names, given }
    }

    /// What a path holds for this operation.
    ///
    /// # Errors
    /// `invalid_argument` if that is not UTF-8 once it is decoded.
    fn values(&self, path: &str) -> Result<PathValues> {
        let value = |(at, name): &(usize, String)| {
            let text = path.split('/').nth(*at).unwrap_or_default();
            let text = percent_decode_str(text)
                .decode_utf8()
                .map_err(|_| Error::invalid_argument("the path is not UTF-8 once it is decoded"))?;
            Ok((name.clone(), text.into_owned()))
        };
        self.names.iter().map(value).collect()
    }
}

/// What there is at each path, parameters named by their place: `/v1/orders/{p0}`.
///
/// # Errors
/// `failed_precondition` if two operations are to answer the same request.
pub(super) fn sites(
    operations: impl Iterator<Item = &'static Operation>,
) -> Result<BTreeMap<String, Site>> {
    let mut sites: BTreeMap<String, Site> = BTreeMap::new();
    for operation in operations {
        let Some(codec) = operation.codec.as_ref() else { continue };
        let address = Address::of(operation);
        let by_query = operation.http.is_some_and(|http| http.method.asks_by_query());
        let target = Target { operation, codec, by_query, hidden: Hidden::default() };
        let method = Method::from_bytes(address.method.name().as_bytes()).unwrap_or_default();
        let version = address::version(operation);
        let unversioned = version.and_then(|version| address.unversioned(version));
        let paths = [(Some(address.path.into_owned()), false), (unversioned, true)];
        for (path, short) in paths.into_iter().filter_map(|(path, short)| Some((path?, short))) {
            let site = sites.entry(pattern(&path)).or_default();
            site.add(Entry::new(target, method.clone(), &path, short), &path)?;
        }
    }
    Ok(shared(&sites))
}

/// Each site with what its path is, too, where a segment is a parameter: `/v1/orders/latest` is also the order `latest`.
fn shared(sites: &BTreeMap<String, Site>) -> BTreeMap<String, Site> {
    let with_others = |(path, site): (&String, &Site)| {
        let wider = sites
            .iter()
            .filter(|(other, _)| other.contains('{') && *other != path && covers(other, path));
        let others = wider.flat_map(|(_, other)| other.entries.iter().cloned());
        (path.clone(), Site { entries: site.entries.iter().cloned().chain(others).collect() })
    };
    sites.iter().map(with_others).collect()
}

/// Whether all that fits one pattern fits another.
fn covers(wide: &str, narrow: &str) -> bool {
    let alike = |(wide, narrow): (&str, &str)| wide == narrow || address::param(wide).is_some();
    wide.split('/').count() == narrow.split('/').count()
        && wide.split('/').zip(narrow.split('/')).all(alike)
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

    /// Answers a request; what is wrong is answered by a problem.
    pub(super) async fn answer(
        &self,
        calls: &Arc<Calls>,
        request: Request<Body>,
    ) -> Response<Body> {
        let (entry, path) = match self.found(&request) {
            Ok(Some(found)) => found,
            Ok(None) => return self.options(),
            Err(refusal) => {
                let all = self.entries.iter().map(|entry| entry.target.hidden);
                let hidden = all.fold(Hidden::default(), Hidden::and);
                return refusal.response(&hidden.shown(request.uri().path()), None);
            }
        };
        let head = request.method() == Method::HEAD;
        let mut response = if socket::is_upgrade(request.headers()) && streams(entry) {
            calls.upgrade(entry.target, path, request).await
        } else {
            calls.serve(entry.target, path, request).await
        };
        call::say_version(entry.target, &mut response);
        if head { without_body(response) } else { response }
    }

    /// The operation that a request is for, and what the path says of it; nothing where it asks what there is.
    fn found(&self, request: &Request<Body>) -> Result<Option<(&Entry, PathValues)>, Refusal> {
        let uri = request.uri();
        let length = uri.path().len() + uri.query().map_or(0, str::len);
        if length > URL {
            let error = Error::invalid_argument(format!(
                "the URL has {length} bytes, and {URL} is the limit; send less at once, or bind the operation to POST"
            ));
            return Err(Refusal::new(StatusCode::URI_TOO_LONG, error));
        }
        uncoded(request)?;
        let Some(entry) = self.chosen(request)? else { return Ok(None) };
        Ok(Some((entry, entry.values(uri.path())?)))
    }

    fn chosen(&self, request: &Request<Body>) -> Result<Option<&Entry>, Refusal> {
        let upgrade = request.method() == Method::GET && socket::is_upgrade(request.headers());
        let wanted = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let fits = |entry: &&Entry| {
            if upgrade { streams(entry) } else { entry.method == *wanted }
        };
        let fitting = || self.entries.iter().filter(fits);
        if fitting().next().is_none() {
            return if request.method() == Method::OPTIONS {
                Ok(None)
            } else {
                Err(Refusal::method(request.method(), self.allow()))
            };
        }
        let version = call::version(request.headers())?;
        let of_version = fitting().filter(|entry| version.is_none() || entry.version == version);
        let best = of_version.max_by_key(|entry| (entry.given, !entry.short, entry.version));
        best.map(Some).ok_or_else(|| {
            let known: Vec<_> = fitting().filter_map(|entry| entry.version).collect();
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

/// Refuses a body that is packed in a way that is not known here; of the others nothing is left to be seen.
fn uncoded(request: &Request<Body>) -> Result<(), Refusal> {
    let Some(encoding) = request.headers().get(CONTENT_ENCODING) else { return Ok(()) };
    if encoding == "identity" {
        return Ok(());
    }
    let encoding = short(encoding.to_str().unwrap_or("?"));
    let error = Error::invalid_argument(format!(
        "the body is sent in `Content-Encoding: {encoding}`; send it as it is, or as gzip"
    ));
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error).hinted(ACCEPT_ENCODING, "gzip"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_named_by_their_place() {
        assert_eq!(pattern("/v1/orders/{id}/lines/{line}"), "/v1/orders/{p0}/lines/{p1}");
        assert_eq!(pattern("/"), "/");
    }

    #[test]
    fn a_parameter_covers_what_is_given() {
        for (wide, narrow, covered) in [
            ("/a/{p0}", "/a/b", true),
            ("/{p0}/{p1}", "/a/{p0}", true),
            ("/a/{p0}", "/{p0}/a", false),
            ("/a/b", "/a/{p0}", false),
            ("/a/{p0}", "/a/b/c", false),
            ("/a/{p0}", "/b/c", false),
        ] {
            assert_eq!(covers(wide, narrow), covered, "{wide} {narrow}");
        }
    }
}
