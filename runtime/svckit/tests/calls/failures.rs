//! Callees that fail or are not there.

use std::sync::atomic::Ordering;

use svckit::{App, Code};

use crate::generated_shape::inventory::{self, ReserveError};
use crate::generated_shape::orders::{self, PlaceOrderError};
use crate::generated_shape::{ForgetRequest, ReserveRequest, StockLevelRequest};
use crate::shop::{self, place};

fn level() -> StockLevelRequest {
    StockLevelRequest { sku: "MUG".to_owned() }
}

#[tokio::test]
async fn a_query_is_tried_again() {
    let (running, probe) = shop::start().await;
    let near = inventory::Client::connect(&running).await.unwrap();
    for client in [shop::remote_inventory(&running.url().unwrap()).await, near] {
        probe.calls.store(0, Ordering::SeqCst);
        probe.failing.store(2, Ordering::SeqCst);
        assert_eq!(client.stock_level(level()).await.unwrap(), 3);
        assert_eq!(probe.calls.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn retries_are_bounded_and_told_of() {
    let (running, probe) = shop::start().await;
    probe.failing.store(100, Ordering::SeqCst);
    let client = shop::remote_inventory(&running.url().unwrap()).await;
    let error = client.stock_level(level()).await.unwrap_err();
    assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true));
    assert_eq!(probe.calls.load(Ordering::SeqCst), 3);

    // Two hops: the inner client's retries are told to the outer one, over the wire.
    probe.calls.store(0, Ordering::SeqCst);
    let client = shop::remote(&running).await;
    let PlaceOrderError::Other(error) = client.place_order(place("MUG", 1)).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true));
    assert_eq!(probe.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_the_contract_declares_is_not_tried_again() {
    let (running, probe) = shop::start().await;
    let client = shop::remote_inventory(&running.url().unwrap()).await;
    let reserve = ReserveRequest { sku: "GONE".to_owned(), quantity: 1 };
    assert!(matches!(client.reserve(reserve).await.unwrap_err(), ReserveError::OutOfStock(_)));
    assert_eq!(probe.calls.load(Ordering::SeqCst), 1);
}

/// An address where nobody listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_refused_connection_is_told_and_reached_nobody() {
    let url = nowhere().await;
    let app = App::local().endpoint("sample.v1.Orders", &url);
    let client = orders::Client::connect(&app).await.unwrap();
    let error = client.forget(ForgetRequest { customer: "c".to_owned() }).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.unreached() && error.retried_below(), "{error:?}");
    assert!(error.message().contains(&format!("no connection to {url}")), "{error}");
}

#[tokio::test]
async fn a_client_finds_its_callee_again() {
    let (running, _probe) = shop::start().await;
    let address = running.address().unwrap().to_string();
    let client = shop::remote(&running).await;
    client.place_order(place("MUG", 1)).await.unwrap();
    running.shutdown().await;
    let PlaceOrderError::Other(error) = client.place_order(place("MUG", 1)).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    let (app, _probe) = shop::app();
    let running = app.listen(address).start().await.unwrap();
    client.place_order(place("MUG", 1)).await.unwrap();
    running.shutdown().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    for (url, wanted) in [
        ("inventory:7001", "no scheme"),
        ("ftp://inventory", "ftp is not"),
        ("http://", "no address"),
    ] {
        let app = App::local().endpoint("sample.v1.Orders", url);
        let error = orders::Client::connect(&app).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(wanted), "{error}");
    }
}
