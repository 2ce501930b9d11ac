//! What an app holds together: the ways between services, events, queued commands, schedules.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use svckit::generated as rt;
use svckit::{App, CallOptions, Code};

use crate::generated_shape::orders::{self, Client};
use crate::generated_shape::{ResizePhotoRequest, inventory};
use crate::shop::{self, Inventory, Orders, Probe, place, seen};

#[tokio::test]
async fn a_callee_that_is_nowhere_is_told_before_the_start() {
    let app = App::local().serve(orders::server(Orders(Arc::default())));
    let error = app.start().await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    let wanted = "sample.v1.Orders calls sample.v1.Inventory, but this process does not serve it";
    assert!(error.message().starts_with(wanted), "{error}");
    assert!(
        error.message().contains("SVCKIT_ENDPOINTS=\"sample.v1.Inventory=http://host:port\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_without_a_way_is_told() {
    let error = Client::connect(&App::local()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("SVCKIT_ENDPOINTS"), "{error}");
}

/// What another crate that compiles the same contract has.
static AGAIN: rt::ServiceDescriptor = rt::ServiceDescriptor {
    name: "sample.v1.Inventory",
    wire_name: "sample.v1.InventoryService",
    operations: &[],
    calls: &[],
    auth: rt::Auth::DEPLOYMENT,
    file_descriptor: None,
};

#[tokio::test]
async fn a_second_generation_of_a_package_is_told() {
    let told = |error: svckit::Error| {
        assert_eq!(error.code(), Code::FailedPrecondition);
        for part in ["sample.v1.Inventory is generated twice", "extern_package(\"sample.v1\""] {
            assert!(error.message().contains(part), "{error}");
        }
    };
    let server = || inventory::server(Inventory(Arc::default()));
    // Called by one and served by the other; served by both; called by both.
    let running = App::local().serve(server()).start().await.unwrap();
    told(running.stub(&AGAIN).unwrap_err());
    let again = rt::ServiceServer::builder(&AGAIN, ()).build();
    told(App::local().serve(server()).serve(again.clone()).start().await.unwrap_err());
    let app = App::local().endpoint("sample.v1.Inventory", "http://127.0.0.1:1");
    app.stub(&inventory::DESCRIPTOR).unwrap();
    told(app.stub(&AGAIN).unwrap_err());
    told(app.serve(again).start().await.unwrap_err());
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let (running, _probe) = shop::start().await;
    let (app, _probe) = shop::app();
    let error = app.listen(running.address().unwrap().to_string()).start().await.unwrap_err();
    assert!(error.message().starts_with("cannot listen on 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn services_of_two_processes_call_each_other() {
    let probe = Arc::new(Probe::default());
    let inventory = App::local().serve(inventory::server(Inventory(probe.clone())));
    let inventory = inventory.listen("127.0.0.1:0").start().await.unwrap();
    let orders = App::local().endpoint("sample.v1.Inventory", inventory.url().unwrap());
    let orders = orders
        .serve(orders::server(Orders(probe.clone())))
        .listen("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let client = shop::remote(&orders).await.with(CallOptions::new().tenant("acme"));
    client.place_order(place("TENANT", 1)).await.unwrap();
    assert_eq!(probe.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_served_here_is_called_here() {
    let (app, _probe) = shop::app();
    let app = app.endpoint("sample.v1.Inventory", "http://127.0.0.1:1");
    let running = app.start().await.unwrap();
    Client::connect(&running).await.unwrap().place_order(place("MUG", 1)).await.unwrap();
}

#[tokio::test]
async fn an_event_goes_out_with_success_alone() {
    let (running, probe) = shop::start().await;
    let client = shop::remote(&running).await;
    client.place_order(place("MUG", 2)).await.unwrap();
    client.place_order(place("LATE", 40)).await.unwrap_err();
    client.place_order(place("MUG", 3)).await.unwrap();
    running.idle().await.unwrap();
    assert_eq!(probe.placed.load(Ordering::SeqCst), 5);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_tried_again_and_then_given_up() {
    let (app, probe) = shop::app();
    let running = app.start().await.unwrap();
    let client = Client::connect(&running).await.unwrap();
    client.place_order(place("MUG", 2)).await.unwrap();
    seen(&probe.heard).await;
    // The inventory answers the call and then fails on the event, twice.
    for (failing, placed, dead) in [(2, 4, 0), (100, 4, 1)] {
        let order = client.place_order(place("MUG", 2)).await.unwrap();
        probe.failing.store(failing, Ordering::SeqCst);
        assert_eq!(order.quantity, 2);
        running.idle().await.unwrap();
        assert_eq!(probe.placed.load(Ordering::SeqCst), placed);
        assert_eq!(running.dead_letters().await.unwrap().len(), dead);
    }
    let letter = &running.dead_letters().await.unwrap()[0];
    assert_eq!(
        (&*letter.envelope.name, letter.failure.handler.as_str()),
        ("sample.v1.Orders.OrderPlaced", "CountPlaced")
    );
    assert_eq!(
        (letter.attempts, letter.failure.class.as_str(), &*letter.envelope.key),
        (10, "unavailable", "r-1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_queued_command_is_accepted_and_then_done() {
    let (app, probe) = shop::app();
    let running = app.start().await.unwrap();
    let client = Client::connect(&running).await.unwrap();
    let photo = |photo: &str| ResizePhotoRequest { photo: photo.to_owned() };
    for _ in 0..10 {
        client.resize_photo(photo("p")).await.unwrap();
    }
    client.resize_photo(photo("broken")).await.unwrap();
    running.idle().await.unwrap();
    assert_eq!(probe.resized.available_permits(), 10);
    let letters = running.dead_letters().await.unwrap();
    assert_eq!(
        letters.iter().map(|l| (&*l.envelope.name, l.attempts)).collect::<Vec<_>>(),
        [("sample.v1.Orders.ResizePhoto", 3)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_schedule_ticks() {
    let (app, probe) = shop::app();
    let _running = app.start().await.unwrap();
    // At once for the hour that has begun, then with each that begins.
    seen(&probe.ticks).await;
    seen(&probe.ticks).await;
    let before = tokio::time::Instant::now();
    seen(&probe.ticks).await;
    assert_eq!(before.elapsed().as_secs(), 3_600);
}

#[tokio::test]
async fn a_service_is_served_once() {
    let (app, probe) = shop::app();
    let error = app.serve(inventory::server(Inventory(probe))).start().await.unwrap_err();
    assert_eq!(error.message(), "sample.v1.Inventory is served twice; serve it once");
}

#[tokio::test(start_paused = true)]
async fn events_of_one_key_keep_their_order() {
    let (app, probe) = shop::app();
    let running = app.start().await.unwrap();
    let client = Client::connect(&running).await.unwrap();
    for quantity in 1..=50 {
        client.place_order(place("MUG", quantity)).await.unwrap();
        // Whatever fails holds those of its key back.
        probe.failing.store(u32::from(quantity % 7 == 0), Ordering::SeqCst);
    }
    running.idle().await.unwrap();
    let heard = probe.order.lock().unwrap().clone();
    assert_eq!(heard, (1..=50).collect::<Vec<_>>());
}
