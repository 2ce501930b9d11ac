//! EndpointSlices: listed, watched, gone, broken.

use std::path::Path;

use serde_json::json;
use svckit_discovery::kubernetes::Kubernetes;

use super::cluster::{endpoint, event, list, ready, slice};
use super::server::Server;
use super::{Sets, env};

fn orders(server: &Server, account: &Path) -> Sets {
    let service = ("orders", Some("shop"), Some("grpc"));
    Sets::of(&Kubernetes::at(&server.url(), account, service, env()).unwrap())
}

const PATH: &str = "GET /apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dorders";

#[tokio::test]
async fn slices_are_listed_once_and_watched_from_there() {
    let account = tempfile::tempdir().unwrap();
    std::fs::write(account.path().join("token"), "first\n").unwrap();
    let server = Server::start().await;
    let mut sets = orders(&server, account.path());
    let played = async {
        let asked = server.asked().await;
        assert_eq!(asked.line, PATH);
        assert!(asked.head.contains("authorization: bearer first"), "{}", asked.head);
        let slices = [slice("orders-a", 5, &[ready("10.0.0.1"), ready("10.0.0.2")])];
        asked.answer("200 OK", "", &list(10, &slices)).await;
        let asked = server.asked().await;
        assert!(asked.line.starts_with(PATH) && asked.line.contains("&watch=1"), "{}", asked.line);
        assert!(asked.line.ends_with("&resourceVersion=10"), "{}", asked.line);
        asked.begin().await
    };
    let (first, mut watch) = tokio::join!(sets.addresses(), played);
    assert_eq!(first, ["10.0.0.1:7000", "10.0.0.2:7000"]);
    // One terminates and still serves; then it is gone. One is not ready; another slice comes, and goes.
    for (line, wanted) in [
        (
            event(
                "MODIFIED",
                &slice(
                    "orders-a",
                    11,
                    &[ready("10.0.0.1"), endpoint("10.0.0.2", false, true, true)],
                ),
            ),
            &["10.0.0.1:7000", "~10.0.0.2:7000"][..],
        ),
        (event("MODIFIED", &slice("orders-a", 12, &[ready("10.0.0.1")])), &["10.0.0.1:7000"]),
        (
            event(
                "ADDED",
                &slice(
                    "orders-b",
                    13,
                    &[ready("10.0.0.3"), endpoint("10.0.0.4", false, false, false)],
                ),
            ),
            &["10.0.0.1:7000", "10.0.0.3:7000"],
        ),
        (event("DELETED", &slice("orders-a", 14, &[])), &["10.0.0.3:7000"]),
    ] {
        let (found, ()) = tokio::join!(sets.addresses(), watch.say(&line));
        assert_eq!(found, wanted);
    }
    // The token is read anew; a watch that ends goes on from the last version, that of a bookmark.
    std::fs::write(account.path().join("token"), "second").unwrap();
    let bookmark = json!({ "kind": "EndpointSlice", "metadata": { "resourceVersion": "20" } });
    let played = async {
        watch.say(&event("BOOKMARK", &bookmark)).await;
        watch.end().await;
        let asked = server.asked().await;
        assert!(asked.line.ends_with("&resourceVersion=20"), "{}", asked.line);
        assert!(asked.head.contains("authorization: bearer second"), "{}", asked.head);
        let mut watch = asked.begin().await;
        watch.say(&event("MODIFIED", &slice("orders-b", 21, &[ready("10.0.0.9")]))).await;
        watch
    };
    let (found, _watch) = tokio::join!(sets.addresses(), played);
    assert_eq!(found, ["10.0.0.9:7000"]);
}

/// By status, and as an event of a watch that has begun: the version is too old, and all is listed anew.
#[tokio::test]
async fn a_version_that_is_gone_is_listed_anew() {
    let account = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let mut sets = orders(&server, account.path());
    let gone = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version: 10 (999)", "reason": "Expired", "code": 410
    });
    let played = async {
        let slices = [slice("orders-a", 5, &[ready("10.0.0.1")])];
        server.asked().await.answer("200 OK", "", &list(10, &slices)).await;
        server.asked().await.answer("410 Gone", "", &gone.to_string()).await;
        // Another list, which has lost a slice: what was known of it is gone, too.
        let asked = server.asked().await;
        assert_eq!(asked.line, PATH);
        let slices = [slice("orders-b", 900, &[ready("10.0.0.2")])];
        asked.answer("200 OK", "", &list(1000, &slices)).await;
    };
    let both = async { [sets.addresses().await, sets.addresses().await] };
    let (found, ()) = tokio::join!(both, played);
    assert_eq!(found, [["10.0.0.1:7000"], ["10.0.0.2:7000"]]);
    let played = async {
        let asked = server.asked().await;
        assert!(asked.line.ends_with("&resourceVersion=1000"), "{}", asked.line);
        let mut watch = asked.begin().await;
        watch.say(&event("ERROR", &gone)).await;
        let asked = server.asked().await;
        assert_eq!(asked.line, PATH);
        asked.answer("200 OK", "", &list(2000, &[])).await;
    };
    let (found, ()) = tokio::join!(sets.addresses(), played);
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_found_holds_while_the_server_does_not_answer() {
    let account = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let mut sets = orders(&server, account.path());
    // Nothing is known yet: that is told.
    let refused = async { server.asked().await.answer("403 Forbidden", "", "{}").await };
    let (error, ()) = tokio::join!(sets.next(), refused);
    let error = error.unwrap_err();
    assert!(error.message().contains("403"), "{error}");
    let played = async {
        let slices = [slice("orders-a", 5, &[ready("10.0.0.1")])];
        server.asked().await.answer("200 OK", "", &list(10, &slices)).await;
    };
    let (found, ()) = tokio::join!(sets.addresses(), played);
    assert_eq!(found, ["10.0.0.1:7000"]);
    // From now on it is not: the watch breaks, and the ones after it, and nothing is said of that.
    let played = async {
        let mut watch = server.asked().await.begin().await;
        watch.say("{ this is no event").await;
        drop(server.asked().await);
        server.asked().await.answer("500 Internal Server Error", "", "oops").await;
        let asked = server.asked().await;
        assert!(asked.line.ends_with("&resourceVersion=10"), "{}", asked.line);
        let mut watch = asked.begin().await;
        watch.say(&event("MODIFIED", &slice("orders-a", 11, &[ready("10.0.0.7")]))).await;
        watch
    };
    let (found, _watch) = tokio::join!(sets.addresses(), played);
    assert_eq!(found, ["10.0.0.7:7000"]);
}
