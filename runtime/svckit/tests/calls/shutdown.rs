//! How a server ends.

use std::time::Duration;

use svckit::{App, Code, Config};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::generated_shape::inventory;
use crate::generated_shape::orders::{self, PlaceOrderError};
use crate::peer;
use crate::shop::{self, Inventory, Orders, place, seen};

#[tokio::test]
async fn calls_in_flight_end_and_nothing_new_is_taken() {
    let (running, probe) = shop::start().await;
    let (address, client) = (running.address().unwrap(), shop::remote(&running).await);
    let call = tokio::spawn(async move { client.place_order(place("WAIT", 1)).await });
    seen(&probe.started).await;
    let mut health = HealthClient::new(peer::channel(&running).await);
    let watch = HealthCheckRequest { service: "sample.v1.OrdersService".to_owned() };
    let mut watch = health.watch(watch).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let ended = tokio::spawn(running.shutdown());
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert!(watch.message().await.unwrap().is_none());
    // Health is told after the socket was closed.
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert!(!ended.is_finished());

    probe.go.add_permits(1);
    call.await.unwrap().unwrap();
    ended.await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_ended() {
    let probe = std::sync::Arc::new(shop::Probe::default());
    let drain = Duration::from_millis(50);
    let config = Config { drain, listen: Some("127.0.0.1:0".to_owned()), ..Config::default() };
    let app = App::with(config).serve(orders::server(Orders(probe.clone())));
    let running = app.serve(inventory::server(Inventory(probe.clone()))).start().await.unwrap();
    // A peer that does not try again.
    let mut grpc = peer::connect(&running).await;
    let place = peer::place("WAIT", 1);
    let call =
        tokio::spawn(
            async move { peer::unary::<_, peer::Order>(&mut grpc, peer::PLACE, place).await },
        );
    seen(&probe.started).await;
    running.shutdown().await;
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (tonic::Code::Unavailable, "the service is shutting down")
    );
    seen(&probe.dropped).await;
}

#[tokio::test]
async fn a_dropped_app_is_gone() {
    let (running, probe) = shop::start().await;
    let client = shop::remote(&running).await;
    let call = tokio::spawn(async move { client.place_order(place("WAIT", 1)).await });
    seen(&probe.started).await;
    drop(running);
    let PlaceOrderError::Other(error) = call.await.unwrap().unwrap_err() else { panic!() };
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    seen(&probe.dropped).await;
}
