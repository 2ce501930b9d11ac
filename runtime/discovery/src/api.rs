//! A small HTTP client for API servers: a token that may change, an authority of its own, bodies within bounds.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use svckit_core::error::{Error, Result};

/// The longest answer that is read, in bytes.
const LONGEST: usize = 32 << 20;

/// What a client shows to be let in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// Nothing.
    None,
    /// This.
    Text(String),
    /// What the file says, read for each request: who issues tokens replaces them while programs run.
    File(PathBuf),
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Text(_) => f.write_str("Text(…)"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

/// An API server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    base: String,
    token: Token,
    /// The header that the token goes into, and what stands before it.
    header: (&'static str, &'static str),
}

impl Api {
    /// # Errors
    /// `invalid_argument` if the file of the authority is none.
    pub(crate) fn new(
        base: String,
        authority: Option<&Path>,
        token: Token,
        header: (&'static str, &'static str),
    ) -> Result<Self> {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls(authority)?);
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, base, token, header })
    }

    /// # Errors
    /// `unavailable` if it is not there, or answers another status than 200: its code is the number in the message.
    pub(crate) async fn get(&self, path: &str) -> Result<Response<Incoming>, Failed> {
        let mut request = Request::get(format!("{}{path}", self.base));
        if let Some(token) = self.token()? {
            let (name, before) = self.header;
            request = request.header(name, format!("{before}{token}"));
        }
        let request = request
            .body(Empty::new())
            .map_err(|error| Error::invalid_argument(format!("{}{path}: {error}", self.base)))?;
        let response = self.client.request(request).await.map_err(|error| {
            Error::unavailable(format!("{} does not answer: {error}", self.base)).with_source(error)
        })?;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(Failed {
                error: Error::unavailable(format!("{}{path} answers {status}", self.base)),
                status: Some(status),
            }),
        }
    }

    fn token(&self) -> Result<Option<String>> {
        match &self.token {
            Token::None => Ok(None),
            Token::Text(text) => Ok(Some(text.clone())),
            Token::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Error::from(error).context(format!("the token {}", path.display()))
                })?;
                Ok(Some(text.trim().to_owned()))
            }
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    #[cfg_attr(not(feature = "kubernetes"), allow(dead_code, reason = "one of the two asks"))]
    pub(crate) status: Option<StatusCode>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, status: None }
    }
}

/// Reads a whole body as JSON.
///
/// # Errors
/// `unavailable` if it breaks off, is too long, or is something else.
pub(crate) async fn json<T: serde::de::DeserializeOwned>(body: Incoming) -> Result<T> {
    let broken =
        |error: &dyn fmt::Display| Error::unavailable(format!("an answer breaks off: {error}"));
    let whole = Limited::new(body, LONGEST).collect().await.map_err(|error| broken(&error))?;
    serde_json::from_slice(&whole.to_bytes()).map_err(|error| {
        Error::unavailable(format!("an answer is not what was asked for: {error}"))
    })
}

fn tls(authority: Option<&Path>) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = authority {
        let wrong = |error: &dyn fmt::Display| {
            Error::invalid_argument(format!("the authority {}: {error}", path.display()))
        };
        let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))?;
        for certificate in found {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("TLS: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
