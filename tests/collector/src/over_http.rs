//! OTLP over HTTP.

use std::collections::BTreeMap;
use std::io::Read;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::{Arrived, Collector, What};

const PROTOBUF: &str = "application/x-protobuf";

pub(crate) fn router(collector: &Collector) -> Router {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(metrics))
        .with_state(collector.clone())
}

async fn traces(
    State(collector): State<Collector>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let arrived = Arrived { path: "/v1/traces", headers: texts(&headers) };
    collector.take(arrived, What::Traces(read(&headers, &body)?));
    Ok(answer(&ExportTraceServiceResponse::default()))
}

async fn metrics(
    State(collector): State<Collector>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let arrived = Arrived { path: "/v1/metrics", headers: texts(&headers) };
    collector.take(arrived, What::Metrics(read(&headers, &body)?));
    Ok(answer(&ExportMetricsServiceResponse::default()))
}

/// As the specification asks of who receives.
fn read<M: Message + Default>(headers: &HeaderMap, body: &[u8]) -> Result<M, StatusCode> {
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != PROTOBUF) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let mut plain = Vec::new();
    match headers.get(CONTENT_ENCODING) {
        None => plain.extend_from_slice(body),
        Some(coded) if coded == "gzip" => {
            let read = GzDecoder::new(body).read_to_end(&mut plain);
            read.map_err(|_| StatusCode::BAD_REQUEST)?;
        }
        Some(_) => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
    M::decode(plain.as_slice()).map_err(|_| StatusCode::BAD_REQUEST)
}

fn answer<M: Message>(message: &M) -> impl IntoResponse + use<M> {
    ([(CONTENT_TYPE, PROTOBUF)], message.encode_to_vec())
}

pub(crate) fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let pair = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(pair).collect()
}
