//! The IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header, to -07), section by
//! section, as somebody sees it who has nothing but HTTP. Where something else is done here, it is said why.
//!
//! Of 2.3 (expiry: 24 h or what `retain` says, as `idl/REFERENCE.md` publishes it) and of the composite key of 5 (security
//! considerations) there are scenarios with the clock in hand that all stores pass: "an answer is kept until its time and not
//! longer" and "operation, principal, tenant and key each make another command" (`svckit-testkit`, conformance of stores,
//! `claims`). That a client keeps its key over its retries (2.5) is in the tests of `svckit-policy` (`policed.rs`). The links
//! to documentation that 2.7 asks for are not here: where a service publishes its own, the library does not know, and
//! `detail` says what to do.

use std::sync::atomic::Ordering;

use serde_json::{Value as Json, json};
use svckit::Running;

use crate::http::{Answer, ask};
use crate::shop::{self, Probe, seen};

const JSON: (&str, &str) = ("content-type", "application/json");
/// Its key is a field of the request: the contract says `idempotent by request_id`.
const PLACE: &str = "POST /sample.v1.Orders/PlaceOrder";
/// Its key is the header: the contract says nothing.
const RESIZE: &str = "POST /sample.v1.Orders/ResizePhoto";

async fn resize(running: &Running, headers: &[(&str, &str)], photo: &str) -> Answer {
    let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
    ask(running, RESIZE, &headers, json!({ "photo": photo }).to_string().as_bytes()).await
}

async fn place(running: &Running, id: &str, sku: &str) -> Answer {
    let body = json!({ "request_id": id, "sku": sku, "quantity": 1 });
    ask(running, PLACE, &[JSON], body.to_string().as_bytes()).await
}

/// How often photos were resized, once all that was taken is done.
async fn resized(running: &Running, probe: &Probe) -> usize {
    running.idle().await.unwrap();
    probe.resized.available_permits()
}

/// 2.1, Syntax: an Item of structured fields that is a String.
#[tokio::test]
async fn syntax() {
    let (running, _probe) = shop::start().await;
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    let table = [
        ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", 202),
        ("\"clkyoesmbgybucifusbbtdsbohtyuuwz\"", 202),
        ("\"with \\\"quotes\\\" inside\"", 202),
        // Bare, as most who use the header today send it: the draft says String, and takes no account of them.
        ("8e03978e-40d5-43dd-bc93-6894a57f9325", 202),
        // An Item has parameters (RFC 8941, 3.3), of which this one defines none.
        ("\"with a parameter\";v=1", 202),
        ("\"open", 400),
        ("\"no such \\escape\"", 400),
        ("\"a tab\tis no character of a String\"", 400),
        ("\"one\", \"two\"", 400),
        ("\"one\" two", 400),
        ("\"\"", 400),
        // Bounded, as Stripe bounds it.
        (&longest, 202),
        (&long, 400),
    ];
    for (key, status) in table {
        let answer = resize(&running, &[("idempotency-key", key)], "p").await;
        assert_eq!(answer.status, status, "{key}: {answer:?}");
    }
    // "Clients MUST NOT include more than one": nor is one of them taken.
    let two = [("idempotency-key", "\"one\""), ("idempotency-key", "\"two\"")];
    assert_eq!(resize(&running, &two, "p").await.status, 400);
}

/// 2.2, Uniqueness: "MUST NOT be reused with another request payload". The space is the resource and the caller here: the
/// same key names another call in another operation and of another tenant.
#[tokio::test]
async fn uniqueness() {
    let (running, probe) = shop::start().await;
    let key = ("idempotency-key", "\"k\"");
    let table = [
        (&[key][..], "p", 202, 1),
        (&[key][..], "p", 202, 1),
        (&[key][..], "q", 422, 1),
        (&[key, ("x-tenant", "acme")][..], "q", 202, 2),
        (&[key, ("x-tenant", "acme")][..], "p", 422, 2),
    ];
    for (headers, photo, status, done) in table {
        let answer = resize(&running, headers, photo).await;
        assert_eq!(answer.status, status, "{headers:?} {photo}: {answer:?}");
        assert_eq!(resized(&running, &probe).await, done, "{headers:?} {photo}");
    }
    assert_eq!(place(&running, "k", "MUG").await.status, 200);
}

/// 2.4, Idempotency Fingerprint: of the request as it is read, so that spaces and the order of members are no difference.
#[tokio::test]
async fn fingerprint() {
    let (running, probe) = shop::start().await;
    let texts = [
        r#"{"request_id":"f","sku":"MUG","quantity":1}"#,
        r#"{ "quantity": 1, "sku": "MUG", "request_id": "f" }"#,
        r#"{"request_id":"f","sku":"\u004dUG","quantity":1}"#,
    ];
    for text in texts {
        let answer = ask(&running, PLACE, &[JSON], text.as_bytes()).await;
        assert_eq!((answer.status, answer.json()["id"].clone()), (200, json!("r-1")), "{text}");
    }
    // The inventory was asked, and heard of it by event.
    running.idle().await.unwrap();
    assert_eq!(probe.calls.load(Ordering::SeqCst), 2, "it was done once");
    let other = r#"{"request_id":"f","sku":"MUG","quantity":2}"#;
    assert_eq!(ask(&running, PLACE, &[JSON], other.as_bytes()).await.status, 422);
}

/// 2.6, Idempotency Enforcement Scenarios: first time; a retry once it is done, whether it went well or not; a retry while
/// it runs.
#[tokio::test]
async fn enforcement() {
    let (running, probe) = shop::start().await;
    let said = |answer: &Answer| (answer.status, answer.json());
    // "Respond with the result of the previously completed operation, success or an error."
    for (id, sku, status) in [("e-1", "MUG", 200), ("e-2", "GONE", 400)] {
        let first = place(&running, id, sku).await;
        assert_eq!(first.status, status, "{first:?}");
        running.idle().await.unwrap();
        assert_ne!(probe.calls.swap(0, Ordering::SeqCst), 0);
        let again = place(&running, id, sku).await;
        assert_eq!(said(&first), said(&again));
        running.idle().await.unwrap();
        assert_eq!(probe.calls.swap(0, Ordering::SeqCst), 0, "{sku} was not done again");
    }
    // An error that passes is no result: nothing was committed, and the same key may be tried again until something is. The
    // draft lets a server keep a 503 for a day, as Stripe does; nobody who retries is served by that.
    probe.failing.store(100, Ordering::SeqCst);
    assert_eq!(place(&running, "e-3", "MUG").await.status, 503);
    probe.failing.store(0, Ordering::SeqCst);
    assert_eq!(place(&running, "e-3", "MUG").await.status, 200);
    // "A concurrent request": 409.
    let first = place(&running, "e-4", "WAIT");
    let second = async {
        seen(&probe.started).await;
        let answer = place(&running, "e-4", "WAIT").await;
        probe.go.add_permits(1);
        answer
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.problem().0), (200, 409));
    assert!(second.header("retry-after").is_some(), "{second:?}");
    assert_eq!(said(&place(&running, "e-4", "WAIT").await), said(&first));
}

/// 2.7, Error Scenarios: missing where it is required, used for another payload, still running; each is a problem that
/// says what to do.
#[tokio::test]
async fn error_scenarios() {
    let (running, probe) = shop::start().await;
    // "If the Idempotency-Key request header is missing for a documented idempotent operation requiring this header: 400".
    // Required is a key that the contract names: it is a field of the request, and named as one.
    let body = json!({ "sku": "MUG", "quantity": 1 }).to_string();
    let answer = ask(&running, PLACE, &[JSON], body.as_bytes()).await;
    assert_eq!(answer.problem().0, 400, "{answer:?}");
    assert!(answer.text().contains("request_id"), "{answer:?}");
    // A key that only makes repeating safe is the caller's own to send: without it each request is one of its own.
    for done in 1..=2 {
        assert_eq!(resize(&running, &[], "p").await.status, 202);
        assert_eq!(resized(&running, &probe).await, done);
    }
    let key = ("idempotency-key", "\"s\"");
    assert_eq!(resize(&running, &[key], "p").await.status, 202);
    let (status, code, detail) = resize(&running, &[key], "q").await.problem();
    assert_eq!((status, code.as_str()), (422, "failed_precondition"));
    assert!(detail.contains("use a new key for a new request"), "{detail}");
    // A query has no effect to guard: its key is not looked at.
    for customer in ["a", "b"] {
        let line = format!("GET /v1/customers/{customer}/orders?page_size=1");
        let answer = ask(&running, &line, &[key], b"").await;
        assert_eq!(answer.json()["items"][0]["id"], Json::from(customer));
    }
}
