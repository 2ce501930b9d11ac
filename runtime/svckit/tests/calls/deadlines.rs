//! Deadlines travel, nothing starts past them, and what nobody waits for is dropped.

use std::time::Duration;

use svckit::{CallOptions, Code, Streaming};

use crate::generated_shape::WatchOrderRequest;
use crate::generated_shape::orders::{Client, PlaceOrderError};
use crate::peer::{self, PLACE, path};
use crate::shop::{self, Probe, order, place, seen};

async fn place_code(client: &Client, sku: &str) -> Code {
    match client.place_order(place(sku, 1)).await.unwrap_err() {
        PlaceOrderError::Other(error) => error.code(),
        error => panic!("{error:?}"),
    }
}

/// Calls with this time, and more of it where it was over before a handler had begun, as on a machine with much to do; and
/// sees the handler dropped.
async fn ends_in_its_handler(probe: &Probe, call: impl AsyncFn(Duration)) {
    let mut time = Duration::from_millis(100);
    loop {
        call(time).await;
        if let Ok(started) = probe.started.try_acquire() {
            started.forget();
            return seen(&probe.dropped).await;
        }
        time *= 2;
    }
}

#[tokio::test]
async fn a_deadline_ends_the_call_and_its_handler() {
    let (running, probe) = shop::start().await;
    for client in [shop::remote(&running).await, Client::connect(&running).await.unwrap()] {
        let ended = ends_in_its_handler(&probe, async |time| {
            let client = client.with(CallOptions::new().deadline(time));
            assert_eq!(place_code(&client, "WAIT").await, Code::DeadlineExceeded);
        });
        ended.await;
    }
}

#[tokio::test]
async fn the_caller_s_deadline_reaches_the_handler() {
    let (running, _probe) = shop::start().await;
    for client in [shop::remote(&running).await, Client::connect(&running).await.unwrap()] {
        let left = client.with(CallOptions::new().deadline(Duration::from_secs(5)));
        let left = left.place_order(place("LEFT", 1)).await.unwrap().quantity;
        assert!((1..=5_000).contains(&left), "{left}");
        // Without a deadline of its own the call has the policy's: 30 s an attempt.
        let left = client.place_order(place("LEFT", 1)).await.unwrap().quantity;
        assert!((5_001..=30_000).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn nothing_starts_past_the_deadline() {
    let (running, probe) = shop::start().await;
    for client in [shop::remote(&running).await, Client::connect(&running).await.unwrap()] {
        let client = client.with(CallOptions::new().deadline(Duration::ZERO));
        assert_eq!(place_code(&client, "WAIT").await, Code::DeadlineExceeded);
    }
    assert_eq!(probe.started.available_permits(), 0);
}

#[tokio::test]
async fn the_server_ends_what_a_peer_s_timeout_ends() {
    let (running, probe) = shop::start().await;
    let grpc = peer::connect(&running).await;
    let ended = ends_in_its_handler(&probe, async |time| {
        let mut grpc = grpc.clone();
        grpc.ready().await.unwrap();
        let mut request = tonic::Request::new(peer::place("WAIT", 1));
        request.set_timeout(time);
        let codec = tonic_prost::ProstCodec::<peer::Place, peer::Order>::default();
        grpc.unary(request, path(PLACE), codec).await.unwrap_err();
    });
    ended.await;
}

#[tokio::test]
async fn who_gives_up_cancels_the_handler() {
    let (running, probe) = shop::start().await;
    for client in [shop::remote(&running).await, Client::connect(&running).await.unwrap()] {
        let call = tokio::spawn(async move { client.place_order(place("WAIT", 1)).await });
        seen(&probe.started).await;
        call.abort();
        seen(&probe.dropped).await;
    }
}

#[tokio::test]
async fn who_stops_reading_cancels_the_stream() {
    let (running, probe) = shop::start().await;
    for client in [shop::remote(&running).await, Client::connect(&running).await.unwrap()] {
        let watch = WatchOrderRequest { id: "wait".to_owned(), count: 0 };
        let mut orders = client.watch_order(watch).await.unwrap();
        assert_eq!(orders.message().await.unwrap(), Some(order("first", 0)));
        let (read, started) = (orders.message(), seen(&probe.started));
        tokio::select! {
            read = read => panic!("{read:?}"),
            () = started => {}
        }
        drop(orders);
        seen(&probe.dropped).await;
    }
}

#[tokio::test]
async fn a_stream_that_its_writer_leaves_is_no_success() {
    let (running, probe) = shop::start().await;
    for client in [shop::remote(&running).await, Client::connect(&running).await.unwrap()] {
        let (sender, orders) = Streaming::channel(1);
        let call = tokio::spawn(async move { client.import_orders(orders).await });
        sender.send(order("o", 1)).await.unwrap();
        seen(&probe.started).await;
        call.abort();
        seen(&probe.dropped).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_s_numbers_are_kept() {
    let (app, _probe) = shop::app();
    let running = app.start().await.unwrap();
    let client = Client::connect(&running).await.unwrap();
    let before = tokio::time::Instant::now();
    assert_eq!(place_code(&client, "WAIT").await, Code::DeadlineExceeded);
    // Two attempts of 30 s, for its key makes a repetition harmless; the total ends the second.
    assert_eq!(before.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_deadline() {
    let (app, probe) = shop::app();
    let running = app.start().await.unwrap();
    let client = Client::connect(&running).await.unwrap();
    let client = client.with(CallOptions::new().deadline(Duration::from_secs(10)));
    let watch = WatchOrderRequest { id: "wait".to_owned(), count: 0 };
    let mut orders = client.watch_order(watch).await.unwrap();
    orders.message().await.unwrap().unwrap();
    assert_eq!(orders.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    assert!(orders.message().await.unwrap().is_none());
    seen(&probe.dropped).await;
}
