//! One small document from another server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::tls::{BoxIo, Protocol, TlsConnect};
use tokio::net::TcpStream;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long the document may be, in bytes.
const LONGEST: usize = 512 * 1024;

/// Where a document is.
pub(super) struct Target {
    url: Uri,
    host: String,
    port: u16,
    secure: bool,
}

impl Target {
    /// # Errors
    /// `invalid_argument` if it is no URL, or one that anybody on the way could answer.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &str| {
            Error::invalid_argument(format!(
                "`{text}` is no place for an issuer's keys: {why}; write https://host/path"
            ))
        };
        let url: Uri = text.parse().map_err(|_| invalid("it is no URL"))?;
        let host =
            url.host().filter(|host| !host.is_empty()).ok_or_else(|| invalid("it has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = match url.scheme_str() {
            Some("https") => true,
            Some("http") if is_here(&host) => false,
            Some("http") => {
                return Err(invalid("whoever is on the way could put keys of their own there"));
            }
            _ => return Err(invalid("the scheme is another")),
        };
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { url, host, port, secure })
    }
}

/// Whether a host is this machine.
pub(crate) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Fetches it.
pub(super) async fn get(
    target: &Target,
    tls: Option<&Arc<dyn TlsConnect>>,
    env: &Env,
) -> Result<Bytes> {
    let late = env.clock.now().checked_add(LIMIT).unwrap_or_else(|| env.clock.now());
    tokio::select! {
        biased;
        got = fetch(target, tls) => got.map_err(|why| Error::unavailable(format!("{}: {why}", target.url))),
        () = env.clock.sleep_until(late) => {
            Err(Error::unavailable(format!("{} did not answer within {LIMIT:?}", target.url)))
        }
    }
}

async fn fetch(target: &Target, tls: Option<&Arc<dyn TlsConnect>>) -> Result<Bytes, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect((&*target.host, target.port)).await.map_err(|e| text(&e))?;
    let io: BoxIo = match (target.secure, tls) {
        (false, _) => Box::new(stream),
        (true, Some(tls)) => {
            let secured = tls.connect(Box::new(stream), &target.host, Protocol::Http1).await;
            secured.map_err(|e| text(&e))?
        }
        (true, None) => return Err("this guard was given no way to https".to_owned()),
    };
    let shaken = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(io)).await;
    let (mut sender, connection) = shaken.map_err(|e| text(&e))?;
    let path = target.url.path_and_query().map_or("/", |path| path.as_str());
    let host = target.url.authority().map_or(target.host.as_str(), |authority| authority.as_str());
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::ACCEPT, "application/json")
        .body(Empty::new())
        .map_err(|e| text(&e))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|e| text(&e))?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answers {}", response.status()));
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        body.map(|all| all.to_bytes()).map_err(|e| text(&e))
    };
    let mut connection = std::pin::pin!(connection);
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        biased;
        done = exchange.as_mut() => done,
        ended = connection.as_mut() => match ended {
            // What was read before the end is still there.
            Ok(()) => exchange.await,
            Err(error) => Err(text(&error)),
        },
    }
}
