//! HTTP and JSON for svckit services, on axum and hyper.
//!
//! The server is an axum router over what [`Accept`](svckit_core::call::Accept) serves: each operation where the
//! contract's `http` puts it, and all others at `POST /package.Service/Operation`. The client is a
//! [`Transport`](svckit_core::call::Transport) that makes one attempt per call, by the same mapping.
//!
//! # The mapping
//! | what | how |
//! | --- | --- |
//! | path | `{field}` is a whole segment, percent-encoded, slashes too. Where several fit, the path that says most is meant: `/orders/latest` before `/orders/{id}`, which keeps the methods that the other has not |
//! | request | fields that the path names are in the path; the others are in the query of `GET` and `DELETE`, which take no body, else members of a JSON object. Lists repeat the parameter, fields of records are `record.field`, what has no such form (maps, lists of records, unions) is JSON text. JSON is ProtoJSON; a field goes by its JSON or its Protobuf name, once |
//! | answer | `200` and JSON by ProtoJSON, nothing omitted; `202` for what is accepted and done later |
//! | error | RFC 9457, `application/problem+json`: `code` is gRPC's, `error` and `value` the declared error, `violations` the fields that broke a rule, `instance` the path of the request with `*` for what is sensitive in it, `retryAfter` seconds (also the header `Retry-After`), `retriedBelow` and `noRetry` what is not to be tried again (also `x-retried-below` and `x-no-retry`) |
//! | page | `items` and `nextPageToken`; to a `GET` also a `Link` to the next page |
//! | `cache` | `Cache-Control: private, max-age`, a weak `ETag`, and `304` to its `If-None-Match`. Nothing has versions that two callers could compare, so `If-Match` is `412` |
//! | stream of answers | Server-Sent Events: each message is `data:` with a running number as its `id:`, then `event: end`, or `event: error` with a problem. A browser comes again with `Last-Event-ID`: the handler finds that in its metadata as `last-event-id` and may go on from there, numbers are counted on, and after `end` it is told to stay away (`204`) |
//! | stream of requests | lines of JSON (`application/x-ndjson`), or an array |
//! | both | as these two at the same time; or a WebSocket |
//! | `stream bytes` | the body, as it is |
//! | WebSocket | at the same path: each request is a text with JSON (a binary message where it is bytes), an empty text ends them; each answer is `{"value": …}`, a failure `{"problem": …}`. Closed by 1000 when all is answered, 4000 + the status of the problem, 1003, 1007 or 1009 for messages of another kind, malformed or too long, 1011 for `internal`, 1001 when the server stops. Pinged every 30 s; who is silent until the next ping has gone |
//! | who calls | is asked before path, query and body are looked at: what is malformed is `401` to those who are not known |
//! | `Idempotency-Key` | the caller's key of a command: `409` while the first call runs, `422` for another request under it |
//! | `Request-Timeout` | how long the caller waits: `250ms`, `2s`, `5m`, or a number of seconds |
//! | limits | a body or message 4 MiB (`413`), path and query 32 KiB (`414`), the head 64 KiB and 100 headers (`431`), JSON 127 levels (`400`), 30 s for a head and a body (`408`); compressed bodies (gzip) count by what is in them |
//! | `Api-Version` | a path may leave its version out, `/orders` for `/v1/orders`; this header then chooses, and without it the newest answers |

mod address;
mod client;
mod deadline;
mod meta;
mod params;
mod server;
mod status;

pub use self::client::{ClientOptions, HttpClient};
pub use self::server::{Cors, HttpServer, Peer, ServerOptions, router};

/// The longest message, in bytes, that is sent or taken unless an option says otherwise: 4 MiB.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// # Errors
/// `resource_exhausted` if the message is longer than the limit.
pub(crate) fn fits(bytes: bytes::Bytes, limit: usize) -> svckit_core::error::Result<bytes::Bytes> {
    if bytes.len() <= limit {
        return Ok(bytes);
    }
    Err(svckit_core::error::Error::resource_exhausted(format!(
        "the message is too long to be sent: found {} bytes, the limit is: {limit} bytes",
        bytes.len()
    )))
}
