//! Blocking queries at an agent. Their bodies are what `/v1/health/service` of Consul's documents answers.

use serde_json::{Value as Json, json};
use svckit_discovery::consul::Consul;

use super::server::{Asked, Server};
use super::{Sets, env};

fn entry(node: &str, address: &str, port: u16, weight: u32) -> Json {
    json!({
        "Node": {
            "ID": "40e4a748-2192-161a-0510-9bf59fe950b5", "Node": "n", "Address": node, "Datacenter": "dc1",
            "TaggedAddresses": { "lan": node, "wan": node }, "Meta": { "instance_type": "t2.medium" }
        },
        "Service": {
            "ID": "orders-1", "Service": "orders", "Tags": ["blue"], "Address": address, "Port": port,
            "Meta": {}, "Weights": { "Passing": weight, "Warning": 1 }, "Namespace": "default"
        },
        "Checks": [
            { "Node": "n", "CheckID": "serfHealth", "Name": "Serf Health Status", "Status": "passing", "ServiceTags": [] }
        ]
    })
}

async fn answer(asked: Asked, index: &str, entries: &[Json]) {
    let body = Json::Array(entries.to_vec()).to_string();
    asked.answer("200 OK", &format!("x-consul-index: {index}\r\n"), &body).await;
}

fn orders(server: &Server) -> Sets {
    let url = server.url();
    let variable = move |name: &str| match name {
        "CONSUL_HTTP_ADDR" => Some(url.clone()),
        "CONSUL_HTTP_TOKEN" => Some("let-me-in".to_owned()),
        _ => None,
    };
    Sets::of(
        &Consul::from_variables("orders", Some("blue"), Some("dc 1"), variable, env()).unwrap(),
    )
}

const PATH: &str = "GET /v1/health/service/orders?passing=1&tag=blue&dc=dc%201";

#[tokio::test]
async fn each_query_waits_for_what_the_last_one_did_not_know() {
    let server = Server::start().await;
    let mut sets = orders(&server);
    let played = async {
        let asked = server.asked().await;
        assert_eq!(asked.line, PATH);
        assert!(asked.head.contains("x-consul-token: let-me-in"), "{}", asked.head);
        let entries = [entry("10.1.0.1", "", 7000, 1), entry("10.1.0.2", "10.9.0.2", 7001, 3)];
        answer(asked, "42", &entries).await;
    };
    let (found, ()) = tokio::join!(sets.next(), played);
    let found: Vec<_> =
        found.unwrap().iter().map(|e| (e.address.to_string(), e.weight / 100)).collect();
    assert_eq!(found, [("10.1.0.1:7000".to_owned(), 1), ("10.9.0.2:7001".to_owned(), 3)]);
    // It waits at the agent; what comes back unchanged is no new set.
    let played = async {
        for wanted in ["&index=42&wait=55s", "&index=43&wait=55s"] {
            let asked = server.asked().await;
            assert_eq!(asked.line, format!("{PATH}{wanted}"));
            let entries = [entry("10.1.0.1", "", 7000, 1), entry("10.1.0.2", "10.9.0.2", 7001, 3)];
            answer(asked, "43", &entries).await;
        }
        answer(server.asked().await, "44", &[entry("10.1.0.1", "", 7000, 1)]).await;
    };
    let (found, ()) = tokio::join!(sets.addresses(), played);
    assert_eq!(found, ["10.1.0.1:7000"]);
    // All of them fail their checks.
    let played = async { answer(server.asked().await, "45", &[]).await };
    let (found, ()) = tokio::join!(sets.addresses(), played);
    assert_eq!(found, Vec::<String>::new());
}

/// A restored snapshot, a leader that was lost: the index goes back, and the queries begin again.
#[tokio::test]
async fn an_index_that_goes_back_begins_again() {
    let server = Server::start().await;
    let mut sets = orders(&server);
    let played = async {
        answer(server.asked().await, "100", &[entry("10.1.0.1", "", 7000, 1)]).await;
        let asked = server.asked().await;
        assert!(asked.line.contains("&index=100"), "{}", asked.line);
        answer(asked, "7", &[entry("10.1.0.1", "", 7000, 1)]).await;
        let asked = server.asked().await;
        assert_eq!(asked.line, PATH, "it waits for nothing");
        answer(asked, "8", &[entry("10.1.0.2", "", 7000, 1)]).await;
    };
    let both = async { [sets.addresses().await, sets.addresses().await] };
    let (found, ()) = tokio::join!(both, played);
    assert_eq!(found, [["10.1.0.1:7000"], ["10.1.0.2:7000"]]);
}

#[tokio::test]
async fn what_was_found_holds_while_the_agent_fails() {
    let server = Server::start().await;
    let mut sets = orders(&server);
    let refused = async {
        server.asked().await.answer("500 Internal Server Error", "", "No cluster leader").await;
    };
    let (error, ()) = tokio::join!(sets.next(), refused);
    assert!(error.unwrap_err().message().contains("500"));
    let played = async {
        answer(server.asked().await, "5", &[entry("10.1.0.1", "", 7000, 1)]).await;
        drop(server.asked().await);
        server.asked().await.answer("500 Internal Server Error", "", "No cluster leader").await;
        server.asked().await.answer("200 OK", "", "no JSON").await;
        let asked = server.asked().await;
        assert_eq!(asked.line, PATH, "after a failure it waits for nothing");
        answer(asked, "6", &[entry("10.1.0.3", "", 7000, 1)]).await;
    };
    let both = async { [sets.addresses().await, sets.addresses().await] };
    let (found, ()) = tokio::join!(both, played);
    assert_eq!(found, [["10.1.0.1:7000"], ["10.1.0.3:7000"]]);
}
