//! Other people's clients: tonic with prost's messages, health and reflection as their own crates know them.

use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::Message;
use svckit::Running;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::shop;

#[derive(Clone, PartialEq, Message)]
pub struct Place {
    #[prost(string, tag = "1")]
    pub request_id: String,
    #[prost(string, tag = "2")]
    pub sku: String,
    #[prost(uint32, tag = "3")]
    pub quantity: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Order {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(uint32, tag = "2")]
    pub quantity: u32,
    #[prost(string, optional, tag = "3")]
    pub note: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Watch {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(uint32, tag = "2")]
    pub count: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(uint32, tag = "1")]
    orders: u32,
    #[prost(uint64, tag = "2")]
    quantity: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Scan {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "bytes", tag = "2")]
    scan: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(uint64, tag = "1")]
    value: u64,
}

#[derive(Clone, PartialEq, Message)]
struct List {
    #[prost(string, tag = "1")]
    customer: String,
    #[prost(int32, tag = "1000")]
    page_size: i32,
    #[prost(string, tag = "1001")]
    page_token: String,
}

#[derive(Clone, PartialEq, Message)]
struct Listed {
    #[prost(message, repeated, tag = "1")]
    items: Vec<Order>,
    #[prost(string, tag = "2")]
    next_page_token: String,
}

pub async fn channel(running: &Running) -> Channel {
    Channel::from_shared(running.url().unwrap()).unwrap().connect().await.unwrap()
}

pub async fn connect(running: &Running) -> Grpc<Channel> {
    let mut grpc = Grpc::new(channel(running).await);
    grpc.ready().await.unwrap();
    grpc
}

pub fn path(path: &'static str) -> PathAndQuery {
    PathAndQuery::from_static(path)
}

pub async fn unary<Q, A>(
    grpc: &mut Grpc<Channel>,
    to: &'static str,
    message: Q,
) -> Result<A, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<Q, A>::default();
    grpc.unary(Request::new(message), path(to), codec).await.map(tonic::Response::into_inner)
}

pub fn place(sku: &str, quantity: u32) -> Place {
    Place { request_id: "r-1".to_owned(), sku: sku.to_owned(), quantity }
}

pub const PLACE: &str = "/sample.v1.OrdersService/PlaceOrder";

fn order(id: &str, quantity: u32) -> Order {
    Order { id: id.to_owned(), quantity, note: None }
}

#[tokio::test]
async fn unary_and_pages() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    let answer: Order = unary(&mut grpc, PLACE, place("MUG", 2)).await.unwrap();
    assert_eq!(answer, order("r-1", 2));
    let list = List { customer: "c".to_owned(), page_size: 2, page_token: "4".to_owned() };
    let listed: Listed =
        unary(&mut grpc, "/sample.v1.OrdersService/ListOrders", list).await.unwrap();
    assert_eq!(
        (listed.items, listed.next_page_token.as_str()),
        (vec![order("c", 4), order("c", 5)], "6")
    );
}

#[tokio::test]
async fn all_forms_of_streams() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    let watch = Request::new(Watch { id: "o".to_owned(), count: 3 });
    let codec = ProstCodec::<Watch, Order>::default();
    let mut stream = grpc
        .server_streaming(watch, path("/sample.v1.OrdersService/WatchOrder"), codec)
        .await
        .unwrap()
        .into_inner();
    for n in 0..3 {
        assert_eq!(stream.message().await.unwrap(), Some(order("o", n)));
    }
    assert_eq!(stream.message().await.unwrap(), None);

    grpc.ready().await.unwrap();
    let orders = Request::new(tokio_stream::iter((0..10).map(|n| order("o", n))));
    let codec = ProstCodec::<Order, Summary>::default();
    let to = path("/sample.v1.OrdersService/ImportOrders");
    let summary = grpc.client_streaming(orders, to, codec).await.unwrap().into_inner();
    assert_eq!(summary, Summary { orders: 10, quantity: 45 });

    grpc.ready().await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let orders = Request::new(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let codec = ProstCodec::<Order, Order>::default();
    let mut answers = grpc
        .streaming(orders, path("/sample.v1.OrdersService/Chat"), codec)
        .await
        .unwrap()
        .into_inner();
    for n in 0..5 {
        sender.send(order("o", n)).await.unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(order("o", n + 1)));
    }
    drop(sender);
    assert_eq!(answers.message().await.unwrap(), None);

    grpc.ready().await.unwrap();
    let scans = [("o-1", "abc"), ("", "de"), ("ignored", "")];
    let scans = scans.map(|(id, scan)| Scan { id: id.to_owned(), scan: Bytes::from(scan) });
    let codec = ProstCodec::<Scan, Value>::default();
    let to = path("/sample.v1.OrdersService/AttachScan");
    let length =
        grpc.client_streaming(Request::new(tokio_stream::iter(scans)), to, codec).await.unwrap();
    assert_eq!(length.into_inner().value, 5);
}

/// `google.rpc.Status` and its details, as others read them.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    delay: Option<prost_types::Duration>,
}

#[derive(Clone, PartialEq, Message)]
struct Reserve {
    #[prost(string, tag = "1")]
    sku: String,
}

fn details(status: &Status) -> Vec<prost_types::Any> {
    let rpc = RpcStatus::decode(status.details()).unwrap();
    assert_eq!((rpc.code, rpc.message.as_str()), (status.code() as i32, status.message()));
    rpc.details
}

#[tokio::test]
async fn errors_carry_the_standard_details() {
    let (running, _probe) = shop::start().await;
    let mut grpc = connect(&running).await;
    let status = unary::<_, Order>(&mut grpc, PLACE, place("", 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let [any] = &details(&status)[..] else { panic!() };
    assert_eq!(any.type_url, "type.googleapis.com/google.rpc.BadRequest");
    let bad = BadRequest::decode(&*any.value).unwrap();
    assert_eq!(bad.violations.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["sku"]);

    let status = unary::<_, Order>(&mut grpc, PLACE, place("GONE", 1)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "out of stock"));
    assert_eq!(details(&status)[0].type_url, "type.googleapis.com/sample.v1.OutOfStock");

    let reserve = Reserve { sku: "BUSY".to_owned() };
    let status = unary::<_, ()>(&mut grpc, "/sample.v1.InventoryService/Reserve", reserve)
        .await
        .unwrap_err();
    // Clients of others that retry by themselves heed that (A6).
    assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "2000");
    let [busy, retry] = &details(&status)[..] else { panic!() };
    assert_eq!(busy.type_url, "type.googleapis.com/sample.v1.Busy");
    assert_eq!(RetryInfo::decode(&*retry.value).unwrap().delay.unwrap().seconds, 2);
}

#[tokio::test]
async fn health_is_told_by_service() {
    let (running, _probe) = shop::start().await;
    let mut health = HealthClient::new(channel(&running).await);
    for service in ["", "sample.v1.OrdersService", "sample.v1.InventoryService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(
            health.check(request).await.unwrap().into_inner().status(),
            ServingStatus::Serving
        );
    }
    let unknown = HealthCheckRequest { service: "sample.v1.Nobody".to_owned() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_tells_what_is_served() {
    let (running, _probe) = shop::start().await;
    let mut reflection = ServerReflectionClient::new(channel(&running).await);
    let ask = |ask| ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
    let asks = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("sample.v1.OrdersService".to_owned())),
    ];
    let mut answers =
        reflection.server_reflection_info(tokio_stream::iter(asks)).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) =
        answers.message().await.unwrap().unwrap().message_response
    else {
        panic!()
    };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for name in ["sample.v1.OrdersService", "sample.v1.InventoryService"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    let Some(MessageResponse::FileDescriptorResponse(files)) =
        answers.message().await.unwrap().unwrap().message_response
    else {
        panic!()
    };
    let file = prost_types::FileDescriptorProto::decode(&*files.file_descriptor_proto[0]).unwrap();
    assert_eq!(file.name(), "sample.proto");
}
