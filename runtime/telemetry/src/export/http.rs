//! OTLP over HTTP: what the exporters' threads, which have no tokio runtime, send by.

use async_trait::async_trait;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use svckit_core::error::Result;
use tokio::runtime::Handle;

use super::connect::Connector;
use super::wrong;
use crate::config::Collector;

/// Sends on the exporters' own runtime, whoever asks.
#[derive(Clone)]
pub(super) struct Client {
    inner: HyperClient<Connector>,
    headers: Vec<(HeaderName, HeaderValue)>,
    runtime: Handle,
}

impl Client {
    pub(super) fn new(
        connector: Connector,
        collector: &Collector,
        runtime: Handle,
    ) -> Result<Self> {
        let headers = collector.headers.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = name.map_err(|error| wrong(collector, &error))?;
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                wrong(collector, &format!("HTTP does not take the value of {name}"))
            })?;
            value.set_sensitive(true);
            Ok((name, value))
        });
        let headers = headers.collect::<Result<_>>()?;
        let inner = HyperClient::new(connector, collector.timeout, None);
        Ok(Self { inner, headers, runtime })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        mut request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let inner = self.inner.clone();
        self.runtime.spawn(async move { inner.send_bytes(request).await }).await?
    }
}
