//! Other people's servers, called by our client: tonic's health service.

use svckit::generated as rt;
use svckit::{App, Code};
use tonic_health::ServingStatus;

use crate::generated_shape::{CountRequest, StockLevelRequest};

static CHECK: rt::Operation =
    rt::Operation::query("grpc.health.v1.Health", "Check", "/grpc.health.v1.Health/Check");
static WATCH: rt::Operation =
    rt::Operation::query("grpc.health.v1.Health", "Watch", "/grpc.health.v1.Health/Watch")
        .shape(rt::Shape::ServerStream);
static NOTHING: rt::Operation =
    rt::Operation::query("grpc.health.v1.Health", "Nothing", "/grpc.health.v1.Health/Nothing");
static HEALTH: rt::ServiceDescriptor = rt::ServiceDescriptor {
    name: "grpc.health.v1.Health",
    wire_name: "grpc.health.v1.Health",
    operations: &[&CHECK, &WATCH],
    calls: &[],
    auth: rt::Auth::DEPLOYMENT,
    file_descriptor: None,
};

/// `HealthCheckRequest` and `HealthCheckResponse` are, on the wire, these two.
fn ask(service: &str) -> StockLevelRequest {
    StockLevelRequest { sku: service.to_owned() }
}

#[tokio::test]
async fn a_server_by_tonic_is_called() {
    let (reporter, server) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let serving = tokio::spawn(
        tonic::transport::Server::builder().add_service(server).serve_with_incoming(incoming),
    );

    let stub = App::local().endpoint(HEALTH.name, url).stub(&HEALTH).unwrap();
    let status: Result<CountRequest, svckit::Error> = stub.unary(&CHECK, &ask("")).await;
    assert_eq!(status.unwrap().upto, ServingStatus::Serving as u32);
    let unknown: Result<CountRequest, svckit::Error> = stub.unary(&CHECK, &ask("nobody")).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    let nothing: Result<CountRequest, svckit::Error> = stub.unary(&NOTHING, &ask("")).await;
    assert_eq!(nothing.unwrap_err().code(), Code::Unimplemented);

    let watch: Result<svckit::Streaming<CountRequest>, svckit::Error> =
        stub.server_stream(&WATCH, &ask("")).await;
    let mut watch = watch.unwrap();
    assert_eq!(watch.message().await.unwrap().unwrap().upto, ServingStatus::Serving as u32);
    reporter.set_service_status("", ServingStatus::NotServing).await;
    assert_eq!(watch.message().await.unwrap().unwrap().upto, ServingStatus::NotServing as u32);
    serving.abort();
}
