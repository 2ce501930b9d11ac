//! What holds for a call whether it stays in the process or crosses a socket.

use svckit::{ByteStream, Bytes, CallOptions, Code, Error, PageRequest, Streaming};

use crate::generated_shape::orders::{AttachScanRequest, Client, PlaceOrderError};
use crate::generated_shape::*;
use crate::shop::{order, place};

macro_rules! both {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn in_process() {
                let (running, _probe) = crate::shop::start().await;
                super::$name(super::Client::connect(&running).await.unwrap()).await;
            }

            #[tokio::test]
            async fn over_grpc() {
                let (running, _probe) = crate::shop::start().await;
                super::$name(crate::shop::remote(&running).await).await;
                running.shutdown().await;
            }

            #[tokio::test]
            async fn over_http() {
                let (running, _probe) = crate::shop::start().await;
                super::$name(crate::shop::remote_http(&running).await).await;
                running.shutdown().await;
            }
        }
    )*};
}

both! {
    unary paged server_stream stream_of_values client_stream client_stream_that_fails bidi
    bidi_requests_end_first upload upload_too_long
    upload_too_short download declared_errors errors_of_callees violations metadata stream_error_in_the_middle
    stream_refused_before_it_starts panic_is_internal stream_panic_is_internal empty_answers causes_stay_inside
    request_stream_error_cancels
}

async fn unary(client: Client) {
    assert_eq!(client.place_order(place("MUG", 2)).await.unwrap(), order("r-1", 2));
}

async fn paged(client: Client) {
    let request = || ListOrdersRequest { customer: "c".to_owned() };
    let page =
        client.list_orders(request(), PageRequest { size: 2, token: String::new() }).await.unwrap();
    assert_eq!(page.items, [order("c", 0), order("c", 1)]);
    let page = client
        .list_orders(request(), PageRequest { size: 1, token: page.next_page_token })
        .await
        .unwrap();
    assert_eq!(page.items, [order("c", 2)]);
}

fn watch(id: &str, count: u32) -> WatchOrderRequest {
    WatchOrderRequest { id: id.to_owned(), count }
}

async fn server_stream(client: Client) {
    let orders = client.watch_order(watch("o", 300)).await.unwrap().collect().await.unwrap();
    assert_eq!(orders, (0..300).map(|n| order("o", n)).collect::<Vec<_>>());
}

async fn stream_of_values(client: Client) {
    let values = client.count(CountRequest { upto: 4 }).await.unwrap().collect().await.unwrap();
    assert_eq!(values, [0, 1, 2, 3]);
}

async fn client_stream(client: Client) {
    let orders = Streaming::from_values((0..100).map(|n| order("o", n)));
    assert_eq!(
        client.import_orders(orders).await.unwrap(),
        ImportSummary { orders: 100, quantity: 4_950 }
    );
    let none = client.import_orders(Streaming::from_values([])).await.unwrap();
    assert_eq!(none, ImportSummary::default());
}

async fn client_stream_that_fails(client: Client) {
    let endless =
        futures_util::stream::iter((0..).map(|n| order(if n == 3 { "stop" } else { "o" }, n)));
    let error = client.import_orders(Streaming::from_stream(endless)).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::OutOfRange, "no more, please"));
}

async fn bidi(client: Client) {
    let (sender, orders) = Streaming::channel(1);
    let mut answers = client.chat(orders).await.unwrap();
    for n in 0..20 {
        sender.send(order("o", n)).await.unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(order("o", n + 1)));
    }
    drop(sender);
    assert_eq!(answers.message().await.unwrap(), None);
}

/// All that is sent may be gone before the callee has begun to answer.
async fn bidi_requests_end_first(client: Client) {
    for count in 0..20 {
        let orders = Streaming::from_values((0..count).map(|n| order("o", n)));
        let answers = client.chat(orders).await.unwrap().collect().await.unwrap();
        assert_eq!(answers, (0..count).map(|n| order("o", n + 1)).collect::<Vec<_>>());
    }
}

fn scan(chunks: Vec<usize>) -> AttachScanRequest {
    let chunks = chunks.into_iter().map(|len| Bytes::from(vec![1; len])).collect::<Vec<_>>();
    AttachScanRequest { id: "o-1".to_owned(), scan: ByteStream::from_values(chunks) }
}

async fn upload(client: Client) {
    assert_eq!(client.attach_scan(scan(vec![10, 0, 65_526])).await.unwrap(), 65_536);
}

async fn upload_too_long(client: Client) {
    let error = client.attach_scan(scan(vec![65_536, 1])).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "scan: more than 65536 bytes were sent");
}

async fn upload_too_short(client: Client) {
    let error = client.attach_scan(scan(vec![])).await.unwrap_err();
    assert_eq!(error.message(), "scan: 0 bytes were sent, at least 1 are wanted");
}

async fn download(client: Client) {
    let bytes = client.download(DownloadRequest { chunks: 5, size: 100_000 }).await.unwrap();
    assert_eq!(bytes.read_all(500_000).await.unwrap(), vec![7; 500_000]);
    let bytes = client.download(DownloadRequest { chunks: 5, size: 100_000 }).await.unwrap();
    assert_eq!(bytes.read_all(499_999).await.unwrap_err().code(), Code::ResourceExhausted);
}

async fn declared_errors(client: Client) {
    let error = client.place_order(place("GONE", 4)).await.unwrap_err();
    let PlaceOrderError::OutOfStock(error) = error else { panic!("{error:?}") };
    assert_eq!(error, OutOfStock { sku: "GONE".to_owned(), available: 3 });
}

async fn errors_of_callees(client: Client) {
    // The callee's declared error is not ours, and its judgement of our request is our bug.
    let PlaceOrderError::Other(error) = client.place_order(place("BUSY", 1)).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!((error.code(), error.domain_name()), (Code::Unavailable, None));
    let PlaceOrderError::Other(error) = client.place_order(place("PICKY", 1)).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(error.code(), Code::Internal);
}

async fn violations(client: Client) {
    let PlaceOrderError::Other(error) = client.place_order(place("", 0)).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(error.code(), Code::InvalidArgument);
    let found: Vec<_> =
        error.violations().iter().map(|v| (v.path.as_str(), v.rule.as_str())).collect();
    assert_eq!(found, [("sku", "len 1..=8"), ("quantity", "range 1..=999")]);
}

async fn metadata(client: Client) {
    let options = CallOptions::new().tenant("acme").correlation_id("c-1").idempotency_key("beside");
    let client = client.with(options);
    let request = place("WHO", 1);
    let key = request.request_id.clone();
    let note = client.place_order(request).await.unwrap().note.unwrap();
    // The key in the request is the key; tenant and correlation travel on to callees.
    assert!(note.starts_with(&format!("acme|{key}|c-1|")), "{note}");
    client.place_order(place("TENANT", 1)).await.unwrap();
}

async fn stream_error_in_the_middle(client: Client) {
    let mut orders = client.watch_order(watch("fail", 3)).await.unwrap();
    assert_eq!(orders.message().await.unwrap(), Some(order("fail", 0)));
    assert_eq!(orders.message().await.unwrap(), Some(order("fail", 1)));
    let error = orders.message().await.unwrap_err();
    assert_eq!(
        error.into_domain::<OutOfStock>().unwrap(),
        OutOfStock { sku: "fail".to_owned(), available: 2 }
    );
    assert!(orders.message().await.unwrap().is_none());
}

async fn stream_refused_before_it_starts(client: Client) {
    let refused = match client.watch_order(watch("never", 0)).await {
        Ok(orders) => orders.collect().await.map(drop),
        Err(error) => Err(error),
    };
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
}

async fn panic_is_internal(client: Client) {
    let PlaceOrderError::Other(error) = client.place_order(place("PANIC", 1)).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(
        (error.code(), error.message()),
        (Code::Internal, "the handler failed unexpectedly")
    );
    client.place_order(place("MUG", 1)).await.unwrap();
}

async fn stream_panic_is_internal(client: Client) {
    let error = client.watch_order(watch("panic", 2)).await.unwrap().collect().await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(client.watch_order(watch("o", 1)).await.unwrap().collect().await.unwrap().len(), 1);
}

async fn empty_answers(client: Client) {
    client.forget(ForgetRequest { customer: "c".to_owned() }).await.unwrap();
    assert_eq!(client.forget(ForgetRequest::default()).await.unwrap_err().code(), Code::NotFound);
}

async fn causes_stay_inside(client: Client) {
    let error = client.place_order(place("SECRET", 1)).await.unwrap_err();
    let PlaceOrderError::Other(error) = error else { panic!() };
    assert!(!format!("{error}").contains("hunter2"));
}

async fn request_stream_error_cancels(client: Client) {
    let items = [Ok(order("a", 1)), Err(Error::data_loss("the file ended early"))];
    let orders = Streaming::from_results(futures_util::stream::iter(items));
    let error = client.import_orders(orders).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::DataLoss, "the file ended early"));
}
