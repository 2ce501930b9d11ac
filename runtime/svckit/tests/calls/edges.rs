//! What a server is given that no client of ours would send: it answers with the right code and goes on.

use bytes::{Buf, BufMut, Bytes};
use svckit::{App, Config};
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::generated_shape::WatchOrderRequest;
use crate::generated_shape::inventory;
use crate::generated_shape::orders::{self, PlaceOrderError};
use crate::peer::{self, PLACE, connect, path};
use crate::shop::{self, Inventory, Orders};

/// Any bytes as a message.
#[derive(Clone, Copy, Default)]
struct Any;

impl Codec for Any {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Any {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        dst.put(item);
        Ok(())
    }
}

impl Decoder for Any {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(src.copy_to_bytes(src.remaining())))
    }
}

async fn send(grpc: &mut Grpc<Channel>, to: &'static str, bytes: Vec<u8>) -> Result<Bytes, Status> {
    grpc.ready().await.unwrap();
    grpc.unary(Request::new(Bytes::from(bytes)), path(to), Any)
        .await
        .map(tonic::Response::into_inner)
}

async fn goes_on(grpc: &mut Grpc<Channel>) {
    let answer: peer::Order = peer::unary(grpc, PLACE, peer::place("MUG", 1)).await.unwrap();
    assert_eq!(answer.id, "r-1");
}

#[tokio::test]
async fn garbage_is_an_invalid_argument() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    for garbage in [vec![0xff; 40], vec![0x0a, 0x7f], vec![0x0a, 2, 0xc3, 0x28], vec![0x0b; 1_000]]
    {
        let status = send(&mut grpc, PLACE, garbage).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    let status =
        send(&mut grpc, "/sample.v1.OrdersService/ImportOrders", vec![0xff]).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    goes_on(&mut grpc).await;
}

#[tokio::test]
async fn too_long_a_request_is_resource_exhausted() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    let status = send(&mut grpc, PLACE, vec![0; 4 * 1024 * 1024 + 1]).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("4194304"), "{status}");
    goes_on(&mut grpc).await;
}

#[tokio::test]
async fn a_small_gzip_of_a_large_message_is_resource_exhausted() {
    let (running, _probe) = shop::start().await;
    let grpc = connect(&running).await;
    let mut zipped = grpc.send_compressed(CompressionEncoding::Gzip);
    let answer: peer::Order = peer::unary(&mut zipped, PLACE, peer::place("MUG", 1)).await.unwrap();
    assert_eq!(answer.id, "r-1");
    let status = send(&mut zipped, PLACE, vec![0; 64 * 1024 * 1024]).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    goes_on(&mut zipped).await;
}

#[tokio::test]
async fn limits_hold_on_both_sides() {
    let config = Config {
        message_limit: 1_024,
        listen: Some("127.0.0.1:0".to_owned()),
        ..Config::default()
    };
    let probe = std::sync::Arc::new(shop::Probe::default());
    let app = App::with(config).serve(orders::server(Orders(probe.clone())));
    let running = app.serve(inventory::server(Inventory(probe))).start().await.unwrap();
    let watch = |count| WatchOrderRequest { id: "big".to_owned(), count };

    // The server keeps to its own limit, and says so.
    let client = shop::remote(&running).await;
    let error = client.watch_order(watch(1)).await.unwrap().collect().await.unwrap_err();
    assert_eq!(error.code(), svckit::Code::ResourceExhausted, "{error}");

    // So does a client, both ways.
    let (running, _probe) = shop::start().await;
    let config = Config { message_limit: 1_024, ..Config::default() };
    let app = App::with(config).endpoint("sample.v1.Orders", running.url().unwrap());
    let client = orders::Client::connect(&app).await.unwrap();
    let error = client.watch_order(watch(1)).await.unwrap().collect().await.unwrap_err();
    assert_eq!(error.code(), svckit::Code::ResourceExhausted, "{error}");
    let place = shop::place(&"x".repeat(2_000), 1);
    let PlaceOrderError::Other(error) = client.place_order(place).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(error.code(), svckit::Code::ResourceExhausted, "{error}");
}

#[tokio::test]
async fn what_is_not_served_is_unimplemented() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    for (to, what) in [
        ("/sample.v1.OrdersService/Nothing", "no such operation in this service"),
        ("/sample.v1.Nobody/PlaceOrder", "no such service here"),
        ("/", "no such service here"),
        ("/sample.v1.OrdersService", "no such operation"),
        ("/grpc.health.v1.Health/Nothing", ""),
    ] {
        let status = send(&mut grpc, to, Vec::new()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{to}: {status}");
        assert!(status.message().contains(what), "{status}");
    }
    goes_on(&mut grpc).await;
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    let mut request = Request::new(Bytes::new());
    request.metadata_mut().insert("grpc-timeout", "soon".parse().unwrap());
    let status = grpc.unary(request, path(PLACE), Any).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("`grpc-timeout: soon` is no timeout"), "{status}");
}

#[tokio::test]
async fn a_request_without_or_with_too_many_messages_is_refused() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    for messages in [vec![], vec![Bytes::new(); 2]] {
        grpc.ready().await.unwrap();
        let request = Request::new(tokio_stream::iter(messages));
        let status = grpc.client_streaming(request, path(PLACE), Any).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    goes_on(&mut grpc).await;
}

#[tokio::test]
async fn what_is_no_grpc_is_told_by_http() {
    let (running, _probe) = shop::start().await;
    let mut channel =
        Channel::from_shared(running.url().unwrap()).unwrap().connect().await.unwrap();
    let uri = format!("{}{PLACE}", running.url().unwrap());
    let request = http::Request::post(uri).header("content-type", "application/json");
    let request = request.body(tonic::body::Body::empty()).unwrap();
    std::future::poll_fn(|cx| tonic::codegen::Service::poll_ready(&mut channel, cx)).await.unwrap();
    let response = tonic::codegen::Service::call(&mut channel, request).await.unwrap();
    assert_eq!(response.status(), http::StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_slow_reader_holds_the_writer_back() {
    let (running, probe) = shop::start().await;
    let client = shop::remote(&running).await;
    let watch = WatchOrderRequest { id: "big".to_owned(), count: 100_000 };
    let mut orders = client.watch_order(watch).await.unwrap();
    orders.message().await.unwrap().unwrap();
    // Round trips on the same connection give the server every chance to run ahead.
    for _ in 0..50 {
        client.place_order(shop::place("MUG", 1)).await.unwrap();
    }
    let produced = probe.produced.load(std::sync::atomic::Ordering::SeqCst);
    assert!(produced < 500, "{produced} messages of 64 KiB were made for a reader of one");
    orders.message().await.unwrap().unwrap();
}
