//! Numbers of policies that change in a file while calls run, on both sides, over real sockets.

use std::path::Path;
use std::time::Duration;

use svckit::{App, Code, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::far::Far;
use crate::generated_shape::ReserveRequest;
use crate::generated_shape::inventory::{self, ReserveError};

/// How long its callee is given.
async fn left(client: &inventory::Client) -> u64 {
    let request = ReserveRequest { sku: "FAR LEFT".to_owned(), quantity: 1 };
    match client.reserve(request).await.unwrap_err() {
        ReserveError::Other(error) if error.code() == Code::OutOfRange => {
            error.message().parse().unwrap()
        }
        error => panic!("{error:?}"),
    }
}

/// Calls until one is as it should be: the file is looked at from time to time.
async fn until(client: &inventory::Client, holds: impl Fn(u64) -> bool) {
    let called = async { while !holds(left(client).await) {} };
    tokio::time::timeout(Duration::from_secs(60), called).await.expect("it is taken up");
}

/// As editors and deployments do: written beside, then put in its place.
fn write(path: &Path, numbers: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, format!("[policy.\"sample.v1.Inventory.Reserve\"]\n{numbers}\n"))
        .unwrap();
    std::fs::rename(beside, path).unwrap();
}

async fn metrics(address: std::net::SocketAddr) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn numbers_change_under_calls_on_both_sides_and_bad_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (ours, theirs) = (path("client.toml"), path("server.toml"));
    write(&ours, "");
    write(&theirs, "");
    let config = |path: &Path| Config { path: Some(path.to_owned()), ..Config::default() };
    let server = App::with(config(&theirs)).serve(inventory::server(Far::default()));
    let server = server.listen("127.0.0.1:0").start().await.unwrap();
    let app = App::with(config(&ours)).admin("127.0.0.1:0");
    let app = app.endpoint("sample.v1.Inventory", server.url().unwrap()).start().await.unwrap();
    let client = inventory::Client::connect(&app).await.unwrap();
    // The contract's: a second for an attempt, three for a call.
    assert!(left(&client).await <= 1_000);

    write(&ours, "timeout.attempt = \"1900ms\"");
    until(&client, |left| left > 1_000).await;
    write(&theirs, "timeout.total = \"1600ms\"");
    until(&client, |left| left <= 1_600).await;
    assert!(left(&client).await > 1_000);

    // Beyond the range: refused, seen, and what held before holds.
    write(&ours, "timeout.attempt = \"5s\"");
    let refused = "svckit_config_reloads_total{outcome=\"refused\",part=\"policy\"} 1";
    let admin = app.admin_address().unwrap();
    let seen = async { while !metrics(admin).await.contains(refused) {} };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("it is counted");
    assert!((1_001..=1_600).contains(&left(&client).await));

    write(&ours, "");
    write(&theirs, "");
    until(&client, |left| left <= 1_000).await;
    app.shutdown().await;
    server.shutdown().await;
}
