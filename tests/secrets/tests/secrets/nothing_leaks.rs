//! A word stands in every sensitive place: requests, answers, events, details of errors, keys, credentials. The services do
//! whatever can go wrong, over gRPC and over HTTP, and nobody whom it does not concern gets to see the word.

use std::io;
use std::sync::{Arc, Mutex};

use crate::outside::{Raw, http, stays_raw};
use sha2::{Digest, Sha256};
use svckit::{
    ApiKeyConfig, App, AuthConfig, Config, Credentials, Error, Otlp, Running, Sampling,
    TelemetryConfig,
};
use svckit_collector::Collector;
use svckit_secrets::secrets::vault::v1::{Card, Deed, Inner, Means, Short, clerk, vault};
use svckit_secrets::{House, card};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;

/// What nobody is to see.
const WORD: &str = "c4n4ry";
const KEY: &str = "c4n4ry-key-of-a-caller";
const VAULT: &str = "secrets.vault.v1.Vault";
const DEEDS: [Deed; 7] = [
    Deed::Answer,
    Deed::Fail,
    Deed::Fall,
    Deed::FallPlainly,
    Deed::Dawdle,
    Deed::BeAway,
    Deed::Deny,
];

/// The ways in which the word may show: as it is, as bytes, in base64 at each alignment, in hexadecimal.
fn shows(text: &str) -> Option<String> {
    use base64::Engine;
    let encoded = |before: &str| {
        let all = base64::engine::general_purpose::STANDARD.encode(format!("{before}{WORD}"));
        // Characters that the neighbours have a part in are left out.
        all[(before.len() * 8).div_ceil(6)..(before.len() + WORD.len()) * 8 / 6].to_owned()
    };
    let bytes: Vec<_> = WORD.bytes().map(|byte| byte.to_string()).collect();
    let hex: String = WORD.bytes().map(|byte| format!("{byte:02x}")).collect();
    let forms = [WORD.to_owned(), bytes.join(", "), hex, encoded(""), encoded("a"), encoded("ab")];
    let lower = text.to_lowercase();
    forms.into_iter().find_map(|form| {
        let at = text.find(&form).or_else(|| lower.find(&form))?;
        let from = text.floor_char_boundary(at.saturating_sub(300));
        Some(text[from..text.ceil_char_boundary((at + 100).min(text.len()))].to_owned())
    })
}

#[test]
fn the_word_is_found_in_every_form() {
    use base64::Engine;
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}{WORD}-and-more");
        assert!(shows(&text).is_some());
        let encoded = base64::engine::general_purpose::STANDARD.encode(&text);
        assert!(shows(&encoded).is_some(), "{before}: {encoded}");
        assert!(shows(&format!("{:?}", text.as_bytes())).is_some());
    }
    assert_eq!(shows("a canary, and what else there is"), None);
}

/// What was written anywhere, by the name of the place.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<(String, String)>>>);

impl Written {
    fn add(&self, place: impl Into<String>, text: impl Into<String>) {
        self.0.lock().unwrap().push((place.into(), text.into()));
    }

    /// An error as a caller may log it.
    fn error(&self, place: &str, error: &Error) {
        let text = format!("{error} {error:?} {:?} {:?}", error.violations(), error.reason());
        self.add(place, text);
    }

    fn all(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().clone()
    }
}

/// The log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything is logged that anybody has to say, libraries included, and panics go to a hook that writes them down.
fn listen_in() -> (Log, Written) {
    let (log, panics) = (Log::default(), Written::default());
    let writer = log.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .with_filter(LevelFilter::TRACE);
    let subscriber = tracing_subscriber::registry().with(lines).with(svckit::spans());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (seen, before) = (panics.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        seen.add("the standard error", panic.to_string());
        before(panic);
    }));
    svckit::hide_panics(false);
    (log, panics)
}

async fn served(telemetry: &TelemetryConfig, folder: &tempfile::TempDir) -> Running {
    let sha256 = Sha256::digest(KEY).iter().map(|byte| format!("{byte:02x}")).collect();
    let key = ApiKeyConfig { name: "partner".to_owned(), sha256, tenant: None, scopes: Vec::new() };
    let auth = AuthConfig { keys: vec![key], ..AuthConfig::default() };
    let config = Config { auth: [(VAULT.to_owned(), auth)].into(), ..Config::default() };
    let app = App::with(config).data(folder.path()).telemetry(telemetry).admin("127.0.0.1:0");
    let house = House::default();
    let app = app.serve(vault::server(house.clone())).serve(clerk::server(house));
    app.listen("127.0.0.1:0").start().await.unwrap()
}

/// A card with the word wherever it may be.
fn secret(number: &str) -> Card {
    let mut card = card(number);
    let short = |text: &str| Short::new(text).unwrap();
    card.labels.insert(format!("{WORD}-label"), short(WORD));
    card.notes = vec![short(WORD)];
    card.in_it = Some(Inner { marks: [(format!("{WORD}-mark"), short(WORD))].into() });
    card
}

fn store(deed: Deed, number: &str, way: &str) -> vault::StoreRequest {
    let key = format!("{WORD}-{way}-{deed:?}");
    vault::StoreRequest { key, means: Means::Card(secret(number)), deed }
}

/// All that may happen, by way of the generated client.
async fn by_client(way: &str, url: &str, telemetry: &TelemetryConfig, written: &Written) {
    let app = App::local().telemetry(telemetry).endpoint(VAULT, url);
    let app = app.credentials(VAULT, Credentials::api_key(KEY));
    let client = vault::Client::connect(&app).await.unwrap();
    for deed in DEEDS {
        let place = format!("{way}, {deed:?}");
        let number = format!("{WORD}-number-{way}-{deed:?}");
        let request = store(deed, &number, way);
        written.add(&place, format!("{request:?}"));
        // The second time the record answers.
        for _ in 0..2 {
            match client.store(request.clone()).await {
                Ok(card) => {
                    assert_eq!(card.number, number);
                    written.add(&place, format!("{card:?}"));
                }
                Err(error) => {
                    written.add(&place, format!("{error:?} {error}"));
                    written.error(&place, &error.into());
                }
            }
        }
        let request = vault::FindRequest { number: number.clone(), deed };
        written.add(&place, format!("{request:?} {:?}", client.find(request.clone()).await));
        let request = vault::LaterRequest { number, deed };
        written.add(&place, format!("{request:?} {:?}", client.later(request.clone()).await));
    }
    let mut other = store(Deed::Answer, "c4n4ry-of-another", way);
    other.key = format!("{WORD}-{way}-{:?}", Deed::Answer);
    let reused = Error::from(client.store(other).await.unwrap_err());
    assert!(reused.message().contains("used for another request"), "{reused}");
    written.error("a key that was used", &reused);
    let short = Error::from(client.store(store(Deed::Answer, "c4n", way)).await.unwrap_err());
    assert!(!short.violations().is_empty(), "{short}");
    written.error("a constraint", &short);
    let app =
        App::local().endpoint(VAULT, url).credentials(VAULT, Credentials::api_key("c4n4ry-x"));
    let stranger = vault::Client::connect(&app).await.unwrap();
    let request = vault::FindRequest { number: format!("{WORD}-9"), deed: Deed::Answer };
    let refused = Error::from(stranger.find(request).await.unwrap_err());
    assert_eq!(refused.code(), svckit::Code::Unauthenticated);
    written.error("a key that is not known", &refused);
    let _ = app.start().await.unwrap().shutdown().await;
}

/// Bodies that make no sense, and what stands in their place in an answer.
const BODIES: [&str; 11] = [
    r#""c4n4ry, and no object""#,
    r#"{"number": c4n4ry"#,
    r#"{"number": {"c4n4ry": 1}, "deed": "DEED_ANSWER"}"#,
    r#"{"number": "c4n4ry-1", "deed": "c4n4ry"}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_ANSWER", "means": {"word": ["c4n4ry"]}}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_ANSWER", "means": {"card": {"number": "c4n4ry", "holder": "", "colour": "c4n4ry"}}}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_ANSWER", "means": {"card": {"number": "c4n4ry", "holder": "", "colour": "COLOUR_RED",
        "labels": {"c4n4ry": "more than twelve bytes"}}}}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_ANSWER", "means": {"card": {"number": "c4n4ry", "holder": "", "colour": "COLOUR_RED",
        "inIt": {"marks": {"c4n4ry": "more than twelve bytes"}}}}}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_ANSWER", "means": {"card": {"number": "c4n4ry", "holder": "", "colour": "COLOUR_RED",
        "born": "c4n4ry", "labels": {"c4n4ry": 7}, "inIt": {"marks": {"c4n4ry": [7]}}}}}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_ANSWER", "means": {"card": {"labels": {"c4n4ry": "", "c4n4ry": ""}}}}"#,
    r#"{"key": "c4n4ry", "deed": "DEED_FAIL", "means": {"word": "c4n4ry"}}"#,
];

async fn by_hand(url: &str, written: &Written) {
    let key = format!("x-api-key: {KEY}\r\n");
    for (path, bodies) in [("/v1/cards", &BODIES[..]), ("/v1/find", &BODIES[..4])] {
        for body in bodies {
            let answer = http(url, path, &key, body).await;
            let value = crate::outside::without_value(&answer);
            assert!(value.contains("HTTP/1.1 4"), "{path} {body}: {value}");
            // The keys of what is sensitive are not a part of the path.
            assert!(
                path == "/v1/find" || !body.contains("twelve") || value.contains("len ..=12"),
                "{value}"
            );
            written.add(format!("{path} {body}"), value);
        }
    }
    let wrong = [
        "authorization: Bearer c4n4ry.c4n4ry.c4n4ry\r\n",
        "x-api-key: c4n4ry\r\n",
        "authorization: Basic c4n4ry\r\ncookie: c4n4ry=c4n4ry\r\n",
    ];
    for headers in wrong {
        let answer = http(url, "/v1/cards", headers, BODIES[10]).await;
        assert!(answer.contains("401"), "{headers}: {answer}");
        written.add(headers, answer);
    }
    // An address may be logged by anybody on the way; what is not known is not repeated.
    let nowhere = http(url, "/v1/c4n4ry?number=c4n4ry", &key, "{}").await;
    written.add("an address", crate::outside::without_value(&nowhere));
    for bytes in [
        &b"c4n4ry"[..],
        b"\x0a\x06c4n4ry\x12\x06c4n4ry",
        b"\x12\x02\x0a\x7fc4n4ry",
        b"\x0a\x02\xff\xfe",
    ] {
        for path in ["/secrets.vault.v1.VaultService/Store", "/secrets.vault.v1.VaultService/Find"]
        {
            let status = stays_raw(url, path, KEY, Raw(bytes.to_vec())).await;
            let details = String::from_utf8_lossy(status.details()).into_owned();
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{bytes:?}: {status:?}");
            written.add(format!("{path} {bytes:?}"), format!("{status:?} {details}"));
        }
    }
}

/// Dead letters as operators see them.
async fn dead(running: &Running, written: &Written) -> usize {
    running.idle().await.unwrap();
    let letters = running.dead_letters().await.unwrap();
    for letter in &letters {
        let failure = &letter.failure;
        written.add("a dead letter", format!("{letter:?} {} {}", failure.reason, failure.stack));
    }
    letters.len()
}

fn judge(written: &Written, log: &Log, panics: &Written, collector: &Collector) {
    let collected = collector.came().all.clone();
    for (what, text, there) in [
        ("the log", log.text(), "a handler panicked"),
        ("the log", log.text(), "a task panicked"),
        ("the collector", collected.clone(), "rpc.server.call.duration"),
        ("the collector", collected.clone(), "VaultService/Store"),
        ("the collector", collected.clone(), "into the vault"),
        ("the collector", collected, "it is put down"),
    ] {
        assert!(text.contains(there), "{what} has nothing of `{there}`");
        written.add(what, text);
    }
    let mut leaks = Vec::new();
    for (place, text) in written.all().into_iter().chain(panics.all()) {
        leaks.extend(shows(&text).map(|near| format!("{place}:\n    {near}\n")));
    }
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sensitive_is_seen_by_nobody_else() {
    let (log, panics) = listen_in();
    let collector = Collector::start().await;
    let telemetry = TelemetryConfig {
        service_name: "vault".to_owned(),
        sampling: Sampling::Always,
        ..TelemetryConfig::to(Otlp::Http, collector.url())
    };
    let folder = tempfile::tempdir().unwrap();
    let running = served(&telemetry, &folder).await;
    let (written, url) = (Written::default(), running.url().unwrap());
    by_client("grpc", &url, &telemetry, &written).await;
    by_client("http", &url.replace("http://", "http+json://"), &telemetry, &written).await;
    by_hand(&url, &written).await;
    // Six deeds that fail and an event, each way.
    assert_eq!(dead(&running, &written).await, 14);
    let metrics = crate::outside::get(running.admin_address().unwrap(), "/metrics").await;
    assert!(metrics.contains("rpc_server_call_duration_seconds"), "{metrics}");
    written.add("the metrics", metrics);
    written
        .add("readiness", crate::outside::get(running.admin_address().unwrap(), "/readyz").await);
    running.shutdown().await;
    judge(&written, &log, &panics, &collector);
}
