//! The echo that benchmarks of calls call: as one writes it by hand with tonic, and what is sent.

use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

use crate::ours::{Line, Order, Small};
use crate::theirs::echo_service_client::EchoServiceClient;
use crate::theirs::echo_service_server::{EchoService, EchoServiceServer};
use crate::theirs::{self, SendRequest, SendResponse};

struct Tonics;

#[tonic::async_trait]
impl EchoService for Tonics {
    async fn send(
        &self,
        request: tonic::Request<SendRequest>,
    ) -> Result<tonic::Response<SendResponse>, tonic::Status> {
        let SendRequest { id, lines, total } = request.into_inner();
        Ok(tonic::Response::new(SendResponse { id, lines, total }))
    }
}

/// A client of tonic by hand, and its server.
///
/// # Panics
/// Where no port of loopback is free.
pub async fn tonic_by_hand() -> EchoServiceClient<Channel> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let server = Server::builder().add_service(EchoServiceServer::new(Tonics));
    // Without it the peer waits for acknowledgements, and we would win by far and wrongly.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(server.serve_with_incoming(incoming));
    let endpoint = Endpoint::from_shared(url).expect("a URL");
    EchoServiceClient::new(endpoint.connect().await.expect("it listens"))
}

/// What ours sends, with so many lines.
#[must_use]
pub fn order(lines: u32) -> Order {
    let price = || Small { currency: "EUR".into(), units: 4, nanos: 500_000_000 };
    let line = |i| Line { sku: format!("MUG-{i}"), quantity: i, price: price() };
    Order { id: "o-1".into(), lines: (1..=lines).map(line).collect(), total: price() }
}

/// The same for tonic.
#[must_use]
pub fn request(lines: u32) -> SendRequest {
    let price = || theirs::Small { currency: "EUR".into(), units: 4, nanos: 500_000_000 };
    let line = |i| theirs::Line { sku: format!("MUG-{i}"), quantity: i, price: Some(price()) };
    SendRequest { id: "o-1".into(), lines: (1..=lines).map(line).collect(), total: Some(price()) }
}
