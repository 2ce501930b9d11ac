//! OTLP over gRPC.

use axum::Router;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::{Arrived, Collector, What, over_http};

pub(crate) fn router(collector: &Collector) -> Router {
    let traces = TraceServiceServer::new(collector.clone()).accept_compressed(Gzip);
    let metrics = MetricsServiceServer::new(collector.clone()).accept_compressed(Gzip);
    Routes::new(traces).add_service(metrics).into_axum_router()
}

fn arrived<T>(request: &Request<T>, path: &'static str) -> Arrived {
    let headers = request.metadata().clone().into_headers();
    Arrived { path, headers: over_http::texts(&headers) }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let arrived = arrived(&request, "TraceService/Export");
        self.take(arrived, What::Traces(request.into_inner()));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let arrived = arrived(&request, "MetricsService/Export");
        self.take(arrived, What::Metrics(request.into_inner()));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
