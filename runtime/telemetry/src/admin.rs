//! What operators and orchestrators ask a process, on a port of its own: `/metrics`, `/livez`, `/readyz`.

use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use svckit_core::error::{Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::Telemetry;

/// A request's head must come within that time, and a check must answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a part that a process needs is there: its name, and what is wrong with it.
pub type Checked = (String, Option<String>);

/// Asks the parts that a process needs.
pub type Checks = Arc<dyn Fn() -> BoxFuture<'static, Vec<Checked>> + Send + Sync>;

/// What the port is served from.
#[derive(Clone)]
pub struct AdminParts {
    /// What is measured.
    pub telemetry: Telemetry,
    /// What must be there for the process to be ready: stores, a broker.
    pub checks: Checks,
    /// Takes down what is measured only when it is asked for.
    pub refresh: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
    /// Ends the process's readiness.
    pub drain: CancellationToken,
}

/// The port, open but not yet served.
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
}

impl Admin {
    /// Opens the port.
    ///
    /// # Errors
    /// Why not, as `unavailable` where the address is taken.
    pub async fn bind(address: &str) -> Result<Self> {
        let refused = |error: std::io::Error| {
            Error::from(error)
                .context(format!("cannot listen on {address} for /metrics and health"))
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `end`; then connections are closed where they are.
    pub async fn serve(self, parts: AdminParts, end: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = end.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let one = one(stream, parts.clone());
                    tokio::spawn(end.clone().run_until_cancelled_owned(one));
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection for health was not taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn one(stream: TcpStream, parts: AdminParts) {
    let service = service_fn(move |request| {
        let parts = parts.clone();
        async move { Ok::<_, Infallible>(answer(&request, &parts).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(16 * 1024);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::trace!(%error, "a connection for health ended");
    }
}

async fn answer(request: &Request<Incoming>, parts: &AdminParts) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return said(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "ask by GET\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => metrics(parts).await,
        "/livez" => said(StatusCode::OK, JSON, "{\"status\":\"live\"}\n".to_owned()),
        "/readyz" => ready(parts).await,
        _ => {
            let paths = "here are /metrics, /livez and /readyz\n".to_owned();
            said(StatusCode::NOT_FOUND, "text/plain", paths)
        }
    }
}

const JSON: &str = "application/json";

async fn metrics(parts: &AdminParts) -> Response<Full<Bytes>> {
    let _ = tokio::time::timeout(PATIENCE, (parts.refresh)()).await;
    match parts.telemetry.prometheus() {
        Ok(text) => said(StatusCode::OK, prometheus::TEXT_FORMAT, text),
        Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", error.to_string()),
    }
}

async fn ready(parts: &AdminParts) -> Response<Full<Bytes>> {
    let draining = parts.drain.is_cancelled();
    let checks = tokio::time::timeout(PATIENCE, (parts.checks)()).await;
    let checks =
        checks.unwrap_or_else(|_| vec![("checks".to_owned(), Some("no answer".to_owned()))]);
    let well = !draining && checks.iter().all(|(_, wrong)| wrong.is_none());
    let status = match (draining, well) {
        (true, _) => "draining",
        (_, true) => "ready",
        _ => "not ready",
    };
    let mut text = format!("{{\"status\":\"{status}\",\"checks\":{{");
    for (at, (name, wrong)) in checks.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let wrong = wrong.as_deref().unwrap_or("ok");
        // Writing to a string can't fail.
        let _ = write!(text, "{comma}{}:{}", quoted(name), quoted(wrong));
    }
    text.push_str("}}\n");
    let code = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    said(code, JSON, text)
}

/// As a string of JSON. Names of services and codes: nothing else comes here.
fn quoted(text: &str) -> String {
    let plain = text.chars().map(|c| if c == '"' || c == '\\' || c.is_control() { '_' } else { c });
    format!("\"{}\"", plain.collect::<String>())
}

fn said(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}
