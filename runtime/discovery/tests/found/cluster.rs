//! What the API server of Kubernetes says of a service `orders`.

use serde_json::{Value as Json, json};

pub(crate) fn endpoint(ip: &str, ready: bool, serving: bool, terminating: bool) -> Json {
    json!({
        "addresses": [ip],
        "conditions": { "ready": ready, "serving": serving, "terminating": terminating },
        "nodeName": "node-1",
        "zone": "eu-1a",
        "targetRef": { "kind": "Pod", "namespace": "shop", "name": "orders-abc" }
    })
}

pub(crate) fn slice(name: &str, version: u32, endpoints: &[Json]) -> Json {
    slice_at(name, version, 7000, endpoints)
}

/// As [`slice`], with another port for gRPC.
pub(crate) fn slice_at(name: &str, version: u32, port: u16, endpoints: &[Json]) -> Json {
    json!({
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "resourceVersion": version.to_string(),
            "labels": { "kubernetes.io/service-name": "orders" }
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [
            { "name": "metrics", "protocol": "TCP", "port": 9090 },
            { "name": "grpc", "protocol": "TCP", "port": port, "appProtocol": "kubernetes.io/h2c" }
        ]
    })
}

pub(crate) fn list(version: u32, slices: &[Json]) -> String {
    json!({
        "kind": "EndpointSliceList",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": { "resourceVersion": version.to_string() },
        "items": slices
    })
    .to_string()
}

pub(crate) fn event(kind: &str, object: &Json) -> String {
    json!({ "type": kind, "object": object }).to_string()
}

pub(crate) fn ready(ip: &str) -> Json {
    endpoint(ip, true, true, false)
}
