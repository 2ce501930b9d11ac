//! A contract with every form that an operation can have on HTTP (`contracts/forms.svc`), and other people's clients:
//! curl, Python's requests, httpx and websockets, Node's fetch, eventsource and ws.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod curl;
mod ours;
mod service;

svckit::include_contracts!();

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use service::{Forms, FormsV2, Probe};
use svckit::{App, Config, HttpConfig, Running};
use svckit_interop::{node_modules, not_run, python, run_peer};

fn app(config: Config) -> (App, Arc<Probe>) {
    let probe = Arc::new(Probe::default());
    let (first, second) =
        (forms::v1::forms::server(Forms(probe.clone())), forms::v2::forms::server(FormsV2));
    (App::with(config).serve(first).serve(second), probe)
}

/// The service on a port that is free, while `visit` runs beside it.
fn visited(visit: impl FnOnce(&str) + Send) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let http =
        HttpConfig { cors: Some(vec!["https://shop.example".into()]), ..HttpConfig::default() };
    let config = Config { http, message_limit: 100_000, ..Config::default() };
    let (app, _probe) = app(config);
    let running: Running = runtime.block_on(app.listen("127.0.0.1:0").start()).unwrap();
    let at = running.address().unwrap().to_string();
    visit(&at);
    runtime.block_on(running.shutdown());
}

#[test]
fn python_knows_every_form() {
    let Some(python) = python() else {
        return not_run("Python's clients of every form", "a Python");
    };
    visited(|at| run_peer(&python, "forms.py", ["--at", at]));
}

#[test]
fn node_knows_every_form() {
    let Some(modules) = node_modules() else {
        return not_run("Node's clients of every form", "Node");
    };
    visited(|at| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("forms.mjs");
        let ran =
            Command::new("node").arg(script).args([Path::new(at), &modules]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    });
}

#[tokio::test]
async fn our_own_clients_are_told_the_same() {
    let (app, _probe) = app(Config::default());
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    ours::know_the_records(&running).await;
    ours::know_the_pages(&running).await;
    ours::know_the_streams(&running).await;
    running.shutdown().await;
}

#[test]
fn curl_knows_every_form() {
    if Command::new("curl").arg("--version").output().is_err() {
        return not_run("curl's look at every form", "curl");
    }
    visited(curl::visit);
}
